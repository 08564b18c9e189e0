import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import t, { type Test } from 'tap'
import { BLOCK_BYTES } from '#base/limits.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { realDisk } from '#disk/real-disk.ts'
import { md5 } from '#object-server/engine-contract.ts'
import { type CheckedFile, checkFile, type DataChecker, inlineChecker } from './data-checker.ts'
import { ThreadChecker } from './thread-checker.ts'

async function fileWith(t: Test, body: Buffer, onDisk = body): Promise<CheckedFile> {
  const directory = await mkdtemp(join(tmpdir(), 'audit-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const path = join(directory, 'o.data')
  await writeFile(path, onDisk)
  const blockCrcs: number[] = []
  for (let at = 0; at < body.length; at += BLOCK_BYTES)
    blockCrcs.push(crc32(body.subarray(at, at + BLOCK_BYTES)))
  const record = {
    name: '/a/c/o',
    timestamp: '1700000000.00000' as Timestamp,
    sizeBytes: body.length,
    etag: md5(body),
    contentType: 'x/y',
    headers: {},
    blockCrcs,
  }
  return { path, fileBytes: body.length, record }
}

const unhurried = async (): Promise<void> => {}

async function suite(t: Test, checker: DataChecker): Promise<void> {
  const small = Buffer.from('small')
  const large = Buffer.alloc(17 * BLOCK_BYTES + 9, 'large')
  for (const body of [Buffer.alloc(0), small, large]) {
    t.same(
      await checkFile(checker, await fileWith(t, body), unhurried),
      { kind: 'good' },
      `${body.length} bytes`,
    )
  }
  const flipped = Buffer.from(large)
  flipped[16 * BLOCK_BYTES + 1] = 0
  t.same(await checkFile(checker, await fileWith(t, large, flipped), unhurried), {
    kind: 'damaged',
    reason: 'block 16 does not match its checksum',
  })
  t.match(await checkFile(checker, await fileWith(t, small, Buffer.from('smal')), unhurried), {
    kind: 'damaged',
  })
  const good = await fileWith(t, small)
  t.same(await checkFile(checker, { ...good, record: { ...good.record, etag: md5('other') } }, unhurried), {
    kind: 'damaged',
    reason: 'the MD5 is another',
  })
  t.same(await checkFile(checker, { ...good, path: `${good.path}.gone` }, unhurried), { kind: 'missing' })
  t.match(await checkFile(checker, { ...good, path: join(good.path, '..'), fileBytes: 4096 }, unhurried), {
    kind: /unreadable|damaged/,
  })
}

t.test('a file is checked whole in this process', (t) => suite(t, inlineChecker(realDisk)))

t.test('a file is checked whole in a thread, which comes and goes', async (t) => {
  const checker = new ThreadChecker()
  await suite(t, checker)
  await checker.close()
  t.same(await checkFile(checker, await fileWith(t, Buffer.from('again')), unhurried), { kind: 'good' })
  await checker.close()
})

t.test('a check whose thread has forgotten the slices before begins again', async (t) => {
  const file = await fileWith(t, Buffer.alloc(20 * BLOCK_BYTES, 'x'))
  let calls = 0
  let inner = inlineChecker(realDisk)
  const checker: DataChecker = {
    check: (job) => {
      calls += 1
      if (calls === 2) inner = inlineChecker(realDisk)
      return inner.check(job)
    },
    close: async () => {},
  }
  t.same(await checkFile(checker, file, unhurried), { kind: 'good' })
  t.equal(calls, 5)
})

t.test('a check asks before each slice how much it may read', async (t) => {
  const file = await fileWith(t, Buffer.alloc(9 * BLOCK_BYTES, 'x'))
  const asked: number[] = []
  await checkFile(inlineChecker(realDisk), file, async (bytes) => {
    asked.push(bytes)
  })
  t.same(asked, [8 * BLOCK_BYTES, BLOCK_BYTES])
})
