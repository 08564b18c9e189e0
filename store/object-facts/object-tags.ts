/** Tags as they are stored with an object: a query string, as `x-amz-tagging` is. */

import { FACT_PREFIX } from '#base/extensions.ts'
import type { HeaderMap } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import type { Tag } from '../bucket-settings/documents.ts'

export const TAGS_FACT = `${FACT_PREFIX}tags`

/** What is stored; empty for none, which takes away what there is. */
export function storedTags(tags: readonly Tag[]): string {
  return tags.map(({ key, value }) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&')
}

/** The tags among the headers of a read. */
export function tagsIn(headers: HeaderMap): readonly Tag[] {
  const { values } = parseQuery(headers[TAGS_FACT] ?? '')
  return [...values].map(([key, value]) => ({ key, value }))
}
