/**
 * What every `Disk` must do, as one suite: it runs on the machine's own filesystems and on the twin in memory
 * (`real-disk.test.ts`, `memory-disk.test.ts`).
 */
import type { Test } from 'tap'
import type { Disk, MadeFile, NewFile } from '#base/environment.ts'
import { createFiles, readFiles, renameFiles } from './many-files.ts'

export interface DiskUnderTest {
  readonly disk: Disk
  /** An empty directory on it. */
  readonly directory: string
  /** Whether the filesystem has user attributes. */
  readonly xattrs: 'supported' | 'missing'
}

async function put(disk: Disk, path: string, bytes: Buffer | string): Promise<void> {
  const file = await disk.createExclusive(path)
  await file.write(Buffer.from(bytes), 0)
  await file.sync()
  await file.close()
}

/** Runs the suite; `create` makes a fresh empty directory for each test. */
export async function diskContract(t: Test, create: () => Promise<DiskUnderTest>): Promise<void> {
  await filesTests(t, create)
  await directoryTests(t, create)
  await xattrTests(t, create)
  await manyFilesTests(t, create)
}

/** So many that a disk which can does them in one go. */
const MANY = 12

function newFile(path: string, contents: string, value = Buffer.from(`value of ${contents}`)): NewFile {
  const otherwise = Buffer.concat([value, Buffer.from(' behind')])
  return { path, contents: [Buffer.from(contents)], attribute: { name: 'user.test', value, otherwise } }
}

async function closeMade(made: readonly MadeFile[]): Promise<void> {
  for (const one of made) {
    if (one.kind === 'failed') continue
    await one.file.sync()
    await one.file.close()
  }
}

function codesOf(
  outcomes: readonly (MadeFile | Error | Buffer | undefined)[],
): readonly (string | undefined)[] {
  return outcomes.map((outcome) => {
    const error =
      outcome instanceof Error || outcome === undefined || !('kind' in outcome)
        ? outcome
        : outcome.kind === 'failed'
          ? outcome.error
          : undefined
    return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  })
}

async function manyFilesTests(t: Test, create: () => Promise<DiskUnderTest>): Promise<void> {
  await t.test('many files are made, renamed and read like one', async (t) => {
    const { disk, directory, xattrs } = await create()
    const numbers = Array.from({ length: MANY }, (_, at) => at)
    const made = await createFiles(
      disk,
      numbers.map((at) => newFile(`${directory}/new-${at}`, at === 3 ? '' : `contents ${at}`)),
    )
    const attribute = xattrs === 'missing' ? 'behind' : 'kept'
    t.ok(made.every((one) => one.kind === 'made' && one.attribute === attribute))
    await closeMade(made)
    const moves = numbers.map((at) => ({
      source: `${directory}/new-${at}`,
      target: `${directory}/file-${at}`,
    }))
    t.same(
      codesOf(await renameFiles(disk, moves)),
      numbers.map(() => undefined),
    )
    t.same((await disk.readdir(directory)).length, MANY)
    const read = await readFiles(
      disk,
      numbers.map((at) => ({ path: `${directory}/file-${at}`, bytesMax: 1000 })),
    )
    const trailer = (at: number): string =>
      xattrs === 'missing' ? `value of ${at === 3 ? '' : `contents ${at}`} behind` : ''
    t.same(
      read.map(String),
      numbers.map((at) => `${at === 3 ? '' : `contents ${at}`}${trailer(at)}`),
    )
    if (xattrs === 'supported')
      t.equal(String(await disk.getXattr(`${directory}/file-7`, 'user.test')), 'value of contents 7')
    const short = await readFiles(
      disk,
      numbers.map((at) => ({ path: `${directory}/file-${at}`, bytesMax: 4 })),
    )
    t.equal(String(short[0]), 'cont')
  })
  await t.test('one of many that fails leaves the others alone', async (t) => {
    const { disk, directory } = await create()
    await put(disk, `${directory}/file-2`, 'was there')
    const path = (at: number): string => (at === 5 ? `${directory}/none/file` : `${directory}/file-${at}`)
    const numbers = Array.from({ length: MANY }, (_, at) => at)
    const made = await createFiles(
      disk,
      numbers.map((at) => newFile(path(at), 'x')),
    )
    const expected = numbers.map((at) => (at === 2 ? 'EEXIST' : at === 5 ? 'ENOENT' : undefined))
    t.same(codesOf(made), expected)
    t.equal((await disk.readFile(`${directory}/file-2`)).toString(), 'was there')
    await closeMade(made)
    const read = await readFiles(
      disk,
      numbers.map((at) => ({ path: path(at), bytesMax: 10 })),
    )
    t.same(
      codesOf(read),
      numbers.map((at) => (at === 5 ? 'ENOENT' : undefined)),
    )
    const renamed = await renameFiles(
      disk,
      numbers.map((at) => ({ source: path(at), target: `${directory}/renamed-${at}` })),
    )
    t.same(
      codesOf(renamed),
      numbers.map((at) => (at === 5 ? 'ENOENT' : undefined)),
    )
    t.same((await disk.readdir(directory)).length, MANY - 1)
  })
  await t.test('what does not fit into an attribute stands behind the contents', async (t) => {
    const { disk, directory } = await create()
    const value = Buffer.alloc(70_000, 1)
    const files = Array.from({ length: MANY }, (_, at) => newFile(`${directory}/file-${at}`, 'body', value))
    const made = await createFiles(disk, files)
    t.ok(made.every((one) => one.kind === 'made' && one.attribute === 'behind'))
    await closeMade(made)
    const bytes = await disk.readFile(`${directory}/file-9`)
    t.ok(bytes.equals(Buffer.concat([Buffer.from('body'), value, Buffer.from(' behind')])))
  })
}

async function filesTests(t: Test, create: () => Promise<DiskUnderTest>): Promise<void> {
  await t.test('a file holds what was written where it was written', async (t) => {
    const { disk, directory } = await create()
    const file = await disk.createExclusive(`${directory}/file`)
    await file.writeAll([Buffer.from('one '), Buffer.from('two '), Buffer.from('three')], 0)
    await file.write(Buffer.from('TWO'), 4)
    await file.sync()
    t.equal((await file.stat()).sizeBytes, 13)
    await file.close()
    t.equal((await disk.readFile(`${directory}/file`)).toString(), 'one TWO three')
  })
  await t.test('a read past the end gives only what there is', async (t) => {
    const { disk, directory } = await create()
    await put(disk, `${directory}/file`, 'hello')
    const file = await disk.openRead(`${directory}/file`)
    const target = Buffer.alloc(10)
    t.equal(await file.read(target, 3), 2)
    t.equal(target.subarray(0, 2).toString(), 'lo')
    t.equal(await file.read(target, 5), 0)
    t.equal(await file.read(target, 50), 0)
    await file.close()
  })
  await t.test('many buffers are written in one piece', async (t) => {
    const { disk, directory } = await create()
    const pieces = Array.from({ length: 50 }, (_, at) => Buffer.alloc(10_000, at))
    const file = await disk.createExclusive(`${directory}/file`)
    await file.writeAll(pieces, 0)
    await file.close()
    t.ok((await disk.readFile(`${directory}/file`)).equals(Buffer.concat(pieces)))
  })
  await t.test('a name that is taken is not created again', async (t) => {
    const { disk, directory } = await create()
    await put(disk, `${directory}/file`, 'first')
    await t.rejects(disk.createExclusive(`${directory}/file`), { code: 'EEXIST' })
    t.equal((await disk.readFile(`${directory}/file`)).toString(), 'first')
  })
  await t.test('what is not there says ENOENT', async (t) => {
    const { disk, directory } = await create()
    await t.rejects(disk.openRead(`${directory}/none`), { code: 'ENOENT' })
    await t.rejects(disk.stat(`${directory}/none`), { code: 'ENOENT' })
    await t.rejects(disk.unlink(`${directory}/none`), { code: 'ENOENT' })
    await t.rejects(disk.readdir(`${directory}/none`), { code: 'ENOENT' })
    await t.rejects(disk.rename(`${directory}/none`, `${directory}/other`), { code: 'ENOENT' })
    await t.rejects(disk.createExclusive(`${directory}/none/file`), { code: 'ENOENT' })
  })
  await t.test('an open file stays readable when its name is replaced or removed', async (t) => {
    const { disk, directory } = await create()
    await put(disk, `${directory}/old`, 'old')
    await put(disk, `${directory}/new`, 'new')
    const file = await disk.openRead(`${directory}/old`)
    await disk.rename(`${directory}/new`, `${directory}/old`)
    const target = Buffer.alloc(3)
    await file.read(target, 0)
    t.equal(target.toString(), 'old')
    await file.close()
    t.equal((await disk.readFile(`${directory}/old`)).toString(), 'new')
    t.same(await disk.readdir(directory), ['old'])
  })
}

async function directoryTests(t: Test, create: () => Promise<DiskUnderTest>): Promise<void> {
  await t.test('directories are made with their parents, listed and removed', async (t) => {
    const { disk, directory } = await create()
    await disk.mkdir(`${directory}/a/b/c`, { recursive: true })
    await disk.mkdir(`${directory}/a/b/c`, { recursive: true })
    await t.rejects(disk.mkdir(`${directory}/a/b/c`), { code: 'EEXIST' })
    await put(disk, `${directory}/a/file`, 'x')
    t.same((await disk.readdir(`${directory}/a`)).toSorted(), ['b', 'file'])
    t.equal((await disk.stat(`${directory}/a`)).isDirectory, true)
    t.equal((await disk.stat(`${directory}/a/file`)).isDirectory, false)
    await t.rejects(disk.rmdir(`${directory}/a`), { code: 'ENOTEMPTY' })
    await disk.rmdir(`${directory}/a/b/c`)
    t.same(await disk.readdir(`${directory}/a/b`), [])
  })
  await t.test('a directory can be synced, and its filesystem measured', async (t) => {
    const { disk, directory } = await create()
    await put(disk, `${directory}/file`, 'x')
    await disk.syncDirectory(directory)
    await t.rejects(disk.syncDirectory(`${directory}/none`), { code: 'ENOENT' })
    const space = await disk.space(directory)
    t.ok(space.totalBytes >= space.freeBytes && space.freeBytes > 0)
    t.equal(space.readOnly, false)
  })
}

async function xattrTests(t: Test, create: () => Promise<DiskUnderTest>): Promise<void> {
  await t.test('attributes are kept with the file, or refused as not supported', async (t) => {
    const { disk, directory, xattrs } = await create()
    await put(disk, `${directory}/file`, 'x')
    const value = Buffer.from([0, 1, 2, 255])
    if (xattrs === 'missing') {
      await t.rejects(disk.setXattr(`${directory}/file`, 'user.test', value), { code: 'ENOTSUP' })
      return
    }
    t.equal(await disk.getXattr(`${directory}/file`, 'user.test'), undefined)
    await disk.setXattr(`${directory}/file`, 'user.test', value)
    await disk.rename(`${directory}/file`, `${directory}/renamed`)
    t.same(await disk.getXattr(`${directory}/renamed`, 'user.test'), value)
    await t.rejects(disk.getXattr(`${directory}/none`, 'user.test'), { code: 'ENOENT' })
  })
  await t.test(
    'a value too large for an attribute says ENOSPC or E2BIG and leaves no part of it',
    async (t) => {
      const { disk, directory, xattrs } = await create()
      if (xattrs === 'missing') return
      await put(disk, `${directory}/file`, 'x')
      const code = await disk.setXattr(`${directory}/file`, 'user.test', Buffer.alloc(70_000, 1)).then(
        () => 'no error',
        (error: NodeJS.ErrnoException) => error.code,
      )
      t.ok(code === 'ENOSPC' || code === 'E2BIG', `code ${code}`)
      t.equal(await disk.getXattr(`${directory}/file`, 'user.test'), undefined)
    },
  )
}
