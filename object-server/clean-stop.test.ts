/** A stop in the middle of a change leaves nothing behind that a clean start would never look at. */
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { Disk } from '#base/environment.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { putObject, second } from './engine-contract.ts'
import { KeyedLock } from './keyed-lock.ts'
import { newMachine, startEngine, type TestMachine } from './test-engine.ts'

/** Steps of a deletion at which the stop comes, and more than it has. */
const STEPS = 40

/** Each operation takes longer than what the index does at a stop. */
function slowMachine(): TestMachine {
  const machine = newMachine()
  const remount = machine.disk.remount.bind(machine.disk)
  const slow = (): Disk =>
    new Proxy(remount(), {
      get(disk, name) {
        const member: unknown = Reflect.get(disk, name, disk)
        if (typeof member !== 'function') return member
        return async (...given: unknown[]): Promise<unknown> => {
          for (let turn = 0; turn < 3; turn += 1) await setImmediate()
          return await Reflect.apply(member, disk, given)
        }
      },
    })
  machine.disk.remount = slow as typeof machine.disk.remount
  return machine
}

t.test('whenever a DELETE meets the stop, files and index agree afterwards', async (t) => {
  const outcomes = new Set<string>()
  for (let step = 0; step < STEPS; step += 1) {
    const machine = slowMachine()
    const { engine } = await startEngine(machine)
    await putObject(engine, second(1), 'content')
    const deleting = engine.delete('/a/c/o', { timestamp: second(2), updates: () => [] })
    for (let passed = 0; passed < step; passed += 1) await setImmediate()
    await engine.close()
    const { kind } = await deleting
    outcomes.add(kind)
    const again = await startEngine(machine)
    const leaf = `/sda/objects/${engine.replica.hashOf('/a/c/o').slice(0, 2)}`
    const files = (await machine.disk.remount().readdir(leaf)).map((name) => name.replace(/.*\./, ''))
    t.same(files, kind === 'changed' ? ['ts'] : ['data'], `after ${step} steps: ${kind}`)
    await again.engine.close()
  }
  t.ok(outcomes.has('changed'), 'what had begun is ended')
})

t.test('a change that does not end makes the stop an unclean one', async (t) => {
  const machine = newMachine()
  const clock = new VirtualClock()
  const { engine } = await startEngine(machine, { clock })
  await putObject(engine, second(1), 'content')
  machine.disk.addFault({ operation: 'rename', effect: 'hang' })
  void engine.delete('/a/c/o', { timestamp: second(2), updates: () => [] })
  const closed = engine.close()
  await clock.advance(6_000)
  await closed
  machine.disk.clearFaults()
  t.match((await startEngine(machine)).report, { kind: 'reconciled', leaves: 1 })
})

t.test('a closed lock waits for those who have it and refuses the others', async (t) => {
  const lock = new KeyedLock()
  const free = Promise.withResolvers<void>()
  const order: string[] = []
  const all = [
    lock.run('a', () => free.promise.then(() => void order.push('first'))),
    lock.run('a', async () => void order.push('second')),
  ]
  const closed = lock.close().then(() => order.push('closed'))
  await t.rejects(
    lock.run('b', async () => {}),
    { code: 'ESHUTDOWN' },
  )
  await t.rejects(
    lock.runAll(['c', 'd'], async () => {}),
    { code: 'ESHUTDOWN' },
  )
  await setImmediate()
  free.resolve()
  await Promise.all([...all, closed])
  t.same(order, ['first', 'second', 'closed'])
})
