import t, { type Test } from 'tap'
import type { AccessKeys } from '#auth/s3/access-keys.ts'
import { userAccessKeys } from '#auth/s3/user-access-keys.ts'
import { identityAccessKeys } from './access-keys.ts'
import { CONTEXT, IdentitySession } from './testing/identity-session.ts'

function keysOf(session: IdentitySession): AccessKeys {
  return identityAccessKeys({
    ...session.identity.principals,
    credentials: session.identity.credentials,
    clock: session.clock,
    resellerPrefix: 'AUTH_',
    context: CONTEXT,
    configured: userAccessKeys(session.users),
  })
}

interface Ada {
  readonly session: IdentitySession
  readonly keys: AccessKeys
  readonly admin: string
  readonly userId: string
  readonly projectId: string
  readonly access: string
}

async function ada(t: Test): Promise<Ada> {
  const session = new IdentitySession()
  const { userId, projectId } = await session.person('ada', 'member')
  const { token } = await session.login('ada', 'ada secret', 'of ada')
  const path = `/v3/users/${userId}/credentials/OS-EC2`
  const made = await session.ask('POST', path, token, { tenant_id: projectId })
  t.equal(made.status, 201)
  const { access } = made.body.credential
  return { session, keys: keysOf(session), admin: await session.admin(), userId, projectId, access }
}

t.test('name and key of the configuration are a pair, until the password is another', async (t) => {
  const session = new IdentitySession()
  const keys = keysOf(session)
  const pair = { kind: 'secret', secret: 'testing', holder: { user: 'test:tester', account: 'AUTH_test' } }
  t.match(await keys.find('test:tester'), pair)
  const { body, token } = await session.login('tester', 'testing', 'test')
  const path = `/v3/users/${body.token.user.id}`
  await session.ask('PATCH', path, await session.admin(), { user: { description: 'changed' } })
  t.match(await keys.find('test:tester'), pair, 'a record of the user does not matter by itself')
  const change = { user: { original_password: 'testing', password: 'better' } }
  t.equal((await session.ask('POST', `${path}/password`, token, change)).status, 204)
  t.same(await keys.find('test:tester'), { kind: 'unknown' })
})

t.test('a key pair that was given is its user in its project', async (t) => {
  const { keys, access, projectId, userId } = await ada(t)
  const user = `${projectId}:${userId}`
  t.match(await keys.find(access), {
    kind: 'secret',
    holder: {
      user,
      account: `AUTH_${projectId}`,
      principal: { keystone: { ownedAccounts: [`AUTH_${projectId}`] } },
    },
  })
  t.same(await keys.find('nobody'), { kind: 'unknown' })
})

t.test('it is good for nothing once the user is shut out, has no role or is gone', async (t) => {
  const { session, keys, admin, access, userId, projectId } = await ada(t)
  const path = `/v3/users/${userId}`
  await session.ask('PATCH', path, admin, { user: { enabled: false } })
  t.same(await keys.find(access), { kind: 'unknown' })
  await session.ask('PATCH', path, admin, { user: { enabled: true } })
  t.match(await keys.find(access), { kind: 'secret', holder: { generation: 1 } })
  const roles = await session.ask('GET', `/v3/projects/${projectId}/users/${userId}/roles`, admin)
  const [role] = roles.body.roles
  await session.ask('DELETE', `/v3/projects/${projectId}/users/${userId}/roles/${role.id}`, admin)
  t.same(await keys.find(access), { kind: 'unknown' })
  await session.ask('PUT', `/v3/projects/${projectId}/users/${userId}/roles/${role.id}`, admin)
  t.match(await keys.find(access), { kind: 'secret' })
  await session.ask('DELETE', path, admin)
  t.same(await keys.find(access), { kind: 'unknown' })
})
