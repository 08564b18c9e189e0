import t from 'tap'
import { Metrics } from '#base/metrics.ts'
import { EMPTY_BODY } from '#http/message.ts'
import { NodeClient, type NodeRequest } from './node-client.ts'
import { nodeMetrics } from './node-metrics.ts'
import { FakeNodes } from './testing/fake-nodes.ts'

function request(options: Partial<NodeRequest> = {}): NodeRequest {
  return {
    server: 'object',
    method: 'GET',
    partition: 7,
    path: '/a/c/o%20x',
    query: 'q=1',
    headers: { 'x-trans-id': 'tx1' },
    body: EMPTY_BODY,
    signal: undefined,
    ...options,
  }
}

t.test('a request goes to the device and partition of its node, headers and query as they are', async (t) => {
  const nodes = new FakeNodes()
  const node = nodes.primary(0)
  t.match(await nodes.client.send(node, request()), { kind: 'answered', node, response: { status: 200 } })
  t.match(nodes.asked[0]?.request, {
    path: `/${node.device}/7/a/c/o%20x`,
    query: 'q=1',
    headers: { 'x-trans-id': 'tx1' },
  })
})

t.test('whatever happens to the network is a value, and counts against the node', async (t) => {
  const nodes = new FakeNodes()
  const node = nodes.primary(0)
  nodes.set(node, 'dead')
  for (let at = 0; at < 10; at += 1)
    t.match(await nodes.client.send(node, request()), { kind: 'failed', node })
  t.ok(nodes.errors.isSetAside(node))
})

t.test('a request that was given up, or whose body failed, does not count against the node', async (t) => {
  const nodes = new FakeNodes()
  const node = nodes.primary(0)
  for (let at = 0; at < 10; at += 1) {
    t.match(await nodes.client.send(node, request({ signal: AbortSignal.abort() })), { kind: 'failed' })
  }
  t.notOk(nodes.errors.isSetAside(node))
})

t.test('a silent node fails after the node time limit', async (t) => {
  const nodes = new FakeNodes()
  nodes.set(nodes.primary(0), 'silent')
  const sending = nodes.client.send(nodes.primary(0), request())
  await nodes.clock.advance(10_000)
  t.match(await sending, { kind: 'failed', error: { code: 'RESPONSE_TIMEOUT' } })
})

t.test('what a node says it can do is remembered, until it says otherwise', async (t) => {
  const nodes = new FakeNodes()
  const node = nodes.primary(0)
  t.notOk(nodes.client.can(node, 'digest'))
  nodes.set(node, { headers: { 'x-backend-martlet-capabilities': 'digest, rows' } })
  await nodes.client.send(node, request())
  t.ok(nodes.client.can(node, 'digest') && nodes.client.can(node, 'rows'))
  nodes.set(node, { headers: {} })
  await nodes.client.send(node, request())
  t.notOk(nodes.client.can(node, 'digest'))
})

t.test('what refuses a request before the server sees it says nothing of what the server can', async (t) => {
  const nodes = new FakeNodes()
  const node = nodes.primary(0)
  const { client } = nodes
  t.notOk(client.lacks(node, 'promises'), 'nobody knows yet')
  nodes.set(node, { headers: { 'x-backend-martlet-capabilities': 'promises' } })
  await client.send(node, request())
  for (const status of [400, 401, 408, 413, 431, 503]) {
    nodes.set(node, { status, headers: {} })
    await client.send(node, request())
  }
  t.ok(client.can(node, 'promises'))
  t.notOk(client.lacks(node, 'promises') || client.anyLacks('object', 'promises'))
  nodes.set(node, { status: 405, headers: {} })
  await client.send(node, request())
  t.ok(client.lacks(node, 'promises') && client.anyLacks('object', 'promises'))
  t.notOk(client.anyLacks('container', 'digest'))
})

t.test('latency follows what is measured', async (t) => {
  const nodes = new FakeNodes()
  const node = nodes.primary(0)
  t.equal(nodes.client.latencyMs(node), 0)
  const slow = async (): Promise<{ status: number; headers: object; body: undefined }> => {
    await nodes.clock.sleep(100)
    return { status: 200, headers: {}, body: undefined }
  }
  nodes.set(node, slow as never)
  const sending = nodes.client.send(node, request())
  await nodes.clock.advance(100)
  await sending
  t.equal(nodes.client.latencyMs(node), 100)
  nodes.set(node, {})
  await nodes.client.send(node, request())
  t.equal(nodes.client.latencyMs(node), 90)
})

t.test('requests are counted by server, verb and class of answer', async (t) => {
  const nodes = new FakeNodes()
  const metrics = new Metrics()
  const { transport, clock, errors } = nodes
  const client = new NodeClient({ transport, clock, errors, observer: nodeMetrics(metrics) })
  nodes.set(nodes.primary(1), 'dead')
  await client.send(nodes.primary(0), request())
  await client.send(nodes.primary(0), request({ method: 'PUT' }))
  await client.send(nodes.primary(1), request())
  const { text } = await metrics.render()
  t.match(text, 'martlet_node_requests_total{server="object",method="GET",status="2xx"} 1')
  t.match(text, 'martlet_node_requests_total{server="object",method="PUT",status="2xx"} 1')
  t.match(text, 'martlet_node_requests_total{server="object",method="GET",status="none"} 1')
})
