import t from 'tap'
import { Ring } from '#ring/ring.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import { RingPlacement, StorageNodes } from './placement.ts'
import { hostOf } from './storage-node.ts'
import { SALT } from './testing/fake-nodes.ts'

const NAME = { account: 'a', container: 'c', object: 'o' }

t.test('a placement is worked out once, until the ring changes', async (t) => {
  let ring = buildSimpleRing({ devices: 5, partPower: 3, replicas: 3 })
  const nodes = new StorageNodes(() => false)
  const placement = new RingPlacement({ salt: SALT, ring: () => ring, nodes })
  const before = placement.of(NAME)
  t.equal(placement.of(NAME), before)
  const { partPower, devices, assignments } = ring
  ring = new Ring({ partPower, version: 2, devices, assignments: assignments.slice(0, 2) })
  const after = placement.of(NAME)
  t.equal(after.primaries.length, 2)
  t.equal(after.primaries[0], before.primaries[0], 'the same device is the same node')
})

t.test('as many handoffs are asked as there are primaries, none of them a primary', async (t) => {
  const ring = buildSimpleRing({ devices: 10, partPower: 3, replicas: 3 })
  const place = new RingPlacement({ salt: SALT, ring: () => ring, nodes: new StorageNodes(() => false) }).of(
    NAME,
  )
  t.equal(place.handoffs.length, 3)
  t.notOk(place.handoffs.some((node) => place.primaries.includes(node)))
  const small = buildSimpleRing({ devices: 4, partPower: 3, replicas: 3 })
  const few = new RingPlacement({ salt: SALT, ring: () => small, nodes: new StorageNodes(() => false) }).of(
    NAME,
  )
  t.equal(few.handoffs.length, 1)
})

t.test('the primary of this process comes first for reads, and stays in its place for writes', async (t) => {
  const ring = buildSimpleRing({ devices: 3, partPower: 3, replicas: 3 })
  const remote = new RingPlacement({ salt: SALT, ring: () => ring, nodes: new StorageNodes(() => false) }).of(
    NAME,
  )
  const last = remote.primaries[2]?.port
  const nodes = new StorageNodes(({ port }) => port === last)
  const place = new RingPlacement({ salt: SALT, ring: () => ring, nodes }).of(NAME)
  t.equal(place.primariesLocalFirst[0]?.port, last)
  t.same(
    place.primaries.map(({ port }) => port),
    remote.primaries.map(({ port }) => port),
  )
})

t.test('addresses of IPv6 stand in brackets where a port follows', async (t) => {
  const node = {
    host: 'fe80::1',
    port: 1,
    key: '',
    device: '',
    region: 1,
    zone: 1,
    locality: 'elsewhere',
  } as const
  t.equal(hostOf(node), '[fe80::1]:1')
  t.equal(hostOf({ ...node, host: '10.0.0.1' }), '10.0.0.1:1')
})
