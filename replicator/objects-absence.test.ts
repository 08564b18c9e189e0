/** Rings that change, devices that are away for long, tombstones that grow old. */
import t from 'tap'
import { headerOf } from '#http/message.ts'
import { filled, NAMES, whatIsAstray } from './testing/filled-devices.ts'
import { DAY_MS, type Machine, ObjectDevices, PART_POWER } from './testing/object-devices.ts'

/** Whom a row would be told. */
const ROUTING = {
  'x-container-partition': '1',
  'x-container-host': '10.9.9.9:6201',
  'x-container-device': 'sdb',
}

t.test(
  'after a change of the ring everything is where the ring says, and new primaries join first',
  async (t) => {
    const devices = await ObjectDevices.start({ devices: 6 })
    devices.ring = devices.ringOver(['d1', 'd2', 'd3', 'd4'])
    for (const machine of devices.machines) await machine.running?.replicator.learnRings()
    for (const name of NAMES) await devices.put(devices.placed(name).primaries, name, `body of ${name}`)
    await devices.passes()
    devices.changeRing(devices.ringOver(['d3', 'd4', 'd5', 'd6']))
    for (const machine of devices.machines) await machine.running?.replicator.learnRings()
    const [, , , , fresh] = devices.machines as [Machine, Machine, Machine, Machine, Machine]
    const [name] = NAMES.filter((one) => devices.placed(one).primaries.includes(fresh)) as [string]
    const answer = await devices.ask(fresh, 'GET', name)
    t.equal(headerOf(answer, 'x-backend-martlet-replica-state'), 'joining')
    await devices.passes(3)
    t.equal(await whatIsAstray(devices), undefined)
    t.equal(
      devices.ledger(fresh).voice({ partPower: PART_POWER, partition: devices.partitionOf(name) }),
      'synced',
    )
    await devices.closeAll()
  },
)

t.test('a delete does not come back after a long absence', async (t) => {
  const devices = await filled({ devices: 5 })
  await devices.clock.advance(1000)
  await devices.passes()
  const [name, kept, written] = NAMES as [string, string, string]
  const away = devices.placed(name).primaries[0] as Machine
  // Written here alone, after the last sync: nobody deleted it.
  const alone = NAMES.find(
    (one) => devices.placed(one).primaries.includes(away) && ![name, kept].includes(one),
  )
  await devices.clock.advance(1000)
  await devices.put([away], alone ?? written, 'only here')
  await devices.close(away)
  const names = devices.machines.map((machine) => machine.name)
  devices.changeRing(devices.ringOver(names.filter((one) => one !== away.name)))
  await devices.passes(2)
  await devices.delete(devices.placed(name).primaries, name)
  await devices.clock.advance(8 * DAY_MS)
  await devices.passes(2)
  for (const machine of devices.placed(name).primaries) {
    t.equal(await devices.holds(machine, name), 'missing', 'the tombstone is gone')
  }
  devices.changeRing(devices.ringOver(names))
  await devices.open(away)
  const served = await devices.ask(away, 'GET', name)
  t.equal(served.status, 404, 'what may be deleted is not served')
  const nowSeconds = (devices.clock.wallMs() / 1000).toFixed(5)
  const posted = await devices.ask(away, 'POST', name, { 'x-timestamp': nowSeconds, ...ROUTING })
  t.equal(posted.status, 404, 'nor changed, which would list it again')
  t.match(posted.headers, { 'x-backend-martlet-replica-state': 'joining' })
  t.equal(await away.running?.service.device.pendingRows(), 0)
  await devices.passes(3)
  for (const machine of devices.machines) {
    t.equal(await devices.holds(machine, name), 'missing', `not on ${machine.name}`)
  }
  const quarantined = away.disk.files().filter((path) => path.includes('/quarantined/objects/'))
  t.equal(quarantined.length, 1)
  for (const machine of devices.placed(alone ?? written).primaries) {
    t.equal(await devices.holds(machine, alone ?? written), 'only here')
  }
  await devices.closeAll()
})

t.test('tombstones are forgotten when they are old and every primary has them, and not before', async (t) => {
  const devices = await filled()
  await devices.passes()
  const [name] = NAMES as [string]
  const { primaries } = devices.placed(name)
  await devices.delete(primaries.slice(1), name)
  const [late] = primaries as [Machine]
  devices.disconnect(late)
  await devices.clock.advance(8 * DAY_MS)
  const others = devices.machines.filter((machine) => machine !== late)
  for (const machine of [...others, ...others]) await devices.pass(machine)
  for (const machine of primaries.slice(1)) t.equal(await devices.holds(machine, name), 'deleted')
  devices.connect(late)
  await devices.pass(late)
  for (const machine of primaries) t.match(await devices.holds(machine, name), /^(deleted|missing)$/)
  await devices.passes(2)
  for (const machine of primaries) t.equal(await devices.holds(machine, name), 'missing')
  t.equal(await whatIsAstray(devices, NAMES.slice(1)), undefined)
  await devices.closeAll()
})

t.test('a tombstone is kept while a former holder that is still in the ring is away', async (t) => {
  const devices = await filled({ devices: 5 })
  await devices.clock.advance(1000)
  await devices.passes()
  const written = '/a/c/lately'
  const { primaries } = devices.placed(written)
  await devices.clock.advance(1000)
  await devices.put(primaries, written, 'written right before')
  const [away] = primaries as [Machine]
  await devices.close(away)
  // It is drained: it stays in the ring, and holds nothing by it.
  devices.changeRing(devices.ringDrained(away.name))
  await devices.passes(2)
  await devices.delete(devices.placed(written).primaries, written)
  for (let day = 0; day < 9; day += 1) {
    await devices.clock.advance(DAY_MS)
    await devices.passes()
  }
  for (const machine of devices.placed(written).primaries)
    t.equal(await devices.holds(machine, written), 'deleted')
  await devices.open(away)
  await devices.passes(3)
  for (const machine of devices.machines)
    t.match(await devices.holds(machine, written), /^(deleted|missing)$/)
  await devices.closeAll()
})

t.test('a whole cluster that was off for long comes back with everything', async (t) => {
  const devices = await filled()
  await devices.passes()
  for (const machine of devices.machines) await devices.close(machine)
  await devices.clock.advance(30 * DAY_MS)
  for (const machine of devices.machines) await devices.open(machine)
  await devices.passes()
  t.equal(await whatIsAstray(devices), undefined)
  for (const machine of devices.machines) t.equal(devices.ledger(machine).mayBeStale, false)
  await devices.closeAll()
})

t.test(
  'a primary that hears nobody for long serves on, does not vote, and is made equal when they are back',
  async (t) => {
    const devices = await filled()
    await devices.clock.advance(1000)
    await devices.passes()
    const [name] = NAMES as [string]
    const [alone, ...others] = devices.placed(name).primaries as [Machine, ...Machine[]]
    for (const machine of others) devices.disconnect(machine)
    for (let day = 0; day < 9; day += 1) {
      await devices.clock.advance(DAY_MS)
      await alone.running?.service.device.stampAlive()
      await devices.pass(alone)
    }
    const range = { partPower: PART_POWER, partition: devices.partitionOf(name) }
    t.equal(devices.ledger(alone).voice(range), 'stale')
    t.equal((await devices.ask(alone, 'GET', name)).status, 200)
    for (const machine of others) devices.connect(machine)
    await devices.put(others, name, 'written meanwhile')
    await devices.passes(2)
    t.equal(devices.ledger(alone).voice(range), 'synced')
    t.equal(await devices.holds(alone, name), 'written meanwhile')
    await devices.closeAll()
  },
)

t.test('two that were away for long are no majority when one of them had just lost everything', async (t) => {
  const devices = await filled()
  await devices.passes()
  const [name] = NAMES as [string]
  const [wiped, kept, away] = devices.placed(name).primaries as [Machine, Machine, Machine]
  const fresh = '/a/c/o0'
  await devices.wipe(wiped)
  await devices.open(wiped)
  await devices.put([away], fresh, 'acknowledged by the one that is wiped now, and by this one')
  for (const machine of devices.machines) await devices.close(machine)
  await devices.clock.advance(8 * DAY_MS)
  const range = { partPower: PART_POWER, partition: devices.partitionOf(name) }
  for (const machine of [wiped, kept]) await devices.open(machine)
  await devices.passes(2)
  t.equal(devices.ledger(wiped).voice(range), 'stale_joining')
  t.equal(devices.ledger(kept).voice(range), 'stale')
  await devices.open(away)
  await devices.passes(2)
  for (const machine of [wiped, kept, away]) {
    t.equal(devices.ledger(machine).voice(range), 'synced')
    t.match(await devices.holds(machine, fresh), 'acknowledged')
  }
  await devices.closeAll()
})

t.test('how long is too long follows from how long tombstones are kept', async (t) => {
  const devices = await filled({ reclaimAgeSeconds: 3600 })
  await devices.passes()
  const [name] = NAMES as [string]
  const range = { partPower: PART_POWER, partition: devices.partitionOf(name) }
  const [away] = devices.placed(name).primaries as [Machine]
  await devices.close(away)
  await devices.clock.advance(2 * 3_600_000)
  await devices.open(away)
  t.equal(devices.ledger(away).voice(range), 'stale')
  await devices.closeAll()
})
