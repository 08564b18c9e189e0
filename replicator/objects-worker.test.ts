/** Devices in memory, their replicators, and what happens to disks, rings and the network. */
import t from 'tap'
import { BLOCK_BYTES } from '#base/limits.ts'
import { headerOf } from '#http/message.ts'
import { DAY_MS, HOST, type Machine, ObjectDevices, PART_POWER } from './testing/object-devices.ts'

const NAMES = Array.from({ length: 20 }, (_, index) => `/a/c/o${index}`)

async function filled(options: Parameters<typeof ObjectDevices.start>[0] = {}): Promise<ObjectDevices> {
  const devices = await ObjectDevices.start(options)
  for (const name of NAMES) await devices.put(devices.placed(name).primaries, name, `body of ${name}`)
  return devices
}

async function isWhole(devices: ObjectDevices, names = NAMES): Promise<string | undefined> {
  for (const name of names) {
    const { primaries, others } = devices.placed(name)
    for (const machine of primaries) {
      const held = await devices.holds(machine, name)
      if (held !== `body of ${name}`) return `${name} on ${machine.name}: ${held}`
    }
    for (const machine of others) {
      const held = await devices.holds(machine, name)
      if (held !== 'missing') return `${name} astray on ${machine.name}: ${held}`
    }
  }
  return undefined
}

t.test('where all is equal a pass asks each peer once and changes nothing', async (t) => {
  const devices = await filled()
  await devices.passes()
  let requests = 0
  devices.network.inject(() => {
    requests += 1
    return undefined
  })
  const changes = devices.machines.map(({ disk }) => disk.changes)
  const report = await devices.pass(devices.machines[0] as Machine)
  t.match(report, {
    ended: 'complete',
    found: { partitions_compared: 0, partitions_astray: 0 },
    repaired: {},
  })
  t.equal(requests, 3)
  t.same(
    devices.machines.map(({ disk }) => disk.changes),
    changes,
  )
  await devices.closeAll()
})

t.test('a replica that missed writes, metadata and deletes gets them', async (t) => {
  const devices = await filled()
  const [name, other] = NAMES as [string, string]
  const [late, ...others] = devices.placed(name).primaries as [Machine, ...Machine[]]
  await devices.put(others, name, 'newer')
  await devices.delete(devices.placed(other).primaries.slice(1), other)
  const posted = devices.now()
  for (const machine of others) {
    await devices.engine(machine).post(name, {
      timestamp: posted,
      headers: { 'x-object-meta-a': '1' },
      contentType: { value: 'new/type', timestamp: posted },
      expired: 'hide',
      updates: () => [],
    })
  }
  await devices.passes()
  t.equal(await devices.holds(late, name), 'newer')
  t.same(await devices.inventory(late, [name]), await devices.inventory(others[0] as Machine, [name]))
  for (const machine of devices.placed(other).primaries)
    t.equal(await devices.holds(machine, other), 'deleted')
  const answer = await devices.ask(late, 'HEAD', name)
  t.equal(headerOf(answer, 'x-object-meta-a'), '1')
  t.equal(headerOf(answer, 'content-type'), 'new/type')
  await devices.closeAll()
})

t.test('a lost device fills again, and votes only then', async (t) => {
  const devices = await filled()
  await devices.passes()
  const [lost] = devices.machines as [Machine]
  await devices.wipe(lost)
  await devices.open(lost)
  const mine = NAMES.filter((name) => devices.placed(name).primaries.includes(lost))
  const [name] = mine as [string]
  const before = await devices.ask(lost, 'GET', name)
  t.equal(before.status, 404)
  t.equal(headerOf(before, 'x-backend-martlet-replica-state'), 'joining')
  const report = await devices.pass(lost)
  t.match(report, { ended: 'complete', repaired: { objects_fetched: mine.length } })
  t.equal(await isWhole(devices), undefined)
  const after = await devices.ask(lost, 'GET', '/a/c/nothing')
  const isOwned = devices.placed('/a/c/nothing').primaries.includes(lost)
  t.equal(headerOf(after, 'x-backend-martlet-replica-state'), isOwned ? 'synced' : 'joining')
  t.equal(
    devices.ledger(lost).voice({ partPower: PART_POWER, partition: devices.partitionOf(name) }),
    'synced',
  )
  await devices.closeAll()
})

t.test('a replica that joins does not vote before it has heard a majority', async (t) => {
  const devices = await filled()
  await devices.passes()
  const [name] = NAMES as [string]
  const [lost, up, down] = devices.placed(name).primaries as [Machine, Machine, Machine]
  const range = { partPower: PART_POWER, partition: devices.partitionOf(name) }
  await devices.wipe(lost)
  await devices.open(lost)
  devices.disconnect(down)
  await devices.pass(lost)
  t.equal(await devices.holds(lost, name), `body of ${name}`, 'it has what could be had')
  t.equal(devices.ledger(lost).voice(range), 'joining')
  devices.connect(down)
  devices.disconnect(up)
  await devices.pass(lost)
  t.equal(devices.ledger(lost).voice(range), 'joining')
  devices.connect(up)
  await devices.pass(lost)
  t.equal(devices.ledger(lost).voice(range), 'synced')
  await devices.closeAll()
})

t.test('a handoff is emptied when every primary has it, and not before', async (t) => {
  const devices = await ObjectDevices.start()
  const [name] = NAMES as [string]
  const { primaries, others } = devices.placed(name)
  const [away, ...up] = primaries as [Machine, ...Machine[]]
  const [handoff] = others as [Machine]
  await devices.put([...up, handoff], name, `body of ${name}`)
  devices.disconnect(away)
  t.match(await devices.pass(handoff), { waiting: { partitions_astray: 1 } })
  t.equal(await devices.holds(handoff, name), `body of ${name}`)
  devices.connect(away)
  t.match(await devices.pass(handoff), { repaired: { objects_handed_over: 1 } })
  t.equal(await devices.holds(away, name), `body of ${name}`)
  t.equal(await devices.holds(handoff, name), 'missing')
  t.equal(handoff.disk.files().filter((path) => path.includes('/objects/')).length, 0)
  await devices.closeAll()
})

t.test('a tombstone on a handoff reaches the primaries, and deletes there', async (t) => {
  const devices = await filled()
  const [name] = NAMES as [string]
  const { primaries, others } = devices.placed(name)
  const [handoff] = others as [Machine]
  await devices.delete([handoff], name)
  await devices.pass(handoff)
  for (const machine of primaries) t.equal(await devices.holds(machine, name), 'deleted')
  t.equal(await devices.holds(handoff, name), 'missing')
  await devices.closeAll()
})

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
    t.equal(await isWhole(devices), undefined)
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
  t.equal(await isWhole(devices, NAMES.slice(1)), undefined)
  await devices.closeAll()
})

t.test('a whole cluster that was off for long comes back with everything', async (t) => {
  const devices = await filled()
  await devices.passes()
  for (const machine of devices.machines) await devices.close(machine)
  await devices.clock.advance(30 * DAY_MS)
  for (const machine of devices.machines) await devices.open(machine)
  await devices.passes()
  t.equal(await isWhole(devices), undefined)
  for (const machine of devices.machines) t.equal(devices.ledger(machine).mayBeStale, false)
  await devices.closeAll()
})

t.test('replicas of what nobody had before vote after the first pass', async (t) => {
  const devices = await ObjectDevices.start()
  for (const machine of devices.machines) {
    await devices.wipe(machine)
    await devices.open(machine)
  }
  const answer = await devices.ask(devices.placed('/a/c/o').primaries[0] as Machine, 'GET', '/a/c/o')
  t.equal(headerOf(answer, 'x-backend-martlet-replica-state'), 'joining')
  await devices.passes()
  for (const machine of devices.placed('/a/c/o').primaries) {
    const voting = await devices.ask(machine, 'GET', '/a/c/o')
    t.equal(headerOf(voting, 'x-backend-martlet-replica-state'), 'synced')
  }
  await devices.closeAll()
})

t.test('a write in the place of a primary is handed over at the next pass, and asks for one', async (t) => {
  const devices = await ObjectDevices.start()
  const [handoff] = devices.placed('/a/c/o').others as [Machine]
  let woken = 0
  handoff.running?.replicator.onUrgent?.(() => {
    woken += 1
  })
  await devices.ask(handoff, 'DELETE', '/a/c/o')
  t.equal(woken, 0, 'a request without a timestamp changes nothing')
  await devices.ask(handoff, 'DELETE', '/a/c/o', { 'x-timestamp': devices.now() })
  t.equal(woken, 1)
  await devices.pass(handoff)
  for (const machine of devices.placed('/a/c/o').primaries)
    t.equal(await devices.holds(machine, '/a/c/o'), 'deleted')
  await devices.closeAll()
})

t.test('a large object goes on where its connection broke off', async (t) => {
  const devices = await ObjectDevices.start()
  const [name] = NAMES as [string]
  const [late, ...others] = devices.placed(name).primaries as [Machine, ...Machine[]]
  const body = Buffer.alloc(5 * BLOCK_BYTES + 123)
  for (let at = 0; at < body.length; at += 991) body[at] = at & 0xff
  await devices.put(others, name, body)
  let broken = 0
  devices.network.inject((_, request) => {
    if (!request.path.endsWith('/objects') || broken >= 2) return undefined
    broken += 1
    return { kind: 'drop_body', afterBytes: 2 * BLOCK_BYTES }
  })
  const passing = devices.pass(late)
  for (let second = 0; second < 10; second += 1) await devices.clock.advance(1000)
  const report = await passing
  t.equal(broken, 2)
  t.match(report, { repaired: { objects_fetched: 1, bytes_fetched: body.length } })
  t.ok((await devices.holds(late, name)) === body.toString())
  await devices.closeAll()
})

t.test('a damaged copy is made good at once, and what nobody has is said', async (t) => {
  const devices = await filled()
  const [name] = NAMES as [string]
  const [bad, ...others] = devices.placed(name).primaries as [Machine, ...Machine[]]
  const hash = devices.replica(bad).hashOf(name)
  const [file] = bad.disk.files().filter((path) => path.includes(hash)) as [string]
  bad.disk.flipBit(file, 3)
  await devices.close(bad)
  await devices.open(bad)
  t.equal(await devices.holds(bad, name), 'quarantined')
  const healed = bad.running?.repairs.repair({ policyIndex: 0, hash })
  await devices.pass(bad)
  t.equal(await healed, 'healed')
  t.equal(await devices.holds(bad, name), `body of ${name}`)
  const unknown = bad.running?.repairs.repair({ policyIndex: 0, hash: 'f'.repeat(32) })
  await devices.pass(bad)
  t.equal(await unknown, 'nobody_has_it')
  t.equal(others.length, 2)
  await devices.closeAll()
})

t.test('a peer that does not know how to replicate is named once and left alone', async (t) => {
  const devices = await filled()
  const [machine, swift] = devices.machines as [Machine, Machine]
  devices.network.register({ host: HOST, port: swift.port }, async (request) => {
    await request.body.cancel()
    return { status: 405, headers: {}, body: undefined }
  })
  t.match(await devices.pass(machine), { ended: 'complete' })
  t.match(await devices.pass(machine), { ended: 'complete' })
  await devices.closeAll()
})

t.test(
  'a device without room takes nothing over its reserve, and the handoff keeps what it has',
  async (t) => {
    const devices = await ObjectDevices.start()
    const [name] = NAMES as [string]
    const { primaries, others } = devices.placed(name)
    const [full, ...up] = primaries as [Machine, ...Machine[]]
    const [handoff] = others as [Machine]
    await devices.put([...up, handoff], name, `body of ${name}`)
    full.disk.setSpace('full')
    await devices.clock.advance(2000)
    await devices.pass(handoff)
    t.equal(await devices.holds(handoff, name), `body of ${name}`)
    t.equal(await devices.holds(full, name), 'missing')
    await devices.closeAll()
  },
)

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
