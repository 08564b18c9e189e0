import t from 'tap'
import { at, put, send, startTestServer, type TestServer } from '../test-server.ts'

function post(
  server: TestServer,
  seconds: number,
  headers: Record<string, string> = {},
): ReturnType<typeof send> {
  return send(server, 'POST', { headers: { 'x-timestamp': at(seconds), ...headers } })
}

async function withObject(body: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startTestServer()
  await put(server, 1, 'body', {
    'content-type': 'text/put',
    'x-object-meta-a': 'put',
    'x-object-sysmeta-s': 'kept',
    'x-object-transient-sysmeta-t': 'put',
    'content-encoding': 'gzip',
  })
  await body(server)
  await server.device.close()
}

await t.test('POST replaces user metadata, transient sysmeta and the other headers', (t) =>
  withObject(async (server) => {
    const answer = await post(server, 2, { 'x-object-meta-b': 'post', 'x-object-sysmeta-s': 'not changed' })
    t.equal(answer.status, 202)
    t.match(answer.headers, { 'x-backend-content-type': 'text/put', 'x-object-sysmeta-s': 'kept' })
    const { headers, text } = await send(server, 'GET')
    t.equal(text, 'body')
    t.match(headers, {
      'x-object-meta-b': 'post',
      'x-object-sysmeta-s': 'kept',
      'content-type': 'text/put',
      'x-timestamp': at(2),
      'x-backend-timestamp': at(2),
      'x-backend-data-timestamp': at(1),
      'x-backend-durable-timestamp': at(1),
    })
    for (const gone of ['x-object-meta-a', 'x-object-transient-sysmeta-t', 'content-encoding']) {
      t.notOk(gone in headers, gone)
    }
  }),
)

await t.test('POST changes the content type only when it names one', (t) =>
  withObject(async (server) => {
    await post(server, 2, { 'content-type': 'text/post' })
    t.equal((await send(server, 'HEAD')).headers['content-type'], 'text/post')
    await post(server, 3)
    t.equal((await send(server, 'HEAD')).headers['content-type'], 'text/post')
    const answer = await post(server, 4, { 'content-type': 'text/late', 'content-type-timestamp': at(1) })
    t.equal(answer.status, 202)
    t.equal(answer.headers['x-backend-content-type'], 'text/post', 'an older content type does not count')
    t.equal((await post(server, 5, { 'content-type': 'x', 'content-type-timestamp': 'x' })).status, 400)
    t.equal((await post(server, 5, { 'content-type': 'x', 'content-type-timestamp': at(6) })).status, 400)
  }),
)

await t.test('POST of what is not there, deleted or expired is 404', async (t) => {
  const server = await startTestServer()
  t.equal((await post(server, 1)).status, 404)
  await put(server, 2, 'x', { 'x-delete-at': '1700000010' })
  const late = { 'x-timestamp': at(20) }
  t.equal((await send(server, 'POST', { headers: late })).status, 404)
  t.equal((await send(server, 'POST', { headers: { ...late, 'x-backend-replication': 'true' } })).status, 202)
  await send(server, 'DELETE', { headers: { 'x-timestamp': at(30) } })
  t.equal((await post(server, 40)).status, 404)
  await server.device.close()
})

await t.test('POST as old as what is there, or older, is a conflict', (t) =>
  withObject(async (server) => {
    t.match(await post(server, 1), { status: 409, headers: { 'x-backend-timestamp': at(1) } })
    await post(server, 5)
    t.match(await post(server, 5), { status: 409, headers: { 'x-backend-timestamp': at(5) } })
    t.equal((await post(server, 4)).status, 409)
  }),
)

await t.test('POST refuses bad times and metadata', (t) =>
  withObject(async (server) => {
    t.equal((await post(server, 2, { 'x-delete-at': '1' })).text, 'X-Delete-At in past')
    t.equal((await post(server, 2, { 'x-delete-at': 'x' })).text, 'Non-integer X-Delete-At')
    t.equal((await post(server, 2, { 'x-object-meta-': 'x' })).status, 400)
    t.equal((await send(server, 'POST')).text, 'Missing X-Timestamp header')
  }),
)

await t.test('POST sets and takes away the time of expiry', (t) =>
  withObject(async (server) => {
    await post(server, 2, { 'x-delete-at': '1700000100' })
    t.equal((await send(server, 'HEAD')).headers['x-delete-at'], '1700000100')
    await post(server, 3)
    t.notOk('x-delete-at' in (await send(server, 'HEAD')).headers)
  }),
)
