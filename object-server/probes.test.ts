import t from 'tap'
import { PROBES_MAX } from '#base/extensions.ts'
import { at, put, send, startTestServer } from './test-server.ts'

type Told = readonly [number, Readonly<Record<string, string>>]

t.test('many looks in one request say what each says alone', async (t) => {
  const server = await startTestServer()
  await put(server, 1, 'one', {}, '/sda/0/a/c/one')
  await put(server, 2, 'two', {}, '/sda/0/a/c/tw%C3%B6')
  await send(server, 'DELETE', { path: '/sda/0/a/c/one', headers: { 'x-timestamp': at(3) } })
  const paths = ['/sda/0/a/c/one', '/sda/0/a/c/tw%C3%B6', '/sda/0/a/c/nothing', '/sda/0/a', '/other/0/a/c/o']
  const answer = await send(server, 'PROBES', {
    path: '/sda',
    body: JSON.stringify(paths.map((path) => [path, 0])),
  })
  t.equal(answer.status, 200)
  t.match(answer.headers['x-backend-martlet-capabilities'], /probes/)
  const told = JSON.parse(answer.text) as readonly Told[]
  t.strictSame(
    told.map(([status]) => status),
    [404, 200, 404, 400, 507],
  )
  for (const [index, path] of paths.entries()) {
    const alone = await send(server, 'HEAD', { path, headers: { 'x-backend-martlet-index-only': 'true' } })
    t.equal(told[index]?.[0], alone.status)
    for (const [name, value] of Object.entries(told[index]?.[1] ?? {}))
      t.equal(value, alone.headers[name], name)
  }
  t.equal(told[0]?.[1]['x-backend-timestamp'], at(3))
  t.equal(told[1]?.[1]['x-backend-data-timestamp'], at(2))
})

t.test(
  'the short form has the time alone of what is there and unchanged, and else says the same',
  async (t) => {
    const server = await startTestServer()
    const paths = ['there', 'posted', 'gone', 'never', 'expired'].map((name) => `/sda/0/a/c/${name}`)
    const [there, posted, gone, , expired] = paths as [string, string, string, string, string]
    await put(server, 1, 'one', {}, there)
    await put(server, 1, 'two', {}, posted)
    await send(server, 'POST', {
      path: posted,
      headers: { 'x-timestamp': at(2), 'x-object-meta-colour': 'blue' },
    })
    await put(server, 1, 'three', {}, gone)
    await send(server, 'DELETE', { path: gone, headers: { 'x-timestamp': at(3) } })
    await put(server, 1, 'four', { 'x-delete-at': '2', 'x-backend-replication': 'true' }, expired)
    const body = JSON.stringify(paths.map((path) => [path, 0]))
    const long = JSON.parse((await send(server, 'PROBES', { path: '/sda', body })).text) as readonly Told[]
    const answer = await send(server, 'PROBES', { path: '/sda', query: 'short=1', body })
    t.match(answer.headers['x-backend-martlet-capabilities'], /probes/)
    const short = JSON.parse(answer.text) as readonly (Told | string)[]
    t.equal(short[0], at(1))
    t.equal(long[0]?.[1]['x-backend-data-timestamp'], at(1))
    t.same(short.slice(1), long.slice(1))
    t.same(
      long.map(([status]) => status),
      [200, 200, 404, 404, 404],
    )
  },
)

t.test('who was a primary by the ring of before vouches for nothing that it has', async (t) => {
  const server = await startTestServer()
  const path = '/sda/0/a/c/o'
  await put(server, 1, 'older', {}, path)
  const look = { path, headers: { 'x-backend-martlet-index-only': 'true' } }
  const asPrimary = { path, headers: { 'x-backend-martlet-lease-names': 'a:1/sda b:2/sdb c:3/sdc' } }
  const answers = async (): Promise<readonly unknown[]> => {
    const several = { path: '/sda', query: 'short=1', body: JSON.stringify([[path, 0]]) }
    const [told] = JSON.parse((await send(server, 'PROBES', several)).text) as readonly (Told | string)[]
    const alone = await Promise.all([
      send(server, 'HEAD', look),
      send(server, 'GET', asPrimary),
      send(server, 'GET', { path }),
    ])
    const states = alone.map(
      ({ status, headers }) => `${status} ${headers['x-backend-martlet-replica-state']}`,
    )
    return [typeof told === 'string' ? 'short' : told?.[1]['x-backend-martlet-replica-state'], ...states]
  }
  await server.device.ledger(0)?.own(0, [0])
  t.same(await answers(), ['short', '200 synced', '200 synced', '200 synced'])
  await server.device.ledger(0)?.own(0, [])
  t.same(await answers(), ['joining', '200 joining', '200 joining', '200 synced'], 'it serves on')
})

t.test('what is no list of looks is refused', async (t) => {
  const server = await startTestServer()
  const many = Array.from({ length: PROBES_MAX + 1 }, () => ['/sda/0/a/c/o', 0])
  for (const body of ['', '{}', '[1]', '[["/sda/0/a/c/o"]]', JSON.stringify(many)]) {
    t.equal((await send(server, 'PROBES', { path: '/sda', body })).status, 400, body.slice(0, 40))
  }
})
