import t, { type Test } from 'tap'
import { BATCH_MAX } from '#base/extensions.ts'
import { at, put, send, startTestServer, type TestServer } from './test-server.ts'

type Asked = readonly [method: string, path: string, headers: Readonly<Record<string, string>>]
type Told = readonly [number, Readonly<Record<string, string>>]

async function batch(
  t: Test,
  server: TestServer,
  requests: readonly Asked[],
  wanted: readonly string[] = [],
): Promise<readonly Told[]> {
  const answer = await send(server, 'BATCH', { path: '/sda', body: JSON.stringify({ requests, wanted }) })
  t.equal(answer.status, 200)
  t.match(answer.headers['x-backend-martlet-capabilities'], /batches/)
  return JSON.parse(answer.text) as readonly Told[]
}

t.test(
  'each request of a batch is answered as it would be alone, with the headers that are wanted',
  async (t) => {
    const server = await startTestServer()
    await put(server, 1, 'one', { 'x-delete-at': '1700000100' }, '/sda/0/a/c/one')
    const paths = ['/sda/0/a/c/one', '/sda/0/a/c/nothing', '/sda/0/a', '/other/0/a/c/o']
    const told = await batch(
      t,
      server,
      paths.map((path) => ['HEAD', path, {}]),
      ['x-delete-at', 'x-backend-martlet-replica-state'],
    )
    for (const [index, path] of paths.entries()) {
      const alone = await send(server, 'HEAD', { path })
      t.equal(told[index]?.[0], alone.status, path)
      t.same(told[index]?.[1]['x-delete-at'], alone.headers['x-delete-at'])
    }
    t.same(told[0]?.[1], { 'x-delete-at': '1700000100', 'x-backend-martlet-replica-state': 'synced' })
  },
)

t.test('deletes of a batch hold to their conditions, and leave tombstones that last', async (t) => {
  const server = await startTestServer()
  const names = Array.from({ length: 40 }, (_, number) => `/sda/0/a/c/o${number}`)
  for (const path of names) await put(server, 1, 'x', { 'x-delete-at': '1700000100' }, path)
  await send(server, 'POST', {
    path: '/sda/0/a/c/o7',
    headers: { 'x-timestamp': at(2), 'x-delete-at': '1700009999' },
  })
  await server.clock.advance(200_000)
  const headers = { 'x-timestamp': at(3), 'x-if-delete-at': '1700000100', 'x-backend-replication': 'True' }
  const told = await batch(
    t,
    server,
    names.map((path) => ['DELETE', path, headers]),
  )
  t.equal(told[7]?.[0], 412, 'it ends at another time')
  t.equal(told.filter(([status]) => status === 204).length, 39)
  await server.device.close()
  const again = await startTestServer({ disk: server.disk, kv: server.kv, clock: server.clock })
  const open = { 'x-backend-open-expired': 'true' }
  for (const path of names) {
    const { status } = await send(again, 'HEAD', { path, headers: open })
    t.equal(status, path.endsWith('o7') ? 200 : 404, path)
  }
  await again.device.close()
})

t.test('what is no batch is refused', async (t) => {
  const server = await startTestServer()
  const head: Asked = ['HEAD', '/sda/0/a/c/o', {}]
  const bodies: unknown[] = [
    [],
    { requests: [head] },
    { requests: [['PUT', '/sda/0/a/c/o', {}]], wanted: [] },
    { requests: [['HEAD', '/sda/0/a/c/o', { 'x-timestamp': 5 }]], wanted: [] },
    { requests: [['HEAD', '/sda/0/a/c/o']], wanted: [] },
    { requests: [head], wanted: [1] },
    { requests: Array.from({ length: BATCH_MAX + 1 }, () => head), wanted: [] },
  ]
  for (const body of ['', '{', ...bodies.map((one) => JSON.stringify(one))])
    t.equal((await send(server, 'BATCH', { path: '/sda', body })).status, 400, body.slice(0, 60))
})
