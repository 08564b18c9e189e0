import t from 'tap'
import { jsonOf, requestOf, timeOf, ts } from '#backend/test-twins.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { mergeInto } from '#db/index-contract.ts'
import { startAccountServer } from './testing.ts'

const WEEK_MS = 7 * 86_400_000

/** Headers of a container's report. */
function report(
  put: number,
  deleted: number,
  objects = 0,
  bytes = 0,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return {
    'x-put-timestamp': timeOf(put),
    'x-delete-timestamp': deleted === 0 ? '0' : timeOf(deleted),
    'x-object-count': String(objects),
    'x-bytes-used': String(bytes),
    ...more,
  }
}

t.test('an account is created once, and then accepted again', async (t) => {
  const server = await startAccountServer()
  t.equal((await server.send('PUT', '/a', ts(1))).status, 201)
  t.equal((await server.send('PUT', '/a', ts(2))).status, 202)
  const head = await server.send('HEAD', '/a')
  t.equal(head.status, 204)
  t.match(head.headers, {
    'x-account-container-count': '0',
    'x-account-object-count': '0',
    'x-account-bytes-used': '0',
    'x-timestamp': timeOf(1),
    'x-put-timestamp': timeOf(2),
    'content-type': 'text/plain; charset=utf-8',
    'x-backend-martlet-capabilities': 'digest,replica-state',
    'x-backend-martlet-replica-state': 'synced',
  })
})

t.test('an account that nobody made is 404 for every verb, without a status', async (t) => {
  const server = await startAccountServer()
  for (const [method, headers] of [
    ['GET', {}],
    ['HEAD', {}],
    ['POST', ts(1)],
    ['DELETE', ts(1)],
  ] as const) {
    const response = await server.send(method, '/a', headers)
    t.equal(response.status, 404, method)
    t.equal(response.headers['x-account-status'], undefined)
  }
  t.equal((await server.send('PUT', '/a/c', report(1, 0))).status, 404)
})

t.test('containers report themselves and are listed with their figures', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  t.equal((await server.send('PUT', '/a/c1', report(2, 0, 3, 30))).status, 201)
  await server.send('PUT', '/a/c2', report(3, 0, 5, 50, { 'x-backend-storage-policy-index': '1' }))
  t.same(jsonOf(await server.send('GET', '/a?format=json')), [
    { name: 'c1', count: 3, bytes: 30, last_modified: '2023-11-13T18:26:42.000000' },
    { name: 'c2', count: 5, bytes: 50, last_modified: '2023-11-13T18:26:43.000000' },
  ])
  t.match((await server.send('HEAD', '/a')).headers, {
    'x-account-container-count': '2',
    'x-account-object-count': '8',
    'x-account-bytes-used': '80',
    'x-account-storage-policy-gold-container-count': '1',
    'x-account-storage-policy-gold-object-count': '3',
    'x-account-storage-policy-gold-bytes-used': '30',
    'x-account-storage-policy-silver-container-count': '1',
    'x-account-storage-policy-silver-object-count': '5',
    'x-account-storage-policy-silver-bytes-used': '50',
  })
})

t.test('the last report to arrive is believed, put and delete times by the larger', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  await server.send('PUT', '/a/c', report(5, 0, 9, 90))
  await server.send('PUT', '/a/c', report(4, 0, 1, 10))
  t.match(jsonOf(await server.send('GET', '/a?format=json')), [
    { count: 1, bytes: 10, last_modified: '2023-11-13T18:26:45.000000' },
  ])
})

t.test('the last report is believed also when the clock was set back between two lives', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  await server.send('PUT', '/a/c', report(4, 0, 9, 90))
  await server.kv.crash()
  server.clock.jumpWall(-30_000)
  const after = await startAccountServer(server)
  await after.send('PUT', '/a/c', report(4, 0, 1, 10))
  t.match(jsonOf(await after.send('GET', '/a?format=json')), [{ count: 1, bytes: 10 }])
})

t.test('what a clock far ahead took on another replica yields to what came here', async (t) => {
  const server = await startAccountServer()
  const account = { account: 'a' }
  const figures = async (): Promise<unknown> => jsonOf(await server.send('GET', '/a?format=json'))
  await server.send('PUT', '/a', ts(1))
  await server.send('PUT', '/a/c', report(4, 0, 9, 90))
  const reportedAt = '1800000000.00000' as Timestamp
  const early = await server.device.index.named(account, 0, ['c'])
  const takenAhead = early.flatMap((row) => (row === undefined ? [] : { ...row, reportedAt }))
  await server.send('PUT', '/a/c', report(4, 0, 1, 10))
  await server.device.index.apply(account, takenAhead, mergeInto)
  t.match(await figures(), [{ count: 1, bytes: 10 }])
  const named = takenAhead.map((row) => ({ ...row, name: 'd' }))
  await server.device.index.apply(account, named, mergeInto)
  t.match(await figures(), [{ count: 1 }, { count: 9 }], 'it is what is known of a container')
  await server.send('PUT', '/a/d', report(4, 0, 2, 20))
  t.match(await figures(), [{ count: 1 }, { count: 2 }], 'until the next report')
})

t.test('what was taken before a clock was set back by a week yields', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  server.clock.jumpWall(WEEK_MS)
  await server.send('PUT', '/a/c', report(4, 0, 9, 90))
  server.clock.jumpWall(-WEEK_MS)
  await server.send('PUT', '/a/c', report(4, 0, 1, 10))
  t.match(jsonOf(await server.send('GET', '/a?format=json')), [{ count: 1, bytes: 10 }])
  const [stored] = await server.device.index.named({ account: 'a' }, 0, ['c'])
  const nowSeconds = server.clock.wallMs() / 1000
  t.ok(Number(stored?.reportedAt) <= nowSeconds, 'and spreads no more')
})

t.test('a container deleted after it was put is no longer listed, unless it has objects', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  await server.send('PUT', '/a/c', report(2, 0))
  t.equal((await server.send('PUT', '/a/c', report(2, 3))).status, 204)
  t.equal((await server.send('GET', '/a')).status, 204)
  t.equal((await server.send('HEAD', '/a')).headers['x-account-container-count'], '0')
  await server.send('PUT', '/a/c', report(2, 3, 1, 1))
  t.equal(String((await server.send('GET', '/a')).body), 'c\n')
})

t.test('a deleted account is 404 with its status, and cannot be put again', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1, { 'x-account-meta-color': 'red' }))
  await server.send('PUT', '/a/c', report(2, 0))
  const deleted = await server.send('DELETE', '/a', ts(3))
  t.equal(deleted.status, 204)
  t.equal(deleted.headers['x-account-status'], 'Deleted')
  for (const [method, headers] of [
    ['GET', {}],
    ['HEAD', {}],
    ['POST', ts(4)],
    ['DELETE', ts(4)],
  ] as const) {
    const response = await server.send(method, '/a', headers)
    t.equal(response.status, 404, method)
    t.equal(response.headers['x-account-status'], 'Deleted')
  }
  const again = await server.send('PUT', '/a', ts(5))
  t.equal(again.status, 403)
  t.equal(again.headers['x-account-status'], 'Deleted')
  t.equal(String(again.body), 'Recently deleted')
})

t.test('a deleted account takes a report only when told to', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  await server.send('DELETE', '/a', ts(2))
  t.equal((await server.send('PUT', '/a/c', report(3, 0))).status, 404)
  const override = { 'x-account-override-deleted': 'Yes' }
  t.equal((await server.send('PUT', '/a/c', report(3, 0, 0, 0, override))).status, 201)
})

t.test('an account of the cluster itself is made by the first report', async (t) => {
  const server = await startAccountServer()
  t.equal((await server.send('PUT', '/.expiring/1', report(3, 0))).status, 201)
  t.equal(String((await server.send('GET', '/.expiring')).body), '1\n')
})

t.test('a report without its headers is refused', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  for (const missing of ['x-put-timestamp', 'x-delete-timestamp', 'x-object-count', 'x-bytes-used']) {
    const response = await server.send('PUT', '/a/c', { ...report(2, 0), [missing]: 'x' })
    t.equal(response.status, 400, missing)
  }
  t.equal((await server.send('PUT', '/a/c', report(2, 0, 0, 0, { 'x-timestamp': 'x' }))).status, 400)
})

t.test('metadata is kept by name and time, and an empty value removes it', async (t) => {
  const server = await startAccountServer()
  await server.send(
    'PUT',
    '/a',
    ts(2, { 'x-account-meta-a': '1', 'x-account-sysmeta-s': '2', 'x-other': '3' }),
  )
  await server.send('POST', '/a', ts(4, { 'x-account-meta-b': 'Ã©' }))
  await server.send('POST', '/a', ts(3, { 'x-account-meta-b': 'older' }))
  const { headers } = await server.send('HEAD', '/a')
  t.match(headers, { 'x-account-meta-a': '1', 'x-account-meta-b': 'Ã©', 'x-account-sysmeta-s': '2' })
  t.equal(headers['x-other'], undefined)
  await server.send('POST', '/a', ts(5, { 'x-account-meta-a': '' }))
  t.equal((await server.send('HEAD', '/a')).headers['x-account-meta-a'], undefined)
})

t.test('too much metadata is refused, and nothing of it is kept', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  const many = Object.fromEntries(Array.from({ length: 91 }, (_, at) => [`x-account-meta-${at}`, 'v']))
  const refused = await server.send('POST', '/a', ts(2, many))
  t.equal(refused.status, 400)
  t.equal(String(refused.body), 'Too many metadata items; max 90')
  const large = Object.fromEntries(
    Array.from({ length: 17 }, (_, at) => [`x-account-meta-${at}`, 'v'.repeat(256)]),
  )
  t.equal(String((await server.send('POST', '/a', ts(3, large))).body), 'Total metadata too large; max 4096')
  t.equal((await server.send('PUT', '/b', ts(4, { 'x-account-meta-a': '\xff' }))).status, 400)
  t.equal((await server.send('HEAD', '/b')).status, 404)
  t.equal((await server.send('HEAD', '/a')).headers['x-account-meta-0'], undefined)
})

t.test('listings take prefix, delimiter, markers, limit and reverse', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  for (const name of ['a-1', 'a-2', 'b', 'c']) await server.send('PUT', `/a/${name}`, report(2, 0))
  const list = async (query: string): Promise<string> =>
    String((await server.send('GET', `/a?${query}`)).body)
  t.equal(await list('delimiter=-'), 'a-\nb\nc\n')
  t.equal(await list('prefix=a-'), 'a-1\na-2\n')
  t.equal(await list('marker=a-2&end_marker=c'), 'b\n')
  t.equal(await list('limit=2&reverse=true'), 'c\nb\n')
  t.equal(await list('path=b'), 'a-1\na-2\nb\nc\n')
  const tooMuch = await server.send('GET', '/a?limit=10001')
  t.equal(tooMuch.status, 412)
  t.equal(String(tooMuch.body), 'Maximum limit is 10000')
})

t.test('a listing comes as XML, and an empty one as an empty document', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a&b', ts(1))
  const empty = await server.send('GET', '/a&b?format=xml')
  t.equal(empty.status, 200)
  t.equal(String(empty.body), '<?xml version="1.0" encoding="UTF-8"?>\n<account name="a&amp;b">\n</account>')
  await server.send('PUT', '/a&b/x-1', report(2, 0, 1, 2))
  await server.send('PUT', '/a&b/y', report(2, 0, 1, 2))
  const full = await server.send('GET', '/a&b?delimiter=-', { accept: 'application/xml' })
  t.equal(full.headers['content-type'], 'application/xml; charset=utf-8')
  t.equal(
    String(full.body),
    '<?xml version="1.0" encoding="UTF-8"?>\n<account name="a&amp;b">\n<subdir name="x-" />\n' +
      '<container><name>y</name><count>1</count><bytes>2</bytes>' +
      '<last_modified>2023-11-13T18:26:42.000000</last_modified></container>\n</account>',
  )
  t.equal((await server.send('GET', '/a&b', { accept: 'image/png' })).status, 406)
  t.equal((await server.send('GET', '/a&b', { accept: ';' })).status, 400)
  t.equal((await server.send('GET', '/a&b?format=json', { accept: 'image/png' })).status, 200)
})

t.test('names with NUL are listed only for those who may see them', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  await server.send('PUT', '/a/%00versions%00c', report(2, 0))
  t.equal((await server.send('GET', '/a')).status, 204)
  const shown = await server.send('GET', '/a', { 'x-backend-allow-reserved-names': 'true' })
  t.equal(String(shown.body), '\0versions\0c\n')
  const bad = await server.send('PUT', '/a/x%00y', report(2, 0))
  t.equal(bad.status, 400)
  t.equal(String(bad.body), 'Invalid reserved-namespace container')
})

t.test('OPTIONS names the server and its verbs; other verbs are refused', async (t) => {
  const server = await startAccountServer()
  const options = await server.send('OPTIONS', '/a')
  t.equal(options.status, 200)
  t.equal(options.headers['server'], 'account-server/1.0')
  t.equal(options.headers['allow'], 'DELETE, GET, HEAD, OPTIONS, POST, PUT, REPLICATE')
  t.equal((await server.send('PATCH', '/a')).status, 405)
  t.equal((await server.send('REPLICATE', '/0123')).status, 501)
})

t.test('a device that is not ours, or not well, is 507', async (t) => {
  const server = await startAccountServer()
  t.equal((await server.handler(requestOf('GET', '/sdb1/7/a'))).status, 507)
  server.drive.fail('EIO')
  for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
    const response = await server.send(method, '/a', ts(1))
    t.equal(response.status, 507, method)
  }
})

t.test('a device that cannot write any more fails the request and goes out of service', async (t) => {
  const server = await startAccountServer()
  server.kv.breakWrites('/srv/node/sda1/accounts', new Error('EIO'))
  t.equal((await server.send('PUT', '/a', ts(1))).status, 507)
  t.equal((await server.drive.state()).kind, 'failed')
  t.equal((await server.send('GET', '/a')).status, 507)
})

t.test('what was answered is there after the machine lost power', async (t) => {
  const before = await startAccountServer()
  await before.send('PUT', '/a', ts(1, { 'x-account-meta-a': '1' }))
  await before.send('PUT', '/a/c', report(2, 0, 3, 30))
  await before.kv.crash()
  const after = await startAccountServer(before)
  const head = await after.send('HEAD', '/a')
  t.match(head.headers, { 'x-account-object-count': '3', 'x-account-meta-a': '1' })
  t.equal(String((await after.send('GET', '/a')).body), 'c\n')
})

t.test('replicas that got the same reports have the same digest', async (t) => {
  const [one, other] = [await startAccountServer(), await startAccountServer()]
  const digestOf = async (server: typeof one): Promise<unknown> => {
    const { headers } = await server.send('HEAD', '/a', { 'x-backend-martlet-digest': 'true' })
    return [headers['x-backend-martlet-digest'], headers['x-backend-martlet-tombstone-digest']]
  }
  for (const server of [one, other]) await server.send('PUT', '/a', ts(1))
  await one.send('PUT', '/a/x', report(2, 0, 1, 1))
  await one.send('PUT', '/a/y', report(3, 0, 2, 2))
  await other.send('PUT', '/a/y', report(3, 0, 2, 2))
  t.notSame(await digestOf(one), await digestOf(other))
  await other.send('PUT', '/a/x', report(2, 0, 1, 1))
  t.same(await digestOf(one), await digestOf(other))
})

t.test('figures that were on their way for more than a minute are not believed', async (t) => {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1))
  const told = (secondsAgo: number, objects: number): Promise<{ readonly status: number }> => {
    const sent = String((server.clock.wallMs() / 1000 - secondsAgo).toFixed(5))
    return server.send('PUT', '/a/c', report(1, 0, objects, 0, { 'x-backend-martlet-report-sent': sent }))
  }
  t.equal((await told(0, 2)).status, 201)
  t.equal((await told(300, 1)).status, 408)
  t.equal((await server.send('HEAD', '/a')).headers['x-account-object-count'], '2')
  t.equal((await told(30, 3)).status, 201)
  t.equal(
    (await server.send('PUT', '/a/c', report(1, 0, 4))).status,
    201,
    'OpenStack Swift does not say when',
  )
})
