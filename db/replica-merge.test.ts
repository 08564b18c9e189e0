/** Replicas that tell each other what they know come to the same, whoever tells whom and in whatever order. */
import fc from 'fast-check'
import t from 'tap'
import type { Timestamp } from '#base/timestamp.ts'
import { deleteContainer, isContainerDeleted, postContainer, putContainer } from './container-rules.ts'
import { at, mergeInto, row } from './index-contract.ts'
import type { DatabaseInfo, DatabaseState } from './info.ts'
import { MemoryIndex } from './memory-index.ts'
import { type ObjectRow, objectRows } from './object-row.ts'
import { comparisonDigest, isForgotten, mergeReplica, replicated } from './replica-merge.ts'

const CONTAINER = { account: 'a', container: 'c' }
const REPLICAS = [0, 1, 2]
type Replica = MemoryIndex<ObjectRow>

interface Operation {
  readonly kind: 'put' | 'post' | 'delete'
  readonly policy: number
  /** Replicas that hear of it. */
  readonly heard: readonly number[]
  readonly tell: readonly (readonly [number, number])[]
}

const replica = fc.constantFrom(...REPLICAS)
const operation = fc.record<Operation>({
  kind: fc.constantFrom<Operation['kind'][]>('put', 'post', 'delete'),
  policy: fc.integer({ min: 0, max: 1 }),
  heard: fc.subarray(REPLICAS, { minLength: 1 }),
  tell: fc.array(fc.tuple(replica, replica), { maxLength: 2 }),
})

async function run(
  replicas: readonly Replica[],
  { kind, policy, heard }: Operation,
  time: Timestamp,
): Promise<void> {
  for (const at of heard) {
    const index = replicas[at] as Replica
    const metadata = new Map([['x-container-meta-a', { value: time, timestamp: time }]])
    const put = {
      name: CONTAINER,
      timestamp: time,
      requestedPolicy: undefined,
      defaultPolicy: policy,
      metadata,
    }
    if (kind === 'put') await index.apply(CONTAINER, [], putContainer(put))
    else if (kind === 'post') await index.apply(CONTAINER, [], postContainer(time, metadata))
    else await index.apply(CONTAINER, [], deleteContainer(time))
  }
}

async function tell(from: Replica, to: Replica): Promise<void> {
  const state = await from.state(CONTAINER)
  if (state !== undefined) await to.apply(CONTAINER, [], mergeReplica(replicated(state)))
}

/** Twice around, both ways. */
async function gossip(
  replicas: readonly Replica[],
  order: readonly (readonly [number, number])[],
): Promise<void> {
  for (const [from, to] of [...order, ...order])
    await tell(replicas[from] as Replica, replicas[to] as Replica)
  for (let round = 0; round < 3; round += 1)
    for (const from of REPLICAS)
      for (const to of REPLICAS) await tell(replicas[from] as Replica, replicas[to] as Replica)
}

t.test('replicas that heard different requests agree in the end', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { maxLength: 8 }),
      fc.array(fc.tuple(replica, replica)),
      async (operations, order) => {
        const replicas = REPLICAS.map(() => new MemoryIndex(objectRows))
        for (const [second, one] of operations.entries()) {
          await run(replicas, one, at(second + 1))
          for (const [from, to] of one.tell) await tell(replicas[from] as Replica, replicas[to] as Replica)
        }
        await gossip(replicas, order)
        const states = await Promise.all(replicas.map((index) => index.state(CONTAINER)))
        const [first] = states
        for (const state of states) {
          t.same(state && replicated(state), first && replicated(first), JSON.stringify(operations))
          t.same(comparisonDigest(state, 0), comparisonDigest(first, 0))
        }
        // Telling once more changes nothing.
        await gossip(replicas, [])
        t.same(await replicas[0]?.state(CONTAINER), first)
        return states.every((state) => comparisonDigest(state, 0).equals(comparisonDigest(first, 0)))
      },
    ),
    { numRuns: 200 },
  )
})

async function outcome(...operations: readonly Operation[]): Promise<DatabaseInfo> {
  const replicas = REPLICAS.map(() => new MemoryIndex(objectRows))
  for (const [second, one] of operations.entries()) await run(replicas, one, at(second + 1))
  await gossip(replicas, [])
  return ((await (replicas[0] as Replica).state(CONTAINER)) as DatabaseState).info
}

function heardBy(kind: Operation['kind'], heard: readonly number[], policy = 0): Operation {
  return { kind, policy, heard, tell: [] }
}

t.test(
  'a container that a majority deleted does not come back by a POST that only a stale replica took',
  async (t) => {
    const info = await outcome(heardBy('put', REPLICAS), heardBy('delete', [1, 2]), heardBy('post', REPLICAS))
    t.ok(isContainerDeleted(info))
  },
)

t.test('a container that was made again lives, whoever missed its deletion', async (t) => {
  const info = await outcome(heardBy('put', REPLICAS), heardBy('delete', [1, 2]), heardBy('put', [0, 2], 1))
  t.notOk(isContainerDeleted(info))
  t.equal(info.policyIndex, 1)
  t.equal(info.statusChangedAt, at(3))
})

t.test('of two storage policies the one that was first wins', async (t) => {
  const info = await outcome(heardBy('put', [0, 1], 1), heardBy('put', [2], 0))
  t.equal(info.policyIndex, 1)
  t.equal(info.statusChangedAt, at(1))
})

t.test('a deletion is forgotten when it is old and nothing is left', async (t) => {
  const day = 20_000
  const seconds = day * 86_400
  const index = new MemoryIndex(objectRows)
  await index.apply(CONTAINER, [], mergeInto)
  await index.apply(CONTAINER, [], deleteContainer(at(seconds)))
  const deleted = (await index.state(CONTAINER)) as DatabaseState
  t.notOk(isForgotten(deleted, day))
  t.ok(isForgotten(deleted, day + 1))
  t.same(comparisonDigest(deleted, day + 1), comparisonDigest(undefined, day + 1))
  await index.apply(CONTAINER, [row('late', seconds)], mergeInto)
  t.notOk(isForgotten((await index.state(CONTAINER)) as DatabaseState, day + 1))
})

t.test('what a stand-in made and deleted by itself hides nothing of what the others hold', async (t) => {
  const [holder, standIn] = [new MemoryIndex(objectRows), new MemoryIndex(objectRows)]
  const put = (seconds: number, defaultPolicy: number) =>
    putContainer({
      name: CONTAINER,
      timestamp: at(seconds),
      requestedPolicy: undefined,
      defaultPolicy,
      metadata: new Map(),
    })
  await holder.apply(CONTAINER, [], put(1, 0))
  await holder.apply(CONTAINER, [row('x', 2)], mergeInto)
  await standIn.apply(CONTAINER, [], put(3, 1))
  t.match(await standIn.apply(CONTAINER, [], deleteContainer(at(4))), { kind: 'deleted' })
  await tell(standIn, holder)
  const { info } = (await holder.state(CONTAINER)) as DatabaseState
  t.notOk(isContainerDeleted(info))
  t.match(await holder.apply(CONTAINER, [], deleteContainer(at(5))), { kind: 'not_empty' })
})
