/** How replicas and proxies compare and mend containers: UPDATE, rows, digests, and what a writer believed. */
import t from 'tap'
import { jsonOf, requestOf, timeOf, ts } from '#backend/test-twins.ts'
import { type ContainerServerTwin, startContainerServer } from './testing.ts'

const ROW = { 'x-size': '10', 'x-etag': 'e', 'x-content-type': 'text/plain' }

async function started(): Promise<ContainerServerTwin> {
  const server = await startContainerServer()
  await server.send('PUT', '/a/c', ts(1))
  return server
}

async function digests(server: ContainerServerTwin, query = ''): Promise<readonly unknown[]> {
  const asked = { 'x-backend-martlet-digest': 'true', 'x-backend-martlet-range-digest': 'true' }
  const { headers } = await server.send('HEAD', `/a/c?${query}`, asked)
  return [
    headers['x-backend-martlet-digest'],
    headers['x-backend-martlet-tombstone-digest'],
    headers['x-backend-martlet-range-digest'],
    headers['x-backend-martlet-range-tombstone-digest'],
  ]
}

async function rowsOf(server: ContainerServerTwin, query = ''): Promise<unknown> {
  return jsonOf(await server.send('GET', `/a/c?${query}`, { 'x-backend-martlet-rows': 'true' }))
}

t.test('UPDATE merges rows as Swift sends them', async (t) => {
  const server = await started()
  const items = [
    {
      name: 'a',
      created_at: timeOf(2),
      size: 5,
      content_type: 'x/y',
      etag: 'q',
      deleted: 0,
      storage_policy_index: 0,
    },
    {
      name: 'b',
      created_at: timeOf(2),
      size: 0,
      content_type: 'application/deleted',
      etag: 'noetag',
      deleted: 1,
    },
    {
      name: 'c',
      created_at: `${timeOf(2)}+186a0+30d40`,
      size: 7,
      content_type: 'x/z;swift_bytes=70',
      etag: 'r',
      deleted: 0,
      ctype_timestamp: null,
      meta_timestamp: null,
    },
  ]
  t.equal((await server.send('UPDATE', '/a/c', ts(3), JSON.stringify(items))).status, 202)
  t.same(jsonOf(await server.send('GET', '/a/c?format=json')), [
    { name: 'a', hash: 'q', bytes: 5, content_type: 'x/y', last_modified: '2023-11-13T18:26:42.000000' },
    { name: 'c', hash: 'r', bytes: 70, content_type: 'x/z', last_modified: '2023-11-13T18:26:45.000000' },
  ])
  const bad: readonly unknown[] = [
    {},
    [{}],
    [null],
    [{ ...items[0], created_at: 'x' }],
    [{ ...items[0], name: '\ud800' }],
    [{ ...items[0], size: -1 }],
    [{ ...items[0], storage_policy_index: 70_000 }],
    [{ ...items[0], meta_timestamp: 'x' }],
  ]
  for (const body of bad)
    t.equal((await server.send('UPDATE', '/a/c', ts(3), JSON.stringify(body))).status, 400)
  t.equal((await server.send('UPDATE', '/a/c', ts(3), 'no json')).status, 400)
  t.equal((await server.send('UPDATE', '/a/c', {}, '[]')).status, 400)
})

t.test('rows read from one replica and merged into another make the two equal', async (t) => {
  const [one, other] = [await started(), await started()]
  await one.send('PUT', '/a/c/x', ts(2, ROW))
  await one.send('DELETE', '/a/c/gone', ts(5))
  await one.send('PUT', '/a/c/x', ts(2, { ...ROW, 'x-meta-timestamp': timeOf(7) }))
  await other.send('PUT', '/a/c/gone', ts(4, ROW))
  await other.send('PUT', '/a/c/y', ts(4, { ...ROW, 'x-content-type': 'z;swift_bytes=9' }))
  t.notSame(await digests(one), await digests(other))
  const mine = JSON.stringify(await rowsOf(one))
  const theirs = JSON.stringify(await rowsOf(other))
  t.equal((await one.send('UPDATE', '/a/c', ts(9), theirs)).status, 202)
  t.equal((await other.send('UPDATE', '/a/c', ts(9), mine)).status, 202)
  t.same(await digests(one), await digests(other))
  t.same(await rowsOf(one), await rowsOf(other))
  t.match(await rowsOf(one), [
    { name: 'gone', deleted: 1 },
    { name: 'x', deleted: 0, created_at: `${timeOf(2)}+0+7a120` },
    { name: 'y', content_type: 'z;swift_bytes=9' },
  ])
})

t.test('the digest of a range is blind to what lies outside', async (t) => {
  const [one, other] = [await started(), await started()]
  for (const server of [one, other]) {
    for (const name of ['b', 'c']) await server.send('PUT', `/a/c/${name}`, ts(2, ROW))
  }
  await one.send('PUT', '/a/c/a', ts(2, ROW))
  await other.send('DELETE', '/a/c/d', ts(2))
  const [, , live, gone] = await digests(one, 'marker=a&end_marker=d')
  const [, , otherLive, otherGone] = await digests(other, 'marker=a&end_marker=d')
  t.same([live, gone], [otherLive, otherGone])
  t.notSame((await digests(one)).slice(2), (await digests(other)).slice(2))
})

t.test('rows are paged by marker and limit, and of one policy', async (t) => {
  const server = await started()
  for (const name of ['a', 'b', 'c']) await server.send('PUT', `/a/c/${name}`, ts(2, ROW))
  await server.send('PUT', '/a/c/b', ts(2, { ...ROW, 'x-backend-storage-policy-index': '1' }))
  await server.send('DELETE', '/a/c/b', ts(3))
  t.match(await rowsOf(server, 'limit=2'), [
    { name: 'a', storage_policy_index: 0 },
    { name: 'b', deleted: 1 },
  ])
  t.match(await rowsOf(server, 'marker=b'), [{ name: 'c' }])
  const other = { 'x-backend-martlet-rows': 'true', 'x-backend-storage-policy-index': '1' }
  t.match(jsonOf(await server.send('GET', '/a/c', other)), [{ name: 'b', storage_policy_index: 1 }])
})

t.test('rows of a deleted container can be read, of one that never was they cannot', async (t) => {
  const server = await started()
  await server.send('DELETE', '/a/c/o', ts(2))
  await server.send('DELETE', '/a/c', ts(3))
  t.match(await rowsOf(server), [{ name: 'o', deleted: 1 }])
  t.equal((await server.send('GET', '/a/never', { 'x-backend-martlet-rows': 'true' })).status, 404)
})

t.test('a writer that believes something else of the container is told what is so', async (t) => {
  const server = await started()
  const believed = { 'x-backend-martlet-status-changed-at': timeOf(1), 'x-backend-storage-policy-index': '0' }
  const agreed = await server.send('PUT', '/a/c/o', ts(2, { ...ROW, ...believed }))
  t.equal(agreed.headers['x-backend-martlet-row'], 'applied')
  await server.send('DELETE', '/a/c/o', ts(3))
  await server.send('DELETE', '/a/c', ts(4))
  await server.send('PUT', '/a/c', ts(5, { 'x-backend-storage-policy-index': '1' }))
  const misplaced = await server.send('PUT', '/a/c/p', ts(6, { ...ROW, ...believed }))
  t.equal(misplaced.status, 201)
  t.match(misplaced.headers, {
    'x-backend-martlet-row': 'misplaced',
    'x-backend-storage-policy-index': '1',
    'x-backend-martlet-status-changed-at': timeOf(5),
  })
  const deleted = await server.send('DELETE', '/a/c/p', ts(7, believed))
  t.equal(deleted.headers['x-backend-martlet-row'], 'misplaced')
  const swift = await server.send('PUT', '/a/c/p', ts(8, ROW))
  t.equal(swift.headers['x-backend-martlet-row'], 'applied', 'a peer without the extension is not compared')
})

t.test('rows of many containers go in one request', async (t) => {
  const server = await started()
  const item = { name: 'o', created_at: timeOf(2), size: 5, content_type: 'x/y', etag: 'q', deleted: 0 }
  const entry = { account: 'a', container: 'c', timestamp: timeOf(3), policy_index: 0, items: [item] }
  const entries = [
    entry,
    { ...entry, container: 'missing' },
    { ...entry, account: '.expiring' },
    { ...entry, policy_index: 9 },
    { ...entry, items: [{}] },
    { ...entry, timestamp: 'x' },
    null,
    { ...entry, status_changed_at: timeOf(5) },
  ]
  const batch = { 'x-backend-martlet-batch-update': 'true' }
  const response = await server.handler(requestOf('UPDATE', '/sda1', batch, JSON.stringify(entries)))
  t.equal(response.status, 200)
  t.match(jsonOf(response), [202, 404, 202, 400, 400, 400, 400, { status: 202, policy_index: 0 }])
  t.equal(String((await server.send('GET', '/a/c')).body), 'o\n')
  t.equal((await server.handler(requestOf('UPDATE', '/sda1', batch, '{}'))).status, 400)
  t.equal((await server.handler(requestOf('UPDATE', '/sdb1', batch, '[]'))).status, 507)
})
