import fc from 'fast-check'
import t from 'tap'
import { Placement, StorageNodes } from '#cluster/placement.ts'
import { containerUpdatesNeeded, copiesWithoutStandIn, quorumSize } from '#cluster/quorum.ts'
import { Ring } from '#ring/ring.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import { dealTargets } from './update-targets.ts'

/** Replica 0 on d2, replica 1 on d3, and so on. */
function placement(replicas: number): Placement {
  const { devices, partPower } = buildSimpleRing({ devices: 8, partPower: 2, replicas: 1 })
  const assignments = Array.from({ length: replicas }, (_, replica) => new Uint16Array(4).fill(replica + 1))
  return Placement.at(
    new Ring({ partPower, version: 1, devices, assignments }),
    1,
    new StorageNodes(() => false),
  )
}

t.test('with as many copies as servers each copy names one', async (t) => {
  t.same(dealTargets(3, { prefix: 'x-container', placement: placement(3), namings: 3, from: 'first' }), [
    { 'x-container-partition': '1', 'x-container-host': '127.0.0.1:6201', 'x-container-device': 'd2' },
    { 'x-container-partition': '1', 'x-container-host': '127.0.0.1:6202', 'x-container-device': 'd3' },
    { 'x-container-partition': '1', 'x-container-host': '127.0.0.1:6203', 'x-container-device': 'd4' },
  ])
})

t.test('more servers than copies are named together, and fewer leave copies without', async (t) => {
  const [one, two] = dealTargets(2, {
    prefix: 'x-account',
    placement: placement(3),
    namings: 3,
    from: 'first',
  })
  t.equal(one?.['x-account-host'], '127.0.0.1:6201,127.0.0.1:6203')
  t.equal(one?.['x-account-device'], 'd2,d4')
  t.equal(two?.['x-account-device'], 'd3')
  const dealt = dealTargets(3, { prefix: 'x-delete-at', placement: placement(1), namings: 1, from: 'last' })
  t.same(
    dealt.map((headers) => headers['x-delete-at-device']),
    [undefined, undefined, 'd2'],
  )
})

t.test(
  'every server is named, and a quorum of rows survives when only a quorum of objects does its part',
  async () => {
    const count = fc.integer({ min: 1, max: 5 })
    fc.assert(
      fc.property(count, count, (containers, objects) => {
        const namings = containerUpdatesNeeded(containers, objects)
        const target = placement(containers)
        const dealt = dealTargets(objects, {
          prefix: 'x-container',
          placement: target,
          namings,
          from: 'first',
        })
        const named = dealt.flatMap((headers) => headers['x-container-device']?.split(',') ?? [])
        return target.primaries.every(({ device }) => named.includes(device)) && named.length === namings
      }),
    )
  },
)

t.test('without handoffs every server is named whichever quorum of copies is written', async (t) => {
  for (const copies of [1, 2, 3, 4, 5]) {
    const target = placement(3)
    const dealt = dealTargets(copies, {
      prefix: 'x-container',
      placement: target,
      namings: containerUpdatesNeeded(3, copies),
      from: 'first',
      copiesEach: 1 + copiesWithoutStandIn(copies, 0),
    })
    for (const written of subsets(copies, quorumSize(copies))) {
      const named = new Set(written.flatMap((copy) => dealt[copy]?.['x-container-device']?.split(',') ?? []))
      t.same([...named].toSorted(), ['d2', 'd3', 'd4'], `copies ${written.join(' and ')} of ${copies}`)
    }
  }
})

/** All sets of `size` numbers below `count`. */
function subsets(count: number, size: number): readonly (readonly number[])[] {
  if (size === 0) return [[]]
  return Array.from({ length: count }, (_, last) =>
    subsets(last, size - 1).map((rest) => [...rest, last]),
  ).flat()
}
