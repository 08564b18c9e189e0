/**
 * Everybody who may come to the doors: users of the configuration, users of Keystone, and those who have taken on a role, whom only
 * temporary credentials of S3 make, so that they have no token of Swift's.
 */
import type { TokenValidator } from '#auth/keystone/keystone-client.ts'
import { keystonePrincipal } from '#auth/keystone/keystone-rules.ts'
import type { KeystoneToken } from '#auth/keystone/token-answer.ts'
import { DEFAULT_RESELLERS, type Principal, ROLES } from '#auth/principal.ts'
import { inRole } from '#auth/roles.ts'
import { tokenOf } from '#auth/testing/fake-keystone.ts'
import { rulesWithOperators } from '#auth/testing/keystone-rules.ts'
import { DEVELOPMENT_USERS, UserDirectory, type UserEntry } from '#auth/users.ts'

interface OfConfiguration {
  readonly via: 'configuration'
  readonly user: string
}

interface OfKeystone {
  readonly via: 'keystone'
  readonly token: KeystoneToken
}

/** Somebody of the configuration, in one of their roles. */
interface InRole {
  readonly via: 'role'
  readonly user: string
  readonly role: string
}

type Known = OfConfiguration | OfKeystone | InRole

const project = (id: string): KeystoneToken['project'] => ({ id, name: id, domainId: 'default' })

/** `undefined` for nobody known. */
export const PEOPLE = {
  admin: { via: 'configuration', user: 'test:tester' },
  member: { via: 'configuration', user: 'test:tester3' },
  stranger: { via: 'configuration', user: 'test2:tester2' },
  anonymous: undefined,
  reseller: { via: 'configuration', user: 'admin:admin' },
  reader: { via: 'configuration', user: 'operators:auditor' },
  // Whose project the account is.
  operator: { via: 'keystone', token: tokenOf({ project: project('test'), roles: ['swiftoperator'] }) },
  projectMember: { via: 'keystone', token: tokenOf({ project: project('test'), roles: ['member'] }) },
  outsider: { via: 'keystone', token: tokenOf({ project: project('other'), roles: ['swiftoperator'] }) },
  asAdmin: { via: 'role', user: 'test:tester', role: 'admin' },
  asBuilder: { via: 'role', user: 'test:worker', role: 'builders' },
} as const satisfies Readonly<Record<string, Known | undefined>>

export type Person = keyof typeof PEOPLE

export const EVERYBODY = Object.keys(PEOPLE) as readonly Person[]

export const USERS: readonly UserEntry[] = [
  ...DEVELOPMENT_USERS,
  { tenant: 'operators', name: 'auditor', key: 'auditing', groups: [ROLES.resellerReader] },
  { tenant: 'test', name: 'worker', key: 'working', groups: ['builders'] },
]

export const RULES = rulesWithOperators('swiftoperator')

/** Through which doors somebody can come. */
export function doorsOf(who: Person): readonly ('swift' | 's3')[] {
  return PEOPLE[who]?.via === 'role' ? ['s3'] : ['swift', 's3']
}

/** Keystone, to whom the name of somebody is their token. */
export const KEYSTONE_TOKENS: TokenValidator = {
  validate: async (token) => {
    const known = isPerson(token) ? PEOPLE[token] : undefined
    return known?.via === 'keystone' ? { kind: 'valid', token: known.token } : { kind: 'invalid' }
  },
}

function isPerson(name: string): name is Person {
  return Object.hasOwn(PEOPLE, name)
}

/** Whom a decision is asked about, and where the buckets are that they make. */
export interface Asking {
  readonly principal: Principal
  readonly account: string
}

const directory = new UserDirectory(USERS, DEFAULT_RESELLERS)

/** As temporary credentials and signatures make them. */
export function askingAs(who: Person): Asking | undefined {
  const known: Known | undefined = PEOPLE[who]
  if (known === undefined) return undefined
  if (known.via === 'keystone') {
    const principal = keystonePrincipal(known.token, undefined, RULES)
    return { principal, account: principal.keystone?.projectAccounts[0] ?? '' }
  }
  const person = directory.find(known.user)?.principal
  const account = `AUTH_${known.user.split(':')[0]}`
  const principal =
    person !== undefined && known.via === 'role'
      ? inRole(person, account, { name: known.role, session: 'build-7' })
      : person
  if (principal === undefined) throw new Error(`there is no ${who}`)
  return { principal, account }
}
