/** The identity service of several proxies over real storage servers in memory: one truth, whoever changes it, whatever is lost. */
import t, { type Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { IdentitySession } from '#identity/testing/identity-session.ts'
import type { Stale } from '#store/invalidations.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { MemoryCluster } from './memory-cluster.ts'

interface Proxies {
  readonly cluster: MemoryCluster
  readonly one: IdentitySession
  readonly other: IdentitySession
}

/** Two proxies that tell each other what they change. */
async function start(t: Test): Promise<Proxies> {
  const cluster = await MemoryCluster.start({ nodeTimeoutMs: 2000 })
  t.teardown(() => cluster.close())
  const all: ClusterRecords[] = []
  const announce = async (stale: Stale): Promise<void> => {
    for (const records of all) records.forget(stale)
  }
  for (const store of [cluster.store, await cluster.anotherProxy()]) {
    all.push(new ClusterRecords({ store, clock: realClock, invalidations: { announce } }))
  }
  const [one, other] = all.map((records) => new IdentitySession({ records }))
  return { cluster, one: one as IdentitySession, other: other as IdentitySession }
}

t.test('whom one proxy makes the other knows at once, and what it takes away is gone there', async (t) => {
  const { one, other } = await start(t)
  t.equal((await other.login('ada', 'ada secret')).status, 401)
  const { userId, projectId } = await one.person('ada', 'member')
  const { status, token } = await other.login('ada', 'ada secret', 'of ada')
  t.equal(status, 201)
  t.equal((await one.ask('GET', '/v3/auth/catalog', token)).status, 200, 'a token of the other')
  const subject = { 'x-subject-token': token }
  t.equal((await one.ask('DELETE', '/v3/auth/tokens', token, undefined, subject)).status, 204)
  t.equal((await other.ask('GET', '/v3/auth/catalog', token)).status, 401)
  const again = await other.login('ada', 'ada secret', 'of ada')
  const admin = await one.admin()
  const roles = await one.ask('GET', `/v3/projects/${projectId}/users/${userId}/roles`, admin)
  const grant = `/v3/projects/${projectId}/users/${userId}/roles/${roles.body.roles[0].id}`
  t.equal((await one.ask('DELETE', grant, admin)).status, 204)
  t.equal((await other.ask('GET', '/v3/auth/catalog', again.token)).status, 401)
})

t.test('of two who make a user of one name through two proxies one does', async (t) => {
  const { one, other } = await start(t)
  const [first, second] = [await one.admin(), await other.admin()]
  for (const name of ['ada', 'bob', 'eve']) {
    const user = { name, password: 'x' }
    const answers = await Promise.all([
      one.ask('POST', '/v3/users', first, { user }),
      other.ask('POST', '/v3/users', second, { user }),
    ])
    t.same(
      answers.map(({ status }) => status).toSorted((left, right) => left - right),
      [201, 409],
      name,
    )
    const listed = await other.ask('GET', `/v3/users?name=${name}`, second)
    t.equal(listed.body.users.length, 1)
  }
})

t.test('roles that two administrators give at the same moment are both there', async (t) => {
  const { one, other } = await start(t)
  const { userId } = await one.person('ada', 'guest')
  const [first, second] = [await one.admin(), await other.admin()]
  const ids = new Map<string, string>(
    (await one.ask('GET', '/v3/roles', first)).body.roles.map((role: { name: string; id: string }) => [
      role.name,
      role.id,
    ]),
  )
  const give = (session: IdentitySession, token: string, role: string) =>
    session.ask('PUT', `/v3/projects/test/users/${userId}/roles/${ids.get(role)}`, token)
  await Promise.all([give(one, first, 'member'), give(other, second, 'reader')])
  const { roles } = (await other.ask('GET', `/v3/projects/test/users/${userId}/roles`, second)).body
  t.same(roles.map(({ name }: { name: string }) => name).toSorted(), ['member', 'reader'])
})

t.test('losing a device loses nobody, and nobody waits for it', async (t) => {
  const { cluster, one, other } = await start(t)
  for (const name of ['ada', 'bob', 'eve']) await one.person(name, 'member')
  cluster.stop(cluster.devices[2] as MemoryCluster['devices'][number])
  await realClock.sleep(1050)
  for (const name of ['ada', 'bob', 'eve']) {
    t.equal((await other.login(name, `${name} secret`, `of ${name}`)).status, 201, name)
  }
  await other.person('zoe', 'member')
  t.equal((await one.login('zoe', 'zoe secret', 'of zoe')).status, 201)
})
