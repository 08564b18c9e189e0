/**
 * Checks of multipart uploads whose object's row is late, or whose object was copied into an archive: what was acknowledged
 * keeps its parts.
 */
import t, { type Test } from 'tap'
import type { Store } from '#store/contract.ts'
import type { DeferPartsCheck } from '#store/deferred-checks.ts'
import { containersOver, objectsOver } from '#store/layering.ts'
import type { ListingPage } from '#store/listing.ts'
import { checkParts, type PartsCheck } from '#store/multipart/parts-check.ts'
import { CONTAINER, named } from './actions.ts'
import { ARCHIVE, Kept } from './kept-objects.ts'
import { MemoryCluster } from './memory-cluster.ts'
import { Uploads, type UploadsOptions } from './uploads.ts'

const VERSIONS = `\0versions\0${CONTAINER.container}`

async function start(
  t: Test,
  options: (cluster: MemoryCluster) => UploadsOptions = () => ({}),
): Promise<[MemoryCluster, Uploads]> {
  const cluster = await MemoryCluster.start({ devices: 1, replicas: 1 })
  t.teardown(() => cluster.close())
  const uploads = new Uploads(cluster, options(cluster))
  await uploads.bucket({ 'x-versions-enabled': 'true' })
  return [cluster, uploads]
}

/** A store whose listing of versions lacks every row. */
function withLateRows(inner: Store, consistency: ListingPage<never>['consistency']): Store {
  const containers = containersOver(inner.containers, {
    async read(context, name, options) {
      const read = await inner.containers.read(context, name, options)
      if (read.kind !== 'found' || read.page === undefined || name.container !== VERSIONS) return read
      return { ...read, page: { json: Buffer.from('[]'), entries: () => [], consistency } }
    },
  })
  return { ...inner, containers }
}

function check(cluster: MemoryCluster, store: Store, uploadId: string): Promise<PartsCheck> {
  return checkParts(store, cluster.context, { name: named('o'), uploadId })
}

await t.test('the current version keeps its parts also where no listing shows it yet', async (t) => {
  const [cluster, uploads] = await start(t)
  const uploadId = await uploads.made('o', ['one', 'two'])
  t.same(await check(cluster, withLateRows(cluster.store, 'complete'), uploadId), {
    kind: 'checked',
    deletedCount: 0,
  })
  t.equal(await uploads.text('o'), 'onetwo')
})

await t.test('a listing that may lack a version is no proof that nothing needs the parts', async (t) => {
  const [cluster, uploads] = await start(t)
  const kept = new Kept(cluster, uploads.store)
  const uploadId = await uploads.made('o', ['one', 'two'])
  await uploads.put('o', 'later')
  t.match(await check(cluster, withLateRows(cluster.store, 'eventual'), uploadId), { kind: 'unavailable' })
  t.same(await kept.versionTexts('o'), ['later', 'onetwo'])
})

for (const listingPending of [true, false]) {
  const what = listingPending ? 'only later where listings may lag' : 'at once where listings show the object'
  await t.test(`what was not named is looked for ${what}`, async (t) => {
    const checks: number[] = []
    const [, uploads] = await start(t, ({ store }) => ({
      core: withPendingRows(store, listingPending),
      checkParts: counted(checks),
    }))
    const uploadId = await uploads.begin('o')
    await uploads.part('o', uploadId, 1, 'outdated')
    const part = await uploads.part('o', uploadId, 1, 'one')
    t.equal((await uploads.complete('o', uploadId, [part])).kind, 'completed')
    t.same(checks, listingPending ? [2 * 86_400] : [2 * 86_400, 0])
  })
}

for (const change of ['whose location is taken away', 'that is deleted'] as const) {
  await t.test(`copies in the archive of a container ${change} keep their parts`, async (t) => {
    const cluster = await MemoryCluster.start({ devices: 1, replicas: 1 })
    t.teardown(() => cluster.close())
    const uploads = new Uploads(cluster)
    const kept = new Kept(cluster, uploads.store)
    await kept.container({}, ARCHIVE)
    await kept.container({ 'x-history-location': ARCHIVE.container })
    const uploadId = await uploads.made('o', ['one', 'two'])
    if (change === 'that is deleted') {
      t.equal(await uploads.delete('o'), 'deleted')
      t.equal(await kept.deleteContainer(), 'deleted')
    } else {
      t.equal(await uploads.put('o', 'plain'), 'created')
      await kept.container({ 'x-history-location': '' })
    }
    t.match(await check(cluster, cluster.store, uploadId), { kind: 'checked', deletedCount: 0 })
    t.equal((await uploads.stored()).length, 2)
  })
}

/** A store in which the rows of versions wait for somebody to deliver them, or do not. */
function withPendingRows(inner: Store, listingPending: boolean): Store {
  const objects = objectsOver(inner.objects, {
    async put(context, name, put) {
      const written = await inner.objects.put(context, name, put)
      const isLate = written.kind === 'created' && name.container === VERSIONS
      return isLate ? { ...written, listingPending } : written
    },
  })
  return { ...inner, objects }
}

function counted(checks: number[]): DeferPartsCheck {
  return async (_context, _check, { afterSeconds }) => {
    checks.push(afterSeconds)
    return { kind: 'queued' }
  }
}
