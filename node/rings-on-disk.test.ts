/** Ring files on a disk that may lose power, and the processes of a host that share them. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { Ring } from '#ring/ring.ts'
import { serialiseRing } from '#ring/ring-file.ts'
import { removeLeftovers, replaceRingFile } from '#ring/ring-store.ts'
import { RingWatcher } from '#ring/ring-watcher.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'

const three = buildSimpleRing({ devices: 3, partPower: 4, replicas: 3 })
const four = buildSimpleRing({ devices: 4, partPower: 4, replicas: 3 })
const RINGS = '/rings'
const FILE = `${RINGS}/object.ring.gz`

/** The ring under another version, as its file. */
function fileOf(ring: Ring, version: number): Buffer {
  const { partPower, devices, assignments } = ring
  return serialiseRing(new Ring({ partPower, devices, assignments, version }))
}

/** A host whose rings are on a disk in memory, and the processes on it that watch them. */
class Host {
  readonly clock = new VirtualClock()
  readonly disk = new MemoryDisk({ wallMs: () => this.clock.wallMs() })
  readonly #random = new SeededRandom(1)
  readonly #watchers: RingWatcher[] = []

  static async start(file: Buffer): Promise<Host> {
    const host = new Host()
    const disk = host.disk.remount()
    await disk.mkdir(RINGS)
    await disk.syncDirectory('/')
    await replaceRingFile({ disk, random: host.#random }, FILE, file)
    return host
  }

  /** A process that starts now. */
  async process(): Promise<RingWatcher> {
    const environment = { clock: this.clock, disk: this.disk.remount(), random: this.#random }
    const watcher = await RingWatcher.open({ environment, log: silentLogger, path: FILE })
    if (!(watcher instanceof RingWatcher)) throw new Error(watcher.reason)
    this.#watchers.push(watcher)
    return watcher
  }

  async put(file: Buffer): Promise<void> {
    await this.clock.advance(10)
    await replaceRingFile({ disk: this.disk.remount(), random: this.#random }, FILE, file)
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close()
  }
}

t.test(
  'a ring that is offered is in use at once, and after a power cut, too, with the one before it',
  async (t) => {
    const host = await Host.start(fileOf(three, 1))
    t.teardown(() => host.close())
    const watcher = await host.process()
    t.same(await watcher.offer(fileOf(four, 2)), { kind: 'adopted' })
    t.same([watcher.ring.version, watcher.previous?.version], [2, 1])
    t.same(await watcher.offer(fileOf(four, 2)), { kind: 'same' })
    t.match(await watcher.offer(fileOf(three, 1)), { kind: 'refused', reason: /older/ })
    t.match(await watcher.offer(Buffer.from('half')), { kind: 'broken' })
    host.disk.crash(new SeededRandom(2))
    const after = await host.process()
    t.same([after.ring.version, after.previous?.version], [2, 1])
  },
)

t.test('of several rings in a row the one is kept under which all was in its place', async (t) => {
  const host = await Host.start(fileOf(three, 1))
  t.teardown(() => host.close())
  const watcher = await host.process()
  await watcher.offer(fileOf(four, 2))
  await watcher.offer(fileOf(four, 3))
  t.same([watcher.ring.version, watcher.previous?.version], [3, 1])
  await watcher.settle()
  t.equal(watcher.previous, undefined)
  await watcher.offer(fileOf(four, 4))
  t.equal(watcher.previous?.version, 3)
})

t.test('the processes of a host follow each other', async (t) => {
  const host = await Host.start(fileOf(three, 1))
  t.teardown(() => host.close())
  const [one, other] = [await host.process(), await host.process()]
  await host.clock.advance(10)
  await one.offer(fileOf(four, 2))
  t.equal(await other.check(), 'changed')
  t.same([other.ring.version, other.previous?.version], [2, 1])
  await one.settle()
  await other.check()
  t.equal(other.previous, undefined, 'what one let go the other does')
  await host.put(fileOf(four, 3))
  t.same([await one.check(), await other.check()], ['changed', 'changed'])
  t.same(
    [one.previous?.version, other.previous?.version],
    [2, 2],
    'a file put there by hand is followed, too',
  )
})

t.test('what a killed process left unfinished is removed when it is old', async (t) => {
  const host = await Host.start(fileOf(three, 1))
  t.teardown(() => host.close())
  const left = `${FILE}.previous.0123456789ab.new`
  const environment = { clock: host.clock, disk: host.disk.remount() }
  const file = await environment.disk.createExclusive(left)
  await file.write(Buffer.from('half'), 0)
  await file.close()
  await removeLeftovers(environment, RINGS)
  t.same(host.disk.files(), [FILE, left], 'somebody may be writing it')
  await host.clock.advance(3_600_001)
  await removeLeftovers(environment, RINGS)
  t.same(host.disk.files(), [FILE])
})

t.test('where nothing can be written a ring is not adopted', async (t) => {
  const host = await Host.start(fileOf(three, 1))
  t.teardown(() => host.close())
  const watcher = await host.process()
  host.disk.addFault({ operation: 'createExclusive', effect: 'ENOSPC' })
  await t.rejects(watcher.offer(fileOf(four, 2)), { code: 'ENOSPC' })
  t.equal(watcher.ring.version, 1)
})

t.test(
  'power may fail at any moment of an adoption: a whole ring is there, and never a new one without the one before',
  async (t) => {
    const found = new Set<string>()
    for (let changes = 0; changes < 14; changes += 1) {
      const host = await Host.start(fileOf(three, 1))
      const watcher = await host.process()
      host.disk.stopAfter(changes)
      await watcher.offer(fileOf(four, 2)).catch(() => {})
      host.disk.crash(new SeededRandom(changes))
      const after = await host.process()
      const { ring, previous } = after
      if (ring.version === 2) t.equal(previous?.version, 1, `after ${changes} changes`)
      else t.same([ring.version, previous], [1, undefined], `after ${changes} changes`)
      t.match(await after.offer(fileOf(four, 3)), { kind: 'adopted' }, 'it goes on')
      t.equal(after.previous?.version, 1)
      found.add(`version ${ring.version}`)
      host.close()
    }
    t.equal(found.size, 2, 'both were met')
  },
)
