import fc from 'fast-check'
import t from 'tap'
import { type PartitionRange, RangeStates } from './range-states.ts'

const POWER_MAX = 5

/** The first hash of the n-th of 2 ** POWER_MAX equal parts. */
function hashOf(part: number): string {
  return (part * 2 ** (32 - POWER_MAX)).toString(16).padStart(8, '0').padEnd(32, '0')
}

function covers({ partPower, partition }: PartitionRange, part: number): boolean {
  return Math.floor(part / 2 ** (POWER_MAX - partPower)) === partition
}

const ranges = fc
  .integer({ min: 0, max: POWER_MAX })
  .chain((partPower) =>
    fc.record({ partPower: fc.constant(partPower), partition: fc.nat({ max: 2 ** partPower - 1 }) }),
  )

t.test('a hash has the state of the smallest range that was said anything of', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(ranges, fc.nat())), fc.nat({ max: 2 ** POWER_MAX - 1 }), (said, part) => {
      const states = new RangeStates<number>()
      for (const [range, state] of said) states.set(range, state)
      const fitting = said.filter(([range]) => covers(range, part))
      const finest = Math.max(-1, ...fitting.map(([{ partPower }]) => partPower))
      const expected = fitting.findLast(([{ partPower }]) => partPower === finest)?.[1]
      return states.ofHash(hashOf(part)) === expected
    }),
  )
  t.end()
})

t.test('the ranges within a range are those of a finer ring that its hashes fall into', (t) => {
  const states = new RangeStates<string>()
  for (const partition of [2, 3, 4]) states.set({ partPower: 3, partition }, 'known')
  states.set({ partPower: 1, partition: 0 }, 'known')
  t.same(states.within({ partPower: 2, partition: 1 }), [
    { partPower: 3, partition: 2 },
    { partPower: 3, partition: 3 },
  ])
  t.equal(states.of({ partPower: 2, partition: 1 }), 'known', 'by the larger range around it')
  t.equal(states.of({ partPower: 2, partition: 3 }), undefined)
  t.end()
})
