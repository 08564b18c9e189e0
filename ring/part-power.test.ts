import t from 'tap'
import { addDevices, type Builder, createBuilder, type Rebalanced, rebalanced, ringOf } from './builder.ts'
import { cancelIncrease, finishIncrease, increasePartPower, prepareIncrease } from './part-power.ts'
import type { Ring } from './ring.ts'
import { parseRing, serialiseRing } from './ring-file.ts'

function builderOf(replicas: number): Builder {
  const devices = Array.from({ length: 6 }, (_, at) => {
    return { region: 1, zone: at, ip: `10.0.0.${at + 1}`, port: 6200, device: 'd', weight: 100 + at }
  })
  const empty = createBuilder({ partPower: 5, replicas, minPartHours: 1 }) as Builder
  return (rebalanced(addDevices(empty, devices) as Builder, { seed: '1', nowMs: 60_000 * 90 }) as Rebalanced)
    .builder
}

const HASHES = Array.from({ length: 200 }, (_, at) =>
  (at * 21_474_836).toString(16).padStart(8, '0').padEnd(32, '7'),
)

function devicesOf(builder: Builder): readonly (readonly number[])[] {
  const ring = ringOf(builder) as Ring
  return HASHES.map((hash) => ring.primaries(ring.partitionOf(hash)).map(({ id }) => id))
}

for (const replicas of [3, 2.5]) {
  t.test(`with ${replicas} replicas every name stays on its devices through all steps`, (t) => {
    const before = builderOf(replicas)
    const prepared = prepareIncrease(before) as Builder
    const increased = increasePartPower(prepared) as Builder
    const finished = finishIncrease(increased) as Builder
    for (const step of [prepared, increased, finished]) t.same(devicesOf(step), devicesOf(before))
    t.same([prepared.partPower, prepared.nextPartPower], [5, 6])
    t.same([increased.partPower, increased.nextPartPower], [6, 6])
    t.same([finished.partPower, finished.nextPartPower], [6, undefined])
    t.equal(finished.version, before.version + 3)
    t.same(finished.movedAtMinutes, new Uint32Array(64).fill(90), 'a half moved when its partition did')
    t.end()
  })
}

t.test('the ring file says where an increase goes', (t) => {
  const prepared = ringOf(prepareIncrease(builderOf(3)) as Builder) as Ring
  t.match(parseRing(serialiseRing(prepared)), { kind: 'ring', ring: { partPower: 5, nextPartPower: 6 } })
  t.end()
})

t.test('a prepared increase can be taken back, and then finished', (t) => {
  const before = builderOf(3)
  const cancelled = cancelIncrease(prepareIncrease(before) as Builder) as Builder
  t.same([cancelled.partPower, cancelled.nextPartPower], [5, 5])
  const finished = finishIncrease(cancelled) as Builder
  t.equal(finished.nextPartPower, undefined)
  t.same(devicesOf(finished), devicesOf(before))
  t.end()
})

t.test('steps out of their order are refused, and so is a rebalance in between', (t) => {
  const before = builderOf(3)
  const prepared = prepareIncrease(before) as Builder
  const increased = increasePartPower(prepared) as Builder
  const reasons = [
    increasePartPower(before),
    finishIncrease(before),
    cancelIncrease(before),
    prepareIncrease(prepared),
    finishIncrease(prepared),
    increasePartPower(increased),
    cancelIncrease(increased),
    rebalanced(prepared, { seed: '1', nowMs: 0 }),
    rebalanced(increased, { seed: '1', nowMs: 0 }),
  ]
  for (const refusal of reasons) t.match(refusal, { kind: 'refused', reason: String })
  t.end()
})
