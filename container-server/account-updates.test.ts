import t from 'tap'
import { timeOf, ts } from '#backend/test-twins.ts'
import { noteReported } from '#db/container-rules.ts'
import type { DatabaseState } from '#db/info.ts'
import { currentReport } from '#db/reporting.ts'
import type { HeaderMap } from '#http/message.ts'
import { type ContainerServerTwin, startContainerServer } from './testing.ts'

const ROW = { 'x-size': '10', 'x-etag': 'e', 'x-content-type': 'text/plain' }

/** Account servers on ports 1 to 3 of one host. */
const ACCOUNTS: HeaderMap = {
  'x-account-host': '10.0.0.1:1, 10.0.0.1:2,10.0.0.1:3',
  'x-account-device': 'd1,d2,d3',
  'x-account-partition': '42',
}

function put(server: ContainerServerTwin, second: number, more: HeaderMap = {}): Promise<{ status: number }> {
  return server.send('PUT', '/a/c%20d', ts(second, { ...ACCOUNTS, ...more }))
}

t.test('creating and deleting a container tells the account servers that the request names', async (t) => {
  const server = await startContainerServer()
  t.equal((await put(server, 1, { 'x-trans-id': 'tx1', 'x-backend-storage-policy-index': '1' })).status, 201)
  t.equal(server.accounts.asked.length, 3)
  const [first] = server.accounts.asked
  t.match(first?.target, { host: '10.0.0.1', port: 1 })
  t.match(first?.request, {
    method: 'PUT',
    path: '/d1/42/a/c%20d',
    headers: {
      'x-put-timestamp': timeOf(1),
      'x-delete-timestamp': '0000000000.00000',
      'x-object-count': '0',
      'x-bytes-used': '0',
      'x-backend-storage-policy-index': '1',
      'x-trans-id': 'tx1',
      'x-account-override-deleted': undefined,
    },
  })
  await server.send('DELETE', '/a/c%20d', ts(2, { ...ACCOUNTS, 'x-account-override-deleted': 'yes' }))
  t.match(server.accounts.asked.at(-1)?.request.headers, {
    'x-put-timestamp': timeOf(1),
    'x-delete-timestamp': timeOf(2),
    'x-account-override-deleted': 'yes',
  })
  t.equal(await server.updates.pendingCount(10), 0)
})

t.test('without a partition nobody is told', async (t) => {
  const server = await startContainerServer()
  t.equal((await server.send('PUT', '/a/c', ts(1, { 'x-account-host': '10.0.0.1:1' }))).status, 201)
  t.equal(server.accounts.asked.length, 0)
})

t.test('hosts and devices that do not pair up are refused before anything is done', async (t) => {
  const server = await startContainerServer()
  t.equal((await put(server, 1, { 'x-account-device': 'd1' })).status, 400)
  t.equal((await put(server, 1, { 'x-account-host': 'a,b,c' })).status, 400)
  t.equal((await server.send('HEAD', '/a/c%20d')).status, 404)
})

t.test('an account that none of its servers knows makes the answer 404', async (t) => {
  const server = await startContainerServer()
  server.accounts.status = 404
  t.equal((await put(server, 1)).status, 404)
  server.accounts.statusOf.set(2, 201)
  t.equal((await put(server, 2)).status, 202)
  t.equal(await server.updates.pendingCount(10), 0)
})

t.test('whoever could not be told is told later, with the figures of then', async (t) => {
  const server = await startContainerServer()
  server.accounts.statusOf.set(2, 'dead').set(3, 503)
  t.equal((await put(server, 1)).status, 201)
  await put(server, 2)
  t.equal(await server.updates.pendingCount(10), 2, 'one entry for each server, however often it fails')
  t.same(await server.updates.deliverPending(), { delivered: 0, failed: 2, dropped: 0 })
  await server.send('PUT', '/a/c%20d/o', ts(3, ROW))
  server.accounts.statusOf.clear()
  server.accounts.asked.length = 0
  t.same(await server.updates.deliverPending(), { delivered: 2, failed: 0, dropped: 0 })
  t.match(server.accounts.asked[0]?.request.headers, { 'x-object-count': '1', 'x-put-timestamp': timeOf(2) })
  t.same(await server.updates.deliverPending(), { delivered: 0, failed: 0, dropped: 0 })
})

t.test('what has to be told later survives a crash', async (t) => {
  const before = await startContainerServer()
  before.accounts.statusOf.set(2, 'dead')
  await put(before, 1)
  await before.kv.crash()
  const after = await startContainerServer(before)
  t.same(await after.updates.deliverPending(), { delivered: 1, failed: 0, dropped: 0 })
  t.match(after.accounts.asked[0]?.target, { port: 2, device: 'd2' })
})

t.test('who does not own a container tells nobody later what it has', async (t) => {
  const server = await startContainerServer()
  server.accounts.statusOf.set(2, 'dead')
  await put(server, 1)
  server.accounts.statusOf.clear()
  server.accounts.asked.length = 0
  await server.device.ledger.own(0, [])
  t.same(await server.updates.deliverPending(), { delivered: 0, failed: 0, dropped: 1 })
  t.equal(server.accounts.asked.length, 0)
})

t.test(
  'figures that only one server was told later are told to all, though they are those of before',
  async (t) => {
    const server = await startContainerServer()
    const { index } = server.device
    const name = { account: 'a', container: 'c d' }
    server.accounts.statusOf.set(2, 'dead')
    await put(server, 1)
    const before = await index.state(name)
    await index.apply(name, [], noteReported(currentReport((before as DatabaseState).info)))
    server.accounts.statusOf.clear()
    await server.send('PUT', '/a/c%20d/o', ts(2, ROW))
    t.same(await server.updates.deliverPending(), { delivered: 1, failed: 0, dropped: 0 })
    await server.send('DELETE', '/a/c%20d/o', ts(3))
    t.match(await index.unreported(10), [{ name }])
  },
)

t.test('a server that is dead is asked once in a delivery, and given up after the reclaim age', async (t) => {
  const server = await startContainerServer()
  server.accounts.statusOf.set(2, 'dead')
  for (const name of ['x', 'y', 'z']) await server.send('PUT', `/a/${name}`, ts(1, ACCOUNTS))
  server.accounts.asked.length = 0
  t.same(await server.updates.deliverPending(), { delivered: 0, failed: 3, dropped: 0 })
  t.equal(server.accounts.asked.length, 1)
  await server.clock.advance(8 * 24 * 3600 * 1000)
  t.same(await server.updates.deliverPending(), { delivered: 0, failed: 0, dropped: 3 })
})

t.test('two deliveries at a time are one', async (t) => {
  const server = await startContainerServer()
  server.accounts.statusOf.set(2, 'dead')
  await put(server, 1)
  server.accounts.statusOf.clear()
  server.accounts.asked.length = 0
  await Promise.all([server.updates.deliverPending(), server.updates.deliverPending()])
  t.equal(server.accounts.asked.length, 1)
})
