import t from 'tap'
import {
  addDevices,
  type Builder,
  builderFromRing,
  type Rebalanced,
  rebalanced,
  ringOf,
} from '#ring/builder.ts'
import { completeDevice, deviceLabel } from '#ring/device.ts'
import { type AssignmentRow, Ring } from '#ring/ring.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import { leastMoved, movedBetween, qualityOf } from './ring-quality.ts'
import { devicesOf, moreDevicesOf, RING_CASES } from './ring-topologies.ts'

t.test('what moved is counted by device, not by the place in the table', (t) => {
  const before = buildSimpleRing({ devices: 4, partPower: 6, replicas: 2 })
  t.equal(movedBetween(before, before), 0)
  const [first, second] = before.assignments
  const { partPower, version, devices } = before
  const turned = new Ring({ partPower, version, devices, assignments: [second, first] as AssignmentRow[] })
  t.equal(movedBetween(before, turned), 0)
  const device = { region: 1, zone: 5, ip: '127.0.0.1', port: 6209, device: 'd5', weight: 100 }
  const grown = addDevices(builderFromRing(before, 0), [device]) as Builder
  const after = ringOf((rebalanced(grown, { seed: '1', nowMs: 0 }) as Rebalanced).builder) as Ring
  t.equal(leastMoved(before, after), (64 * 2) / 5)
  t.equal(movedBetween(before, after), Math.floor((64 * 2) / 5))
  t.same(qualityOf(before), { balance: 0, dispersion: 0 })
  t.end()
})

t.test('every case has devices of its own places, the same every time, and more to add', (t) => {
  for (const one of RING_CASES.filter(({ devices }) => devices <= 2000)) {
    const all = [...devicesOf(one), ...moreDevicesOf(one)]
    const places = new Set(all.map((device) => deviceLabel(completeDevice(device, 0))))
    t.equal(places.size, one.devices + Math.ceil(one.devices / 100), one.name)
    t.same(devicesOf(one), devicesOf(one))
  }
  t.end()
})
