/**
 * One primary is synced, one was away for long, one lost its disk, and so was away who held the partition before them:
 * nobody may speak for a majority, and yet nothing may wait for good, nor come back.
 */
import t, { type Test } from 'tap'
import { NAMES } from './testing/filled-devices.ts'
import { DAY_MS, type Machine, ObjectDevices, PART_POWER } from './testing/object-devices.ts'

const OLD = ['d1', 'd2', 'd3']
const NEW = [...OLD, 'd4']

interface Scene {
  readonly devices: ObjectDevices
  /** An object that `former` holds in the place of `late`. */
  readonly name: string
  readonly synced: Machine
  readonly wiped: Machine
  /** Became a primary with the last ring. */
  readonly late: Machine
  readonly former: Machine
}

type FormerHas = 'what_others_have' | 'one_of_its_own'

/** Another object of the same partition. */
function besides({ devices, name }: Pick<Scene, 'devices' | 'name'>): string {
  for (let at = 0; ; at += 1) {
    const other = `/a/c/besides${at}`
    if (devices.partitionOf(other) === devices.partitionOf(name)) return other
  }
}

/** `d4` takes a place of one that is off at that moment, and everything is equal on the other three. */
async function newPrimary(t: Test, has: FormerHas = 'what_others_have'): Promise<Scene> {
  const devices = await ObjectDevices.start()
  devices.ring = devices.ringOver(OLD)
  await learn(devices)
  for (const name of NAMES) await devices.put(devices.placed(name).primaries, name, `body of ${name}`)
  await devices.clock.advance(1000)
  await devices.passes()
  devices.changeRing(devices.ringOver(NEW))
  const late = devices.machines[3] as Machine
  const name = NAMES.find((one) => devices.placed(one).primaries.includes(late)) as string
  const [synced, wiped] = devices.placed(name).primaries as [Machine, Machine]
  const [former] = devices.placed(name).others as [Machine]
  await devices.clock.advance(1000)
  if (has === 'one_of_its_own') await devices.put([former], besides({ devices, name }), 'only here')
  await devices.close(former)
  await devices.clock.advance(1000)
  await learn(devices)
  for (const machine of [late, synced, wiped, late]) await devices.pass(machine)
  const scene = { devices, name, synced, wiped, late, former }
  t.equal(voiceOf(scene, late), 'synced')
  return scene
}

async function learn(devices: ObjectDevices): Promise<void> {
  for (const machine of devices.machines) await machine.running?.replicator.learnRings()
}

function voiceOf({ devices, name }: Scene, machine: Machine): string {
  return devices.ledger(machine).voice({ partPower: PART_POWER, partition: devices.partitionOf(name) })
}

async function daysPass({ devices }: Scene, days: number, running: readonly Machine[]): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    await devices.clock.advance(DAY_MS)
    for (const machine of running) {
      await machine.running?.service.device.stampAlive()
      await devices.pass(machine)
    }
  }
}

/** The late one and the former one come back, and the disk of another primary is lost at that moment. */
async function comeBack(t: Test, scene: Scene): Promise<void> {
  const { devices, synced, wiped, late, former } = scene
  await devices.close(late)
  await daysPass(scene, 9, [synced, wiped])
  await devices.wipe(wiped)
  for (const machine of [wiped, late, former]) await devices.open(machine)
  await learn(devices)
  t.same(
    [synced, wiped, late, former].map((machine) => voiceOf(scene, machine)),
    ['synced', 'joining', 'stale', 'stale'],
  )
}

t.test('all vote again, and the former holder is emptied, where it has nothing of its own', async (t) => {
  const scene = await newPrimary(t)
  await comeBack(t, scene)
  const { devices, name, synced, wiped, late, former } = scene
  await devices.passes(3)
  for (const machine of [synced, wiped, late]) {
    t.equal(voiceOf(scene, machine), 'synced')
    t.equal(await devices.holds(machine, name), `body of ${name}`)
  }
  t.equal(await devices.holds(former, name), 'missing')
  await devices.closeAll()
})

t.test('what only the former holder was given lately is taken from it', async (t) => {
  const scene = await newPrimary(t)
  await comeBack(t, scene)
  const { devices, name, synced, wiped, late, former } = scene
  await devices.put([former], name, 'written in the place of others')
  await devices.put([former], besides(scene), 'nobody else knows of it')
  await devices.passes(3)
  for (const machine of [synced, wiped, late]) {
    t.equal(voiceOf(scene, machine), 'synced')
    t.equal(await devices.holds(machine, name), 'written in the place of others')
    t.equal(await devices.holds(machine, besides(scene)), 'nobody else knows of it')
  }
  await devices.closeAll()
})

t.test(
  'what was deleted without the former holder does not come back, and nobody waits for it',
  async (t) => {
    const scene = await newPrimary(t)
    const { devices, name, synced, wiped, late, former } = scene
    await devices.delete([synced, wiped, late], name)
    // Who does not know the ring before any more waits for nobody of it.
    const { previous } = devices
    devices.previous = undefined
    await daysPass(scene, 9, [synced, wiped, late])
    devices.previous = previous
    t.equal(await devices.holds(synced, name), 'missing', 'the tombstone is gone')
    await comeBack(t, scene)
    for (let round = 0; round < 4; round += 1) {
      await devices.passes()
      for (const machine of [synced, wiped, late]) t.equal(await devices.holds(machine, name), 'missing')
    }
    for (const machine of [synced, wiped, late]) t.equal(voiceOf(scene, machine), 'synced')
    t.equal(await devices.holds(former, name), 'missing')
    t.ok(former.disk.files().some((path) => path.includes('/quarantined/objects/')))
    await devices.closeAll()
  },
)

t.test(
  'an old object that nobody else knows is in doubt: kept, not spread, and its holder not heard',
  async (t) => {
    const scene = await newPrimary(t, 'one_of_its_own')
    await comeBack(t, scene)
    const { devices, synced, wiped, late, former } = scene
    await devices.passes(3)
    const { waiting } = await devices.pass(wiped)
    t.equal(waiting['objects_in_doubt'], 1)
    t.equal(await devices.holds(former, besides(scene)), 'only here')
    for (const machine of [synced, wiped, late])
      t.equal(await devices.holds(machine, besides(scene)), 'missing')
    t.equal(voiceOf(scene, wiped), 'joining')
    t.equal(voiceOf(scene, late), 'stale')
    devices.changeRing(devices.ringOver(NEW.filter((one) => one !== former.name)))
    await devices.passes(4)
    for (const machine of [synced, wiped, late]) {
      t.equal(voiceOf(scene, machine), 'synced', 'the operator took the device out')
      t.equal(await devices.holds(machine, besides(scene)), 'only here', 'what it had was handed over')
    }
    await devices.closeAll()
  },
)

t.test('what a former holder has given away was not deleted, though it alone was never away', async (t) => {
  const devices = await ObjectDevices.start()
  devices.ring = devices.ringOver(OLD)
  await learn(devices)
  for (const name of NAMES) await devices.put(devices.placed(name).primaries, name, `body of ${name}`)
  await devices.clock.advance(10_000)
  await devices.passes(2)
  devices.changeRing(devices.ringOver(NEW))
  await learn(devices)
  const late = devices.machines[3] as Machine
  const name = NAMES.find((one) => devices.placed(one).primaries.includes(late)) as string
  const [synced, wiped] = devices.placed(name).primaries as [Machine, Machine]
  const [former] = devices.placed(name).others as [Machine]
  const scene = { devices, name, synced, wiped, late, former }
  for (const machine of [late, synced, wiped, late]) await devices.pass(machine)
  await devices.clock.advance(10_000)
  for (const machine of [late, synced, wiped]) await devices.pass(machine)
  const range = { partPower: PART_POWER, partition: devices.partitionOf(name) }
  const stamp = devices.ledger(former).stamp(range)
  await devices.pass(former)
  t.equal(await devices.holds(former, name), 'missing')
  // As if it had died before it noted that nothing is left.
  await devices.ledger(former).write([{ range, stamp }])
  for (const machine of [synced, late]) await devices.close(machine)
  await daysPass(scene, 9, [wiped, former])
  await devices.wipe(wiped)
  for (const machine of [wiped, synced, late]) await devices.open(machine)
  await learn(devices)
  t.same(
    [synced, wiped, late, former].map((machine) => voiceOf(scene, machine)),
    ['stale', 'joining', 'stale', 'synced'],
  )
  const reports = await devices.passes(3)
  const setAside = reports.map(({ found }) => found['objects_deleted_while_away'] ?? 0)
  t.ok(
    setAside.every((count) => count === 0),
    'nothing is quarantined',
  )
  for (const machine of [synced, wiped, late]) {
    t.equal(await devices.holds(machine, name), `body of ${name}`)
    t.equal(voiceOf(scene, machine), 'synced')
  }
  await devices.closeAll()
})
