/**
 * The machine dies after every single operation on its disk while a conditional write goes on, and loses any legal part
 * of what was not synced. Started again it keeps every promise: no earlier ballot is heard, an accepted candidate is
 * still accepted with its body, and a committed one is visible with its row queued. What nobody accepted leaves nothing.
 */
import t from 'tap'
import type { Candidate } from '#base/ballot.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { aroundWrites } from '#kv/fail-stop.ts'
import { kvError } from '#kv/kv-error.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import {
  accept,
  acceptanceOf,
  ballot,
  candidate,
  commit,
  type Proposal,
  stage,
} from './conditional-contract.ts'
import type { DiskFailed, ObjectEngine } from './engine.ts'
import { bodyOf, look, NAME, putObject, remove, second } from './engine-contract.ts'
import { newMachine, startEngine, type TestMachine } from './test-engine.ts'

const FIRST = candidate(6)
const SECOND = candidate(9, 'data', 2)
const GONE = candidate(14, 'tombstone')
const first: Proposal = { at: 5, candidate: FIRST, base: second(1) }
const other: Proposal = { at: 8, candidate: SECOND, base: second(6) }
const removal: Proposal = { at: 13, candidate: GONE, base: second(12) }

type Outcome = { readonly kind: string } | DiskFailed | string

interface Step {
  readonly what: string
  readonly run: (engine: ObjectEngine) => Promise<Outcome>
  readonly done: readonly string[]
}

const step = (what: string, run: Step['run'], ...done: readonly string[]): Step => ({ what, run, done })

/** A version, a candidate put in the place of another, a removal; plain writes around them. */
const WORKLOAD: readonly Step[] = [
  step('plain put', (engine) => putObject(engine, second(1), 'old'), 'changed'),
  step('promise 5', (engine) => engine.conditional.promise(NAME, ballot(5)), 'promised'),
  step('stage first', (engine) => stage(engine, FIRST, 'first'), 'staged'),
  step('accept first', (engine) => accept(engine, first), 'accepted'),
  step('commit first', (engine) => commit(engine, first), 'changed'),
  step('promise 8', (engine) => engine.conditional.promise(NAME, ballot(8)), 'promised'),
  step('stage second', (engine) => stage(engine, SECOND, 'second'), 'staged'),
  step('accept second', (engine) => accept(engine, other), 'accepted'),
  step('carry second', (engine) => accept(engine, { ...other, at: 10, mode: 'chosen' }), 'accepted'),
  step('plain put over it', (engine) => putObject(engine, second(12), 'plain'), 'changed'),
  step('commit second', (engine) => commit(engine, { ...other, at: 10 }), 'superseded'),
  step('accept removal', (engine) => accept(engine, removal), 'accepted'),
  step('commit removal', (engine) => commit(engine, removal), 'changed'),
  step('plain delete', (engine) => remove(engine, second(20)), 'changed'),
]

/** What must be true once so many steps were acknowledged. */
interface Expected {
  readonly visible: string
  readonly promised: string
  readonly accepted: Candidate | undefined
  readonly committed: Candidate | undefined
}

function expectedAfter(count: number): Expected {
  const done = new Set(WORKLOAD.slice(0, count).map(({ what }) => what))
  const last = <Value>(initial: Value, ...changes: readonly (readonly [string, Value])[]): Value =>
    changes.reduce((value, [what, then]) => (done.has(what) ? then : value), initial)
  return {
    visible: last(
      'missing',
      ['plain put', 'old'],
      ['commit first', 'first'],
      ['plain put over it', 'plain'],
      ['commit removal', 'deleted'],
    ),
    promised: last<string>(
      '',
      ['promise 5', ballot(5)],
      ['promise 8', ballot(8)],
      ['carry second', ballot(10)],
      ['accept removal', ballot(13)],
    ),
    accepted: last<Candidate | undefined>(
      undefined,
      ['accept first', FIRST],
      ['commit first', undefined],
      ['accept second', SECOND],
      ['commit second', undefined],
      ['accept removal', GONE],
      ['commit removal', undefined],
    ),
    committed: last<Candidate | undefined>(
      undefined,
      ['commit first', FIRST],
      ['commit second', SECOND],
      ['commit removal', GONE],
    ),
  }
}

/** Runs the workload until the machine dies; returns how many steps were acknowledged. */
async function runUntilDeath(machine: TestMachine): Promise<number> {
  const { engine } = await startEngine(machine)
  let acknowledged = 0
  for (const { run, done } of WORKLOAD) {
    const outcome = await run(engine)
    if (!done.includes(typeof outcome === 'string' ? outcome : outcome.kind)) break
    acknowledged += 1
  }
  return acknowledged
}

function breakIndex(machine: TestMachine, reason: Error | undefined): void {
  machine.kv.breakWrites('/sda/index', reason)
}

function dead(): Error {
  return Object.assign(new Error('the machine is dead'), { code: 'LEVEL_IO_ERROR' })
}

/** What is wrong with what was found; `undefined` when it is what `expected` says. */
async function mismatch(engine: ObjectEngine, expected: Expected): Promise<string | undefined> {
  const visible = await bodyOf(engine)
  if (visible !== expected.visible) return `"${visible}" is visible, not "${expected.visible}"`
  const told = await engine.conditional.promise(NAME, undefined)
  if (told.kind !== 'told') return told.kind
  const { promised, accepted, committed } = told.record
  if (promised < expected.promised) return `promised ${promised}, not ${expected.promised}`
  if (accepted?.candidate.id !== expected.accepted?.id) return `accepted ${accepted?.candidate.id}`
  if (committed?.candidate.id !== expected.committed?.id) return `committed ${committed?.candidate.id}`
  if (accepted === undefined || accepted.candidate.kind === 'tombstone') return undefined
  const opened = await engine.conditional.open(NAME, accepted.candidate.id)
  if (opened.kind !== 'open') return `the body of ${accepted.candidate.id} is ${opened.kind}`
  opened.content.close()
  return undefined
}

async function recovered(machine: TestMachine, acknowledged: number): Promise<string | undefined> {
  const { engine } = await startEngine(machine)
  const before = await mismatch(engine, expectedAfter(acknowledged))
  const after = await mismatch(engine, expectedAfter(acknowledged + 1))
  if (before !== undefined && after !== undefined)
    return `after ${acknowledged} steps: ${before}; or: ${after}`
  const wrong = (await rowProblem(engine)) ?? (await garbage(machine, engine))
  await engine.close()
  return wrong
}

async function rowProblem(engine: ObjectEngine): Promise<string | undefined> {
  const found = await look(engine)
  if (found.kind !== 'found' || found.object.dataTimestamp !== second(6)) return undefined
  const rows = await engine.updates.list(100)
  return rows.some(({ timestamp }) => timestamp === second(6)) ? undefined : 'the row is not queued'
}

/** Only the body of the accepted candidate is in `pending/`. */
async function garbage(machine: TestMachine, engine: ObjectEngine): Promise<string | undefined> {
  const told = await engine.conditional.promise(NAME, undefined)
  const accepted = told.kind === 'told' ? told.record.accepted?.candidate : undefined
  const files = machine.disk.files().filter((path) => path.startsWith('/sda/pending/'))
  const wanted = accepted?.kind === 'data' ? 1 : 0
  return files.length === wanted ? undefined : `pending files ${files.join()}`
}

async function countChanges(): Promise<number> {
  const machine = newMachine()
  await startEngine(machine).then(({ engine }) => engine.close())
  const before = machine.disk.changes
  const { engine } = await startEngine(machine)
  for (const { run, done, what } of WORKLOAD) {
    const outcome = await run(engine)
    const kind = typeof outcome === 'string' ? outcome : outcome.kind
    t.ok(done.includes(kind), `${what}: ${kind}`)
  }
  await engine.close()
  return machine.disk.changes - before
}

await t.test('whenever the machine dies, what it promised, accepted and showed is kept', async (t) => {
  const total = await countChanges()
  const wrong: string[] = []
  for (let changes = 0; changes <= total; changes += 1) {
    for (const index of ['with the disk', 'later'] as const) {
      for (const unsynced of ['lost', 'kept'] as const) {
        const machine = newMachine()
        await startEngine(machine).then(({ engine }) => engine.close())
        machine.disk.stopAfter(changes, () => {
          if (index === 'with the disk') breakIndex(machine, dead())
        })
        const acknowledged = await runUntilDeath(machine).catch(() => 0)
        machine.disk.crash(new SeededRandom(changes))
        await machine.kv.crash(unsynced)
        breakIndex(machine, undefined)
        const problem = await recovered(machine, acknowledged)
        if (problem !== undefined) wrong.push(`${changes}, index dies ${index}, ${unsynced}: ${problem}`)
      }
    }
  }
  t.same(wrong, [])
})

await t.test('a machine that dies again while it recovers keeps it too', async (t) => {
  const total = await countChanges()
  const wrong: string[] = []
  for (let changes = 0; changes <= total; changes += 2) {
    for (let again = 0; again < 6; again += 1) {
      const machine = newMachine()
      await startEngine(machine).then(({ engine }) => engine.close())
      machine.disk.stopAfter(changes, () => breakIndex(machine, dead()))
      const acknowledged = await runUntilDeath(machine).catch(() => 0)
      machine.disk.crash(new SeededRandom(changes))
      await machine.kv.crash('lost')
      breakIndex(machine, undefined)
      machine.disk.stopAfter(again, () => breakIndex(machine, dead()))
      await startEngine(machine).catch(() => {})
      machine.disk.crash(new SeededRandom(again))
      await machine.kv.crash('lost')
      breakIndex(machine, undefined)
      const problem = await recovered(machine, acknowledged)
      if (problem !== undefined) wrong.push(`${changes}, ${again}: ${problem}`)
    }
  }
  t.same(wrong, [])
})

await t.test(
  'with its index a device forgets its promises, and hears none of the ballots before',
  async (t) => {
    const machine = newMachine()
    const { engine } = await startEngine(machine)
    await stage(engine, FIRST, 'first')
    await accept(engine, first)
    await engine.close()
    machine.kv.corrupt('/sda/index')
    const again = await startEngine(machine)
    t.equal(again.report.kind, 'rebuilt')
    t.match(await again.engine.conditional.promise(NAME, ballot(0, 0)), { kind: 'outvoted' })
    t.match(await again.engine.conditional.promise(NAME, ballot(5)), {
      kind: 'promised',
      record: { accepted: undefined },
    })
    t.same(
      machine.disk.files().filter((path) => path.startsWith('/sda/pending/')),
      [],
    )
    await again.engine.close()
  },
)

await t.test(
  'a body that nobody accepts is thrown away after a while, one that was accepted stays',
  async (t) => {
    const machine = newMachine()
    const clock = new VirtualClock()
    const { engine } = await startEngine(machine, { clock })
    const pending = (): number =>
      machine.disk.files().filter((path) => path.startsWith('/sda/pending/')).length
    await stage(engine, FIRST, 'first')
    await accept(engine, { ...first, base: second(0) })
    await stage(engine, SECOND, 'second')
    t.equal(pending(), 2)
    await clock.advance(121_000)
    t.equal(pending(), 1)
    t.match(await engine.conditional.commit(NAME, { acceptance: acceptanceOf(other), updates: () => [] }), {
      kind: 'unknown',
    })
    t.equal((await commit(engine, first)).kind, 'changed')
    t.equal(pending(), 0)
    await engine.close()
  },
)

await t.test(
  'a candidate that nobody finishes is given up, and nothing earlier is heard after it',
  async (t) => {
    const machine = newMachine()
    const clock = new VirtualClock()
    const { engine } = await startEngine(machine, { clock })
    const pending = (): readonly string[] =>
      machine.disk.files().filter((path) => path.startsWith('/sda/pending/'))
    await stage(engine, FIRST, 'first')
    await accept(engine, { ...first, base: second(0) })
    await clock.advance(590_000)
    t.equal(pending().length, 1)
    await clock.advance(700_000)
    t.same(pending(), [], 'also when nobody asks')
    t.same(await commit(engine, first), { kind: 'unknown' }, 'too late')
    t.match(await engine.conditional.promise(NAME, ballot(6, 0)), { kind: 'outvoted' })
    t.match(await engine.conditional.promise(NAME, ballot(1300)), {
      kind: 'promised',
      record: { accepted: undefined },
    })
    t.equal(clock.waiting, 0)
    await engine.close()
  },
)

await t.test(
  'a device that was new while its clock was ahead hears ballots when that is right',
  async (t) => {
    const machine = newMachine()
    const clock = new VirtualClock()
    clock.jumpWall(7 * 86_400_000)
    const wrong = await startEngine(machine, { clock })
    await stage(wrong.engine, candidate(700_000), 'x')
    const proposal = { at: 700_000, candidate: candidate(700_000) }
    t.match(await accept(wrong.engine, proposal), { kind: 'accepted' })
    await wrong.engine.close()
    const { engine } = await startEngine(machine)
    t.equal(
      (await putObject(engine, second(1), 'plain')).kind,
      'changed',
      'nothing of a time to come is in its way',
    )
    t.match(await engine.conditional.promise(NAME, ballot(1)), {
      kind: 'promised',
      record: { accepted: undefined },
    })
    t.match(await engine.conditional.promise('/a/c/other', ballot(1)), { kind: 'promised' })
    await engine.close()
  },
)

await t.test(
  'a process that dies while a new index becomes complete hears no ballot of before',
  async (t) => {
    let deaths = 0
    for (let writes = 0; writes < 8; writes += 1) {
      const { disk } = newMachine()
      const kv = new MemoryKv()
      const clock = new VirtualClock()
      clock.jumpWall(100_000)
      let left = writes
      const dying = {
        open: async (path: string) =>
          aroundWrites(await kv.open(path), async (write) => {
            left -= 1
            if (left < 0) throw kvError('LEVEL_IO_ERROR', 'the process is dead')
            return await write()
          }),
      }
      const first = await startEngine({ disk, kv: dying as unknown as MemoryKv }, { clock }).catch(
        () => undefined,
      )
      if (first !== undefined) break
      deaths += 1
      clock.jumpWall(10_000)
      const { engine, report } = await startEngine({ disk, kv }, { clock })
      t.match(
        await engine.conditional.promise(NAME, ballot(99)),
        { kind: 'outvoted' },
        `${writes}: ${report.kind}`,
      )
      await engine.close()
    }
    t.ok(deaths > 1, `${deaths} starts died`)
  },
)
