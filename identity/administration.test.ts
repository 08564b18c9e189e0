import { randomBytes, randomInt } from 'node:crypto'
import t from 'tap'
import { keyRingOf } from '#auth/key-ring.ts'
import { DEVELOPMENT_USERS } from '#auth/users.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'
import { SecretSeal } from '#store/records/secret-seal.ts'
import { Administration, type Problem } from './administration.ts'
import { Credentials } from './credentials.ts'
import { Passwords } from './passwords.ts'
import { openPeople } from './people.ts'
import { CONTEXT, IdentitySession } from './testing/identity-session.ts'

const RANDOM = { bytes: randomBytes, below: (limit: number) => randomInt(limit) }

/** Over the records of a session; `keys` seal secrets, the first one new ones. */
function administrationOf(
  session: IdentitySession,
  keys: readonly { readonly id: number; readonly secret: string }[] = [{ id: 1, secret: 'first' }],
): Administration {
  const { records } = session
  return new Administration({
    people: openPeople(records, DEVELOPMENT_USERS),
    credentials: new Credentials(
      records,
      new SecretSeal(keyRingOf(keys, 'martlet record seal v1'), RANDOM),
      RANDOM,
    ),
    passwords: new Passwords(RANDOM, { logN: 1, r: 1, p: 1 }),
    clock: session.clock,
    random: RANDOM,
    context: CONTEXT,
  })
}

function well<Result>(outcome: Result | Problem): Result {
  if (typeof outcome === 'object' && outcome !== null && 'problem' in outcome)
    throw new Error(outcome.problem)
  return outcome as Result
}

t.test('whom the operator makes can sign in where a role was granted', async (t) => {
  const session = new IdentitySession()
  const administration = administrationOf(session)
  well(await administration.createProject('aviary'))
  well(await administration.createUser('wren', 'tiny'))
  t.equal((await session.login('wren', 'tiny', 'aviary')).status, 401)
  well(await administration.grant('wren', 'member', 'aviary'))
  t.match(await session.login('wren', 'tiny'), {
    status: 201,
    body: { token: { project: { name: 'aviary' } } },
  })
  t.match(well(await administration.users()), [
    { name: 'admin', from: 'configuration', roles: ['admin@admin', 'member@admin'] },
    { name: 'tester', roles: ['member@test'] },
    { name: 'tester2' },
    { name: 'tester3', roles: ['guest@test'] },
    { name: 'wren', from: 'cluster', roles: ['member@aviary'] },
  ])
  well(await administration.changeUser('wren', { enabled: false }))
  t.equal((await session.login('wren', 'tiny')).status, 401)
  well(await administration.changeUser('wren', { enabled: true, password: 'small' }))
  t.equal((await session.login('wren', 'small')).status, 201)
  well(await administration.revoke('wren', 'member', 'aviary'))
  t.equal((await session.login('wren', 'small', 'aviary')).status, 401)
  well(await administration.deleteUser('wren'))
  well(await administration.deleteProject('aviary'))
  t.notMatch(well(await administration.projects()), [{ name: 'aviary' }])
})

t.test('a project can be given the account that is there', async (t) => {
  const session = new IdentitySession()
  const administration = administrationOf(session)
  t.match(await administration.createProject('old', 'legacy'), { id: 'legacy' })
  well(await administration.grant('tester', 'member', 'old'))
  const { body } = await session.login('tester', 'testing', 'old')
  t.match(body.token.project, { id: 'legacy', name: 'old' })
})

t.test('what is not there, or twice, is said in a sentence', async (t) => {
  const administration = administrationOf(new IdentitySession())
  t.match(await administration.grant('nobody', 'member', 'test'), { problem: 'there is no user nobody' })
  t.match(await administration.grant('tester', 'member', 'nowhere'), {
    problem: 'there is no project nowhere',
  })
  t.match(await administration.grant('tester', 'king', 'test'), { problem: 'there is no role king' })
  t.match(await administration.createUser('tester', 'x'), { problem: /already/ })
  t.match(await administration.createProject('test'), { problem: /already/ })
  t.match(await administration.createKey('tester', 'test2'), { problem: /no role on test2/ })
  t.match(await administration.deleteKey('none'), { problem: 'there is no key none' })
})

t.test('key pairs are made, listed, sealed anew when keys rotate, and removed', async (t) => {
  const session = new IdentitySession()
  const before = administrationOf(session)
  const { access } = well(await before.createKey('tester', 'test'))
  t.same(await before.keys('tester'), [{ access, project: 'test' }])
  const [old, next] = [
    { id: 1, secret: 'first' },
    { id: 2, secret: 'second' },
  ]
  const during = administrationOf(session, [next, old])
  t.same(await during.resealKeys(), { resealed: 1 })
  t.same(await during.resealKeys(), { resealed: 0 })
  const after = administrationOf(session, [next])
  t.same(await after.keys('tester'), [{ access, project: 'test' }])
  t.same(await before.keys('tester'), [], 'the old key alone opens it no more')
  well(await after.deleteKey(access))
  t.same(await after.keys('tester'), [])
})

t.test('the first administrator is made once, and may do everything', async (t) => {
  const session = new IdentitySession({ entries: [] })
  const people = openPeople(session.records, [])
  const { clock } = session
  const parts = { people, clock, random: RANDOM, context: CONTEXT, passwords: new Passwords(RANDOM) }
  const seal = new SecretSeal(keyRingOf([{ id: 1, secret: 'first' }], 'martlet record seal v1'), RANDOM)
  const credentials = new Credentials(new MemoryRecords(), seal, RANDOM)
  const administration = new Administration({ ...parts, credentials })
  const made = well(await administration.firstAdministrator('admin', 'admin'))
  const { token } = await session.login('admin', made?.password ?? '', 'admin')
  t.equal((await session.ask('GET', '/v3/users', token)).status, 200)
  t.equal(await administration.firstAdministrator('admin', 'admin'), undefined)
})
