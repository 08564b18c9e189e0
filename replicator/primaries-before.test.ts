/** Who held a partition before the last change of the ring, also when that change halved it. */
import t from 'tap'
import type { RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import {
  formerHolders as formerDatabaseHolders,
  wasPrimaryBefore as hadDatabaseBefore,
} from './databases-parts.ts'
import { formerHolders, wasPrimaryBefore } from './objects-parts.ts'
import { primariesBefore } from './primaries-before.ts'

const device = (id: number): RingDevice =>
  ({ id, ip: `10.0.0.${id}`, port: 6200, device: `d${id}` }) as RingDevice
const [D1, D2, D3] = [device(1), device(2), device(3)] as [RingDevice, RingDevice, RingDevice]

/** `owners`: of each partition. */
function ring(partPower: number, owners: readonly (readonly RingDevice[])[]): Ring {
  return { partPower, devices: [D1, D2, D3], primaries: (at: number) => owners[at] ?? [] } as unknown as Ring
}

const BEFORE = ring(1, [[D1, D2], [D2]])

t.test('a partition was part of one before the part power grew', async (t) => {
  const grown = ring(2, [[D3, D2], [D3, D2], [D2], [D2]])
  t.same(primariesBefore({ ring: grown, previous: BEFORE }, 1), [D1, D2])
  t.same(primariesBefore({ ring: grown, previous: BEFORE }, 2), [D2])
  t.same(primariesBefore({ ring: BEFORE, previous: grown }, 1), [], 'it does not shrink')
  t.same(primariesBefore({ ring: grown, previous: undefined }, 1), [])
})

t.test('who holds it no more is still known as its former holder', async (t) => {
  const view = { ring: ring(2, [[D3, D2], [D3, D2], [D2], [D2]]), previous: BEFORE, self: D3 }
  const ownAddress = { host: D3.ip, port: D3.port, device: D3.device }
  t.same(formerHolders({ ...view, ownAddress }, 1), [D1])
  t.same(formerDatabaseHolders(view, 1), [D1])
  t.same(formerHolders({ ...view, ownAddress }, 3), [])
  t.notOk(wasPrimaryBefore({ ...view, ownAddress }, 1) || hadDatabaseBefore(view, 1))
  const ofFirst = { ...view, self: D1, ownAddress: { host: D1.ip, port: D1.port, device: D1.device } }
  t.ok(wasPrimaryBefore(ofFirst, 1) && hadDatabaseBefore(ofFirst, 1))
  t.notOk(wasPrimaryBefore(ofFirst, 2) || hadDatabaseBefore(ofFirst, 2))
})
