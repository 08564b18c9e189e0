/** Writes wait for who may still read without them. Primaries are 0, 1, 2; handoffs 3, 4, 5. */
import t from 'tap'
import { READ_LEASES_HEADER } from '#base/extensions.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { bufferBody, type HeaderMap, type Response } from '#http/message.ts'
import { fanOutPut } from './fan-out-put.ts'
import { fanOutWrite, statusesOf } from './fan-out-write.ts'
import { leaseLeftMs } from './read-leases.ts'
import { FakeNodes } from './testing/fake-nodes.ts'

const HEADERS: readonly HeaderMap[] = [{}, {}, {}]
const LEASE_MS = 400

function told(nodes: FakeNodes, at: number, status = 201): Partial<Response> {
  return { status, headers: { [READ_LEASES_HEADER]: `${nodes.primary(at).key}=${LEASE_MS}` } }
}

/** How long the write took, milliseconds, and what was answered. */
async function timed<Answer>(nodes: FakeNodes, write: Promise<Answer>): Promise<[number, Answer]> {
  let endedMs = -1
  void write.then(() => {
    endedMs = nodes.clock.monotonicMs()
  })
  for (let waits = 0; waits < 300 && endedMs < 0; waits += 1) await nodes.clock.advance(50)
  return [endedMs, await write]
}

function small(nodes: FakeNodes): ReturnType<typeof fanOutWrite> {
  const { client, placement } = nodes
  return fanOutWrite(client, {
    server: 'object',
    method: 'DELETE',
    path: '/a/c/o',
    placement,
    headers: HEADERS,
  })
}

t.test('a write that all primaries have waits for nobody', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll(told(nodes, 2), told(nodes, 2), { status: 404 })
  const [endedMs, answers] = await timed(nodes, small(nodes))
  t.same(new Set(statusesOf(answers)), new Set([201, 404]))
  t.equal(endedMs, 0)
})

t.test('a write that a reader missed is acknowledged when its lease is over', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll(told(nodes, 2), told(nodes, 2), 'dead', { status: 201 })
  const [endedMs, answers] = await timed(nodes, small(nodes))
  t.same(statusesOf(answers), [201, 201, 201])
  t.ok(endedMs >= LEASE_MS, String(endedMs))
  nodes.setAll(told(nodes, 2), { status: 201 }, { status: 507 }, { status: 201 })
  const body = bufferBody(Buffer.from('body'))
  const { client, placement } = nodes
  const put = { path: '/a/c/o', placement, headers: HEADERS, body, expectedEtag: undefined, limitBytes: 100 }
  const startedMs = nodes.clock.monotonicMs()
  const [putEndedMs, outcome] = await timed(nodes, fanOutPut(client, new SeededRandom(1), put))
  t.equal(outcome.kind, 'answered')
  t.ok(putEndedMs - startedMs >= LEASE_MS, String(putEndedMs - startedMs))
})

t.test('rows and accounts wait for no reader of objects', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll(told(nodes, 2), told(nodes, 2), { status: 201 })
  const { client, placement } = nodes
  const write = { server: 'container', method: 'POST', path: '/a/c', placement, headers: HEADERS } as const
  const [endedMs] = await timed(nodes, fanOutWrite(client, write))
  t.equal(endedMs, 0)
})

t.test('who is waited for, and how long', async (t) => {
  const nodes = new FakeNodes()
  const { placement } = nodes
  const { primaries } = placement
  const [one, two, three] = primaries.map(({ key }) => key)
  let method = 'PUT'
  const leftMs = (...answers: readonly [at: number, status: number, leases?: string][]): number =>
    leaseLeftMs(
      { method, placement },
      answers.map(([at, status, leases]) => ({
        node: primaries[at],
        status,
        headers: leases === undefined ? {} : { [READ_LEASES_HEADER]: leases },
        body: Buffer.alloc(0),
      })),
    )
  t.equal(leftMs([0, 201], [1, 201]), 0)
  t.equal(leftMs([0, 201, `${three}=100 ${two}=500`], [1, 201, `${three}=200`]), 200)
  t.equal(leftMs([0, 201, `${three}=100`], [2, 507]), 100, 'a refusal is no copy')
  t.equal(
    leftMs([0, 201, `${three}=100`], [2, 409]),
    100,
    'what is newer may be a candidate that nobody sees',
  )
  for (const [write, misses] of [
    ['COMMIT', 404],
    ['POST', 404],
    ['PUT', 412],
    ['PUT', 422],
  ] as const) {
    method = write
    t.equal(leftMs([0, 201, `${three}=100`], [2, misses]), 100, `${misses} to ${write}: it does not have it`)
  }
  method = 'DELETE'
  t.equal(leftMs([0, 204, `${three}=100`], [2, 404]), 0, 'it has the tombstone')
  t.equal(leftMs([0, 201, '*=300'], [1, 201]), 300)
  t.equal(leftMs([0, 201, '*=300'], [1, 201], [2, 201]), 0)
  t.equal(leftMs([0, 201, `${three}=999999`]), 5_000, 'nobody is believed everything')
  t.equal(leftMs([0, 201, `nonsense ${one} =`]), 0)
})
