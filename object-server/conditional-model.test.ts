/**
 * The agreement on conditional writes as a model: the real proposer and the real acceptor, on a network that loses,
 * doubles and reorders, with proxies that die after any message and replicas that crash and come back with what was
 * durable. For every seed: one winner of each generation, no acknowledged winner lost, and no condition called false
 * that was true.
 */
import t, { type Test } from 'tap'
import type { CandidateId } from '#base/ballot.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import {
  CALM,
  type Chaos,
  ModelCluster,
  ModelProxy,
  type ModelReplica,
  ONLY_IF_ABSENT,
} from './test-electorate.ts'

const SEEDS = Number(process.env['MODEL_SEEDS'] ?? 60)
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 0)
const WILD: Chaos = { lost: 8, doubled: 10, delayMs: 30 }
const LONG_MS = 120_000

interface Run {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly cluster: ModelCluster
}

function newRun(seed: number, chaos: Chaos): Run {
  const random = new SeededRandom(seed)
  const clock = new VirtualClock()
  const primaries = [3, 3, 3, 4, 5, 2, 1][random.below(7)] as number
  return { clock, random, cluster: new ModelCluster({ clock, random, chaos, primaries }) }
}

function proxies({ cluster, random }: Run, count: number): readonly ModelProxy[] {
  return Array.from({ length: count }, () => new ModelProxy(cluster, random.below(4000) - 2000))
}

/** Crashes a minority of the replicas now and then, and starts them again. */
async function crashReplicas({ clock, random, cluster }: Run, times: number): Promise<void> {
  const minority = Math.ceil(cluster.primaries.length / 2) - 1
  for (let time = 0; time < times; time += 1) {
    await clock.sleep(random.below(60))
    const down: ModelReplica[] = []
    for (let at = 0; at < minority; at += 1) {
      const replica = cluster.primaries[random.below(cluster.primaries.length)] as ModelReplica
      replica.crash()
      down.push(replica)
    }
    await clock.sleep(random.below(200))
    for (const replica of down) replica.up = true
  }
}

/** Each seed must come out right; a seed that does not is named. */
async function everySeed(t: Test, check: (seed: number) => Promise<string | undefined>): Promise<void> {
  const wrong: string[] = []
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
    const problem = await check(seed)
    if (problem !== undefined) wrong.push(`MODEL_SEED=${seed}: ${problem}`)
  }
  t.same(wrong, [])
}

await t.test('of many who want to be the first, exactly one is', async (t) => {
  await everySeed(t, async (seed) => {
    const run = newRun(seed, seed % 3 === 0 ? CALM : WILD)
    const { clock, random, cluster } = run
    const outcomes: string[] = []
    const racers = proxies(run, 8).map(async (proxy) => {
      await clock.sleep(random.below(40))
      outcomes.push((await proxy.write({ condition: ONLY_IF_ABSENT })).kind)
    })
    const down = cluster.primaries.length > 2 ? cluster.primaries[0] : undefined
    if (down !== undefined && seed % 2 === 0) down.up = false
    else void crashReplicas(run, 3)
    void Promise.all(racers)
    await clock.advance(LONG_MS)
    const winners = outcomes.filter((kind) => kind === 'committed').length
    if (outcomes.length !== racers.length) return `only ${outcomes.length} came to an end`
    if (winners > 1) return `${winners} winners`
    if (outcomes.includes('condition_false') && cluster.newest().kind === 'absent')
      return 'false, and nothing there'
    if (seed % 3 === 0 && seed % 2 === 0 && winners !== 1) return `no winner: ${outcomes.join()}`
    return undefined
  })
})

await t.test('each version is replaced once, and no acknowledged one is lost, whoever dies', async (t) => {
  await everySeed(t, async (seed) => {
    const run = newRun(seed, WILD)
    const { clock, random, cluster } = run
    const acknowledged: string[] = []
    const refused: string[] = []
    const unwanted: CandidateId[] = []
    /** What each candidate was to replace. */
    const parents = new Map<string, string>()
    const work = proxies(run, 5).map(async (proxy) => {
      for (let turn = 0; turn < 4; turn += 1) {
        await clock.sleep(random.below(150))
        const parent = cluster.newest().etag ?? ''
        const proposed: CandidateId[] = []
        const outcome = await proxy.write({
          condition: ({ etag = '' }) => etag === parent,
          ...(random.below(4) === 0 ? { diesAfter: random.below(40) } : {}),
          onProposal: (id) => {
            proposed.push(id)
            parents.set(id, parent)
          },
        })
        if (outcome.kind === 'condition_false') {
          refused.push(parent)
          unwanted.push(...proposed)
        }
        if (outcome.kind === 'committed') {
          acknowledged.push(proposed.find((id) => id.startsWith(outcome.timestamp)) ?? 'never proposed')
        }
      }
    })
    void Promise.all(work)
    void crashReplicas(run, 6)
    await clock.advance(LONG_MS)
    const chain = new Set<string>()
    for (let at = cluster.newest().etag; at !== undefined && !chain.has(at); at = parents.get(at))
      chain.add(at)
    const lost = acknowledged.find((id) => !chain.has(id))
    if (lost !== undefined) return `${lost} was acknowledged, and what is there was not made on top of it`
    const shown = unwanted.find((id) => cluster.primaries.some((replica) => replica.shown.has(id)))
    if (shown !== undefined) return `${shown} was made, and its condition was said to be false`
    const newest = cluster.newest().etag ?? ''
    return refused.includes(newest) ? `"${newest}" is still there, and was said not to be` : undefined
  })
})

await t.test('what was acknowledged before is seen, also when a handoff has it', async (t) => {
  await everySeed(t, async (seed) => {
    const run = newRun(seed, CALM)
    const { clock, random, cluster } = run
    const [plain, conditional] = proxies(run, 2) as [ModelProxy, ModelProxy]
    let problem: string | undefined
    const work = async (): Promise<void> => {
      const down = cluster.primaries[random.below(cluster.primaries.length)] as ModelReplica
      if (cluster.primaries.length > 2) down.up = false
      const { acknowledged } = await plain.writePlainly('found')
      down.up = true
      const second = cluster.primaries[random.below(cluster.primaries.length)] as ModelReplica
      if (cluster.primaries.length > 2) second.up = false
      const outcome = await conditional.write({ condition: ONLY_IF_ABSENT })
      if (acknowledged && outcome.kind !== 'condition_false') problem = outcome.kind
    }
    void work()
    await clock.advance(LONG_MS)
    return problem
  })
})

await t.test('a plain write that is acknowledged on the way is not undone', async (t) => {
  await everySeed(t, async (seed) => {
    const run = newRun(seed, { ...WILD, lost: 0 })
    const { clock, random, cluster } = run
    const plainTimes: string[] = []
    const wonTimes: string[] = []
    const writers = proxies(run, 6).map(async (proxy, at) => {
      await clock.sleep(random.below(60))
      if (at < 3) {
        const { acknowledged, state } = await proxy.writePlainly(random.below(2) === 0 ? 'found' : 'absent')
        if (acknowledged) plainTimes.push(state.writtenAt)
        return
      }
      const outcome = await proxy.write({ condition: ONLY_IF_ABSENT })
      if (outcome.kind === 'committed') wonTimes.push(outcome.timestamp)
    })
    void Promise.all(writers)
    await clock.advance(LONG_MS)
    const newest = cluster.newest().writtenAt
    const lost = [...plainTimes, ...wonTimes].find((time) => time > newest)
    return lost === undefined ? undefined : `${lost} was acknowledged, ${newest} is there`
  })
})

await t.test(
  'a condition that a plain write made false wins no more once that is acknowledged',
  async (t) => {
    await everySeed(t, async (seed) => {
      const run = newRun(seed, seed % 2 === 0 ? WILD : { ...WILD, lost: 0 })
      const { clock, random, cluster } = run
      const shown = (): Set<CandidateId> =>
        new Set(cluster.primaries.flatMap((replica) => [...replica.shown]))
      let acknowledged: { readonly time: string; readonly before: ReadonlySet<CandidateId> } | undefined
      const writers = proxies(run, 6).map(async (proxy, at) => {
        await clock.sleep(random.below(80))
        if (at > 0) {
          const death = random.below(3) === 0 ? { diesAfter: random.below(30) } : {}
          await proxy.write({ condition: ONLY_IF_ABSENT, ...death })
          return
        }
        const { byPrimaries, state } = await proxy.writePlainly('found')
        if (byPrimaries) acknowledged = { time: state.writtenAt, before: shown() }
      })
      void Promise.all(writers)
      if (seed % 4 === 0) void crashReplicas(run, 3)
      await clock.advance(LONG_MS)
      if (acknowledged === undefined) return undefined
      const { time, before } = acknowledged
      const late = [...shown()].find((id) => id > time && !before.has(id))
      return late === undefined ? undefined : `${late} was made on top of ${time}, which was there`
    })
  },
)

await t.test(
  'a candidate that its proxy left is finished by the next one, with a replica down',
  async (t) => {
    for (let diesAfter = 0; diesAfter < 24; diesAfter += 1) {
      for (let down = 0; down < 3; down += 1) {
        const clock = new VirtualClock()
        const random = new SeededRandom(diesAfter * 3 + down)
        const cluster = new ModelCluster({ clock, random, chaos: CALM, primaries: 3 })
        const [first, second, third] = Array.from({ length: 3 }, () => new ModelProxy(cluster)) as [
          ModelProxy,
          ModelProxy,
          ModelProxy,
        ]
        void first.write({ condition: ONLY_IF_ABSENT, diesAfter })
        await clock.advance(1000)
        const replica = cluster.primaries[down] as ModelReplica
        replica.crash()
        const outcomes: string[] = []
        void second.write({ condition: ONLY_IF_ABSENT }).then(({ kind }) => outcomes.push(kind))
        await clock.advance(LONG_MS)
        void third.write({ condition: ONLY_IF_ABSENT }).then(({ kind }) => outcomes.push(kind))
        await clock.advance(LONG_MS)
        t.match(
          outcomes,
          [/committed|condition_false/, 'condition_false'],
          `dies after ${diesAfter}, ${down} is down`,
        )
      }
    }
  },
)
