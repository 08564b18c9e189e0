/**
 * Copies in the place of others on a device that is away for longer than tombstones live: what was deleted meanwhile does not
 * come back with them, and what was acknowledged is not lost with them.
 */
import t, { type Test } from 'tap'
import { filled, NAMES, whatIsAstray } from './testing/filled-devices.ts'
import { DAY_MS, type Machine, type ObjectDevices, PART_POWER } from './testing/object-devices.ts'

const [NAME] = NAMES as [string]
const HOUR_MS = 3_600_000

interface Scene {
  readonly devices: ObjectDevices
  readonly primaries: readonly Machine[]
  readonly handoff: Machine
  /** An object of the same partition that lies on the handoff, and that primaries have. */
  readonly known: string
  /** Others of that partition, of which nothing is anywhere. */
  readonly fresh: readonly [string, string]
}

/** A handoff that has something of a partition since long, and was in touch lately. */
async function handoffAtWork(t: Test): Promise<Scene> {
  const devices = await filled()
  t.teardown(() => devices.closeAll())
  const { primaries, others } = devices.placed(NAME)
  const [handoff] = others as [Machine]
  const inPartition = Array.from({ length: 200 }, (_, at) => `/a/c/x${at}`).filter(
    (name) => devices.partitionOf(name) === devices.partitionOf(NAME),
  )
  const [known, ...fresh] = inPartition as [string, string, string]
  await devices.put([...primaries, handoff], known, `body of ${known}`)
  // It keeps what it has, because one primary cannot be reached.
  devices.disconnect(primaries[2] as Machine)
  await devices.clock.advance(2 * HOUR_MS)
  await devices.passes(2)
  devices.connect(primaries[2] as Machine)
  t.ok(stampOf(devices, handoff).touchedMs > 0)
  await devices.clock.advance(1000)
  return { devices, primaries, handoff, known, fresh: fresh as [string, string] }
}

function stampOf(devices: ObjectDevices, machine: Machine) {
  return devices.ledger(machine).stamp({ partPower: PART_POWER, partition: devices.partitionOf(NAME) })
}

/** The others go on. */
async function daysPass({ devices }: Scene, days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    await devices.clock.advance(DAY_MS)
    for (const machine of devices.machines) await machine.running?.service.device.stampAlive()
    await devices.passes()
  }
}

function quarantined({ disk }: Machine): number {
  return disk.files().filter((path) => path.includes('/quarantined/objects/')).length
}

t.test('what was deleted after its last touch does not come back, and is kept in quarantine', async (t) => {
  const scene = await handoffAtWork(t)
  const { devices, primaries, handoff, known, fresh } = scene
  const [deleted] = fresh
  await devices.put([handoff], deleted, 'stored with one that stands in')
  await devices.crash(handoff)
  await devices.clock.advance(12_000)
  await devices.delete(primaries, deleted)
  await daysPass(scene, 9)
  t.equal(await devices.holds(primaries[0] as Machine, deleted), 'missing', 'the tombstone is gone')
  await devices.open(handoff)
  await devices.passes(3)
  for (const machine of devices.machines) t.equal(await devices.holds(machine, deleted), 'missing')
  t.equal(quarantined(handoff), 1)
  t.equal(await whatIsAstray(devices, [...NAMES, known]), undefined)
})

t.test(
  'the last copy of what was acknowledged, and whose deletion nobody gave up, is handed over',
  async (t) => {
    const scene = await handoffAtWork(t)
    const { devices, handoff, fresh } = scene
    const [wanted] = fresh
    await devices.put([handoff], wanted, `body of ${wanted}`)
    await devices.crash(handoff)
    await daysPass(scene, 9)
    await devices.open(handoff)
    await devices.passes(3)
    t.equal(await whatIsAstray(devices, [...NAMES, wanted]), undefined)
    t.equal(quarantined(handoff), 0)
  },
)

t.test('what is later than all deletions that were given up is handed over too', async (t) => {
  const scene = await handoffAtWork(t)
  const { devices, primaries, handoff, fresh } = scene
  const [deleted, wanted] = fresh
  await devices.put([...primaries], deleted, 'deleted at once')
  await devices.delete(primaries, deleted)
  await devices.clock.advance(1000)
  await devices.put([handoff], wanted, `body of ${wanted}`)
  await devices.crash(handoff)
  await daysPass(scene, 9)
  t.equal(await devices.holds(primaries[0] as Machine, deleted), 'missing', 'the tombstone is gone')
  await devices.open(handoff)
  await devices.passes(3)
  t.equal(await whatIsAstray(devices, [...NAMES, wanted]), undefined)
})

t.test(
  'a device that was away, and cut off when it came back, counts from the write and not from its return',
  async (t) => {
    const scene = await handoffAtWork(t)
    const { devices, primaries, handoff, fresh, known } = scene
    devices.connect(primaries[2] as Machine)
    await devices.passes(2)
    t.equal(await devices.holds(handoff, known), 'missing', 'it knows nothing of the partition')
    const [deleted] = fresh
    await devices.put([handoff], deleted, 'stored with one that stands in')
    await devices.crash(handoff)
    await devices.clock.advance(12_000)
    await devices.delete(primaries, deleted)
    await daysPass(scene, 6)
    await devices.open(handoff)
    devices.disconnect(handoff)
    for (const machine of primaries) devices.disconnect(machine)
    await devices.pass(handoff)
    for (const machine of primaries) devices.connect(machine)
    const others = devices.machines.filter((machine) => machine !== handoff)
    for (let day = 0; day < 4; day += 1) {
      await devices.clock.advance(DAY_MS)
      for (const machine of others) await devices.pass(machine)
      await handoff.running?.service.device.stampAlive()
    }
    t.equal(await devices.holds(primaries[0] as Machine, deleted), 'missing', 'the tombstone is gone')
    devices.connect(handoff)
    await devices.passes(3)
    for (const machine of devices.machines) t.equal(await devices.holds(machine, deleted), 'missing')
    t.equal(quarantined(handoff), 1)
  },
)

t.test('who joins takes over what was given up', async (t) => {
  const scene = await handoffAtWork(t)
  const { devices, primaries, handoff, fresh } = scene
  const [deleted] = fresh
  await devices.put([handoff], deleted, 'stored with one that stands in')
  await devices.crash(handoff)
  await devices.clock.advance(12_000)
  await devices.delete(primaries, deleted)
  await daysPass(scene, 9)
  // One after the other they lose everything, and get it from those that are left.
  for (const machine of primaries) {
    await devices.wipe(machine)
    await devices.open(machine)
    await devices.passes(2)
  }
  await devices.open(handoff)
  await devices.passes(3)
  for (const machine of devices.machines) t.equal(await devices.holds(machine, deleted), 'missing')
  t.equal(await whatIsAstray(devices), undefined)
})

t.test('no tombstone is forgotten before every primary has noted that it is given up', async (t) => {
  const scene = await handoffAtWork(t)
  const { devices, primaries } = scene
  await devices.delete(primaries, NAME)
  await devices.passes(2)
  devices.network.inject((_, request) => (request.path.endsWith('/reclaim') ? { kind: 'refuse' } : undefined))
  await daysPass(scene, 9)
  for (const machine of primaries) t.equal(await devices.holds(machine, NAME), 'deleted')
  devices.network.inject(() => undefined)
  await daysPass(scene, 2)
  for (const machine of primaries) t.equal(await devices.holds(machine, NAME), 'missing')
})

t.test('what was deleted while its copy waited for one primary does not come back', async (t) => {
  const devices = await filled()
  t.teardown(() => devices.closeAll())
  const { primaries, others } = devices.placed(NAME)
  const [handoff] = others as [Machine]
  const [away, ...up] = primaries as [Machine, Machine, Machine]
  await devices.passes()
  const deleted = Array.from({ length: 200 }, (_, at) => `/a/c/x${at}`).find(
    (name) => devices.partitionOf(name) === devices.partitionOf(NAME),
  ) as string
  await devices.put([...up, handoff], deleted, 'to be deleted')
  devices.disconnect(away)
  await devices.pass(handoff)
  await devices.clock.advance(12_000)
  // The stand-in is not asked: it did not answer for a moment.
  await devices.delete(up, deleted)
  for (let day = 0; day < 9; day += 1) {
    await devices.clock.advance(DAY_MS)
    for (const machine of devices.machines) await machine.running?.service.device.stampAlive()
    for (const machine of [...up, handoff]) await devices.pass(machine)
  }
  devices.connect(away)
  await devices.pass(away)
  for (const machine of up) await devices.pass(machine)
  t.equal(await devices.holds(away, deleted), 'missing', 'everybody has forgotten the tombstone')
  await devices.passes(3)
  for (const machine of devices.machines) t.not(await devices.holds(machine, deleted), 'to be deleted')
  t.equal(await whatIsAstray(devices), undefined)
})
