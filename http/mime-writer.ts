/**
 * Writes the MIME documents that `mime-reader.ts` reads: an object's bytes, then what is known only after them.
 * Byte for byte what OpenStack Swift's proxy sends (`proxy/controllers/obj.py`: `MIMEPutter`), so that its storage
 * servers understand it.
 */
import { hash } from 'node:crypto'

/** Random bytes of a boundary: 64 hex digits, as Swift's. */
export const BOUNDARY_RANDOM_BYTES = 32

export interface ObjectDocument {
  readonly boundary: string
  /** The object's bytes. */
  readonly body: AsyncIterable<Buffer>
  /** Asked for once the body is over: header names in Swift's spelling and values. */
  readonly footers: () => Readonly<Record<string, string>>
}

/** The whole request body: the object, its footers, the closing boundary. */
export async function* writeObjectDocument(document: ObjectDocument): AsyncGenerator<Buffer> {
  yield objectHead(document.boundary)
  yield* document.body
  yield footerDocument(document.boundary, document.footers())
}

/** What stands before the object's first byte. */
export function objectHead(boundary: string): Buffer {
  return Buffer.from(`--${boundary}\r\nX-Document: object body\r\n\r\n`, 'latin1')
}

/** What stands after its last. */
export function footerDocument(boundary: string, footers: Readonly<Record<string, string>>): Buffer {
  const json = asciiJson(footers)
  return Buffer.from(
    `\r\n--${boundary}\r\nX-Document: object metadata\r\nContent-MD5: ${hash('md5', json)}\r\n\r\n` +
      `${json}\r\n--${boundary}--\r\n`,
    'latin1',
  )
}

/** Length of the whole body, bytes, when the footers' values have a known length. */
export function objectDocumentOverhead(boundary: string, footers: Readonly<Record<string, string>>): number {
  return objectHead(boundary).length + footerDocument(boundary, footers).length
}

/** JSON in ASCII only, as Python's `json.dumps` writes it. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
