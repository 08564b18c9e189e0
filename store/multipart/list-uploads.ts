/** The uploads of a bucket that are not complete, by key, those of one key in the order in which they were begun. */
import type { Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ContainerName, OperationContext } from '../operation.ts'
import { behindUpload, recordsPrefix, uploadIn, uploadsContainerOf } from './upload-names.ts'
import { summaryIn } from './upload-record.ts'

/** Sorts behind all that begins with what it is put behind. */
const BEHIND_ALL = '\u{10FFFF}'

export interface UploadsQuery {
  readonly prefix: string
  /** Keys with it behind the prefix are told as one. */
  readonly delimiter?: string | undefined
  /** Only what comes behind this key, or behind this upload of it. */
  readonly keyMarker?: string | undefined
  readonly uploadIdMarker?: string | undefined
  readonly limit: number
}

export type ListedUpload =
  | {
      readonly kind: 'upload'
      readonly key: string
      readonly uploadId: string
      /** As it was given when the upload was begun. */
      readonly summary: string | undefined
    }
  | { readonly kind: 'prefix'; readonly prefix: string }

export interface UploadsPage {
  readonly kind: 'uploads'
  readonly entries: readonly ListedUpload[]
  /** There is more behind the last one. */
  readonly isTruncated: boolean
}

export async function listUploads(
  store: Store,
  context: OperationContext,
  bucket: ContainerName,
  query: UploadsQuery,
): Promise<UploadsPage | StoreFailure> {
  const { prefix, limit } = query
  const container = uploadsContainerOf(bucket)
  const entries: ListedUpload[] = []
  let marker = firstMarker(query)
  while (entries.length <= limit) {
    const listing = {
      prefix: recordsPrefix(prefix),
      marker,
      limit: limit + 1 - entries.length,
      reverse: false,
      reservedNames: 'shown',
    } as const
    const read = await store.containers.read(context, container, { listing })
    if (read.kind === 'no_such_container') break
    if (read.kind !== 'found') return read
    const rows = (read.page?.entries() ?? []).filter((row) => row.kind === 'object')
    for (const row of rows) {
      const upload = uploadIn(row.name)
      marker = row.name
      if (upload === undefined) continue
      const common = commonPrefix(upload.key, query)
      entries.push(
        common === undefined
          ? { kind: 'upload', ...upload, summary: summaryIn(row.etag) }
          : { kind: 'prefix', prefix: common },
      )
      if (common !== undefined) marker = recordsPrefix(common) + BEHIND_ALL
      if (common !== undefined) break
    }
    if (rows.length === 0) break
  }
  return { kind: 'uploads', entries: entries.slice(0, limit), isTruncated: entries.length > limit }
}

function firstMarker(query: UploadsQuery): string | undefined {
  const { keyMarker, uploadIdMarker } = query
  if (keyMarker === undefined || keyMarker === '') return undefined
  // A page that ended with a common prefix goes on behind all that it stands for.
  if (commonPrefix(keyMarker, query) === keyMarker) return recordsPrefix(keyMarker) + BEHIND_ALL
  return behindUpload(keyMarker, uploadIdMarker === '' ? undefined : uploadIdMarker)
}

function commonPrefix(key: string, { prefix, delimiter }: UploadsQuery): string | undefined {
  if (delimiter === undefined || delimiter === '' || !key.startsWith(prefix)) return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : key.slice(0, at + delimiter.length)
}
