/** Reads on virtual time, from nodes that answer what they are told to. Primaries are 0, 1, 2; handoffs 3, 4, 5. */
import fc from 'fast-check'
import t from 'tap'
import { headerOf, type Response } from '#http/message.ts'
import { readConfirmed } from './confirmed-read.ts'
import { readNewest } from './newest-read.ts'
import { type ReadOutcome, readReplica } from './replica-read.ts'
import { type Behaviour, deleted, FakeNodes, found, JOINING, timeOf } from './testing/fake-nodes.ts'

function bodyOf(outcome: ReadOutcome): string {
  return outcome.kind === 'found' ? String(outcome.response.body) : outcome.kind
}

t.test('the device of this process is asked alone when it has the object', async (t) => {
  const nodes = new FakeNodes()
  const local = new FakeNodes({ local: nodes.primary(1).port })
  local.setAll(found('a', 1), found('b', 1), found('c', 1))
  t.equal(bodyOf(await readReplica(local.client, local.read())), 'b')
  t.same(local.order, [1])
})

t.test('without one of its own the primaries take turns', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll(found('a', 1), found('b', 1), found('c', 1))
  for (let at = 0; at < 6; at += 1) await readReplica(nodes.client, nodes.read())
  t.same(nodes.sortedOrder, [0, 0, 1, 1, 2, 2])
})

t.test('a replica that fails is passed over at once', async (t) => {
  for (const behaviour of ['dead', { status: 500 }, { status: 507 }, { status: 401 }] as const) {
    const nodes = new FakeNodes({ local: 6200 })
    for (const node of nodes.placement.primaries) nodes.set(node, found('x', 1))
    nodes.set(nodes.primary(0), behaviour)
    nodes.set(nodes.primary(1), behaviour)
    t.equal(bodyOf(await readReplica(nodes.client, nodes.read())), 'x')
    t.equal(nodes.clock.monotonicMs(), 0)
  }
})

t.test('a slow replica gets a rival after half a second, and whoever answers first wins', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll('silent', 'silent', 'silent')
  const reading = readReplica(nodes.client, nodes.read())
  await nodes.clock.advance(499)
  t.equal(nodes.asked.length, 1)
  await nodes.clock.advance(1)
  t.equal(nodes.asked.length, 2)
  const third = [0, 1, 2].find((at) => !nodes.order.includes(at)) ?? 0
  nodes.set(nodes.primary(third), found('fast', 1))
  await nodes.clock.advance(500)
  t.equal(bodyOf(await reading), 'fast')
})

t.test('a replica that keeps a read waiting is not asked by the next ones', async (t) => {
  for (const local of [undefined, 6200]) {
    const nodes = new FakeNodes(local === undefined ? {} : { local })
    const hung = nodes.placement.primariesLocalFirst[0] ?? nodes.primary(0)
    for (const node of nodes.all) nodes.set(node, found(node.key, 3))
    nodes.set(hung, 'silent')
    const first: Promise<unknown>[] = []
    while (!nodes.asked.some(({ node }) => node === hung)) first.push(readReplica(nodes.client, nodes.read()))
    await nodes.clock.advance(300)
    nodes.asked.length = 0
    for (let at = 0; at < 9; at += 1) await readReplica(nodes.client, nodes.read())
    t.notOk(nodes.asked.some(({ node }) => node === hung))
    await nodes.clock.advance(500)
    await Promise.all(first)
  }
})

t.test('silent replicas are given up after the node time limit', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll('silent', 'silent', 'silent', 'silent', 'silent', 'silent')
  const reading = readReplica(nodes.client, nodes.read())
  await nodes.clock.advance(25_000)
  t.match(await reading, { kind: 'unavailable' })
})

t.test('absence is an answer only when primaries and handoffs were asked', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll()
  t.match(await readReplica(nodes.client, nodes.read()), { kind: 'absent' })
  t.same(nodes.sortedOrder, [0, 1, 2, 3, 4, 5])
})

t.test('a copy on a handoff is found', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 404 }, 'dead', 'dead', { status: 404 }, found('there', 3))
  t.equal(bodyOf(await readReplica(nodes.client, nodes.read())), 'there')
})

t.test('a minority of primaries, or handoffs without a tombstone, cannot prove an absence', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 404 }, 'dead', { status: 503 })
  t.match(await readReplica(nodes.client, nodes.read()), { kind: 'unavailable' })
})

t.test('joining and quarantined replicas do not vote, and what they have is given last', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll(
    { status: 404, headers: JOINING as never },
    { status: 404, headers: { 'x-backend-quarantined': 'true' } },
  )
  t.match(await readReplica(nodes.client, nodes.read()), { kind: 'unavailable' })
  nodes.setAll(found('joining', 5, JOINING), found('synced', 5), 'dead')
  for (let at = 0; at < 3; at += 1) t.equal(bodyOf(await readReplica(nodes.client, nodes.read())), 'synced')
  nodes.setAll(found('joining', 5, JOINING), { status: 404 }, 'dead')
  t.equal(bodyOf(await readReplica(nodes.client, nodes.read())), 'joining')
  nodes.setAll(found('joining', 5, JOINING), deleted(6), { status: 404 })
  t.match(await readReplica(nodes.client, nodes.read()), { kind: 'absent', tombstone: timeOf(6) })
})

t.test('a tombstone beats older data and loses against newer', async (t) => {
  const nodes = new FakeNodes({ local: 6200 })
  const local = nodes.placement.primariesLocalFirst[0]
  if (local !== undefined) nodes.set(local, deleted(5))
  const others = nodes.all.filter((node) => node !== local)
  for (const node of others) nodes.set(node, found('old', 4))
  t.match(await readReplica(nodes.client, nodes.read()), { kind: 'unavailable' })
  for (const node of others) nodes.set(node, deleted(4))
  const absent = await readReplica(nodes.client, nodes.read())
  t.match(absent, { kind: 'absent', tombstone: timeOf(5) })
  if (absent.kind === 'absent') t.equal(headerOf(absent.response, 'x-backend-timestamp'), timeOf(5))
  for (const node of others) nodes.set(node, found('new', 6))
  t.equal(bodyOf(await readReplica(nodes.client, nodes.read())), 'new')
})

t.test('a container that nobody put yet is absent, and one put after its deletion is there', async (t) => {
  const nodes = new FakeNodes()
  const never = { status: 204, headers: { 'x-put-timestamp': '0000000000.00000' } }
  nodes.setAll(never, never, never)
  t.match(await readReplica(nodes.client, nodes.read({ server: 'container' })), { kind: 'absent' })
  const gone = {
    status: 404,
    headers: { 'x-backend-timestamp': timeOf(1), 'x-backend-delete-timestamp': timeOf(5) },
  }
  const here = {
    status: 204,
    headers: { 'x-backend-timestamp': timeOf(1), 'x-backend-put-timestamp': timeOf(6) },
  }
  nodes.setAll(gone, here, gone)
  t.match(await readReplica(nodes.client, nodes.read({ server: 'container' })), { kind: 'found' })
})

t.test('a refusal of the request itself is passed on', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll(
    { status: 412, headers: { etag: '"x"' } },
    { status: 412, headers: { etag: '"x"' } },
    { status: 412, headers: { etag: '"x"' } },
  )
  t.match(await readReplica(nodes.client, nodes.read()), { kind: 'found', response: { status: 412 } })
  nodes.setAll({ status: 400 }, { status: 400 }, { status: 400 })
  t.match(await readReplica(nodes.client, nodes.read()), { kind: 'refused', response: { status: 400 } })
})

t.test('the newest is never given with the metadata of data that came while it was read', async (t) => {
  const nodes = new FakeNodes()
  const [posted, holder] = nodes.placement.primaries
  if (posted === undefined || holder === undefined) throw new Error('three primaries')
  nodes.setAll({ status: 404 }, { status: 404 }, { status: 404 })
  const meta = 'x-object-meta-writer'
  let looks = 0
  nodes.set(posted, async () => {
    looks += 1
    const older = found('v1', 1, { 'x-backend-timestamp': timeOf(3), [meta]: 'post' })
    const newer = found('v4', 4, { [meta]: 'put 4' })
    return { status: 200, headers: {}, body: undefined, ...(looks === 1 ? older : newer) }
  })
  nodes.set(holder, found('v2', 2, { [meta]: 'put 2' }))
  const outcome = await readNewest(nodes.client, nodes.read())
  t.equal(bodyOf(outcome), 'v4')
  t.equal(outcome.kind === 'found' && outcome.response.headers[meta], 'put 4')
})

const behaviours: fc.Arbitrary<Behaviour> = fc.oneof(
  fc.constant<Behaviour>('dead'),
  fc.constant<Behaviour>({ status: 404 }),
  fc.constant<Behaviour>({ status: 404, headers: JOINING as Response['headers'] }),
  fc.constant<Behaviour>({ status: 507 }),
  fc.integer({ min: 1, max: 5 }).map((second) => deleted(second)),
  fc.integer({ min: 1, max: 5 }).map((second) => found(`v${second}`, second)),
  fc.integer({ min: 1, max: 5 }).map((second) => found(`v${second}`, second, JOINING)),
)

t.test('asking for the newest gives the newest of all that answered, tombstones included', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(behaviours, { minLength: 6, maxLength: 6 }), async (all) => {
      const nodes = new FakeNodes()
      nodes.setAll(...all)
      const outcome = await readNewest(nodes.client, nodes.read())
      const times = (status: number): string[] =>
        all.flatMap((one) =>
          typeof one === 'object' && one.status === status
            ? [String(one.headers?.['x-backend-timestamp'] ?? '')]
            : [],
        )
      const [live] = times(200).toSorted().toReversed()
      const [dead = ''] = times(404).toSorted().toReversed()
      if (live !== undefined && live > dead) return bodyOf(outcome) === `v${Number(live.slice(8, 10))}`
      return outcome.kind === 'absent' || outcome.kind === 'unavailable'
    }),
    { numRuns: 300 },
  )
})

t.test(
  'a read never gives data that is not newer than a tombstone it saw, and never invents an absence',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(behaviours, { minLength: 6, maxLength: 6 }), async (all) => {
        const nodes = new FakeNodes()
        nodes.setAll(...all)
        const outcome = await readReplica(nodes.client, nodes.read())
        if (outcome.kind !== 'absent') return true
        const voters = all.filter(
          (one, at) =>
            typeof one === 'object' &&
            one.status === 404 &&
            (one.headers?.['x-backend-timestamp'] !== undefined || (at < 3 && one.headers === undefined)),
        )
        const live = all.some(
          (one) =>
            typeof one === 'object' &&
            one.status === 200 &&
            String(one.headers?.['x-backend-timestamp']) > outcome.tombstone &&
            outcome.tombstone !== '0000000000.00000',
        )
        return voters.length >= 2 && !live
      }),
      { numRuns: 300 },
    )
  },
)

t.test(
  'a confirmed read asks as many others as are needed, and is overtaken by a newer version',
  async (t) => {
    const nodes = new FakeNodes({ local: 6200, devices: 3 })
    const [local, ...others] = nodes.placement.primariesLocalFirst
    if (local !== undefined) nodes.set(local, found('old', 1))
    for (const node of others) nodes.set(node, found('old', 1))
    t.equal(bodyOf(await readConfirmed(nodes.client, nodes.read(), 'unavailable')), 'old')
    t.same(
      nodes.asked.map(({ request }) => request.method),
      ['GET', 'HEAD'],
    )
    t.equal(nodes.asked[1]?.request.headers['x-backend-martlet-index-only'], 'true')
    for (const node of others) nodes.set(node, found('new', 2))
    t.equal(bodyOf(await readConfirmed(nodes.client, nodes.read(), 'unavailable')), 'new')
    for (const node of others) nodes.set(node, 'dead')
    t.match(await readConfirmed(nodes.client, nodes.read(), 'unavailable'), { kind: 'unavailable' })
  },
)

t.test('a replica that is joining confirms nothing, for it may have lost what is newer', async (t) => {
  const nodes = new FakeNodes({ local: 6200, devices: 3 })
  const [local, ...others] = nodes.placement.primariesLocalFirst
  if (local !== undefined) nodes.set(local, found('old', 1))
  for (const node of others) nodes.set(node, { status: 404, headers: JOINING })
  t.match(await readConfirmed(nodes.client, nodes.read(), 'unavailable'), { kind: 'unavailable' })
})
