/**
 * The replicator of accounts and containers on real servers in memory: what is lost comes back, what is deleted does not,
 * and nobody votes who does not know.
 */
import fc from 'fast-check'
import t from 'tap'
import { deleteContainer, isContainerDeleted, postContainer, putContainer } from '#db/container-rules.ts'
import { statsOf } from '#db/info.ts'
import type { ObjectRow } from '#db/object-row.ts'
import { comparisonDigest } from '#db/replica-merge.ts'
import {
  CONTAINER,
  DAY_MS,
  type DatabaseDevice,
  DatabaseDevices,
  gone,
  listed,
  object,
  write,
} from './testing/database-devices.ts'

const ALL = [0, 1, 2]

async function haveSame(cluster: DatabaseDevices, container = 'c'): Promise<boolean> {
  const digests = await Promise.all(
    cluster.devices.map(async ({ containers }) =>
      comparisonDigest(await containers.index.state({ account: 'a', container }), 0).toString('hex'),
    ),
  )
  return digests.every((digest) => digest === digests[0])
}

function partitionOf(cluster: DatabaseDevices, hash: string): { partPower: number; partition: number } {
  const { ring } = cluster.container
  return { partPower: ring.partPower, partition: ring.partitionOf(hash) }
}

async function hashOf({ containers }: DatabaseDevice, container = 'c'): Promise<string> {
  const all = await containers.index.databases({ first: '0'.repeat(32), end: undefined }, 1000)
  const found = all.find(({ state }) => state.info.name.container === container)
  if (found === undefined) throw new Error(`no container ${container}`)
  return found.hash
}

t.test('any writes anywhere: after a few passes all replicas hold the same', async (t) => {
  const change = fc.record({
    at: fc.constantFrom(...ALL),
    name: fc.constantFrom('x', 'y', 'z'),
    second: fc.integer({ min: 1, max: 9 }),
    deleted: fc.boolean(),
    policy: fc.integer({ min: 0, max: 1 }),
    pass: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 15 }), async (changes) => {
      const cluster = await DatabaseDevices.start()
      const created = cluster.time(100_000)
      for (const { at, name, second, deleted, policy, pass } of changes) {
        const time = cluster.time(50_000 - second * 1000)
        const row = deleted ? gone(name, time, policy) : object(name, time, policy)
        await write(cluster.device(at), created, [row])
        if (pass) await cluster.pass(at)
      }
      await cluster.passes(2)
      const states = await Promise.all(
        cluster.devices.map(({ containers }) => containers.index.state(CONTAINER)),
      )
      for (const state of states) t.same(state?.info.stats, states[0]?.info.stats, JSON.stringify(changes))
      return await haveSame(cluster)
    }),
    { numRuns: 8 },
  )
})

t.test('an idle pass asks each peer once per server and writes nothing', async (t) => {
  const cluster = await DatabaseDevices.start({ partPower: 4 })
  for (let at = 0; at < 50; at += 1)
    for (const device of ALL)
      await write(cluster.device(device), cluster.time(9000), [object('x', cluster.time(5000))], `c${at}`)
  await cluster.passes(2)
  const before = cluster.network.sent
  const report = await cluster.pass(0)
  t.equal(report.ended, 'complete')
  t.same(report.repaired, {})
  t.equal(cluster.network.sent - before, 4)
})

t.test('metadata, times and storage policy travel too', async (t) => {
  const cluster = await DatabaseDevices.start()
  const [first, second] = [cluster.time(9000), cluster.time(5000)]
  const metadata = new Map([['x-container-read', { value: '.r:*', timestamp: first }]])
  const put = { name: CONTAINER, timestamp: first, requestedPolicy: 1, defaultPolicy: 0, metadata }
  await cluster.device(0).containers.index.apply(CONTAINER, [], putContainer(put))
  await cluster
    .device(1)
    .containers.index.apply(CONTAINER, [], putContainer({ ...put, timestamp: second, requestedPolicy: 0 }))
  await cluster.passes(2)
  for (const { containers } of cluster.devices) {
    const state = await containers.index.state(CONTAINER)
    t.match(state?.info, { createdAt: first, putTimestamp: second, policyIndex: 1, statusChangedAt: first })
    t.same(state?.metadata, metadata)
  }
})

t.test('a replica that lost its device does not vote before it has learnt everything', async (t) => {
  const cluster = await DatabaseDevices.start()
  for (const at of ALL)
    await write(cluster.device(at), cluster.time(9000), [
      object('x', cluster.time(8000)),
      gone('y', cluster.time(7000)),
    ])
  await cluster.passes(2)
  const range = partitionOf(cluster, await hashOf(cluster.device(0)))
  const lost = await cluster.wipe(0)
  t.equal(lost.containers.ledger.voice(range), 'joining')
  cluster.stop(1)
  await cluster.pass(0)
  t.same(await listed(lost), ['x'], 'it has what it could get')
  t.equal(lost.containers.ledger.voice(range), 'joining', 'but one of the two others was not heard')
  cluster.restart(1)
  await cluster.pass(0)
  t.equal(lost.containers.ledger.voice(range), 'synced')
  t.ok(await haveSame(cluster))
  t.equal((await cluster.crash(0)).containers.ledger.voice(range), 'synced', 'durably')
})

t.test(
  'joining replicas that all hear each other vote in the end, so that no cluster stays silent for ever',
  async (t) => {
    const cluster = await DatabaseDevices.start()
    for (const at of ALL) await cluster.wipe(at)
    await write(cluster.device(1), cluster.time(9000), [object('x', cluster.time(8000))])
    await cluster.passes(2)
    const range = partitionOf(cluster, await hashOf(cluster.device(0)))
    for (const { containers } of cluster.devices) t.equal(containers.ledger.voice(range), 'synced')
  },
)

t.test('a container of ten thousand rows comes to a new peer in slices', async (t) => {
  const cluster = await DatabaseDevices.start()
  const rows: ObjectRow[] = []
  const time = cluster.time(8000)
  for (let at = 0; at < 10_000; at += 1) rows.push(object(`object-${String(at).padStart(5, '0')}`, time))
  for (const at of [0, 1]) await write(cluster.device(at), cluster.time(9000), rows)
  const report = await cluster.pass(2)
  t.equal(statsOf((await cluster.device(2).containers.index.state(CONTAINER))!.info, 0).rows, 10_000)
  t.ok((report.repaired['rows_received'] ?? 0) >= 10_000)
  await cluster.passes()
  const before = cluster.network.sent
  await write(cluster.device(0), cluster.time(), [object('one-more', cluster.time(1000))])
  const next = await cluster.pass(0)
  t.ok((next.repaired['rows_sent'] ?? 0) <= 2000, 'only the latest changes')
  t.ok(cluster.network.sent - before < 20)
})

t.test('rows still pass when a sync point is wrong', async (t) => {
  const cluster = await DatabaseDevices.start()
  for (const at of ALL) await write(cluster.device(at), cluster.time(9000), [])
  const row = object('x', cluster.time(8000))
  await write(cluster.device(0), cluster.time(9000), [row])
  const store = await cluster.device(0).containers.index.storeId()
  for (const at of [1, 2]) await cluster.device(at).containers.index.setSyncPoint(CONTAINER, store, 1000)
  await cluster.passes(2)
  for (const device of cluster.devices) t.same(await listed(device), ['x'])
})

t.test('a deleted container does not come back from a replica that was away', async (t) => {
  const cluster = await DatabaseDevices.start()
  for (const at of ALL) await write(cluster.device(at), cluster.time(9000), [])
  cluster.stop(0)
  for (const at of [1, 2])
    await cluster.device(at).containers.index.apply(CONTAINER, [], deleteContainer(cluster.time(5000)))
  await cluster.passes()
  cluster.restart(0)
  await cluster.passes(2)
  for (const { containers } of cluster.devices) {
    const state = await containers.index.state(CONTAINER)
    t.ok(state !== undefined && isContainerDeleted(state.info))
  }
})

async function settleReports(cluster: DatabaseDevices): Promise<void> {
  for (const { containers } of cluster.devices) {
    await containers.index.apply(CONTAINER, [], (state) => {
      if (state === undefined) return { result: undefined }
      const { putTimestamp, deleteTimestamp } = state.info
      return {
        result: undefined,
        info: { ...state.info, reported: { putTimestamp, deleteTimestamp, objects: 0, bytes: 0 } },
      }
    })
  }
}

/** Every device notes that it is alive, and passes, day after day. */
async function live(cluster: DatabaseDevices, days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    await cluster.clock.advance(DAY_MS)
    for (const { containers, accounts } of cluster.devices) {
      await containers.stampAlive()
      await accounts.stampAlive()
    }
    await cluster.passes()
  }
}

t.test(
  'deletions are given up only when every replica has them and they are old, and never come back',
  async (t) => {
    const cluster = await DatabaseDevices.start()
    const [created, put, deleted] = [cluster.time(9000), cluster.time(8000), cluster.time(7000)]
    for (const at of [0, 1])
      await write(cluster.device(at), created, [object('x', put), gone('x', deleted), object('stays', put)])
    await write(cluster.device(2), created, [object('x', put), object('stays', put)])
    cluster.stop(2)
    await live(cluster, 20)
    for (const at of [0, 1]) {
      const state = await cluster.device(at).containers.index.state(CONTAINER)
      t.equal(statsOf(state!.info, 0).tombstones, 1, 'one primary has not heard of it')
    }
    cluster.restart(2)
    await live(cluster, 4)
    for (const device of cluster.devices) {
      t.same(await listed(device), ['stays'])
      const state = await device.containers.index.state(CONTAINER)
      t.equal(statsOf(state!.info, 0).tombstones, 0)
    }
    const before = await cluster.passes()
    t.same(
      before.map(({ found }) => found['databases_different'] ?? 0),
      [0, 0, 0],
    )
  },
)

t.test('a young deletion is kept', async (t) => {
  const cluster = await DatabaseDevices.start()
  for (const at of ALL) await write(cluster.device(at), cluster.time(9000), [gone('x', cluster.time(7000))])
  await live(cluster, 7)
  for (const { containers } of cluster.devices)
    t.equal(statsOf((await containers.index.state(CONTAINER))!.info, 0).tombstones, 1)
})

t.test('a deleted container is removed from every replica, once all have its deletion', async (t) => {
  const cluster = await DatabaseDevices.start()
  for (const at of ALL) await write(cluster.device(at), cluster.time(9000), [gone('x', cluster.time(8000))])
  for (const at of [0, 1])
    await cluster.device(at).containers.index.apply(CONTAINER, [], deleteContainer(cluster.time(5000)))
  cluster.stop(2)
  await settleReports(cluster)
  await live(cluster, 12)
  t.not(await cluster.device(0).containers.index.state(CONTAINER), undefined)
  cluster.restart(2)
  await cluster.passes()
  await settleReports(cluster)
  await live(cluster, 4)
  for (const { containers } of cluster.devices) t.equal(await containers.index.state(CONTAINER), undefined)
})

t.test('a handoff is emptied only when every primary has confirmed', async (t) => {
  const cluster = await DatabaseDevices.start({ devices: 4, replicas: 3 })
  const created = cluster.time(9000)
  await write(cluster.device(0), created, [object('probe', cluster.time(8500))])
  const hash = await hashOf(cluster.device(0))
  const primaries = cluster.container.ring.primaries(partitionOf(cluster, hash).partition).map(({ ip }) => ip)
  const spare = ALL.concat(3).find((at) => !primaries.includes(`10.0.0.${at + 1}`)) ?? 0
  const [one = 0, ...others] = ALL.concat(3).filter((at) => at !== spare)
  await write(cluster.device(spare), created, [
    object('x', cluster.time(8000)),
    gone('y', cluster.time(8000)),
  ])
  cluster.stop(one)
  await cluster.pass(spare)
  for (const at of others) t.ok((await listed(cluster.device(at))).includes('x'))
  t.ok((await listed(cluster.device(spare))).includes('x'), 'one primary was away')
  cluster.restart(one)
  const report = await cluster.pass(spare)
  t.equal(report.repaired['handoffs_emptied'], 1)
  t.equal(await cluster.device(spare).containers.index.state(CONTAINER), undefined)
  t.ok((await listed(cluster.device(one))).includes('x'))
})

t.test(
  'a container that is written while its handoff is emptied stays until that is passed on too',
  async (t) => {
    const cluster = await DatabaseDevices.start({ devices: 4, replicas: 3 })
    cluster.place(ALL, 3)
    const spare = cluster.device(3)
    await write(spare, cluster.time(9000), [object('x', cluster.time(8000))])
    let late: Promise<void> | undefined
    cluster.network.beforeEach = async ({ path }) => {
      if (!path.endsWith('/rows') || late !== undefined) return
      late = write(spare, cluster.time(9000), [object('late', cluster.time(1000))])
      await late
    }
    await cluster.pass(3)
    cluster.network.beforeEach = () => {}
    await cluster.pass(3)
    t.equal(await spare.containers.index.state(CONTAINER), undefined)
    for (const at of ALL) t.same(await listed(cluster.device(at)), ['late', 'x'])
  },
)

t.test('nothing is given away to a device that does not know yet that it is a primary', async (t) => {
  const cluster = await DatabaseDevices.start({ devices: 4, replicas: 3 })
  cluster.place(ALL, 3)
  for (const at of ALL) await write(cluster.device(at), cluster.time(9000), [object('x', cluster.time(8000))])
  await cluster.passes(2)
  cluster.place([1, 2, 3], 3)
  await cluster.pass(0)
  t.same(await listed(cluster.device(0)), ['x'], 'it might give it away itself')
  await cluster.pass(3)
  await cluster.pass(0)
  t.equal(await cluster.device(0).containers.index.state(CONTAINER), undefined)
  t.same(await listed(cluster.device(3)), ['x'])
})

t.test(
  'what the ring newly gives to a device is joining before it is asked, and moves there whole',
  async (t) => {
    const cluster = await DatabaseDevices.start({ devices: 4, replicas: 3 })
    cluster.place(ALL, 3)
    for (const at of ALL)
      await write(cluster.device(at), cluster.time(9000), [
        object('x', cluster.time(8000)),
        gone('y', cluster.time(8000)),
      ])
    await cluster.passes(2)
    const range = partitionOf(cluster, await hashOf(cluster.device(0)))
    cluster.place([1, 2, 3], 3)
    t.not(
      cluster.device(3).containers.ledger.ownsHash(await hashOf(cluster.device(0))),
      true,
      'its silence proves nothing',
    )
    cluster.stop(0)
    cluster.stop(1)
    await cluster.pass(3)
    t.equal(cluster.device(3).containers.ledger.voice(range), 'joining')
    cluster.restart(0)
    cluster.restart(1)
    await cluster.passes(2)
    t.equal(cluster.device(3).containers.ledger.voice(range), 'synced')
    t.same(await listed(cluster.device(3)), ['x'])
    t.equal(
      await cluster.device(0).containers.index.state(CONTAINER),
      undefined,
      'who lost it has passed it on',
    )
  },
)

t.test('a replica that was away for too long brings nothing back that was deleted meanwhile', async (t) => {
  const cluster = await DatabaseDevices.start({ devices: 4, replicas: 3 })
  cluster.place(ALL, 3)
  const created = cluster.time(9000)
  for (const at of ALL)
    await write(cluster.device(at), created, [
      object('deleted', cluster.time(8000)),
      object('kept', cluster.time(8000)),
    ])
  await cluster.passes(2)
  // It is taken out of the ring, so that nobody waits for it.
  cluster.stop(0)
  cluster.place([1, 2, 3], 3)
  await cluster.passes(2)
  for (const at of [1, 2, 3]) await write(cluster.device(at), created, [gone('deleted', cluster.time(1000))])
  for (let day = 0; day < 12; day += 1) {
    await cluster.clock.advance(DAY_MS)
    for (const at of [1, 2, 3]) await cluster.device(at).containers.stampAlive()
    for (const at of [1, 2, 3]) await cluster.pass(at)
  }
  for (const at of [1, 2, 3])
    t.equal(statsOf((await cluster.device(at).containers.index.state(CONTAINER))!.info, 0).tombstones, 0)
  const back = await cluster.crash(0)
  const newer = object('newer', cluster.time(1000))
  await write(back, created, [newer])
  cluster.restart(0)
  await cluster.passes(3)
  for (const at of [1, 2, 3]) t.same(await listed(cluster.device(at)), ['kept', 'newer'])
  t.equal(
    await back.containers.index.state(CONTAINER),
    undefined,
    'and it is a handoff that has been emptied',
  )
})

t.test(
  'metadata that was removed while a replica was away for too long does not come back either',
  async (t) => {
    const cluster = await DatabaseDevices.start({ devices: 4, replicas: 3 })
    cluster.place(ALL, 3)
    const [created, set] = [cluster.time(9000), cluster.time(8000)]
    const says = async (at: number, item: string, value: string, timestamp = set): Promise<void> => {
      const metadata = new Map([[item, { value, timestamp }]])
      await cluster.device(at).containers.index.apply(CONTAINER, [], postContainer(timestamp, metadata))
    }
    for (const at of ALL) {
      await write(cluster.device(at), created, [object('x', set)])
      await says(at, 'x-container-read', '.r:*')
      await says(at, 'x-container-meta-kept', 'yes')
    }
    await cluster.passes(2)
    cluster.stop(0)
    cluster.place([1, 2, 3], 3)
    await cluster.passes(2)
    for (const at of [1, 2, 3]) await says(at, 'x-container-read', '', cluster.time(1000))
    for (let day = 0; day < 12; day += 1) {
      await cluster.clock.advance(DAY_MS)
      for (const at of [1, 2, 3]) await cluster.device(at).containers.stampAlive()
      for (const at of [1, 2, 3]) await cluster.pass(at)
    }
    const metadataOf = async (at: number): Promise<readonly string[]> => {
      const state = await cluster.device(at).containers.index.state(CONTAINER)
      return [...(state?.metadata ?? [])].map(([item, { value }]) => `${item}: ${value}`)
    }
    t.same(await metadataOf(1), ['x-container-meta-kept: yes'], 'the removal is forgotten')
    await cluster.crash(0)
    cluster.restart(0)
    await cluster.passes(3)
    for (const at of [1, 2, 3]) t.same(await metadataOf(at), ['x-container-meta-kept: yes'])
  },
)

t.test('a crash at any request loses nothing and leaves nothing half done', async (t) => {
  for (let fatal = 1; fatal < 30; fatal += 3) {
    const cluster = await DatabaseDevices.start()
    const created = cluster.time(9000)
    const time = cluster.time(8000)
    await write(cluster.device(0), created, [object('a', time), gone('b', time)])
    await write(cluster.device(1), created, [object('b', cluster.time(8500)), object('c', time)])
    await cluster.wipe(2)
    let asked = 0
    cluster.network.beforeEach = () => {
      asked += 1
      if (asked === fatal) throw new Error('power lost')
    }
    await cluster.passes()
    for (const at of ALL) await cluster.crash(at)
    cluster.network.beforeEach = () => {}
    await cluster.passes(3)
    for (const device of cluster.devices) t.same(await listed(device), ['a', 'c'], `request ${fatal}`)
    t.ok(await haveSame(cluster))
  }
})

t.test('accounts are made equal as containers are', async (t) => {
  const cluster = await DatabaseDevices.start()
  const name = { account: 'a' }
  const time = cluster.time(5000)
  const row = {
    name: 'c',
    putTimestamp: time,
    deleteTimestamp: cluster.time(9000),
    reportedAt: time,
    objects: 3,
    bytes: 9,
    policyIndex: 1,
  }
  await cluster.device(0).accounts.index.apply(name, [row], () => ({
    result: undefined,
    info: { ...base(cluster), name },
    rows: 'merge',
  }))
  await cluster.passes(2)
  for (const { accounts } of cluster.devices) {
    const state = await accounts.index.state(name)
    t.match(statsOf(state!.info, 1), { rows: 1, objects: 3, bytes: 9 })
  }
})

function base(cluster: DatabaseDevices) {
  const time = cluster.time(9000)
  return {
    createdAt: time,
    bornAt: time,
    putTimestamp: time,
    deleteTimestamp: cluster.time(9000),
    statusChangedAt: time,
    status: 'live' as const,
    policyIndex: 0,
    reported: { putTimestamp: time, deleteTimestamp: time, objects: 0, bytes: 0 },
    stats: new Map(),
    sequence: 0,
  }
}

t.test('a full device takes nothing, and still gives away what is not its own', async (t) => {
  const cluster = await DatabaseDevices.start({ devices: 4, replicas: 3 })
  cluster.place(ALL, 3)
  const spare = cluster.device(3)
  await write(spare, cluster.time(9000), [object('x', cluster.time(8000))])
  await write(cluster.device(1), cluster.time(9000), [object('y', cluster.time(8000))], 'other')
  for (const at of [0, 3]) cluster.device(at).twin.space.freeBytes = 0
  await cluster.clock.advance(5000)
  t.match((await cluster.pass(3)).waiting, { drive_full: 2, handoffs: 1 }, 'one of the primaries is full too')
  await cluster.pass(0)
  t.same(await listed(cluster.device(0), 'other'), [])
  cluster.device(0).twin.space.freeBytes = 50
  await cluster.clock.advance(5000)
  await cluster.pass(3)
  t.equal(await spare.containers.index.state(CONTAINER), undefined)
})
