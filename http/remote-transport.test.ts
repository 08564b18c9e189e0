import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { bufferBody, type RequestBody, readWhole } from './message.ts'
import { RemoteTransport } from './remote-transport.ts'
import { listen } from './server.ts'
import type { TransportTls } from './transport.ts'
import { loopbackSubject, requestOf, transportContract } from './transport-contract.ts'

transportContract({
  name: 'remote transport',
  start: (handler) =>
    loopbackSubject(
      () => listen({ host: '127.0.0.1', port: 0, handler, clock: realClock, log: silentLogger }),
      async () => new RemoteTransport({ clock: realClock }),
    ),
})

const patience = { connectTimeoutMs: 2000, responseTimeoutMs: 2000 }

function streamOf(text: string): RequestBody {
  return {
    lengthBytes: text.length,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      yield Buffer.from(text)
    },
  }
}

/** A bare server that answers by a script and counts its connections. */
async function scripted(
  t: Test,
  script: (socket: Socket, connection: number) => void,
): Promise<{ readonly target: { host: string; port: number }; readonly connections: () => number }> {
  let connections = 0
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    connections += 1
    open.add(socket)
    socket.on('error', () => {})
    script(socket, connections)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const { address, port } = server.address() as AddressInfo
  return { target: { host: address, port }, connections: () => connections }
}

function transportFor(t: Test, tls?: TransportTls): RemoteTransport {
  const transport = new RemoteTransport({ clock: realClock, tls })
  t.teardown(() => transport.close())
  return transport
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const KINDS = [
  ['a held body', () => requestOf({ method: 'PUT', body: bufferBody(Buffer.from('abc')) })],
  ['a streamed body', () => requestOf({ method: 'PUT', body: streamOf('abc') })],
  ['no body', () => requestOf({})],
] as const

for (const [kind, make] of KINDS) {
  void t.test(`connections are used again with ${kind}`, async (t) => {
    const { target, connections } = await scripted(t, (socket) =>
      socket.on('data', () => socket.write(ANSWER)),
    )
    const transport = transportFor(t)
    for (let turn = 0; turn < 5; turn += 1) {
      const response = await transport.send(target, make(), patience)
      t.equal(String(await readWhole(response.body, 10)), 'ok')
      await new Promise((resolve) => setImmediate(resolve))
    }
    t.equal(connections(), 1)
  })
}

void t.test('HEAD does not cost the connection', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'
  const { target, connections } = await scripted(t, (socket) => socket.on('data', () => socket.write(head)))
  const transport = transportFor(t)
  for (let turn = 0; turn < 3; turn += 1) {
    const response = await transport.send(target, requestOf({ method: 'HEAD' }), patience)
    t.equal(response.headers['content-length'], '2')
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(connections(), 1)
})

void t.test('a request whose idle connection the peer closed is sent once more', async (t) => {
  const { target, connections } = await scripted(t, (socket, connection) => {
    let requests = 0
    socket.on('data', () => {
      requests += 1
      // The first connection answers once and breaks at the second request.
      if (connection === 1 && requests === 2) socket.destroy()
      else socket.write(ANSWER)
    })
  })
  const transport = transportFor(t)
  for (let turn = 0; turn < 2; turn += 1) {
    const request = requestOf({ method: 'PUT', body: bufferBody(Buffer.from('abc')) })
    const response = await transport.send(target, request, patience)
    t.equal(String(await readWhole(response.body, 10)), 'ok')
  }
  t.equal(connections(), 2)
})

void t.test('a peer that always breaks is tried twice, not for ever', async (t) => {
  const { target, connections } = await scripted(t, (socket) => socket.on('data', () => socket.destroy()))
  await t.rejects(transportFor(t).send(target, requestOf({}), patience), { code: 'CONNECTION_LOST' })
  t.equal(connections(), 2)
})

void t.test('an answer that has begun is never asked for again', async (t) => {
  const { target, connections } = await scripted(t, (socket) => {
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok'))
  })
  const response = await transportFor(t).send(target, requestOf({}), patience)
  await t.rejects(readWhole(response.body, 10), { code: 'CONNECTION_LOST' })
  t.equal(connections(), 1)
})

void t.test('a body that was begun is not sent again', async (t) => {
  const { target, connections } = await scripted(t, (socket) => socket.on('data', () => socket.destroy()))
  const request = requestOf({ method: 'PUT', body: streamOf('x'.repeat(100)) })
  await t.rejects(transportFor(t).send(target, request, patience), { code: 'CONNECTION_LOST' })
  t.equal(connections(), 1)
})

void t.test('an answer that is not HTTP is a lost connection', async (t) => {
  const { target } = await scripted(t, (socket) => socket.on('data', () => socket.end('SSH-2.0-OpenSSH\r\n')))
  for (const [, make] of KINDS) {
    await t.rejects(transportFor(t).send(target, make(), patience), { code: 'CONNECTION_LOST' })
  }
})

void t.test('hop-by-hop headers and those of the body are our own', async (t) => {
  for (const [kind, make] of KINDS) {
    const heads: string[] = []
    const { target } = await scripted(t, (socket) => {
      socket.on('data', (bytes) => {
        heads.push(bytes.toString('latin1'))
        socket.write(ANSWER)
      })
    })
    const headers = {
      connection: 'close',
      'content-length': '77',
      host: 'evil',
      'transfer-encoding': 'x',
      a: '1',
    }
    const response = await transportFor(t).send(target, { ...make(), headers }, patience)
    await readWhole(response.body, 10)
    const [head = ''] = heads.join('').toLowerCase().split('\r\n\r\n')
    t.match(head, `host: 127.0.0.1:${target.port}`, kind)
    t.match(head, 'a: 1', kind)
    t.notMatch(head, /evil|: 77$|connection: close|: x$/m, kind)
  }
})

void t.test('a peer that does not take the body is given up', async (t) => {
  const { target } = await scripted(t, (socket) => socket.pause())
  const body: RequestBody = {
    ...streamOf(''),
    lengthBytes: undefined,
    async *[Symbol.asyncIterator]() {
      for (let turn = 0; turn < 1000; turn += 1) yield Buffer.alloc(1024 * 1024)
    },
  }
  const hasty = { connectTimeoutMs: 2000, responseTimeoutMs: 200 }
  const sent = transportFor(t).send(target, requestOf({ method: 'PUT', body }), hasty)
  const alive = setInterval(() => {}, 1000)
  await t.rejects(sent, { code: 'RESPONSE_TIMEOUT' })
  clearInterval(alive)
})

// Made with: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 36500 -nodes
//   -keyout tls-key.pem -out tls-certificate.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
const certificate = readFileSync(new URL('./testdata/tls-certificate.pem', import.meta.url))
const key = readFileSync(new URL('./testdata/tls-key.pem', import.meta.url))

void t.test('servers are spoken to over TLS, and known by their certificate', async (t) => {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    clock: realClock,
    log: silentLogger,
    tls: { certificate, key, clientAuthority: certificate },
    handler: async (request) => {
      const bytes = await readWhole(request.body, 1000)
      return {
        status: 200,
        headers: {},
        body: Buffer.from(`${request.method} ${request.secure} ${bytes.length}`),
      }
    },
  })
  t.teardown(() => listener.close({ graceMs: 0 }))
  const transport = transportFor(t, { authority: certificate, certificate, key })
  const cases = [
    [requestOf({}), 'GET true 0'],
    [requestOf({ method: 'PUT', body: streamOf('abc') }), 'PUT true 3'],
    [requestOf({ method: 'UPDATE', body: bufferBody(Buffer.from('abc')) }), 'UPDATE true 3'],
  ] as const
  for (const [request, answer] of cases) {
    const response = await transport.send(listener.address, request, patience)
    t.equal(String(await readWhole(response.body, 100)), answer)
  }
  const strangers = [undefined, { certificate, key }, { authority: certificate }]
  for (const tls of strangers) {
    await t.rejects(transportFor(t, tls).send(listener.address, requestOf({}), patience), {
      name: 'TransportError',
    })
  }
})
