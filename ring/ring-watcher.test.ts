import t from 'tap'
import type { Disk } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { RingDirectory } from './ring-directory.ts'
import { serialiseRing } from './ring-file.ts'
import { RingWatcher } from './ring-watcher.ts'
import { buildSimpleRing } from './simple-ring.ts'

/** Files with a modification time that goes up with every write; nothing else of a disk is needed here. */
class FewFiles {
  readonly clock = new VirtualClock()
  readonly random = new SeededRandom(1)
  readonly #files = new Map<string, { readonly bytes: Buffer; readonly mtimeMs: number }>()
  #writes = 0

  put(path: string, bytes: Buffer): void {
    this.#writes += 1
    this.#files.set(path, { bytes, mtimeMs: this.#writes })
  }

  remove(path: string): void {
    this.#files.delete(path)
  }

  #find(path: string): { readonly bytes: Buffer; readonly mtimeMs: number } {
    const file = this.#files.get(path)
    if (file === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' })
    return file
  }

  get disk(): Disk {
    return {
      stat: async (path: string) => {
        const { bytes, mtimeMs } = this.#find(path)
        return { sizeBytes: bytes.length, mtimeMs, isDirectory: false }
      },
      readFile: async (path: string) => this.#find(path).bytes,
    } as Partial<Disk> as Disk
  }
}

const PATH = '/etc/rings/object.ring.gz'
const three = buildSimpleRing({ devices: 3, partPower: 4, replicas: 3 })
const four = buildSimpleRing({ devices: 4, partPower: 4, replicas: 3 })

function source(files: FewFiles): { environment: FewFiles; log: typeof silentLogger; path: string } {
  return { environment: files, log: silentLogger, path: PATH }
}

async function opened(files: FewFiles): Promise<RingWatcher> {
  const watcher = await RingWatcher.open(source(files))
  if (!(watcher instanceof RingWatcher)) throw new Error(watcher.reason)
  return watcher
}

/** Lets the promises of a check that a timer started run to their end. */
async function settle(): Promise<void> {
  for (let count = 0; count < 200; count += 1) await Promise.resolve()
}

t.test('a new file is in use seconds later, the ring before it is kept, listeners are told', async (t) => {
  const files = new FewFiles()
  files.put(PATH, serialiseRing(three))
  const watcher = await opened(files)
  const told: number[] = []
  const stop = watcher.onChange((ring, previous) => told.push(ring.devices.length, previous.devices.length))
  t.equal(watcher.ring.devices.length, 3)
  t.equal(watcher.previous, undefined)
  files.put(PATH, serialiseRing(four))
  await files.clock.advance(5_000)
  await settle()
  t.equal(watcher.ring.devices.length, 4)
  t.equal(watcher.previous?.devices.length, 3)
  t.same(told, [4, 3])
  stop()
  files.put(PATH, serialiseRing(three))
  await files.clock.advance(5_000)
  await settle()
  t.equal(watcher.ring.devices.length, 3, 'it goes on watching')
  t.same(told, [4, 3], 'a listener that left is not told')
  watcher.close()
  t.equal(files.clock.waiting, 0)
})

t.test('a broken or missing new file is refused and logged once, the old ring stays', async (t) => {
  const files = new FewFiles()
  files.put(PATH, serialiseRing(three))
  const lines: string[] = []
  const log = { ...silentLogger, error: (_: unknown, message: string) => void lines.push(message) }
  const watcher = (await RingWatcher.open({ ...source(files), log })) as RingWatcher
  t.teardown(() => watcher.close())
  files.put(PATH, Buffer.from('half a ring'))
  t.equal(await watcher.check(), 'refused')
  t.equal(await watcher.check(), 'unchanged')
  files.remove(PATH)
  t.equal(await watcher.check(), 'refused')
  t.equal(await watcher.check(), 'unchanged')
  t.equal(lines.length, 2)
  t.equal(watcher.ring.devices.length, 3)
  files.put(PATH, serialiseRing(four))
  t.equal(await watcher.check(), 'changed', 'a good file is taken again')
})

t.test('the same contents with another time are no change', async (t) => {
  const files = new FewFiles()
  files.put(PATH, serialiseRing(three))
  const watcher = await opened(files)
  t.teardown(() => watcher.close())
  const before = watcher.ring
  files.put(PATH, serialiseRing(three))
  t.equal(await watcher.check(), 'unchanged')
  t.equal(watcher.ring, before)
})

t.test('a ring that is broken at the start is named, not thrown', async (t) => {
  const files = new FewFiles()
  t.same(await RingWatcher.open(source(files)), { kind: 'broken', reason: 'it cannot be read (ENOENT)' })
  files.put(PATH, Buffer.from('no ring'))
  t.match(await RingWatcher.open(source(files)), { kind: 'broken', reason: /gzip/ })
})

t.test('a directory gives every server its ring, each policy its own', async (t) => {
  const files = new FewFiles()
  const open = (policies: number[]): ReturnType<typeof RingDirectory.open> =>
    RingDirectory.open({ environment: files, log: silentLogger, directory: '/etc/rings', policies })
  files.put('/etc/rings/account.ring.gz', serialiseRing(three))
  files.put('/etc/rings/container.ring.gz', serialiseRing(three))
  files.put(PATH, serialiseRing(three))
  t.match(await open([0, 1]), { kind: 'broken', path: '/etc/rings/object-1.ring.gz' })
  t.equal(files.clock.waiting, 0, 'nothing is watched after a failure')
  files.put('/etc/rings/object-1.ring.gz', serialiseRing(four))
  const rings = (await open([0, 1])) as RingDirectory
  t.equal(rings.object(0)?.ring.devices.length, 3)
  t.equal(rings.object(1)?.ring.devices.length, 4)
  t.equal(rings.object(2), undefined)
  t.same(
    [...rings.all()].map(([name]) => name),
    ['account', 'container', 'object', 'object-1'],
  )
  rings.close()
  t.equal(files.clock.waiting, 0)
})
