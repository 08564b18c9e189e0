import t from 'tap'
import { at, put, send, startTestServer, type TestServer } from '../test-server.ts'

function remove(
  server: TestServer,
  seconds: number,
  headers: Record<string, string> = {},
): ReturnType<typeof send> {
  return send(server, 'DELETE', { headers: { 'x-timestamp': at(seconds), ...headers } })
}

async function withServer(body: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startTestServer()
  await body(server)
  await server.device.close()
}

await t.test('DELETE of an object is 204, and tells what it was', (t) =>
  withServer(async (server) => {
    await put(server, 1, 'x', { 'content-type': 'text/x' })
    const gone = await remove(server, 2)
    t.equal(gone.status, 204)
    t.match(gone.headers, { 'x-backend-timestamp': at(2), 'x-backend-content-type': 'text/x' })
    t.match(await send(server, 'GET'), { status: 404, headers: { 'x-backend-timestamp': at(2) } })
  }),
)

await t.test('DELETE of nothing is 404 and leaves a tombstone all the same', (t) =>
  withServer(async (server) => {
    t.match(await remove(server, 2), { status: 404, headers: { 'x-backend-timestamp': at(2) } })
    t.equal((await put(server, 2, 'x')).status, 409)
    t.match(await remove(server, 1), { status: 404, headers: { 'x-backend-timestamp': at(2) } })
    t.match(await remove(server, 3), { status: 404, headers: { 'x-backend-timestamp': at(3) } })
  }),
)

await t.test('DELETE as old as the data, or older, is a conflict', (t) =>
  withServer(async (server) => {
    await put(server, 5, 'x')
    t.match(await remove(server, 4), { status: 409, headers: { 'x-backend-timestamp': at(5) } })
    t.match(await remove(server, 5), { status: 409, headers: { 'x-backend-timestamp': at(5) } })
    t.equal((await send(server, 'GET')).status, 200)
    t.equal(
      (await remove(server, 5, { 'x-backend-replication': 'true' })).status,
      204,
      'between replicas it wins',
    )
  }),
)

await t.test('DELETE older than a POST but later than the data deletes', (t) =>
  withServer(async (server) => {
    await put(server, 1, 'x')
    await send(server, 'POST', { headers: { 'x-timestamp': at(9) } })
    t.equal((await remove(server, 5)).status, 204)
  }),
)

await t.test('the expirer deletes only what expires when it believes', (t) =>
  withServer(async (server) => {
    const condition = { 'x-if-delete-at': '1700000100' }
    t.equal((await remove(server, 1, condition)).status, 404, 'nothing there, no tombstone')
    t.equal((await put(server, 1, 'x', { 'x-delete-at': '1700000200' })).status, 201)
    t.equal((await remove(server, 50, condition)).status, 412)
    t.equal((await remove(server, 50, { 'x-if-delete-at': 'soon' })).status, 400)
    t.equal((await remove(server, 1, { 'x-if-delete-at': '1700000200' })).status, 409)
    await server.clock.advance(300_000)
    t.equal((await remove(server, 200, { 'x-if-delete-at': '1700000200' })).status, 204, 'expired already')
    t.equal((await remove(server, 250, condition)).status, 412, 'a tombstone expires at no time')
  }),
)

await t.test('DELETE of an expired object is 404 and buries it', (t) =>
  withServer(async (server) => {
    await put(server, 1, 'x', { 'x-delete-at': '1700000100', 'content-type': 'text/x' })
    await server.clock.advance(200_000)
    const gone = await remove(server, 150)
    t.equal(gone.status, 404)
    t.equal(gone.headers['x-backend-content-type'], 'text/x')
    const open = { 'x-backend-open-expired': 'true' }
    t.equal((await send(server, 'GET', { headers: open })).status, 404)
  }),
)
