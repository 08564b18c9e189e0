/**
 * Parts that nothing leads to any more. Whoever is about to make an upload's parts garbage (it is aborted, or what it made is
 * overwritten or deleted) first leaves a task in the expirer's queue: "look whether the upload is still needed". A task that
 * comes too early, twice or for nothing does no harm, because it looks before it deletes:
 *
 *  - the upload's record is there: it is not completed yet, and nothing is touched;
 *  - the object of its key, or a version of it, was made of the upload: what is not among its segments goes;
 *  - else all parts go.
 *
 * The order matters: the record of a completed upload goes after its object is written, so that whoever does not find the
 * record finds the object. Versions are found by a listing, which may lack one that was just written: so the current one is
 * looked at by itself, and a listing that is not sure is no proof.
 */
import { isTrueValue } from '#backend/address.ts'
import type { HeaderMap } from '#http/message.ts'
import type { Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { inParallel } from '../large-objects/in-parallel.ts'
import { segmentFailure } from '../large-objects/joined-answer.ts'
import { parseManifest, STATIC_MARK } from '../large-objects/manifest.ts'
import { release, wholeBody } from '../large-objects/segment-reader.ts'
import type { ContainerName, ObjectName, OperationContext } from '../operation.ts'
import { linkIn, targetOf } from '../symlinks/link-metadata.ts'
import { archiveIn, versionsIn } from '../versions/kept-versions.ts'
import { areArchived } from './archived-parts.ts'
import { partsContainerOf, partsPrefix, recordNameOf, UPLOAD_ID_AT } from './upload-names.ts'

const LANES = 4
const PAGE = 1_000
/** In the row of an object that was made of parts. */
const MADE_OF_PARTS = 's3_etag='

export interface CheckedUpload {
  /** The object that the upload was meant for. */
  readonly name: ObjectName
  readonly uploadId: string
}

export type PartsCheck =
  /** What nothing leads to was deleted, if there was something. */
  | { readonly kind: 'checked'; readonly deletedCount: number }
  /** The upload is not completed yet. */
  | { readonly kind: 'in_progress' }
  | StoreFailure

/** Deletes the parts of an upload that nothing leads to. `store` shows what is stored: manifests, links, versions. */
export async function checkParts(
  store: Store,
  context: OperationContext,
  upload: CheckedUpload,
): Promise<PartsCheck> {
  const record = await isThere(store, context, recordNameOf(upload.name, upload.uploadId))
  if (record !== 'absent') return record === 'found' ? { kind: 'in_progress' } : record
  const bucket = await store.containers.read(context, bucketOf(upload.name), { newest: true })
  const isGone = bucket.kind === 'no_such_container' || bucket.kind === 'no_such_account'
  if (bucket.kind !== 'found' && !isGone) return bucket
  const metadata = bucket.kind === 'found' ? bucket.info.metadata : {}
  // Copies in an archive are manifests of the same parts.
  if (archiveIn(metadata) !== undefined) return { kind: 'checked', deletedCount: 0 }
  const needed = await neededPaths(store, context, upload, metadata)
  if ('kind' in needed) return needed
  // Asked last: who overwrites what was just seen has said it before.
  const archived = await areArchived(store.containers, context, upload.name)
  if (typeof archived === 'object') return archived
  if (archived) return { kind: 'checked', deletedCount: 0 }
  const checked = await deleteParts(store, context, upload, needed)
  if (isGone && checked.kind === 'checked') {
    await store.containers.delete(context, partsContainerOf(upload.name))
  }
  return checked
}

type Paths = ReadonlySet<string>

async function isThere(
  store: Store,
  context: OperationContext,
  name: ObjectName,
): Promise<'found' | 'absent' | StoreFailure> {
  const read = await readStored(store, context, name, 'HEAD')
  if (read.kind === 'no_such_container') return await provenAbsent(store, context, name)
  if (read.kind === 'no_such_object') return 'absent'
  return read.kind === 'found' ? 'found' : read
}

/** That a container is missing may be an old belief of this process. */
async function provenAbsent(
  store: Store,
  context: OperationContext,
  { account, container }: ContainerName | ObjectName,
): Promise<'absent' | StoreFailure> {
  const read = await store.containers.read(context, { account, container }, { newest: true })
  if (read.kind === 'no_such_container' || read.kind === 'no_such_account') return 'absent'
  return read.kind === 'found'
    ? { kind: 'unavailable', reason: 'a container has just come into being' }
    : read
}

/** Segments of all that was made of the upload. */
async function neededPaths(
  store: Store,
  context: OperationContext,
  { name, uploadId }: CheckedUpload,
  metadata: HeaderMap,
): Promise<Paths | StoreFailure> {
  const versions = versionsIn(metadata)?.container
  const current = await pathsAt(store, context, { name, uploadId, versions })
  if ('kind' in current || versions === undefined) return current
  const kept = await pathsOfVersions(store, context, { name, uploadId, versions })
  if ('kind' in kept) return kept
  return new Set([...current, ...kept])
}

function bucketOf({ account, container }: ObjectName): ContainerName {
  return { account, container }
}

async function pathsOfVersions(
  store: Store,
  context: OperationContext,
  { name, uploadId, versions }: CheckedUpload & { readonly versions: string },
): Promise<Paths | StoreFailure> {
  const container = { account: name.account, container: versions }
  const prefix = `\0${name.object}\0`
  const paths = new Set<string>()
  for (let marker: string | undefined; ; ) {
    const listing = { prefix, marker, limit: PAGE, reverse: false, reservedNames: 'shown' } as const
    const read = await store.containers.read(context, container, { listing })
    if (read.kind === 'no_such_container') return await nothingAt(store, context, container)
    if (read.kind !== 'found') return read
    if (read.page?.consistency !== 'complete') {
      return { kind: 'unavailable', reason: 'the listing of the versions may lack some' }
    }
    const rows = read.page.entries().filter((row) => row.kind === 'object')
    for (const row of rows) {
      marker = row.name
      if (!row.etag.includes(MADE_OF_PARTS) && !row.etag.includes('swift_meta=')) continue
      const version = { ...container, object: row.name }
      const found = await pathsAt(store, context, { name: version, uploadId })
      if ('kind' in found) return found
      for (const path of found) paths.add(path)
    }
    if (rows.length < PAGE) return paths
  }
}

interface Asked extends CheckedUpload {
  /** Where a link under the name may lead to its current version. */
  readonly versions?: string | undefined
}

/** Segments of what is stored under the name, if it was made of the upload; of a link to a version, those of the version. */
async function pathsAt(
  store: Store,
  context: OperationContext,
  { name, uploadId, versions }: Asked,
): Promise<Paths | StoreFailure> {
  const head = await readStored(store, context, name, 'HEAD')
  if (head.kind !== 'found') return await nothingOr(store, context, name, head)
  const link = linkIn(head.headers)
  if (link !== undefined) {
    // Anybody else's link makes nothing needed: the parts go with what it leads to.
    if (link.container !== versions) return new Set()
    return await pathsAt(store, context, { name: targetOf(name, link), uploadId })
  }
  if (!isMadeOf(head.headers, uploadId)) return new Set()
  const read = await readStored(store, context, name, 'GET')
  if (read.kind !== 'found') return await nothingOr(store, context, name, read)
  if (!isMadeOf(read.headers, uploadId)) {
    await release(read.body)
    return new Set()
  }
  try {
    const segments = parseManifest(await wholeBody(read.body))
    if (segments === undefined) return { kind: 'unavailable', reason: 'the manifest cannot be read' }
    return new Set(segments.flatMap((segment) => (segment.kind === 'object' ? [segment.path] : [])))
  } catch (error) {
    return segmentFailure(error)
  }
}

/** Nothing is needed by what is not there. */
async function nothingOr(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  failure: StoreFailure,
): Promise<Paths | StoreFailure> {
  if (failure.kind === 'no_such_object') return new Set()
  return failure.kind === 'no_such_container' ? await nothingAt(store, context, name) : failure
}

async function nothingAt(
  store: Store,
  context: OperationContext,
  container: ContainerName | ObjectName,
): Promise<Paths | StoreFailure> {
  const proven = await provenAbsent(store, context, container)
  return proven === 'absent' ? new Set() : proven
}

function isMadeOf(headers: HeaderMap, uploadId: string): boolean {
  return headers[UPLOAD_ID_AT] === uploadId && isTrueValue(headers[STATIC_MARK])
}

async function readStored(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  method: 'GET' | 'HEAD',
): Promise<Exclude<Awaited<ReturnType<Store['objects']['read']>>, { readonly kind: 'not_modified' }>> {
  const read = await store.objects.read(context, name, {
    method,
    conditions: {},
    newest: true,
    symlink: 'as_stored',
    manifest: 'as_stored',
  })
  if (read.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
  return read
}

async function deleteParts(
  store: Store,
  context: OperationContext,
  { name, uploadId }: CheckedUpload,
  needed: Paths,
): Promise<PartsCheck> {
  const container = partsContainerOf(name)
  const prefix = partsPrefix(name.object, uploadId)
  let deletedCount = 0
  let failure: StoreFailure | undefined
  for (let marker: string | undefined; ; ) {
    const listing = { prefix, marker, limit: PAGE, reverse: false }
    const read = await store.containers.read(context, container, { listing })
    if (read.kind === 'no_such_container') return { kind: 'checked', deletedCount }
    if (read.kind !== 'found') return read
    const rows = (read.page?.entries() ?? []).filter((row) => row.kind === 'object')
    const unneeded = rows.filter((row) => !needed.has(`/${container.container}/${row.name}`))
    await inParallel(unneeded, LANES, async (row) => {
      const deleted = await store.objects.delete(context, { ...container, object: row.name }, {})
      if (deleted.kind === 'deleted') deletedCount += 1
      else if (deleted.kind !== 'no_such_object') failure = deleted
    })
    marker = rows.at(-1)?.name
    if (rows.length < PAGE) return failure ?? { kind: 'checked', deletedCount }
  }
}
