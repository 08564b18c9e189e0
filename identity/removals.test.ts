/**
 * Goal: whatever step a process dies at that removes a project, a role, a group, a user or a domain, either nothing has
 * happened, or it is gone for everybody and the next round takes away all that hung on it. Method: the process is cut off
 * after every one of its writes; another one looks, finishes, and looks through everything that is written.
 */
import t, { type Test } from 'tap'
import { allRecords } from '#store/records/all-records.ts'
import type { RecordKind, Records } from '#store/records/contract.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'
import { dyingAfter } from '#store/records/testing/dying-records.ts'
import { CONTEXT, IdentitySession } from './testing/identity-session.ts'

const KINDS = ['domains', 'users', 'groups', 'projects', 'roles'].flatMap((name) => [name, `${name}-names`])
const WRITES_MAX = 60

/** Everything that is written, as text. */
async function everything(records: Records): Promise<string> {
  const texts: string[] = []
  for (const name of [...KINDS, 'credentials', 'credentials-of-users', 'trusts']) {
    const kind: RecordKind<unknown> = { name, version: 1, parse: (written) => written }
    const all = await allRecords(records.of(kind), CONTEXT)
    if ('kind' in all) throw new Error(all.reason)
    texts.push(...all.map(({ key, value }) => `${name} ${key} ${JSON.stringify(value)}`))
  }
  return texts.join('\n')
}

interface World {
  readonly records: MemoryRecords
  /** Ids of what is removed, and of what goes with it. */
  readonly ids: Readonly<Record<'project' | 'role' | 'group' | 'user' | 'domain' | 'inside', string>>
}

/** Ada is in a group; both have a role on a project, and much hangs on it. Another domain has somebody in it. */
async function world(): Promise<World> {
  const records = new MemoryRecords()
  const session = new IdentitySession({ records })
  const admin = await session.admin()
  const make = async (kind: string, members: object): Promise<string> =>
    (await session.ask('POST', `/v3/${kind}s`, admin, { [kind]: members })).body[kind].id
  const put = async (path: string): Promise<void> => {
    const { status } = await session.ask('PUT', path, admin)
    if (status >= 300) throw new Error(`${path}: ${status}`)
  }
  const { userId: user, projectId: project } = await session.person('ada', 'member')
  const role = await make('role', { name: 'auditor' })
  const prior = await make('role', { name: 'inspector' })
  const group = await make('group', { name: 'counters' })
  const domain = await make('domain', { name: 'away', enabled: true })
  const inside = await make('user', { name: 'eve', domain_id: domain, password: 'eve secret' })
  const ofEve = await make('project', { name: 'of eve', domain_id: domain })
  await put(`/v3/roles/${prior}/implies/${role}`)
  await put(`/v3/groups/${group}/users/${user}`)
  await put(`/v3/projects/${project}/users/${user}/roles/${role}`)
  await put(`/v3/projects/${project}/groups/${group}/roles/${role}`)
  await put(`/v3/domains/${domain}/users/${user}/roles/${role}`)
  await put(`/v3/domains/${domain}/groups/${group}/roles/${role}`)
  await put(`/v3/projects/${ofEve}/users/${inside}/roles/${role}`)
  await session.ask('PATCH', `/v3/users/${user}`, admin, { user: { default_project_id: project } })
  await session.ask('PATCH', `/v3/domains/${domain}`, admin, { domain: { enabled: false } })
  const ada = await session.login('ada', 'ada secret', 'of ada')
  const roles = [{ name: 'auditor' }]
  const credential = { application_credential: { name: 'backup', roles } }
  await session.ask('POST', `/v3/users/${user}/application_credentials`, ada.token, credential)
  await session.ask('POST', `/v3/users/${user}/credentials/OS-EC2`, ada.token, { tenant_id: project })
  await put(`/v3/OS-INHERIT/domains/${domain}/users/${user}/roles/${role}/inherited_to_projects`)
  await put(`/v3/OS-INHERIT/projects/${project}/groups/${group}/roles/${role}/inherited_to_projects`)
  const trust = {
    trustor_user_id: user,
    trustee_user_id: inside,
    impersonation: true,
    project_id: project,
    roles,
  }
  const { status } = await session.ask('POST', '/v3/OS-TRUST/trusts', ada.token, { trust })
  if (status !== 201) throw new Error(`trust: ${status}`)
  return { records, ids: { project, role, group, user, domain, inside } }
}

async function cutOff(t: Test, what: keyof World['ids'], writes: number): Promise<'whole' | 'cut'> {
  const { records, ids } = await world()
  const before = await everything(records)
  const dying = new IdentitySession({ records: dyingAfter(writes, records) })
  const path = `/v3/${what}s/${ids[what]}`
  const { status } = await dying.ask('DELETE', path, await dying.admin())
  const survivor = new IdentitySession({ records })
  const admin = await survivor.admin()
  if ((await survivor.ask('GET', path, admin)).status === 200) {
    t.equal(status, 503, 'nobody was told that it is gone')
    t.equal(await everything(records), before, 'nothing has happened')
    return 'cut'
  }
  t.equal(status, 204)
  const outcome = await survivor.identity.removals.finishAll(CONTEXT)
  const left = await everything(records)
  t.notOk(left.includes(ids[what]), 'nothing names it any more')
  if (what === 'domain') t.notOk(left.includes(ids.inside), 'nor who was in it')
  if (what === 'project' || what === 'role')
    t.notOk(left.includes('backup'), 'the application credential went')
  if (what !== 'group') t.notOk(left.includes('trusts '), 'and the trust')
  if (what === 'project' || what === 'user') t.notOk(left.includes('credentials '), 'and the key pair')
  t.match(await survivor.identity.removals.finishAll(CONTEXT), { finished: 0 })
  if (what !== 'user') t.equal((await survivor.login('ada', 'ada secret')).status, 201, 'others are there')
  return 'finished' in outcome && outcome.finished === 0 ? 'whole' : 'cut'
}

for (const what of ['project', 'role', 'group', 'user', 'domain'] as const) {
  t.test(`a ${what} is removed whole, or not at all`, async (t) => {
    let writes = 1
    while (writes < WRITES_MAX && (await cutOff(t, what, writes)) === 'cut') writes += 1
    t.ok(writes < WRITES_MAX, `${writes} writes`)
  })
}

t.test('a role that is given on a project that goes at that moment is not kept', async (t) => {
  const records = new MemoryRecords()
  const session = new IdentitySession({ records })
  const { userId, projectId } = await session.person('ada', 'member')
  const admin = await session.admin()
  const roleId = (await session.ask('GET', '/v3/roles?name=reader', admin)).body.roles[0].id
  let isGone = false
  // The project goes after it was looked for, and before the role is written.
  const overtaken: Records = {
    of(kind) {
      const inner = records.of(kind)
      return {
        ...inner,
        replace: async (context, read, value) => {
          if (kind.name === 'users' && !isGone) {
            isGone = true
            await session.ask('DELETE', `/v3/projects/${projectId}`, admin)
            return { kind: 'changed' }
          }
          return await inner.replace(context, read, value)
        },
      }
    },
  }
  const other = new IdentitySession({ records: overtaken })
  const path = `/v3/projects/${projectId}/users/${userId}/roles/${roleId}`
  t.equal((await other.ask('PUT', path, admin)).status, 404)
  t.notOk((await everything(records)).includes(projectId))
})
