import t from 'tap'
import type { Records } from '#store/records/contract.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'
import { CONTEXT, IdentitySession } from './testing/identity-session.ts'

/** Records that can be lost for a while. */
class FailingRecords implements Records {
  readonly #inner = new MemoryRecords()
  isLost = false

  of: Records['of'] = (kind) => {
    const inner = this.#inner.of(kind)
    const unlessLost = async <Found>(ask: () => Promise<Found>) =>
      this.isLost ? ({ kind: 'unavailable', reason: 'lost' } as const) : await ask()
    return {
      read: (...asked) => unlessLost(() => inner.read(...asked)),
      create: (...asked) => unlessLost(() => inner.create(...asked)),
      replace: (...asked) => unlessLost(() => inner.replace(...asked)),
      remove: (...asked) => unlessLost(() => inner.remove(...asked)),
      list: (...asked) => unlessLost(() => inner.list(...asked)),
    }
  }
}

const ATTEMPT = { remoteAddress: '192.0.2.1' }

t.test(
  'while records cannot be read, the configuration lets its users in, and others are asked to wait',
  async (t) => {
    const records = new FailingRecords()
    const session = new IdentitySession({ records })
    const { directory } = session.identity
    await session.person('ada', 'member')
    const { token } = await session.login('ada', 'ada secret', 'of ada')
    records.isLost = true
    const tester = await directory.signIn(CONTEXT, { ...ATTEMPT, user: 'test:tester', key: 'testing' })
    t.match(tester, { kind: 'signed_in' })
    const sealed = tester.kind === 'signed_in' ? tester.token : ''
    t.match(await directory.open(CONTEXT, sealed), { kind: 'valid', principal: { user: 'test:tester' } })
    t.same(await directory.open(CONTEXT, token), { kind: 'unavailable' })
    const ada = { ...ATTEMPT, user: 'of ada:ada', key: 'ada secret' }
    t.same(await directory.signIn(CONTEXT, ada), { kind: 'unavailable' })
    t.equal((await session.login('ada', 'ada secret', 'of ada')).status, 503)
    t.equal((await session.ask('GET', '/v3/auth/catalog', token)).status, 503)
    records.isLost = false
    t.match(await directory.open(CONTEXT, token), { kind: 'valid' })
    t.match(await directory.signIn(CONTEXT, ada), { kind: 'signed_in' })
  },
)

t.test('a user of the cluster signs in by the name of the project or by its id', async (t) => {
  const session = new IdentitySession()
  const { projectId } = await session.person('ada', 'member')
  const { directory } = session.identity
  for (const project of ['of ada', projectId]) {
    const signedIn = await directory.signIn(CONTEXT, {
      ...ATTEMPT,
      user: `${project}:ada`,
      key: 'ada secret',
    })
    t.match(signedIn, { kind: 'signed_in', storageUrl: `$HOST/v1/AUTH_${projectId}` })
  }
  for (const user of ['test:ada', 'nowhere:ada', 'of ada:nobody', 'test:nobody']) {
    const attempt = { ...ATTEMPT, user, key: 'ada secret' }
    t.same(await directory.signIn(CONTEXT, attempt), { kind: 'refused' }, user)
  }
})

t.test(
  'whoever lost a role of the configuration owns the account no more, whichever the token',
  async (t) => {
    const session = new IdentitySession()
    const { directory } = session.identity
    const signedIn = await directory.signIn(CONTEXT, { ...ATTEMPT, user: 'test:tester', key: 'testing' })
    const tokens = [
      signedIn.kind === 'signed_in' ? signedIn.token : '',
      (await session.login('tester', 'testing', 'test')).token,
    ]
    const owns = async (token: string): Promise<boolean> => {
      const opened = await directory.open(CONTEXT, token)
      if (opened.kind !== 'valid') return false
      const { groups, keystone } = opened.principal
      return groups.includes('AUTH_test') || keystone?.ownedAccounts.includes('AUTH_test') === true
    }
    for (const token of tokens) t.ok(await owns(token))
    const admin = await session.admin()
    const { id } = (await session.ask('GET', '/v3/users?name=tester', admin)).body.users[0]
    const grants = `/v3/projects/test/users/${id}/roles`
    const roles = (await session.ask('GET', '/v3/roles', admin)).body.roles as { id: string; name: string }[]
    const roleId = (name: string) => roles.find((role) => role.name === name)?.id
    await session.ask('PUT', `${grants}/${roleId('reader')}`, admin)
    await session.ask('DELETE', `${grants}/${roleId('member')}`, admin)
    for (const token of tokens) t.notOk(await owns(token))
  },
)

t.test('what is no token of anybody is refused', async (t) => {
  const { directory } = new IdentitySession().identity
  for (const token of ['', 'AUTH_', 'AUTH_tk', 'AUTH_ik', 'AUTH_ikAAAA', 'x'.repeat(10_000)]) {
    t.match(await directory.open(CONTEXT, token), { kind: 'refused', why: 'not_a_token' })
  }
})
