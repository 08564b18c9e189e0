/**
 * What every `Transport` does, as one suite: a sender must not be able to tell how its request travels.
 * Each implementation's test calls `transportContract` with a way to put a handler at an address.
 */
import { createHash } from 'node:crypto'
import t, { type Test as Tap } from 'tap'
import {
  BodyError,
  type BodyStream,
  bufferBody,
  EMPTY_BODY,
  type Handler,
  type HeaderMap,
  ownRequest,
  type Request,
  type RequestBody,
  type Response,
  readWhole,
} from './message.ts'
import type { Listener } from './server.ts'
import {
  type Endpoint,
  type SendOptions,
  type Transport,
  TransportError,
  type TransportErrorCode,
} from './transport.ts'

export interface ContractSubject {
  readonly transport: Transport
  /** Where the handler answers. */
  readonly target: Endpoint
  /** Where nobody listens. */
  readonly nowhere: Endpoint
  readonly stop: () => Promise<void>
}

export interface ContractSetting {
  readonly name: string
  readonly start: (handler: Handler) => Promise<ContractSubject>
}

/**
 * A server on the loopback interface, an address where nobody listens any more, and a transport between them.
 * `serve` is called twice.
 */
export async function loopbackSubject(
  serve: () => Promise<Listener>,
  connect: (target: Endpoint) => Promise<Transport>,
): Promise<ContractSubject> {
  const listener = await serve()
  const closed = await serve()
  await closed.close({ graceMs: 0 })
  const transport = await connect(listener.address)
  return {
    transport,
    target: listener.address,
    nowhere: closed.address,
    stop: async () => {
      await transport.close()
      await listener.close({ graceMs: 0 })
    },
  }
}

const PATIENT: SendOptions = { connectTimeoutMs: 5_000, responseTimeoutMs: 10_000 }
const HASTY: SendOptions = { connectTimeoutMs: 5_000, responseTimeoutMs: 400 }
const MIB = 1024 * 1024

/** Registers the suite's tests with tap. */
export function transportContract(setting: ContractSetting): void {
  const check = (sentence: string, run: (t: Tap, talk: Talk) => Promise<void>): void => {
    void t.test(`${setting.name}: ${sentence}`, async (t) => {
      const talk = new Talk(setting)
      // The clock's timers do not keep a process alive.
      const alive = setInterval(() => {}, 1000)
      try {
        await run(t, talk)
      } finally {
        clearInterval(alive)
        await talk.stop()
      }
    })
  }
  answers(check)
  requestBodies(check)
  expectations(check)
  failures(check)
}

type Check = (sentence: string, run: (t: Tap, talk: Talk) => Promise<void>) => void

/** One handler and those who talk to it. */
class Talk {
  readonly #setting: ContractSetting
  readonly #subjects: ContractSubject[] = []

  constructor(setting: ContractSetting) {
    this.#setting = setting
  }

  async with(handler: Handler): Promise<ContractSubject> {
    const subject = await this.#setting.start(handler)
    this.#subjects.push(subject)
    return subject
  }

  /** Sends one request to the handler. */
  async ask(handler: Handler, request: Partial<Request>, options = PATIENT): Promise<Response> {
    const subject = await this.with(handler)
    return await subject.transport.send(subject.target, requestOf(request), options)
  }

  async stop(): Promise<void> {
    for (const subject of this.#subjects) await subject.stop()
  }
}

/** GET of an object, with what differs. */
export function requestOf(parts: Partial<Request>): Request {
  return ownRequest({ method: 'GET', path: '/sda1/7/AUTH_test/c/o', ...parts })
}

// ---- answers -----------------------------------------------------------------------------------------------------

function answers(check: Check): void {
  check('gives the handler method, path, query and headers as they were sent', async (t, talk) => {
    let seen: Request | undefined
    const handler: Handler = async (request) => {
      seen = request
      return { status: 204, headers: {}, body: undefined }
    }
    const headers = {
      'x-timestamp': '1700000000.12345',
      'x-object-meta-colour': 'gr\xc3\xbcn',
      'x-empty': '',
    }
    await talk.ask(handler, {
      method: 'DELETE',
      path: '/d/1/a/c/o%20%E2%82%AC//x',
      query: 'a=%20&b',
      headers,
    })
    t.equal(seen?.method, 'DELETE')
    t.equal(seen?.path, '/d/1/a/c/o%20%E2%82%AC//x')
    t.equal(seen?.query, 'a=%20&b')
    t.match(seen?.headers, headers)
  })

  for (const method of ['GET', 'POST', 'OPTIONS', 'COPY', 'REPLICATE', 'UPDATE', 'SSYNC']) {
    check(`carries the method ${method}`, async (t, talk) => {
      const handler: Handler = async (request) => ({
        status: 200,
        headers: {},
        body: Buffer.from(`${request.method} ${await readWhole(request.body, MIB)}`),
      })
      const body = method === 'GET' || method === 'OPTIONS' ? EMPTY_BODY : bufferBody(Buffer.from('x'))
      const response = await talk.ask(handler, { method, body })
      t.equal(String(await readWhole(response.body, MIB)), `${method} ${body === EMPTY_BODY ? '' : 'x'}`)
    })
  }

  check('brings status, headers and a body held in memory', async (t, talk) => {
    const body = Buffer.from('hello')
    const headers = { etag: 'abc', 'x-object-meta-colour': 'gr\xc3\xbcn', 'x-many': ['a', 'b'] }
    const response = await talk.ask(async () => ({ status: 203, headers, body }), {})
    t.equal(response.status, 203)
    t.equal(response.headers['etag'], 'abc')
    t.equal(response.headers['x-object-meta-colour'], 'gr\xc3\xbcn')
    t.equal([response.headers['x-many']].flat().join(', '), 'a, b')
    t.equal(response.headers['content-length'], '5')
    t.same(await readWhole(response.body, MIB), body)
  })

  for (const declared of [true, false]) {
    check(`brings a long stream ${declared ? 'with' : 'without'} a declared length`, async (t, talk) => {
      const source = new Source(64, 64 * 1024)
      const headers = declared ? { 'content-length': String(source.sizeBytes) } : {}
      const response = await talk.ask(async () => ({ status: 200, headers, body: source }), {})
      t.equal(digestOf(await readWhole(response.body, 8 * MIB)), source.digest())
      t.ok(source.isReleased)
    })
  }

  check('slows the handler to the pace of the reader', async (t, talk) => {
    const source = new Source(1024, 64 * 1024)
    const response = await talk.ask(async () => ({ status: 200, headers: {}, body: source }), {})
    const iterator = (response.body as BodyStream)[Symbol.asyncIterator]()
    await iterator.next()
    await pause(200)
    t.ok(source.givenBytes < 48 * MIB, `${source.givenBytes} bytes were taken ahead`)
    await (response.body as BodyStream).cancel()
    await eventually(() => source.isReleased)
    t.ok(source.isReleased, 'cancelling reached the source')
  })

  check('answers HEAD with the length and no body', async (t, talk) => {
    const headers = { 'content-length': '1234' }
    const response = await talk.ask(async () => ({ status: 200, headers, body: undefined }), {
      method: 'HEAD',
    })
    t.equal(response.headers['content-length'], '1234')
    t.equal((await readWhole(response.body, MIB)).length, 0)
  })

  for (const status of [204, 304]) {
    check(`sends no body with ${status}`, async (t, talk) => {
      const response = await talk.ask(async () => ({ status, headers: { etag: 'x' }, body: undefined }), {})
      t.equal(response.status, status)
      t.equal(response.headers['etag'], 'x')
      t.equal((await readWhole(response.body, MIB)).length, 0)
    })
  }

  check('serves many requests one after another and at once', async (t, talk) => {
    const subject = await talk.with(async (request) => ({
      status: 200,
      headers: {},
      body: Buffer.from(request.path),
    }))
    const one = async (path: string): Promise<void> => {
      const response = await subject.transport.send(subject.target, requestOf({ path }), PATIENT)
      t.equal(String(await readWhole(response.body, MIB)), path)
    }
    for (let at = 0; at < 10; at += 1) await one(`/serial/${at}`)
    await Promise.all(Array.from({ length: 50 }, (_, at) => one(`/parallel/${at}`)))
  })
}

// ---- request bodies ----------------------------------------------------------------------------------------------

/** Answers with the length and digest of what it got. */
const digestHandler: Handler = async (request) => {
  const bytes = await readWhole(request.body, 64 * MIB)
  const declared = String(request.body.lengthBytes)
  const inHeaders = request.headers['content-length'] ?? request.headers['transfer-encoding'] ?? 'none'
  return {
    status: 201,
    headers: { 'x-declared': declared, 'x-in-headers': inHeaders, etag: digestOf(bytes) },
    body: undefined,
  }
}

function requestBodies(check: Check): void {
  for (const sizeBytes of [0, 1, 65_536, 65_537, 3 * MIB]) {
    check(`brings a body of ${sizeBytes} bytes held in memory`, async (t, talk) => {
      const bytes = Buffer.alloc(sizeBytes, 'ab')
      const response = await talk.ask(digestHandler, { method: 'PUT', body: bufferBody(bytes) })
      t.equal(response.status, 201)
      t.equal(response.headers['x-declared'], String(sizeBytes))
      t.equal(response.headers['x-in-headers'], String(sizeBytes))
      t.equal(response.headers['etag'], digestOf(bytes))
    })
  }

  for (const declared of [true, false]) {
    check(`brings a streamed body ${declared ? 'with' : 'without'} a declared length`, async (t, talk) => {
      const source = new Source(64, 64 * 1024)
      const lengthBytes = declared ? source.sizeBytes : undefined
      const response = await talk.ask(digestHandler, { method: 'PUT', body: streamed(source, lengthBytes) })
      t.equal(response.headers['x-declared'], String(lengthBytes))
      t.equal(response.headers['x-in-headers'], String(lengthBytes ?? 'chunked'))
      t.equal(response.headers['etag'], source.digest())
    })
  }

  check('brings the answer of a handler that never reads the body', async (t, talk) => {
    const source = new Source(512, 64 * 1024)
    const refuse: Handler = async () => ({ status: 413, headers: {}, body: Buffer.from('too long') })
    const response = await talk.ask(refuse, { method: 'PUT', body: streamed(source, source.sizeBytes) })
    t.equal(response.status, 413)
    t.equal(String(await readWhole(response.body, MIB)), 'too long')
    await eventually(() => source.isReleased)
    t.ok(source.isReleased, 'the rest of the body is cancelled')
  })

  check('shows the handler a sender that failed, and fails the request', async (t, talk) => {
    const seen = Promise.withResolvers<unknown>()
    const handler: Handler = async (request) => {
      await readWhole(request.body, 64 * MIB).then(seen.reject, seen.resolve)
      return { status: 499, headers: {}, body: undefined }
    }
    const source = new Source(8, 64 * 1024, { failAt: 4 })
    await rejectsWith(
      t,
      talk.ask(handler, { method: 'PUT', body: streamed(source, source.sizeBytes) }),
      'ABORTED',
    )
    const error = await seen.promise
    t.ok(error instanceof BodyError && error.code === 'SENDER_GONE')
  })

  check('breaks off a body that is shorter than declared', async (t, talk) => {
    const seen = Promise.withResolvers<unknown>()
    const handler: Handler = async (request) => {
      await readWhole(request.body, 64 * MIB).then(seen.reject, seen.resolve)
      return { status: 499, headers: {}, body: undefined }
    }
    const source = new Source(4, 64 * 1024)
    const body = streamed(source, source.sizeBytes + 1)
    await rejectsWith(t, talk.ask(handler, { method: 'PUT', body }), 'ABORTED')
    const error = await seen.promise
    t.ok(error instanceof BodyError && error.code === 'SENDER_GONE')
  })
}

// ---- 100-continue ------------------------------------------------------------------------------------------------

function expectations(check: Check): void {
  const expecting = { method: 'PUT', headers: { expect: '100-continue' } }

  check('holds the body back until the handler asks, and brings its headers', async (t, talk) => {
    const source = new Source(4, 1024)
    let before = -1
    const handler: Handler = async (request) => {
      await pause(50)
      before = source.givenBytes
      request.body.sendContinue({ 'x-obj-metadata-footer': 'yes' })
      return await digestHandler(request)
    }
    const continued: HeaderMap[] = []
    const body = streamed(source, undefined, (headers) => continued.push(headers ?? {}))
    const response = await talk.ask(handler, { ...expecting, body })
    t.equal(response.headers['etag'], source.digest())
    t.equal(before, 0, 'nothing was read before')
    t.equal(continued.length, 1)
    t.equal(continued[0]?.['x-obj-metadata-footer'], 'yes')
  })

  check('asks for the body when the handler just reads it', async (t, talk) => {
    const source = new Source(4, 1024)
    let continued = 0
    const body = streamed(source, source.sizeBytes, () => {
      continued += 1
    })
    const response = await talk.ask(digestHandler, { ...expecting, body })
    t.equal(response.headers['etag'], source.digest())
    t.equal(continued, 1)
  })

  check('never reads a body that the handler did not ask for', async (t, talk) => {
    const source = new Source(4, 1024)
    let continued = 0
    const body = streamed(source, source.sizeBytes, () => {
      continued += 1
    })
    const handler: Handler = async () => ({
      status: 409,
      headers: { 'x-backend-timestamp': '1' },
      body: undefined,
    })
    const response = await talk.ask(handler, { ...expecting, body })
    t.equal(response.status, 409)
    t.equal(response.headers['x-backend-timestamp'], '1')
    await readWhole(response.body, MIB)
    t.equal(continued, 0)
    t.equal(source.givenBytes, 0)
    await eventually(() => source.isReleased)
    t.ok(source.isReleased, 'the body is cancelled')
  })

  check('keeps working after such exchanges', async (t, talk) => {
    const subject = await talk.with(digestHandler)
    for (let at = 0; at < 5; at += 1) {
      const body = bufferBody(Buffer.from(`body ${at}`))
      const response = await subject.transport.send(
        subject.target,
        requestOf({ ...expecting, body }),
        PATIENT,
      )
      t.equal(response.headers['etag'], digestOf(Buffer.from(`body ${at}`)))
      await readWhole(response.body, MIB)
    }
  })

  check('gives up on a handler that never asks', async (t, talk) => {
    const source = new Source(4, 1024)
    const never: Handler = () => new Promise(() => {})
    const body = streamed(source, source.sizeBytes)
    await rejectsWith(t, talk.ask(never, { ...expecting, body }, HASTY), 'RESPONSE_TIMEOUT')
    t.equal(source.givenBytes, 0)
  })
}

// ---- failures ----------------------------------------------------------------------------------------------------

function failures(check: Check): void {
  check('says when nobody listens', async (t, talk) => {
    const subject = await talk.with(digestHandler)
    const source = new Source(4, 1024)
    for (const body of [EMPTY_BODY, streamed(source, source.sizeBytes)]) {
      const request = requestOf({ method: 'PUT', body })
      await rejectsWith(t, subject.transport.send(subject.nowhere, request, PATIENT), 'CONNECT_FAILED')
    }
    await eventually(() => source.isReleased)
    t.ok(source.isReleased, 'the body is cancelled')
  })

  check('turns a handler that throws into a 500 without its reasons', async (t, talk) => {
    const handler: Handler = async () => {
      throw new Error('secret')
    }
    const response = await talk.ask(handler, {})
    t.equal(response.status, 500)
    t.equal(String(await readWhole(response.body, MIB)), 'An error occurred')
  })

  check('gives up on a handler that does not answer', async (t, talk) => {
    const aborted = Promise.withResolvers<void>()
    const handler: Handler = (request) => {
      request.signal?.addEventListener('abort', () => aborted.resolve())
      return new Promise(() => {})
    }
    await rejectsWith(t, talk.ask(handler, {}, HASTY), 'RESPONSE_TIMEOUT')
    await aborted.promise
  })

  check('gives up on a body that stops coming', async (t, talk) => {
    const source = new Source(8, 64 * 1024, { hangAt: 2 })
    const headers = { 'content-length': String(source.sizeBytes) }
    const response = await talk.ask(async () => ({ status: 200, headers, body: source }), {}, HASTY)
    await rejectsWith(t, readWhole(response.body, 8 * MIB), 'RESPONSE_TIMEOUT')
    await eventually(() => source.isReleased)
    t.ok(source.isReleased)
  })

  check('reports a body that breaks in the middle', async (t, talk) => {
    const source = new Source(8, 64 * 1024, { failAt: 4 })
    const headers = { 'content-length': String(source.sizeBytes) }
    const response = await talk.ask(async () => ({ status: 200, headers, body: source }), {})
    await rejectsWith(t, readWhole(response.body, 8 * MIB), 'CONNECTION_LOST')
  })

  check('gives up at once when the sender does', async (t, talk) => {
    const aborted = Promise.withResolvers<void>()
    const called = Promise.withResolvers<void>()
    const handler: Handler = (request) => {
      request.signal?.addEventListener('abort', () => aborted.resolve())
      called.resolve()
      return new Promise(() => {})
    }
    const controller = new AbortController()
    const answer = talk.ask(handler, {}, { ...PATIENT, signal: controller.signal })
    answer.catch(() => {})
    await called.promise
    controller.abort()
    await rejectsWith(t, answer, 'ABORTED')
    await aborted.promise
  })

  check('ends a body with an error when the sender gives up in its middle', async (t, talk) => {
    const source = new Source(8, 64 * 1024, { hangAt: 4 })
    const controller = new AbortController()
    const options = { ...PATIENT, signal: controller.signal }
    const response = await talk.ask(async () => ({ status: 200, headers: {}, body: source }), {}, options)
    const whole = readWhole(response.body, 8 * MIB)
    whole.catch(() => {})
    await pause(20)
    controller.abort()
    await rejectsWith(t, whole, 'ABORTED')
    await eventually(() => source.isReleased)
    t.ok(source.isReleased)
  })

  check('does not begin what is aborted already', async (t, talk) => {
    let called = 0
    const handler: Handler = async () => {
      called += 1
      return { status: 200, headers: {}, body: undefined }
    }
    const options = { ...PATIENT, signal: AbortSignal.abort() }
    await rejectsWith(t, talk.ask(handler, {}, options), 'ABORTED')
    t.equal(called, 0)
  })
}

// ---- material ----------------------------------------------------------------------------------------------------

/** A stream of known bytes that knows how far it was read and whether it was let go. */
class Source implements BodyStream {
  readonly sizeBytes: number
  readonly #count: number
  readonly #chunk: Buffer
  readonly #trouble: { readonly failAt?: number; readonly hangAt?: number }
  readonly #released = Promise.withResolvers<never>()
  givenBytes = 0
  isReleased = false

  constructor(count: number, chunkBytes: number, trouble: { failAt?: number; hangAt?: number } = {}) {
    this.#count = count
    this.#chunk = Buffer.alloc(chunkBytes, 'martlet')
    this.#trouble = trouble
    this.sizeBytes = count * chunkBytes
    this.#released.promise.catch(() => {})
  }

  digest(): string {
    const hash = createHash('md5')
    for (let at = 0; at < this.#count; at += 1) hash.update(this.#chunk)
    return hash.digest('hex')
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.#count && !this.isReleased; at += 1) {
      if (at === this.#trouble.failAt) throw new Error('source failed')
      if (at === this.#trouble.hangAt) await this.#released.promise
      this.givenBytes += this.#chunk.length
      yield this.#chunk
    }
    this.isReleased = true
  }

  async cancel(): Promise<void> {
    this.isReleased = true
    this.#released.reject(new Error('cancelled'))
  }
}

function streamed(
  source: Source,
  lengthBytes: number | undefined,
  sendContinue: (headers?: HeaderMap) => void = () => {},
): RequestBody {
  return {
    lengthBytes,
    sendContinue,
    cancel: () => source.cancel(),
    [Symbol.asyncIterator]: () => source[Symbol.asyncIterator](),
  }
}

function digestOf(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}

async function rejectsWith(t: Tap, promise: Promise<unknown>, code: TransportErrorCode): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  t.ok(error instanceof TransportError, `rejects with a TransportError, not ${String(error)}`)
  t.equal((error as TransportError | undefined)?.code, code)
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

/** Waits, for a bounded time, until something that happens on its own has happened. */
async function eventually(happened: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !happened(); tries += 1) await pause(10)
}
