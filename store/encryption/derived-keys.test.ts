import { createHmac } from 'node:crypto'
import t from 'tap'
import { DerivedKeys } from './derived-keys.ts'

const ONE = Buffer.alloc(32, 1)
const TWO = Buffer.alloc(32, 2)
const BOTH = new Map([
  ['', ONE],
  ['two', TWO],
])
const NAME = { account: 'AUTH_test', container: 'c', object: 'o' }
const FOREIGN = { account: 'AUTH_test', container: 'é', object: 'ü/ö' }

function derived(secret: Buffer, path: string): Buffer {
  return createHmac('sha256', secret).update(path, 'utf8').digest()
}

t.test('keys come of the active secret and the path', async (t) => {
  const { id, container, object } = new DerivedKeys(BOTH, 'two').current(NAME)
  t.same(container, derived(TWO, '/AUTH_test/c'))
  t.same(object, derived(TWO, '/AUTH_test/c/o'))
  t.same(id, { v: '2', path: '/AUTH_test/c/o', secret_id: 'two' })
  t.notOk(Object.hasOwn(new DerivedKeys(BOTH, '').current(NAME).id, 'secret_id'))
})

t.test('an id leads back to its keys, whatever is active now', async (t) => {
  const before = new DerivedKeys(BOTH, '')
  const after = new DerivedKeys(BOTH, 'two')
  for (const name of [NAME, FOREIGN]) {
    const { id, object, container } = before.current(name)
    t.same(after.byId(name, id)?.object, object)
    t.same(after.containerKey(name, id), container)
  }
  t.equal(new DerivedKeys(new Map([['two', TWO]]), 'two').byId(NAME, before.current(NAME).id), undefined)
})

t.test('ids of all versions that Swift ever wrote are understood', async (t) => {
  const keys = new DerivedKeys(BOTH, '')
  const slashed = { ...NAME, object: '/o' }
  t.same(keys.byId(NAME, { v: '3', path: '/AUTH_test/c/o' })?.object, derived(ONE, '/AUTH_test/c/o'))
  t.same(keys.byId(FOREIGN, { v: '3', path: '/AUTH_test/é/ü/ö' })?.object, derived(ONE, '/AUTH_test/é/ü/ö'))
  t.same(keys.byId(FOREIGN, { v: '2', path: '/AUTH_test/é/ü/ö' })?.object, derived(ONE, '/AUTH_test/é/ü/ö'))
  t.same(keys.byId(slashed, { v: '1', path: '/o' })?.object, derived(ONE, '/o'))
  t.equal(keys.byId(NAME, { v: '4', path: '/AUTH_test/c/o' }), undefined)
  t.equal(keys.byId(NAME, { v: '3', path: 'nonsense' }), undefined)
  t.same(
    keys.byId(NAME, undefined)?.object,
    derived(ONE, '/AUTH_test/c/o'),
    'without an id: the active secret',
  )
})

t.test('an object that was moved beneath the encryption is read with the keys of its old name', async (t) => {
  const keys = new DerivedKeys(BOTH, '')
  t.same(
    keys.byId(NAME, { v: '2', path: '/AUTH_test/old/name' })?.object,
    derived(ONE, '/AUTH_test/old/name'),
  )
})

t.test('the keys of every secret are tried, the active first', async (t) => {
  const all = new DerivedKeys(BOTH, 'two').all(NAME)
  t.same(
    all.map(({ object }) => object),
    [derived(TWO, '/AUTH_test/c/o'), derived(ONE, '/AUTH_test/c/o')],
  )
})

t.test('secrets that will not do are refused, without showing them', async (t) => {
  t.throws(() => new DerivedKeys(BOTH, 'three'), /active id "three"/)
  t.throws(() => new DerivedKeys(new Map([['', Buffer.from('short secret')]]), ''), {
    message: /^(?!.*short secret).*fewer than 32 bytes/,
  })
})
