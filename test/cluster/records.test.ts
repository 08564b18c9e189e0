/** Records over real storage servers in memory: several proxies, devices that stop, peers that promise nothing. */
import t, { type Test } from 'tap'
import { CAPABILITIES_HEADER } from '#base/extensions.ts'
import { realClock } from '#base/real-clock.ts'
import { bufferBody } from '#http/message.ts'
import type { CreatedStore } from '#store/create-store.ts'
import { withFeatures } from '#store/features.ts'
import type { Invalidations, Stale } from '#store/invalidations.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { type FoundRecord, RECORDS_ACCOUNT } from '#store/records/contract.ts'
import { BIRDS, type Bird, CONTEXT, recordsSuite } from '#store/records/testing/records-suite.ts'
import { MemoryCluster } from './memory-cluster.ts'

async function start(t: Test): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start({ nodeTimeoutMs: 2000 })
  t.teardown(() => cluster.close())
  return cluster
}

function recordsOf(store: CreatedStore, invalidations?: Invalidations): ClusterRecords {
  return new ClusterRecords({ store, clock: realClock, invalidations })
}

recordsSuite(t, async (t) => recordsOf((await start(t)).store))

t.test('of two proxies that create the same record one does, and the other is told', async (t) => {
  const cluster = await start(t)
  const one = recordsOf(cluster.store).of(BIRDS)
  const other = recordsOf(await cluster.anotherProxy()).of(BIRDS)
  for (const key of ['raven', 'crow', 'jay']) {
    const outcomes = await Promise.all([
      one.create(CONTEXT, key, { wings: 1 }),
      other.create(CONTEXT, key, { wings: 2 }),
    ])
    t.same(outcomes.map(({ kind }) => kind).toSorted(), ['exists', 'found'], key)
    const winner = outcomes.find(({ kind }) => kind === 'found') as FoundRecord<Bird>
    for (const birds of [one, other]) {
      t.match(await birds.read(CONTEXT, key, 'newest'), { value: winner.value })
    }
  }
})

t.test('a proxy that is told of a change forgets at once; one that is not, within a second', async (t) => {
  const cluster = await start(t)
  const told: ClusterRecords[] = []
  const announce = async (stale: Stale): Promise<void> => {
    for (const records of told) records.forget(stale)
  }
  const writer = recordsOf(cluster.store, { announce }).of(BIRDS)
  const listening = recordsOf(await cluster.anotherProxy())
  const deaf = recordsOf(await cluster.anotherProxy()).of(BIRDS)
  told.push(listening)
  const hearing = listening.of(BIRDS)
  t.same(await hearing.read(CONTEXT, 'owl', 'remembered'), { kind: 'absent' })
  const first = (await writer.create(CONTEXT, 'owl', { wings: 1 })) as FoundRecord<Bird>
  t.match(
    await hearing.read(CONTEXT, 'owl', 'remembered'),
    { value: { wings: 1 } },
    'absence is forgotten too',
  )
  t.match(await deaf.read(CONTEXT, 'owl', 'remembered'), { value: { wings: 1 } })
  await writer.replace(CONTEXT, first, { wings: 2 })
  t.match(await hearing.read(CONTEXT, 'owl', 'remembered'), { value: { wings: 2 } })
  await realClock.sleep(1050)
  t.match(await deaf.read(CONTEXT, 'owl', 'remembered'), { value: { wings: 2 } })
})

t.test('losing a device loses no record, and records are written without it', async (t) => {
  const cluster = await start(t)
  const birds = recordsOf(cluster.store).of(BIRDS)
  for (const key of ['a', 'b', 'c', 'd']) await birds.create(CONTEXT, key, { wings: 2 })
  cluster.stop(cluster.devices[1] as MemoryCluster['devices'][number])
  const fresh = recordsOf(await cluster.anotherProxy()).of(BIRDS)
  for (const key of ['a', 'b', 'c', 'd']) {
    const read = (await fresh.read(CONTEXT, key, 'newest')) as FoundRecord<Bird>
    t.match(read, { kind: 'found', value: { wings: 2 } }, key)
    t.match(await fresh.replace(CONTEXT, read, { wings: 4 }), { kind: 'found' }, key)
  }
  t.match(await fresh.create(CONTEXT, 'e', { wings: 2 }), { kind: 'found' })
})

t.test('what too few replicas confirm is not told', async (t) => {
  const cluster = await start(t)
  const birds = recordsOf(cluster.store).of(BIRDS)
  await birds.create(CONTEXT, 'lone', { wings: 2 })
  for (const device of cluster.devices.slice(1)) cluster.stop(device, 'object')
  t.match(await birds.read(CONTEXT, 'lone', 'newest'), { kind: 'unavailable' })
})

t.test(
  'where storage servers promise nothing, records are read but not written, and nothing is half done',
  async (t) => {
    const cluster = await start(t)
    const birds = recordsOf(cluster.store).of(BIRDS)
    const before = (await birds.create(CONTEXT, 'gull', { wings: 2 })) as FoundRecord<Bird>
    const simple = recordsOf(
      await cluster.anotherProxy({
        transport: (network) => ({
          send: async (...asked) => {
            const { status, body, headers } = await network.send(...asked)
            return { status, body, headers: { ...headers, [CAPABILITIES_HEADER]: undefined } }
          },
          close: () => network.close(),
        }),
      }),
    ).of(BIRDS)
    const why = { kind: 'unavailable', reason: /conditional writes/ }
    t.match(await simple.read(CONTEXT, 'gull', 'newest'), { kind: 'found' })
    t.match(await simple.create(CONTEXT, 'tern', { wings: 2 }), why)
    t.match(await simple.replace(CONTEXT, before, { wings: 3 }), why)
    t.match(await simple.remove(CONTEXT, before), why)
    t.match(await birds.read(CONTEXT, 'gull', 'newest'), { value: { wings: 2 } })
    t.same(await birds.read(CONTEXT, 'tern', 'newest'), { kind: 'absent' })
  },
)

t.test('no operation of a door reaches the account of the records', async (t) => {
  const cluster = await start(t)
  await recordsOf(cluster.store).of(BIRDS).create(CONTEXT, 'kept', { wings: 2 })
  const { accounts, containers, objects } = withFeatures(cluster.store, {
    environment: { clock: realClock, random: cluster.parts.random },
    timestamps: cluster.timestamps,
  })
  const account = { account: RECORDS_ACCOUNT }
  const container = { ...account, container: BIRDS.name }
  const object = { ...container, object: 'kept' }
  const read = { method: 'GET', conditions: {}, newest: true } as const
  const put = {
    body: bufferBody(Buffer.from('{}')),
    contentType: 'text/plain',
    expectedEtag: undefined,
    metadata: {},
    limitBytes: 100,
  }
  const listing = { listing: { limit: 10, reverse: false } }
  t.equal(await accounts.info(CONTEXT, account), undefined)
  t.equal(await containers.info(CONTEXT, container), undefined)
  const outcomes = {
    accountRead: await accounts.read(CONTEXT, account, listing),
    accountPut: await accounts.put(CONTEXT, account, {}),
    accountPost: await accounts.post(CONTEXT, account, {}),
    accountDelete: await accounts.delete(CONTEXT, account),
    containerRead: await containers.read(CONTEXT, container, listing),
    containerPut: await containers.put(CONTEXT, container, { changes: {}, policyIndex: undefined }),
    containerPost: await containers.post(CONTEXT, container, {}),
    containerDelete: await containers.delete(CONTEXT, container),
    objectRead: await objects.read(CONTEXT, object, read),
    objectPut: await objects.put(CONTEXT, object, put),
    objectPost: await objects.post(CONTEXT, object, { metadata: {}, contentType: undefined }),
    objectDelete: await objects.delete(CONTEXT, object, {}),
  }
  for (const [operation, { kind }] of Object.entries(outcomes)) {
    t.ok(['denied', 'no_such_account', 'no_such_container'].includes(kind), `${operation}: ${kind}`)
  }
  t.match(await recordsOf(cluster.store).of(BIRDS).read(CONTEXT, 'kept', 'newest'), { value: { wings: 2 } })
})
