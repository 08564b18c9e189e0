/** What a copy takes over from its source: what its owner said about it, not what this door keeps of it. */
import type { HeaderMap } from '#http/message.ts'
import type { CopySource } from '#store/copy/copy-source.ts'
import { COMMON_HEADERS, DEFAULT_CONTENT_TYPE, STORED_META } from './object-facts.ts'

const COMMON: ReadonlySet<string> = new Set(COMMON_HEADERS)

function describes(name: string): boolean {
  return name.startsWith(STORED_META) || COMMON.has(name)
}

/** User metadata and the headers that go with a body. */
export function descriptionOf(stored: HeaderMap): Record<string, string> {
  const description: Record<string, string> = {}
  for (const name in stored) {
    const value = stored[name]
    if (value !== undefined && describes(name)) description[name] = value
  }
  return description
}

/** What a request stores besides: AWS does not look at its metadata when those of the source are taken. */
export function withoutDescription(own: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(own).filter(([name]) => !describes(name)))
}

/** The content type without what our listings believe (`swift_bytes`): it is not true of the copy. */
export function typeOf({ contentType }: CopySource): string {
  const [media = '', ...parameters] = contentType.split(';')
  const kept = parameters.filter((parameter) => !parameter.trimStart().startsWith('swift_'))
  return [media, ...kept].join(';') || DEFAULT_CONTENT_TYPE
}
