import t from 'tap'
import { jsonOf, requestOf, timeOf, ts } from '#backend/test-twins.ts'
import type { HeaderMap } from '#http/message.ts'
import { type ContainerServerTwin, startContainerServer } from './testing.ts'

const ROW = { 'x-size': '10', 'x-etag': 'e', 'x-content-type': 'text/plain' }

async function started(): Promise<ContainerServerTwin> {
  const server = await startContainerServer()
  await server.send('PUT', '/a/c', ts(1))
  return server
}

async function put(
  server: ContainerServerTwin,
  name: string,
  second: number,
  more: HeaderMap = {},
): Promise<number> {
  const response = await server.send(
    'PUT',
    `/a/c/${encodeURIComponent(name)}`,
    ts(second, { ...ROW, ...more }),
  )
  return response.status
}

async function plain(server: ContainerServerTwin, query = ''): Promise<string> {
  return String((await server.send('GET', `/a/c?${query}`)).body)
}

async function json(server: ContainerServerTwin): Promise<unknown> {
  return jsonOf(await server.send('GET', '/a/c?format=json'))
}

async function headersOf(
  server: ContainerServerTwin,
  more: HeaderMap = {},
): Promise<Record<string, unknown>> {
  return (await server.send('HEAD', '/a/c', more)).headers
}

t.test('a container is created, holds rows, lists them and counts them', async (t) => {
  const server = await startContainerServer()
  const created = await server.send('PUT', '/a/c', ts(1))
  t.equal(created.status, 201)
  t.equal(created.headers['x-backend-storage-policy-index'], '0')
  t.equal((await server.send('PUT', '/a/c', ts(2))).status, 202)
  const row = await server.send('PUT', '/a/c/o%2Fp', ts(3, ROW))
  t.equal(row.status, 201)
  t.equal(row.headers['x-backend-martlet-row'], 'applied')
  t.same(await json(server), [
    {
      name: 'o/p',
      hash: 'e',
      bytes: 10,
      content_type: 'text/plain',
      last_modified: '2023-11-13T18:26:43.000000',
    },
  ])
  const head = await server.send('HEAD', '/a/c')
  t.equal(head.status, 204)
  t.match(head.headers, {
    'x-container-object-count': '1',
    'x-container-bytes-used': '10',
    'x-timestamp': timeOf(1),
    'x-put-timestamp': timeOf(2),
    'x-backend-timestamp': timeOf(1),
    'x-backend-put-timestamp': timeOf(2),
    'x-backend-delete-timestamp': '0000000000.00000',
    'x-backend-status-changed-at': timeOf(1),
    'x-backend-storage-policy-index': '0',
    'x-backend-sharding-state': 'unsharded',
    'last-modified': 'Mon, 13 Nov 2023 18:26:42 GMT',
    'content-type': 'text/plain; charset=utf-8',
    'x-backend-martlet-capabilities': 'digest,range-digest,rows,changes-since,batch-update,replica-state',
    'x-backend-martlet-replica-state': 'synced',
  })
  t.equal((await server.send('DELETE', '/a/c/o%2Fp', ts(4))).status, 204)
  t.same(await json(server), [])
})

t.test('what is not there is 404, with the times that backends ask for', async (t) => {
  const server = await startContainerServer()
  for (const method of ['GET', 'HEAD']) {
    const response = await server.send(method, '/a/c')
    t.equal(response.status, 404)
    t.equal(response.headers['x-backend-put-timestamp'], '0000000000.00000')
    t.equal(response.headers['x-container-object-count'], undefined)
  }
  t.equal((await server.send('PUT', '/a/c/o', ts(3, ROW))).status, 404)
  t.equal((await server.send('DELETE', '/a/c/o', ts(3))).status, 404)
  t.equal((await server.send('DELETE', '/a/c', ts(3))).status, 404)
  t.equal((await server.send('POST', '/a/c', ts(3))).status, 404)
  t.equal((await server.send('UPDATE', '/a/c', ts(3), '[]')).status, 404)
  t.equal((await server.handler(requestOf('GET', '/sdb1/7/a/c'))).status, 507)
})

t.test('a container with objects, in any policy, is not deleted', async (t) => {
  const server = await started()
  await put(server, 'o', 2, { 'x-backend-storage-policy-index': '1' })
  t.equal((await server.send('DELETE', '/a/c', ts(9))).status, 409)
  await server.send('DELETE', '/a/c/o', ts(3, { 'x-backend-storage-policy-index': '1' }))
  t.equal((await server.send('DELETE', '/a/c', ts(9))).status, 204)
})

t.test('a deleted container is gone, and can be made again only by a later request', async (t) => {
  const server = await startContainerServer()
  await server.send('PUT', '/a/c', ts(1, { 'x-container-meta-a': '1' }))
  t.equal((await server.send('DELETE', '/a/c', ts(0))).status, 409, 'put later than the delete')
  t.equal((await server.send('DELETE', '/a/c', ts(3))).status, 204)
  t.equal((await server.send('DELETE', '/a/c', ts(4))).status, 404)
  t.equal((await server.send('POST', '/a/c', ts(5))).status, 404)
  const gone = await server.send('GET', '/a/c')
  t.equal(gone.status, 404)
  t.match(gone.headers, {
    'x-backend-put-timestamp': timeOf(1),
    'x-backend-delete-timestamp': timeOf(4),
    'x-backend-status-changed-at': timeOf(4),
  })
  t.equal(gone.headers['x-container-meta-a'], undefined)
  t.equal((await server.send('PUT', '/a/c', ts(2))).status, 409, 'older than the delete')
  const again = await server.send('PUT', '/a/c', ts(6, { 'x-backend-storage-policy-index': '1' }))
  t.equal(again.status, 201)
  t.equal(again.headers['x-backend-storage-policy-index'], '1')
  t.match(await headersOf(server), {
    'x-backend-status-changed-at': timeOf(6),
    'x-backend-storage-policy-index': '1',
    'x-container-meta-a': undefined,
  })
})

t.test('a deleted container that gets a late row is there again', async (t) => {
  const server = await started()
  await server.send('DELETE', '/a/c', ts(3))
  t.equal(await put(server, 'o', 2), 201)
  t.equal((await server.send('GET', '/a/c')).status, 200)
})

t.test('a container keeps its storage policy', async (t) => {
  const server = await startContainerServer()
  const created = await server.send('PUT', '/a/c', ts(1, { 'x-backend-storage-policy-default': '1' }))
  t.equal(created.headers['x-backend-storage-policy-index'], '1')
  const conflict = await server.send('PUT', '/a/c', ts(2, { 'x-backend-storage-policy-index': '0' }))
  t.equal(conflict.status, 409)
  t.equal(conflict.headers['x-backend-storage-policy-index'], '1')
  t.equal((await server.send('PUT', '/a/c', ts(2, { 'x-backend-storage-policy-index': '1' }))).status, 202)
  t.equal((await server.send('PUT', '/a/c', ts(3, { 'x-backend-storage-policy-default': '0' }))).status, 202)
  const unknown = await server.send('PUT', '/a/c', ts(2, { 'x-backend-storage-policy-index': '9' }))
  t.equal(unknown.status, 400)
  t.equal(String(unknown.body), "Invalid X-Backend-Storage-Policy-Index '9'")
})

t.test('a listing shows one policy, the counters that of the container', async (t) => {
  const server = await started()
  await put(server, 'here', 2)
  await put(server, 'misplaced', 2, { 'x-backend-storage-policy-index': '1' })
  t.equal(await plain(server), 'here\n')
  const other = await server.send('GET', '/a/c', { 'x-backend-storage-policy-index': '1' })
  t.equal(String(other.body), 'misplaced\n')
  t.equal(other.headers['x-backend-record-storage-policy-index'], '1')
  t.equal((await headersOf(server))['x-container-object-count'], '1')
})

t.test('an older row never replaces a newer one, whatever the order', async (t) => {
  const server = await started()
  await put(server, 'o', 5, { 'x-etag': 'new', 'x-size': '5' })
  await put(server, 'o', 4, { 'x-etag': 'old', 'x-size': '4' })
  await server.send('DELETE', '/a/c/o', ts(3))
  t.match(await json(server), [{ hash: 'new', bytes: 5 }])
  await server.send('DELETE', '/a/c/o', ts(6))
  await put(server, 'o', 5)
  t.same(await json(server), [])
})

t.test('content type and metadata have times of their own', async (t) => {
  const server = await started()
  await put(server, 'o', 2)
  await put(server, 'o', 2, {
    'x-content-type': 'text/html; charset="utf-8"',
    'x-content-type-timestamp': timeOf(4),
    'x-meta-timestamp': timeOf(6),
  })
  await put(server, 'o', 2, { 'x-content-type': 'older', 'x-content-type-timestamp': timeOf(3) })
  t.match(await json(server), [
    { content_type: 'text/html;charset="utf-8"', last_modified: '2023-11-13T18:26:46.000000', hash: 'e' },
  ])
  await put(server, 'o', 5, { 'x-content-type': 'image/png' })
  t.match(await json(server), [{ content_type: 'image/png', last_modified: '2023-11-13T18:26:46.000000' }])
})

t.test('a large object is listed with the size of its content, counted with its own', async (t) => {
  const server = await started()
  await put(server, 'o', 2, {
    'x-content-type': 'text/plain;swift_bytes=5000;x=y',
    'x-etag': 'abc; s3_etag=def',
  })
  t.match(await json(server), [{ bytes: 5000, content_type: 'text/plain;x=y', hash: 'abc; s3_etag=def' }])
  t.equal((await headersOf(server))['x-container-bytes-used'], '10')
})

t.test(
  'a tab in a content type, which HTTP allows, does not keep the object out of the listing',
  async (t) => {
    const server = await started()
    t.equal(await put(server, 'o', 2, { 'x-content-type': 'text/plain;\tcharset=utf-8' }), 201)
    const rows = [
      { name: 'p', created_at: timeOf(3), size: 1, content_type: 'a/b;\tc=d', etag: 'e', deleted: 0 },
    ]
    const update = await server.send('UPDATE', '/a/c', ts(3), JSON.stringify(rows))
    t.equal(update.status, 202)
    t.match(jsonOf(await server.send('GET', '/a/c?format=json')), [
      { name: 'o', content_type: 'text/plain;charset=utf-8' },
      { name: 'p', content_type: 'a/b;c=d' },
    ])
  },
)

t.test('a row without its headers is refused', async (t) => {
  const server = await started()
  for (const missing of ['x-size', 'x-etag', 'x-content-type']) {
    t.equal(await put(server, 'o', 2, { [missing]: undefined }), 400, missing)
  }
  t.equal(await put(server, 'o', 2, { 'x-size': '-1' }), 400)
  t.equal(await put(server, 'o', 2, { 'x-meta-timestamp': 'x' }), 400)
  t.equal(await put(server, 'o', 2, { 'x-content-type-timestamp': 'x' }), 400)
})

t.test('timestamps are required, understood with offsets, and not believed far ahead', async (t) => {
  const server = await started()
  const missing = await server.send('PUT', '/a/c/o', ROW)
  t.equal(missing.status, 400)
  t.equal(String(missing.body), 'Missing X-Timestamp header')
  const bad = await server.send('DELETE', '/a/c/o', { 'x-timestamp': 'yesterday' })
  t.equal(String(bad.body), 'Invalid X-Timestamp header')
  const ahead = { ...ROW, 'x-timestamp': String(server.clock.wallMs() / 1000 + 61) }
  t.equal((await server.send('PUT', '/a/c/o', ahead)).status, 400)
  await put(server, 'o', 2)
  const later = { ...ROW, 'x-timestamp': `${timeOf(2)}_0000000000000001`, 'x-etag': 'moved' }
  t.equal((await server.send('PUT', '/a/c/o', later)).status, 201)
  t.match(await json(server), [{ hash: 'moved', last_modified: '2023-11-13T18:26:42.000000' }])
})

t.test('a container of the cluster itself is made by its first row, others and shards are not', async (t) => {
  const server = await startContainerServer()
  t.equal((await server.send('PUT', '/.expiring/1/o', ts(1, ROW))).status, 201)
  t.equal((await server.send('PUT', '/.shards_a/c/o', ts(1, ROW))).status, 404)
  t.equal(
    (await server.send('PUT', '/.x/c/o', ts(1, { ...ROW, 'x-backend-auto-create': 'false' }))).status,
    404,
  )
  const explicit = { 'x-backend-auto-create': 'true' }
  t.equal((await server.send('PUT', '/b/c/o', ts(1, { ...ROW, ...explicit }))).status, 201)
  const update = await server.send('UPDATE', '/b/d', ts(1, explicit), '[]')
  t.equal(update.status, 400)
  t.equal(String(update.body), 'X-Backend-Storage-Policy-Index header is required')
})

t.test('metadata, access lists and sync keys are kept by name and time', async (t) => {
  const server = await startContainerServer()
  const kept = {
    'x-container-read': '.r:*',
    'x-container-write': 'a:u',
    'x-container-sync-key': 'k',
    'x-container-sync-to': '//r/c/a/b',
    'x-container-meta-color': 'red',
    'x-container-sysmeta-s': '1',
  }
  await server.send('PUT', '/a/c', ts(2, { ...kept, 'x-container-meta-': 'no name', 'x-other': '1' }))
  t.match(await headersOf(server), kept)
  t.equal((await headersOf(server))['x-other'], undefined)
  t.equal((await server.send('POST', '/a/c', ts(4, { 'x-container-read': '' }))).status, 204)
  await server.send('POST', '/a/c', ts(3, { 'x-container-read': 'late', 'x-container-meta-color': 'blue' }))
  const { headers } = await server.send('GET', '/a/c')
  t.equal(headers['x-container-read'], undefined)
  t.equal(headers['x-container-meta-color'], 'blue')
  t.equal(headers['x-put-timestamp'], timeOf(4))
  const many = Object.fromEntries(Array.from({ length: 90 }, (_, at) => [`x-container-meta-${at}`, 'v']))
  t.equal((await server.send('POST', '/a/c', ts(5, many))).status, 400)
  t.equal((await server.send('PUT', '/a/c', ts(5, { 'x-container-meta-a': '\xc3(' }))).status, 400)
})

t.test('listings take every parameter', async (t) => {
  const server = await started()
  for (const name of ['a', 'b/1', 'b/2', 'b::c', 'd/', 'd/e/f', 'é', '\u{1f600}']) await put(server, name, 2)
  t.equal(await plain(server, 'delimiter=/'), 'a\nb/\nb::c\nd/\né\n\u{1f600}\n')
  t.equal(await plain(server, 'delimiter=::'), 'a\nb/1\nb/2\nb::\nd/\nd/e/f\né\n\u{1f600}\n')
  t.equal(await plain(server, 'prefix=b/&delimiter=/'), 'b/1\nb/2\n')
  t.equal(await plain(server, 'marker=b/2&end_marker=d/e'), 'b::c\nd/\n')
  t.equal(await plain(server, 'reverse=on&limit=2'), '\u{1f600}\né\n')
  t.equal(await plain(server, 'path=b'), 'b/1\nb/2\n')
  t.equal(await plain(server, 'path='), 'a\nb::c\nd/\né\n\u{1f600}\n')
  t.equal(await plain(server, 'limit=0'), '')
  t.equal(await plain(server, 'limit=x&marker=d/&delimiter=/'), 'é\n\u{1f600}\n')
  t.equal((await server.send('GET', '/a/c?limit=10001')).status, 412)
  const bad = await server.send('GET', '/a/c?prefix=%ff')
  t.equal(bad.status, 400)
  t.equal(String(bad.body), '"prefix" parameter not valid UTF-8')
})

t.test('an empty listing is 204 as text, and an empty document otherwise', async (t) => {
  const server = await started()
  t.equal((await server.send('GET', '/a/c')).status, 204)
  t.equal(String((await server.send('GET', '/a/c?format=json')).body), '[]')
  t.equal(
    String((await server.send('GET', '/a/c?format=xml')).body),
    '<?xml version="1.0" encoding="UTF-8"?>\n<container name="c"></container>',
  )
})

t.test('a listing as XML escapes what needs it', async (t) => {
  const server = await started()
  await put(server, '<&"\n>', 2)
  await put(server, 'd\n/x', 2)
  const xml = await server.send('GET', '/a/c?delimiter=/', { accept: 'text/xml' })
  t.equal(xml.headers['content-type'], 'text/xml; charset=utf-8')
  t.equal(
    String(xml.body),
    '<?xml version="1.0" encoding="UTF-8"?>\n<container name="c"><object><name>&lt;&amp;"\n&gt;</name><hash>e</hash>' +
      '<bytes>10</bytes><content_type>text/plain</content_type><last_modified>2023-11-13T18:26:42.000000</last_modified>' +
      '</object><subdir name="d&#10;/"><name>d\n/</name></subdir></container>',
  )
})

t.test('names with NUL are listed only for those who may see them', async (t) => {
  const server = await startContainerServer()
  const path = '/a/%00c'
  await server.send('PUT', path, ts(1))
  t.equal((await server.send('PUT', `${path}/%00o`, ts(2, ROW))).status, 201)
  t.equal((await server.send('GET', path)).status, 204)
  const shown = await server.send('GET', path, { 'x-backend-allow-reserved-names': 'yes' })
  t.equal(String(shown.body), '\0o\n')
  const mixed = await server.send('PUT', `${path}/o`, ts(2, ROW))
  t.equal(String(mixed.body), 'Invalid user-namespace object in reserved-namespace container')
})

t.test('a container that was never split has no shard ranges', async (t) => {
  const server = await started()
  await put(server, 'o', 2)
  const shards = await server.send('GET', '/a/c?format=json', { 'x-backend-record-type': 'shard' })
  t.equal(String(shards.body), '[]')
  t.equal(shards.headers['x-backend-record-type'], 'shard')
  const auto = await server.send('GET', '/a/c?format=json', { 'x-backend-record-type': 'auto' })
  t.equal(auto.headers['x-backend-record-type'], 'object')
  t.match(jsonOf(auto), [{ name: 'o' }])
  const write = await server.send('PUT', '/a/c', ts(2, { 'x-backend-record-type': 'shard' }), '[{}]')
  t.equal(write.status, 501)
})

t.test('what Swift asks of a container that may be split is understood of one that is not', async (t) => {
  const server = await started()
  const redirect = { 'x-backend-accept-redirect': 'true', 'x-backend-accept-quoted-location': 'true' }
  t.equal(await put(server, 'o', 2, redirect), 201, 'a row is taken, not sent elsewhere')
  t.equal(await put(server, 'gone', 2), 201)
  t.equal((await server.send('DELETE', '/a/c/gone', ts(3, redirect))).status, 204)
  const deleted = { 'x-backend-include-deleted': 'true' }
  const shards = await server.send('GET', '/a/c?format=json', {
    ...deleted,
    'x-backend-record-type': 'shard',
  })
  t.equal(String(shards.body), '[]')
  t.match(
    jsonOf(await server.send('GET', '/a/c?format=json', deleted)),
    [{ name: 'o' }],
    'deleted rows are none',
  )
  const head = await server.send('HEAD', '/a/c')
  t.equal(head.headers['x-backend-sharding-state'], 'unsharded')
})

t.test('OPTIONS names the server and its verbs; rsync-style replication is refused', async (t) => {
  const server = await started()
  const options = await server.send('OPTIONS', '/a/c')
  t.equal(options.headers['server'], 'container-server/1.0')
  t.equal(options.headers['allow'], 'DELETE, GET, HEAD, OPTIONS, POST, PUT, REPLICATE, UPDATE')
  t.equal((await server.send('REPLICATE', '/0123456789abcdef')).status, 501)
  t.equal((await server.send('BREW', '/a/c')).status, 405)
})

t.test('a HEAD that fails has the length of its text and no body', async (t) => {
  const server = await started()
  const { status, headers, body } = await server.send('HEAD', '/a')
  t.equal(status, 400)
  t.equal(body, undefined)
  t.equal(headers['content-length'], String('Invalid path: /sda1/7/a'.length))
})

t.test('a device that is full takes deletes and reads, but no writes', async (t) => {
  const server = await started()
  await put(server, 'o', 2)
  server.space.freeBytes = 0
  await server.clock.advance(2000)
  t.equal(await put(server, 'p', 3), 507)
  t.equal((await server.send('POST', '/a/c', ts(3))).status, 507)
  t.equal((await server.send('UPDATE', '/a/c', ts(3), '[]')).status, 507)
  t.equal(await plain(server), 'o\n')
  t.equal((await server.send('DELETE', '/a/c/o', ts(3))).status, 204)
})

t.test('a row in a replica that may not vote is applied, and said not to count', async (t) => {
  const server = await startContainerServer()
  await server.send('PUT', '/a/c', ts(1))
  await server.device.replicaStates.setAll('joining')
  const row = { name: 'o', created_at: timeOf(2), size: 1, content_type: 'a/b', etag: 'e', deleted: 0 }
  const entry = { account: 'a', container: 'c', timestamp: timeOf(2), policy_index: 0, items: [row] }
  const request = requestOf(
    'UPDATE',
    '/sda1',
    { 'x-backend-martlet-batch-update': 'true' },
    JSON.stringify([entry]),
  )
  t.same(jsonOf(await server.handler(request)), [{ status: 202, joining: true }])
  const single = await server.send('PUT', '/a/c/o', {
    ...ts(3),
    'x-size': '1',
    'x-etag': 'e',
    'x-content-type': 'a/b',
  })
  t.equal(single.headers['x-backend-martlet-replica-state'], 'joining')
})
