/**
 * How an object is stored whose bytes are those of an image: it has none of its own, and its system metadata, which no client
 * can write, says which ones it stands for. Its ETag is the MD5 of the bytes, as that of any object. Pure.
 */
import { hash } from 'node:crypto'
import { EMPTY_BODY, type HeaderMap } from '#http/message.ts'
import type { WriteCondition } from '../condition.ts'
import type { ObjectPut } from '../contract.ts'
import { typeWithSize } from '../large-objects/manifest.ts'
import type { ObjectName } from '../operation.ts'

const PREFIX = 'x-object-sysmeta-martlet-image-'
/** Under what the registry keeps the bytes. */
export const IMAGE_KEY = `${PREFIX}key`
/** MD5 of the bytes, hex. */
export const IMAGE_ETAG = `${PREFIX}etag`
const IMAGE_SIZE = `${PREFIX}size`
const IMAGE_REFERENCE = `${PREFIX}reference`
/** Of the name under which it was to be stored: an object that lies anywhere else would not be counted. */
const IMAGE_PLACE = `${PREFIX}place`
/** Tells the registry by which reference an object has its bytes; only inside. */
const REFERENCE_TOLD = 'x-backend-image-reference'
const LISTED_ETAG = 'x-object-sysmeta-container-update-override-etag'

export interface ImageObject {
  readonly name: ObjectName
  readonly key: string
  /** Under which the registry knows that there is this object. */
  readonly reference: string
  /** MD5 of the bytes, hex. */
  readonly etag: string
  readonly sizeBytes: number
  readonly contentType: string
  readonly condition: WriteCondition | undefined
}

/** The upload that makes the object, at this name and no other. */
export function imageObjectPut(object: ImageObject): ObjectPut {
  const { name, key, reference, etag, sizeBytes, contentType, condition } = object
  return {
    body: EMPTY_BODY,
    contentType: `${contentType};swift_bytes=${sizeBytes}`,
    expectedEtag: undefined,
    limitBytes: 0,
    condition,
    metadata: {
      [IMAGE_KEY]: key,
      [IMAGE_REFERENCE]: reference,
      [IMAGE_ETAG]: etag,
      [IMAGE_SIZE]: String(sizeBytes),
      [IMAGE_PLACE]: placeOf(name),
      [LISTED_ETAG]: etag,
    },
  }
}

/** What an upload stores that makes such an object; `misplaced`: somewhere else than it says. */
export function putOfImage(
  { metadata }: ObjectPut,
  name: ObjectName,
): { readonly etag: string; readonly sizeBytes: number } | 'misplaced' | undefined {
  if (metadata[IMAGE_KEY] === undefined) return undefined
  if (metadata[IMAGE_PLACE] !== placeOf(name)) return 'misplaced'
  return { etag: metadata[IMAGE_ETAG] ?? '', sizeBytes: Number(metadata[IMAGE_SIZE]) }
}

function placeOf({ account, container, object }: ObjectName): string {
  return hash('sha256', `/${account}/${container}/${object}`)
}

/** The reference in the headers of a read, of the store with its layers or without. */
export function referenceIn(headers: HeaderMap): string | undefined {
  return headers[REFERENCE_TOLD] ?? headers[IMAGE_REFERENCE]
}

export interface StoredMark {
  readonly key: string
  readonly sizeBytes: number
  /** Headers as those of a plain object with these bytes: nothing of the mark is copied with them. */
  readonly headers: HeaderMap
}

/** `undefined` of any other object. */
export function markIn(stored: HeaderMap): StoredMark | undefined {
  const { [IMAGE_KEY]: key, [IMAGE_SIZE]: size = '', [IMAGE_ETAG]: etag = '' } = stored
  if (key === undefined) return undefined
  const own = Object.entries(stored).filter(([name]) => !name.startsWith(PREFIX) && name !== 'content-range')
  const { contentType } = typeWithSize(stored['content-type'] ?? '')
  const headers = {
    ...Object.fromEntries(own),
    [REFERENCE_TOLD]: stored[IMAGE_REFERENCE],
    'content-type': contentType,
    'content-length': size,
    etag: `"${etag}"`,
  }
  return { key, sizeBytes: Number(size), headers }
}
