import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { balanceByDevice, WORST_BALANCE, worstBalance } from './balance.ts'
import {
  addDevices,
  type Builder,
  builderFromRing,
  changeDevices,
  createBuilder,
  minutesUntilMovable,
  pretendMinPartHoursPassed,
  type Refusal,
  rebalanced,
  removeDevices,
  ringOf,
  setMinPartHours,
  setOverload,
  setReplicas,
} from './builder.ts'
import { parseBuilder, serialiseBuilder } from './builder-file.ts'
import type { NewDevice } from './device.ts'
import { dispersionOf } from './dispersion.ts'
import { buildSimpleRing } from './simple-ring.ts'
import { problemsOf } from './validation.ts'

const HOUR_MS = 3_600_000
const START_MS = 1_700_000_000_000

function ok<T extends { readonly kind: string }>(result: T | Refusal): Exclude<T, Refusal> {
  if (result.kind === 'refused') throw new Error((result as Refusal).reason)
  return result as Exclude<T, Refusal>
}

function device(zone: number, host = 1, weight = 100): NewDevice {
  return { region: 1, zone, ip: `10.0.${zone}.${host}`, port: 6200, device: 'sda', weight }
}

const zones = (count: number): NewDevice[] => Array.from({ length: count }, (_, at) => device(at + 1))

function built(devices: readonly NewDevice[], replicas = 3, partPower = 6): Builder {
  const empty = ok(createBuilder({ partPower, replicas, minPartHours: 1 }))
  return ok(rebalanced(ok(addDevices(empty, devices)), { seed: 'first', nowMs: START_MS })).builder
}

t.test('devices get the lowest free ids, and ids of removed devices are free after the rebalance', (t) => {
  const four = built(zones(4))
  const marked = ok(removeDevices(four, [1]))
  t.equal(ok(addDevices(marked, [device(9)])).devices[4]?.zone, 9, 'still taken while it waits for removal')
  const three = ok(rebalanced(marked, { seed: '', nowMs: START_MS })).builder
  t.equal(three.devices[1], undefined)
  t.equal(ok(addDevices(three, [device(9)])).devices[1]?.zone, 9)
  t.end()
})

t.test('what cannot be is refused with a sentence, and the builder stays as it was', (t) => {
  const four = built(zones(4))
  const reasons = [
    createBuilder({ partPower: 40, replicas: 3, minPartHours: 1 }),
    createBuilder({ partPower: 4, replicas: 0.5, minPartHours: 1 }),
    createBuilder({ partPower: 4, replicas: 3, minPartHours: -1 }),
    addDevices(four, [device(1)]),
    addDevices(four, [device(5, 1, -1)]),
    addDevices(four, [{ ...device(5), port: 70_000 }]),
    addDevices(four, [{ ...device(5), device: 'a/b' }]),
    removeDevices(four, [9]),
    changeDevices(four, [0], { ip: '10.0.2.1' }),
    changeDevices(ok(removeDevices(four, [0])), [0], { weight: 1 }),
    setOverload(four, Number.NaN),
    rebalanced(ok(removeDevices(four, [0, 1])), { seed: '', nowMs: 0 }),
  ]
  t.same(
    reasons.map((result) => (result.kind === 'refused' ? result.reason : 'accepted')),
    [
      'part power must be a whole number from 0 to 26, not 40',
      'replicas must be a number from 1, not 0.5',
      'min part hours must be a whole number from 0, not -1',
      'r1z1-10.0.1.1:6200/sda is in the ring already',
      'weight of r1z5-10.0.5.1:6200/sda must be a number from 0',
      'ports of r1z5-10.0.5.1:70000/sda must be 1 to 65535',
      'r1z5-10.0.5.1:6200/a/b needs a device name without slashes',
      'there is no device 9',
      'device 1 is r1z2-10.0.2.1:6200/sda already',
      'device 0 is marked for removal',
      'overload must be a number from 0, not NaN',
      '3 replicas need at least 3 devices with weight, not 2',
    ],
  )
  t.end()
})

t.test(
  'a partition moves again only after min part hours, or when they are pretended to have passed',
  (t) => {
    const four = built(zones(4))
    const grown = ok(addDevices(four, [device(5)]))
    const soon = ok(rebalanced(grown, { seed: 'a', nowMs: START_MS + HOUR_MS / 2 }))
    t.equal(soon.outcome.movedReplicas, 0)
    t.ok(soon.outcome.unfinishedReplicas > 0, 'it says what is left to do')
    t.equal(minutesUntilMovable(four, START_MS + HOUR_MS / 2), 30)
    t.equal(ok(rebalanced(grown, { seed: 'a', nowMs: START_MS + HOUR_MS })).outcome.unfinishedReplicas, 0)
    const pretended = pretendMinPartHoursPassed(grown)
    t.equal(minutesUntilMovable(pretended, START_MS), 0)
    t.equal(ok(rebalanced(pretended, { seed: 'a', nowMs: START_MS })).outcome.unfinishedReplicas, 0)
    t.equal(ok(setMinPartHours(grown, 0)).minPartHours, 0)
    t.end()
  },
)

t.test('replicas of a removed device move at once, only those, and the others of the partition stay', (t) => {
  const before = built(zones(5))
  const held = balanceByDevice(before)[2]?.partitions
  const { builder, outcome } = ok(rebalanced(ok(removeDevices(before, [2])), { seed: 'a', nowMs: START_MS }))
  t.equal(outcome.movedReplicas, held)
  t.equal(outcome.movedPartitions, held)
  t.same(problemsOf(builder), [])
  t.end()
})

t.test('a device of weight 0 is emptied, one replica of a partition at a time', (t) => {
  const before = built(zones(5))
  const drained = pretendMinPartHoursPassed(ok(changeDevices(before, [2], { weight: 0 })))
  const { builder, outcome } = ok(rebalanced(drained, { seed: 'a', nowMs: START_MS }))
  t.equal(balanceByDevice(drained)[2]?.balance, WORST_BALANCE)
  t.equal(balanceByDevice(builder)[2]?.partitions, 0)
  t.equal(outcome.movedReplicas, outcome.movedPartitions)
  t.equal(builder.devices[2]?.weight, 0, 'it stays in the ring')
  t.end()
})

t.test('the number of replicas grows and shrinks, by fractions too', (t) => {
  const three = built(zones(6))
  const more = ok(rebalanced(ok(setReplicas(three, 3.5)), { seed: 'a', nowMs: START_MS })).builder
  t.equal(ringOf(more)?.replicaCount, 3.5)
  t.same([...more.table.subarray(0, 192)], [...three.table], 'the replicas there were stay where they are')
  t.same(problemsOf(more), [])
  const fewer = ok(rebalanced(ok(setReplicas(more, 2)), { seed: 'a', nowMs: START_MS + 9 * HOUR_MS })).builder
  t.equal(ringOf(fewer)?.replicaCount, 2)
  t.same(problemsOf(fewer), [])
  t.end()
})

t.test('overload lets light zones take more so that replicas lie further apart', (t) => {
  const uneven = [device(1, 1, 50), device(2, 1, 100), device(3, 1, 100), device(3, 2, 100)]
  const byWeight = built(uneven, 3, 8)
  t.ok(dispersionOf(byWeight).dispersion > 0)
  t.ok(worstBalance(byWeight) < 1)
  const { requiredOverload } = dispersionOf(byWeight)
  const empty = ok(
    setOverload(ok(createBuilder({ partPower: 8, replicas: 3, minPartHours: 1 })), requiredOverload),
  )
  const apart = ok(rebalanced(ok(addDevices(empty, uneven)), { seed: '', nowMs: 0 })).builder
  t.equal(dispersionOf(apart).dispersion, 0)
  t.ok(worstBalance(apart) <= requiredOverload * 100 + 0.01)
  t.end()
})

t.test('dispersion counts the partitions of every tier by their replicas there', (t) => {
  const two = built([device(1), device(2), device(2, 2)], 3, 4)
  const report = dispersionOf(two)
  t.equal(report.dispersion, 0, 'two of three replicas must be in one of two zones')
  const zone2 = report.tiers.find(({ tier }) => tier === 'r1z2')
  t.same(zone2, { tier: 'r1z2', level: 1, most: 2, partitionsByReplicas: [0, 0, 16, 0], atRiskPercent: 0 })
  t.end()
})

t.test('validation names a device that has a partition twice and one that is gone', (t) => {
  const four = built(zones(4))
  const table = four.table.slice()
  table[0] = table[64] as number
  t.match(problemsOf({ ...four, table }), [/^device \d has two replicas of partition 0$/])
  const devices = four.devices.with(3, undefined)
  const problems = problemsOf({ ...four, devices })
  t.match(problems[0], /^replica \d of partition \d+ is on device 3, which is not there$/)
  t.equal(problems.length, 21, 'a long list is cut')
  t.same(problemsOf(ok(createBuilder({ partPower: 2, replicas: 1, minPartHours: 0 }))), [
    'no partition is assigned; rebalance first',
  ])
  t.end()
})

t.test('a builder continues from a ring: nothing moves that need not', (t) => {
  const ring = buildSimpleRing({ devices: 6, partPower: 8, replicas: 3.25 })
  const builder = builderFromRing(ring, 1)
  t.equal(builder.replicas, 3.25)
  t.equal(ok(rebalanced(builder, { seed: 'a', nowMs: START_MS })).outcome.movedReplicas, 0)
  t.same(ringOf(builder)?.assignments, ring.assignments)
  t.end()
})

t.test('a builder file gives back the same builder, and the same bytes every time', (t) => {
  const builder = ok(removeDevices(built(zones(5), 2.5), [4]))
  const file = serialiseBuilder(builder)
  t.same(parseBuilder(file), builder)
  t.ok(serialiseBuilder(parseBuilder(file) as Builder).equals(file))
  t.end()
})

t.test('builder files of version 1 can be read for ever', (t) => {
  const parsed = parseBuilder(readFileSync(join(import.meta.dirname, 'testdata', 'version-1.builder')))
  t.match(parsed, {
    kind: 'builder',
    partPower: 4,
    replicas: 2.5,
    minPartHours: 1,
    overload: 0.1,
    version: 7,
  })
  const { removedIds, devices, table } = parsed as Builder
  t.same([...removedIds], [3])
  t.equal(devices[2]?.meta, 'étagère 3')
  t.equal(table.length, 40)
  t.end()
})

t.test('a broken builder file is refused with its reason', (t) => {
  const whole = gunzipSync(serialiseBuilder(built(zones(4))))
  const reasonOf = (unpacked: Buffer): string => {
    const parsed = parseBuilder(gzipSync(unpacked))
    return parsed.kind === 'broken' ? parsed.reason : 'accepted'
  }
  const changed = (from: string, to: string): Buffer =>
    Buffer.from(whole.toString('latin1').replace(from, to), 'latin1')
  t.match(parseBuilder(Buffer.from('?')), { reason: 'it is not a builder file of martlet' })
  t.equal(reasonOf(changed('MRTB', 'R1NG')), 'it is not a builder file of martlet')
  t.equal(reasonOf(changed('MRTB\0\x01', 'MRTB\0\x09')), 'it is of version 9; 1 is known')
  t.equal(reasonOf(whole.subarray(0, 50)), 'its metadata is not a JSON object')
  t.equal(reasonOf(whole.subarray(0, whole.length - 1)), 'its table is cut off')
  t.equal(reasonOf(changed('"replicas":3', '"replicas":"')), 'its metadata is not a JSON object')
  t.equal(
    reasonOf(changed('"overload":0', '"overload":[]'.slice(0, 12))),
    'its metadata is not a JSON object',
  )
  t.end()
})
