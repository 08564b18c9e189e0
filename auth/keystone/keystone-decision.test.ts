/**
 * Goal: who comes with a token of Keystone is decided as OpenStack Swift's keystoneauth does. Method: each row is a token
 * and what the lists say, each column an action on the account of project `a…a`, each cell what comes out.
 */
import t from 'tap'
import { parseAcl } from '../container-acl.ts'
import { type Action, decide } from '../decision.ts'
import { tokenOf } from '../testing/fake-keystone.ts'
import { type KeystoneRules, keystonePrincipal, mayBringExpired } from './keystone-rules.ts'
import { keystoneRules, type WrittenRules } from './rules-options.ts'
import type { KeystoneToken } from './token-answer.ts'

const PROJECT = 'a'.repeat(32)
const USER = 'b'.repeat(32)
const OTHER = 'c'.repeat(32)
const RESELLERS = [
  { prefix: 'AUTH_', requireGroup: '' },
  { prefix: 'SERVICE_', requireGroup: '' },
]

const WRITTEN: WrittenRules = {
  resellerPrefixes: ['AUTH', 'SERVICE_'],
  operatorRoles: ['admin', 'SwiftOperator'],
  serviceRoles: [],
  projectReaderRoles: ['reader'],
  prefixRoles: ['SERVICE_ service_roles=service|glance'],
  resellerAdminRole: 'ResellerAdmin',
  systemReaderRoles: ['auditor'],
  serviceTokenRoles: ['service'],
  defaultDomainId: 'default',
  namesInAcls: 'allowed',
}
const RULES = keystoneRules(WRITTEN)

const operator = tokenOf()
const member = tokenOf({ roles: ['member'] })
const reader = tokenOf({ roles: ['reader'] })
const stranger = tokenOf({ project: { id: OTHER, name: 'other', domainId: 'default' } })
const reseller = tokenOf({ roles: ['reselleradmin'], project: { id: OTHER, name: 'o', domainId: 'default' } })
const auditor = tokenOf({ roles: ['auditor'], project: undefined })
const service = tokenOf({ roles: ['service'], project: { id: OTHER, name: 'service', domainId: 'default' } })

const COLUMNS = ['GET a', 'POST a', 'PUT a', 'DELETE a', 'GET c', 'PUT c', 'GET o', 'PUT o', 'OPTIONS c']

interface Lists {
  readonly acl?: string
  readonly names?: 'count'
  readonly referer?: string
  readonly prefix?: string
  readonly service?: KeystoneToken
  readonly rules?: KeystoneRules
}

function cell(token: KeystoneToken, column: string, lists: Lists): string {
  const [method = '', level] = column.split(' ')
  const action: Action = {
    method,
    account: `${lists.prefix ?? 'AUTH_'}${PROJECT}`,
    container: level === 'a' ? undefined : 'c',
    object: level === 'o' ? 'o' : undefined,
  }
  const counts = level !== 'a' && !(level === 'c' && method !== 'GET')
  const principal = keystonePrincipal(token, lists.service, lists.rules ?? RULES)
  const containerAcl = counts && lists.acl !== undefined ? parseAcl(lists.acl) : undefined
  const grants = { containerAcl, accountAcl: undefined, referer: lists.referer, names: lists.names }
  const decision = decide(principal, action, grants, RESELLERS)
  if (decision.kind === 'deny') return '-'
  return decision.owner ? 'own' : 'yes'
}

const ROWS: readonly (readonly [string, KeystoneToken, Lists, string])[] = [
  // what                                                     GET a POST a PUT a DEL a GET c PUT c GET o PUT o OPT c
  ['an operator owns, but does not delete the account', operator, {}, 'own own own - own own own own own'],
  ['a member without an operator role has nothing', member, {}, '- - - - - - - - yes'],
  ['a project reader reads', reader, {}, 'yes - - - yes - yes - yes'],
  ['an operator of another project has nothing', stranger, {}, '- - - - - - - - yes'],
  ['a reseller owns everything', reseller, {}, 'own own own own own own own own own'],
  ['a system reader reads everything', auditor, {}, 'yes - - - yes - yes - yes'],
  [
    'a role in the list admits members of the project',
    member,
    { acl: 'Member' },
    '- - - - yes - yes yes yes',
  ],
  ['and nobody else', stranger, { acl: 'swiftoperator' }, '- - - - - - - - yes'],
  ['project:user by ids', stranger, { acl: `${OTHER}:${USER}` }, '- - - - yes - yes yes yes'],
  ['project:*', stranger, { acl: `${OTHER}:*` }, '- - - - yes - yes yes yes'],
  ['*:user', stranger, { acl: `*:${USER}` }, '- - - - yes - yes yes yes'],
  ['*:* is everybody with a token', stranger, { acl: '*:*' }, '- - - - yes - yes yes yes'],
  ['a user of another project', stranger, { acl: `${PROJECT}:${USER}` }, '- - - - - - - - yes'],
  ['a project alone is no designation', stranger, { acl: OTHER }, '- - - - - - - - yes'],
  ['names do not count by themselves', stranger, { acl: 'other:jo' }, '- - - - - - - - yes'],
  ['names where they count', stranger, { acl: 'other:jo', names: 'count' }, '- - - - yes - yes yes yes'],
  ['everybody may read, by referrer', stranger, { acl: '.r:*' }, '- - - - - - yes yes yes'],
  ['and list', stranger, { acl: '.r:*,.rlistings' }, '- - - - yes - yes yes yes'],
  ['an operator needs its service', operator, { prefix: 'SERVICE_' }, '- - - - - - - - yes'],
  ['with it, it owns', operator, { prefix: 'SERVICE_', service }, 'own own own - own own own own own'],
  ['a service alone does not', member, { prefix: 'SERVICE_', service }, '- - - - - - - - yes'],
  ['another token is no service', operator, { prefix: 'SERVICE_', service: stranger }, '- - - - - - - - yes'],
  ['the accounts of others have another prefix', operator, { prefix: 'OTHER_' }, '- - - - - - - - -'],
]

t.test('roles and lists decide as in keystoneauth', async (t) => {
  for (const [what, token, lists, expected] of ROWS) {
    t.equal(COLUMNS.map((column) => cell(token, column, lists)).join(' '), expected, what)
  }
})

t.test('names count in one domain only, and only if they are wanted', async (t) => {
  const named = (token: KeystoneToken, rules: KeystoneRules): string =>
    cell(token, 'GET o', { acl: 'other:jo', names: 'count', rules })
  t.equal(named(stranger, RULES), 'yes')
  t.equal(named(stranger, keystoneRules({ ...WRITTEN, namesInAcls: 'ignored' })), '-')
  t.equal(named({ ...stranger, user: { ...stranger.user, domainId: 'elsewhere' } }, RULES), '-')
  const project = { id: OTHER, name: 'other', domainId: 'elsewhere' }
  t.equal(named({ ...stranger, project }, RULES), '-')
})

t.test('a name cannot pass for an id, a pair or a role', async (t) => {
  const victim = 'd'.repeat(32)
  const impostor = { ...stranger, user: { ...stranger.user, name: victim } }
  t.equal(cell(impostor, 'GET o', { acl: `${OTHER}:${victim}`, names: 'count' }), '-')
  const split = {
    ...stranger,
    user: { ...stranger.user, name: 'x:jo' },
    project: { id: OTHER, name: 'other', domainId: 'default' },
  }
  t.equal(cell(split, 'GET o', { acl: 'other:x:jo', names: 'count' }), '-')
  const roles = ['.reseller_admin', '.admin', `AUTH_${PROJECT}`, '.rlistings', '*:*']
  t.equal(cell({ ...stranger, roles }, 'GET a', {}), '-')
})

t.test('only a service with the right role may bring an expired token', async (t) => {
  t.ok(mayBringExpired(service, RULES))
  t.notOk(mayBringExpired(operator, RULES))
})

t.test('wrong rules are named', async (t) => {
  const wrong = (line: string) => () => keystoneRules({ ...WRITTEN, prefixRoles: [line] })
  t.throws(wrong('OTHER service_roles=x'), /"OTHER", which is no reseller_prefix/)
  t.throws(wrong('SERVICE roles=x'), /"roles=x"/)
})
