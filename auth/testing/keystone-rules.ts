/** Rules of Keystone's roles as most configurations have them. For tests. */
import type { KeystoneRules } from '../keystone/keystone-rules.ts'
import { keystoneRules } from '../keystone/rules-options.ts'

export function rulesWithOperators(...operatorRoles: readonly string[]): KeystoneRules {
  return keystoneRules({
    resellerPrefixes: ['AUTH_'],
    operatorRoles,
    serviceRoles: [],
    projectReaderRoles: [],
    prefixRoles: [],
    resellerAdminRole: 'ResellerAdmin',
    systemReaderRoles: [],
    serviceTokenRoles: [],
    defaultDomainId: 'default',
    namesInAcls: 'allowed',
  })
}
