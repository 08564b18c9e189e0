/** Many copies at a time: what is bad among them, what is here already, and the power cut at any step. */
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { SeededRandom } from '#base/virtual-clock.ts'
import type { ArrivedCopy, CopyStored } from './copy-writes.ts'
import type { DiskEngine } from './disk-engine.ts'
import { bodyOf, look, second } from './engine-contract.ts'
import { newMachine, startEngine, type TestMachine } from './test-engine.ts'

t.setTimeout(300_000)

const NAMES = Array.from({ length: 6 }, (_, at) => `/a/c/o${at}`)

function copyOf(engine: DiskEngine, name: string, at: number, text = `body of ${name}`): ArrivedCopy {
  const body = Buffer.from(text)
  return {
    hash: engine.replica.hashOf(name),
    record: {
      name,
      timestamp: second(at),
      sizeBytes: body.length,
      etag: hash('md5', body),
      contentType: 'text/plain',
      headers: {},
      blockCrcs: [crc32(body)],
    },
    body,
  }
}

function kinds(outcomes: readonly CopyStored[]): readonly string[] {
  return outcomes.map(({ kind }) => kind)
}

async function leftIn(machine: TestMachine): Promise<readonly string[]> {
  return machine.disk.files().filter((path) => path.includes('/tmp/'))
}

t.test('copies are stored, with their rows, like any other write', async (t) => {
  const machine = newMachine()
  const { engine } = await startEngine(machine)
  const copies = NAMES.map((name) => copyOf(engine, name, 1))
  t.same(
    kinds(await engine.replica.storeCopies(copies)),
    NAMES.map(() => 'stored'),
  )
  for (const name of NAMES) t.equal(await bodyOf(engine, name), `body of ${name}`)
  t.equal(engine.digestBelow('').count, NAMES.length)
  t.equal(await engine.updates.count(), NAMES.length, 'containers hear of them')
  t.same(await leftIn(machine), [])
  t.same(
    kinds(await engine.replica.storeCopies(copies)),
    NAMES.map(() => 'stored'),
    'again',
  )
  t.equal(engine.digestBelow('').count, NAMES.length)
  t.same(await leftIn(machine), [])
  await engine.close()
  const again = await startEngine(machine)
  t.equal(again.report.kind, 'clean')
  for (const name of NAMES) t.equal(await bodyOf(again.engine, name), `body of ${name}`)
})

t.test('what is newer here stays, what is older is replaced', async (t) => {
  const machine = newMachine()
  const { engine } = await startEngine(machine)
  const [older, newer, deleted, deletedLater] = NAMES as [string, string, string, string]
  await engine.replica.storeCopies([copyOf(engine, older, 1, 'old'), copyOf(engine, newer, 9, 'new')])
  await engine.replica.merge({ kind: 'tombstone', name: deleted, timestamp: second(1) })
  await engine.replica.merge({ kind: 'tombstone', name: deletedLater, timestamp: second(9) })
  const copies = NAMES.map((name) => copyOf(engine, name, 5))
  t.same(
    kinds(await engine.replica.storeCopies(copies)),
    NAMES.map(() => 'stored'),
  )
  t.equal(await bodyOf(engine, older), `body of ${older}`)
  t.equal(await bodyOf(engine, newer), 'new')
  t.equal(await bodyOf(engine, deleted), `body of ${deleted}`)
  t.same(await look(engine, second(1000), deletedLater), { kind: 'deleted', timestamp: second(9) })
  t.same(await leftIn(machine), [])
  await engine.close()
  const files = machine.disk.files().filter((path) => path.startsWith('/sda/objects/'))
  t.equal(files.length, NAMES.length, 'obsolete files are removed')
})

t.test('what is not what its record says is not kept', async (t) => {
  const machine = newMachine()
  const { engine } = await startEngine(machine)
  const good = NAMES.map((name) => copyOf(engine, name, 1))
  const [first, second_, third, fourth, ...others] = good as [
    ArrivedCopy,
    ArrivedCopy,
    ArrivedCopy,
    ArrivedCopy,
  ]
  const flipped = Buffer.from(first.body)
  flipped[0] = (flipped[0] ?? 0) ^ 1
  const bad = [
    { ...first, body: flipped },
    { ...second_, body: second_.body.subarray(1) },
    { ...third, record: { ...third.record, etag: '0'.repeat(32) } },
    { ...fourth, record: { ...fourth.record, blockCrcs: [] } },
  ]
  const outcomes = await engine.replica.storeCopies([...bad, ...others])
  t.same(kinds(outcomes), ['damaged', 'damaged', 'damaged', 'damaged', 'stored', 'stored'])
  t.equal(engine.digestBelow('').count, 2)
  t.same(await leftIn(machine), [])
})

t.test('a disk that fails one of them says so of that one; a sync that fails, of the device', async (t) => {
  for (const operation of ['createExclusive', 'writeAll', 'rename', 'setXattr'] as const) {
    const machine = newMachine()
    const { engine, health } = await startEngine(machine)
    const copies = NAMES.map((name) => copyOf(engine, name, 1))
    await engine.replica.storeCopies(copies.slice(0, 0))
    machine.disk.addFault({ operation, path: '/tmp/', effect: 'EMFILE', times: 1 })
    const outcomes = kinds(await engine.replica.storeCopies(copies))
    t.equal(outcomes.filter((kind) => kind === 'disk_failed').length, 1, operation)
    t.equal(outcomes.filter((kind) => kind === 'stored').length, NAMES.length - 1, operation)
    t.equal(engine.digestBelow('').count, NAMES.length - 1)
    t.equal(health.failure, undefined)
    t.same(await leftIn(machine), [], operation)
    t.same(
      kinds(await engine.replica.storeCopies(copies)),
      NAMES.map(() => 'stored'),
      'later',
    )
  }
  for (const [operation, path] of [
    ['sync', '/tmp/'],
    ['sync', '/objects/'],
  ] as const) {
    const machine = newMachine()
    const { engine, health } = await startEngine(machine)
    machine.disk.addFault({ operation, path, effect: 'EIO', times: 1 })
    machine.disk.addFault({ operation: 'syncDirectory', path, effect: 'EIO', times: 1 })
    const outcomes = kinds(await engine.replica.storeCopies(NAMES.map((name) => copyOf(engine, name, 1))))
    t.ok(outcomes.includes('disk_failed'), `${operation} of ${path}`)
    t.not(health.failure, undefined)
  }
})

t.test('a full disk takes none of them, and nothing is left', async (t) => {
  const machine = newMachine()
  const { engine } = await startEngine(machine)
  machine.disk.setSpace('full')
  const outcomes = await engine.replica.storeCopies(NAMES.map((name) => copyOf(engine, name, 1)))
  t.same(
    kinds(outcomes),
    NAMES.map(() => 'disk_failed'),
  )
  t.same(await leftIn(machine), [])
  t.equal(engine.digestBelow('').count, 0)
})

t.test('whenever the power goes, what was acknowledged is there, and nothing is torn', async (t) => {
  let deaths = 0
  for (let at = 0; ; at += 1) {
    let isOver = false
    for (const unsynced of ['lost', 'kept'] as const) {
      const machine = newMachine()
      const { engine } = await startEngine(machine)
      const [replaced] = NAMES as [string]
      await engine.replica.storeCopies([copyOf(engine, replaced, 1, 'old')])
      let died = false
      machine.disk.stopAfter(at, () => {
        died = true
        const dead = Object.assign(new Error('the machine is dead'), { code: 'LEVEL_IO_ERROR' })
        machine.kv.breakWrites('/sda/index', dead)
      })
      const outcomes = await engine.replica.storeCopies(NAMES.map((name) => copyOf(engine, name, 5)))
      machine.disk.crash(new SeededRandom(at))
      await machine.kv.crash(unsynced)
      machine.kv.breakWrites('/sda/index', undefined)
      const again = await startEngine(machine)
      let present = 0
      for (const [index, name] of NAMES.entries()) {
        const body = await bodyOf(again.engine, name)
        if (body !== 'missing') present += 1
        const before = name === replaced ? 'old' : 'missing'
        const allowed = outcomes[index]?.kind === 'stored' ? [`body of ${name}`] : [`body of ${name}`, before]
        if (!allowed.includes(body)) t.fail(`${name} is "${body}" after ${at} changes`)
      }
      t.equal(again.engine.digestBelow('').count, present, `the digest after ${at} changes`)
      t.same(await leftIn(machine), [])
      await again.engine.close()
      deaths += 1
      isOver = !died
    }
    if (isOver) break
  }
  t.ok(deaths > 40, `${deaths} deaths`)
})
