/**
 * Trusts: who may do what by them, that no use is given out twice, that what was taken away is void at once, and that nothing
 * stays behind wherever a process dies.
 */
import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { allRecords } from '#store/records/all-records.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'
import { dyingAfter } from '#store/records/testing/dying-records.ts'
import { TRUST_RECORDS } from './model/trust.ts'
import { CONTEXT, IdentitySession, type Json } from './testing/identity-session.ts'
import { SmallWorld } from './testing/small-world.ts'

interface Play {
  readonly world: SmallWorld
  readonly records: MemoryRecords
  readonly clock: VirtualClock
  readonly ids: Readonly<Record<'ada' | 'bob' | 'eve' | 'project' | 'role', string>>
  /** Of Ada, in her project. */
  readonly ada: string
}

/** Ada is an auditor and a member of a project; Bob and Eve are nothing there. */
async function play(): Promise<Play> {
  const [records, clock] = [new MemoryRecords(), new VirtualClock()]
  const world = await SmallWorld.in(new IdentitySession({ records, clock }))
  const project = await world.make('project', { name: 'aviary' })
  const role = await world.make('role', { name: 'auditor' })
  const user = (name: string) => world.make('user', { name, password: `${name} secret` })
  const [ada, bob, eve] = [await user('ada'), await user('bob'), await user('eve')]
  await world.put(`/projects/${project}/users/${ada}/roles/${role}`)
  const ids = { ada, bob, eve, project, role }
  return { world, records, clock, ids, ada: await world.token('ada', { project: { id: project } }) }
}

function wanted({ ids }: Play, more: object = {}): Json {
  return {
    trust: {
      trustor_user_id: ids.ada,
      trustee_user_id: ids.bob,
      project_id: ids.project,
      impersonation: true,
      roles: [{ name: 'auditor' }],
      ...more,
    },
  }
}

async function trustOf(play: Play, more: object = {}, token = play.ada): Promise<string> {
  const made = await play.world.session.ask('POST', '/v3/OS-TRUST/trusts', token, wanted(play, more))
  if (made.status !== 201) throw new Error(`${made.status} ${JSON.stringify(made.body)}`)
  return made.body.trust.id
}

function by(id: string): Json {
  return { 'OS-TRUST:trust': { id } }
}

t.test(
  'whoever is trusted acts as the other one, or as themselves, with the roles that were given',
  async (t) => {
    const all = await play()
    const { world, ids } = all
    const id = await trustOf(all)
    const signedIn = await world.signIn('bob', by(id))
    t.equal(signedIn.status, 201)
    t.match(signedIn.body.token, {
      user: { id: ids.ada, name: 'ada' },
      project: { id: ids.project },
      roles: [{ id: ids.role, name: 'auditor' }],
      'OS-TRUST:trust': {
        id,
        impersonation: true,
        trustor_user: { id: ids.ada },
        trustee_user: { id: ids.bob },
      },
    })
    const plain = await world.signIn('bob', by(await trustOf(all, { impersonation: false })))
    t.match(plain.body.token.user, { id: ids.bob, name: 'bob' })
    t.equal((await world.signIn('eve', by(id))).status, 403, 'nobody else')
    t.equal((await world.signIn('bob', by('0'.repeat(32)))).status, 401)
    const { session } = world
    const subject = { 'x-subject-token': signedIn.token }
    t.equal((await session.ask('GET', '/v3/auth/tokens', world.admin, undefined, subject)).status, 200)
    const again = {
      auth: { identity: { methods: ['token'], token: { id: signedIn.token } }, scope: 'unscoped' },
    }
    t.equal((await session.ask('POST', '/v3/auth/tokens', undefined, again)).status, 403, 'no way out of it')
    const credential = { application_credential: { name: 'more' } }
    const path = `/v3/users/${ids.ada}/application_credentials`
    t.equal((await session.ask('POST', path, signedIn.token, credential)).status, 403)
    const pair = await session.ask('POST', `/v3/users/${ids.ada}/credentials/OS-EC2`, signedIn.token, {})
    t.equal(pair.status, 403)
    const opened = await session.identity.directory.open(CONTEXT, signedIn.token)
    t.match(opened, { kind: 'valid', principal: { tenant: ids.project } }, 'the doors know it')
  },
)

t.test('nobody gives what is not theirs', async (t) => {
  const all = await play()
  const { world, ids } = all
  const refused = async (more: object): Promise<number> =>
    (await world.session.ask('POST', '/v3/OS-TRUST/trusts', all.ada, wanted(all, more))).status
  t.equal(await refused({ trustor_user_id: ids.bob }), 403)
  t.equal(await refused({ roles: [{ name: 'member' }] }), 404)
  t.equal(await refused({ roles: [] }), 403)
  t.equal(await refused({ trustee_user_id: 'nobody' }), 404)
  t.equal(await refused({ project_id: 'nowhere' }), 404)
  t.equal(await refused({ remaining_uses: 0 }), 400)
  t.equal(await refused({ expires_at: '2001-01-01T00:00:00Z' }), 400)
  t.equal(await refused({ expires_at: 'soon' }), 400)
  t.equal(await refused({ impersonation: 'yes' }), 400)
  t.equal(await refused({ allow_redelegation: true, redelegation_count: 4 }), 403)
  t.equal(await refused({ allow_redelegation: true, remaining_uses: 2 }), 400)
})

t.test('both see a trust, and the one who gave it takes it away: everything got by it is void', async (t) => {
  const all = await play()
  const { world, ids } = all
  const { session } = world
  const id = await trustOf(all)
  const bob = await world.token('bob', by(id))
  const eve = await world.token('eve', 'unscoped')
  const own = await world.token('bob', 'unscoped')
  const path = `/v3/OS-TRUST/trusts/${id}`
  t.match((await session.ask('GET', path, own)).body.trust, {
    trustor_user_id: ids.ada,
    remaining_uses: null,
    expires_at: null,
    redelegation_count: 0,
    roles: [{ name: 'auditor' }],
  })
  t.equal((await session.ask('GET', path, eve)).status, 403)
  t.match((await session.ask('GET', `/v3/OS-TRUST/trusts?trustee_user_id=${ids.bob}`, own)).body.trusts, [
    { id },
  ])
  t.equal((await session.ask('GET', `/v3/OS-TRUST/trusts?trustee_user_id=${ids.bob}`, eve)).status, 403)
  t.equal((await session.ask('GET', `${path}/roles/${ids.role}`, own)).status, 200)
  t.equal((await session.ask('DELETE', path, own)).status, 403)
  t.equal((await session.ask('DELETE', path, all.ada)).status, 204)
  t.equal((await session.ask('GET', path, all.ada)).status, 404)
  t.equal((await session.ask('GET', '/v3/auth/projects', bob)).status, 401)
  t.equal((await world.signIn('bob', by(id))).status, 401)
})

t.test('a trust that may be used twice is used twice, by however many at once', async (t) => {
  const all = await play()
  const id = await trustOf(all, { remaining_uses: 2 })
  const answers = await Promise.all(Array.from({ length: 6 }, () => all.world.signIn('bob', by(id))))
  const got = answers.filter(({ status }) => status === 201)
  t.equal(got.length, 2)
  t.equal(answers.filter(({ status }) => status === 401).length, 4)
  t.equal(
    (await all.world.session.ask('GET', '/v3/auth/catalog', got[0]?.token)).status,
    200,
    'the last one is good',
  )
  t.equal((await all.world.session.ask('GET', `/v3/OS-TRUST/trusts/${id}`, all.ada)).status, 404)
})

t.test('a trust ends with its time, with the roles, and with either of the two', async (t) => {
  const all = await play()
  const { world, clock, ids } = all
  const { session } = world
  const soon = new Date(clock.wallMs() + 3_600_000).toISOString()
  const short = await trustOf(all, { expires_at: soon })
  const token = await world.token('bob', by(short))
  const path = `/v3/projects/${ids.project}/users/${ids.ada}/roles/${ids.role}`
  const isGood = async (): Promise<boolean> =>
    (await session.ask('GET', '/v3/auth/catalog', token)).status === 200
  t.ok(await isGood())
  await session.ask('DELETE', path, world.admin)
  t.notOk(await isGood(), 'the role is gone')
  t.equal((await world.signIn('bob', by(short))).status, 403)
  await world.put(path.slice(3))
  t.ok(await isGood())
  const setEnabled = (id: string, enabled: boolean) =>
    session.ask('PATCH', `/v3/users/${id}`, world.admin, { user: { enabled } })
  await setEnabled(ids.ada, false)
  t.notOk(await isGood())
  await setEnabled(ids.ada, true)
  t.notOk(await isGood(), 'whoever was shut out has no tokens, and nobody by trust of theirs')
  const later = await world.token('bob', by(short))
  await clock.advance(2 * 3_600_000)
  t.equal((await session.ask('GET', '/v3/auth/catalog', later)).status, 401)
  await session.identity.removals.finishAll(CONTEXT)
  t.same(await trustsIn(all.records), [], 'what is over is cleared away')
})

async function trustsIn(records: MemoryRecords): Promise<readonly string[]> {
  const all = await allRecords(records.of(TRUST_RECORDS), CONTEXT)
  if ('kind' in all) throw new Error(all.reason)
  return all.map(({ key }) => key)
}

t.test(
  'a trust is handed on as often as it says, with no more in it, and falls with the one before',
  async (t) => {
    const all = await play()
    const { world, ids } = all
    const { session } = world
    const first = await trustOf(all, { allow_redelegation: true, redelegation_count: 2 })
    const bob = await world.token('bob', by(first))
    const second = await trustOf(all, { trustee_user_id: ids.eve, allow_redelegation: true }, bob)
    t.match((await session.ask('GET', `/v3/OS-TRUST/trusts/${second}`, all.ada)).body.trust, {
      redelegated_trust_id: first,
      redelegation_count: 1,
    })
    const tooLong = wanted(all, { trustee_user_id: ids.eve, roles: [{ name: 'member' }] })
    t.not((await session.ask('POST', '/v3/OS-TRUST/trusts', bob, tooLong)).status, 201)
    const eve = await world.token('eve', by(second))
    const third = await trustOf(all, { trustee_user_id: ids.bob, allow_redelegation: true }, eve)
    const last = await world.token('bob', by(third))
    const further = await session.ask(
      'POST',
      '/v3/OS-TRUST/trusts',
      last,
      wanted(all, { trustee_user_id: ids.eve }),
    )
    t.equal(further.status, 403, 'the count is used up')
    t.equal((await session.ask('DELETE', `/v3/OS-TRUST/trusts/${first}`, all.ada)).status, 204)
    for (const token of [bob, eve, last])
      t.equal((await session.ask('GET', '/v3/auth/catalog', token)).status, 401)
    t.same(await trustsIn(all.records), [])
  },
)

t.test(
  'whatever a process dies at that takes a trust away, it is void or whole, and all is cleared away',
  async (t) => {
    for (let writes = 1; writes <= 3; writes += 1) {
      const all = await play()
      const { world, records, ids } = all
      const first = await trustOf(all, { allow_redelegation: true })
      const bob = await world.token('bob', by(first))
      const second = await trustOf(all, { trustee_user_id: ids.eve }, bob)
      const eve = await world.token('eve', by(second))
      const dying = new IdentitySession({ records: dyingAfter(writes - 1, records), clock: all.clock })
      const { status } = await dying.ask('DELETE', `/v3/OS-TRUST/trusts/${first}`, all.ada)
      const survivor = new IdentitySession({ records, clock: all.clock })
      const now = (await survivor.ask('GET', '/v3/auth/catalog', eve)).status
      t.equal(now, writes === 1 ? 200 : 401, `after ${writes - 1} writes, answered ${status}`)
      await survivor.identity.removals.finishAll(CONTEXT)
      t.equal((await trustsIn(records)).length, writes === 1 ? 2 : 0)
    }
  },
)

t.test('users, projects and roles that go take their trusts along', async (t) => {
  for (const what of ['user', 'project', 'role'] as const) {
    const all = await play()
    const { world, records, ids } = all
    await trustOf(all)
    t.equal((await trustsIn(records)).length, 1)
    const id = { user: ids.bob, project: ids.project, role: ids.role }[what]
    t.equal((await world.session.ask('DELETE', `/v3/${what}s/${id}`, world.admin)).status, 204)
    t.same(await trustsIn(records), [], what)
  }
})

t.test('a trust for somebody who goes at that moment is swept away', async (t) => {
  const all = await play()
  const { records, world, ids } = all
  const trust = await trustOf(all)
  const kept = await records.of(TRUST_RECORDS).read(CONTEXT, trust, 'newest')
  await world.session.ask('DELETE', `/v3/users/${ids.bob}`, world.admin)
  if (kept.kind === 'found') await records.of(TRUST_RECORDS).create(CONTEXT, trust, kept.value)
  t.equal((await trustsIn(records)).length, 1)
  await world.session.identity.removals.finishAll(CONTEXT)
  t.same(await trustsIn(records), [])
})
