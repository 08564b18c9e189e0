import t from 'tap'
import { hashName } from '#base/names.ts'
import { completeDevice, deviceFromJson, deviceLabel, deviceToJson } from './device.ts'
import { Ring } from './ring.ts'
import { buildSimpleRing } from './simple-ring.ts'

t.test('a partition is the top bits of the hash, and its range of hashes holds it', (t) => {
  const ring = buildSimpleRing({ devices: 4, partPower: 8, replicas: 3 })
  const hash = hashName({ account: 'AUTH_test', container: 'c', object: 'o' }, { prefix: '', suffix: 'x' })
  const partition = ring.partitionOf(hash)
  t.equal(partition, Number.parseInt(hash.slice(0, 2), 16))
  const { first, end } = ring.partitionRange(partition)
  t.equal(first.length, 32)
  t.ok(first <= hash && (end === undefined || hash < end))
  t.equal(ring.partitionRange(0).first, '0'.repeat(32))
  t.equal(ring.partitionRange(255).end, undefined)
  t.end()
})

t.test('part powers 0 and 32 take none and all of the first 32 bits', (t) => {
  const devices = [completeDevice({ region: 1, zone: 1, ip: 'h', port: 1, device: 'd', weight: 1 }, 0)]
  const whole = new Ring({ partPower: 0, version: 1, devices, assignments: [new Uint16Array(1)] })
  t.equal(whole.partitionOf('f'.repeat(32)), 0)
  t.same(whole.partitionRange(0), { first: '0'.repeat(32), end: undefined })
  const finest = new Ring({ partPower: 32, version: 1, devices, assignments: [new Uint16Array(1)] })
  t.equal(finest.partitionOf('f'.repeat(32)), 0xffffffff)
  t.end()
})

t.test('a device that holds a partition twice is named once', (t) => {
  const devices = [1, 2].map((zone) =>
    completeDevice({ region: 1, zone, ip: `h${zone}`, port: 1, device: 'd', weight: 1 }, zone - 1),
  )
  const assignments = [Uint16Array.of(0, 1), Uint16Array.of(0, 0), Uint16Array.of(1)]
  const ring = new Ring({ partPower: 1, version: undefined, devices, assignments })
  t.same(ring.primaries(0), [devices[0], devices[1]])
  t.same(ring.primaries(1), [devices[1], devices[0]])
  t.equal(ring.replicaCount, 2.5)
  t.same([...ring.partitionsOf(1)], [0, 1])
  t.end()
})

t.test('handoffs are found one by one, and never a primary or the same device twice', (t) => {
  const ring = buildSimpleRing({ devices: 9, partPower: 6, replicas: 3 })
  for (let partition = 0; partition < ring.partitionCount; partition += 1) {
    const all = [...ring.primaries(partition), ...ring.handoffs(partition)]
    t.equal(new Set(all).size, 9)
  }
  const [first] = ring.handoffs(5)
  t.same(first, [...ring.handoffs(5)][0], 'the first can be had without the others')
  t.end()
})

t.test(
  'a ring for tests is there in milliseconds, with every replica of a partition in another zone',
  (t) => {
    const ring = buildSimpleRing({ devices: 4, partPower: 10, replicas: 3 })
    for (let partition = 0; partition < 1024; partition += 1) {
      t.equal(new Set(ring.primaries(partition).map(({ zone }) => zone)).size, 3)
    }
    const again = buildSimpleRing({ devices: 4, partPower: 10, replicas: 3 })
    t.same(again.assignments, ring.assignments, 'and it is the same every time')
    t.throws(() => buildSimpleRing({ devices: 2, partPower: 4, replicas: 3 }), {
      message: /at least 3 devices/,
    })
    t.end()
  },
)

t.test('a device survives the keys of ring files, old rings without regions included', (t) => {
  const device = completeDevice(
    { region: 2, zone: 3, ip: 'fe80::1', port: 6200, device: 'sdb', weight: 1.5, meta: 'été' },
    7,
  )
  t.same(deviceFromJson(deviceToJson(device), 7), device)
  t.equal(deviceLabel(device), 'r2z3-[fe80::1]:6200/sdb')
  t.match(deviceFromJson({ zone: 1, ip: 'h', port: 1, device: 'd', weight: 1 }, 0), {
    region: 1,
    replicationIp: 'h',
  })
  t.equal(
    deviceFromJson({ zone: 1, ip: 'h', port: '1', device: 'd', weight: 1 }, 4),
    'device 4 has no numeric port',
  )
  t.equal(deviceFromJson(deviceToJson(device), 6), 'device 6 says its id is 7')
  t.end()
})
