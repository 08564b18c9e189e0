/**
 * Locks of versions on real storage servers. A hold and a delete at the same moment, through two proxies: exactly one goes
 * first. A proxy that dies before any step of a delete leaves a version that is whole or gone, and no lock passed by.
 */
import t, { type Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { bufferBody, type HeaderMap } from '#http/message.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { ObjectDelete, ObjectDeleteOutcome, Store } from '#store/contract.ts'
import { withFeatures } from '#store/features.ts'
import { LOCK_FLAG, lockedWith } from '#store/object-lock/lock-facts.ts'
import { OBJECT_LOCKS, ObjectLocks } from '#store/object-lock/object-locks.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { CONTAINER, named } from './actions.ts'
import { DIED, dyingAt } from './dying-store.ts'
import { MemoryCluster } from './memory-cluster.ts'

class LockingProxy {
  readonly store: Store
  readonly locks: ObjectLocks
  readonly #cluster: MemoryCluster

  constructor(cluster: MemoryCluster, core: Store) {
    const records = new ClusterRecords({ store: core, clock: realClock })
    this.#cluster = cluster
    this.locks = new ObjectLocks({ clock: realClock, records: records.of(OBJECT_LOCKS) })
    this.store = withFeatures(core, {
      environment: { clock: realClock, random: new SeededRandom(3) },
      timestamps: cluster.timestamps,
      bucketSettings: new BucketSettings(core.containers, records.of(BUCKET_SETTINGS)),
      objectLocks: this.locks,
    })
  }

  async put(metadata: HeaderMap = {}): Promise<string> {
    const put = await this.store.objects.put(this.#cluster.context, named('o'), {
      body: bufferBody(Buffer.from('x')),
      contentType: 'text/plain',
      expectedEtag: undefined,
      metadata,
      limitBytes: 10,
    })
    if (put.kind !== 'created' || put.versionId === undefined) throw new Error(put.kind)
    return put.versionId
  }

  delete(versionId: string, options: ObjectDelete = {}): Promise<ObjectDeleteOutcome> {
    return this.store.objects.delete(this.#cluster.context, named('o'), { ...options, versionId })
  }

  async hold(versionId: string, legalHold: 'ON' | 'OFF'): Promise<string> {
    const { context } = this.#cluster
    const changed = await this.locks.change(
      this.store,
      context,
      { ...named('o'), versionId },
      { legalHold },
      'none',
    )
    return changed.kind
  }

  async isThere(versionId: string): Promise<boolean> {
    const read = await this.store.objects.read(this.#cluster.context, named('o'), {
      method: 'HEAD',
      conditions: {},
      newest: true,
      versionId,
    })
    return read.kind === 'found'
  }
}

async function start(t: Test, options: { readonly devices: number; readonly replicas: number }) {
  const cluster = await MemoryCluster.start(options)
  t.teardown(() => cluster.close())
  const proxy = new LockingProxy(cluster, cluster.store)
  await proxy.store.containers.put(cluster.context, CONTAINER, {
    changes: { 'x-versions-enabled': 'true', [LOCK_FLAG]: 'Enabled' },
    policyIndex: undefined,
  })
  return { cluster, proxy }
}

await t.test('of a hold and a delete at the same moment exactly one goes first', async (t) => {
  const { cluster, proxy } = await start(t, { devices: 4, replicas: 3 })
  const other = new LockingProxy(cluster, await cluster.anotherProxy())
  for (let round = 0; round < 6; round += 1) {
    const id = await proxy.put()
    const [held, deleted] = await Promise.all([other.hold(id, 'ON'), proxy.delete(id)])
    const isThere = await proxy.isThere(id)
    if (held === 'changed') {
      t.equal(deleted.kind, 'denied', `round ${round}: the delete is refused`)
      t.ok(isThere, `round ${round}: what is held is there`)
    } else {
      t.notOk(
        isThere && deleted.kind === 'deleted',
        `round ${round}: it was ${held}, and the delete ${deleted.kind}`,
      )
    }
  }
})

await t.test('a proxy dies while a version is deleted', async (t) => {
  const { cluster, proxy } = await start(t, { devices: 1, replicas: 1 })
  for (let step = 1, isOver = false; !isOver; step += 1) {
    const id = await proxy.put()
    const outcome = await orDeath(new LockingProxy(cluster, dyingAt(cluster.store, step)).delete(id))
    isOver = outcome !== 'died'
    if (isOver) t.notOk(await proxy.isThere(id), `step ${step}: it is gone`)
    const again = await proxy.delete(id)
    t.match(again.kind, /^(deleted|no_such_object)$/, `step ${step}: it can be asked for again`)
    t.notOk(await proxy.isThere(id), `step ${step}: and then it is gone`)
  }
})

await t.test('a proxy dies while a lock is changed, and no lock is passed by', async (t) => {
  const { cluster, proxy } = await start(t, { devices: 1, replicas: 1 })
  for (let step = 1, isOver = false; !isOver; step += 1) {
    const id = await proxy.put(lockedWith({ legalHold: 'ON' }))
    const outcome = await orDeath(new LockingProxy(cluster, dyingAt(cluster.store, step)).hold(id, 'OFF'))
    isOver = outcome !== 'died'
    const read = await proxy.locks.of(proxy.store, cluster.context, { ...named('o'), versionId: id })
    const isHeld = read.kind === 'lock' && read.lock.legalHold === 'ON'
    t.ok(isHeld || read.kind === 'lock', `step ${step}: the lock is the one of before or of after`)
    t.equal((await proxy.delete(id)).kind, isHeld ? 'denied' : 'deleted', `step ${step}: and it holds`)
    if (isOver) t.notOk(isHeld, 'it was changed')
  }
})

await t.test('a bucket takes what is left of its locks with it', async (t) => {
  const { cluster, proxy } = await start(t, { devices: 1, replicas: 1 })
  const records = new ClusterRecords({ store: cluster.store, clock: realClock }).of(OBJECT_LOCKS)
  const count = async (): Promise<number> => {
    const listed = await records.list(cluster.context)
    return listed.kind === 'listed' ? listed.records.length : -1
  }
  const id = await proxy.put()
  await proxy.hold(id, 'ON')
  await proxy.hold(id, 'OFF')
  t.equal(await count(), 1)
  // A proxy that dies before its last step leaves the record.
  for (let step = 1; (await proxy.isThere(id)) && step < 30; step += 1) {
    await orDeath(new LockingProxy(cluster, dyingAt(cluster.store, step)).delete(id))
  }
  t.equal(await count(), 1, 'a record without a version')
  const deleted = await proxy.store.containers.delete(cluster.context, CONTAINER)
  t.equal(deleted.kind, 'deleted')
  t.equal(await count(), 0)
})

async function orDeath<Outcome>(work: Promise<Outcome>): Promise<Outcome | 'died'> {
  try {
    return await work
  } catch (error) {
    if (error !== DIED) throw error
    return 'died'
  }
}
