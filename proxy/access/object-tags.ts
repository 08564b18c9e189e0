/** The tags of an object, as policies ask for them. */
import type { HeaderMap } from '#http/message.ts'

/** Tags as in `x-amz-tagging`: a query string. What was said of an object later counts before what it was stored with. */
const TAGS = ['x-object-transient-sysmeta-s3-tagging', 'x-object-sysmeta-s3-tagging'] as const

export function objectTagsIn(headers: HeaderMap): ReadonlyMap<string, string> | undefined {
  for (const name of TAGS) {
    const written = headers[name]
    if (written !== undefined && written !== '') return new Map(new URLSearchParams(written))
  }
  return undefined
}
