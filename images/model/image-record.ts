/**
 * One image as the registry keeps it: what users set, what the server found out, who may use it, where its bytes are and
 * what is under way. A record is a value; every change makes a new one, and the store takes it only on top of the one it
 * was made from (`records/image-records.ts`).
 */
import type { RecordKind } from '#store/records/contract.ts'
import type { ImageStatus } from './image-status.ts'

export const VISIBILITIES = ['public', 'community', 'shared', 'private'] as const
export type Visibility = (typeof VISIBILITIES)[number]

export const DISK_FORMATS = [
  'ami',
  'ari',
  'aki',
  'vhd',
  'vhdx',
  'vmdk',
  'raw',
  'qcow2',
  'vdi',
  'iso',
  'ploop',
  'gpt',
  'luks',
] as const
export const CONTAINER_FORMATS = ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'] as const

export const MEMBER_STATUSES = ['pending', 'accepted', 'rejected'] as const
export type MemberStatus = (typeof MEMBER_STATUSES)[number]

export interface ImageMember {
  /** A project; nobody checks that it exists. */
  readonly id: string
  readonly status: MemberStatus
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** Where a copy of the image's bytes is. */
export interface ImageLocation {
  /** Name of the store. */
  readonly store: string
  /** What the store calls it; means something only to the store. */
  readonly key: string
  /** What is told of it, where it was registered by its address. */
  readonly url?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

/** Bytes in a store. */
export type Place = Pick<ImageLocation, 'store' | 'key'>

/**
 * Bytes that are not the image's any more, in a store that nobody lists: they are remembered here until the store said that
 * they are gone (`data/leaving.ts`).
 */
export interface LeavingData extends Place {
  /** Until then they may come back: whoever was bringing them may not know yet. Milliseconds since the epoch. */
  readonly until?: number | undefined
}

/** An entry of the cache of images (`cache/`). */
export interface CachedData extends Place {
  /** Asked for, or there. */
  readonly state: 'queued' | 'cached'
  /** When it came to be there; before that, when whoever makes it was last heard of. Milliseconds since the epoch. */
  readonly at: number
  readonly hits: number
  /** The last use; 0 before the first. */
  readonly accessedAt: number
}

/** Bytes that are being brought in, or that wait. Whatever is not named in a record is garbage. */
export interface PendingData {
  readonly kind: 'upload' | 'stage' | 'import' | 'resumable'
  /** Names the bytes in the store. */
  readonly key: string
  readonly store: string
  /** When whoever brings them was last heard of, milliseconds since the epoch. */
  readonly aliveAt: number
  /** The length that was announced. */
  readonly totalBytes?: number | undefined
  /** Of resumable uploads, in order: pieces of a session count from its beginning up to that of the next. */
  readonly sessions?: readonly UploadSession[] | undefined
}

/** One connection of an upload that came in several. */
export interface UploadSession {
  readonly id: string
  /** Offset of its first byte. */
  readonly from: number
}

/** Staged bytes, whole and durable, that wait for their import. */
export interface StagedData {
  readonly key: string
  readonly store: string
  readonly sizeBytes: number
  readonly facts: ImageFacts
}

/** An object that shares the image's bytes, also when the image is deleted (`data/export-image.ts`). */
export interface ImageReference {
  /** In the metadata of the object, and of no other. */
  readonly id: string
  /** Of the bytes. */
  readonly store: string
  readonly key: string
  readonly account: string
  readonly container: string
  readonly object: string
  /** `making`: the object is being stored, or never was. */
  readonly state: 'making' | 'made'
  /** When the object was asked for, milliseconds since the epoch. */
  readonly at: number
}

/** What was found out about an image's bytes when they came in. */
export interface ImageFacts
  extends Pick<ImageRecord, 'sizeBytes' | 'virtualSizeBytes' | 'checksum' | 'hashAlgorithm' | 'hashValue'> {
  /** Properties that the bytes have in them; those that the owner set go before. */
  readonly found: Readonly<Record<string, string>>
  /** Of staged bytes: they are compressed, and were not looked into. */
  readonly isPacked?: true | undefined
  /** Names the signature that was verified (`signatures/image-signature.ts`); `undefined` of images without one. */
  readonly signed?: string | undefined
}

export interface ImageRecord {
  readonly id: string
  readonly name: string | null
  readonly status: ImageStatus
  readonly visibility: Visibility
  readonly isProtected: boolean
  readonly isHidden: boolean
  readonly owner: string | null
  /** MiB. */
  readonly minRam: number
  /** GiB. */
  readonly minDisk: number
  readonly containerFormat: string | null
  readonly diskFormat: string | null
  readonly tags: readonly string[]
  /** Custom properties. Only those that the schema lets be null are. */
  readonly properties: Readonly<Record<string, string | null>>
  readonly sizeBytes: number | null
  readonly virtualSizeBytes: number | null
  /** MD5, hex. */
  readonly checksum: string | null
  readonly hashAlgorithm: string | null
  /** Hex. */
  readonly hashValue: string | null
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly members: readonly ImageMember[]
  readonly locations: readonly ImageLocation[]
  readonly pending?: PendingData | undefined
  readonly staged?: StagedData | undefined
  readonly leaving?: readonly LeavingData[] | undefined
  /** A copy in the cluster, of an image that is elsewhere. */
  readonly cached?: CachedData | undefined
  /** Objects that share the bytes; they keep them, and the record, also when the image is deleted. */
  readonly references?: readonly ImageReference[] | undefined
}

/** Whether bytes in a store are the image's, or are to be, or are shared. What no record names is garbage. */
export function namesPlace(
  { locations, pending, staged, cached, references = [] }: ImageRecord,
  place: Place,
): boolean {
  // An import goes to several stores under one key.
  const targets = pending?.key === place.key ? pending.store.split(',') : []
  const places = [...locations, ...references, staged, cached]
  return targets.includes(place.store) || places.some((one) => isSamePlace(one, place))
}

export function isSamePlace(one: Place | undefined, other: Place): boolean {
  return one?.key === other.key && one.store === other.store
}

/** What the creator of an image says of it. */
export type ImageDraft = Pick<
  ImageRecord,
  | 'name'
  | 'visibility'
  | 'isProtected'
  | 'isHidden'
  | 'owner'
  | 'minRam'
  | 'minDisk'
  | 'containerFormat'
  | 'diskFormat'
  | 'tags'
  | 'properties'
>

/** A new image, without any bytes. */
export function newImage(draft: ImageDraft, id: string, nowMs: number): ImageRecord {
  return {
    ...draft,
    id,
    status: 'queued',
    sizeBytes: null,
    virtualSizeBytes: null,
    checksum: null,
    hashAlgorithm: null,
    hashValue: null,
    createdAt: nowMs,
    updatedAt: nowMs,
    members: [],
    locations: [],
  }
}

/** How images are kept (`store/records/`). */
export const IMAGE_RECORDS: RecordKind<ImageRecord> = {
  name: 'images',
  version: 1,
  parse: (written, version) => (version === 1 && isRecord(written) ? written : undefined),
}

function isRecord(written: unknown): written is ImageRecord {
  const { id, status, locations } = (written ?? {}) as Partial<ImageRecord>
  return typeof id === 'string' && typeof status === 'string' && Array.isArray(locations)
}
