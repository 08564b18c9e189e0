/** What a replica may say of when it was last equal with others, and what follows from it after a long absence. */
import t from 'tap'
import { NO_STAMP } from '#backend/sync-stamp.ts'
import { filled, NAMES, whatIsAstray } from './testing/filled-devices.ts'
import { DAY_MS, type Machine, ObjectDevices, PART_POWER } from './testing/object-devices.ts'

const [NAME] = NAMES as [string]

function rangeOf(devices: ObjectDevices, name = NAME): { partPower: number; partition: number } {
  return { partPower: PART_POWER, partition: devices.partitionOf(name) }
}

async function post(devices: ObjectDevices, machine: Machine, name = NAME): Promise<void> {
  await devices.engine(machine).post(name, {
    timestamp: devices.now(),
    headers: { 'x-object-meta-a': 'b' },
    contentType: undefined,
    expired: 'hide',
    updates: () => [],
  })
}

t.test('what the peers have not fetched yet is not said to be equal with them', async (t) => {
  const devices = await filled()
  await devices.clock.advance(1000)
  await devices.passes()
  const range = rangeOf(devices)
  const [alone] = devices.placed(NAME).primaries as [Machine]
  const before = devices.ledger(alone).stamp(range)
  t.equal(before.allMs, devices.clock.wallMs())
  await devices.clock.advance(1000)
  await devices.put([alone], NAME, 'only here')
  await devices.clock.advance(1000)
  await devices.pass(alone)
  t.same(devices.ledger(alone).stamp(range), { ...before, touchedMs: devices.clock.wallMs() })
  await devices.passes(2)
  t.equal(devices.ledger(alone).stamp(range).allMs, devices.clock.wallMs())
  await devices.closeAll()
})

t.test('what only a replica had before it was away for long is not taken for deleted', async (t) => {
  const devices = await filled()
  await devices.clock.advance(1000)
  await devices.passes()
  const fresh = '/a/c/fresh'
  const [alone] = devices.placed(fresh).primaries as [Machine]
  await devices.clock.advance(1000)
  await devices.put([alone], fresh, `body of ${fresh}`)
  await devices.clock.advance(1000)
  await devices.pass(alone)
  await devices.close(alone)
  await devices.clock.advance(8 * DAY_MS)
  await devices.open(alone)
  await devices.passes(3)
  t.equal(await whatIsAstray(devices, [...NAMES, fresh]), undefined)
  await devices.closeAll()
})

t.test('what took long to arrive before its replica was away is not taken for deleted', async (t) => {
  const devices = await filled({ settleMs: 5000 })
  await devices.clock.advance(60_000)
  const begun = devices.now()
  await devices.clock.advance(60_000)
  await devices.passes()
  const slow = '/a/c/slow'
  const [alone] = devices.placed(slow).primaries as [Machine]
  await devices.put([alone], slow, `body of ${slow}`, begun)
  await devices.crash(alone)
  await devices.passes()
  await devices.clock.advance(8 * DAY_MS)
  await devices.passes()
  await devices.open(alone)
  await devices.clock.advance(60_000)
  await devices.passes(3)
  t.equal(await whatIsAstray(devices, [...NAMES, slow]), undefined)
  await devices.closeAll()
})

t.test('a replica that was away takes no write of before that: it would be taken for deleted', async (t) => {
  const devices = await filled()
  await devices.clock.advance(1000)
  await devices.passes()
  const [away] = devices.placed(NAME).primaries as [Machine]
  const before = devices.now()
  await devices.close(away)
  await devices.clock.advance(8 * DAY_MS)
  await devices.open(away)
  const remove = async (at: string): Promise<number> =>
    (await devices.ask(away, 'DELETE', NAME, { 'x-timestamp': at })).status
  t.equal(await remove(`${Math.floor(Number(before)) - 1}.00000`), 503)
  t.equal(await remove(devices.now()), 204)
  await devices.closeAll()
})

t.test('a POST makes an object that was deleted meanwhile no younger', async (t) => {
  const devices = await filled({ devices: 5 })
  await devices.clock.advance(1000)
  await devices.passes()
  const { primaries } = devices.placed(NAME)
  const [away] = primaries as [Machine]
  await devices.clock.advance(1000)
  await post(devices, away)
  await devices.close(away)
  const names = devices.machines.map((machine) => machine.name)
  devices.changeRing(devices.ringOver(names.filter((one) => one !== away.name)))
  await devices.passes(2)
  await devices.delete(devices.placed(NAME).primaries, NAME)
  await devices.clock.advance(8 * DAY_MS)
  await devices.passes(2)
  devices.changeRing(devices.ringOver(names))
  await devices.open(away)
  await devices.passes(3)
  for (const machine of devices.machines) t.equal(await devices.holds(machine, NAME), 'missing', machine.name)
  t.ok(away.disk.files().some((path) => path.includes('/quarantined/objects/')))
  await devices.closeAll()
})

t.test(
  'data that a peer lacks is said to be equal with nobody, and is fetched, whatever is POSTed to it',
  async (t) => {
    const devices = await filled({ settleMs: 5000 })
    await devices.clock.advance(60_000)
    await devices.passes()
    const fresh = '/a/c/fresh'
    const [alone, other] = devices.placed(fresh).primaries as [Machine, Machine]
    const before = devices.ledger(alone).stamp(rangeOf(devices, fresh))
    await devices.put([alone], fresh, 'only here')
    await devices.clock.advance(60_000)
    await post(devices, alone, fresh)
    await devices.pass(alone)
    t.equal(devices.ledger(alone).stamp(rangeOf(devices, fresh)).allMs, before.allMs)
    await devices.pass(other)
    t.equal(await devices.holds(other, fresh), 'only here')
    await devices.closeAll()
  },
)

t.test('what may be on its way is left out of what was equal', async (t) => {
  const devices = await filled({ settleMs: 5000 })
  await devices.clock.advance(60_000)
  await devices.passes()
  const [machine] = devices.placed(NAME).primaries as [Machine]
  t.equal(devices.ledger(machine).stamp(rangeOf(devices)).allMs, devices.clock.wallMs() - 5000)
  await devices.closeAll()
})

t.test('a stray copy that waits for one primary is in touch with the others, and is served', async (t) => {
  const devices = await ObjectDevices.start()
  const { primaries, others } = devices.placed(NAME)
  const [away, ...up] = primaries as [Machine, ...Machine[]]
  const [handoff] = others as [Machine]
  await devices.put([...up, handoff], NAME, `body of ${NAME}`)
  devices.disconnect(away)
  for (let day = 0; day < 9; day += 1) {
    await devices.clock.advance(DAY_MS)
    for (const machine of [handoff, ...up]) {
      await machine.running?.service.device.stampAlive()
      await devices.pass(machine)
    }
  }
  const nowMs = devices.clock.wallMs()
  const stamp = { ...NO_STAMP, touchedMs: nowMs, noticedMs: nowMs }
  t.same(devices.ledger(handoff).stamp(rangeOf(devices)), stamp)
  t.equal(devices.ledger(handoff).isOutOfTouch(rangeOf(devices)), false)
  t.equal((await devices.ask(handoff, 'GET', NAME)).status, 200)
  await devices.closeAll()
})

t.test('a stray copy that nobody has room for is not taken for deleted, however long it waits', async (t) => {
  const devices = await ObjectDevices.start()
  const { primaries, others } = devices.placed(NAME)
  const [handoff] = others as [Machine]
  await devices.put([handoff], NAME, `body of ${NAME}`)
  for (const machine of primaries) machine.disk.setSpace('full')
  for (let day = 0; day < 9; day += 1) {
    await devices.clock.advance(DAY_MS)
    await handoff.running?.service.device.stampAlive()
    await devices.pass(handoff)
  }
  t.equal(devices.ledger(handoff).isStale(rangeOf(devices)), false)
  t.equal(await devices.holds(handoff, NAME), `body of ${NAME}`)
  await devices.closeAll()
})

t.test('what was compared by a ring that has changed meanwhile lets nobody vote', async (t) => {
  const devices = await filled({ devices: 5 })
  const names = devices.machines.map(({ name }) => name)
  await devices.passes()
  const [lost] = devices.placed(NAME).primaries as [Machine]
  await devices.wipe(lost)
  await devices.open(lost)
  const range = rangeOf(devices)
  t.equal(devices.ledger(lost).voice(range), 'joining')
  devices.network.inject((_, request) => {
    if (request.path.endsWith('/objects')) devices.changeRing(devices.ringOver(names))
    return undefined
  })
  await devices.pass(lost)
  t.equal(devices.ledger(lost).voice(range), 'joining')
  devices.network.inject(() => undefined)
  await devices.pass(lost)
  t.equal(devices.ledger(lost).voice(range), 'synced')
  await devices.closeAll()
})
