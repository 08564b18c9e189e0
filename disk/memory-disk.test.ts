import t from 'tap'
import type { Disk } from '#base/environment.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { diskContract } from './disk-contract.ts'
import { MemoryDisk } from './memory-disk.ts'
import { MemoryContents, MemoryDirectory, treeAfterCrash } from './memory-tree.ts'

await t.test('the twin with attributes', (t) =>
  diskContract(t, async () => {
    const disk = new MemoryDisk().remount()
    await disk.mkdir('/device')
    return { disk, directory: '/device', xattrs: 'supported' }
  }),
)

await t.test('the twin without attributes', (t) =>
  diskContract(t, async () => {
    const disk = new MemoryDisk({ xattrBytesMax: 0 }).remount()
    await disk.mkdir('/device')
    return { disk, directory: '/device', xattrs: 'missing' }
  }),
)

async function write(disk: Disk, path: string, text: string): Promise<void> {
  const file = await disk.createExclusive(path)
  await file.write(Buffer.from(text), 0)
  await file.sync()
  await file.close()
}

function sorted(texts: string[]): string[] {
  return texts.sort((left, right) => (left < right ? -1 : 1))
}

/** Every outcome of a crash after the same steps, over many seeds. */
async function outcomes(
  steps: (disk: Disk) => Promise<void>,
  look: (disk: Disk) => Promise<string>,
): Promise<string[]> {
  const seen = new Set<string>()
  for (let seed = 0; seed < 60; seed += 1) {
    const memory = new MemoryDisk()
    await steps(memory.remount())
    memory.crash(new SeededRandom(seed))
    seen.add(await look(memory.remount()))
  }
  return sorted([...seen])
}

const names = async (disk: Disk): Promise<string> => sorted(await disk.readdir('/')).join(' ')

await t.test('a synced file in a directory that was not synced may be gone', async (t) => {
  t.same(await outcomes((disk) => write(disk, '/file', 'x'), names), ['', 'file'])
})

await t.test('a synced file in a synced directory is there, whole', async (t) => {
  const found = await outcomes(
    async (disk) => {
      await write(disk, '/file', 'contents')
      await disk.syncDirectory('/')
    },
    async (disk) => (await disk.readFile('/file')).toString(),
  )
  t.same(found, ['contents'])
})

await t.test('contents that were not synced may be torn, attributes missing', async (t) => {
  const found = await outcomes(
    async (disk) => {
      const file = await disk.createExclusive('/file')
      await file.write(Buffer.alloc(8192, 'x'), 0)
      await disk.setXattr('/file', 'user.test', Buffer.from('value'))
      await disk.syncDirectory('/')
    },
    async (disk) => {
      const bytes = await disk.readFile('/file')
      const xattr = await disk.getXattr('/file', 'user.test')
      return `${bytes.length === 8192 && !bytes.includes(0) ? 'whole' : 'torn'} ${xattr}`
    },
  )
  t.same(found, ['torn undefined', 'torn value', 'whole undefined', 'whole value'])
})

await t.test('what was synced stays when the file grew behind it', async (t) => {
  const found = await outcomes(
    async (disk) => {
      const file = await disk.createExclusive('/file')
      await file.write(Buffer.alloc(5000, 'x'), 0)
      await file.sync()
      await disk.syncDirectory('/')
      await file.write(Buffer.alloc(5000, 'y'), 5000)
    },
    async (disk) => {
      const bytes = await disk.readFile('/file')
      return `${bytes.subarray(0, 5000).equals(Buffer.alloc(5000, 'x')) ? 'kept' : 'lost'}`
    },
  )
  t.same(found, ['kept'])
})

await t.test('a sync makes durable what was there when it began', async (t) => {
  const directory = new MemoryDirectory()
  const contents = new MemoryContents()
  directory.set('before', contents)
  const finish = directory.beginSync()
  directory.set('meanwhile', new MemoryContents())
  finish()
  const lost = { below: () => 0, bytes: (count: number) => Buffer.alloc(count) }
  t.same([...treeAfterCrash(directory, lost).entries.keys()], ['before'])
  contents.write(Buffer.from('one'), 0)
  const finishContents = contents.beginSync()
  contents.write(Buffer.from('two'), 3)
  finishContents()
  t.equal(contents.synced.bytes.toString(), 'one')
})

await t.test('after a sync that failed a later one makes durable only what was written since', async (t) => {
  const contents = new MemoryContents()
  contents.write(Buffer.alloc(2 * 4096, 'a'), 0)
  contents.failSync()
  contents.sync()
  t.notOk(contents.isSynced, 'the second sync lies')
  t.ok(contents.synced.bytes.equals(Buffer.alloc(2 * 4096)))
  contents.write(Buffer.from('b'), 5000)
  contents.sync()
  t.ok(contents.synced.bytes.equals(Buffer.concat([Buffer.alloc(4096), contents.bytes.subarray(4096)])))
  contents.write(Buffer.from('c'), 0)
  contents.sync()
  t.ok(contents.isSynced)
  t.equal(contents.bytes.subarray(0, 2).toString(), 'ca')
})

await t.test('a failed sync may cost contents although the next one succeeds', async (t) => {
  const memory = new MemoryDisk()
  memory.addFault({ operation: 'sync', effect: 'EIO', times: 1 })
  const disk = memory.remount()
  const file = await disk.createExclusive('/file')
  await file.write(Buffer.from('contents'), 0)
  await disk.syncDirectory('/')
  await t.rejects(file.sync(), { code: 'EIO' })
  await file.sync()
  t.equal((await disk.readFile('/file')).toString(), 'contents')
  memory.crash({ below: () => 0, bytes: (count) => Buffer.alloc(count) })
  t.not((await memory.remount().readFile('/file')).toString(), 'contents')
})

await t.test('a rename never loses the file, whichever directory was synced', async (t) => {
  const found = await outcomes(
    async (disk) => {
      await disk.mkdir('/a')
      await disk.mkdir('/b')
      await disk.syncDirectory('/')
      await write(disk, '/a/file', 'x')
      await disk.syncDirectory('/a')
      await disk.rename('/a/file', '/b/file')
    },
    async (disk) => `${await disk.readdir('/a')}|${await disk.readdir('/b')}`,
  )
  t.same(found, ['file|', 'file|file', '|file'])
})

await t.test('a rename is durable once the target directory is synced', async (t) => {
  const found = await outcomes(
    async (disk) => {
      await disk.mkdir('/a')
      await disk.mkdir('/b')
      await disk.syncDirectory('/')
      await write(disk, '/a/file', 'new')
      await disk.rename('/a/file', '/b/file')
      await disk.syncDirectory('/b')
    },
    async (disk) => (await disk.readFile('/b/file')).toString(),
  )
  t.same(found, ['new'])
})

await t.test('a removal that was not synced may not have happened', async (t) => {
  const found = await outcomes(async (disk) => {
    await write(disk, '/file', 'x')
    await disk.syncDirectory('/')
    await disk.unlink('/file')
  }, names)
  t.same(found, ['', 'file'])
})

await t.test('who ran before a crash does nothing more', async (t) => {
  const memory = new MemoryDisk()
  const before = memory.remount()
  const file = await before.createExclusive('/file')
  memory.kill()
  await t.rejects(before.readdir('/'), { code: 'ECRASHED' })
  await t.rejects(file.write(Buffer.from('x'), 0), { code: 'ECRASHED' })
  t.same(await memory.remount().readdir('/'), ['file'], 'a killed process loses nothing')
  const last = memory.remount()
  const called = last.rename('/file', '/other')
  memory.kill()
  await t.rejects(called, { code: 'ECRASHED' }, 'what it had called does nothing either')
  t.same(await memory.remount().readdir('/'), ['file'])
})

await t.test('a crash can be set after any number of changes', async (t) => {
  const memory = new MemoryDisk()
  const disk = memory.remount()
  memory.stopAfter(2)
  await disk.mkdir('/a')
  await disk.mkdir('/b')
  await t.rejects(disk.mkdir('/c'), { code: 'ECRASHED' })
  t.equal(memory.changes, 2)
})

await t.test('faults hit the operation and path they name, as often as told', async (t) => {
  const memory = new MemoryDisk()
  const disk = memory.remount()
  memory.addFault({ operation: 'mkdir', path: 'bad', effect: 'EIO', times: 1 })
  await disk.mkdir('/good')
  await t.rejects(disk.mkdir('/bad'), { code: 'EIO' })
  await disk.mkdir('/bad')
})

await t.test('a full disk refuses growth, a read-only one every change', async (t) => {
  const memory = new MemoryDisk()
  const disk = memory.remount()
  await write(disk, '/file', 'x')
  memory.setSpace('full')
  await t.rejects(disk.createExclusive('/other'), { code: 'ENOSPC' })
  t.equal((await disk.space('/')).freeBytes, 0)
  await disk.unlink('/file')
  memory.setSpace('read_only')
  await t.rejects(disk.mkdir('/a'), { code: 'EROFS' })
  t.equal((await disk.space('/')).readOnly, true)
})

await t.test('a flipped bit is read back flipped', async (t) => {
  const memory = new MemoryDisk()
  const disk = memory.remount()
  await write(disk, '/file', 'abc')
  memory.flipBit('/file', 1)
  t.equal((await disk.readFile('/file')).toString(), 'acc')
})
