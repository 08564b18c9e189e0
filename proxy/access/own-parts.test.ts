/** Goal: who may read an object reads its parts through it, and no part of any other. */
import t from 'tap'
import { parseTimestamp } from '#base/timestamp.ts'
import { partNameOf } from '#store/multipart/upload-names.ts'
import type { ObjectName } from '#store/operation.ts'
import { isPartOf } from './own-parts.ts'

const OBJECT: ObjectName = { account: 'AUTH_test', container: 'box', object: 'folder/key' }
const UPLOAD_ID = '0123456789abcdef'.repeat(3)
const SENT_AT = parseTimestamp('1700000000.00000')
if (SENT_AT === undefined) throw new Error('no timestamp')
const partOf = (object: ObjectName): ObjectName => partNameOf(object, UPLOAD_ID, 7, SENT_AT)

t.test('the parts of its uploads', (t) => {
  t.ok(isPartOf(OBJECT, partOf(OBJECT)))
  const long = { ...OBJECT, object: 'k'.repeat(1024) }
  t.ok(isPartOf(long, partOf(long)))
  const bySwift = { ...OBJECT, container: 'box+segments', object: 'folder/key/NzE2ZTlk/12' }
  t.ok(isPartOf(OBJECT, bySwift), 'as OpenStack Swift’s gateway stores them')
  t.end()
})

t.test('nothing else', (t) => {
  const others: readonly ObjectName[] = [
    OBJECT,
    partOf({ ...OBJECT, object: 'folder/key2' }),
    partOf({ ...OBJECT, object: 'folder/key/below' }),
    partOf({ ...OBJECT, object: 'folder' }),
    partOf({ ...OBJECT, container: 'other' }),
    partOf({ ...OBJECT, account: 'AUTH_other' }),
    { ...partOf(OBJECT), container: 'box' },
    { ...OBJECT, container: 'box+segments', object: 'folder/key/' },
    { ...OBJECT, container: 'box+segments', object: 'folder/key//1' },
    { ...OBJECT, container: 'box+segments', object: 'folder/key/id/name' },
  ]
  for (const other of others) t.notOk(isPartOf(OBJECT, other), other.object)
  t.notOk(isPartOf({ account: 'AUTH_test', container: 'box' }, partOf(OBJECT)))
  t.end()
})
