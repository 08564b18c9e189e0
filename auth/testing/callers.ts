/** Everybody who may ask for something of the account `AUTH_test`, for tests of decisions. */
import type { Principal } from '../principal.ts'

export function principal(tenant: string, name: string, ...more: readonly string[]): Principal {
  const user = `${tenant}:${name}`
  return { user, tenant, groups: [tenant, user, ...more] }
}

export const CALLERS = {
  anonymous: undefined,
  owner: principal('test', 'tester', 'AUTH_test'),
  member: principal('test', 'tester3'),
  stranger: principal('test2', 'tester2', 'AUTH_test2'),
  reseller: principal('admin', 'admin', '.reseller_admin', 'AUTH_admin'),
  reader: principal('admin', 'auditor', '.reseller_reader'),
} as const

export type CallerName = keyof typeof CALLERS
