/**
 * Goal: where versions are suspended, of two writes of one object at the same moment one is the later one: what it left is the
 * null version, and there is no other. Method: two processes take their steps by turns that a test chooses: the first some,
 * the second some, the first the rest, the second the rest; with every number of steps for both.
 */
import t, { type Test } from 'tap'
import type { Store } from '#store/contract.ts'
import { CONTAINER, named } from './actions.ts'
import { inSteps } from './dying-store.ts'
import { idOf, Kept, layered } from './kept-objects.ts'
import { MemoryCluster } from './memory-cluster.ts'

/** A process that stops before a step until it is told to go on. */
class StoppingProcess {
  readonly store: Store
  readonly #stopsBefore: number
  readonly #goOn = Promise.withResolvers<void>()
  readonly #stopped = Promise.withResolvers<void>()
  #taken = 0

  /** `stopsBefore`: the number of a step, from 1. */
  constructor(core: Store, stopsBefore: number) {
    this.#stopsBefore = stopsBefore
    this.store = inSteps(core, async (work) => {
      this.#taken += 1
      if (this.#taken === this.#stopsBefore) {
        this.#stopped.resolve()
        await this.#goOn.promise
      }
      return await work()
    })
  }

  /** Until it stops, or what it does is over. */
  async untilStopped(work: Promise<unknown>): Promise<void> {
    await Promise.race([this.#stopped.promise, work])
  }

  goOn(): void {
    this.#goOn.resolve()
  }

  /** It came to an end before it was to stop. */
  get neverStopped(): boolean {
    return this.#taken < this.#stopsBefore
  }
}

interface Write {
  readonly name: string
  readonly run: (kept: Kept, at: 'first' | 'second', etag: string) => Promise<{ readonly kind: string }>
}

const REPLACED = { nullVersion: 'replaced' } as const
const PUT: Write = { name: 'a PUT', run: (kept, at) => kept.put('o', at, undefined, REPLACED) }
const DELETE: Write = { name: 'a DELETE', run: (kept) => kept.delete('o', undefined, REPLACED) }
const DELETE_IF_SAME: Write = {
  name: 'a DELETE on a condition',
  run: (kept, _at, etag) => {
    const condition = { kind: 'matches', etags: etag === '' ? '*' : etag } as const
    return kept.delete('o', undefined, { ...REPLACED, condition })
  },
}

interface Before {
  readonly name: string
  readonly prepare: (kept: Kept) => Promise<unknown>
  /** The second is interrupted, too. */
  readonly isInterrupted?: true
  /** Whoever puts is never deleted: the other one has a condition that holds for what was before. */
  readonly wins?: (pair: readonly [Write, Write]) => boolean
}

const STATES: readonly Before[] = [
  { name: 'nothing', prepare: () => Promise.resolve() },
  {
    name: 'a null version',
    prepare: (kept) => kept.put('o', 'null', undefined, REPLACED),
    isInterrupted: true,
    wins: (pair) => pair.includes(PUT) && pair.includes(DELETE_IF_SAME),
  },
  {
    name: 'a null version below a version',
    prepare: async (kept) => {
      await kept.put('o', 'null', undefined, REPLACED)
      await kept.container({ 'x-versions-enabled': 'true' })
      await kept.put('o', 'one')
      await kept.container({ 'x-versions-enabled': 'suspended' })
    },
  },
  {
    name: 'a null marker',
    prepare: async (kept) => {
      await kept.put('o', 'null', undefined, REPLACED)
      await kept.delete('o', undefined, REPLACED)
    },
  },
]

const PAIRS: readonly (readonly [Write, Write])[] = [
  [PUT, DELETE],
  [DELETE, PUT],
  [DELETE, DELETE],
  [PUT, PUT],
  [PUT, DELETE_IF_SAME],
  [DELETE_IF_SAME, PUT],
  [DELETE, DELETE_IF_SAME],
  [DELETE_IF_SAME, DELETE],
]

/** Before which step the second stops: it takes them all at once, or is interrupted, too. */
const AT_ONCE = [100]
const INTERRUPTED = [3, 5, 100]
/** More than there are steps. */
const STEPS_MAX = 40

for (const before of STATES) {
  await t.test(`over ${before.name}`, async (t) => {
    // One replica of each: it is the order of steps that is in question, not what a step comes to.
    const cluster = await MemoryCluster.start({ devices: 1, replicas: 1 })
    t.teardown(() => cluster.close())
    const kept = new Kept(cluster, layered(cluster, cluster.store))
    for (const pair of PAIRS) {
      const stops = before.isInterrupted ? INTERRUPTED : AT_ONCE
      for (const stop of stops) await raceAt(t, { cluster, kept, before }, pair, stop)
    }
  })
}

interface Scene {
  readonly cluster: MemoryCluster
  readonly kept: Kept
  readonly before: Before
}

/** The first stops before each of its steps in turn. */
async function raceAt(t: Test, scene: Scene, pair: readonly [Write, Write], stop: number): Promise<void> {
  const { kept, before } = scene
  for (let step = 1, isOver = false; !isOver && step < STEPS_MAX; step += 1) {
    await kept.container({ 'x-versions-enabled': 'true' })
    await kept.container({ 'x-versions-enabled': 'suspended' })
    await before.prepare(kept)
    const { kinds, neverStopped } = await race(scene, pair, [step, stop])
    const names = `${pair[0].name} (${step}) and ${pair[1].name} (${stop})`
    const at = `${names}: ${kinds.join(', ')}`
    await check(t, kept, at, kinds)
    if (before.wins?.(pair)) t.match(await kept.text('o'), /^(first|second)$/, `${at}: what was put is there`)
    await clear(kept)
    isOver = neverStopped
  }
}

async function race(
  { cluster }: Scene,
  [first, second]: readonly [Write, Write],
  [step, stop]: readonly [number, number],
): Promise<{ readonly kinds: readonly string[]; readonly neverStopped: boolean }> {
  const etag = await etagOf(cluster)
  const one = new StoppingProcess(cluster.store, step)
  const other = new StoppingProcess(cluster.store, stop)
  const running = first.run(new Kept(cluster, layered(cluster, one.store)), 'first', etag)
  await one.untilStopped(running)
  const racing = second.run(new Kept(cluster, layered(cluster, other.store)), 'second', etag)
  await other.untilStopped(racing)
  one.goOn()
  const { kind } = await running
  other.goOn()
  return { kinds: [kind, (await racing).kind], neverStopped: one.neverStopped }
}

async function etagOf(cluster: MemoryCluster): Promise<string> {
  const read = await cluster.store.objects.read(cluster.context, named('o'), {
    method: 'HEAD',
    conditions: {},
    newest: true,
  })
  return read.kind === 'found' ? (read.headers['etag'] ?? '') : ''
}

/** The null version, and no other: bytes that can be read, or a marker over nothing. */
async function check(t: Test, kept: Kept, at: string, kinds: readonly string[]): Promise<void> {
  const rows = await kept.rows(CONTAINER, { versions: { nullVersions: 'told' } })
  const nulls = rows.filter((row) => idOf(row) === 'null')
  if (nulls.length === 0 && kinds.every((kind) => kind === 'precondition_failed')) return
  if (!t.equal(nulls.length, 1, `${at}: one null version`)) return
  const [only] = nulls
  const now = await kept.text('o')
  const isMarker = only?.contentType.startsWith('application/x-deleted') === true
  if (isMarker) t.equal(now, '<no_such_object>', `${at}: the marker stands over nothing`)
  else t.ok(['first', 'second', 'null'].includes(now), `${at}: ${now} is there`)
  t.equal(rows.filter((row) => row.extra['is_latest'] === true).length, 1, `${at}: one is the latest`)
}

async function clear(kept: Kept): Promise<void> {
  for (const row of await kept.versions()) await kept.delete(row.name, idOf(row))
  await kept.delete('o')
}
