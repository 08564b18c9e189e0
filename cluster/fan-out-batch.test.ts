/** Primaries are 0, 1, 2; handoffs 3, 4, 5. */
import t from 'tap'
import { BATCH_MAX, BATCH_METHOD, CAPABILITIES_HEADER } from '#base/extensions.ts'
import { type Handler, type HeaderMap, readWhole } from '#http/message.ts'
import { type BatchedWrite, fanOutBatch } from './fan-out-batch.ts'
import { sendTogether } from './request-batches.ts'
import { type Behaviour, FakeNodes } from './testing/fake-nodes.ts'

type Asked = readonly [method: string, path: string, headers: HeaderMap]

const CAPABLE = { [CAPABILITIES_HEADER]: 'batches' }

/** Takes batches, says so, and keeps what it was asked. */
function batching(statusOf: (asked: Asked) => number, batches: (readonly Asked[])[] = []): Handler {
  return async (request) => {
    if (request.method !== BATCH_METHOD) {
      const status = statusOf([request.method, request.path, request.headers])
      return { status, headers: { ...CAPABLE, 'x-told': 'alone' }, body: undefined }
    }
    const { requests } = JSON.parse((await readWhole(request.body, 2 ** 24)).toString()) as {
      readonly requests: readonly Asked[]
    }
    batches.push(requests)
    const told = requests.map((asked) => [statusOf(asked), { 'x-told': asked[1] }])
    return { status: 200, headers: CAPABLE, body: Buffer.from(JSON.stringify(told)) }
  }
}

function writes({ placement }: FakeNodes, count: number): readonly BatchedWrite[] {
  return Array.from({ length: count }, (_, at) => ({
    method: 'DELETE' as const,
    path: `/a/c/o${at}`,
    placement,
    headers: placement.primaries.map((__, copy) => ({ 'x-copy': String(copy) })),
  }))
}

t.test('requests for one node travel together, as soon as it is known that it takes them so', async (t) => {
  const nodes = new FakeNodes()
  const batches: (readonly Asked[])[] = []
  const node = nodes.primary(0)
  nodes.set(
    node,
    batching(() => 200, batches),
  )
  const requests = Array.from({ length: BATCH_MAX + 3 }, (_, at) => {
    return {
      node,
      method: 'HEAD' as const,
      partition: 5,
      path: `/a/c/o${at}`,
      headers: { 'x-at': String(at) },
    }
  })
  const answers = await sendTogether(nodes.client, requests, ['x-told'])
  t.same(
    nodes.asked.map(({ request }) => request.method),
    ['HEAD', BATCH_METHOD, BATCH_METHOD],
    'the first alone',
  )
  t.same(
    batches.map((batch) => batch.length),
    [BATCH_MAX, 2],
  )
  t.same(batches[0]?.[0], ['HEAD', `/${node.device}/5/a/c/o1`, { 'x-at': '1' }])
  t.equal(answers.length, requests.length)
  t.ok(
    answers.every(
      (answer, at) => answer?.headers['x-told'] === (at === 0 ? 'alone' : `/${node.device}/5/a/c/o${at}`),
    ),
    'in their order',
  )
})

t.test('a node of another make gets them one by one; one that is dead answers nothing', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 404 }, 'dead')
  const about = { method: 'HEAD', partition: 5, path: '/a/c/o', headers: {} } as const
  const requests = [0, 1, 0, 0, 1].map((at) => ({ ...about, node: nodes.primary(at) }))
  const answers = await sendTogether(nodes.client, requests, [])
  t.same(
    answers.map((answer) => answer?.status),
    [404, undefined, 404, 404, undefined],
  )
  t.ok(nodes.asked.every(({ request }) => request.method === 'HEAD'))
})

t.test('an answer that is no list leaves all of its requests without one', async (t) => {
  const nodes = new FakeNodes()
  const node = nodes.primary(0)
  nodes.set(node, async ({ method }) => {
    const body = method === BATCH_METHOD ? Buffer.from('{"sorry":') : undefined
    return { status: 200, headers: CAPABLE, body }
  })
  const about = { node, method: 'HEAD', partition: 5, path: '/a/c/o', headers: {} } as const
  const answers = await sendTogether(nodes.client, [about, about, about], [])
  t.same(
    answers.map((answer) => answer?.status),
    [200, undefined, undefined],
  )
})

t.test(
  'each copy of each write goes to a node of its own; a handoff takes what a primary does not',
  async (t) => {
    const nodes = new FakeNodes()
    const seen = new Map<number, Asked[]>()
    const keeping = (at: number, statusOf: (asked: Asked) => number): Behaviour =>
      batching((asked) => {
        seen.set(at, [...(seen.get(at) ?? []), asked])
        return statusOf(asked)
      })
    nodes.setAll(
      keeping(0, () => 204),
      'dead',
      keeping(2, ([, path]) => (path.endsWith('o1') ? 507 : 204)),
      keeping(3, () => 204),
      keeping(4, () => 204),
    )
    const statuses = await fanOutBatch(nodes.client, writes(nodes, 3))
    t.same(statuses, [
      [204, 204, 204],
      [204, 204, 204],
      [204, 204, 204],
    ])
    const copies = (at: number): readonly (string | undefined)[] =>
      (seen.get(at) ?? []).map(([, , headers]) => headers['x-copy'])
    t.same(copies(0), ['0', '0', '0'])
    t.same(copies(3), ['1', '1', '1'], 'those of the dead one')
    t.same(copies(4), ['2'], 'the one that was refused')
  },
)

t.test('with nobody left a copy has no answer', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll({ status: 204 }, 'dead', 'dead', 'dead', 'dead', 'dead')
  t.same(await fanOutBatch(nodes.client, writes(nodes, 2)), [
    [204, 503, 503],
    [204, 503, 503],
  ])
  t.same(await fanOutBatch(nodes.client, []), [])
})
