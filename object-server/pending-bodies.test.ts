/** Bodies that wait to become visible: what a record names is there as long as the record says so. */
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { aroundWrites } from '#kv/fail-stop.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { accept, candidate, commit, stage } from './conditional-contract.ts'
import { bodyOf } from './engine-contract.ts'
import { newMachine, startEngine } from './test-engine.ts'

/** Longer than a body waits for its acceptance, shorter than an acceptance is good. */
const LATER_MS = 180_000
const ONE = candidate(6)

function bodiesOn({ disk }: ReturnType<typeof newMachine>): readonly string[] {
  return disk.files().filter((path) => path.includes('/pending/'))
}

t.test('a body that nobody accepts is thrown away after a while', async (t) => {
  const clock = new VirtualClock()
  const { engine, ...machine } = await startEngine(newMachine(), { clock })
  await stage(engine, ONE, 'x')
  t.equal(bodiesOn(machine).length, 1)
  await clock.advance(LATER_MS)
  t.equal(bodiesOn(machine).length, 0)
  t.same(await accept(engine, { at: 6, candidate: ONE }).then(({ kind }) => kind), 'body_needed')
  await engine.close()
})

t.test('a body that came once more after it was accepted stays', async (t) => {
  const clock = new VirtualClock()
  const { engine } = await startEngine(newMachine(), { clock })
  await stage(engine, ONE, 'x')
  t.match(await accept(engine, { at: 6, candidate: ONE }), { kind: 'accepted' })
  await stage(engine, ONE, 'x')
  await clock.advance(LATER_MS)
  t.match(await commit(engine, { at: 6, candidate: ONE }), { kind: 'changed' })
  t.equal(await bodyOf(engine), 'x')
  await engine.close()
})

t.test('so does one that comes once more after a restart', async (t) => {
  const clock = new VirtualClock()
  const machine = newMachine()
  const first = await startEngine(machine, { clock })
  await stage(first.engine, ONE, 'x')
  t.match(await accept(first.engine, { at: 6, candidate: ONE }), { kind: 'accepted' })
  await first.engine.close()
  const { engine } = await startEngine(machine, { clock })
  await stage(engine, ONE, 'x')
  await clock.advance(LATER_MS)
  t.match(await commit(engine, { at: 6, candidate: ONE }), { kind: 'changed' })
  await engine.close()
})

t.test('a body that is being thrown away is not there any more, though its file may be', async (t) => {
  const machine = newMachine()
  const remount = machine.disk.remount.bind(machine.disk)
  const removed = Promise.withResolvers<void>()
  machine.disk.remount = () => {
    const disk = remount()
    const unlink = disk.unlink.bind(disk)
    return Object.assign(disk, {
      unlink: async (path: string) => {
        await removed.promise
        await unlink(path)
      },
    })
  }
  const { engine } = await startEngine(machine)
  const [first, second] = [candidate(6), candidate(7)]
  await stage(engine, first, 'x')
  await stage(engine, second, 'y')
  t.match(await accept(engine, { at: 6, candidate: first }), { kind: 'accepted' })
  t.match(await accept(engine, { at: 8, candidate: second }), { kind: 'accepted' }, 'takes its place')
  const again = accept(engine, { at: 9, candidate: first })
  for (let turn = 0; turn < 20; turn += 1) await setImmediate()
  removed.resolve()
  t.match(await again, { kind: 'body_needed' })
  await engine.close()
})

t.test('a body is not thrown away while its acceptance is being written', async (t) => {
  const clock = new VirtualClock()
  const kv = new MemoryKv()
  let isSlow = false
  const slow = {
    open: async (path: string) =>
      aroundWrites(await kv.open(path), async (write) => {
        if (isSlow) await clock.advance(LATER_MS)
        return await write()
      }),
  }
  const machine = { ...newMachine(), kv: slow as unknown as MemoryKv }
  const { engine } = await startEngine(machine, { clock })
  await stage(engine, ONE, 'x')
  isSlow = true
  t.match(await accept(engine, { at: 6, candidate: ONE }), { kind: 'accepted' })
  isSlow = false
  t.equal(bodiesOn(machine).length, 1)
  t.match(await commit(engine, { at: 6, candidate: ONE }), { kind: 'changed' })
  await engine.close()
})
