/** Archives from anybody: broken ones, bombs, and those whose reader is slow. */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { decompressed } from './decompress.ts'
import { type ArchiveFile, filesIn } from './tar-reader.ts'
import { tar } from './testing.ts'

const atOnce = async (): Promise<void> => {}

async function* inPieces(bytes: Buffer, size: number, pulled = { count: 0 }): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    pulled.count += 1
    yield bytes.subarray(at, at + size)
  }
}

async function namesIn(pieces: AsyncIterable<Buffer>): Promise<readonly string[]> {
  const names: string[] = []
  for await (const file of filesIn(pieces)) names.push(file.name.toString('latin1'))
  return names
}

t.test('files nobody reads are skipped, however the archive arrives', async (t) => {
  const archive = tar([
    { name: 'a', body: 'x'.repeat(5000) },
    { name: 'd/', type: '5' },
    { name: 'b' },
    { name: 'c', body: 'y' },
  ])
  for (const size of [1, 511, 512, 513, 100_000]) {
    t.same(await namesIn(inPieces(archive, size)), ['a', 'b', 'c'], `pieces of ${size}`)
  }
})

t.test('a slow reader slows the sender: little is held', async (t) => {
  const pulled = { count: 0 }
  const archive = tar([{ name: 'large', body: Buffer.alloc(10_000_000) }])
  const files = filesIn(inPieces(archive, 64 * 1024, pulled))
  const { body } = (await files.next()).value as ArchiveFile
  const pieces = body[Symbol.asyncIterator]()
  await pieces.next()
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.ok(pulled.count <= 4, `${pulled.count} pieces of 153 were pulled`)
  await files.return(undefined)
})

t.test('records that are too long are refused before they are held', async (t) => {
  const pulled = { count: 0 }
  const archive = tar([{ name: 'o', records: { comment: 'x'.repeat(6_000_000) } }])
  await t.rejects(namesIn(inPieces(archive, 64 * 1024, pulled)), { name: 'ArchiveError' })
  t.ok(pulled.count < 10)
})

t.test('whatever the bytes, reading ends, with files or in words', async (t) => {
  const archive = tar([
    { name: 'a', body: 'x'.repeat(600) },
    { name: 'b', records: { path: 'long' } },
    { name: 'c' },
  ])
  const change = fc.record({ at: fc.nat(archive.length - 1), byte: fc.nat(255) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.nat(archive.length),
      async (changes, length) => {
        const broken = Buffer.from(archive)
        for (const { at, byte } of changes) broken[at] = byte
        const outcome = await namesIn(inPieces(broken.subarray(0, length), 700)).catch(
          (error: unknown) => error,
        )
        return Array.isArray(outcome) || (outcome as Error).name === 'ArchiveError'
      },
    ),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('what expands too far is cut off', async (t) => {
  const bomb = gzipSync(Buffer.alloc(20_000_000))
  const limits = { freeBytes: 1_000_000, ratio: 10 }
  let expandedBytes = 0
  const expand = async (): Promise<void> => {
    for await (const piece of decompressed(inPieces(bomb, 1000), 'gzip', atOnce, limits))
      expandedBytes += piece.length
  }
  await t.rejects(expand(), { name: 'ArchiveError', message: 'it expands too far' })
  t.ok(expandedBytes < 1_300_000)
})
