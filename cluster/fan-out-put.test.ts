/** Large bodies on virtual time. Primaries are 0, 1, 2; handoffs 3, 4, 5. */
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { BlockChecksums } from '#base/block-checksums.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import {
  BodyError,
  type Handler,
  type HeaderMap,
  type Request,
  type RequestBody,
  readWhole,
} from '#http/message.ts'
import { MimeReader } from '#http/mime-reader.ts'
import { type FanOutPut, fanOutPut, type PutOutcome } from './fan-out-put.ts'
import { FakeNodes } from './testing/fake-nodes.ts'

const MIB = 1024 * 1024
const COPIES: readonly HeaderMap[] = [{ 'x-copy': '0' }, { 'x-copy': '1' }, { 'x-copy': '2' }]

/** What an object server of ours or of Swift's got. */
interface Received {
  readonly body: Buffer
  readonly footers: HeaderMap
}

/** Object servers that store what they get. */
class ObjectServers {
  readonly received = new Map<number, Received>()
  readonly gaveUp: number[] = []

  /** `footers`: takes them, as ours and Swift's do. */
  server(place: number, takes: 'footers' | 'plain' = 'footers'): Handler {
    return async (request) => {
      const asksFooters = request.headers['x-backend-obj-metadata-footer'] === 'yes'
      request.body.sendContinue(asksFooters && takes === 'footers' ? { 'x-obj-metadata-footer': 'yes' } : {})
      try {
        const stored = asksFooters
          ? await readDocument(request)
          : { body: await readWhole(request.body, 2 ** 30), footers: {} }
        this.received.set(place, stored)
        return { status: 201, headers: {}, body: undefined }
      } catch {
        this.gaveUp.push(place)
        return { status: 499, headers: {}, body: undefined }
      }
    }
  }
}

async function readDocument(request: Request): Promise<Received> {
  const reader = new MimeReader(request.body, request.headers['x-backend-obj-multipart-mime-boundary'] ?? '')
  const parts: Buffer[] = []
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    const chunks: Buffer[] = []
    for await (const chunk of part.body) chunks.push(chunk)
    parts.push(Buffer.concat(chunks))
  }
  const [body = Buffer.alloc(0), footers = Buffer.from('{}')] = parts
  return { body, footers: JSON.parse(String(footers)) as HeaderMap }
}

/** A client's body in pieces; counts what was read of it. */
class ClientBody implements RequestBody {
  readonly lengthBytes: number | undefined
  readonly sendContinue = (): void => {}
  readBytes = 0
  cancelled = false
  readonly #pieces: readonly Buffer[]
  readonly #failure: BodyError | undefined

  constructor(
    pieces: readonly Buffer[],
    options: { readonly lengthBytes?: number; readonly failure?: BodyError } = {},
  ) {
    this.#pieces = pieces
    this.lengthBytes = options.lengthBytes
    this.#failure = options.failure
  }

  async cancel(): Promise<void> {
    this.cancelled = true
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (const piece of this.#pieces) {
      this.readBytes += piece.length
      yield piece
    }
    if (this.#failure !== undefined) throw this.#failure
  }
}

function pieces(count: number, sizeBytes = 64 * 1024): readonly Buffer[] {
  return Array.from({ length: count }, (_, at) => Buffer.alloc(sizeBytes, at))
}

function putOf(nodes: FakeNodes, body: RequestBody, options: Partial<FanOutPut> = {}): Promise<PutOutcome> {
  const { placement, client } = nodes
  return fanOutPut(client, new SeededRandom(1), {
    path: '/a/c/o',
    placement,
    headers: COPIES,
    body,
    expectedEtag: undefined,
    limitBytes: 2 ** 40,
    ...options,
  })
}

function start(): { nodes: FakeNodes; servers: ObjectServers } {
  const nodes = new FakeNodes()
  const servers = new ObjectServers()
  nodes.setAll(...nodes.all.map((_, place) => servers.server(place)))
  return { nodes, servers }
}

t.test('every copy gets the body, with MD5 and block checksums after it', async (t) => {
  const { nodes, servers } = start()
  const all = pieces(40)
  const whole = Buffer.concat(all)
  const outcome = await putOf(nodes, new ClientBody(all, { lengthBytes: whole.length }))
  t.match(outcome, { kind: 'answered', facts: { sizeBytes: whole.length, etag: hash('md5', whole) } })
  t.same([...servers.received.keys()], [0, 1, 2])
  const crcs = [0, 1, 2].map((block) => crc32(whole.subarray(block * MIB, (block + 1) * MIB)))
  for (const { body, footers } of servers.received.values()) {
    t.ok(body.equals(whole))
    t.equal(footers['Etag'], hash('md5', whole))
    t.equal(
      footers['x-backend-martlet-block-crcs'],
      crcs.map((crc) => crc.toString(16).padStart(8, '0')).join(''),
    )
  }
  t.equal(nodes.asked[0]?.request.headers['x-backend-obj-content-length'], String(whole.length))
})

t.test('a peer without footers gets the body plain, and the MD5 only if the client gave one', async (t) => {
  const { nodes, servers } = start()
  nodes.set(nodes.primary(0), servers.server(0, 'plain'))
  const [etag, length] = [hash('md5', Buffer.alloc(65_536)), 65_536]
  t.match(await putOf(nodes, new ClientBody(pieces(1), { lengthBytes: length }), { expectedEtag: etag }), {
    kind: 'answered',
  })
  t.equal(servers.received.get(0)?.body.length, length)
  const plain = nodes.asked.filter(
    ({ node, request }) => node === nodes.primary(0) && request.headers['etag'] === etag,
  )
  t.equal(plain.length, 1)
})

t.test('nodes that refuse or are dead are replaced before a byte of the body is read', async (t) => {
  const { nodes, servers } = start()
  nodes.set(nodes.primary(0), 'dead')
  nodes.set(nodes.primary(1), { status: 507 })
  t.match(await putOf(nodes, new ClientBody(pieces(10))), {
    kind: 'answered',
    answers: [{ status: 201 }, { status: 201 }, { status: 201 }],
  })
  t.same(
    [...servers.received.keys()].toSorted((left, right) => left - right),
    [2, 3, 4],
  )
})

t.test(
  'a conflict or failed condition is told before the body is read, which can then be sent again',
  async (t) => {
    for (const status of [409, 412]) {
      const { nodes, servers } = start()
      nodes.set(nodes.primary(1), { status })
      const body = new ClientBody(pieces(10))
      const outcome = await putOf(nodes, body)
      t.equal(outcome.kind, 'refused')
      t.equal(body.readBytes, 0)
      t.notOk(body.cancelled)
      await nodes.clock.advance(0)
      t.same([...servers.received.keys()], [], 'nobody took an empty body for the whole')
    }
  },
)

t.test('with too few nodes the body is not read at all', async (t) => {
  const { nodes } = start()
  nodes.setAll('dead', 'dead', { status: 503 }, 'dead', 'dead', { status: 507 })
  const body = new ClientBody(pieces(10))
  t.match(await putOf(nodes, body), { kind: 'refused' })
  t.equal(body.readBytes, 0)
})

t.test('the body is read no faster than the slowest node takes it', async (t) => {
  const { nodes, servers } = start()
  let takenBytes = 0
  let goOn: () => void = () => {}
  nodes.set(nodes.primary(2), async (request) => {
    request.body.sendContinue({ 'x-obj-metadata-footer': 'yes' })
    for await (const chunk of request.body) {
      takenBytes += chunk.length
      if (takenBytes < MIB) continue
      await new Promise<void>((resolve) => (goOn = resolve))
      takenBytes = Number.NEGATIVE_INFINITY
    }
    return { status: 201, headers: {}, body: undefined }
  })
  const body = new ClientBody(pieces(200))
  const putting = putOf(nodes, body)
  await nodes.clock.advance(5000)
  t.ok(body.readBytes < 2 * MIB, `${body.readBytes} bytes were read`)
  goOn()
  t.match(await putting, { kind: 'answered', answers: { length: 3 } })
  t.equal(servers.received.get(0)?.body.length, 200 * 65_536)
})

t.test('a node that stalls is dropped after the node time limit, and blamed', async (t) => {
  const { nodes, servers } = start()
  nodes.set(nodes.primary(2), async (request) => {
    request.body.sendContinue({ 'x-obj-metadata-footer': 'yes' })
    return await new Promise<never>(() => {})
  })
  const putting = putOf(nodes, new ClientBody(pieces(200)))
  await nodes.clock.advance(9999)
  t.equal(servers.received.size, 0)
  await nodes.clock.advance(20_000)
  t.match(await putting, { kind: 'answered' })
  t.same([...servers.received.keys()], [0, 1])
})

t.test('when a majority stops taking the body the client is told, not kept waiting', async (t) => {
  const { nodes } = start()
  const fails: Handler = async (request) => {
    request.body.sendContinue({ 'x-obj-metadata-footer': 'yes' })
    for await (const chunk of request.body) if (chunk.length > 1000) break
    return { status: 507, headers: {}, body: undefined }
  }
  nodes.set(nodes.primary(0), fails)
  nodes.set(nodes.primary(1), fails)
  const body = new ClientBody(pieces(200))
  const outcome = await putOf(nodes, body)
  t.match(outcome, { kind: 'unavailable' })
  t.ok(body.cancelled)
})

t.test('what is wrong with the body leaves no copy behind', async (t) => {
  const cases: readonly [string, ClientBody, Partial<FanOutPut>][] = [
    ['etag_mismatch', new ClientBody(pieces(5)), { expectedEtag: hash('md5', 'other') }],
    ['too_large', new ClientBody(pieces(5)), { limitBytes: 100_000 }],
    ['client_gone', new ClientBody(pieces(5), { failure: new BodyError('SENDER_GONE') }), {}],
    ['client_timeout', new ClientBody(pieces(5), { failure: new BodyError('SENDER_TIMEOUT') }), {}],
    ['client_gone', new ClientBody(pieces(5), { lengthBytes: 6 * 65_536 }), {}],
  ]
  for (const [kind, body, options] of cases) {
    const { nodes, servers } = start()
    t.equal((await putOf(nodes, body, options)).kind, kind)
    await nodes.clock.advance(0)
    t.equal(servers.received.size, 0, kind)
    t.same(
      servers.gaveUp.toSorted((left, right) => left - right),
      [0, 1, 2],
    )
  }
})

t.test('block checksums do not depend on the pieces a body comes in', async () => {
  const body = Buffer.concat(pieces(40))
  const whole = new BlockChecksums()
  whole.update(body)
  const expected = whole.finish()
  fc.assert(
    fc.property(fc.array(fc.nat(body.length), { maxLength: 8 }), (cuts) => {
      const crcs = new BlockChecksums()
      const bounds = [0, ...cuts.toSorted((left, right) => left - right), body.length]
      for (const [at, end] of bounds.slice(1).entries()) crcs.update(body.subarray(bounds[at], end))
      return JSON.stringify(crcs.finish()) === JSON.stringify(expected)
    }),
  )
})
