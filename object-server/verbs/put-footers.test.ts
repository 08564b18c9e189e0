/** Bodies with footers: what the sender knows only at the end travels after the object. */
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { bufferBody, type HeaderMap, type RequestBody } from '#http/message.ts'
import { footerDocument, objectHead } from '#http/mime-writer.ts'
import { put, send, startTestServer, type TestServer } from '../test-server.ts'

const BOUNDARY = 'b0undary'
const BODY = Buffer.from('the object')
const MD5 = hash('md5', BODY)

const HEADERS = {
  'x-backend-obj-metadata-footer': 'yes',
  'x-backend-obj-multipart-mime-boundary': BOUNDARY,
}

function mime(footers: Record<string, string>, body = BODY): Buffer {
  return Buffer.concat([objectHead(BOUNDARY), body, footerDocument(BOUNDARY, footers)])
}

/** In small pieces, so that boundaries fall anywhere. */
function inPieces(bytes: Buffer, continued: HeaderMap[] = []): RequestBody {
  return {
    lengthBytes: undefined,
    sendContinue: (headers = {}) => continued.push(headers),
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
    },
  }
}

async function withServer(body: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startTestServer()
  await body(server)
  await server.device.close()
}

await t.test('footers are acknowledged in the 100 answer and win over headers', (t) =>
  withServer(async (server) => {
    const continued: HeaderMap[] = []
    const footers = {
      Etag: MD5,
      'X-Object-Sysmeta-Late': 'yes',
      'X-Object-Meta-Colour': 'footer',
      'Content-Encoding': 'ignored',
    }
    const headers = { ...HEADERS, 'x-object-meta-colour': 'header' }
    const created = await put(server, 1, inPieces(mime(footers), continued), headers)
    t.equal(created.status, 201)
    t.same(continued, [{ 'x-obj-metadata-footer': 'yes' }])
    const found = await send(server, 'GET')
    t.equal(found.text, BODY.toString())
    t.match(found.headers, { 'x-object-sysmeta-late': 'yes', 'x-object-meta-colour': 'footer' })
    t.notOk('content-encoding' in found.headers)
  }),
)

await t.test('the ETag of the footer must be that of the body', (t) =>
  withServer(async (server) => {
    t.equal((await put(server, 1, bufferBody(mime({ Etag: '0'.repeat(32) })), HEADERS)).status, 422)
    t.equal((await send(server, 'GET')).status, 404)
  }),
)

await t.test('the declared length must be that of the object, not of the documents', (t) =>
  withServer(async (server) => {
    const length = (bytes: number): Record<string, string> => {
      return { ...HEADERS, 'x-backend-obj-content-length': String(bytes) }
    }
    t.equal((await put(server, 1, inPieces(mime({})), length(BODY.length + 1))).status, 499)
    t.equal((await put(server, 1, inPieces(mime({})), length(BODY.length - 1))).status, 499)
    t.equal((await put(server, 1, inPieces(mime({})), length(0))).status, 499)
    t.equal((await send(server, 'GET')).status, 404)
    t.equal((await put(server, 1, inPieces(mime({})), length(BODY.length))).status, 201)
    t.same((await send(server, 'GET')).text, BODY.toString('latin1'))
    const bad = { ...HEADERS, 'x-backend-obj-content-length': 'many' }
    t.equal((await put(server, 2, inPieces(mime({})), bad)).status, 400)
  }),
)

await t.test('damaged documents are refused', (t) =>
  withServer(async (server) => {
    const refused = async (body: Buffer, headers: Record<string, string> = HEADERS): Promise<string> => {
      const { status, text } = await put(server, 1, inPieces(body), headers)
      return `${status} ${text.startsWith('<') ? '' : text}`
    }
    const { 'x-backend-obj-multipart-mime-boundary': _, ...noBoundary } = HEADERS
    t.equal(await refused(mime({}), noBoundary), '400 no MIME boundary')
    const whole = mime({ Etag: MD5 })
    t.equal(await refused(whole.subarray(0, whole.length - 40)), '499 ')
    t.equal(await refused(Buffer.from('no documents at all\r\n')), '400 malformed MIME body')
    const noFooter = Buffer.concat([objectHead(BOUNDARY), BODY, Buffer.from(`\r\n--${BOUNDARY}--`)])
    t.equal(await refused(noFooter), "400 couldn't find footer MIME doc")
    const text = whole.toString('latin1')
    t.equal(
      await refused(Buffer.from(text.replace(/Content-MD5: ./, 'Content-MD5: x'))),
      '422 footer MD5 mismatch',
    )
    t.equal(
      await refused(Buffer.from(text.replace('Content-MD5', 'Content-MD4'))),
      '400 no Content-MD5 in footer',
    )
    const noJson = text
      .replace(/\{.*\}/, 'nonsense')
      .replace(/Content-MD5: \w+/, `Content-MD5: ${hash('md5', 'nonsense')}`)
    t.equal(await refused(Buffer.from(noJson)), '400 invalid JSON for footer doc')
    t.equal((await send(server, 'GET')).status, 404)
  }),
)

await t.test('with block CRCs in the footer the sender is believed about the MD5', (t) =>
  withServer(async (server) => {
    const headers = { ...HEADERS, 'x-backend-martlet-block-crcs': 'footer' }
    const crcs = Buffer.alloc(4)
    crcs.writeUInt32BE(crc32(BODY))
    const good = { Etag: MD5, 'x-backend-martlet-block-crcs': crcs.toString('hex') }
    const wrong = { ...good, 'x-backend-martlet-block-crcs': '00000000' }
    t.equal((await put(server, 1, inPieces(mime(wrong)), headers)).status, 422)
    t.equal((await put(server, 1, inPieces(mime({ Etag: MD5 })), headers)).status, 422)
    t.equal((await put(server, 1, inPieces(mime({ ...good, Etag: '' })), headers)).status, 422)
    t.equal((await put(server, 1, inPieces(mime(good)), headers)).status, 201)
    t.match((await send(server, 'GET')).headers, { etag: `"${MD5}"` })
  }),
)
