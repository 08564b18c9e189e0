import { randomBytes } from 'node:crypto'
import t from 'tap'
import { DEFAULT_RESELLERS } from './principal.ts'
import { hashKey, keyMatches } from './user-key.ts'
import { DEVELOPMENT_USERS, parseUserEntry, UserDirectory } from './users.ts'

const random = { bytes: randomBytes, below: () => 0 }
const directory = new UserDirectory(DEVELOPMENT_USERS, DEFAULT_RESELLERS)

t.test('a user with the right key is known, with its groups and its account', async (t) => {
  t.strictSame(await directory.authenticate('test:tester', 'testing').then((known) => known?.principal), {
    user: 'test:tester',
    tenant: 'test',
    groups: ['test', 'test:tester', 'AUTH_test'],
  })
  const admin = await directory.authenticate('admin:admin', 'admin')
  t.strictSame(admin?.principal.groups, ['admin', 'admin:admin', '.reseller_admin', 'AUTH_admin'])
  const plain = await directory.authenticate('test:tester3', 'testing3')
  t.strictSame(plain?.principal.groups, ['test', 'test:tester3'], 'no rights of its own')
  t.equal(plain?.storageUrl, '$HOST/v1/AUTH_test')
})

t.test('a wrong key, an unknown user and an empty key are all the same', async (t) => {
  for (const [user, key] of [
    ['test:tester', 'wrong'],
    ['test:tester', ''],
    ['test:nobody', 'testing'],
    ['', ''],
  ] as const) {
    t.equal(await directory.authenticate(user, key), undefined)
  }
  t.equal(directory.generationOf('test:tester'), 0)
  t.equal(directory.generationOf('test:nobody'), undefined)
})

t.test('an unknown user with the key of another one is not let in', async (t) => {
  t.equal(await directory.authenticate('nobody:nobody', 'admin'), undefined)
})

t.test('a key may be kept hashed', async (t) => {
  const key = await hashKey('testing', random)
  t.match(key, /^scrypt\$15\$8\$3\$/)
  const hashed = new UserDirectory([{ tenant: 'a', name: 'b', key, groups: [] }], DEFAULT_RESELLERS)
  t.equal((await hashed.authenticate('a:b', 'testing'))?.principal.user, 'a:b')
  t.equal(await hashed.authenticate('a:b', 'testinG'), undefined)
  t.equal(await hashed.authenticate('a:b', key), undefined, 'the stored form itself is no key')
})

t.test('a stored hash that cannot be read matches nothing', async (t) => {
  for (const stored of [
    'scrypt$',
    'scrypt$99$8$3$AAAA$AAAA',
    'scrypt$x$8$3$AAAA$AAAA',
    'scrypt$1$8$3$AAAA$',
  ]) {
    t.equal(await keyMatches(stored, ''), false, stored)
  }
})

t.test('an administrator owns an account of every reseller prefix', async (t) => {
  const resellers = [...DEFAULT_RESELLERS, { prefix: 'SERVICE_', requireGroup: 'service' }]
  const both = new UserDirectory(DEVELOPMENT_USERS, resellers)
  const known = await both.authenticate('test:tester', 'testing')
  t.strictSame(known?.principal.groups, ['test', 'test:tester', 'AUTH_test', 'SERVICE_test'])
})

t.test('a line of configuration reads as a user', (t) => {
  t.strictSame(parseUserEntry('test:tester testing .admin'), {
    tenant: 'test',
    name: 'tester',
    key: 'testing',
    groups: ['.admin'],
    storageUrl: undefined,
  })
  t.strictSame(parseUserEntry(' a:b:c  k  g1 g2 https://elsewhere/v1/AUTH_x '), {
    tenant: 'a',
    name: 'b:c',
    key: 'k',
    groups: ['g1', 'g2'],
    storageUrl: 'https://elsewhere/v1/AUTH_x',
  })
  t.end()
})

t.test('a line that is no user says what is wrong, without the key', (t) => {
  t.throws(() => parseUserEntry('tester secret'), { message: /"tester" is not written account:user/ })
  t.throws(() => parseUserEntry(':tester secret'), { message: /not written account:user/ })
  t.throws(() => parseUserEntry('test: secret'), { message: /not written account:user/ })
  t.throws(() => parseUserEntry('test:tester'), { message: /has no key/ })
  t.throws(() => parseUserEntry('test:tester secret a,b'), { message: /^(?!.*secret).*comma/ })
  t.end()
})

t.test('a user given twice is refused', (t) => {
  const [user] = DEVELOPMENT_USERS
  t.throws(() => new UserDirectory([user, user] as never, DEFAULT_RESELLERS), { message: /given twice/ })
  t.end()
})

t.test('an account elsewhere is owned by its own name', async (t) => {
  const elsewhere = new UserDirectory([parseUserEntry('a:b k .admin $HOST/v1/AUTH_other')], DEFAULT_RESELLERS)
  const known = await elsewhere.authenticate('a:b', 'k')
  t.strictSame(known?.principal.groups, ['a', 'a:b', 'AUTH_a', 'AUTH_other'])
})
