/** The rules of Keystone's roles as a configuration writes them. */
import type { AccountRoles, KeystoneRules } from './keystone-rules.ts'

export interface WrittenRules {
  readonly resellerPrefixes: readonly string[]
  readonly operatorRoles: readonly string[]
  readonly serviceRoles: readonly string[]
  readonly projectReaderRoles: readonly string[]
  /** `SERVICE_ service_roles=service operator_roles=admin|member`: roles of one prefix in place of those above. */
  readonly prefixRoles: readonly string[]
  readonly resellerAdminRole: string
  readonly systemReaderRoles: readonly string[]
  readonly serviceTokenRoles: readonly string[]
  readonly defaultDomainId: string
  readonly namesInAcls: 'allowed' | 'ignored'
}

const SETTINGS = {
  operator_roles: 'operatorRoles',
  service_roles: 'serviceRoles',
  project_reader_roles: 'projectReaderRoles',
} as const satisfies Readonly<Record<string, keyof AccountRoles>>

/** Throws an `Error` that names what is wrong. */
export function keystoneRules(written: WrittenRules): KeystoneRules {
  const { operatorRoles, serviceRoles, projectReaderRoles } = written
  const common: AccountRoles = {
    operatorRoles: lowerCase(operatorRoles),
    serviceRoles: lowerCase(serviceRoles),
    projectReaderRoles: lowerCase(projectReaderRoles),
  }
  const accounts = new Map(written.resellerPrefixes.map((prefix) => [withUnderscore(prefix), common]))
  for (const line of written.prefixRoles) {
    const [prefix = '', ...settings] = line.trim().split(/\s+/)
    const known = accounts.get(withUnderscore(prefix))
    if (known === undefined) {
      throw new Error(`keystone: prefix_roles names ${JSON.stringify(prefix)}, which is no reseller_prefix`)
    }
    accounts.set(withUnderscore(prefix), settings.reduce(withSetting, known))
  }
  return {
    accounts,
    resellerAdminRoles: lowerCase([written.resellerAdminRole]),
    systemReaderRoles: lowerCase(written.systemReaderRoles),
    serviceTokenRoles: lowerCase(written.serviceTokenRoles),
    defaultDomainId: written.defaultDomainId,
    namesInAcls: written.namesInAcls,
  }
}

function withSetting(roles: AccountRoles, setting: string): AccountRoles {
  const [name = '', value = ''] = setting.split('=', 2)
  if (!Object.hasOwn(SETTINGS, name)) {
    throw new Error(
      `keystone: prefix_roles has ${JSON.stringify(setting)}; it takes ${Object.keys(SETTINGS).join(', ')}`,
    )
  }
  const member = SETTINGS[name as keyof typeof SETTINGS]
  return { ...roles, [member]: lowerCase(value.split('|').filter((role) => role !== '')) }
}

/** As OpenStack Swift does: `AUTH` and `AUTH_` are the same. */
function withUnderscore(prefix: string): string {
  return prefix === '' || prefix.endsWith('_') ? prefix : `${prefix}_`
}

function lowerCase(roles: readonly string[]): readonly string[] {
  return roles.map((role) => role.toLowerCase())
}
