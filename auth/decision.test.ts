/**
 * Goal: every combination of who asks, for what, with which lists in place, is decided as OpenStack Swift's tempauth
 * does. Method: a matrix; each row names a caller and a grant, each column an action, each cell what comes out.
 */
import t from 'tap'
import type { AccountAcl } from './account-acl.ts'
import { parseAcl } from './container-acl.ts'
import { type Action, type Decision, decide, decideByRole, type Grants } from './decision.ts'
import { DEFAULT_RESELLERS, type Principal, type ResellerPrefix } from './principal.ts'
import { CALLERS, principal } from './testing/callers.ts'

const COLUMNS = [
  'GET a',
  'POST a',
  'PUT a',
  'DELETE a',
  'GET c',
  'PUT c',
  'POST c',
  'DELETE c',
  'GET o',
  'PUT o',
  'OPTIONS c',
] as const

function actionOf(column: string, account = 'AUTH_test'): Action {
  const [method = '', level] = column.split(' ')
  return {
    method,
    account,
    container: level === 'a' ? undefined : 'c',
    object: level === 'o' ? 'o' : undefined,
  }
}

/** The list that counts for a column, as the door fetches it. */
function listFor(column: string, lists: Lists): string | undefined {
  const [method, level] = column.split(' ')
  if (level === 'a') return undefined
  if (method === 'GET') return lists.read
  return level === 'o' ? lists.write : undefined
}

interface Lists {
  readonly read?: string
  readonly write?: string
  readonly account?: Partial<AccountAcl>
  readonly referer?: string
}

function outcome(decision: Decision): string {
  if (decision.kind === 'deny') return String(decision.status)
  return decision.owner ? 'own' : 'ok'
}

function rowOf(caller: Principal | undefined, lists: Lists, account?: string): string {
  const outcomes = COLUMNS.map((column) => {
    const acl = listFor(column, lists)
    const grants: Grants = {
      containerAcl: acl === undefined ? undefined : parseAcl(acl),
      accountAcl: lists.account && { admin: [], readWrite: [], readOnly: [], ...lists.account },
      referer: lists.referer,
    }
    return outcome(decide(caller, actionOf(column, account), grants, DEFAULT_RESELLERS))
  })
  return outcomes.join(' ')
}

//                            GET  POST PUT DELETE| GET  PUT  POST DELETE| GET  PUT | OPTIONS
//                            account              container              object      container
const MATRIX: readonly (readonly [keyof typeof CALLERS, string, Lists, string])[] = [
  ['anonymous', 'nothing', {}, '401 401 401 401 401 401 401 401 401 401 ok'],
  ['member', 'nothing', {}, '403 403 403 403 403 403 403 403 403 403 ok'],
  ['stranger', 'nothing', {}, '403 403 403 403 403 403 403 403 403 403 ok'],
  ['owner', 'nothing', {}, 'own own 403 403 own own own own own own own'],
  ['reseller', 'nothing', {}, 'own own own own own own own own own own own'],
  ['reader', 'nothing', {}, 'ok 403 403 403 ok 403 403 403 ok 403 ok'],
  ['anonymous', 'everyone reads', { read: '.r:*' }, '401 401 401 401 401 401 401 401 ok 401 ok'],
  ['anonymous', 'everyone lists', { read: '.r:*,.rlistings' }, '401 401 401 401 ok 401 401 401 ok 401 ok'],
  ['stranger', 'everyone reads', { read: '.r:*' }, '403 403 403 403 403 403 403 403 ok 403 ok'],
  [
    'anonymous',
    'a site reads, from it',
    { read: '.r:.example.com', referer: 'http://www.example.com/' },
    '401 401 401 401 401 401 401 401 ok 401 ok',
  ],
  [
    'anonymous',
    'a site reads, from elsewhere',
    { read: '.r:.example.com', referer: 'http://www.example.net/' },
    '401 401 401 401 401 401 401 401 401 401 ok',
  ],
  ['member', 'the user reads', { read: 'test:tester3' }, '403 403 403 403 ok 403 403 403 ok 403 ok'],
  ['member', 'the tenant reads', { read: 'test' }, '403 403 403 403 ok 403 403 403 ok 403 ok'],
  ['stranger', 'another tenant reads', { read: 'test' }, '403 403 403 403 403 403 403 403 403 403 ok'],
  ['member', 'the user writes', { write: 'test:tester3' }, '403 403 403 403 403 403 403 403 403 ok ok'],
  ['anonymous', 'rlistings alone', { read: '.rlistings' }, '401 401 401 401 401 401 401 401 401 401 ok'],
  [
    'stranger',
    'account read-only',
    { account: { readOnly: ['test2:tester2'] } },
    'ok 403 403 403 ok 403 403 403 ok 403 ok',
  ],
  [
    'stranger',
    'account read-write',
    { account: { readWrite: ['test2'] } },
    'ok 403 403 403 ok ok ok ok ok ok ok',
  ],
  [
    'stranger',
    'account admin',
    { account: { admin: ['test2:tester2'] } },
    'own own own own own own own own own own ok',
  ],
  [
    'anonymous',
    'account lists name nobody known',
    { account: { admin: [''], readOnly: ['test'] } },
    '401 401 401 401 401 401 401 401 401 401 ok',
  ],
]

for (const [caller, what, lists, expected] of MATRIX) {
  t.test(`${caller}, ${what}`, (t) => {
    t.equal(rowOf(CALLERS[caller], lists), expected)
    t.end()
  })
}

t.test('an account of no reseller of ours is nobody’s, whatever lists say', (t) => {
  const everything: Lists = { read: '.r:*,.rlistings', write: 'test', account: { admin: ['test'] } }
  for (const caller of Object.values(CALLERS)) {
    const action = actionOf('GET o', 'OTHER_test')
    const decision = decideByRole(caller, action, DEFAULT_RESELLERS)
    t.equal(decision && outcome(decision), caller === undefined ? '401' : '403')
  }
  t.equal(rowOf(CALLERS.member, everything, 'OTHER_test'), COLUMNS.map(() => '403').join(' '))
  t.end()
})

t.test('hidden accounts and the bare prefix are closed to resellers', (t) => {
  for (const account of ['AUTH_.hidden', 'AUTH_']) {
    t.equal(rowOf(CALLERS.reseller, {}, account), '403 403 403 403 403 403 403 403 403 403 ok')
    t.equal(rowOf(CALLERS.reader, {}, account), '403 403 403 403 403 403 403 403 403 403 ok')
  }
  t.end()
})

t.test('a reseller prefix may demand a group of its administrators', (t) => {
  const resellers: readonly ResellerPrefix[] = [
    ...DEFAULT_RESELLERS,
    { prefix: 'SERVICE_', requireGroup: 'service' },
  ]
  const action = actionOf('GET c', 'SERVICE_test')
  const owner = principal('test', 'tester', 'AUTH_test', 'SERVICE_test')
  const service = { ...owner, groups: [...owner.groups, 'service'] }
  t.equal(decideByRole(owner, action, resellers), undefined, 'roles alone do not settle it')
  t.strictSame(decideByRole(service, action, resellers), { kind: 'allow', owner: true })
  t.end()
})

t.test('a container sync request that proved itself is allowed, not as an owner', (t) => {
  const grants: Grants = {
    containerAcl: undefined,
    accountAcl: undefined,
    referer: undefined,
    syncKeyMatches: true,
  }
  t.strictSame(decide(undefined, actionOf('PUT o'), grants, DEFAULT_RESELLERS), {
    kind: 'allow',
    owner: false,
  })
  t.end()
})
