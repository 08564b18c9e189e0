/** The parts of an upload, as the container's listing tells them: the one of each number that was sent last. */
import type { Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { splitParameters } from '../symlinks/link-listing.ts'
import { partIn, partsContainerOf, partsPrefix } from './upload-names.ts'

/** Rows asked for at once: all parts of the largest upload. */
const PAGE = 10_000
/** What a part's row says besides its ETag. */
const CHECKSUM = 's3_checksum'

export interface Part {
  readonly number: number
  /** `/container/object`, as manifests have it. */
  readonly path: string
  /** Of its body; without quotes. */
  readonly etag: string
  readonly sizeBytes: number
  /** Swift's ISO form. */
  readonly lastModified: string
  readonly contentType: string
  /** What its sender has had kept of it (`listedChecksum`). */
  readonly checksum: string | undefined
}

/** All that is stored under an upload. */
export interface ListedParts {
  readonly kind: 'parts'
  /** By number. */
  readonly parts: readonly Part[]
  /** Names of parts that were sent again later. */
  readonly outdated: readonly string[]
  /** Every acknowledged part is among them. */
  readonly isComplete: boolean
}

/** The ETag that a part's row shows, with a checksum of the part. */
export function listedChecksum(etag: string, checksum: string): string {
  return `${etag}; ${CHECKSUM}=${checksum}`
}

export async function listParts(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  uploadId: string,
): Promise<ListedParts | StoreFailure> {
  const container = partsContainerOf(name)
  const prefix = partsPrefix(name.object, uploadId)
  const latest = new Map<number, { readonly part: Part; readonly object: string; readonly sentAt: string }>()
  const outdated: string[] = []
  let isComplete = true
  for (let marker: string | undefined; ; ) {
    const listing = { prefix, marker, limit: PAGE, reverse: false }
    const read = await store.containers.read(context, container, { listing })
    if (read.kind === 'no_such_container') return { kind: 'parts', parts: [], outdated: [], isComplete: true }
    if (read.kind !== 'found') return read
    isComplete &&= read.page?.consistency === 'complete'
    const rows = read.page?.entries() ?? []
    for (const row of rows) {
      if (row.kind !== 'object') continue
      marker = row.name
      const place = partIn(row.name.slice(prefix.length))
      if (place === undefined) continue
      const { value: etag, parameters } = splitParameters(row.etag)
      const before = latest.get(place.number)
      if (before !== undefined) outdated.push(before.sentAt > place.sentAt ? row.name : before.object)
      if (before !== undefined && before.sentAt > place.sentAt) continue
      const checksum = parameters.find(([key]) => key === CHECKSUM)?.[1]
      const { sizeBytes, lastModified, contentType } = row
      const path = `/${container.container}/${row.name}`
      const part = { number: place.number, path, etag, sizeBytes, lastModified, contentType, checksum }
      latest.set(place.number, { part, object: row.name, sentAt: place.sentAt })
    }
    if (rows.length < PAGE) break
  }
  const parts = [...latest.values()]
    .map(({ part }) => part)
    .toSorted((one, other) => one.number - other.number)
  return { kind: 'parts', parts, outdated, isComplete }
}
