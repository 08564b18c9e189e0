/** The plain bytes of an encrypted answer: of a whole object, of one range, or of several as MIME documents. */
import type { BodyStream, ResponseBody } from '#http/message.ts'
import { type MimeDocument, MimeReader } from '#http/mime-reader.ts'
import { parseContentRange } from '#http/ranges.ts'
import type { ObjectRead } from '../contract.ts'
import { keyStream } from './cipher.ts'

export interface BodyKey {
  readonly key: Buffer
  readonly iv: Buffer
}

/** As long as the encrypted body. */
export function decryptedBody({ status, headers, body }: ObjectRead, bodyKey: BodyKey): ResponseBody {
  if (body === undefined) return undefined
  const boundary = status === 206 ? boundaryIn(headers['content-type']) : undefined
  if (boundary !== undefined) return streamed(body, (encrypted) => documents(encrypted, boundary, bodyKey))
  const { key, iv } = bodyKey
  const stream = keyStream(key, iv, startOf(headers['content-range']))
  if (Buffer.isBuffer(body)) return stream.apply(body)
  return streamed(body, async function* (encrypted) {
    for await (const chunk of encrypted) yield stream.apply(chunk)
  })
}

function streamed(
  body: Buffer | BodyStream,
  decrypt: (encrypted: AsyncIterable<Buffer>) => AsyncIterable<Buffer>,
): BodyStream {
  const source = Buffer.isBuffer(body) ? held(body) : body
  return {
    cancel: () => source.cancel(),
    [Symbol.asyncIterator]: () => decrypt(source)[Symbol.asyncIterator](),
  }
}

function held(bytes: Buffer): BodyStream {
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      yield bytes
    },
  }
}

function boundaryIn(contentType: string | undefined): string | undefined {
  return /^multipart\/byteranges;\s*boundary="?([^";\s]+)/i.exec(contentType ?? '')?.[1]
}

/** Where the range begins in the whole. */
function startOf(contentRange: string | undefined): number {
  return contentRange === undefined ? 0 : (parseContentRange(contentRange)?.range.start ?? 0)
}

/** Every range is decrypted from where it lies; what is around it is written as it was read. */
async function* documents(
  encrypted: AsyncIterable<Buffer>,
  boundary: string,
  { key, iv }: BodyKey,
): AsyncGenerator<Buffer> {
  const reader = new MimeReader(encrypted, boundary)
  for (let document = await reader.next(); document !== undefined; document = await reader.next()) {
    yield head(document, boundary)
    const stream = keyStream(key, iv, startOf(document.headers['content-range']))
    for await (const chunk of document.body) yield stream.apply(chunk)
    yield Buffer.from('\r\n')
  }
  yield Buffer.from(`--${boundary}--`, 'latin1')
}

function head({ headers }: MimeDocument, boundary: string): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${titled(name)}: ${value ?? ''}\r\n`)
  return Buffer.from(`--${boundary}\r\n${lines.join('')}\r\n`, 'latin1')
}

/** Each word with a capital, as storage servers write names. */
function titled(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())
}
