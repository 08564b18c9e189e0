/** Room for the files of conversions, on a disk that says what a test wants. */
import t from 'tap'
import type { Disk } from '#base/environment.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { Refusal } from '../refusal.ts'
import { ScratchSpace } from './scratch-space.ts'

const MIB = 1024 * 1024

/** Nothing but its space is asked for. */
interface SmallDisk extends Pick<Disk, 'space'> {
  freeBytes: number
}

function start(freeBytes: number): {
  readonly disk: SmallDisk
  readonly clock: VirtualClock
  readonly space: ScratchSpace
} {
  const disk: SmallDisk = {
    freeBytes,
    space: async () => ({
      totalBytes: 1000 * MIB,
      freeBytes: disk.freeBytes,
      freeInodes: 1,
      readOnly: false,
    }),
  }
  const clock = new VirtualClock()
  return { disk, clock, space: new ScratchSpace(disk, clock, '/scratch') }
}

t.test('a hundredth of the file system is left free', async (t) => {
  const { space } = start(30 * MIB)
  t.equal(await space.refusal(20 * MIB), undefined)
  t.match(await space.refusal(21 * MIB), { status: 503, message: /21 MiB are needed.*room for 20 MiB/ })
  t.ok((await start(10 * MIB).space.refusal(0)) instanceof Refusal)
})

t.test('bytes that would fill the directory are not given on', async (t) => {
  const { disk, space } = start(500 * MIB)
  const source = async function* (): AsyncGenerator<Buffer> {
    for (;;) yield Buffer.alloc(16 * MIB)
  }
  let given = 0
  const fill = async (): Promise<void> => {
    for await (const chunk of space.guarded(source())) {
      given += chunk.length
      disk.freeBytes -= chunk.length
    }
  }
  await t.rejects(fill(), /no room/)
  t.ok(given > 400 * MIB && given <= 490 * MIB, `${given / MIB} MiB were written`)
})

t.test('work is told to end when the directory is full, whoever filled it', async (t) => {
  const { disk, clock, space } = start(500 * MIB)
  const ended = space.watched(
    (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('killed'))),
  )
  await clock.advance(5000)
  disk.freeBytes = 0
  await clock.advance(1000)
  t.match(await ended, { status: 503 })
})

t.test('work that ends by itself is not waited for any longer', async (t) => {
  const { clock, space } = start(500 * MIB)
  const done = space.watched(async () => 'done')
  await clock.advance(0)
  t.equal(await done, 'done')
})
