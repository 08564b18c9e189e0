/** Primaries are 0, 1, 2; handoffs 3, 4, 5. */
import t from 'tap'
import type { HeaderMap } from '#http/message.ts'
import { fanOutWrite, statusesOf, type WriteAnswer } from './fan-out-write.ts'
import { bestStatus } from './quorum.ts'
import { FakeNodes } from './testing/fake-nodes.ts'

const HEADERS: readonly HeaderMap[] = [{ 'x-copy': '0' }, { 'x-copy': '1' }, { 'x-copy': '2' }]

function write(nodes: FakeNodes, body?: Buffer): Promise<readonly WriteAnswer[]> {
  const { placement } = nodes
  return fanOutWrite(nodes.client, {
    server: 'object',
    method: 'PUT',
    path: '/a/c/o',
    placement,
    headers: HEADERS,
    body,
  })
}

t.test('every primary gets the write once, each with headers of its own', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 201 }, { status: 201 }, { status: 201 })
  const answers = await write(nodes, Buffer.from('body'))
  t.same(statusesOf(answers), [201, 201, 201])
  t.same(nodes.sortedOrder, [0, 1, 2])
  t.same(nodes.asked.map(({ request }) => request.headers['x-copy']).toSorted(compare), ['0', '1', '2'])
  t.same(
    nodes.asked.map(({ body }) => String(body)),
    ['body', 'body', 'body'],
  )
  t.match(nodes.asked[0]?.request.path, /^\/d\d\/\d+\/a\/c\/o$/)
})

function compare(left: string | undefined, right: string | undefined): number {
  return (left ?? '') < (right ?? '') ? -1 : 1
}

t.test('a handoff takes over the headers of the node it replaces', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 201 }, 'dead', { status: 507 }, { status: 201 }, { status: 201 })
  const answers = await write(nodes, Buffer.from('body'))
  t.same(statusesOf(answers), [201, 201, 201])
  t.same(
    nodes.asked
      .slice(-2)
      .map(({ request }) => request.headers['x-copy'])
      .toSorted(compare),
    ['1', '2'],
  )
})

t.test('a refusal is an answer; no handoff is asked', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 409 }, { status: 404 }, { status: 201 }, { status: 201 })
  t.same(
    statusesOf(await write(nodes)).toSorted((left, right) => left - right),
    [201, 404, 409],
  )
  t.same(nodes.sortedOrder, [0, 1, 2])
})

t.test('with everybody dead there is no answer, and no end of waiting either', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll('dead', 'dead', 'dead', 'dead', 'dead', 'dead')
  t.equal(bestStatus(statusesOf(await write(nodes)), 3), 503)
})

t.test('a quorum waits half a second for the slowest, not longer', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 201 }, { status: 201 }, 'silent')
  let answered: readonly WriteAnswer[] | undefined
  void write(nodes).then((answers) => (answered = answers))
  await nodes.clock.advance(499)
  t.equal(answered, undefined)
  await nodes.clock.advance(1)
  t.same(statusesOf(answered ?? []), [201, 201])
})

t.test('without a quorum the node time limit decides, and handoffs get their turn', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 201 }, 'silent', 'silent', { status: 201 }, { status: 201 })
  const writing = write(nodes)
  await nodes.clock.advance(10_500)
  t.same(statusesOf(await writing), [201, 201, 201])
})

t.test('rules of its own make a write wait with patience', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 201 }, { status: 201 }, 'silent')
  const { placement } = nodes
  let over = false
  void fanOutWrite(nodes.client, {
    server: 'object',
    method: 'PUT',
    path: '/a/c/o',
    placement,
    headers: HEADERS,
    rules: { isDecided: (answers) => answers.length >= 2, isSettled: () => false, patienceMs: 3000 },
  }).then(() => (over = true))
  await nodes.clock.advance(2999)
  t.notOk(over)
  await nodes.clock.advance(1)
  t.ok(over)
})

t.test('nodes that are set aside are asked last', async (t) => {
  const nodes = new FakeNodes({ devices: 4 })
  nodes.setAll({ status: 201 }, { status: 201 }, { status: 201 }, { status: 201 })
  nodes.errors.recordFull(nodes.primary(0))
  await write(nodes)
  t.same(nodes.sortedOrder, [1, 2, 3])
  nodes.errors.recordFull(nodes.primary(1))
  nodes.asked.length = 0
  t.same(statusesOf(await write(nodes)), [201, 201, 201])
  t.equal(nodes.asked.length, 3, 'rather a node set aside than a copy too few')
})

t.test('ten failures of a node keep it from being asked', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 201 }, 'dead', { status: 201 }, { status: 201 })
  for (let at = 0; at < 10; at += 1) await write(nodes)
  t.same(nodes.errors.setAside(), [nodes.primary(1)])
  nodes.set(nodes.primary(1), { status: 201 })
  nodes.asked.length = 0
  await write(nodes)
  t.notOk(nodes.order.includes(1))
  await nodes.clock.advance(1000)
  await write(nodes)
  t.ok(nodes.order.includes(1), 'it comes back on trial')
  t.same(nodes.errors.setAside(), [])
})
