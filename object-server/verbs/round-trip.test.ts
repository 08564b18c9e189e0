import t from 'tap'
import { at, put, send, startTestServer } from '../test-server.ts'

await t.test('what was put is read back with its metadata', async (t) => {
  const server = await startTestServer()
  const created = await put(server, 1, 'hello', { 'x-object-meta-colour': 'blue' })
  t.equal(created.status, 201)
  t.equal(created.headers['etag'], '"5d41402abc4b2a76b9719d911017c592"')
  const found = await send(server, 'GET')
  t.equal(found.status, 200)
  t.equal(found.text, 'hello')
  t.match(found.headers, {
    'content-type': 'text/plain',
    'content-length': '5',
    etag: '"5d41402abc4b2a76b9719d911017c592"',
    'x-object-meta-colour': 'blue',
    'x-timestamp': at(1),
    'x-backend-timestamp': at(1),
    'x-backend-data-timestamp': at(1),
    'x-backend-durable-timestamp': at(1),
    'last-modified': 'Tue, 14 Nov 2023 22:13:21 GMT',
  })
  const head = await send(server, 'HEAD')
  t.equal(head.status, 200)
  t.same(head.headers, found.headers)
  const gone = await send(server, 'DELETE', { headers: { 'x-timestamp': at(2) } })
  t.equal(gone.status, 204)
  const after = await send(server, 'GET')
  t.equal(after.status, 404)
  t.equal(after.headers['x-backend-timestamp'], at(2))
  await server.device.close()
})
