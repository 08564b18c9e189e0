/**
 * The machine dies after every single operation on its disk, with its index or a little before it, and loses any legal
 * part of what was not synced. Started again, it has what it acknowledged: each object as the last acknowledged request
 * left it, or as the one under way would have; never anything in between, and with its container row queued.
 */
import t from 'tap'
import { SeededRandom } from '#base/virtual-clock.ts'
import type { ObjectEngine } from './engine.ts'
import { look, md5, NAME, putObject, second } from './engine-contract.ts'
import { parseFileName } from './layout.ts'
import { newMachine, startEngine, type TestMachine } from './test-engine.ts'
import { apply, expectedAfter, FACTS, type Step, seenIn, TIE, WORKLOAD } from './test-workload.ts'

/** On a machine with much else to do, milliseconds. */
const PATIENCE_MS = 300_000

t.setTimeout(PATIENCE_MS)

/** Runs the workload until the machine dies; returns how many steps were acknowledged. */
async function runUntilDeath(machine: TestMachine, workload: readonly Step[]): Promise<number> {
  const { engine } = await startEngine(machine)
  let acknowledged = 0
  for (const step of workload) {
    if (!(await apply(engine, step))) break
    acknowledged += 1
  }
  return acknowledged
}

type IndexDies = 'with the disk' | 'later'
type Unsynced = 'lost' | 'kept'

function breakIndex(machine: TestMachine, reason: Error | undefined): void {
  machine.kv.breakWrites('/sda/index', reason)
}

async function die(machine: TestMachine, seed: number, unsynced: Unsynced): Promise<void> {
  machine.disk.crash(new SeededRandom(seed))
  await machine.kv.crash(unsynced)
  breakIndex(machine, undefined)
}

/** Files below `objects/`, without their directories. */
function objectFiles(machine: TestMachine): readonly string[] {
  return machine.disk
    .files()
    .filter((path) => path.startsWith('/sda/objects/'))
    .map((path) => path.slice(path.lastIndexOf('/') + 1))
}

interface Death {
  readonly workload: readonly Step[]
  readonly changes: number
  readonly seed: number
  readonly index: IndexDies
  readonly unsynced: Unsynced
}

async function runDeath(death: Death): Promise<string | undefined> {
  const machine = newMachine()
  await startEngine(machine).then(({ engine }) => engine.close())
  machine.disk.stopAfter(death.changes, () => {
    if (death.index === 'with the disk') breakIndex(machine, coded())
  })
  const acknowledged = await runUntilDeath(machine, death.workload).catch(() => 0)
  await die(machine, death.seed, death.unsynced)
  return await recovered(machine, death.workload, acknowledged)
}

function coded(): Error {
  return Object.assign(new Error('the machine is dead'), { code: 'LEVEL_IO_ERROR' })
}

/** Starts again and says what is wrong; `undefined` when everything is as it must be. */
async function recovered(
  machine: TestMachine,
  workload: readonly Step[],
  acknowledged: number,
): Promise<string | undefined> {
  const { engine } = await startEngine(machine)
  const seen = await seenIn(engine)
  const allowed = [expectedAfter(workload, acknowledged), expectedAfter(workload, acknowledged + 1)]
  if (!allowed.includes(seen)) return `saw "${seen}", allowed: ${allowed.join(' or ')}`
  const rows = await engine.updates.list(100)
  const newest = Math.max(0, ...rows.map((row) => Number(row.timestamp) - 1_700_000_000))
  const changedAt = seen === 'missing' ? 0 : Number(seen.split(' ')[1])
  if (newest < changedAt) return `the row of second ${changedAt} is not queued, only ${newest}`
  const garbage = await garbageIn(machine, engine)
  const count = engine.digestBelow('').count
  if (count !== (seen === 'missing' ? 0 : 1)) return `the digest counts ${count} objects`
  await engine.close()
  return garbage
}

/** After recovery only the files of the present state are there. */
async function garbageIn(machine: TestMachine, engine: ObjectEngine): Promise<string | undefined> {
  const found = await look(engine)
  const files = objectFiles(machine).map(parseFileName)
  const times = files.map((file) => `${file?.kind} ${file?.timestamp}`).toSorted()
  const wanted: string[] = []
  if (found.kind === 'deleted') wanted.push(`ts ${found.timestamp}`)
  if (found.kind === 'found') {
    wanted.push(`data ${found.object.dataTimestamp}`)
    if (found.object.meta !== undefined) wanted.push(`meta ${found.object.meta.timestamp}`)
  }
  return times.join() === wanted.join() ? undefined : `files ${times.join()} instead of ${wanted.join()}`
}

async function countChanges(workload: readonly Step[]): Promise<number> {
  const machine = newMachine()
  await startEngine(machine).then(({ engine }) => engine.close())
  const before = machine.disk.changes
  const { engine } = await startEngine(machine)
  for (const step of workload) await apply(engine, step)
  await engine.close()
  return machine.disk.changes - before
}

/** Every death there is for a workload, and what was wrong after it. */
async function allDeaths(workload: readonly Step[]): Promise<readonly string[]> {
  const total = await countChanges(workload)
  const wrong: string[] = []
  for (let changes = 0; changes <= total; changes += 1) {
    for (const index of ['with the disk', 'later'] as const) {
      for (const unsynced of ['lost', 'kept'] as const) {
        for (let seed = 0; seed < 2; seed += 1) {
          const death: Death = { workload, changes, seed: seed * 1000 + changes, index, unsynced }
          const problem = await runDeath(death)
          if (problem !== undefined) wrong.push(`${JSON.stringify({ ...death, workload: 0 })}: ${problem}`)
        }
      }
    }
  }
  return wrong
}

await t.test('whenever the machine dies, what it acknowledged is there', async (t) => {
  t.same(await allDeaths(WORKLOAD), [])
})

await t.test('also when a file is replaced under its own name', async (t) => {
  t.same(await allDeaths(TIE), [])
})

await t.test('also when fields of metadata are changed one by one', async (t) => {
  t.same(await allDeaths(FACTS), [])
})

await t.test('a machine that dies again while it recovers loses nothing either', async (t) => {
  const total = await countChanges(WORKLOAD)
  const wrong: string[] = []
  for (let changes = 0; changes <= total; changes += 3) {
    for (let again = 0; again < 8; again += 1) {
      const machine = newMachine()
      await startEngine(machine).then(({ engine }) => engine.close())
      machine.disk.stopAfter(changes, () => breakIndex(machine, coded()))
      const acknowledged = await runUntilDeath(machine, WORKLOAD).catch(() => 0)
      await die(machine, changes, 'lost')
      machine.disk.stopAfter(again, () => breakIndex(machine, coded()))
      await startEngine(machine).catch(() => {})
      await die(machine, again, 'lost')
      const problem = await recovered(machine, WORKLOAD, acknowledged)
      if (problem !== undefined) wrong.push(`${changes}, ${again}: ${problem}`)
    }
  }
  t.same(wrong, [])
})

await t.test(
  'power that fails after the successor of a killed process has started brings nothing back',
  async (t) => {
    const total = await countChanges(WORKLOAD)
    const wrong: string[] = []
    for (let changes = 0; changes <= total; changes += 1) {
      for (let seed = 0; seed < 4; seed += 1) {
        const machine = newMachine()
        await startEngine(machine).then(({ engine }) => engine.close())
        machine.disk.stopAfter(changes, () => breakIndex(machine, coded()))
        const acknowledged = await runUntilDeath(machine, WORKLOAD).catch(() => 0)
        machine.disk.kill()
        await machine.kv.crash('kept')
        breakIndex(machine, undefined)
        await startEngine(machine)
        await die(machine, seed * 1000 + changes, 'lost')
        const problem = await recovered(machine, WORKLOAD, acknowledged)
        if (problem !== undefined) wrong.push(`${changes}, ${seed}: ${problem}`)
      }
    }
    t.same(wrong, [])
  },
)

await t.test('a killed process loses nothing, and its successor starts at once', async (t) => {
  const machine = newMachine()
  t.equal(await runUntilDeath(machine, WORKLOAD), WORKLOAD.length)
  machine.disk.kill()
  await machine.kv.crash('kept')
  const { engine, report } = await startEngine(machine)
  t.match(report, { kind: 'reconciled', leaves: 1, quarantined: 0 })
  t.equal(await seenIn(engine), expectedAfter(WORKLOAD, WORKLOAD.length))
  await engine.close()
})

await t.test('a lost index is rebuilt from the files, and every row queued', async (t) => {
  const machine = newMachine()
  const { engine } = await startEngine(machine)
  for (const step of WORKLOAD) await apply(engine, step)
  const rows = await engine.updates.list(100)
  await engine.updates.settle(rows)
  const digest = engine.digestBelow('')
  await engine.close()
  machine.kv.corrupt('/sda/index')
  const again = await startEngine(machine)
  t.equal(again.report.kind, 'rebuilt')
  t.equal(await seenIn(again.engine), expectedAfter(WORKLOAD, WORKLOAD.length))
  t.same(again.engine.digestBelow(''), digest)
  const [row] = await again.engine.updates.list(100)
  t.match(row, {
    method: 'PUT',
    object: 'o',
    targets: [],
    headers: { 'x-size': '4', 'x-etag': md5('last'), 'x-timestamp': second(8) },
  })
  t.ok(
    machine.kv.paths().some((path) => path.startsWith('/sda/quarantined/')),
    'the old index is kept',
  )
  await again.engine.close()
})

await t.test('an index rebuilt from the files knows again what is to expire', async (t) => {
  const machine = newMachine()
  const { engine } = await startEngine(machine)
  await putObject(engine, second(1), 'x', { headers: { 'x-delete-at': '1800000000' } })
  await engine.close()
  machine.kv.corrupt('/sda/index')
  const again = await startEngine(machine)
  const rows = await again.engine.updates.list(100)
  t.match(
    rows.find(({ account }) => account === '.expiring_objects'),
    {
      method: 'PUT',
      object: `1800000000-${NAME.slice(1)}`,
      timestamp: second(1),
      targets: [],
      partition: undefined,
    },
  )
  t.equal(rows.length, 2)
  await again.engine.close()
})
