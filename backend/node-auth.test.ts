import t from 'tap'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { bufferBody, type Handler, type Request, readWhole } from '#http/message.ts'
import type { Transport } from '#http/transport.ts'
import { textAnswer } from './answers.ts'
import { NODE_AUTH_HEADER, requireNodeAuth, signedTransport } from './node-auth.ts'
import { requestOf } from './test-twins.ts'

const SECRET = Buffer.from('a secret of the whole cluster')
const TARGET = { host: 'h', port: 1 }
const OPTIONS = { connectTimeoutMs: 1, responseTimeoutMs: 1 }
const served: Handler = async () => textAnswer(200, 'served')

/** A transport whose server checks signatures; `tamper` changes requests on their way. */
function wire(server: Handler, tamper: (request: Request) => Request = (request) => request): Transport {
  return { send: (_target, request) => server(tamper(request)), close: async () => {} }
}

function client(
  clock: VirtualClock,
  server: Handler,
  tamper?: (request: Request) => Request,
  secret: Buffer | undefined = SECRET,
): (request: Request) => Promise<number> {
  const transport = signedTransport(wire(server, tamper), secret, { clock, random: new SeededRandom(1) })
  return async (request) => (await transport.send(TARGET, request, OPTIONS)).status
}

const REQUEST = requestOf('PUT', '/sda1/7/a/c/o?x=y', { 'x-timestamp': '1' })

t.test('what is signed with the secret is served', async (t) => {
  const clock = new VirtualClock()
  const send = client(clock, requireNodeAuth({ secret: SECRET, clock, self: TARGET })(served))
  for (let at = 0; at < 1000; at += 1) t.equal(await send(REQUEST), 200)
})

t.test('what is not signed, or with another secret, is refused', async (t) => {
  const clock = new VirtualClock()
  const server = requireNodeAuth({ secret: SECRET, clock, self: TARGET })(served)
  t.equal((await server(REQUEST)).status, 401)
  t.equal((await server({ ...REQUEST, headers: { [NODE_AUTH_HEADER]: 'v2 1 1 1 - 1' } })).status, 401)
  t.equal(await client(clock, server, undefined, Buffer.from('another secret, not that one'))(REQUEST), 401)
})

t.test('method, path, query, timestamp, date and nonce cannot be changed', async (t) => {
  const clock = new VirtualClock()
  const server = requireNodeAuth({ secret: SECRET, clock, self: TARGET })(served)
  const changes: readonly ((request: Request) => Request)[] = [
    (request) => ({ ...request, method: 'DELETE' }),
    (request) => ({ ...request, path: '/sda1/7/a/c/p' }),
    (request) => ({ ...request, query: 'x=z' }),
    (request) => ({ ...request, headers: { ...request.headers, 'x-timestamp': '2' } }),
    (request) => withAuth(request, (auth) => auth.replace(/ (\d+) /, ' 1700000000001 ')),
    (request) => withAuth(request, (auth) => auth.replace(/ ([\da-f]{16}) /, ' 0000000000000000 ')),
    (request) => withAuth(request, (auth) => auth.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A'))),
  ]
  for (const change of changes) t.equal(await client(clock, server, change)(REQUEST), 401)
})

t.test('a request that was signed for another server is refused', async (t) => {
  const clock = new VirtualClock()
  const other = requireNodeAuth({ secret: SECRET, clock, self: { host: 'h', port: 2 } })(served)
  t.equal(await client(clock, other)(REQUEST), 401)
  const anywhere = requireNodeAuth({ secret: SECRET, clock })(served)
  t.equal(await client(clock, anywhere)(REQUEST), 200, 'who has no address of its own cannot tell')
  const redirected = (request: Request): Request => withAuth(request, (auth) => auth.replace('h:1', 'h:2'))
  t.equal(await client(clock, other, redirected)(REQUEST), 401)
})

t.test('a body that says what is to be done cannot be changed', async (t) => {
  const clock = new VirtualClock()
  const read: string[] = []
  const server = requireNodeAuth({ secret: SECRET, clock, self: TARGET })(async ({ body }) => {
    read.push(String(await readWhole(body, 100)))
    return textAnswer(200, 'done')
  })
  const commands = [
    requestOf('SYNC', '/sda1/sync/0/reclaim', {}, 'forget'),
    requestOf('UPDATE', '/sda1/rows', {}, 'forget'),
    requestOf('POST', '/martlet/workers/replicator', {}, 'forget'),
  ]
  const changed = (request: Request): Request => ({ ...request, body: bufferBody(Buffer.from('forgot')) })
  const uncovered = (request: Request): Request =>
    withAuth(request, (auth) => auth.replace(/ [\w-]{43} ([\w-]{43})$/, ' - $1'))
  for (const command of commands) {
    t.equal(await client(clock, server)(command), 200)
    t.equal(await client(clock, server, changed)(command), 401)
    t.equal(await client(clock, server, uncovered)(command), 401)
  }
  t.same(read, ['forget', 'forget', 'forget'])
  const object = requestOf('PUT', '/sda1/7/a/c/o', {}, 'bytes')
  t.equal(await client(clock, server, changed)(object), 200, 'an object has checksums of its own')
})

t.test('a request is good for a minute, before and after', async (t) => {
  const [here, there] = [new VirtualClock(), new VirtualClock()]
  const send = client(here, requireNodeAuth({ secret: SECRET, clock: there, self: TARGET })(served))
  here.jumpWall(60_000)
  t.equal(await send(REQUEST), 200)
  here.jumpWall(1)
  t.equal(await send(REQUEST), 401)
  here.jumpWall(-120_001)
  t.equal(await send(REQUEST), 200)
  here.jumpWall(-1)
  t.equal(await send(REQUEST), 401)
})

t.test('monitoring needs no secret', async (t) => {
  const server = requireNodeAuth({ secret: SECRET, clock: new VirtualClock() })(served)
  t.equal((await server(requestOf('GET', '/healthcheck'))).status, 200)
  t.equal((await server(requestOf('GET', '/metrics'))).status, 200)
})

t.test('without a secret nothing is signed and nothing checked', async (t) => {
  const clock = new VirtualClock()
  const inner = wire(served)
  t.equal(signedTransport(inner, undefined, { clock, random: new SeededRandom(1) }), inner)
  t.equal((await requireNodeAuth({ secret: undefined, clock })(served)(REQUEST)).status, 200)
})

t.test('a short secret is our own mistake', async (t) => {
  t.throws(() => requireNodeAuth({ secret: Buffer.from('short'), clock: new VirtualClock() }), RangeError)
})

function withAuth(request: Request, change: (auth: string) => string): Request {
  const auth = request.headers[NODE_AUTH_HEADER] ?? ''
  return { ...request, headers: { ...request.headers, [NODE_AUTH_HEADER]: change(auth) } }
}
