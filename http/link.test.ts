/** Links keep the contract of every transport, and fall back to HTTP where there is none. */
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { LinkClient } from './link-client.ts'
import { bufferBody, type Handler, type RequestBody, readWhole } from './message.ts'
import { RemoteTransport } from './remote-transport.ts'
import { type Listener, listen } from './server.ts'
import type { Endpoint, Transport } from './transport.ts'
import { loopbackSubject, requestOf, transportContract } from './transport-contract.ts'

const patience = { connectTimeoutMs: 2000, responseTimeoutMs: 5000 }

function serve(handler: Handler, links: 'accepted' | undefined = 'accepted', port = 0): Promise<Listener> {
  return listen({ host: '127.0.0.1', port, handler, clock: realClock, log: silentLogger, links })
}

/** A link to the server that stands. */
async function linked(target: Endpoint): Promise<LinkClient> {
  const links = new LinkClient({ clock: realClock })
  await untilOpen(links, target)
  return links
}

async function untilOpen(links: LinkClient, target: Endpoint): Promise<void> {
  for (let tries = 0; tries < 500 && !links.isOpen(target); tries += 1) {
    const answer = links.send(target, requestOf({ method: 'OPTIONS' }), patience)
    if (answer !== undefined) await readWhole((await answer).body, 1024)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

transportContract({
  name: 'link',
  start: (handler) => loopbackSubject(() => serve(handler), linksAndRequests),
})

/** Over a link, and by requests where there is none. */
async function linksAndRequests(target: Endpoint): Promise<Transport> {
  const links = new LinkClient({ clock: realClock })
  const remote = new RemoteTransport({ clock: realClock })
  // Offered without a request of its own, so that the handler sees only what the test sends.
  void links.send(target, requestOf({}), patience)
  for (let tries = 0; tries < 500 && !links.isOpen(target); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
  return {
    send: (to, request, options) => links.send(to, request, options) ?? remote.send(to, request, options),
    close: async () => {
      links.close()
      await remote.close()
    },
  }
}

/** A body of so many pieces of 64 KiB. */
function longBody(pieces: number, fill = 1): RequestBody {
  return {
    lengthBytes: pieces * 65_536,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (let piece = 0; piece < pieces; piece += 1) yield Buffer.alloc(65_536, fill)
    },
  }
}

const sizeHandler: Handler = async (request) => {
  let bytes = 0
  for await (const piece of request.body) bytes += piece.length
  return { status: 200, headers: {}, body: Buffer.from(String(bytes)) }
}

async function started(
  t: Test,
  handler: Handler,
): Promise<{ links: LinkClient; target: Endpoint; listener: Listener }> {
  const listener = await serve(handler)
  const links = await linked(listener.address)
  t.teardown(async () => {
    links.close()
    await listener.close({ graceMs: 0 })
  })
  return { links, target: listener.address, listener }
}

void t.test('long bodies and small requests share a link without waiting for each other', async (t) => {
  const { links, target } = await started(t, sizeHandler)
  const long = Array.from({ length: 4 }, async () => {
    const answer = await links.send(target, requestOf({ method: 'PUT', body: longBody(320) }), patience)
    return String(await readWhole(answer?.body, 100))
  })
  const small = await links.send(
    target,
    requestOf({ method: 'PUT', body: bufferBody(Buffer.from('x')) }),
    patience,
  )
  t.equal(String(await readWhole(small?.body, 100)), '1')
  t.same(
    await Promise.all(long),
    Array.from({ length: 4 }, () => String(320 * 65_536)),
  )
})

void t.test('an exchange whose reader does not read holds up nobody else', async (t) => {
  const { links, target } = await started(t, async (request) => ({
    status: 200,
    headers: {},
    body: request.path === '/long' ? longBody(256) : Buffer.from('short'),
  }))
  const stuck = await links.send(target, requestOf({ path: '/long' }), patience)
  for (let round = 0; round < 20; round += 1) {
    const answer = await links.send(target, requestOf({ path: '/short' }), patience)
    t.equal(String(await readWhole(answer?.body, 100)), 'short')
  }
  t.equal((await readWhole(stuck?.body, 64 * 1024 * 1024)).length, 256 * 65_536)
})

void t.test('a server that goes away answers what is under way', async (t) => {
  let letGo: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const { links, target, listener } = await started(t, async (request) => {
    if (request.path === '/slow') await held
    return { status: 200, headers: {}, body: Buffer.from('done') }
  })
  const slow = links.send(target, requestOf({ path: '/slow' }), patience)
  await new Promise((resolve) => setTimeout(resolve, 30))
  const closed = listener.close({ graceMs: 5000 })
  await new Promise((resolve) => setTimeout(resolve, 30))
  t.notOk(links.isOpen(target), 'new requests go another way')
  letGo()
  t.equal(String(await readWhole((await slow)?.body, 100)), 'done')
  await closed
})

void t.test('requests find their way when the server is replaced by another one', async (t) => {
  const first = await serve(sizeHandler)
  const transport = new RemoteTransport({ clock: realClock, links: 'offered' })
  t.teardown(() => transport.close())
  const target = first.address
  const ask = async (): Promise<string> => {
    const answer = await transport.send(
      target,
      requestOf({ method: 'PUT', body: bufferBody(Buffer.from('xyz')) }),
      patience,
    )
    return String(await readWhole(answer.body, 100))
  }
  for (let round = 0; round < 20; round += 1) {
    t.equal(await ask(), '3')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await first.close({ graceMs: 0 })
  const second = await serve(sizeHandler, 'accepted', target.port)
  t.teardown(() => second.close({ graceMs: 0 }))
  for (let round = 0; round < 20; round += 1) t.equal(await ask(), '3')
})

void t.test('a server without links is asked over HTTP', async (t) => {
  const listener = await serve(sizeHandler, undefined)
  const transport = new RemoteTransport({ clock: realClock, links: 'offered' })
  t.teardown(async () => {
    await transport.close()
    await listener.close({ graceMs: 0 })
  })
  for (let round = 0; round < 5; round += 1) {
    const answer = await transport.send(
      listener.address,
      requestOf({ method: 'PUT', body: longBody(3) }),
      patience,
    )
    t.equal(String(await readWhole(answer.body, 100)), String(3 * 65_536))
  }
})

/** A raw connection that was upgraded to a link. */
async function rawLink(t: Test, target: Endpoint): Promise<Socket> {
  const socket = connect(target.port, target.host)
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write(
    'GET /martlet/link HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: martlet-link/1\r\n\r\n',
  )
  await new Promise((resolve) => socket.once('data', resolve))
  return socket
}

const NONSENSE: Readonly<Record<string, Buffer>> = {
  'a frame of an unknown type': Buffer.from([99, 0, 0, 0, 0, 0, 0, 1]),
  'a message that is too long': Buffer.from([1, 255, 255, 255, 0, 0, 0, 1]),
  'a message shorter than its head': Buffer.from([1, 0, 0, 4, 0, 0, 0, 1, 0, 0, 1, 0]),
  'a head that is not JSON': Buffer.from([1, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1, 0x7b]),
  'a head that is no request': Buffer.from([1, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0x5b, 0x5d]),
  'an answer': Buffer.from([2, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0x5b, 0x5d]),
}

for (const [what, bytes] of Object.entries(NONSENSE)) {
  void t.test(`a peer that sends ${what} is cut off, and the server goes on`, async (t) => {
    const listener = await serve(sizeHandler)
    const socket = await rawLink(t, listener.address)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(bytes)
    await closed
    const links = await linked(listener.address)
    const answer = await links.send(
      listener.address,
      requestOf({ method: 'PUT', body: longBody(1) }),
      patience,
    )
    t.equal(answer?.status, 200)
    links.close()
    await listener.close({ graceMs: 0 })
  })
}

void t.test('a client may ask for another protocol and is answered over HTTP', async (t) => {
  const listener = await serve(async () => ({ status: 200, headers: {}, body: Buffer.from('plain') }))
  t.teardown(() => listener.close({ graceMs: 0 }))
  const answer = await fetch(`http://127.0.0.1:${listener.address.port}/`, {})
  t.equal(await answer.text(), 'plain')
  const socket = connect(listener.address.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
  const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
  t.match(String(first), /^HTTP\/1.1 200 /)
})

void t.test('a single piece may be longer than what a link has room for', async (t) => {
  const { links, target } = await started(t, async ({ body }) => {
    // As long as nobody reads, nothing makes room.
    await new Promise((resolve) => setTimeout(resolve, 100))
    const whole = await readWhole(body, 64 * 1024 * 1024)
    return { status: 200, headers: { 'content-length': String(whole.length) }, body: whole }
  })
  const piece = Buffer.alloc(17 * 1024 * 1024, 'x')
  const answer = await links.send(target, requestOf({ method: 'PUT', body: bufferBody(piece) }), patience)
  t.ok(piece.equals(await readWhole(answer?.body, piece.length)))
})
