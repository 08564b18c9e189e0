/**
 * Tags of buckets and objects: what one may be, the document they are sent in, and the header (Amazon S3 User Guide,
 * "Categorizing your storage using tags"; PutObject, `x-amz-tagging`).
 */
import { parseQuery } from '#http/query.ts'
import type { Tag } from '#store/bucket-settings/documents.ts'
import { invalidArgument, type S3Error, s3Error } from '../error.ts'
import { type Codec, exactText, holding, many, mapped, parsed, required, struct } from './xml-schema.ts'

export const OBJECT_TAGS_MAX = 10
export const BUCKET_TAGS_MAX = 50
/** UTF-16 code units, as AWS counts. */
const KEY_MAX = 128
const VALUE_MAX = 256
/** Keys that begin so are AWS's own. */
const SYSTEM_PREFIX = 'aws:'
/** Letters, digits and white space of any script, and these signs. */
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

const tag = struct<Tag>({ key: required('Key', exactText), value: required('Value', exactText) })

/** What holds tags, whatever its name. */
export const tagList: Codec<readonly Tag[]> = holding(many('Tag', tag))

/** `Tagging`: without the checks, whose limits differ. */
export const taggingDocument = mapped(
  struct<{ readonly set: readonly Tag[] }>({ set: required('TagSet', tagList) }),
  ({ set }) => parsed(set),
  (set) => ({ set }),
)

/** What is wrong with the tags; `undefined` when nothing is. */
export function tagProblem(tags: readonly Tag[], of: 'bucket' | 'object'): S3Error | undefined {
  if (of === 'object' && tags.length > OBJECT_TAGS_MAX) {
    return s3Error('BadRequest', { message: `Object tags cannot be greater than ${OBJECT_TAGS_MAX}` })
  }
  if (of === 'bucket' && tags.length > BUCKET_TAGS_MAX) {
    return s3Error('BadRequest', { message: `Bucket tag count cannot be greater than ${BUCKET_TAGS_MAX}` })
  }
  for (const tag of tags) {
    const problem = problemOf(tag)
    if (problem !== undefined) return problem
  }
  return undefined
}

function problemOf({ key, value }: Tag): S3Error | undefined {
  if (key === '' || key.length > KEY_MAX || !CHARACTERS.test(key)) {
    return s3Error('InvalidTag', {
      message: 'The TagKey you have provided is invalid',
      extra: { TagKey: key },
    })
  }
  if (key.toLowerCase().startsWith(SYSTEM_PREFIX)) {
    return s3Error('InvalidTag', {
      message: 'System tags cannot be added/updated by requester',
      extra: { TagKey: key },
    })
  }
  if (value.length > VALUE_MAX || !CHARACTERS.test(value)) {
    return s3Error('InvalidTag', {
      message: 'The TagValue you have provided is invalid',
      extra: { TagKey: key, TagValue: value },
    })
  }
  return undefined
}

/** Two tags with one key. */
export function duplicateTag(tags: readonly Tag[]): S3Error | undefined {
  const seen = new Set<string>()
  for (const { key } of tags) {
    if (seen.has(key)) {
      return s3Error('InvalidTag', {
        message: 'Cannot provide multiple Tags with the same key',
        extra: { TagKey: key },
      })
    }
    seen.add(key)
  }
  return undefined
}

export const TAGGING_HEADER = 'x-amz-tagging'

/** The tags of an upload; none without the header. */
export function tagsInHeader(written: string | undefined): readonly Tag[] | S3Error {
  if (written === undefined || written === '') return []
  const { values, invalid } = parseQuery(written)
  const pairs = written.split('&').filter((pair) => pair !== '')
  if (invalid.size > 0 || values.size !== pairs.length || values.has('')) {
    const message =
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates."
    return invalidArgument(TAGGING_HEADER, written, message)
  }
  const tags = [...values].map(([key, value]) => ({ key, value }))
  return tagProblem(tags, 'object') ?? tags
}
