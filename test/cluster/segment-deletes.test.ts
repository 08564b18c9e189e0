/**
 * Goal: a delete with segments that is broken off at any step leaves a manifest by which the rest is found, and the same delete
 * sent again leaves nothing. Method: for each step, a proxy that dies right before it, then another that is asked again.
 */
import t, { type Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import type { ObjectDeleteOutcome, SegmentWanted, Store } from '#store/contract.ts'
import { largeObjects } from '#store/large-objects/large-objects.ts'
import { objectsOver } from '#store/layering.ts'
import { get, list, makeContainer, named, put } from './actions.ts'
import { pass } from './expirers.ts'
import { MemoryCluster } from './memory-cluster.ts'

/** How far that clock is ahead. */
const AHEAD_MS = 700
/** Three segments, a nested manifest and the manifest itself. */
const STEPS = 5

function segment(name: string): SegmentWanted {
  return { kind: 'object', path: `/c/${name}`, etag: undefined, sizeBytes: undefined, range: undefined }
}

/** The store of a proxy that dies when it is to delete one object more than so many. */
function dyingAfter(store: Store, deletesMax: number): Store {
  let deletes = 0
  return {
    ...store,
    objects: objectsOver(store.objects, {
      delete: async (context, name, options) => {
        deletes += 1
        if (deletes > deletesMax) throw new Error('the proxy died')
        return await store.objects.delete(context, name, options)
      },
    }),
  }
}

async function makeLarge(cluster: MemoryCluster): Promise<Store> {
  const { accounts, containers, objects, parts } = { ...cluster.store, parts: cluster.parts }
  const store = largeObjects(parts)({ accounts, containers, objects })
  const writing = { store, context: cluster.context }
  for (const name of ['s1', 's2', 's3']) t.match(await put(writing, name, name), { kind: 'created' })
  t.match(await put(writing, 'inner', '', { segments: [segment('s1'), segment('s2')] }), { kind: 'created' })
  t.match(await put(writing, 'outer', '', { segments: [segment('inner'), segment('s3')] }), {
    kind: 'created',
  })
  return store
}

function deleteAll(cluster: MemoryCluster, below: Store): Promise<ObjectDeleteOutcome> {
  const store = largeObjects(cluster.parts)(below)
  return store.objects.delete(cluster.context, named('outer'), { segments: 'now' })
}

t.test('a delete with segments that dies at any step is finished by the next', async (t: Test) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  for (let survived = 0; survived < STEPS; survived += 1) {
    const store = await makeLarge(cluster)
    t.equal((await get({ store, context: cluster.context }, 'outer')).bytes.toString(), 's1s2s3')
    await t.rejects(deleteAll(cluster, dyingAfter(cluster.store, survived)), /died/)
    const { names } = await list(cluster)
    t.ok(names.includes('outer'), `after ${survived} steps the manifest is there`)
    const isInnerReachable = names.includes('inner') || !['s1', 's2'].some((name) => names.includes(name))
    t.ok(isInnerReachable, 'and so is what leads to whatever is left')
    t.match(await deleteAll(cluster, cluster.store), { kind: 'deleted' })
    t.same((await list(cluster)).names, [], 'nothing is left')
  }
})

t.test(
  'a manifest that is replaced while its segments are deleted takes its new segments along',
  async (t: Test) => {
    const cluster = await MemoryCluster.start()
    t.teardown(() => cluster.close())
    await makeContainer(cluster)
    const store = await makeLarge(cluster)
    const writing = { store, context: cluster.context }
    await put(writing, 's4', 's4')
    let isReplaced = false
    const replacing: Store = {
      ...cluster.store,
      objects: objectsOver(cluster.store.objects, {
        delete: async (context, name, options) => {
          if (name.object === 'outer' && !isReplaced) {
            isReplaced = true
            await put(writing, 'outer', '', { segments: [segment('s4')] })
          }
          return await cluster.store.objects.delete(context, name, options)
        },
      }),
    }
    t.match(await deleteAll(cluster, replacing), { kind: 'deleted' })
    t.same((await list(cluster)).names, [], 'nothing is left that nobody finds')
  },
)

t.test('a segment that cannot be deleted keeps its manifests', async (t: Test) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  await makeLarge(cluster)
  const failing: Store = {
    ...cluster.store,
    objects: objectsOver(cluster.store.objects, {
      delete: async (context, name, options) =>
        name.object === 's1'
          ? { kind: 'unavailable', reason: 'a test' }
          : await cluster.store.objects.delete(context, name, options),
    }),
  }
  const report = { failures: [{ path: '/c/s1', failure: { kind: 'unavailable' } }] }
  t.match(await deleteAll(cluster, failing), { kind: 'segments_kept', report })
  t.same((await list(cluster)).names, ['inner', 'outer', 's1'])
  t.match(await deleteAll(cluster, cluster.store), { kind: 'deleted', report: { deletedCount: 3 } })
})

t.test('segments that are left to the expirer are gone when it has passed', async (t: Test) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  await makeLarge(cluster)
  const { deferDeletes } = cluster.store
  const store = largeObjects({ random: cluster.parts.random, deferDeletes })(cluster.store)
  const later = (name: string): Promise<ObjectDeleteOutcome> =>
    store.objects.delete(cluster.context, named(name), { segments: 'later' })
  t.match(await later('outer'), { kind: 'bad_request', reason: 'No segments may be large objects.' })
  t.match(await later('s1'), { kind: 'bad_request', reason: 'Not an SLO manifest' })
  t.match(await later('inner'), { kind: 'deleted' })
  t.same((await list(cluster)).names, ['outer', 's1', 's2', 's3'], 'the manifest goes at once')
  await put({ store, context: cluster.context }, 's2', 'written since')
  await pass(cluster)
  t.same((await list(cluster)).names, ['outer', 's2', 's3'], 'what was written since stays')
})

t.test('so are those that a proxy wrote whose clock is ahead', async (t: Test) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  const { deferDeletes } = cluster.store
  const store = largeObjects({ random: cluster.parts.random, deferDeletes })(cluster.store)
  const writing = { store, context: cluster.context }
  const ahead = (ms: number): Timestamp => {
    return timestampFromTicks(Math.floor(((realClock.wallMs() + AHEAD_MS + ms) * TICKS_PER_SECOND) / 1000))
  }
  t.match(await put(writing, 's1', 's1', { timestamp: ahead(0) }), { kind: 'created' })
  t.match(await put(writing, 'm', '', { segments: [segment('s1')], timestamp: ahead(1) }), {
    kind: 'created',
  })
  const deleted = await store.objects.delete(cluster.context, named('m'), { segments: 'later' })
  t.match(deleted, { kind: 'deleted' })
  await realClock.sleep(2 * AHEAD_MS)
  await pass(cluster)
  t.same((await list(cluster)).names, [])
})
