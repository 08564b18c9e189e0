/**
 * Projects under projects: where they can be made, what they inherit, and that none is left without the one above it, whoever
 * removes that at the same moment and wherever a process dies.
 */
import t, { type Test } from 'tap'
import { allRecords } from '#store/records/all-records.ts'
import type { Records } from '#store/records/contract.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'
import { dyingAfter } from '#store/records/testing/dying-records.ts'
import { PROJECT_RECORDS } from './model/project.ts'
import { CONTEXT, IdentitySession } from './testing/identity-session.ts'
import { SmallWorld } from './testing/small-world.ts'

async function threeLevels(): Promise<{
  readonly world: SmallWorld
  readonly top: string
  readonly mid: string
  readonly leaf: string
}> {
  const world = await SmallWorld.in(new IdentitySession())
  const top = await world.make('project', { name: 'top' })
  const mid = await world.make('project', { name: 'mid', parent_id: top })
  const leaf = await world.make('project', { name: 'leaf', parent_id: mid })
  return { world, top, mid, leaf }
}

t.test('a project shows what is above and under it', async (t) => {
  const { world, top, mid, leaf } = await threeLevels()
  const show = async (path: string) => (await world.session.ask('GET', path, world.admin)).body.project
  t.match(await show(`/v3/projects/${mid}`), { parent_id: top, domain_id: 'default' })
  t.same((await show(`/v3/projects/${leaf}?parents_as_ids`)).parents, { [mid]: { [top]: { default: null } } })
  t.same((await show(`/v3/projects/${top}?subtree_as_ids`)).subtree, { [mid]: { [leaf]: null } })
  t.same((await show(`/v3/projects/${leaf}?subtree_as_ids`)).subtree, null)
  t.same((await show(`/v3/projects/${top}?subtree_as_list`)).subtree, [], 'only what one has a role on')
  const both = await world.session.ask(
    'GET',
    `/v3/projects/${top}?parents_as_ids&parents_as_list`,
    world.admin,
  )
  t.equal(both.status, 400)
  const listed = await world.session.ask('GET', `/v3/projects?parent_id=${top}`, world.admin)
  t.match(listed.body.projects, [{ id: mid }])
})

t.test('a project can only be where it fits', async (t) => {
  const { world, top, mid, leaf } = await threeLevels()
  const { session, admin } = world
  const away = await world.make('domain', { name: 'away' })
  const make = async (members: object) =>
    (await session.ask('POST', '/v3/projects', admin, { project: { name: 'x', ...members } })).status
  t.equal(await make({ parent_id: 'nowhere' }), 400)
  t.equal(await make({ parent_id: mid, domain_id: away }), 400, 'of another domain')
  t.equal(await make({ parent_id: away }), 400, 'another domain itself')
  const fourth = await world.make('project', { name: 'fourth', parent_id: leaf })
  const fifth = await world.make('project', { name: 'fifth', parent_id: fourth })
  t.equal(await make({ parent_id: fifth }), 403, 'too deep')
  const change = async (id: string, members: object) =>
    (await session.ask('PATCH', `/v3/projects/${id}`, admin, { project: members })).status
  t.equal(await change(mid, { parent_id: 'default' }), 403, 'it stays where it is')
  t.equal(await change(mid, { domain_id: away }), 400)
  t.equal(await change(mid, { enabled: false }), 403, 'something under it is enabled')
  for (const id of [fifth, fourth, leaf, mid]) t.equal(await change(id, { enabled: false }), 200)
  t.equal(await change(leaf, { enabled: true }), 403, 'what is above it is not')
  t.equal(await make({ parent_id: leaf }), 400, 'nothing is made under it')
  t.equal((await session.ask('DELETE', `/v3/projects/${top}`, admin)).status, 403, 'not a leaf')
  for (const id of [fifth, fourth, leaf, mid, top]) {
    t.equal((await session.ask('DELETE', `/v3/projects/${id}`, admin)).status, 204)
  }
})

t.test(
  'what is given on whatever is under a project or a domain reaches that, and nothing else',
  async (t) => {
    const { world, top, mid, leaf } = await threeLevels()
    const { session, admin } = world
    const other = await world.make('project', { name: 'other' })
    const user = await world.make('user', { name: 'ada', password: 'ada secret' })
    const role = await world.make('role', { name: 'auditor' })
    const grant = `/OS-INHERIT/projects/${top}/users/${user}/roles/${role}/inherited_to_projects`
    await world.put(grant)
    t.equal((await session.ask('HEAD', `/v3${grant}`, admin)).status, 204)
    const direct = await session.ask('HEAD', `/v3/projects/${top}/users/${user}/roles/${role}`, admin)
    t.equal(direct.status, 404, 'it is not on the project itself')
    const into = async (id: string) => (await world.signIn('ada', { project: { id } })).status
    t.same([await into(top), await into(mid), await into(leaf), await into(other)], [401, 201, 201, 401])
    const token = await world.token('ada', { project: { id: leaf } })
    const own = await session.ask('GET', '/v3/auth/projects', token)
    t.same(own.body.projects.map(({ id }: { id: string }) => id).toSorted(), [leaf, mid].toSorted())
    const effective = await session.ask('GET', `/v3/role_assignments?user.id=${user}&effective`, admin)
    t.same(
      effective.body.role_assignments.map(
        ({ scope }: { scope: { project: { id: string } } }) => scope.project.id,
      ),
      [mid, leaf],
    )
    t.match(effective.body.role_assignments[0], { scope: { 'OS-INHERIT:inherited_to': 'projects' } })
    const listed = await session.ask(
      'GET',
      `/v3/role_assignments?scope.project.id=${top}&include_subtree`,
      admin,
    )
    t.match(listed.body.role_assignments, [{ scope: { project: { id: top } }, user: { id: user } }])
    t.equal((await session.ask('DELETE', `/v3${grant}`, admin)).status, 204)
    t.equal((await session.ask('GET', '/v3/auth/projects', token)).status, 401, 'the token is void')
    await world.put(`/OS-INHERIT/domains/default/users/${user}/roles/${role}/inherited_to_projects`)
    t.same([await into(top), await into(leaf), await into(other)], [201, 201, 201])
    t.equal(
      (await world.signIn('ada', { domain: { id: 'default' } })).status,
      401,
      'not on the domain itself',
    )
  },
)

// ---- at the same moment, and cut off -------------------------------------------------------------------------------

async function projectsIn(records: Records): Promise<readonly string[]> {
  const all = await allRecords(records.of(PROJECT_RECORDS), CONTEXT)
  if ('kind' in all) throw new Error(all.reason)
  return all.filter(({ value }) => value.state === 'present').map(({ value }) => value.name)
}

/** Does something else just before a write of a kind. */
function overtaken(records: Records, kindName: string, first: () => Promise<void>): Records {
  let isDone = false
  const before = async (): Promise<void> => {
    if (isDone) return
    isDone = true
    await first()
  }
  return {
    of(kind) {
      const inner = records.of(kind)
      if (kind.name !== kindName) return inner
      return {
        ...inner,
        read: (...asked) => inner.read(...asked),
        list: (...asked) => inner.list(...asked),
        remove: (...asked) => inner.remove(...asked),
        create: async (...asked) => {
          await before()
          return await inner.create(...asked)
        },
        replace: async (...asked) => {
          await before()
          return await inner.replace(...asked)
        },
      }
    },
  }
}

t.test('a project that is made while the one above it goes is not made', async (t) => {
  const records = new MemoryRecords()
  const world = await SmallWorld.in(new IdentitySession({ records }))
  const top = await world.make('project', { name: 'top' })
  const other = new IdentitySession({
    records: overtaken(records, 'projects', async () => {
      const gone = await world.session.ask('DELETE', `/v3/projects/${top}`, world.admin)
      t.equal(gone.status, 204)
    }),
  })
  const project = { name: 'late', parent_id: top }
  t.equal((await other.ask('POST', '/v3/projects', await other.admin(), { project })).status, 400)
  t.same(await projectsIn(records), [])
})

t.test('a project under which one is made while it goes stays', async (t) => {
  const records = new MemoryRecords()
  const world = await SmallWorld.in(new IdentitySession({ records }))
  const top = await world.make('project', { name: 'top' })
  const other = new IdentitySession({
    records: overtaken(records, 'projects', async () => {
      await world.make('project', { name: 'late', parent_id: top })
    }),
  })
  t.equal((await other.ask('DELETE', `/v3/projects/${top}`, await other.admin())).status, 403)
  t.same((await projectsIn(records)).toSorted(), ['late', 'top'])
})

async function cutOffAt(t: Test, writes: number): Promise<'whole' | 'cut'> {
  const records = new MemoryRecords()
  const world = await SmallWorld.in(new IdentitySession({ records }))
  const top = await world.make('project', { name: 'top' })
  const dying = new IdentitySession({ records: dyingAfter(writes, records) })
  const project = { name: 'under', parent_id: top }
  const { status } = await dying.ask('POST', '/v3/projects', await dying.admin(), { project })
  const survivor = await SmallWorld.in(new IdentitySession({ records }))
  const { identity } = survivor.session
  if (status === 201) {
    t.same((await projectsIn(records)).toSorted(), ['top', 'under'])
    return 'whole'
  }
  t.equal(status, 503, `after ${writes} writes nobody was told that it is there`)
  const outcome = await identity.removals.removeLeaf(CONTEXT, top)
  if (outcome.kind === 'not_a_leaf') {
    t.same((await projectsIn(records)).toSorted(), ['top', 'under'], 'it is there')
  } else {
    t.equal(outcome.kind, 'removed')
    t.same(await projectsIn(records), [])
  }
  t.equal(
    (await survivor.session.ask('POST', '/v3/projects', survivor.admin, { project: { name: 'free' } }))
      .status,
    201,
  )
  return 'cut'
}

t.test('a process that dies while it makes a project under another leaves both, or one', async (t) => {
  let writes = 1
  while (writes < 20 && (await cutOffAt(t, writes)) === 'cut') writes += 1
  t.ok(writes < 20, `${writes} writes`)
})
