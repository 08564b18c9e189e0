/**
 * Reads an HTML form as a browser sends it, `multipart/form-data` (RFC 7578): fields one after the other, files as
 * streams. Memory is bounded by one field and one chunk, however long the form is.
 */

import type { HeaderMap, RequestBody } from '#http/message.ts'
import { MimeError, MimeReader } from '#http/mime-reader.ts'

export interface FormField {
  readonly kind: 'field'
  /** Lower-case. */
  readonly name: string
  readonly value: string
}

export interface FormFile {
  readonly kind: 'file'
  readonly filename: string
  /** Of the part: what the browser says of the file. */
  readonly headers: HeaderMap
  /** To be read before the next part is asked for. */
  readonly body: AsyncIterable<Buffer>
}

/** The rest of a longer value is forgotten (Swift `MAX_VALUE_LENGTH`). */
const VALUE_BYTES_MAX = 4096
/** Browsers write two or three lines about a part. */
const HEADERS_BYTES_MAX = 8 * 1024
/** Parts of one form; far more than any form has. */
const PARTS_MAX = 10_000

export interface FormRules {
  /** The one field that is a file, whether it has a file's name or not; without it, whatever has one is. Lower-case. */
  readonly fileField?: string
  /** The rest of a longer value is forgotten. */
  readonly valueBytesMax?: number
}

/** The parts of the form in the order in which they come. Rejects with a `MimeError`, or as the body does. */
export async function* formParts(
  body: RequestBody,
  boundary: string,
  { fileField, valueBytesMax = VALUE_BYTES_MAX }: FormRules = {},
): AsyncGenerator<FormField | FormFile> {
  const reader = new MimeReader(body, boundary, { headersBytesMax: HEADERS_BYTES_MAX })
  for (let count = 0; count < PARTS_MAX; count += 1) {
    const part = await reader.next().catch((error: unknown) => {
      throw count === 0 ? withoutBeginning(error) : error
    })
    if (part === undefined) return
    const { kind, parameters } = parseDisposition(part.headers['content-disposition'] ?? '')
    const filename = parameters.get('filename') ?? ''
    const name = parameters.get('name')?.toLowerCase()
    const isFile = fileField === undefined ? filename !== '' : name === fileField
    if (kind === 'form-data' && isFile) {
      yield { kind: 'file', filename, headers: part.headers, body: part.body }
      continue
    }
    const value = await valueOf(part.body, valueBytesMax)
    if (name !== undefined) yield { kind: 'field', name, value }
  }
  throw new MimeError('MIME_MALFORMED', 'too many parts')
}

/** A form that ends before its first boundary is none. */
function withoutBeginning(error: unknown): unknown {
  if (!(error instanceof MimeError)) return error
  return new MimeError('MIME_MALFORMED', 'the first boundary is missing')
}

async function valueOf(body: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const pieces: Buffer[] = []
  let leftBytes = bytesMax
  for await (const piece of body) {
    if (leftBytes <= 0) continue
    pieces.push(piece.subarray(0, leftBytes))
    leftBytes -= piece.length
  }
  return Buffer.concat(pieces)
    .toString('utf8')
    .replace(/[\r\n]+$/, '')
}

/** The boundary, when the type is that of a form. */
export function formBoundary(contentType: string | undefined): string | undefined {
  const { kind, parameters } = parseDisposition(contentType ?? '')
  return kind === 'multipart/form-data' ? parameters.get('boundary') || undefined : undefined
}

interface Disposition {
  readonly kind: string
  readonly parameters: ReadonlyMap<string, string>
}

/** A quote inside a quoted value is no end unless a semicolon or nothing follows. */
const PARAMETER = /(\w+)=(".*?"|[^";]+)(?:; ?|$)/y

/** `form-data; name="file1"; filename="a.txt"`: names as written, values without quotes. */
function parseDisposition(header: string): Disposition {
  const semicolon = header.indexOf(';')
  if (semicolon < 0) return { kind: header.trim(), parameters: new Map() }
  const written = header.slice(semicolon + 1).trim()
  const parameters = new Map<string, string>()
  PARAMETER.lastIndex = 0
  for (let match = PARAMETER.exec(written); match !== null; match = PARAMETER.exec(written)) {
    const [, name = '', value = ''] = match
    parameters.set(name, textOf(value.replaceAll(/^"+|"+$/g, '')))
  }
  return { kind: header.slice(0, semicolon).trim(), parameters }
}

/** Browsers write names as UTF-8; what is none is taken byte by byte. */
function textOf(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8')
  return text.includes('\ufffd') ? bytes : text
}
