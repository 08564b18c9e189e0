/** Devices in memory, their replicators, and what happens to disks, rings and the network. */
import t from 'tap'
import { formatAcceptance, timeOf } from '#base/ballot.ts'
import { INCOMPLETE_HEADER, PROPOSAL_HEADER } from '#base/extensions.ts'
import { BLOCK_BYTES } from '#base/limits.ts'
import { ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { headerOf } from '#http/message.ts'
import { accept, acceptanceOf, candidate, stage } from '#object-server/conditional-contract.ts'
import { NAME, putObject, second } from '#object-server/engine-contract.ts'
import { filled, NAMES, whatIsAstray } from './testing/filled-devices.ts'
import { HOST, type Machine, ObjectDevices, PART_POWER } from './testing/object-devices.ts'

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

t.test('replicas that took different PUTs and POSTs of one timestamp become equal', async (t) => {
  const devices = await filled()
  const [name, other] = NAMES as [string, string]
  const at = devices.now()
  for (const [number, machine] of devices.placed(name).primaries.entries()) {
    const contentType = `text/${number}`
    await putObject(devices.engine(machine), at, 'the same bytes', { name, contentType })
  }
  for (const [number, machine] of devices.placed(other).primaries.entries()) {
    const headers = { 'x-object-meta-number': `${number}` }
    const request = { timestamp: at, contentType: undefined, expired: 'hide' as const, updates: () => [] }
    await devices.engine(machine).post(other, { ...request, headers })
  }
  await devices.passes(2)
  for (const [shown, header] of [
    [name, 'content-type'],
    [other, 'x-object-meta-number'],
  ] as const) {
    const answers = await Promise.all(
      devices.placed(shown).primaries.map((machine) => devices.ask(machine, 'HEAD', shown)),
    )
    const values = new Set(answers.map((answer) => headerOf(answer, header)))
    t.equal(values.size, 1, `${[...values]}`)
    t.not([...values][0], undefined)
  }
  const [report] = await devices.passes()
  t.equal(report?.found['partitions_compared'], 0, 'nothing is left to compare')
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
  t.equal(await whatIsAstray(devices), undefined)
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
  const body = Buffer.alloc(9 * BLOCK_BYTES + 123)
  for (let at = 0; at < body.length; at += 991) body[at] = at & 0xff
  await devices.put(others, name, body)
  let broken = 0
  // Oftener than a link may bring nothing: each time a block came.
  const times = 7
  devices.network.inject((_, request) => {
    if (!request.path.endsWith('/objects') || broken >= times) return undefined
    broken += 1
    return { kind: 'drop_body', afterBytes: BLOCK_BYTES + 65_536 }
  })
  const passing = devices.pass(late)
  for (let second = 0; second < 10; second += 1) await devices.clock.advance(1000)
  const report = await passing
  t.equal(broken, times)
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

t.test('a copy is healed when it was read back, and not when it arrived', async (t) => {
  for (const body of ['small', Buffer.alloc(3 * BLOCK_BYTES, 'large')]) {
    const devices = await ObjectDevices.start()
    const [name] = NAMES as [string]
    const [bad, ...others] = devices.placed(name).primaries as [Machine, ...Machine[]]
    await devices.put([bad, ...others], name, body)
    const hash = devices.replica(bad).hashOf(name)
    const [file] = bad.disk.files().filter((path) => path.includes(hash)) as [string]
    bad.disk.lose(file)
    await devices.close(bad)
    await devices.open(bad)
    t.not(await devices.holds(bad, name), body.toString())
    bad.disk.addFault({ operation: 'read', path: hash, effect: 'EIO' })
    const first = bad.running?.repairs.repair({ policyIndex: 0, hash })
    t.match(await devices.pass(bad), { waiting: { copies_not_repaired: 1 } })
    t.equal(await first, 'failed', 'it arrived, and cannot be read')
    bad.disk.clearFaults()
    const again = bad.running?.repairs.repair({ policyIndex: 0, hash })
    await devices.pass(bad)
    t.equal(await again, 'healed')
    t.ok((await devices.holds(bad, name)) === body.toString())
    await devices.closeAll()
  }
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
  'an object that a primary missed is brought to it at once, or to a handoff in its place',
  async (t) => {
    const devices = await ObjectDevices.start()
    const [name] = NAMES as [string]
    const { primaries, others } = devices.placed(name)
    const [writer, other, away] = primaries as [Machine, Machine, Machine]
    const [handoff] = others as [Machine]
    await devices.put([writer, other], name, `body of ${name}`)
    const copy = { policyIndex: 0, hash: devices.replica(writer).hashOf(name) }
    devices.disconnect(away)
    writer.running?.repairs.spread(copy)
    t.match(await devices.pass(writer), { repaired: { objects_spread: 1 } })
    t.equal(await devices.holds(handoff, name), `body of ${name}`)
    devices.connect(away)
    writer.running?.repairs.spread(copy)
    await devices.pass(writer)
    t.equal(await devices.holds(away, name), `body of ${name}`)
    await devices.pass(handoff)
    t.equal(await devices.holds(handoff, name), 'missing', 'nobody needs it in their place any more')
    t.same(writer.running?.repairs.takeSpreads(0), [])
    await devices.closeAll()
  },
)

t.test('a commit that not all primaries can hear of asks for the object to be spread', async (t) => {
  const devices = await ObjectDevices.start()
  const [writer] = devices.placed(NAME).primaries as [Machine]
  const spread: unknown[] = []
  for (const [at, incomplete] of [
    [6, {}],
    [8, { [INCOMPLETE_HEADER]: 'true' }],
  ] as const) {
    const base = at === 6 ? ZERO_TIMESTAMP : second(6)
    const proposal = { at, candidate: candidate(at), base }
    await stage(devices.engine(writer), proposal.candidate, 'x')
    t.match(await accept(devices.engine(writer), proposal), { kind: 'accepted' })
    const { status } = await devices.ask(writer, 'COMMIT', NAME, {
      'x-timestamp': timeOf(proposal.candidate.id),
      [PROPOSAL_HEADER]: formatAcceptance(acceptanceOf(proposal)),
      ...incomplete,
    })
    t.equal(status, 201)
    spread.push(writer.running?.repairs.takeSpreads(0).length)
  }
  t.same(spread, [0, 1])
  await devices.closeAll()
})
