import t from 'tap'
import { at } from './index-contract.ts'
import { decodeInfo, encodeInfo, newInfo, statsOf } from './info.ts'
import { deletedRow, objectRows } from './object-row.ts'
import { recount } from './row-accounting.ts'

const CONTAINER = { account: 'a', container: 'c' }
/** As it was stored before births and days were noted. */
const BEFORE = {
  version: 1,
  name: CONTAINER,
  createdAt: at(1),
  putTimestamp: at(5),
  deleteTimestamp: at(3),
  statusChangedAt: at(4),
  status: 'live',
  policyIndex: 0,
  reported: { putTimestamp: at(5), deleteTimestamp: at(0), objects: 0, bytes: 0 },
  stats: [
    {
      policyIndex: 0,
      rows: 0,
      objects: 0,
      bytes: 0,
      tombstones: 1,
      live: '00'.repeat(16),
      deleted: 'ab'.repeat(16),
    },
  ],
  sequence: 7,
}

t.test('info is read as it was written', async (t) => {
  const stats = recount(objectRows, new Map(), undefined, deletedRow('x', 0, at(86_400)))
  const info = { ...newInfo(CONTAINER, at(1), 0), stats }
  t.same(decodeInfo(encodeInfo(info)), info)
  t.same([...statsOf(info, 0).tombstoneDays.keys()], [1])
})

t.test('info of before births and days were noted is read, and its rows can go', async (t) => {
  const info = decodeInfo(Buffer.from(JSON.stringify(BEFORE)))
  t.equal(info.bornAt, at(4))
  t.equal(decodeInfo(Buffer.from(JSON.stringify({ ...BEFORE, deleteTimestamp: at(9) }))).bornAt, at(1))
  const after = recount(objectRows, info.stats, deletedRow('x', 0, at(2)), undefined)
  t.match(after.get(0), { tombstones: 0, tombstoneDays: new Map() })
})

t.test('info of a version that is not known is refused', async (t) => {
  t.throws(() => decodeInfo(Buffer.from('{"version":9}')), /version 9/)
})
