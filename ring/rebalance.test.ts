import fc from 'fast-check'
import t from 'tap'
import { worstBalance } from './balance.ts'
import {
  addDevices,
  type Builder,
  changeDevices,
  createBuilder,
  pretendMinPartHoursPassed,
  type Refusal,
  rebalanced,
  removeDevices,
  setOverload,
} from './builder.ts'
import type { NewDevice } from './device.ts'
import { heldByDevice } from './rebalance.ts'
import { problemsOf } from './validation.ts'

function ok<T extends { readonly kind: string }>(result: T | Refusal): Exclude<T, Refusal> {
  if (result.kind === 'refused') throw new Error((result as Refusal).reason)
  return result as Exclude<T, Refusal>
}

interface Topology {
  readonly partPower: number
  readonly replicas: number
  readonly overload: number
  readonly devices: readonly NewDevice[]
}

/** What a device may lack so that its zone or host holds no partition twice. */
const TIER_ROUNDING = 0.05
/** In rings with fractions of replicas a handful may find no way that moves only one replica of each partition. */
const UNFINISHED_PART = 0.005
/** The same clusters in every run; to look for others, take it out. */
const SEED = 2026

const place = fc.record({
  region: fc.integer({ min: 1, max: 2 }),
  zone: fc.integer({ min: 1, max: 4 }),
  ip: fc.integer({ min: 1, max: 4 }).map((host) => `10.0.0.${host}`),
  weight: fc.constantFrom(10, 50, 100, 100, 100, 250),
})

/** Clusters of 6 to 30 devices, even and odd, with whole and fractional replicas. */
const topologies: fc.Arbitrary<Topology> = fc.record({
  partPower: fc.integer({ min: 6, max: 9 }),
  replicas: fc.constantFrom(1, 2, 3, 3, 3.5, 2.25, 4),
  overload: fc.constantFrom(0, 0, 0.1, 1),
  devices: fc
    .array(place, { minLength: 6, maxLength: 30 })
    .map((places) => places.map((one, at) => ({ ...one, port: 6200, device: `d${at}` }))),
})

function first({ partPower, replicas, overload, devices }: Topology): Builder {
  const empty = ok(setOverload(ok(createBuilder({ partPower, replicas, minPartHours: 1 })), overload))
  return ok(rebalanced(ok(addDevices(empty, devices)), { seed: 'first', nowMs: 0 })).builder
}

const HOUR_MS = 3_600_000

function moves(before: Builder, after: Builder): Map<number, number> {
  const byPartition = new Map<number, number>()
  const partitions = 2 ** before.partPower
  for (let slot = 0; slot < before.table.length; slot += 1) {
    if (before.table[slot] === after.table[slot]) continue
    byPartition.set(slot % partitions, (byPartition.get(slot % partitions) ?? 0) + 1)
  }
  return byPartition
}

t.test(
  'any cluster: every replica is placed, no device holds a partition twice, every device has its share',
  (t) => {
    fc.assert(
      fc.property(topologies, (topology) => {
        const builder = first({ ...topology, overload: 0 })
        if (problemsOf(builder).length > 0) return false
        const held = heldByDevice(builder.table, builder.devices.length)
        const weights = topology.devices.reduce((sum, { weight }) => sum + weight, 0)
        const partitions = 2 ** topology.partPower
        return topology.devices.every(({ weight }, id) => {
          const share = Math.min(partitions, (builder.table.length * weight) / weights)
          return (held[id] as number) >= Math.floor(share * (1 - TIER_ROUNDING)) - 1
        })
      }),
      { numRuns: 150, seed: SEED },
    )
    t.end()
  },
)

t.test('the same input and seed give the same ring, another seed another one as well balanced', (t) => {
  fc.assert(
    fc.property(topologies, (topology) => {
      const devices = ok(addDevices(ok(createBuilder({ ...topology, minPartHours: 1 })), topology.devices))
      const [one, two, other] = ['a', 'a', 'b'].map(
        (seed) => ok(rebalanced(devices, { seed, nowMs: 0 })).builder,
      )
      return (
        Buffer.compare(bytes(one), bytes(two)) === 0 &&
        worstBalance(one as Builder) === worstBalance(other as Builder)
      )
    }),
    { numRuns: 50, seed: SEED },
  )
  t.end()
})

function bytes(builder: Builder | undefined): Buffer {
  const table = (builder as Builder).table
  return Buffer.from(table.buffer, table.byteOffset, table.byteLength)
}

t.test('a ring that needs no change gets none', (t) => {
  fc.assert(
    fc.property(topologies, (topology) => {
      const again = ok(rebalanced(first(topology), { seed: 'again', nowMs: 9 * HOUR_MS }))
      return again.outcome.movedReplicas === 0 && again.outcome.unfinishedReplicas === 0
    }),
    { numRuns: 100, seed: SEED },
  )
  t.end()
})

t.test('whatever changes, a rebalance moves at most one replica of a partition that lost none', (t) => {
  fc.assert(
    fc.property(
      topologies,
      fc.array(place, { maxLength: 3 }),
      fc.nat(5),
      fc.nat(5),
      (topology, added, heavier, gone) => {
        const before = first(topology)
        const grown = ok(
          addDevices(
            before,
            added.map((one, at) => ({ ...one, port: 6200, device: `new${at}` })),
          ),
        )
        const weighed = ok(changeDevices(grown, [heavier], { weight: 400 }))
        const changed = topology.replicas <= 4 ? ok(removeDevices(weighed, [gone])) : weighed
        const result = rebalanced(changed, { seed: 'next', nowMs: 9 * HOUR_MS })
        if (result.kind === 'refused') return true
        const lost = lostReplicas(before, gone)
        const sound = problemsOf(result.builder).length === 0
        return (
          sound &&
          [...moves(before, result.builder)].every(([at, count]) => count <= Math.max(1, lost.get(at) ?? 0))
        )
      },
    ),
    { numRuns: 150, seed: SEED },
  )
  t.end()
})

function lostReplicas({ table, partPower }: Builder, gone: number): Map<number, number> {
  const lost = new Map<number, number>()
  for (const [slot, id] of table.entries()) if (id === gone) lost.set(slot % 2 ** partPower, 1)
  return lost
}

t.test('within min part hours only the replicas of removed devices move', (t) => {
  fc.assert(
    fc.property(topologies, (topology) => {
      const before = first(topology)
      const changed = ok(removeDevices(ok(changeDevices(before, [1], { weight: 500 })), [0]))
      const result = rebalanced(changed, { seed: 'soon', nowMs: HOUR_MS / 2 })
      if (result.kind === 'refused') return true
      return before.table.every((id, slot) => (result.builder.table[slot] === id) === (id !== 0))
    }),
    { numRuns: 100, seed: SEED },
  )
  t.end()
})

t.test('after any change, a few rebalances reach the balance of a ring made afresh', (t) => {
  fc.assert(
    fc.property(topologies, place, (topology, added) => {
      const change = (builder: Builder): Builder =>
        ok(addDevices(builder, [{ ...added, port: 6200, device: 'new' }]))
      let builder = change(first({ ...topology, partPower: 9 }))
      let left = 0
      for (let round = 0; round < 4; round += 1) {
        const result = ok(
          rebalanced(pretendMinPartHoursPassed(builder), { seed: `${round}`, nowMs: HOUR_MS }),
        )
        builder = result.builder
        left = result.outcome.unfinishedReplicas
      }
      return left <= builder.table.length * UNFINISHED_PART
    }),
    { numRuns: 60, seed: SEED },
  )
  t.end()
})

function largeCluster(count: number, firstId: number): NewDevice[] {
  return Array.from({ length: count }, (_, at) => {
    const id = firstId + at
    const zone = id % 5
    const host = Math.floor(id / 5) % 10
    const weight = 4000 + ((id * 7) % 8) * 2000
    return {
      region: zone < 3 ? 1 : 2,
      zone,
      ip: `10.0.${zone}.${host}`,
      port: 6200,
      device: `d${id}`,
      weight,
    }
  })
}

t.test('one per cent more capacity moves no more than its share, and stays balanced', (t) => {
  const topology = { partPower: 13, replicas: 3, overload: 0, devices: largeCluster(200, 0) }
  const before = first(topology)
  t.ok(worstBalance(before) < 1, `balance ${worstBalance(before)}`)
  const grown = ok(addDevices(before, largeCluster(2, 200)))
  const { builder, outcome } = ok(rebalanced(grown, { seed: 'grow', nowMs: 9 * HOUR_MS }))
  const newcomers = heldByDevice(builder.table, 202)
    .subarray(200)
    .reduce((sum, held) => sum + held, 0)
  t.ok(outcome.movedReplicas <= newcomers * 1.05, `${outcome.movedReplicas} moved for ${newcomers}`)
  t.equal(outcome.unfinishedReplicas, 0)
  t.ok(worstBalance(builder) < 1, `balance ${worstBalance(builder)}`)
  t.end()
})

t.test('a device shares partitions with many others, so that many help to restore it', (t) => {
  const builder = first({ partPower: 12, replicas: 3, overload: 0, devices: largeCluster(100, 0) })
  const peers = new Set<number>()
  for (let partition = 0; partition < 4096; partition += 1) {
    const ids = [0, 1, 2].map((replica) => builder.table[partition + replica * 4096] as number)
    if (ids.includes(7)) for (const id of ids) peers.add(id)
  }
  // It holds about 67 partitions, and 80 of the others are in other zones.
  t.ok(peers.size > 50, `${peers.size} of 80`)
  t.end()
})
