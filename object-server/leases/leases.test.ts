/** Read leases between engines in memory: what is granted, how it ends, and that nobody reads by one what is outdated. */
import t from 'tap'
import { ANY_HOLDER } from '#base/extensions.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import type { DiskEngine } from '../disk-engine.ts'
import { bodyOf, NAME, putObject, second } from '../engine-contract.ts'
import { NO_CACHE, newMachine, startEngine } from '../test-engine.ts'
import { LeaseGrants } from './lease-grants.ts'
import { LeaseHolder } from './lease-holder.ts'
import { type LeaseAnswer, type LeaseRequest, parseLeaseAnswer, parseLeaseRequest } from './lease-messages.ts'
import { DEFAULT_TERMS } from './lease-terms.ts'
import { rangeNumber } from './range-changes.ts'

const READER = '10.0.0.1:6200/d1'
const GRANTER = '10.0.0.2:6200/d2'
const NAMES = { own: READER, others: [GRANTER] }
const TERMS = { ...DEFAULT_TERMS, readsMin: 1, idleMax: 0, pauseMs: 300 }
const WIRE_MS = 3

/** Two replicas of one partition, of which one reads by leases of the other. */
class Pair {
  readonly clock = new VirtualClock()
  readonly random: SeededRandom
  readonly machine = newMachine()
  isVoter = true
  owns = true
  /** Whether requests of the holder arrive, and their answers. */
  network: 'good' | 'no_request' | 'no_answer' = 'good'
  asked = 0
  reader!: DiskEngine
  granter!: DiskEngine
  grants!: LeaseGrants
  holder!: LeaseHolder

  constructor(seed = 1) {
    this.random = new SeededRandom(seed)
  }

  static async start(seed?: number): Promise<Pair> {
    const pair = new Pair(seed)
    const { clock } = pair
    pair.reader = (await startEngine(undefined, { clock })).engine
    pair.startHolder()
    await pair.startGranter()
    await clock.advance(TERMS.leaseMs)
    return pair
  }

  get range(): number {
    return rangeNumber(this.reader.replica.hashOf(NAME))
  }

  startHolder(): void {
    const { clock, random } = this
    const ask = (_peer: unknown, request: LeaseRequest): Promise<LeaseAnswer | undefined> =>
      this.#ask(request)
    this.holder = new LeaseHolder({
      clock,
      random,
      replica: this.reader.replica,
      isVoter: () => true,
      ask,
      terms: TERMS,
    })
  }

  async startGranter(): Promise<void> {
    const { clock, random } = this
    this.granter = (await startEngine(this.machine, { clock, cacheLimits: NO_CACHE })).engine
    const { replica } = this.granter
    this.grants = new LeaseGrants({
      clock,
      random,
      replica,
      isVoter: () => this.isVoter,
      owns: () => this.owns,
      terms: TERMS,
    })
  }

  claim(): string | undefined {
    return this.holder.claim(this.range, NAMES)
  }

  /** Claims, and whether a later one holds. */
  async settled(): Promise<string | undefined> {
    this.claim()
    await this.clock.advance(TERMS.askEveryMs + 2 * WIRE_MS)
    return this.claim()
  }

  async both(at: number, body: string): Promise<void> {
    await putObject(this.reader, second(at), body)
    await putObject(this.granter, second(at), body)
  }

  /** As over a network. */
  async #ask(request: LeaseRequest): Promise<LeaseAnswer | undefined> {
    this.asked += 1
    await this.clock.sleep(1 + this.random.below(WIRE_MS))
    if (this.network === 'no_request') return undefined
    const asked = parseLeaseRequest(JSON.parse(JSON.stringify(request)))
    const answer = asked && (await this.grants.grant(asked))
    if (this.network === 'no_answer') return undefined
    return answer && parseLeaseAnswer(JSON.parse(JSON.stringify(answer)))
  }
}

t.test('who has the same reads by a lease, as long as it is renewed', async (t) => {
  const pair = await Pair.start()
  await pair.both(1, 'x')
  t.equal(pair.claim(), undefined)
  t.equal(await pair.settled(), GRANTER)
  for (let turn = 0; turn < 10; turn += 1) {
    await pair.clock.advance(TERMS.askEveryMs)
    t.equal(pair.claim(), GRANTER, 'reading keeps it')
  }
  pair.network = 'no_request'
  await pair.clock.advance(TERMS.leaseMs)
  t.equal(pair.claim(), undefined, 'it runs out')
})

t.test('nobody is asked for what nobody reads', async (t) => {
  const pair = await Pair.start()
  await pair.both(1, 'x')
  await pair.settled()
  await pair.clock.advance(10_000)
  const { asked } = pair
  await pair.clock.advance(10_000)
  t.equal(pair.asked, asked)
  t.equal(pair.clock.waiting, 0)
})

t.test('who lacks something is granted nothing, and then what it has come to have', async (t) => {
  const pair = await Pair.start()
  await putObject(pair.reader, second(1), 'older')
  await putObject(pair.granter, second(2), 'newer')
  t.equal(await pair.settled(), undefined)
  t.same(pair.grants.on(pair.range), [], 'and no write waits for it')
  await putObject(pair.reader, second(2), 'newer')
  await pair.clock.advance(TERMS.pauseMs)
  t.equal(await pair.settled(), GRANTER)
})

t.test('a write says who may not know of it, until it does', async (t) => {
  const pair = await Pair.start()
  await pair.both(1, 'x')
  await pair.settled()
  const isHolder = { holder: READER }
  t.match(pair.grants.on(pair.range), [isHolder])
  t.same(pair.grants.on((pair.range + 1) % 65_536), [], 'of that range alone')
  await putObject(pair.granter, second(2), 'missed')
  const [lease] = pair.grants.on(pair.range)
  t.match(lease, isHolder)
  t.ok((lease?.leftMs ?? 0) > 0 && (lease?.leftMs ?? 0) <= TERMS.leaseMs)
  t.equal(pair.claim(), GRANTER, 'it does not know yet')
  t.equal(await pair.settled(), undefined)
  await pair.clock.advance(TERMS.askEveryMs + 2 * WIRE_MS)
  t.same(pair.grants.on(pair.range), [], 'it has said that it knows')
})

t.test('what was revoked is told again until it was heard', async (t) => {
  const pair = await Pair.start()
  await pair.both(1, 'x')
  await pair.settled()
  pair.network = 'no_answer'
  await putObject(pair.granter, second(2), 'missed')
  await pair.settled()
  t.match(pair.grants.on(pair.range), [{ holder: READER }])
  await pair.clock.advance(TERMS.leaseMs + TERMS.pauseMs)
  pair.network = 'good'
  t.equal(await pair.settled(), undefined)
})

t.test('what is being written is not asked for', async (t) => {
  const pair = await Pair.start()
  await pair.both(1, 'x')
  const end = pair.reader.replica.ranges.begin(pair.reader.replica.hashOf(NAME), {
    data: undefined,
    meta: undefined,
    tombstone: second(2),
    lost: undefined,
  })
  t.equal(await pair.settled(), undefined)
  end()
  await pair.clock.advance(TERMS.pauseMs)
  t.equal(await pair.settled(), GRANTER)
})

t.test('who may not vote grants nothing', async (t) => {
  const pair = await Pair.start()
  await pair.both(1, 'x')
  pair.isVoter = false
  t.equal(await pair.settled(), undefined)
})

t.test('what the ring gives to others is granted no longer', async (t) => {
  const pair = await Pair.start()
  await pair.both(1, 'x')
  t.equal(await pair.settled(), GRANTER)
  pair.owns = false
  t.equal(await pair.settled(), undefined)
})

t.test('what lost something grants nothing of its range', async (t) => {
  const pair = await Pair.start()
  await putObject(pair.granter, second(2), 'lost soon')
  for (const file of pair.machine.disk.files().filter((one) => one.endsWith('.data')))
    pair.machine.disk.flipBit(file, 3)
  t.not(await bodyOf(pair.granter), 'lost soon')
  t.equal(await bodyOf(pair.granter), 'quarantined')
  // What both know of besides is the same.
  const tombstone = { kind: 'tombstone' as const, name: NAME, timestamp: second(1) }
  for (const engine of [pair.reader, pair.granter]) await engine.replica.merge(tombstone)
  const digests = [pair.reader, pair.granter].map(({ replica }) => replica.sum(pair.range)?.digest)
  t.same(digests[0], digests[1])
  t.equal(await pair.settled(), undefined)
})

t.test('a granter that starts anew speaks for what it granted before', async (t) => {
  const pair = await Pair.start()
  await pair.both(1, 'x')
  t.equal(await pair.settled(), GRANTER)
  await pair.granter.close()
  await pair.startGranter()
  t.match(pair.grants.on(pair.range), [{ holder: ANY_HOLDER, leftMs: TERMS.leaseMs }])
  t.notOk(pair.grants.isIdle)
  await putObject(pair.granter, second(2), 'missed')
  t.equal(await pair.settled(), undefined, 'nothing of before counts')
  await pair.clock.advance(TERMS.leaseMs)
  t.same(
    pair.grants.on(pair.range).filter(({ holder }) => holder === ANY_HOLDER),
    [],
  )
})

t.test('no read by a lease misses what was acknowledged', async (t) => {
  let claims = 0
  for (let seed = 1; seed <= 40; seed += 1) {
    const pair = await Pair.start(seed)
    const { random, clock } = pair
    let [time, acknowledged] = [1, 1]
    await pair.both(time, '1')
    for (let step = 0; step < 120; step += 1) {
      const dice = random.below(10)
      if (dice === 0) pair.network = 'good'
      if (dice === 1) pair.network = random.below(2) === 0 ? 'no_request' : 'no_answer'
      if (dice === 2 && random.below(4) === 0) {
        await pair.granter.close()
        await pair.startGranter()
      }
      if (dice === 3) {
        time += 1
        await putObject(pair.granter, second(time), String(time))
        const misses = random.below(2) === 0
        if (!misses) await putObject(pair.reader, second(time), String(time))
        const leftMs = misses ? Math.max(0, ...pair.grants.on(pair.range).map((lease) => lease.leftMs)) : 0
        const written = time
        void clock.sleep(leftMs).then(() => {
          acknowledged = Math.max(acknowledged, written)
        })
      }
      // Replication brings what was missed.
      if (dice === 4) await putObject(pair.reader, second(time), String(time))
      const before = acknowledged
      if (pair.claim() !== undefined) {
        claims += 1
        const read = Number(await bodyOf(pair.reader))
        if (read < before) t.fail(`seed ${seed}: ${read} was read, and ${before} acknowledged`)
      }
      await clock.advance(random.below(150))
    }
  }
  t.ok(claims > 100, `${claims} reads by a lease`)
})

t.test('messages that are none are refused', async (t) => {
  const request = { holder: READER, session: 's', seen: 0, asked: [[1, 'x']] }
  t.same(parseLeaseRequest(request), request)
  for (const wrong of [
    undefined,
    null,
    [],
    { ...request, holder: '' },
    { ...request, seen: -1 },
    { ...request, asked: [[65_536, 'x']] },
    { ...request, asked: [[1]] },
    { ...request, asked: Array.from({ length: 5_000 }, () => [1, 'x']) },
  ])
    t.equal(parseLeaseRequest(wrong), undefined)
  const answer = { epoch: 'e', number: 1, revoked: [1], granted: [2] }
  t.same(parseLeaseAnswer(answer), answer)
  for (const wrong of [{}, { ...answer, epoch: 1 }, { ...answer, revoked: ['1'] }, { ...answer, granted: 2 }])
    t.equal(parseLeaseAnswer(wrong), undefined)
})
