/** A device that lost its partitions to others, and was cut off until the others had gone on. */
import t from 'tap'
import { NAMES } from './testing/filled-devices.ts'
import { type Machine, ObjectDevices, PART_POWER } from './testing/object-devices.ts'

const [NAME] = NAMES as [string]

t.test('it hands over what only it has when it is back', async (t) => {
  const devices = await ObjectDevices.start()
  t.teardown(() => devices.closeAll())
  await devices.passes()
  const [removed] = devices.placed(NAME).primaries as [Machine]
  await devices.put([removed], NAME, 'only here')
  devices.disconnect(removed)
  await devices.clock.advance(60_000)
  const names = devices.machines.filter((machine) => machine !== removed).map(({ name }) => name)
  devices.changeRing(devices.ringOver(names))
  await devices.passes(2)
  devices.previous = undefined
  devices.connect(removed)
  await devices.passes(2)
  for (const machine of devices.placed(NAME).primaries)
    t.equal(await devices.holds(machine, NAME), 'only here', machine.name)
  t.equal(await devices.holds(removed, NAME), 'missing')
})

t.test('who held a partition is waited for, also when the part power grew at the same time', async (t) => {
  const devices = await ObjectDevices.start({ devices: 2, replicas: 1 })
  t.teardown(() => devices.closeAll())
  const [old, fresh] = devices.machines as [Machine, Machine]
  const ringOf = (owner: Machine, partPower: number) =>
    devices.ringOver(['d1', 'd2'], 1, (name) => (name === owner.name ? 100 : 0), partPower)
  const learn = async () => {
    for (const { running } of devices.machines) await running?.replicator.learnRings()
  }
  const voice = () =>
    devices.ledger(fresh).voice({ partPower: PART_POWER + 1, partition: devices.partitionOf(NAME) })
  devices.ring = ringOf(old, PART_POWER)
  await learn()
  await devices.put([old], NAME, 'of the only replica')
  devices.disconnect(old)
  devices.changeRing(ringOf(fresh, PART_POWER + 1))
  await learn()
  await devices.pass(fresh)
  t.equal(voice(), 'joining', 'what is not here may be there')
  devices.connect(old)
  await devices.pass(fresh)
  t.equal(voice(), 'synced')
  t.equal(await devices.holds(fresh, NAME), 'of the only replica')
})
