/** What the server does with clients that are careless, slow, hostile or gone, seen from the other end of a socket. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type LogFields, type Logger, silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import {
  BodyError,
  type BodyStream,
  type Handler,
  type Request,
  type Response,
  readWhole,
} from './message.ts'
import { type Listener, type ListenOptions, listen } from './server.ts'

const MIB = 1024 * 1024

/** A server for one test. */
async function serve(t: Test, handler: Handler, options: Partial<ListenOptions> = {}): Promise<Listener> {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    handler,
    clock: realClock,
    log: silentLogger,
    ...options,
  } as ListenOptions)
  t.teardown(() => listener.close({ graceMs: 0 }))
  return listener
}

/** A raw connection: what is written goes out as it is, what comes back is collected. */
class Wire {
  readonly socket: Socket
  received = ''
  isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.received += text
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
    })
  }

  static async to(t: Test, at: Listener['address']): Promise<Wire> {
    const { host, port } = at
    const socket = connect({ host, port, allowHalfOpen: true })
    await new Promise((resolve) => socket.once('connect', resolve))
    t.teardown(() => socket.destroy())
    return new Wire(socket)
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Everything up to and with `text`. */
  async until(text: string): Promise<string> {
    await eventually(() => this.received.includes(text) || this.isClosed)
    return this.received
  }

  async closed(): Promise<string> {
    await eventually(() => this.isClosed || this.socket.readableEnded)
    return this.received
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

async function eventually(happened: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !happened(); tries += 1) await pause(10)
}

const ok: Handler = async () => ({ status: 200, headers: {}, body: Buffer.from('ok') })
const echo: Handler = async (request) => {
  const bytes = await readWhole(request.body, 16 * MIB)
  return { status: 200, headers: {}, body: Buffer.from(`${request.method} ${bytes.length}`) }
}
const get = (path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

// ---- the answer on the wire --------------------------------------------------------------------------------------

void t.test('headers leave in Title-Case, repeated ones on lines of their own', async (t) => {
  const headers = { 'x-object-meta-a1b_c': 'x', etag: '"y"', 'x-many': ['1', '2'], 'x-none': undefined }
  const listener = await serve(t, async () => ({ status: 201, headers, body: undefined }))
  const text = await (await Wire.to(t, listener.address)).send(get()).until('\r\n\r\n')
  t.match(text, /^HTTP\/1\.1 201 Created\r\n/)
  t.match(text, 'X-Object-Meta-A1B_C: x\r\nEtag: "y"\r\nX-Many: 1\r\nX-Many: 2\r\n')
  t.match(text, 'Content-Length: 0\r\n')
  t.notMatch(text, 'X-None')
})

void t.test('reason phrases are those of Swift', async (t) => {
  let status = 416
  const listener = await serve(t, async () => ({ status, headers: {}, body: undefined }))
  const wire = await Wire.to(t, listener.address)
  t.match(await wire.send(get()).until('\r\n\r\n'), 'HTTP/1.1 416 Requested Range Not Satisfiable\r\n')
  status = 499
  t.match(await wire.send(get()).until('499'), 'HTTP/1.1 499 Client Disconnect\r\n')
})

void t.test('a file name in UTF-8 goes out as the bytes that came in', async (t) => {
  const name = Buffer.from('inline; filename="é"').toString('latin1')
  const headers = { 'content-disposition': name, 'x-name': name }
  const listener = await serve(t, async () => ({ status: 200, headers, body: Buffer.from('ok') }))
  const text = await (await Wire.to(t, listener.address)).send(get()).until('ok')
  t.match(text, `Content-Disposition: ${name}\r\n`)
  t.match(text, `X-Name: ${name}\r\n`)
})

void t.test('a header value that cannot be sent is made harmless', async (t) => {
  const headers = { 'x-object-meta-bad': 'a\r\nX-Injected: 1', 'x-euro': '€', 'bad name': 'x' }
  const listener = await serve(t, async () => ({ status: 200, headers, body: Buffer.from('ok') }))
  const text = await (await Wire.to(t, listener.address)).send(get()).until('ok')
  t.match(text, 'X-Object-Meta-Bad: a  X-Injected: 1\r\n')
  t.match(text, `X-Euro: ${Buffer.from('€').toString('latin1')}\r\n`)
  t.notMatch(text, /^X-Injected/m)
  t.notMatch(text, 'bad name')
})

void t.test('bytes of headers pass unchanged in both directions', async (t) => {
  const listener = await serve(t, async (request) => ({
    status: 200,
    headers: { 'x-object-meta-a': request.headers['x-object-meta-a'] ?? '' },
    body: undefined,
  }))
  const wire = await Wire.to(t, listener.address)
  const text = await wire
    .send('GET / HTTP/1.1\r\nX-Object-Meta-A: gr\xc3\xbcn \xff\r\n\r\n')
    .until('\r\n\r\n')
  t.match(text, 'X-Object-Meta-A: gr\xc3\xbcn \xff\r\n')
})

void t.test('HEAD, 204 and 304 send no body even if the handler gives one', async (t) => {
  let response: Response = { status: 200, headers: {}, body: Buffer.from('hello') }
  let cancelled = 0
  const stream: BodyStream = {
    cancel: async () => {
      cancelled += 1
    },
    async *[Symbol.asyncIterator]() {
      yield Buffer.from('never')
    },
  }
  const listener = await serve(t, async () => response)
  const wire = await Wire.to(t, listener.address)
  t.match(await wire.send('HEAD / HTTP/1.1\r\n\r\n').until('\r\n\r\n'), 'Content-Length: 5\r\n')
  response = { status: 204, headers: {}, body: stream }
  wire.received = ''
  t.notMatch(await wire.send(get()).until('\r\n\r\n'), 'never')
  response = { status: 304, headers: { etag: 'x' }, body: stream }
  wire.received = ''
  t.match(await wire.send(get()).until('\r\n\r\n'), 'Etag: x')
  t.equal(cancelled, 2)
  response = { status: 200, headers: {}, body: Buffer.from('after') }
  t.match(await wire.send(get()).until('after'), 'after', 'the connection is still in step')
})

void t.test('a handler that throws costs a 500 and one line in the log, and tells nothing', async (t) => {
  const lines: LogFields[] = []
  const log: Logger = { ...silentLogger, error: (fields) => lines.push(fields) }
  const handler: Handler = async () => {
    throw new Error('secret')
  }
  const listener = await serve(t, handler, { log })
  const text = await (await Wire.to(t, listener.address)).send(get('/v1/a')).until('occurred')
  t.match(text, 'HTTP/1.1 500 Internal Error\r\n')
  t.notMatch(text, /secret|\bat\b/)
  t.equal(lines.length, 1)
  t.equal(lines[0]?.['path'], '/v1/a')
})

void t.test('a body that a handler cannot read and does not mind is the fault of the client', async (t) => {
  const lines: LogFields[] = []
  const log: Logger = { ...silentLogger, error: (fields) => lines.push(fields) }
  const impatient = await serve(t, echo, { log, limits: { clientTimeoutMs: 800 } })
  const slow = (await Wire.to(t, impatient.address)).send('PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc')
  t.match(await slow.closed(), 'HTTP/1.1 408 Request Timeout')
  const listener = await serve(t, echo, { log, limits: { lingerMs: 50 } })
  const large = (await Wire.to(t, listener.address)).send(
    `PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n`,
  )
  for (let turn = 0; turn < 17; turn += 1) large.send(`100000\r\n${'x'.repeat(MIB)}\r\n`)
  t.match(await large.until('server.'), 'HTTP/1.1 413 Request Entity Too Large')
  t.same(lines, [])
})

void t.test('a body that ends too early breaks the connection', async (t) => {
  const body: BodyStream = {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      yield Buffer.from('half')
    },
  }
  const listener = await serve(t, async () => ({ status: 200, headers: { 'content-length': '8' }, body }))
  const wire = (await Wire.to(t, listener.address)).send(get())
  await wire.closed()
  t.ok(wire.isClosed || wire.socket.readableEnded)
})

// ---- requests ----------------------------------------------------------------------------------------------------

void t.test('a request target may name scheme and host', async (t) => {
  const seen: string[] = []
  const listener = await serve(t, async (request) => {
    seen.push(`${request.path}|${request.query}`)
    return { status: 200, headers: {}, body: undefined }
  })
  const wire = await Wire.to(t, listener.address)
  for (const target of ['http://h:1/a%20b?c=d?e', 'http://h', 'http://h?x', '*', '/?']) {
    wire.received = ''
    await wire.send(`OPTIONS ${target} HTTP/1.1\r\n\r\n`).until('\r\n\r\n')
  }
  t.same(seen, ['/a%20b|c=d?e', '/|', '/|x', '*|', '/|'])
})

void t.test('repeated headers are joined, names are lower-case', async (t) => {
  const seen = Promise.withResolvers<Request>()
  const listener = await serve(t, async (request) => {
    seen.resolve(request)
    return await ok(request)
  })
  const head = 'GET / HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n'
  await (await Wire.to(t, listener.address)).send(head).until('ok')
  const { headers, remoteAddress, secure } = await seen.promise
  t.equal(headers['x-a'], '1, 2')
  t.equal(headers['set-cookie'], 'a, b')
  t.equal(remoteAddress, '127.0.0.1')
  t.equal(secure, false)
})

void t.test('requests sent ahead are answered in order', async (t) => {
  const listener = await serve(t, async (request) => {
    if (request.path === '/1') await pause(30)
    return { status: 200, headers: {}, body: Buffer.from(`<${request.path}>`) }
  })
  const text = await (await Wire.to(t, listener.address))
    .send(get('/1') + get('/2') + get('/3'))
    .until('</3>')
  t.same(text.match(/<[^>]+>/g), ['</1>', '</2>', '</3>'])
})

void t.test("Swift's own methods are known, one after another on one connection", async (t) => {
  const listener = await serve(t, echo)
  const wire = await Wire.to(t, listener.address)
  for (const method of ['UPDATE', 'REPLICATE', 'PUT', 'SSYNC', 'UPDATE']) {
    wire.received = ''
    wire.send(`${method} /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc`)
    t.match(await wire.until(`${method} 3`), `${method} 3`)
  }
  t.equal(listener.connectionCount(), 1)
})

void t.test('100 Continue comes with the headers of the handler, and the connection lives on', async (t) => {
  const listener = await serve(t, async (request) => {
    request.body.sendContinue({ 'x-obj-metadata-footer': 'yes' })
    return await echo(request)
  })
  const wire = await Wire.to(t, listener.address)
  for (let turn = 0; turn < 2; turn += 1) {
    wire.received = ''
    wire.send('PUT /a HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
    const text = await wire.until('\r\n\r\n')
    t.equal(text, 'HTTP/1.1 100 Continue\r\nX-Obj-Metadata-Footer: yes\r\n\r\n')
    t.match(await wire.send('abc').until('PUT 3'), 'HTTP/1.1 200 OK')
  }
  t.notOk(wire.isClosed)
})

void t.test('an answer instead of 100 Continue closes the connection', async (t) => {
  const listener = await serve(t, async () => ({ status: 507, headers: {}, body: undefined }))
  const wire = await Wire.to(t, listener.address)
  wire.send('PUT /a HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
  const text = await wire.closed()
  t.match(text, 'HTTP/1.1 507')
  t.match(text, 'Connection: close')
  t.notMatch(text, '100 Continue')
})

void t.test('a small body that nobody read does not cost the connection', async (t) => {
  const listener = await serve(t, ok)
  const wire = await Wire.to(t, listener.address)
  for (let turn = 0; turn < 3; turn += 1) {
    wire.received = ''
    wire.send(`PUT / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1000)}`)
    await wire.until('ok')
  }
  t.equal(listener.connectionCount(), 1)
})

void t.test('a large body that nobody reads is cut, but the answer arrives', async (t) => {
  const listener = await serve(t, async () => ({ status: 413, headers: {}, body: Buffer.from('too much') }))
  const wire = await Wire.to(t, listener.address)
  wire.send(`PUT / HTTP/1.1\r\nContent-Length: ${64 * MIB}\r\n\r\n`)
  const chunk = 'x'.repeat(MIB)
  for (let turn = 0; turn < 64 && !wire.isClosed; turn += 1) {
    wire.socket.write(chunk)
    await pause(1)
  }
  await wire.closed()
  t.match(wire.received, 'HTTP/1.1 413 Request Entity Too Large')
  t.match(wire.received, 'too much')
})

// ---- clients that misbehave --------------------------------------------------------------------------------------

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['rubbish', 'hello\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
  ['a method in small letters', 'frob / HTTP/1.1\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
  ['a header without a colon', 'GET / HTTP/1.1\r\nnonsense\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
  ['two lengths', 'PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'HTTP/1.1 400'],
  [
    'length and chunks',
    'PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 400',
  ],
  ['a negative length', 'PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n', 'HTTP/1.1 400'],
  ['a target of 9,000 bytes', get(`/${'a'.repeat(9000)}`), 'HTTP/1.1 414 Request URI Too Long'],
  ['a target of 200,000 bytes', get(`/${'a'.repeat(200_000)}`), 'HTTP/1.1 414 Request URI Too Long'],
  [
    'a header of 9,000 bytes',
    `GET / HTTP/1.1\r\nA: ${'a'.repeat(9000)}\r\n\r\n`,
    'HTTP/1.1 400 Header Line Too Long',
  ],
  ['127 headers', `GET / HTTP/1.1\r\n${'A: 1\r\n'.repeat(127)}\r\n`, 'HTTP/1.1 431 Too many headers'],
  [
    '200,000 bytes of headers',
    `GET / HTTP/1.1\r\n${`A: ${'a'.repeat(1000)}\r\n`.repeat(200)}\r\n`,
    'HTTP/1.1 400 Headers Too Large',
  ],
]

for (const [what, sent, answered] of REFUSED) {
  void t.test(`${what} is refused and the connection closed`, async (t) => {
    let called = 0
    const listener = await serve(t, async (request) => {
      called += 1
      return await ok(request)
    })
    const text = await (await Wire.to(t, listener.address)).send(sent).closed()
    t.match(text.slice(0, answered.length), answered)
    t.match(text, 'Connection: close')
    t.equal(called, 0)
  })
}

void t.test(
  'a whole request is answered whatever follows it, and then the connection is closed',
  async (t) => {
    const bodies: string[] = []
    const listener = await serve(t, async (request) => {
      bodies.push(String(await readWhole(request.body, MIB)))
      await pause(20)
      return await ok(request)
    })
    const put = 'PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcdef\r\n'
    const chunked = 'PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n0\r\n\r\n'
    for (const sent of [put, chunked, `GET / HTTP/1.1\r\n\r\n${put}`, 'GET / HTTP/1.1\r\n\r\n???\r\n\r\n']) {
      const text = await (await Wire.to(t, listener.address)).send(sent).closed()
      t.match(text, /^HTTP\/1\.1 200 OK[^]*Connection: close[^]*ok$/)
    }
    t.same(bodies, ['abc', '', '', 'abc', ''])
  },
)

void t.test('a method that nobody knows is for the handler to refuse', async (t) => {
  const methods: string[] = []
  const listener = await serve(t, async (request) => {
    methods.push(request.method)
    return await ok(request)
  })
  const wire = await Wire.to(t, listener.address)
  const sent = ['FOO', 'BREW', 'FROBS', 'DECIDE', 'PRETEND', 'OPTIONS', 'FROBNICATE']
  for (const [at, method] of sent.entries()) {
    wire.send(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`)
    await eventually(() => methods.length > at)
  }
  t.same(methods, sent)
})

void t.test('126 headers, and a line of just below 8,192 bytes, are accepted', async (t) => {
  const listener = await serve(t, ok)
  const wire = await Wire.to(t, listener.address)
  await wire.send(`GET / HTTP/1.1\r\n${'A: 1\r\n'.repeat(126)}\r\n`).until('ok')
  t.match(wire.received, 'HTTP/1.1 200')
  wire.received = ''
  await wire.send(`GET /${'a'.repeat(8000)} HTTP/1.1\r\nA: ${'a'.repeat(8000)}\r\n\r\n`).until('ok')
  t.match(wire.received, 'HTTP/1.1 200')
})

void t.test('a chunked body that turns to rubbish fails the reader', async (t) => {
  const seen = Promise.withResolvers<unknown>()
  const listener = await serve(t, async (request) => {
    await readWhole(request.body, MIB).then(seen.reject, seen.resolve)
    return { status: 499, headers: {}, body: undefined }
  })
  const wire = await Wire.to(t, listener.address)
  wire.send('PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nrubbish')
  const error = await seen.promise
  t.ok(error instanceof BodyError && error.code === 'SENDER_GONE')
  await wire.closed()
})

void t.test('a client that is silent in the middle of a body is told so', async (t) => {
  const listener = await serve(
    t,
    async (request) => {
      const code = await readWhole(request.body, MIB).then(
        () => 'read',
        (error: BodyError) => error.code,
      )
      return { status: code === 'SENDER_TIMEOUT' ? 408 : 500, headers: {}, body: undefined }
    },
    { limits: { clientTimeoutMs: 800, lingerMs: 50 } },
  )
  const wire = await Wire.to(t, listener.address)
  const text = await wire.send('PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc').closed()
  t.match(text, 'HTTP/1.1 408 Request Timeout')
})

void t.test('a client that is silent in the middle of a head is told so', async (t) => {
  const listener = await serve(t, ok, { limits: { clientTimeoutMs: 100 } })
  const text = await (await Wire.to(t, listener.address)).send('GET / HTTP/1.1\r\nHost').closed()
  t.match(text, /^(HTTP\/1\.1 408 Request Timeout[\s\S]*)?$/)
})

void t.test('a slow handler is not taken for a silent client', async (t) => {
  const handler: Handler = async (request) => {
    await pause(1200)
    return await echo(request)
  }
  const listener = await serve(t, handler, { limits: { clientTimeoutMs: 800 } })
  const wire = (await Wire.to(t, listener.address)).send('PUT / HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc')
  await pause(1250)
  t.match(await wire.send('def').until('PUT 6'), 'HTTP/1.1 200 OK')
})

void t.test('an idle connection is closed after its time', async (t) => {
  const listener = await serve(t, ok, { limits: { keepAliveMs: 50 } })
  const wire = (await Wire.to(t, listener.address)).send(get())
  await wire.until('ok')
  await wire.closed()
  t.ok(wire.socket.readableEnded)
})

void t.test('a client that does not read is given up', async (t) => {
  let cancelled = false
  const body: BodyStream = {
    cancel: async () => {
      cancelled = true
    },
    async *[Symbol.asyncIterator]() {
      while (!cancelled) yield Buffer.alloc(MIB)
    },
  }
  const handler: Handler = async () => ({ status: 200, headers: {}, body })
  const listener = await serve(t, handler, { limits: { clientTimeoutMs: 150 } })
  const wire = await Wire.to(t, listener.address)
  wire.send(get())
  wire.socket.pause()
  await eventually(() => cancelled)
  t.ok(cancelled)
})

void t.test(
  'when the client goes away the signal aborts and the body of the answer is cancelled',
  async (t) => {
    let cancelled = false
    const aborted = Promise.withResolvers<void>()
    const stuck = Promise.withResolvers<never>()
    const body: BodyStream = {
      cancel: async () => {
        cancelled = true
        stuck.reject(new Error('cancelled'))
      },
      async *[Symbol.asyncIterator]() {
        yield Buffer.from('first')
        await stuck.promise
      },
    }
    const listener = await serve(t, async (request) => {
      request.signal?.addEventListener('abort', () => aborted.resolve())
      return { status: 200, headers: {}, body }
    })
    const wire = (await Wire.to(t, listener.address)).send(get())
    await wire.until('first')
    wire.socket.destroy()
    await aborted.promise
    await eventually(() => cancelled)
    t.ok(cancelled)
  },
)

void t.test('a client that goes away in the middle of its body fails the reader', async (t) => {
  const seen = Promise.withResolvers<unknown>()
  const listener = await serve(t, async (request) => {
    await readWhole(request.body, MIB).then(seen.reject, seen.resolve)
    return { status: 499, headers: {}, body: undefined }
  })
  const wire = (await Wire.to(t, listener.address)).send('PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc')
  await pause(20)
  wire.socket.destroy()
  const error = await seen.promise
  t.ok(error instanceof BodyError && error.code === 'SENDER_GONE')
})

void t.test('too many requests sent ahead cost the connection, not the server', async (t) => {
  let called = 0
  const listener = await serve(
    t,
    () => {
      called += 1
      return new Promise(() => {})
    },
    { limits: { pipelinedRequests: 4 } },
  )
  const wire = (await Wire.to(t, listener.address)).send(get().repeat(100))
  await wire.closed()
  t.ok(called <= 4)
})

void t.test('more connections than the limit are turned away', async (t) => {
  const listener = await serve(t, ok, { limits: { maxConnections: 2 } })
  const wires = [
    await Wire.to(t, listener.address),
    await Wire.to(t, listener.address),
    await Wire.to(t, listener.address),
  ]
  await eventually(() => wires.some((wire) => wire.isClosed || wire.socket.readableEnded))
  t.equal(listener.connectionCount(), 2)
})

// ---- coming and going --------------------------------------------------------------------------------------------

void t.test('closing answers what is in flight and takes nothing new', async (t) => {
  const release = Promise.withResolvers<void>()
  const called = Promise.withResolvers<void>()
  const listener = await serve(t, async (request) => {
    called.resolve()
    await release.promise
    return await ok(request)
  })
  const idle = await Wire.to(t, listener.address)
  const busy = (await Wire.to(t, listener.address)).send(get())
  await called.promise
  const closing = listener.close({ graceMs: 5000 })
  await idle.closed()
  release.resolve()
  t.match(await busy.closed(), /Connection: close[\s\S]*ok$/)
  await closing
  t.equal(listener.connectionCount(), 0)
  await t.rejects(
    new Promise((resolve, reject) => {
      connect({ ...listener.address })
        .once('connect', resolve)
        .once('error', reject)
    }),
  )
})

void t.test('closing does not wait longer than its grace', async (t) => {
  const listener = await serve(t, () => new Promise(() => {}))
  const wire = (await Wire.to(t, listener.address)).send(get())
  await pause(20)
  const started = performance.now()
  await listener.close({ graceMs: 100 })
  t.ok(performance.now() - started < 10_000)
  await wire.closed()
})

void t.test('a port in use is an error', async (t) => {
  const listener = await serve(t, ok)
  const again = listen({ ...listener.address, handler: ok, clock: realClock, log: silentLogger })
  await t.rejects(again, { code: 'EADDRINUSE' })
})

void t.test('two servers can share a port', async (t) => {
  const one = await serve(t, ok, { reusePort: true })
  const two = await serve(t, ok, { ...one.address, reusePort: true })
  t.equal(two.address.port, one.address.port)
})

void t.test('connections accepted elsewhere are served and closed like its own', async (t) => {
  const listener = await listen({
    connections: 'handed_over',
    handler: ok,
    clock: realClock,
    log: silentLogger,
    limits: { clientTimeoutMs: 100 },
  })
  const door = createServer({ pauseOnConnect: true, allowHalfOpen: true }, listener.accept)
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  t.teardown(() => door.close())
  const { address, port } = door.address() as AddressInfo
  const outside = { host: address, port }
  const wire = (await Wire.to(t, outside)).send(get())
  t.match(await wire.until('ok'), 'HTTP/1.1 200 OK')
  const silent = (await Wire.to(t, outside)).send('GET / HT')
  await silent.closed()
  t.ok(silent.socket.readableEnded, 'a head that does not come is not waited for')
  t.throws(() => listener.address)
  await listener.close({ graceMs: 5000 })
  await wire.closed()
  t.equal(listener.connectionCount(), 0)
})
