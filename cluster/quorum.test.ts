import fc from 'fast-check'
import t from 'tap'
import {
  bestStatus,
  containerUpdatesNeeded,
  copiesWithoutStandIn,
  isDecided,
  majoritySize,
  quorumSize,
  readsToSeeEveryWrite,
} from './quorum.ts'

const replicas = fc.integer({ min: 1, max: 7 })
const statuses = (count: number): fc.Arbitrary<number[]> =>
  fc.array(fc.constantFrom(200, 201, 202, 204, 304, 404, 409, 412, 422, 500, 503, 507), {
    minLength: count,
    maxLength: count,
  })

t.test('the sizes are those of Swift', async (t) => {
  t.same([1, 2, 3, 4, 5, 6].map(quorumSize), [1, 1, 2, 2, 3, 3])
  t.same([1, 2, 3, 4, 5, 6].map(majoritySize), [1, 2, 2, 3, 3, 4])
  t.same([1, 2, 3, 4, 5].map(readsToSeeEveryWrite), [1, 2, 2, 3, 3])
})

t.test('any two majorities, and a write and as many reads as see it, share a replica', async () => {
  fc.assert(
    fc.property(replicas, (count) => {
      return majoritySize(count) * 2 > count && quorumSize(count) + readsToSeeEveryWrite(count) > count
    }),
  )
})

t.test(
  'partitions of a ring of 3.5 replicas have three or four, each with a quorum of its own',
  async (t) => {
    t.same(
      [3, 4].map((count) => bestStatus([201, 201, 503, 503].slice(0, count), count)),
      [201, 201],
    )
    t.equal(bestStatus([201, 503, 503, 503], 4), 503)
  },
)

t.test('the status given is one that was answered, and a quorum stands for its class', async () => {
  fc.assert(
    fc.property(
      replicas.chain((count) => fc.tuple(fc.constant(count), statuses(count))),
      ([count, answered]) => {
        const status = bestStatus(answered, count)
        const alike = answered.filter((one) => Math.floor(one / 100) === Math.floor(status / 100)).length
        return status === 503 || (answered.includes(status) && alike >= quorumSize(count))
      },
    ),
  )
})

t.test('once decided, no later answer changes success into anything else', async () => {
  fc.assert(
    fc.property(
      replicas.chain((count) => fc.tuple(fc.constant(count), statuses(count), fc.nat(count))),
      ([count, answered, early]) => {
        const first = answered.slice(0, early)
        if (!isDecided(first, count)) return true
        const [then, finallyGiven] = [bestStatus(first, count), bestStatus(answered, count)]
        return then >= 300 || Math.floor(finallyGiven / 100) === Math.floor(then / 100)
      },
    ),
  )
})

t.test('a copy that was not there counts for a delete only where that makes the quorum', async (t) => {
  const overrides = new Map([[404, 204]])
  t.equal(bestStatus([204, 404, 503], 3, overrides), 204)
  t.equal(bestStatus([404, 404, 204], 3, overrides), 404)
  t.equal(bestStatus([204, 204, 404], 3, overrides), 204)
  t.equal(bestStatus([204, 503, 503], 3, overrides), 503)
})

t.test('the highest status of the quorum is given, as Swift does', async (t) => {
  t.equal(bestStatus([201, 202, 201], 3), 202)
  t.equal(bestStatus([404, 409, 404], 3), 409)
  t.equal(bestStatus([], 3), 503)
})

t.test(
  'every container replica is named, and enough of them survive when a minority of objects fails',
  async (t) => {
    t.equal(containerUpdatesNeeded(3, 3), 3)
    t.equal(containerUpdatesNeeded(3, 5), 4)
    t.equal(containerUpdatesNeeded(5, 3), 5)
    t.equal(containerUpdatesNeeded(3, 1), 3)
  },
)

t.test('only a ring with few devices leaves a lost copy without a stand-in', async (t) => {
  t.equal(copiesWithoutStandIn(3, 3), 0)
  t.equal(copiesWithoutStandIn(3, 1), 0)
  t.equal(copiesWithoutStandIn(3, 0), 1)
  t.equal(copiesWithoutStandIn(1, 0), 0)
  t.equal(copiesWithoutStandIn(5, 1), 1)
})
