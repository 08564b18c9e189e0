/**
 * Conditional writes through several proxies of one cluster: of a hundred racers exactly one wins, with a storage
 * process down, whoever dies on the way.
 */
import t, { type Test } from 'tap'
import { ballotOf, candidateIdOf, formatAcceptance, NONCE_BYTES } from '#base/ballot.ts'
import { INCOMPLETE_HEADER, PROPOSAL_HEADER } from '#base/extensions.ts'
import { ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { bufferBody } from '#http/message.ts'
import type { WriteCondition } from '#store/condition.ts'
import type { ObjectDeleteReceipt, ObjectPut } from '#store/contract.ts'
import type { CreatedStore } from '#store/create-store.ts'
import type { StoreFailure } from '#store/failure.ts'
import { CONTAINER, get, list, makeContainer, named, put, streamed } from './actions.ts'
import { MemoryCluster, type MemoryDevice } from './memory-cluster.ts'

const RACERS = 100
const ABSENT: WriteCondition = { kind: 'absent' }

function matching(etags: string): WriteCondition {
  return { kind: 'matches', etags }
}

async function startCluster(t: Test, devices = 4, patienceMs?: number): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start({
    devices,
    ...(patienceMs === undefined ? {} : { store: { rules: { conditionalPatienceMs: patienceMs } } }),
  })
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  return cluster
}

/** The primaries of an object, in the ring's order. */
function primariesOf(cluster: MemoryCluster, object: string): readonly MemoryDevice[] {
  const placement = cluster.parts.objectPlacement(0, named(object))
  return (placement?.primaries ?? []).map(({ port }) => cluster.deviceAt(port))
}

async function proxiesOf(cluster: MemoryCluster, count: number): Promise<readonly CreatedStore[]> {
  return await Promise.all(Array.from({ length: count }, () => cluster.anotherProxy()))
}

function putBy(
  cluster: MemoryCluster,
  store: CreatedStore,
  object: string,
  body: string | Buffer,
  condition: WriteCondition,
): ReturnType<typeof put> {
  return put({ context: cluster.context, store }, object, body, { condition })
}

function kinds(outcomes: readonly { readonly kind: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

await t.test(
  'of a hundred who want to be the first exactly one is, with a storage process down',
  async (t) => {
    const cluster = await startCluster(t)
    const proxies = await proxiesOf(cluster, 4)
    for (let race = 0; race < 3; race += 1) {
      const object = `race-${race}`
      const down = primariesOf(cluster, object)[race] as MemoryDevice
      cluster.stop(down)
      const outcomes = await Promise.all(
        Array.from({ length: RACERS }, (_, at) =>
          putBy(cluster, proxies[at % proxies.length] as CreatedStore, object, `racer ${at}`, ABSENT),
        ),
      )
      const winners = outcomes.flatMap((outcome, at) => (outcome.kind === 'created' ? [at] : []))
      t.same(kinds(outcomes), { created: 1, precondition_failed: RACERS - 1 })
      t.equal((await get(cluster, object)).bytes.toString(), `racer ${winners[0]}`)
      cluster.restart(down)
      const read = await get(cluster, object, { newest: true })
      t.equal(read.bytes.toString(), `racer ${winners[0]}`)
      const winner = outcomes.find((outcome) => outcome.kind === 'created')
      const isPending = winner?.kind === 'created' && winner.listingPending
      t.ok(
        isPending || (await list(cluster)).names.includes(object),
        'the listing shows it, or was said to lag',
      )
    }
  },
)

await t.test('each version is replaced by exactly one of those who saw it', async (t) => {
  const cluster = await startCluster(t)
  const proxies = await proxiesOf(cluster, 3)
  cluster.stop(primariesOf(cluster, 'counter')[1] as MemoryDevice)
  t.match(await putBy(cluster, proxies[0] as CreatedStore, 'counter', '0', ABSENT), { kind: 'created' })
  let added = 0
  await Promise.all(
    proxies.map(async (store) => {
      for (let turn = 0; turn < 8; turn += 1) {
        const before = await get({ context: cluster.context, store }, 'counter', { newest: true })
        const next = String(Number(before.bytes.toString()) + 1)
        const outcome = await putBy(cluster, store, 'counter', next, matching(before.headers['etag'] ?? ''))
        if (outcome.kind === 'created') added += 1
        else t.equal(outcome.kind, 'precondition_failed')
      }
    }),
  )
  t.ok(added >= 8)
  t.equal((await get(cluster, 'counter', { newest: true })).bytes.toString(), String(added))
})

await t.test('a condition that does not hold is refused, and one that holds is not', async (t) => {
  const cluster = await startCluster(t)
  const write = (body: string | Buffer, condition: WriteCondition): ReturnType<typeof put> =>
    put(cluster, 'o', body, { condition })
  t.match(await write('x', matching('*')), { kind: 'precondition_failed', condition: 'agreed' })
  const first = await write('first', ABSENT)
  t.match(first, { kind: 'created', condition: 'agreed', listingPending: false })
  t.match(await write('x', ABSENT), { kind: 'precondition_failed' })
  t.match(await write('x', matching('"other"')), { kind: 'precondition_failed' })
  t.match(await write('second', matching(`"other", "${'etag' in first ? first.etag : ''}"`)), {
    kind: 'created',
  })
  t.match(await write('third', matching('*')), { kind: 'created' })
  t.equal((await get(cluster, 'o')).bytes.toString(), 'third')
  await put(cluster, 'o', 'plain')
  t.match(await write('x', ABSENT), { kind: 'precondition_failed' })
  await cluster.store.objects.delete(cluster.context, named('o'), {})
  t.match(await write('again', ABSENT), { kind: 'created' }, 'what was deleted is not there')
  t.equal((await get(cluster, 'o')).bytes.toString(), 'again')
})

await t.test('large bodies of unknown length, metadata and all, are written under a condition', async (t) => {
  const cluster = await startCluster(t)
  const bytes = Buffer.alloc(3_000_000, 'martlet')
  const options: Partial<ObjectPut> = {
    condition: ABSENT,
    metadata: { 'x-object-meta-colour': 'blue' },
    contentType: 'image/raw',
  }
  t.match(await put(cluster, 'large', streamed(bytes), options), { kind: 'created', sizeBytes: bytes.length })
  const read = await get(cluster, 'large')
  t.ok(read.bytes.equals(bytes))
  t.match(read.headers, { 'x-object-meta-colour': 'blue', 'content-type': 'image/raw' })
  let asked = 0
  const unread = { ...bufferBody(Buffer.alloc(200_000)), bytes: undefined, lengthBytes: 200_000 }
  const counted = {
    ...unread,
    async *[Symbol.asyncIterator]() {
      asked += 1
      yield Buffer.alloc(200_000)
    },
  }
  t.match(await put(cluster, 'large', counted, options), { kind: 'precondition_failed' })
  t.equal(asked, 0, 'a body that is not wanted is not read')
  const wrong = { ...options, condition: matching('*'), expectedEtag: '0'.repeat(32) }
  t.match(await put(cluster, 'large', streamed(Buffer.alloc(100_000)), wrong), { kind: 'etag_mismatch' })
  const tooLarge = { ...options, condition: matching('*'), limitBytes: 70_000 }
  t.match(await put(cluster, 'large', streamed(Buffer.alloc(100_000)), tooLarge), { kind: 'too_large' })
  t.ok((await get(cluster, 'large')).bytes.equals(bytes), 'what is there stays')
})

await t.test('an object is deleted under a condition, by one of many', async (t) => {
  const cluster = await startCluster(t)
  const created = await put(cluster, 'o', 'x')
  const etag = 'etag' in created ? created.etag : ''
  const remove = (condition: WriteCondition): Promise<ObjectDeleteReceipt | StoreFailure> =>
    cluster.store.objects.delete(cluster.context, named('o'), { condition })
  t.match(await remove(matching('other')), { kind: 'precondition_failed' })
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => remove(matching(etag))))
  t.same(kinds(outcomes), { deleted: 1, no_such_object: 9 })
  t.equal((await get(cluster, 'o')).kind, 'no_such_object')
  t.notOk((await list(cluster)).names.includes('o'))
  t.match(await remove(matching('*')), { kind: 'no_such_object' })
})

await t.test(
  'with too few primaries nothing is promised, and nobody is told that a condition was false',
  async (t) => {
    const cluster = await startCluster(t, 4, 200)
    const [first, second] = primariesOf(cluster, 'o')
    cluster.stop(first as MemoryDevice)
    cluster.stop(second as MemoryDevice)
    const outcome = await put(cluster, 'o', 'x', { condition: ABSENT })
    t.equal(outcome.kind, 'undecided')
    cluster.restart(first as MemoryDevice)
    t.match(await put(cluster, 'o', 'x', { condition: ABSENT }), { kind: 'created' })
  },
)

await t.test('whoever commits while a primary is away is told to bring it to others', async (t) => {
  const cluster = await startCluster(t)
  const told: unknown[] = []
  cluster.network.inject((_, { method, headers }) => {
    if (method === 'COMMIT' && headers[INCOMPLETE_HEADER] === 'true') told.push(method)
    return undefined
  })
  cluster.stop(primariesOf(cluster, 'o')[0] as MemoryDevice)
  t.match(await put(cluster, 'o', 'x', { condition: ABSENT }), { kind: 'created' })
  t.equal(told.length, 1, 'one of them is enough')
})

await t.test('a plain write that only a handoff and one primary have is seen', async (t) => {
  const cluster = await startCluster(t, 6)
  const [first, second, third] = primariesOf(cluster, 'o') as [MemoryDevice, MemoryDevice, MemoryDevice]
  cluster.stop(second)
  cluster.stop(third)
  t.match(await put(cluster, 'o', 'plain'), { kind: 'created' })
  cluster.restart(second)
  cluster.restart(third)
  cluster.stop(first)
  t.match(await put(cluster, 'o', 'x', { condition: ABSENT }), { kind: 'precondition_failed' })
})

/** A proxy that died after one primary had accepted what it proposed. */
async function proposeToOne(cluster: MemoryCluster, object: string, body: Buffer, at: number): Promise<void> {
  const placement = cluster.parts.objectPlacement(0, named(object))
  const node = placement?.primaries[at]
  if (placement === undefined || node === undefined) throw new Error('no primary')
  const [ballotTime, time] = [await cluster.timestamps.next(), await cluster.timestamps.next()]
  const ballot = ballotOf(ballotTime, Buffer.alloc(NONCE_BYTES, 1))
  const candidate = { id: candidateIdOf(time, Buffer.alloc(NONCE_BYTES, 1)), kind: 'data' } as const
  const outcome = await cluster.client.send(node, {
    server: 'object',
    method: 'PUT',
    partition: placement.partition,
    path: `/${CONTAINER.account}/${CONTAINER.container}/${object}`,
    query: '',
    headers: {
      'x-timestamp': time,
      'x-backend-storage-policy-index': '0',
      'content-type': 'a/b',
      'content-length': String(body.length),
      'x-object-meta-colour': 'blue',
      'x-delete-at': '4000000000',
      [PROPOSAL_HEADER]: formatAcceptance({ ballot, candidate, base: ZERO_TIMESTAMP }),
    },
    body: bufferBody(body),
    signal: undefined,
  })
  if (outcome.kind !== 'answered' || outcome.response.status !== 202) throw new Error('not accepted')
}

await t.test('what a dead proxy may have had chosen is finished by the next one, body and all', async (t) => {
  for (const [object, body] of [
    ['small', Buffer.from('left behind')],
    ['large', Buffer.alloc(2_500_000, 'left behind')],
  ] as const) {
    const cluster = await startCluster(t)
    const [, , third] = primariesOf(cluster, object)
    await proposeToOne(cluster, object, body, 0)
    t.equal((await get(cluster, object)).kind, 'no_such_object', 'nobody sees it')
    cluster.stop(third as MemoryDevice)
    t.match(await put(cluster, object, 'mine', { condition: ABSENT }), { kind: 'precondition_failed' })
    for (const newest of [true, false]) {
      const read = await get(cluster, object, { newest })
      t.ok(read.bytes.equals(body))
      t.match(read.headers, {
        'x-object-meta-colour': 'blue',
        'x-delete-at': '4000000000',
        'content-type': 'a/b',
      })
    }
    t.ok((await list(cluster)).names.includes(object))
  }
})

await t.test('what a dead proxy cannot have had chosen gives way, and waits no plain write up', async (t) => {
  const cluster = await startCluster(t)
  await proposeToOne(cluster, 'o', Buffer.from('left behind'), 1)
  t.match(await put(cluster, 'o', 'plain'), { kind: 'created' })
  t.equal((await get(cluster, 'o', { newest: true })).bytes.toString(), 'plain')
  t.match(await put(cluster, 'o', 'mine', { condition: ABSENT }), { kind: 'precondition_failed' })
  t.match(await put(cluster, 'o', 'mine', { condition: matching('*') }), { kind: 'created' })
  t.equal((await get(cluster, 'o', { newest: true })).bytes.toString(), 'mine')
})

await t.test(
  'what a dead proxy cannot have had chosen does not come over an earlier plain write',
  async (t) => {
    for (const at of [0, 1, 2]) {
      const cluster = await startCluster(t)
      const timestamp = await cluster.timestamps.next()
      await proposeToOne(cluster, 'o', Buffer.from('left behind'), at)
      t.match(await put(cluster, 'o', 'plain', { timestamp }), { kind: 'created' }, 'two of three have it')
      t.match(await put(cluster, 'o', 'mine', { condition: ABSENT }), { kind: 'precondition_failed' })
      t.equal((await get(cluster, 'o', { newest: true })).bytes.toString(), 'plain')
      t.match(await put(cluster, 'o', 'mine', { condition: matching('*') }), { kind: 'created' })
      t.equal((await get(cluster, 'o', { newest: true })).bytes.toString(), 'mine')
    }
  },
)

await t.test('containers and their policies are what they are at the time of the write', async (t) => {
  const cluster = await startCluster(t)
  await cluster.store.containers.delete(cluster.context, CONTAINER)
  t.match(await put(cluster, 'o', 'x', { condition: ABSENT }), { kind: 'no_such_container' })
})
