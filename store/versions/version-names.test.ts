/** Goal: names of versions are Swift's, sort newest first, and say what they stand for. */
import fc from 'fast-check'
import t from 'tap'
import { compareUtf8 } from '#base/names.ts'
import { parseTimestamp, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import {
  countedDown,
  versionedContainerOf,
  versionIdIn,
  versionIn,
  versionNameOf,
  versionsContainerOf,
} from './version-names.ts'

const ticks = fc.integer({ min: 0, max: 9_999_999_999_99999 })
const objects = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((name) => !name.includes('\0'))

function kept(object: string, id: Timestamp): string {
  return versionNameOf({ account: 'a', container: 'c', object }, versionsContainerOf('c'), id).object
}

t.test('names are those of OpenStack Swift', async (t) => {
  const id = parseTimestamp('1700000000.12345') as Timestamp
  t.equal(versionsContainerOf('box'), '\0versions\0box')
  t.equal(kept('folder/o', id), '\0folder/o\x008299999999.87654')
  t.equal(versionedContainerOf('\0versions\0box'), 'box')
  t.equal(versionedContainerOf('box'), undefined)
})

t.test('a name tells its object and its version', async () => {
  fc.assert(
    fc.property(objects, ticks, (object, at) => {
      const id = timestampFromTicks(at)
      const told = versionIn(kept(object, id))
      return told?.object === object && told.id === id && countedDown(countedDown(id)) === id
    }),
  )
})

t.test('of one object the newer version is listed first', async () => {
  fc.assert(
    fc.property(objects, ticks, ticks, (object, one, other) => {
      const order = compareUtf8(
        kept(object, timestampFromTicks(one)),
        kept(object, timestampFromTicks(other)),
      )
      return Math.sign(order) === Math.sign(other - one)
    }),
  )
})

t.test('what is no version is none', async (t) => {
  for (const name of [
    'o',
    '\0o',
    '\0o\0',
    '\0o\0later',
    'o\x008299999999.87654',
    '\0o\x008299999999.87654_0000000000000001',
  ]) {
    t.equal(versionIn(name), undefined)
  }
  t.equal(versionIdIn('1700000000.12345'), '1700000000.12345')
  t.equal(versionIdIn('1700000000'), '1700000000.00000')
  for (const written of ['', 'null', 'x', '1700000000.12345_0000000000000001'])
    t.equal(versionIdIn(written), undefined)
})
