import t from 'tap'
import { timeOf, ts } from '#backend/test-twins.ts'
import { silentLogger } from '#base/log.ts'
import { ChangeReporter, CONFIRM_AFTER_MS } from './report-changed.ts'
import { type ContainerServerTwin, startContainerServer } from './testing.ts'

const ROW = { 'x-size': '10', 'x-etag': 'e', 'x-content-type': 'text/plain' }

function reporterOf(server: ContainerServerTwin): ChangeReporter {
  return new ChangeReporter({
    index: server.device.index,
    accounts: server.updates,
    speaksFor: server.speaksFor,
    clock: server.clock,
    log: silentLogger,
    lookUp: (account) => ({
      partition: account === 'a' ? '1' : '2',
      nodes: [1, 2, 3].map((port) => ({ host: 'h', port, device: `d${port}` })),
    }),
  })
}

const NOTHING = { reported: 0, failed: 0, orphaned: 0, suppressed: 0 }

t.test('a container that changed tells its account, and once only', async (t) => {
  const server = await startContainerServer()
  const reporter = reporterOf(server)
  await server.send('PUT', '/a/c', ts(1))
  t.same(await reporter.reportChanged(), { ...NOTHING, reported: 1 })
  t.match(server.accounts.asked[0], {
    target: { host: 'h', port: 1 },
    request: {
      path: '/d1/1/a/c',
      headers: { 'x-put-timestamp': timeOf(1), 'x-object-count': '0', 'x-account-override-deleted': 'yes' },
    },
  })
  t.same(await reporter.reportChanged(), NOTHING)
  await server.send('PUT', '/a/c/o', ts(2, ROW))
  t.same(await reporter.reportChanged(), { ...NOTHING, reported: 1 })
  t.match(server.accounts.asked.at(-1)?.request.headers, { 'x-object-count': '1', 'x-bytes-used': '10' })
  await server.send('DELETE', '/a/c/o', ts(3))
  await server.send('DELETE', '/a/c', ts(4))
  t.same(await reporter.reportChanged(), { ...NOTHING, reported: 1 })
  t.match(server.accounts.asked.at(-1)?.request.headers, {
    'x-delete-timestamp': timeOf(4),
    'x-object-count': '0',
  })
})

t.test(
  'a majority of the account servers is enough; with less it is tried again, after a while',
  async (t) => {
    const server = await startContainerServer()
    const reporter = reporterOf(server)
    await server.send('PUT', '/a/c', ts(1))
    server.accounts.statusOf.set(1, 'dead').set(2, 507)
    t.same(await reporter.reportChanged(), { ...NOTHING, failed: 1 })
    t.same(await reporter.reportChanged(), { ...NOTHING, suppressed: 1 })
    await server.clock.advance(61_000)
    server.accounts.statusOf.delete(1)
    t.same(await reporter.reportChanged(), { ...NOTHING, reported: 1 })
  },
)

t.test(
  'figures that only some may have heard of are corrected, though they are those of before',
  async (t) => {
    const before = await startContainerServer()
    await before.send('PUT', '/a/c', ts(1))
    await reporterOf(before).reportChanged()
    before.accounts.statusOf.set(1, 'dead').set(2, 'dead')
    await before.send('PUT', '/a/c/o', ts(2, ROW))
    t.same(await reporterOf(before).reportChanged(), { ...NOTHING, failed: 1 })
    await before.send('DELETE', '/a/c/o', ts(3))
    await before.kv.crash()
    const after = await startContainerServer(before)
    t.same(await reporterOf(after).reportChanged(), { ...NOTHING, reported: 1 })
    t.match(after.accounts.asked.at(-1)?.request.headers, { 'x-object-count': '0' })
    t.same(await reporterOf(after).reportChanged(), NOTHING)
  },
)

t.test('only who owns a container speaks for it', async (t) => {
  const server = await startContainerServer()
  const reporter = reporterOf(server)
  await server.send('PUT', '/a/c', ts(1))
  await server.device.ledger.own(0, [])
  t.same(await reporter.reportChanged(), NOTHING)
  t.same(await reporter.pendingFigures(), { count: 0, oldestSeconds: 0 })
  await server.device.ledger.own(0, [0])
  t.equal((await reporter.pendingFigures()).count, 1)
  t.same(await reporter.reportChanged(), { ...NOTHING, reported: 1 })
  const asked = server.accounts.asked.length
  await server.device.ledger.own(0, [])
  await server.clock.advance(CONFIRM_AFTER_MS)
  await reporter.reportChanged()
  t.equal(server.accounts.asked.length, asked, 'and tells nothing once more')
})

t.test('what failed is not said to fail any more once others speak for it', async (t) => {
  const server = await startContainerServer()
  const reporter = reporterOf(server)
  await server.send('PUT', '/a/c', ts(1))
  server.accounts.status = 503
  await reporter.reportChanged()
  await server.clock.advance(5_000)
  t.same(await reporter.pendingFigures(), { count: 1, oldestSeconds: 5 })
  await server.device.ledger.own(0, [])
  t.same(await reporter.pendingFigures(), { count: 0, oldestSeconds: 0 })
})

t.test('of a deleted container nothing is left to tell when its account is proven to be gone', async (t) => {
  const server = await startContainerServer()
  const reporter = reporterOf(server)
  server.accounts.status = 404
  server.accounts.headers = { 'x-backend-martlet-replica-state': 'joining' }
  await server.send('PUT', '/a/c', ts(1))
  await server.send('DELETE', '/a/c', ts(2))
  t.same(await reporter.reportChanged(), { ...NOTHING, orphaned: 1 }, 'who is joining proves nothing')
  await server.clock.advance(61_000)
  server.accounts.headers = {}
  t.same(await reporter.reportChanged(), NOTHING)
  t.same(await reporter.pendingFigures(), { count: 0, oldestSeconds: 0 })
})

t.test('a container whose account nobody knows is said to be an orphan', async (t) => {
  const server = await startContainerServer()
  server.accounts.status = 404
  await server.send('PUT', '/a/c', ts(1))
  t.same(await reporterOf(server).reportChanged(), { ...NOTHING, orphaned: 1 })
})

t.test('a crash neither loses nor repeats a report', async (t) => {
  const before = await startContainerServer()
  for (const name of ['c', 'd']) await before.send('PUT', `/a/${name}`, ts(1))
  await reporterOf(before).reportChanged()
  await before.send('PUT', '/a/d/o', ts(2, ROW))
  await before.kv.crash()
  const after = await startContainerServer(before)
  t.same(await reporterOf(after).reportChanged(), { ...NOTHING, reported: 1 })
  t.match(after.accounts.asked[0]?.request.path, '/d1/1/a/d')
})

t.test('all changed containers are reported, in pages, and none that did not change', async (t) => {
  const server = await startContainerServer()
  const reporter = reporterOf(server)
  const names = Array.from({ length: 450 }, (_, at) => `c${at}`)
  await Promise.all(names.map((name) => server.send('PUT', `/a/${name}`, ts(1))))
  t.same(await reporter.reportChanged(), { ...NOTHING, reported: 450 })
  t.same(await reporter.reportChanged(), NOTHING)
})

t.test('a container that only its rows made does not report', async (t) => {
  const server = await startContainerServer()
  await server.send('PUT', '/a/c', { 'x-timestamp': '0' })
  await server.send('PUT', '/a/c/o', ts(2, ROW))
  t.same(await reporterOf(server).reportChanged(), NOTHING)
})

t.test('a pass that is called off stops', async (t) => {
  const server = await startContainerServer()
  await server.send('PUT', '/a/c', ts(1))
  t.same(await reporterOf(server).reportChanged(AbortSignal.abort()), NOTHING)
})

t.test(
  'what was told is told once more a while later, because an earlier report may have come late',
  async (t) => {
    const server = await startContainerServer()
    const reporter = reporterOf(server)
    await server.send('PUT', '/a/c', ts(1))
    await server.send('PUT', '/a/c/o', ts(2, ROW))
    await reporter.reportChanged()
    const asked = server.accounts.asked.length
    await server.clock.advance(CONFIRM_AFTER_MS - 1)
    await reporter.reportChanged()
    t.equal(server.accounts.asked.length, asked)
    await server.clock.advance(1)
    await reporter.reportChanged()
    t.equal(server.accounts.asked.length, asked + 3)
    t.match(server.accounts.asked.at(-1)?.request.headers, { 'x-object-count': '1', 'x-bytes-used': '10' })
    await server.clock.advance(CONFIRM_AFTER_MS)
    t.same(await reporter.reportChanged(), NOTHING)
    t.equal(server.accounts.asked.length, asked + 3, 'and once only')
  },
)
