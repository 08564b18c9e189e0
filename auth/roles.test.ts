import t from 'tap'
import { keystonePrincipal } from './keystone/keystone-rules.ts'
import type { KeystoneToken } from './keystone/token-answer.ts'
import { DEFAULT_RESELLERS, type Principal } from './principal.ts'
import { inRole } from './roles.ts'
import { UserDirectory } from './users.ts'

const users = new UserDirectory(
  [{ tenant: 'test', name: 'ann', key: 'x', groups: ['.admin', '.reseller_reader', 'auditors'] }],
  DEFAULT_RESELLERS,
)
const ANN = users.find('test:ann')?.principal as Principal

const TOKEN: KeystoneToken = {
  user: { id: 'u1', name: 'bob', domainId: 'default' },
  project: { id: 'p1', name: 'project', domainId: 'default' },
  roles: ['member', 'reader', 'auditor'],
  expiresAtMs: 0,
}
const BOB = keystonePrincipal(TOKEN, undefined, {
  accounts: new Map([
    ['AUTH_', { operatorRoles: ['member'], serviceRoles: [], projectReaderRoles: ['reader'] }],
  ]),
  resellerAdminRoles: ['admin'],
  systemReaderRoles: [],
  serviceTokenRoles: [],
  defaultDomainId: 'default',
  namesInAcls: 'allowed',
})

const roleOf = (principal: Principal, name: string): Principal | undefined =>
  inRole(principal, 'AUTH_test', { name, session: 's' })

t.test('a role of the configuration has what its group has, and nothing of the person', async (t) => {
  t.same(roleOf(ANN, 'admin')?.groups, ['test', 'AUTH_test'])
  t.same(roleOf(ANN, 'auditors')?.groups, ['test', 'auditors'])
  t.same(roleOf(ANN, 'reseller_reader')?.groups, ['test', '.reseller_reader'])
  t.match(roleOf(ANN, 'auditors'), { user: 'test:role/auditors', role: { name: 'auditors', session: 's' } })
  for (const name of ['reseller_admin', 'test', 'test:ann', 'AUTH_test', 'others']) {
    t.equal(roleOf(ANN, name), undefined, name)
  }
})

t.test('a role of a project has what its assignment says', async (t) => {
  t.match(roleOf(BOB, 'member'), {
    keystone: { roles: ['member'], ownedAccounts: ['AUTH_p1'], readableAccounts: [] },
  })
  t.match(roleOf(BOB, 'reader'), { keystone: { ownedAccounts: [], readableAccounts: ['AUTH_p1'] } })
  const auditor = roleOf(BOB, 'auditor')?.keystone
  t.match(auditor, { roles: ['auditor'], ownedAccounts: [], readableAccounts: [] })
  t.same(auditor?.granteeIds, ['p1:*', '*:*'])
  t.equal(roleOf(BOB, 'admin'), undefined)
  const limited = roleOf(BOB, 'reader') as Principal
  t.equal(roleOf(limited, 'member'), undefined, 'no role leads to another')
  t.match(roleOf(limited, 'reader'), { keystone: { readableAccounts: ['AUTH_p1'] } })
})
