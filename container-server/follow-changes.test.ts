/** Who follows a container does every change at least once, whoever else is away, fails or dies; and its own share first. */
import fc from 'fast-check'
import t from 'tap'
import { type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import type { Change } from '#db/contract.ts'
import { type ObjectRow, putRow } from '#db/object-row.ts'
import { type FollowPhase, followChanges, type Share } from './follow-changes.ts'

const NAME = { account: 'a', container: 'c' }

/** The changes of a container on one device, and the points beside them. */
class Log {
  readonly points = new Map<string, number>()
  readonly #changes: readonly Change<ObjectRow>[]

  constructor(count: number) {
    this.#changes = Array.from({ length: count }, (_, at) => ({ sequence: at + 1, row: rowOf(`o${at}`) }))
  }

  readonly changesSince = async (_name: unknown, sequence: number, limit: number) =>
    this.#changes.filter((one) => one.sequence > sequence).slice(0, limit)
  readonly syncPoint = async (_name: unknown, peer: string) => this.points.get(peer) ?? 0
  readonly setSyncPoint = async (_name: unknown, peer: string, sequence: number) =>
    void this.points.set(peer, sequence)
}

function rowOf(name: string): ObjectRow {
  const timestamp: Timestamp = timestampFromTicks(1_700_000_000_00000)
  return putRow({ name, policyIndex: 0, timestamp, sizeBytes: 0, etag: 'e', contentType: 'text/plain' })
}

interface Followed {
  readonly place?: number
  readonly primaries?: number
  readonly lanes?: number
  readonly act?: (name: string, phase: FollowPhase, share: Share) => 'done' | 'later'
  readonly isOver?: (phase: FollowPhase) => boolean
}

/** A pass; what it did, in its order. */
async function follow(
  log: Log,
  { place = 0, primaries = 1, lanes = 3, act = () => 'done', isOver = () => false }: Followed = {},
): Promise<readonly string[]> {
  const seen: string[] = []
  await followChanges(log, {
    name: NAME,
    follower: 'test',
    turn: { place, primaries },
    lanes,
    isOver,
    act: async ({ name }, phase, share) => {
      seen.push(`${phase} ${name}`)
      return act(name, phase, share)
    },
  })
  return seen
}

t.test('what is new is done once by one of the primaries, and once more by all', async (t) => {
  const shares = await Promise.all([0, 1, 2].map((place) => follow(new Log(250), { place, primaries: 3 })))
  const own = shares.flat()
  t.equal(own.length, 250)
  t.equal(new Set(own).size, 250)
  const log = new Log(250)
  await follow(log, { place: 1, primaries: 3 })
  const again = await follow(log, { place: 1, primaries: 3 })
  t.equal(again.filter((one) => one.startsWith('all ')).length, 250)
  t.same(await follow(log, { place: 1, primaries: 3 }), [], 'and then no more')
})

t.test('the point stays before what could not be done, and what comes after it need not wait', async (t) => {
  const log = new Log(10)
  await follow(log)
  const act = (name: string) => (name === 'o4' ? 'later' : 'done')
  t.equal((await follow(log, { act })).length, 10)
  t.equal(log.points.get('all test'), 4)
  t.same(await follow(log, { act }), ['all o4', 'all o5', 'all o6', 'all o7', 'all o8', 'all o9'])
  await follow(log)
  t.equal(log.points.get('all test'), 10)
})

t.test('whoever stops, fails or dies at any point leaves no change undone', async (t) => {
  const script = fc.array(fc.record({ budget: fc.nat(12), fails: fc.nat(9), dies: fc.boolean() }), {
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 5 }),
      script,
      async (count, lanes, passes) => {
        const log = new Log(count)
        const done = new Set<string>()
        for (const { budget, fails, dies } of passes) {
          let acts = 0
          const act = (name: string) => {
            acts += 1
            if (dies && acts > budget) throw new Error('dead')
            if (acts % 10 === fails) return 'later' as const
            done.add(name)
            return 'done' as const
          }
          await follow(log, { lanes, act, isOver: () => acts > budget }).catch(() => {})
        }
        const rest = (name: string) => {
          done.add(name)
          return 'done' as const
        }
        await follow(log, { lanes, act: rest })
        await follow(log, { lanes, act: rest })
        return done.size === count
      },
    ),
    { numRuns: 100 },
  )
  t.pass('every change was done')
})
