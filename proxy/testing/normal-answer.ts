/**
 * What two clusters must agree on when they answer the same request: everything but times, identifiers and the order of
 * sets. Used on recorded answers and on ours alike.
 */

export interface NormalAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Text; JSON is parsed, so that blanks and the order of members do not matter. */
  readonly body: unknown
}

/** Told by every answer and checked elsewhere, or of one hop only. */
const LEFT_OUT = [
  'date',
  'x-trans-id',
  'x-openstack-request-id',
  'connection',
  'transfer-encoding',
  'keep-alive',
]
const SETS = [
  'vary',
  'allow',
  'access-control-allow-methods',
  'access-control-expose-headers',
  'access-control-allow-headers',
]
/** An account learns of its containers' contents after a while. */
const COUNTERS = /^x-account-(?:storage-policy-[a-z]+-)?(?:object-count|bytes-used)$/
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  'x-timestamp': '<timestamp>',
  'x-put-timestamp': '<timestamp>',
  'last-modified': '<date>',
  'x-auth-token': '<token>',
  'x-storage-token': '<token>',
  'x-auth-token-expires': '<seconds>',
}

export function normalAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): NormalAnswer {
  const normal: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers).toSorted(([left], [right]) =>
    left < right ? -1 : 1,
  )) {
    const lower = name.toLowerCase()
    if (!LEFT_OUT.includes(lower)) normal[lower] = normalValue(lower, value)
  }
  const type = headers['content-type'] ?? ''
  if (type.startsWith('application/json')) {
    delete normal['content-length']
    return { status, headers: normal, body: body === '' ? '' : withoutTimes(JSON.parse(body)) }
  }
  const comparable = withoutTimes(body) as string
  if (comparable.includes('<counts>')) delete normal['content-length']
  return { status, headers: normal, body: comparable }
}

function normalValue(name: string, value: string): string {
  if (SETS.includes(name))
    return value
      .split(',')
      .map((item) => item.trim())
      .toSorted()
      .join(', ')
  if (name === 'content-type') return value.replace(/boundary=[0-9a-f]+/, 'boundary=<boundary>')
  if (COUNTERS.test(name)) return '<count>'
  return PLACEHOLDERS[name] ?? value
}

function withoutTimes(body: unknown): unknown {
  if (typeof body === 'string') {
    return body
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+/g, '<time>')
      .replace(/--[0-9a-f]{32}/g, '--<boundary>')
      .replace(/<count>\d+<\/count><bytes>\d+<\/bytes>/g, '<counts>')
  }
  if (Array.isArray(body)) return body.map(withoutTimes)
  if (typeof body === 'object' && body !== null) {
    const members = 'count' in body ? { ...body, count: '<count>', bytes: '<count>' } : body
    return Object.fromEntries(Object.entries(members).map(([key, value]) => [key, withoutTimes(value)]))
  }
  return body
}
