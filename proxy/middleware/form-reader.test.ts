import fc from 'fast-check'
import t from 'tap'
import { EMPTY_BODY, type RequestBody } from '#http/message.ts'
import { MimeError } from '#http/mime-reader.ts'
import { formBoundary, formParts } from './form-reader.ts'

function bodyOf(chunks: readonly Buffer[]): RequestBody {
  return {
    ...EMPTY_BODY,
    bytes: undefined,
    lengthBytes: undefined,
    async *[Symbol.asyncIterator]() {
      yield* chunks
    },
  }
}

/** The bytes in pieces that end at the given places. */
function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end)).filter((piece) => piece.length > 0)
}

interface Read {
  readonly name: string
  readonly content: string
}

async function readAll(chunks: readonly Buffer[], boundary = 'XX'): Promise<readonly Read[]> {
  const read: Read[] = []
  for await (const part of formParts(bodyOf(chunks), boundary)) {
    if (part.kind === 'field') {
      read.push({ name: part.name, content: part.value })
      continue
    }
    const pieces: Buffer[] = []
    for await (const piece of part.body) pieces.push(Buffer.from(piece))
    read.push({ name: `file ${part.filename}`, content: Buffer.concat(pieces).toString('latin1') })
  }
  return read
}

function part(disposition: string, content: Buffer | string): Buffer {
  const head = Buffer.from(`--XX\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`)
  return Buffer.concat([head, Buffer.from(content), Buffer.from('\r\n')])
}

const END = Buffer.from('--XX--\r\n')

t.test('whatever the files hold, and however the form arrives, it is read as it was sent', async () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    // What looks like a boundary and is none.
    fc
      .array(fc.constantFrom('\r\n', '--', 'X', 'XX', '\r\n--X', '\r', '\n'), { maxLength: 8 })
      .map((parts) => Buffer.from(parts.join('').replaceAll('\r\n--XX', ''))),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(content, { maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      async (files, places) => {
        const sent = files.filter(
          (bytes) => !bytes.includes('\r\n--XX') && !bytes.subarray(0, 4).equals(Buffer.from('--XX')),
        )
        const form = Buffer.concat([
          ...sent.map((bytes, at) => part(`name="f"; filename="${at}"`, bytes)),
          END,
        ])
        const read = await readAll(cut(form, places))
        return (
          JSON.stringify(read) ===
          JSON.stringify(sent.map((bytes, at) => ({ name: `file ${at}`, content: bytes.toString('latin1') })))
        )
      },
    ),
  )
})

t.test('nothing that is no form is taken for one, and nothing makes it break otherwise', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.nat(), { maxLength: 4 }),
      async (bytes, places) => {
        const form = Buffer.concat([Buffer.from('--XX\r\n'), Buffer.from(bytes)])
        try {
          await readAll(cut(form, places))
          return true
        } catch (error) {
          return error instanceof MimeError
        }
      },
    ),
  )
})

t.test('names as browsers write them', async (t) => {
  const read = async (disposition: string): Promise<string | undefined> =>
    (await readAll([part(disposition, 'x'), END]))[0]?.name
  t.equal(await read('name="f"; filename="a b.txt"'), 'file a b.txt')
  t.equal(await read('name="f"; filename="f\u00fc.txt"'), 'file f\u00fc.txt')
  t.equal(await read('name="f"; filename="a%22b;c.txt"'), 'file a%22b;c.txt')
  t.equal(await read('name="f"; filename="a"b.txt"'), 'file a"b.txt')
  t.equal(await read('name=f; filename=a.txt'), 'file a.txt')
  t.equal(await read('name="Field"'), 'field', 'names of fields know no case')
  t.equal(await read('name="f"; filename=""'), 'f', 'a file field that was left empty is no file')
})

t.test('the boundary stands in the type', async (t) => {
  t.equal(formBoundary('multipart/form-data; boundary=XX'), 'XX')
  t.equal(formBoundary('multipart/form-data; boundary="X X"'), 'X X')
  t.equal(formBoundary('multipart/form-data'), undefined)
  t.equal(formBoundary('multipart/mixed; boundary=XX'), undefined)
  t.equal(formBoundary(undefined), undefined)
})
