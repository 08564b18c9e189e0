/**
 * Where multipart uploads lie. Pure.
 *
 *     \0uploads\0<bucket> / \0<key>\0<upload id>                the record of an upload, while it is not complete
 *     <bucket>+segments   / <key>/<upload id>/<number>/<time>   a part
 *
 * Parts lie where OpenStack Swift's S3 gateway puts them, in a container beside the bucket, and what they make together is a
 * static large object (`store/large-objects/`) that any Swift reads. A part has a name of its own each time it is sent, so
 * that one that comes late never changes an object that was completed meanwhile. Records are apart from the parts and in a
 * container of the cluster's own, so that a bucket with millions of parts lists its few uploads at once, in their order.
 */
import { createHash } from 'node:crypto'
import { MAX_OBJECT_NAME_BYTES } from '#base/limits.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import type { ContainerName, ObjectName } from '../operation.ts'

/** Which upload an object was made of; no client can say it (OpenStack Swift's S3 gateway writes the same). */
export const UPLOAD_ID_AT = 'x-object-sysmeta-s3api-upload-id'
/** Separates the parts of the cluster's own names, and begins them. */
const RESERVED = '\0'
const PARTS_SUFFIX = '+segments'
const TIME_DIGITS = 16
const CHANCE_BYTES = 16
const UPLOAD_ID = /^[0-9a-f]{48}$/
/** `/`, the id, `/`, the number, `/` and the time of a part. */
const BEHIND_KEY_BYTES = 1 + 48 + 1 + 5 + 1 + TIME_DIGITS
/** Behind every upload of a key. */
const BEHIND_UPLOADS = '~'

/** A bucket, or an object in it. */
type InBucket = Pick<ContainerName, 'account' | 'container'>

/** The container of the parts of a bucket's objects. */
export function partsContainerOf({ account, container }: InBucket): ContainerName {
  return { account, container: `${container}${PARTS_SUFFIX}` }
}

/** The bucket whose parts a container keeps; `undefined` of any other name. */
export function bucketOfParts({ account, container }: InBucket): ContainerName | undefined {
  if (!container.endsWith(PARTS_SUFFIX)) return undefined
  return { account, container: container.slice(0, -PARTS_SUFFIX.length) }
}

/** The hidden container of the records of a bucket's uploads. */
export function uploadsContainerOf({ account, container }: InBucket): ContainerName {
  return { account, container: `${RESERVED}uploads${RESERVED}${container}` }
}

/** Upload ids sort by the time at which they were given. `chance` makes them nobody's guess. */
export function makeUploadId(time: Timestamp, chance: Buffer): string {
  const ticks = Number(time.slice(0, TIME_DIGITS).replace('.', ''))
  return `${ticks.toString(16).padStart(TIME_DIGITS, '0')}${chance.subarray(0, CHANCE_BYTES).toString('hex')}`
}

/** Whether it has the form of an upload id of ours. */
export function isUploadId(written: string): boolean {
  return UPLOAD_ID.test(written)
}

/** When the upload was begun, milliseconds since the epoch. */
export function initiatedMs(uploadId: string): number {
  return Number.parseInt(uploadId.slice(0, TIME_DIGITS), 16) / 100
}

/** The record of an upload. */
export function recordNameOf(name: ObjectName, uploadId: string): ObjectName {
  return { ...uploadsContainerOf(name), object: behindUpload(name.object, uploadId) }
}

export interface NamedUpload {
  readonly key: string
  readonly uploadId: string
}

/** The upload that a record is of. */
export function uploadIn(record: string): NamedUpload | undefined {
  const at = record.lastIndexOf(RESERVED)
  return at < 1 ? undefined : { key: record.slice(1, at), uploadId: record.slice(at + 1) }
}

/** Where a listing of records goes on behind an upload of a key, or behind all of them. */
export function behindUpload(key: string, uploadId: string | undefined): string {
  return `${recordsPrefix(key)}${RESERVED}${uploadId ?? BEHIND_UPLOADS}`
}

/** With what the records of all keys begin that begin with this. */
export function recordsPrefix(keyPrefix: string): string {
  return RESERVED + keyPrefix
}

/** With what the names of an upload's parts begin. A key that leaves no room is represented by its digest. */
export function partsPrefix(key: string, uploadId: string): string {
  const hasRoom = Buffer.byteLength(key) + BEHIND_KEY_BYTES <= MAX_OBJECT_NAME_BYTES
  const folder = hasRoom ? key : createHash('sha256').update(key).digest('hex')
  return `${folder}/${uploadId}/`
}

/** Where a part goes that is sent at this time. */
export function partNameOf(name: ObjectName, uploadId: string, number: number, time: Timestamp): ObjectName {
  const place = `${String(number).padStart(5, '0')}/${time.slice(0, TIME_DIGITS)}`
  return { ...partsContainerOf(name), object: partsPrefix(name.object, uploadId) + place }
}

const PART = /^(\d{1,5})(?:\/(\d{10}\.\d{5}))?$/

/** Number and time of a part by what follows the prefix in its name; parts that Swift's gateway stored have no time. */
export function partIn(
  behindPrefix: string,
): { readonly number: number; readonly sentAt: string } | undefined {
  const [, number, time] = PART.exec(behindPrefix) ?? []
  if (number === undefined) return undefined
  return { number: Number(number), sentAt: (time && parseTimestamp(time)) ?? '' }
}
