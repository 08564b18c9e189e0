/**
 * Views of a container go on from what changed: no acknowledged write is missing, whichever replicas have it, and whichever
 * of them answer. The replicas are real container servers; rows are written to single ones behind the store's back.
 */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { ChangePositions, ChangesRead } from '#cluster/container-changes.ts'
import type { StorageNode } from '#cluster/storage-node.ts'
import { EMPTY_BODY } from '#http/message.ts'
import { MemoryCluster } from './memory-cluster.ts'

const CONTAINER = { account: 'AUTH_test', container: 'c' }

async function start(t: Test): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start({ nodeTimeoutMs: 2000 })
  t.teardown(() => cluster.close())
  await cluster.store.containers.put(cluster.context, CONTAINER, { changes: {}, policyIndex: undefined })
  return cluster
}

function replicas({ parts }: MemoryCluster): readonly StorageNode[] {
  return parts.containerPlacement(CONTAINER.account, CONTAINER.container).primaries
}

let second = 0

/** A row on some of the replicas. */
async function write(cluster: MemoryCluster, name: string, nodes: readonly StorageNode[]): Promise<void> {
  const { client, parts, context } = cluster
  second += 1
  for (const node of nodes) {
    await client.send(node, {
      server: 'container',
      method: 'PUT',
      partition: parts.containerPlacement(CONTAINER.account, CONTAINER.container).partition,
      path: `/AUTH_test/c/${name}`,
      query: '',
      headers: {
        'x-timestamp': `17000${String(second).padStart(5, '0')}.00000`,
        'x-trans-id': context.txId,
        'x-size': '1',
        'x-content-type': 'text/plain',
        'x-etag': `e${second}`,
        'x-backend-storage-policy-index': '0',
      },
      body: EMPTY_BODY,
      signal: undefined,
    })
  }
}

async function changes(cluster: MemoryCluster, since?: ChangePositions): Promise<ChangesRead> {
  const asked = cluster.store.containers.changes?.(cluster.context, CONTAINER, since)
  if (asked === undefined) throw new Error('the core store tells of changes')
  return await asked
}

async function begin(cluster: MemoryCluster): Promise<ChangePositions> {
  const begun = await changes(cluster)
  if (begun.kind !== 'list') throw new Error(`a beginning was ${begun.kind}`)
  return begun.positions
}

function namesIn(read: ChangesRead): ReadonlySet<string> {
  return new Set(read.kind === 'changes' ? read.rows.map(({ name }) => name) : [])
}

void t.test('every row that a majority has is told, on whichever replicas it came first', async (t) => {
  const cluster = await start(t)
  const nodes = replicas(cluster)
  // Which replica lacks the row for now; it comes there a round later.
  const rounds = fc.array(fc.array(fc.constantFrom(0, 1, 2, 'none' as const), { maxLength: 4 }), {
    maxLength: 5,
  })
  let count = 0
  await fc.assert(
    fc.asyncProperty(rounds, async (rounds) => {
      let positions = await begin(cluster)
      for (const missing of rounds) {
        const wanted: string[] = []
        for (const lacks of missing) {
          const name = `o${count++}`
          await write(
            cluster,
            name,
            nodes.filter((_, at) => at !== lacks),
          )
          wanted.push(name)
        }
        const told = await changes(cluster, positions)
        const names = namesIn(told)
        if (told.kind !== 'changes' || !wanted.every((name) => names.has(name))) return false
        positions = told.positions
      }
      return true
    }),
    { numRuns: 25 },
  )
  t.pass('in every order')
})

void t.test('a write of one replica only is told when a majority has it', async (t) => {
  const cluster = await start(t)
  const nodes = replicas(cluster)
  let positions = await begin(cluster)
  await write(cluster, 'early', nodes.slice(0, 1))
  const first = await changes(cluster, positions)
  if (first.kind !== 'changes') throw new Error(first.kind)
  positions = first.positions
  second -= 1
  await write(cluster, 'early', nodes.slice(1))
  t.ok(namesIn(first).has('early') || namesIn(await changes(cluster, positions)).has('early'))
})

void t.test('with a replica away the others tell; one alone is no majority', async (t) => {
  const cluster = await start(t)
  const nodes = replicas(cluster)
  let positions = await begin(cluster)
  const away = cluster.devices.find(({ ports }) => ports.container === nodes[0]?.port)
  if (away === undefined) throw new Error('it is one of the devices')
  cluster.stop(away, 'container')
  await write(cluster, 'meanwhile', nodes.slice(1))
  const told = await changes(cluster, positions)
  t.same([...namesIn(told)], ['meanwhile'])
  if (told.kind !== 'changes') return
  positions = told.positions
  const other = cluster.devices.find(({ ports }) => ports.container === nodes[1]?.port)
  if (other === undefined) return
  cluster.stop(other, 'container')
  t.equal((await changes(cluster, positions)).kind, 'untold', 'one replica is no majority')
})

void t.test('a replica that may not vote does not count', async (t) => {
  const cluster = await start(t)
  const positions = await begin(cluster)
  const nodes = replicas(cluster)
  for (const { ports, containerStates } of cluster.devices) {
    if (nodes.slice(0, 2).some(({ port }) => port === ports.container))
      await containerStates.setAll('joining')
  }
  t.equal((await changes(cluster, positions)).kind, 'untold')
})
