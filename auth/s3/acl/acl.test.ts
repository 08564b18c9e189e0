/** Goal: ACLs mean the same however they are written: canned, in headers, stored; and what is none is refused. */
import fc from 'fast-check'
import t from 'tap'
import {
  type AccessControlList,
  aclAdmits,
  EC2_USER,
  type Grant,
  isPrivateAcl,
  isPublicAcl,
  PERMISSIONS,
} from './access-control-list.ts'
import { type AclInHeaders, aclInHeaders } from './acl-headers.ts'
import { cannedAcl } from './canned-acl.ts'
import {
  OBJECT_ACL_CHANGED,
  OBJECT_ACL_SYSMETA,
  objectAclIn,
  parseStoredAcl,
  storedAcl,
} from './stored-acl.ts'

const OWNERS = { owner: 'test:tester', bucketOwner: 'test2:tester2' }
const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'

function inHeaders(headers: Readonly<Record<string, string>>): AclInHeaders {
  return aclInHeaders(headers, OWNERS)
}

/** `READ AllUsers` and so on, but for the owner's full control. */
function granted({ grants, owner }: AccessControlList): string {
  return grants
    .map(({ grantee, permission }) => `${permission} ${grantee.kind === 'user' ? grantee.id : grantee.group}`)
    .filter((grant) => grant !== `FULL_CONTROL ${owner}`)
    .join(', ')
}

t.test('canned ACLs', (t) => {
  const cases: readonly (readonly [name: string, grants: string, isPublic: boolean])[] = [
    ['private', '', false],
    ['public-read', 'READ AllUsers', true],
    ['public-read-write', 'READ AllUsers, WRITE AllUsers', true],
    ['authenticated-read', 'READ AuthenticatedUsers', true],
    ['aws-exec-read', `READ ${EC2_USER.id}`, false],
    ['bucket-owner-read', 'READ test2:tester2', false],
    ['bucket-owner-full-control', 'FULL_CONTROL test2:tester2', false],
    ['log-delivery-write', 'WRITE LogDelivery, READ_ACP LogDelivery', false],
  ]
  for (const [name, grants, isPublic] of cases) {
    const acl = cannedAcl(name, OWNERS)
    if (acl === undefined) throw new Error(name)
    t.equal(acl.owner, 'test:tester')
    t.match(acl.grants[0], { grantee: { id: 'test:tester' }, permission: 'FULL_CONTROL' })
    t.equal(granted(acl), grants, name)
    t.equal(isPublicAcl(acl), isPublic, name)
    t.equal(isPrivateAcl(acl), name === 'private', name)
  }
  t.equal(cannedAcl('constructor', OWNERS), undefined)
  const same = cannedAcl('bucket-owner-full-control', { owner: 'a:b', bucketOwner: 'a:b' })
  t.equal(same?.grants.length, 1)
  t.end()
})

t.test('who is let do what', (t) => {
  const acl: AccessControlList = {
    owner: 'test:tester',
    grants: [
      { grantee: { kind: 'user', id: 'test2:tester2' }, permission: 'FULL_CONTROL' },
      { grantee: { kind: 'user', id: 'test:tester3' }, permission: 'WRITE' },
      { grantee: { kind: 'group', group: 'AuthenticatedUsers' }, permission: 'READ' },
    ],
  }
  const may = (user: string | undefined, counted: 'all' | 'not_public' = 'all'): string =>
    (['READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'] as const)
      .filter((permission) => aclAdmits(acl, user, permission, counted))
      .join(' ')
  t.equal(may(undefined), '')
  t.equal(may('any:body'), 'READ')
  t.equal(may('any:body', 'not_public'), '')
  t.equal(may('test:tester3'), 'READ WRITE')
  t.equal(may('test2:tester2', 'not_public'), 'READ WRITE READ_ACP WRITE_ACP')
  t.equal(may('test:tester', 'not_public'), 'READ_ACP WRITE_ACP', 'the list is always its owner’s')
  t.end()
})

t.test('grants in headers', (t) => {
  t.same(inHeaders({}), { kind: 'none' })
  const found = inHeaders({
    'x-amz-grant-read': `id="test2:tester2", uri=${ALL_USERS}`,
    'x-amz-grant-full-control': "id='test:tester'",
  })
  t.equal(found.kind === 'acl' && granted(found.acl), 'READ test2:tester2, READ AllUsers')
  t.match(inHeaders({ 'x-amz-acl': 'public-read' }), { kind: 'acl', canned: 'public-read' })
  const refusals: readonly (readonly [headers: Readonly<Record<string, string>>, refusal: object])[] = [
    [
      { 'x-amz-acl': 'public' },
      { code: 'InvalidArgument', extra: { ArgumentName: 'x-amz-acl', ArgumentValue: 'public' } },
    ],
    [{ 'x-amz-acl': 'private', 'x-amz-grant-read': 'id=a:b' }, { code: 'InvalidRequest' }],
    [{ 'x-amz-grant-read': 'a:b' }, { code: 'InvalidArgument', message: 'Argument format not recognized' }],
    [
      { 'x-amz-grant-read': 'name=a' },
      { code: 'InvalidArgument', message: 'Argument format not recognized' },
    ],
    [{ 'x-amz-grant-read': 'id=nobody' }, { code: 'InvalidArgument', message: 'Invalid id' }],
    [{ 'x-amz-grant-read': 'uri=http://a' }, { code: 'InvalidArgument', message: 'Invalid group uri' }],
    [{ 'x-amz-grant-read': 'emailAddress=a@b' }, { code: 'UnresolvableGrantByEmailAddress' }],
    [
      { 'x-amz-grant-read': Array.from({ length: 101 }, (_, index) => `id=a:${index}`).join() },
      { code: 'MalformedACLError' },
    ],
  ]
  for (const [headers, refusal] of refusals) t.match(inHeaders(headers), { kind: 'refused', ...refusal })
  t.end()
})

t.test('what was stored is read again', (t) => {
  const grant: fc.Arbitrary<Grant> = fc.record({
    grantee: fc.oneof(
      fc.record({ kind: fc.constant('user' as const), id: fc.string().map((name) => `tenant:${name}`) }),
      fc.record({
        kind: fc.constant('group' as const),
        group: fc.constantFrom('AllUsers' as const, 'AuthenticatedUsers' as const, 'LogDelivery' as const),
      }),
    ),
    permission: fc.constantFrom(...PERMISSIONS),
  })
  fc.assert(
    fc.property(fc.string(), fc.array(grant, { maxLength: 20 }), (owner, grants) => {
      const stored = storedAcl({ owner, grants })
      t.ok(stored === undefined || /^[\x20-\x7e]*$/.test(stored))
      if (stored !== undefined) t.same(parseStoredAcl(stored), { owner, grants })
    }),
    { numRuns: 50 },
  )
  t.end()
})

t.test('the form is that of OpenStack Swift', (t) => {
  const acl = cannedAcl('public-read', OWNERS)
  const stored = acl && storedAcl(acl)
  t.equal(
    stored,
    '{"Owner":"test:tester","Grant":[{"Permission":"FULL_CONTROL","Grantee":"test:tester"},{"Permission":"READ","Grantee":"AllUsers"}]}',
  )
  for (const broken of ['', 'x', '[]', 'null', '{"Owner":1}', '{"Owner":"a","Grant":{}}']) {
    t.equal(parseStoredAcl(broken), undefined, broken)
  }
  t.same(parseStoredAcl('{"Owner":"a","Grant":[1,{"Permission":"ALL","Grantee":"b"}]}')?.grants, [])
  t.end()
})

t.test('what was said of an object later counts', (t) => {
  const [first, later] = ['a', 'b'].map((owner) => `{"Owner":"${owner}","Grant":[]}`)
  t.equal(objectAclIn({ [OBJECT_ACL_SYSMETA]: first })?.owner, 'a')
  t.equal(objectAclIn({ [OBJECT_ACL_SYSMETA]: first, [OBJECT_ACL_CHANGED]: later })?.owner, 'b')
  t.equal(objectAclIn({}), undefined)
  t.end()
})

t.test('whatever headers and stored lists say, it is a list, a refusal or nothing', (t) => {
  const text = fc.oneof(
    fc.constantFrom('private', 'id="a:b"', 'uri=,', 'emailAddress=', '"', "='"),
    fc.string(),
  )
  fc.assert(
    fc.property(text, text, (one, other) => {
      const joined = `${one},${other}`
      for (const name of ['x-amz-acl', 'x-amz-grant-read']) {
        t.ok(['acl', 'refused'].includes(inHeaders({ [name]: joined }).kind))
      }
      parseStoredAcl(joined)
    }),
    { numRuns: 200 },
  )
  t.end()
})
