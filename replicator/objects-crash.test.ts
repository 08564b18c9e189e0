/**
 * Goal: whatever step of replication a machine dies at, every object stays readable somewhere, nothing torn is served, and
 * after the restart everything ends where the ring says.
 *
 * Method: a stray object, a fresh delete and a replica that missed a write; one machine after the other loses power after
 * every single operation on its disk, with its index as it was synced or a little later.
 */
import t from 'tap'
import { SeededRandom } from '#base/virtual-clock.ts'
import { type Machine, ObjectDevices } from './testing/object-devices.ts'

const STRAY = '/a/c/stray'
const GONE = '/a/c/gone'
const MISSED = '/a/c/missed'

interface Scene {
  readonly devices: ObjectDevices
  readonly handoff: Machine
  readonly primary: Machine
}

async function scene(): Promise<Scene> {
  const devices = await ObjectDevices.start()
  const { primaries, others } = devices.placed(STRAY)
  const [primary] = primaries as [Machine]
  const [handoff] = others as [Machine]
  await devices.put([handoff], STRAY, `body of ${STRAY}`)
  await devices.put(devices.placed(GONE).primaries, GONE, 'old')
  await devices.delete(devices.placed(GONE).primaries.slice(1), GONE)
  await devices.put(devices.placed(MISSED).primaries.slice(1), MISSED, `body of ${MISSED}`)
  await devices.clock.advance(1000)
  return { devices, handoff, primary }
}

/** Passes with a machine that dies after so many operations; it has lost power when the promise resolves. */
async function passesUntilDeath(
  { devices }: Scene,
  machine: Machine,
  operations: number,
  unsynced: 'lost' | 'kept',
): Promise<'died' | 'lived'> {
  machine.disk.stopAfter(operations)
  const before = machine.disk.changes
  await devices.passes()
  const used = machine.disk.changes - before
  devices.disconnect(machine)
  machine.disk.crash(new SeededRandom(operations))
  await machine.kv.crash(unsynced)
  machine.running = undefined
  return used < operations ? 'lived' : 'died'
}

async function somebodyHas({ devices }: Scene, name: string): Promise<boolean> {
  for (const machine of devices.machines) {
    if ((await devices.holds(machine, name)) === `body of ${name}`) return true
  }
  return false
}

async function whatIsWrong(scene: Scene): Promise<string | undefined> {
  const { devices } = scene
  for (const name of [STRAY, MISSED]) {
    if (!(await somebodyHas(scene, name))) return `${name} is lost`
  }
  await devices.passes(3)
  for (const machine of devices.machines) {
    for (const name of [STRAY, MISSED, GONE]) {
      const isPrimary = devices.placed(name).primaries.includes(machine)
      const expected = !isPrimary ? 'missing' : name === GONE ? 'deleted' : `body of ${name}`
      const held = await devices.holds(machine, name)
      if (held !== expected) return `${name} on ${machine.name}: ${held}`
    }
  }
  return undefined
}

for (const who of ['handoff', 'primary'] as const) {
  t.test(`power fails at any step on the ${who}`, async (t) => {
    for (let operations = 0; operations < 60; operations += 1) {
      const unsynced = operations % 2 === 0 ? 'lost' : 'kept'
      const one = await scene()
      const machine = one[who]
      const ended = await passesUntilDeath(one, machine, operations, unsynced)
      await one.devices.open(machine)
      const wrong = await whatIsWrong(one)
      if (wrong !== undefined) t.fail(`${wrong} (after ${operations} operations)`)
      await one.devices.closeAll()
      if (ended === 'lived') break
    }
    t.pass('every step was tried')
  })
}

t.test('a peer that dies in the middle of an answer costs nothing but time', async (t) => {
  for (let afterBytes = 0; afterBytes < 2000; afterBytes += 211) {
    const one = await scene()
    let broken = 0
    one.devices.network.inject((_, request) => {
      if (!request.path.includes('/sync/') || broken > 3) return undefined
      broken += 1
      return { kind: 'drop_body', afterBytes }
    })
    await one.devices.passes()
    const wrong = await whatIsWrong(one)
    if (wrong !== undefined) t.fail(`${wrong} (after ${afterBytes} bytes)`)
    await one.devices.closeAll()
  }
  t.pass('every cut was tried')
})
