import fc from 'fast-check'
import t from 'tap'
import { clampedShares } from './clamped-shares.ts'
import { completeDevice } from './device.ts'
import { parseDeviceQuery, parseNewDevice, searchDevices } from './device-search.ts'
import { SeededRandom } from './seeded-random.ts'
import { topologyOf } from './topology.ts'

t.test('clamped shares add up, keep their bounds, and are by weight where the bounds allow', (t) => {
  const share = fc
    .record({ weight: fc.integer({ min: 1, max: 1000 }), least: fc.nat(2), extra: fc.nat(3) })
    .map(({ weight, least, extra }) => ({ weight, least, most: least + extra }))
  fc.assert(
    fc.property(
      fc.array(share, { minLength: 1, maxLength: 20 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (shares, part) => {
        const least = shares.reduce((sum, one) => sum + one.least, 0)
        const most = shares.reduce((sum, one) => sum + one.most, 0)
        const total = least + (most - least) * part
        const amounts = clampedShares(total, shares)
        const sum = amounts.reduce((a, b) => a + b, 0)
        const within = amounts.every((amount, at) => {
          const { least: low, most: high } = shares[at] as (typeof shares)[number]
          return amount >= low - 1e-9 && amount <= high + 1e-9
        })
        return within && Math.abs(sum - total) < 1e-6
      },
    ),
  )
  t.same(
    clampedShares(
      4,
      [1, 2, 1].map((weight) => ({ weight, least: 0, most: 9 })),
    ),
    [1, 2, 1],
  )
  t.same(
    clampedShares(
      9,
      [1, 1].map((weight) => ({ weight, least: 0, most: 2 })),
    ),
    [2, 2],
    'all at their most',
  )
  t.end()
})

t.test('the notation of devices names any part of them', (t) => {
  t.same(parseDeviceQuery('r1z2-10.0.0.1:6200R10.1.0.1:6300/sdb1_rack 7'), {
    region: 1,
    zone: 2,
    ip: '10.0.0.1',
    port: 6200,
    replicationIp: '10.1.0.1',
    replicationPort: 6300,
    device: 'sdb1',
    meta: 'rack 7',
  })
  t.same(parseDeviceQuery('d12'), { id: 12 })
  t.same(parseDeviceQuery('12'), { id: 12 })
  t.same(parseDeviceQuery('z3'), { zone: 3 })
  t.same(parseDeviceQuery('10.0.0.7'), { ip: '10.0.0.7' })
  t.same(parseDeviceQuery('[fe80::1]:6200'), { ip: 'fe80::1', port: 6200 })
  t.same(parseDeviceQuery(':6200'), { port: 6200 })
  t.same(parseDeviceQuery('R10.1.0.1'), { replicationIp: '10.1.0.1' })
  t.same(parseDeviceQuery('/sdb1'), { device: 'sdb1' })
  t.same(parseDeviceQuery('_rack'), { meta: 'rack' })
  t.same(parseDeviceQuery('z1-storage.example.org'), { zone: 1, ip: 'storage.example.org' })
  t.equal(parseDeviceQuery(''), undefined)
  t.equal(parseDeviceQuery('z1-::'), undefined)
  t.equal(parseNewDevice('z1-10.0.0.1:6200', 1), undefined, 'a new device needs a name')
  t.match(parseNewDevice('z1-10.0.0.1:6200/sda', 5), { region: 1, zone: 1, weight: 5, device: 'sda' })
  const devices = [1, 2].map((zone) =>
    completeDevice(
      { region: 1, zone, ip: 'h', port: 6200, device: 'sda', weight: 1, meta: `rack ${zone}` },
      zone,
    ),
  )
  t.same(searchDevices(devices, { ip: 'h', meta: 'ack 2' }), [devices[1]])
  t.end()
})

t.test('the tree of devices has a node for every region, zone, host and device', (t) => {
  const at = (id: number, region: number, zone: number, ip: string): ReturnType<typeof completeDevice> =>
    completeDevice({ region, zone, ip, port: 6200, device: `d${id}`, weight: 1 }, id)
  const tree = topologyOf([at(0, 2, 1, 'b'), undefined, at(2, 1, 1, 'a'), at(3, 1, 1, 'b'), at(4, 1, 1, 'a')])
  t.same(tree.names, [
    'cluster',
    'r1',
    'r1z1',
    'r1z1-a',
    'r1z1-a/d2',
    'r1z1-a/d4',
    'r1z1-b',
    'r1z1-b/d3',
    'r2',
    'r2z1',
    'r2z1-b',
    'r2z1-b/d0',
  ])
  t.same([...tree.paths.subarray(12, 16)], [1, 2, 6, 7])
  t.same(tree.children[2], [3, 6])
  t.end()
})

t.test('seeded chance is the same every time and covers its range', (t) => {
  const one = new SeededRandom('seed')
  const two = new SeededRandom('seed')
  const numbers = Array.from({ length: 1000 }, () => one.below(10))
  t.same(
    numbers,
    Array.from({ length: 1000 }, () => two.below(10)),
  )
  for (let digit = 0; digit < 10; digit += 1) t.ok(numbers.filter((n) => n === digit).length > 60)
  const list = Uint16Array.from({ length: 20 }, (_, at) => at)
  one.shuffle(list, 5, 15)
  t.same([...list.subarray(0, 5)], [0, 1, 2, 3, 4])
  t.same(
    [...list].toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, at) => at),
  )
  t.end()
})
