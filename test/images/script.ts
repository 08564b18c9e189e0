/**
 * Requests that are put to a real OpenStack Glance and to our registry alike. `{name}` in a path or body stands for what an
 * earlier step called so. What the real one answered is kept in `glance-25.1-answers.json` (`record-glance.ts`).
 */
export type Person = 'admin' | 'one' | 'other' | 'nobody'

export interface Step {
  readonly name: string
  /** `one` and `other` are members of two projects. */
  readonly as: Person
  readonly method: string
  /** Behind `/v2`; with a query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** JSON, or bytes that are sent as they are. */
  readonly body?: unknown
  readonly bytes?: string
  /** The answer's id is called so from now on. */
  readonly keepId?: string
}

export const PATCH = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' }
const OLD_PATCH = { 'Content-Type': 'application/openstack-images-v2.0-json-patch' }
export const OCTETS = { 'Content-Type': 'application/octet-stream' }
export const JSON_TYPE = { 'Content-Type': 'application/json' }

export const step = (
  name: string,
  as: Person,
  method: string,
  path: string,
  more: Partial<Step> = {},
): Step => ({
  name,
  as,
  method,
  path,
  ...more,
})

const create = (name: string, body: unknown, keepId?: string, as: Person = 'one'): Step =>
  step(`create ${name}`, as, 'POST', '/images', {
    body,
    headers: JSON_TYPE,
    ...(keepId === undefined ? {} : { keepId }),
  })

const patch = (name: string, body: unknown, as: Person = 'one', headers = PATCH): Step =>
  step(`patch: ${name}`, as, 'PATCH', '/images/{a}', { body, headers })

const list = (query: string, as: Person = 'one'): Step => step(`list ${query}`, as, 'GET', `/images?${query}`)

const CREATES: readonly Step[] = [
  create(
    'with everything',
    {
      name: 'a',
      disk_format: 'raw',
      container_format: 'bare',
      min_ram: 1,
      min_disk: 2,
      protected: false,
      visibility: 'private',
      tags: ['x', 'y', 'x'],
      colour: 'red',
    },
    'a',
  ),
  create('empty', {}, 'empty'),
  create(
    'shared',
    { name: 'shared', visibility: 'shared', disk_format: 'raw', container_format: 'bare' },
    'shared',
  ),
  create('for the community', { name: 'c', visibility: 'community' }, 'community'),
  create('hidden', { name: 'h', os_hidden: true }, 'hidden'),
  create('of somebody else', { owner: 'somebody' }),
  create('public by a user', { visibility: 'public' }),
  create('public by an administrator', { name: 'p', visibility: 'public' }, 'public', 'admin'),
  create('with a bad id', { id: 'not-a-uuid' }),
  create('with a taken id', { id: '{a}' }),
  create('with a bad format', { disk_format: 'floppy' }),
  create('with a number as property', { colour: 7 }),
  create('with null as property', { colour: null }),
  create('with a kernel of null', { kernel_id: null, name: 'k' }, 'kernel'),
  create('with a kernel that is none', { kernel_id: 'x' }),
  create('with a reserved name', { deleted: 'x' }),
  create('with a server name', { os_glance_import_task: 'x' }),
  create('with a read-only name', { self: 'x' }),
  create('with a status', { status: 'active' }),
  create('with a size', { size: 7 }),
  create('with a long name', { name: 'n'.repeat(256) }),
  create('with a long tag', { tags: ['t'.repeat(256)] }),
  create('with negative memory', { min_ram: -1 }),
  create('with text for memory', { min_ram: 'much' }),
  create('with too many tags', { tags: Array.from({ length: 129 }, (_, at) => `t${at}`) }),
  step('create from nothing', 'one', 'POST', '/images', { headers: JSON_TYPE }),
  step('create from no JSON', 'one', 'POST', '/images', { headers: JSON_TYPE, bytes: '{' }),
  step('create as nobody', 'nobody', 'POST', '/images', { headers: JSON_TYPE, body: {} }),
]

const SHOWS: readonly Step[] = [
  step('show', 'one', 'GET', '/images/{a}'),
  step('show as a stranger', 'other', 'GET', '/images/{a}'),
  step('show of the community', 'other', 'GET', '/images/{community}'),
  step('show what is not there', 'one', 'GET', '/images/00000000-0000-4000-8000-000000000000'),
  step('show with a body', 'one', 'GET', '/images/{a}', { headers: JSON_TYPE, body: {} }),
  step('HEAD', 'one', 'HEAD', '/images/{a}'),
  step('a wrong verb', 'one', 'POST', '/images/{a}', { headers: JSON_TYPE, body: {} }),
  step('nowhere', 'one', 'GET', '/nowhere'),
  step('a refusal in JSON', 'one', 'GET', '/images/none', { headers: { Accept: 'application/json' } }),
]

const LISTS: readonly Step[] = [
  ...[
    '',
    'limit=1',
    'limit=0',
    'limit=-1',
    'limit=x',
    'marker=none',
    'sort=name:asc',
    'sort_key=name&sort_dir=asc',
  ].map((query) => list(query)),
  ...['sort=name&sort_key=name', 'sort_key=colour', 'sort=name:up', 'sort_dir=asc&sort_dir=desc'].map(
    (query) => list(query),
  ),
  ...[
    'name=a',
    'name=in:a,c&sort=name:asc',
    'name=in:"a',
    'name=like:a',
    'status=queued&sort=name',
    'colour=red',
  ].map((query) => list(query)),
  ...[
    'visibility=community',
    'visibility=private',
    'visibility=shared',
    'visibility=none',
    'os_hidden=true',
    'os_hidden=x',
  ].map((query) => list(query)),
  ...[
    'protected=true',
    'protected=x',
    'size_min=1',
    'size_min=x',
    'tag=x&tag=y',
    'tag=x&tag=z',
    'member_status=x',
  ].map((query) => list(query)),
  ...[
    'created_at=gt:2020-01-01T00:00:00Z&name=a',
    'created_at=lt:2020-01-01T00:00:00Z',
    'created_at=x',
    'created_at=up:2020-01-01T00:00:00Z',
  ].map((query) => list(query)),
  list('changes-since=2020-01-01T00:00:00Z'),
  list('visibility=community', 'other'),
  list('sort=name:asc', 'other'),
]

const PATCHES: readonly Step[] = [
  patch('replace the name', [{ op: 'replace', path: '/name', value: 'a2' }]),
  patch('nothing', []),
  patch('add a property', [{ op: 'add', path: '/shape', value: 'round' }]),
  patch('add a property again', [{ op: 'add', path: '/shape', value: 'square' }]),
  patch('a name with a slash', [{ op: 'add', path: '/a~1b', value: 'x' }]),
  patch('remove a property', [{ op: 'remove', path: '/shape' }]),
  patch('remove what is not there', [{ op: 'remove', path: '/shape' }]),
  patch('replace what is not there', [{ op: 'replace', path: '/shape', value: 'x' }]),
  patch('remove the name', [{ op: 'remove', path: '/name' }]),
  patch('a test', [{ op: 'test', path: '/name', value: 'a2' }]),
  patch('no op', [{ path: '/name', value: 'a2' }]),
  patch('no path', [{ op: 'add', value: 'a2' }]),
  patch('no value', [{ op: 'add', path: '/name' }]),
  patch('a path without slash', [{ op: 'add', path: 'name', value: 'x' }]),
  patch('a deep path', [{ op: 'add', path: '/name/x', value: 'x' }]),
  patch('a bad escape', [{ op: 'add', path: '/a~2', value: 'x' }]),
  patch('no list', { op: 'add', path: '/name', value: 'x' }),
  patch('no object', ['x']),
  patch('the status', [{ op: 'replace', path: '/status', value: 'active' }]),
  patch('the id', [{ op: 'replace', path: '/id', value: 'x' }]),
  patch('the owner', [{ op: 'replace', path: '/owner', value: 'other' }]),
  patch('a reserved name', [{ op: 'add', path: '/deleted', value: 'x' }]),
  patch('null', [{ op: 'add', path: '/shape', value: null }]),
  patch('a ramdisk of null', [{ op: 'add', path: '/ramdisk_id', value: null }]),
  patch('the visibility', [{ op: 'replace', path: '/visibility', value: 'public' }]),
  patch('a wrong visibility', [{ op: 'replace', path: '/visibility', value: 'none' }]),
  patch('tags', [{ op: 'replace', path: '/tags', value: ['z'] }]),
  patch('one tag', [{ op: 'add', path: '/tags/-', value: 'z' }]),
  patch('half', [
    { op: 'replace', path: '/name', value: 'never' },
    { op: 'remove', path: '/nothing' },
  ]),
  patch('old: add what is there', [{ add: '/colour', value: 'blue' }], 'one', OLD_PATCH),
  patch('old: replace', [{ replace: '/colour', value: 'blue' }], 'one', OLD_PATCH),
  patch('old: two operations in one', [{ add: '/x', replace: '/y', value: 'blue' }], 'one', OLD_PATCH),
  patch('of another type', [], 'one', JSON_TYPE),
  patch('by a stranger', [{ op: 'replace', path: '/name', value: 'x' }], 'other'),
  step('patch: of another project', 'other', 'PATCH', '/images/{community}', {
    headers: PATCH,
    body: [{ op: 'replace', path: '/name', value: 'x' }],
  }),
]

const DATA: readonly Step[] = [
  step('download nothing', 'one', 'GET', '/images/{a}/file'),
  step('upload of the wrong type', 'one', 'PUT', '/images/{a}/file', {
    headers: { 'Content-Type': 'text/plain' },
    bytes: 'x',
  }),
  step('upload without formats', 'one', 'PUT', '/images/{empty}/file', { headers: OCTETS, bytes: 'x' }),
  step('upload by a stranger', 'other', 'PUT', '/images/{a}/file', { headers: OCTETS, bytes: 'x' }),
  step('upload into a stranger’s', 'other', 'PUT', '/images/{community}/file', {
    headers: OCTETS,
    bytes: 'x',
  }),
  step('upload', 'one', 'PUT', '/images/{a}/file', { headers: OCTETS, bytes: 'hello world' }),
  step('upload again', 'one', 'PUT', '/images/{a}/file', { headers: OCTETS, bytes: 'hello' }),
  step('show the active one', 'one', 'GET', '/images/{a}'),
  step('download', 'one', 'GET', '/images/{a}/file'),
  step('download a range', 'one', 'GET', '/images/{a}/file', { headers: { Range: 'bytes=1-3' } }),
  step('download the end', 'one', 'GET', '/images/{a}/file', { headers: { Range: 'bytes=-5' } }),
  step('download two ranges', 'one', 'GET', '/images/{a}/file', { headers: { Range: 'bytes=1-3,5-6' } }),
  step('download beyond the end', 'one', 'GET', '/images/{a}/file', { headers: { Range: 'bytes=100-200' } }),
  patch('the format of an active one', [{ op: 'replace', path: '/disk_format', value: 'qcow2' }]),
  step('stage an active one', 'one', 'PUT', '/images/{a}/stage', { headers: OCTETS, bytes: 'x' }),
  step('import an active one', 'one', 'POST', '/images/{a}/import', {
    headers: JSON_TYPE,
    body: { method: { name: 'glance-direct' } },
  }),
  step('import by nothing', 'one', 'POST', '/images/{shared}/import', { headers: JSON_TYPE, body: {} }),
  step('import by a method there is not', 'one', 'POST', '/images/{shared}/import', {
    headers: JSON_TYPE,
    body: { method: { name: 'x' } },
  }),
  step('import what is not staged', 'one', 'POST', '/images/{shared}/import', {
    headers: JSON_TYPE,
    body: { method: { name: 'glance-direct' } },
  }),
  step('stage', 'one', 'PUT', '/images/{shared}/stage', { headers: OCTETS, bytes: 'staged' }),
  step('show the staged one', 'one', 'GET', '/images/{shared}'),
  step('stage again', 'one', 'PUT', '/images/{shared}/stage', { headers: OCTETS, bytes: 'staged' }),
]

const ACTIONS: readonly Step[] = [
  step('deactivate a queued one', 'one', 'POST', '/images/{empty}/actions/deactivate'),
  step('deactivate', 'one', 'POST', '/images/{a}/actions/deactivate'),
  step('deactivate again', 'one', 'POST', '/images/{a}/actions/deactivate'),
  step('download a deactivated one', 'one', 'GET', '/images/{a}/file'),
  step('reactivate', 'one', 'POST', '/images/{a}/actions/reactivate'),
  step('reactivate again', 'one', 'POST', '/images/{a}/actions/reactivate'),
  step('deactivate by a stranger', 'other', 'POST', '/images/{a}/actions/deactivate'),
  step('add a tag', 'one', 'PUT', '/images/{a}/tags/new'),
  step('add a tag again', 'one', 'PUT', '/images/{a}/tags/new'),
  step('add a long tag', 'one', 'PUT', `/images/{a}/tags/${'t'.repeat(256)}`),
  step('remove a tag', 'one', 'DELETE', '/images/{a}/tags/new'),
  step('remove a tag again', 'one', 'DELETE', '/images/{a}/tags/new'),
]

const member = (name: string, as: Person, method: string, path: string, body?: unknown): Step =>
  step(
    `members: ${name}`,
    as,
    method,
    `/images/${path}`,
    body === undefined ? {} : { headers: JSON_TYPE, body },
  )

const MEMBERS: readonly Step[] = [
  member('of a private image', 'one', 'GET', '{a}/members'),
  member('none', 'one', 'GET', '{shared}/members'),
  member('add', 'one', 'POST', '{shared}/members', { member: '{other-project}' }),
  member('add again', 'one', 'POST', '{shared}/members', { member: '{other-project}' }),
  member('add nobody', 'one', 'POST', '{shared}/members', {}),
  member('add an empty one', 'one', 'POST', '{shared}/members', { member: '' }),
  member('list', 'one', 'GET', '{shared}/members'),
  member('the owner accepts', 'one', 'PUT', '{shared}/members/{other-project}', { status: 'accepted' }),
  member('a wrong status', 'other', 'PUT', '{shared}/members/{other-project}', { status: 'x' }),
  member('accept', 'other', 'PUT', '{shared}/members/{other-project}', { status: 'accepted' }),
  member('show', 'other', 'GET', '{shared}/members/{other-project}'),
  member('show one that is not there', 'one', 'GET', '{shared}/members/none'),
  member('list as the member', 'other', 'GET', '{shared}/members'),
  member('share further', 'other', 'POST', '{shared}/members', { member: 'third' }),
  list('name=shared', 'other'),
  step('delete as a member', 'other', 'DELETE', '/images/{shared}'),
  member('remove as the member', 'other', 'DELETE', '{shared}/members/{other-project}'),
  member('remove', 'one', 'DELETE', '{shared}/members/{other-project}'),
  member('remove again', 'one', 'DELETE', '{shared}/members/{other-project}'),
]

const REST: readonly Step[] = [
  step('import methods', 'one', 'GET', '/info/import'),
  step('tasks as a user', 'one', 'GET', '/tasks'),
  step('delete a task', 'admin', 'DELETE', '/tasks/x'),
  step('tasks of an image', 'one', 'GET', '/images/{a}/tasks'),
  step('schema of a member', 'one', 'GET', '/schemas/nothing'),
  patch('protect', [{ op: 'replace', path: '/protected', value: true }]),
  step('delete a protected one', 'one', 'DELETE', '/images/{a}'),
  patch('unprotect', [{ op: 'replace', path: '/protected', value: false }]),
  step('delete as a stranger', 'other', 'DELETE', '/images/{a}'),
  step('delete of the community as a stranger', 'other', 'DELETE', '/images/{community}'),
  step('delete', 'one', 'DELETE', '/images/{a}'),
  step('delete again', 'one', 'DELETE', '/images/{a}'),
  step('delete the staged one', 'one', 'DELETE', '/images/{shared}'),
  create('with the id of a deleted one', { id: '{a}' }),
  ...['empty', 'community', 'hidden', 'kernel'].map((name) =>
    step(`delete ${name}`, 'one', 'DELETE', `/images/{${name}}`),
  ),
  step('delete the public one', 'admin', 'DELETE', '/images/{public}'),
]

export const STEPS: readonly Step[] = [
  ...CREATES,
  ...SHOWS,
  ...LISTS,
  ...PATCHES,
  ...DATA,
  ...ACTIONS,
  ...MEMBERS,
  ...REST,
]
