import fc from 'fast-check'
import t from 'tap'
import { bufferBody, type HeaderMap, readWhole } from './message.ts'
import { MimeReader } from './mime-reader.ts'
import { footerDocument, objectDocumentOverhead, objectHead, writeObjectDocument } from './mime-writer.ts'
import { ownPiece, releasePiece } from './piece-memory.ts'

const boundary = 'b0'.repeat(32)

/** The same bytes, in pieces of the given sizes over and over. */
async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function whole(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function documents(reader: MimeReader): Promise<{ headers: HeaderMap; body: string }[]> {
  const found: { headers: HeaderMap; body: string }[] = []
  for (let document = await reader.next(); document !== undefined; document = await reader.next()) {
    found.push({ headers: { ...document.headers }, body: (await whole(document.body)).toString('latin1') })
  }
  return found
}

void t.test('the writer writes what Swift writes', async (t) => {
  const written = await whole(
    writeObjectDocument({
      boundary: 'B',
      body: pieces(Buffer.from('data'), [4]),
      footers: () => ({ Etag: 'x' }),
    }),
  )
  t.equal(
    written.toString(),
    '--B\r\nX-Document: object body\r\n\r\ndata\r\n--B\r\nX-Document: object metadata\r\n' +
      'Content-MD5: 401e2c456953620ee4cae54efe3c7063\r\n\r\n{"Etag":"x"}\r\n--B--\r\n',
  )
  t.equal(written.length, objectDocumentOverhead('B', { Etag: 'x' }) + 4)
})

void t.test('a body of another length than it was said to have is refused', async (t) => {
  const body = pieces(Buffer.from('0123456789'), [3])
  const bytes = await whole(writeObjectDocument({ boundary, body, footers: () => ({}) }))
  for (const [firstBodyBytes, code] of [
    [0, 'MIME_WRONG_LENGTH'],
    [9, 'MIME_WRONG_LENGTH'],
    [11, 'MIME_WRONG_LENGTH'],
    [10_000, 'MIME_TRUNCATED'],
  ] as const) {
    const reader = new MimeReader(pieces(bytes, [64]), boundary, { firstBodyBytes })
    await t.rejects(documents(reader), { code }, `${firstBodyBytes} bytes`)
  }
})

void t.test('footers travel in ASCII', async (t) => {
  const text = footerDocument('B', { 'X-Object-Sysmeta-Name': 'grün €' }).toString('latin1')
  t.match(text, '{"X-Object-Sysmeta-Name":"gr\\u00fcn \\u20ac"}')
})

void t.test('any object comes back whole, however the stream is cut', async (t) => {
  const nasty = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc
      .array(
        fc.constantFrom('\r', '\n', '\r\n', '-', '--', '\r\n--', `\r\n--${boundary.slice(0, 60)}`, 'x'),
        {
          maxLength: 40,
        },
      )
      .map((parts) => Buffer.from(parts.join(''))),
  )
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(nasty, sizes, async (object, cuts) => {
      const footers = { Etag: 'abc', 'X-Object-Sysmeta-A': '1' }
      const body = pieces(object, [7])
      const bytes = await whole(writeObjectDocument({ boundary, body, footers: () => footers }))
      for (const firstBodyBytes of [undefined, object.length]) {
        const reader = new MimeReader(pieces(bytes, cuts), boundary, { firstBodyBytes })
        const [data, metadata, ...others] = await documents(reader)
        t.equal(data?.body, object.toString('latin1'))
        t.equal(data?.headers['x-document'], 'object body')
        t.equal(metadata?.headers['x-document'], 'object metadata')
        t.same(JSON.parse(metadata?.body ?? ''), footers)
        t.equal(others.length, 0)
      }
    }),
    { numRuns: 300 },
  )
})

void t.test('a stream that stops early is an error wherever it stops', async (t) => {
  const bytes = await whole(
    writeObjectDocument({ boundary, body: pieces(Buffer.from('data'), [4]), footers: () => ({ Etag: 'x' }) }),
  )
  for (let end = 0; end < bytes.length - 2; end += 1) {
    const reader = new MimeReader(pieces(bytes.subarray(0, end), [50]), boundary)
    await t.rejects(documents(reader), { code: 'MIME_TRUNCATED' }, `after ${end} bytes`)
  }
})

void t.test('what a caller does not read of a document is skipped', async (t) => {
  const bytes = await whole(
    writeObjectDocument({ boundary, body: pieces(Buffer.alloc(100_000), [999]), footers: () => ({}) }),
  )
  const reader = new MimeReader(pieces(bytes, [4096]), boundary)
  const first = await reader.next()
  t.equal(first?.headers['x-document'], 'object body')
  const second = await reader.next()
  t.equal(second?.headers['x-document'], 'object metadata')
  t.equal(await reader.next(), undefined)
  t.equal(await reader.next(), undefined)
})

void t.test(
  'documents without headers, with empty bodies and with leading empty lines are read',
  async (t) => {
    const text = '\r\n\r\n--B\r\n\r\n\r\n--B\r\nA: 1\r\nb:2\r\n\r\nx\r\n--B--'
    t.same(await documents(new MimeReader(pieces(Buffer.from(text), [3]), 'B')), [
      { headers: {}, body: '' },
      { headers: { a: '1', b: '2' }, body: 'x' },
    ])
  },
)

void t.test('malformed documents are refused', async (t) => {
  for (const text of [
    'rubbish',
    '--C\r\n\r\n\r\n--C--',
    '--Bx\r\n\r\n\r\n--B--',
    '--B\r\nno colon\r\n\r\n\r\n--B--',
    '--B\r\n: no name\r\n\r\n\r\n--B--',
    `--B\r\n${'A: 1\r\n'.repeat(20_000)}`,
    `--B--${'x'.repeat(100_000)}`,
  ]) {
    const reader = new MimeReader(pieces(Buffer.from(text), [1000]), 'B')
    await t.rejects(documents(reader), { code: 'MIME_MALFORMED' }, text.slice(0, 20))
  }
})

void t.test('the memory of a piece may be given back while the next one is waited for', async (t) => {
  const sizeBytes = 3 * 65_536
  const source = async function* (): AsyncGenerator<Buffer> {
    yield objectHead(boundary)
    for (let at = 0; at < sizeBytes; at += 65_536) {
      const piece = Buffer.allocUnsafeSlow(65_536).fill('x')
      ownPiece(piece)
      yield piece
    }
    yield footerDocument(boundary, {})
  }
  let read = 0
  const document = await new MimeReader(source(), boundary).next()
  for await (const piece of document?.body ?? []) {
    read += piece.length
    releasePiece(piece)
  }
  t.equal(read, sizeBytes)
})

void t.test('what is left of a piece whose memory is gone is not lost', async (t) => {
  const [first, second] = [Buffer.allocUnsafeSlow(65_536).fill('x'), Buffer.from('not the boundary')]
  first.write('\r\n--b0b0', 65_536 - 8)
  const source = async function* (): AsyncGenerator<Buffer> {
    yield objectHead(boundary)
    yield first
    yield second
    yield footerDocument(boundary, {})
  }
  let read = 0
  const document = await new MimeReader(source(), boundary).next()
  for await (const piece of document?.body ?? []) {
    read += piece.length
    if (piece.buffer === first.buffer) first.buffer.transfer(0)
  }
  t.equal(read, 65_536 + second.length)
})

void t.test("a body that was read whole is its reader's, whatever others release", async (t) => {
  const body = Buffer.allocUnsafeSlow(65_536).fill('x')
  ownPiece(body)
  const [request, response] = [await readWhole(bufferBody(body), 1e6), await readWhole(body, 1e6)]
  releasePiece(body)
  t.same([request.length, response.length], [65_536, 65_536])
})

void t.test('a large body costs linear time', async (t) => {
  const started = performance.now()
  const chunk = Buffer.alloc(65_536, '\r\n--b0b0')
  const source = async function* (): AsyncGenerator<Buffer> {
    yield objectHead(boundary)
    for (let at = 0; at < 256; at += 1) yield chunk
    yield footerDocument(boundary, {})
  }
  const reader = new MimeReader(source(), boundary)
  let sizeBytes = 0
  const document = await reader.next()
  for await (const piece of document?.body ?? []) sizeBytes += piece.length
  t.equal(sizeBytes, 256 * 65_536)
  t.ok(performance.now() - started < 10_000)
})
