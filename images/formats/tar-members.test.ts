/** Whatever `tar` packs is found where it lies, and nothing is made of bytes that are no archive. */
import fc from 'fast-check'
import t from 'tap'
import { pack } from 'tar-stream'
import { type TarMember, tarMembers } from './tar-members.ts'

async function packed(files: readonly { readonly name: string; readonly bytes: Buffer }[]): Promise<Buffer> {
  const archive = pack()
  for (const { name, bytes } of files) archive.entry({ name }, bytes)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function membersOf(archive: Buffer): Promise<readonly TarMember[]> {
  return tarMembers(archive.length, async ({ start, end }) => archive.subarray(start, end))
}

const FILE = fc.record({
  name: fc.stringMatching(/^[a-z0-9]{1,20}(\/[a-z0-9]{1,20}){0,3}$/),
  bytes: fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes)),
})

void t.test('every file is found', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(FILE, { maxLength: 6 }), async (files) => {
      const archive = await packed(files)
      const found = await membersOf(archive)
      return (
        found.length === files.length &&
        found.every(({ name, range }, at) => {
          const file = files[at]
          return name === file?.name && archive.subarray(range.start, range.end).equals(file.bytes)
        })
      )
    }),
  )
})

void t.test('what is no archive has no files, and no file reaches beyond its end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.nat(600), async (noise, flipped) => {
      const archive = await packed([{ name: 'a', bytes: Buffer.from(noise) }])
      archive[flipped] = 255 - (archive[flipped] ?? 0)
      const found = [...(await membersOf(archive)), ...(await membersOf(Buffer.from(noise)))]
      return found.every(({ range }) => range.end <= archive.length)
    }),
  )
})
