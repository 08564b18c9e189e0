/** Bodies that break off, on virtual time. Primaries are 0, 1, 2; handoffs 3, 4, 5. */
import t from 'tap'
import { type BodyStream, type Handler, type Response, readWhole } from '#http/message.ts'
import { parseRange, resolveRanges } from '#http/ranges.ts'
import type { ReadOutcome } from './replica-read.ts'
import { readResumably } from './resumable-read.ts'
import { FakeNodes, timeOf } from './testing/fake-nodes.ts'

const WHOLE = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 251))

interface Copy {
  readonly second?: number
  readonly etag?: string
  /** Breaks off after so many bytes of its answer; without it, never. */
  readonly breaksAfter?: number
  /** Sends nothing more after so many bytes. */
  readonly stallsAfter?: number
}

/** Serves the object with ranges, in pieces of 100 bytes. */
function serve({ second = 1, etag = 'e', breaksAfter, stallsAfter }: Copy = {}): Handler {
  return async (request) => {
    const resolved = resolveRanges(parseRange(request.headers['range']), WHOLE.length)
    const range = resolved.kind === 'single' ? resolved.range : { start: 0, end: WHOLE.length }
    const bytes = WHOLE.subarray(range.start, range.end)
    const headers = {
      etag: `"${etag}"`,
      'x-backend-data-timestamp': timeOf(second),
      'content-length': String(bytes.length),
      ...(resolved.kind === 'single'
        ? { 'content-range': `bytes ${range.start}-${range.end - 1}/1000` }
        : {}),
    }
    return {
      status: resolved.kind === 'single' ? 206 : 200,
      headers,
      body: stream(bytes, breaksAfter, stallsAfter),
    }
  }
}

function stream(bytes: Buffer, breaksAfter = Infinity, stallsAfter = Infinity): BodyStream {
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.length; at += 100) {
        if (at >= breaksAfter) throw new Error('bad block')
        if (at >= stallsAfter) await new Promise<never>(() => {})
        yield bytes.subarray(at, at + 100)
      }
    },
  }
}

function start(...copies: readonly (Copy | undefined)[]): FakeNodes {
  const nodes = new FakeNodes({ local: 0 })
  const behaviours = nodes.all.map((_, at) => {
    const copy = copies[at]
    return copy === undefined ? ({ status: 404 } as Partial<Response>) : serve(copy)
  })
  nodes.setAll(...behaviours)
  // The first is asked first.
  for (const [at, node] of nodes.placement.primaries.entries())
    if (at > 0) for (let error = 0; error < 10; error += 1) nodes.errors.recordError(node)
  return nodes
}

async function bytesOf(outcome: ReadOutcome): Promise<Buffer> {
  if (outcome.kind !== 'found') throw new Error(outcome.kind)
  return await readWhole(outcome.response.body, 10_000)
}

t.test('the rest comes from another replica, from the byte reached', async (t) => {
  const nodes = start({ breaksAfter: 300 }, {}, {})
  t.ok((await bytesOf(await readResumably(nodes.client, nodes.read()))).equals(WHOLE))
  t.equal(nodes.asked[1]?.request.headers['range'], 'bytes=300-')
})

t.test('again and again, as long as a replica is left', async (t) => {
  const nodes = start({ breaksAfter: 300 }, { breaksAfter: 200 }, { breaksAfter: 100 }, {})
  t.ok((await bytesOf(await readResumably(nodes.client, nodes.read()))).equals(WHOLE))
  t.same(nodes.order, [0, 1, 2, 3])
})

t.test('replicas that all broke off are asked again as long as bytes come, and no longer', async (t) => {
  const nodes = start({ breaksAfter: 200 }, { breaksAfter: 200 })
  t.ok((await bytesOf(await readResumably(nodes.client, nodes.read()))).equals(WHOLE))
  const single = start({ breaksAfter: 200 }, { breaksAfter: 0 }, { breaksAfter: 0 })
  t.ok((await bytesOf(await readResumably(single.client, single.read()))).equals(WHOLE))
  const dead = start({ breaksAfter: 0 }, { breaksAfter: 0 }, { breaksAfter: 0 })
  await t.rejects(readResumably(dead.client, dead.read()).then(bytesOf))
})

t.test('a range goes on within its bounds, and conditions are not judged again', async (t) => {
  const nodes = start({ breaksAfter: 200 }, {}, {})
  const read = nodes.read({ headers: { range: 'bytes=100-899', 'if-match': '"e"', 'if-none-match': '"f"' } })
  t.ok((await bytesOf(await readResumably(nodes.client, read))).equals(WHOLE.subarray(100, 900)))
  t.match(nodes.asked[1]?.request.headers, {
    range: 'bytes=300-899',
    'if-match': undefined,
    'if-none-match': undefined,
  })
})

t.test('the end of the object as a range goes on as the range it turned out to be', async (t) => {
  const nodes = start({ breaksAfter: 200 }, {}, {})
  const read = nodes.read({ headers: { range: 'bytes=-500' } })
  t.ok((await bytesOf(await readResumably(nodes.client, read))).equals(WHOLE.subarray(500)))
  t.equal(nodes.asked[1]?.request.headers['range'], 'bytes=700-999')
})

t.test('another version is never mixed in', async (t) => {
  for (const other of [{ second: 2 }, { etag: 'f' }]) {
    const nodes = start({ breaksAfter: 300 }, other, other)
    await t.rejects(readResumably(nodes.client, nodes.read()).then(bytesOf))
  }
  const nodes = start({ breaksAfter: 300 }, { second: 2 }, {})
  t.ok((await bytesOf(await readResumably(nodes.client, nodes.read()))).equals(WHOLE))
})

t.test('a replica that stalls in the middle is left for another after the node time limit', async (t) => {
  const nodes = start({ stallsAfter: 300 }, {}, {})
  const reading = readResumably(nodes.client, nodes.read()).then(bytesOf)
  await nodes.clock.advance(10_000)
  t.ok((await reading).equals(WHOLE))
})

t.test('a reader who goes away is not replaced by a second read', async (t) => {
  const nodes = start({ breaksAfter: 300 }, {}, {})
  const outcome = await readResumably(nodes.client, nodes.read())
  if (
    outcome.kind !== 'found' ||
    outcome.response.body === undefined ||
    Buffer.isBuffer(outcome.response.body)
  )
    return t.fail()
  const { body } = outcome.response
  for await (const chunk of body) if (chunk.length > 0) break
  await body.cancel()
  await t.rejects(readWhole(body, 10_000))
  t.equal(nodes.asked.length, 1)
  return undefined
})
