/**
 * Which headers a layer takes out: names, or beginnings of names marked with `*`, and the exceptions to them (OpenStack
 * Swift, `common/middleware/tempurl.py`).
 */
export interface HeaderRules {
  readonly remove: readonly string[]
  readonly allow: readonly string[]
}

/** Whether a header, lower-case, is to go. */
export type IsRemoved = (header: string) => boolean

export function headerRules({ remove, allow }: HeaderRules): IsRemoved {
  const isToGo = anyOf(remove)
  const isException = anyOf(allow)
  return (header) => isToGo(header) && !isException(header)
}

/** The same map when nothing has to go. */
export function withoutHeaders<Value>(
  headers: Readonly<Record<string, Value>>,
  isRemoved: IsRemoved,
): Readonly<Record<string, Value>> {
  if (!Object.keys(headers).some(isRemoved)) return headers
  return Object.fromEntries(Object.entries(headers).filter(([header]) => !isRemoved(header)))
}

function anyOf(patterns: readonly string[]): IsRemoved {
  const lower = patterns.map((pattern) => pattern.toLowerCase())
  const names = new Set(lower.filter((pattern) => !pattern.endsWith('*')))
  const beginnings = lower.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1))
  return (header) => names.has(header) || beginnings.some((beginning) => header.startsWith(beginning))
}
