import t from 'tap'
import { putObject, second } from './engine-contract.ts'
import { newMachine, startEngine, type TestMachine } from './test-engine.ts'

/** Objects spread over as many leaves. */
async function putMany(machine: TestMachine, count: number) {
  const started = await startEngine(machine)
  for (let n = 0; n < count; n += 1) {
    await putObject(started.engine, second(1), 'x', { name: `/a/c/${n}` })
  }
  return started
}

async function kill(machine: TestMachine): Promise<void> {
  machine.disk.kill()
  await machine.kv.crash('kept')
}

await t.test('only leaves that were in use are looked at after an unclean stop', async (t) => {
  const machine = newMachine()
  const first = await putMany(machine, 100)
  await first.engine.close()
  const second_ = await startEngine(machine)
  t.match(second_.report, { kind: 'clean', leaves: 0 })
  await putObject(second_.engine, second(2), 'y', { name: '/a/c/1' })
  await kill(machine)
  const third = await startEngine(machine)
  t.match(third.report, { kind: 'reconciled', leaves: 1, changed: 0 })
  await third.engine.close()
})

await t.test('an obsolete file that could not be removed is looked for at the next start', async (t) => {
  const machine = newMachine()
  const { engine } = await putMany(machine, 1)
  machine.disk.addFault({ operation: 'unlink', path: '.data', effect: 'ENOSPC', times: 1 })
  await putObject(engine, second(2), 'new', { name: '/a/c/0' })
  await engine.close()
  const objects = () => machine.disk.files().filter((file) => file.includes('/objects/'))
  t.equal(objects().length, 2)
  const again = await startEngine(machine)
  t.match(again.report, { kind: 'reconciled', leaves: 1 })
  t.equal(objects().length, 1)
  await again.engine.close()
})

await t.test('a leaf that was noted but never written to does no harm', async (t) => {
  const machine = newMachine()
  const { engine } = await startEngine(machine)
  const writer = engine.beginWrite('/a/c/o', { hashing: 'md5' })
  await writer.write(Buffer.from('x'))
  await new Promise((resolve) => setImmediate(resolve))
  await kill(machine)
  const again = await startEngine(machine)
  t.match(again.report, { kind: 'reconciled', changed: 0 })
  await again.engine.close()
})
