/**
 * Users from configuration, in the manner of OpenStack Swift's tempauth: `account:user`, a key, and groups of which
 * `.admin`, `.reseller_admin` and `.reseller_reader` are roles. The directory is immutable; a changed configuration is
 * a new one.
 */
import type { Principal, ResellerPrefix } from './principal.ts'
import { ROLES } from './principal.ts'
import { isHashed, keyMatches } from './user-key.ts'

export interface UserEntry {
  /** The tenant, without reseller prefix: `test`. */
  readonly tenant: string
  /** The name within the tenant: `tester`. */
  readonly name: string
  /** In the clear or hashed (`user-key.ts`). */
  readonly key: string
  readonly groups: readonly string[]
  /** Where the user's account is, when not at this cluster: `$HOST` stands for scheme and host of the request. */
  readonly storageUrl?: string | undefined
  /** Raised to make every token of the user void. */
  readonly generation?: number | undefined
}

/** For a cluster on one's own machine, as every Swift tutorial has them. */
export const DEVELOPMENT_USERS: readonly UserEntry[] = [
  { tenant: 'admin', name: 'admin', key: 'admin', groups: [ROLES.admin, ROLES.resellerAdmin] },
  { tenant: 'test', name: 'tester', key: 'testing', groups: [ROLES.admin] },
  { tenant: 'test2', name: 'tester2', key: 'testing2', groups: [ROLES.admin] },
  { tenant: 'test', name: 'tester3', key: 'testing3', groups: [] },
]

export interface KnownUser {
  readonly principal: Principal
  /** `$HOST/v1/AUTH_test`. */
  readonly storageUrl: string
}

interface StoredUser extends KnownUser {
  readonly key: string
  readonly generation: number
}

/**
 * Reads one line of configuration: `test:tester testing .admin [group…] [storage URL]`.
 * Throws an `Error` that says what is wrong with it, without the key.
 */
export function parseUserEntry(line: string): UserEntry {
  const [who = '', key, ...rest] = line.trim().split(/\s+/)
  const colon = who.indexOf(':')
  if (colon < 1 || colon === who.length - 1)
    throw new Error(`user ${JSON.stringify(who)} is not written account:user`)
  if (key === undefined) throw new Error(`user ${JSON.stringify(who)} has no key`)
  const last = rest.at(-1)
  const storageUrl = last !== undefined && (last.includes('://') || last.includes('$HOST')) ? last : undefined
  const groups = storageUrl === undefined ? rest : rest.slice(0, -1)
  const bad = groups.find((group) => group.includes(','))
  if (bad !== undefined)
    throw new Error(`group ${JSON.stringify(bad)} of user ${JSON.stringify(who)} has a comma`)
  return { tenant: who.slice(0, colon), name: who.slice(colon + 1), key, groups, storageUrl }
}

export class UserDirectory {
  readonly #users = new Map<string, StoredUser>()
  /** Compared against when there is no such user, so that the answer takes as long. */
  readonly #decoyKey: string

  /** Throws an `Error` when a user is given twice. */
  constructor(entries: readonly UserEntry[], resellers: readonly ResellerPrefix[]) {
    for (const entry of entries) {
      const user = `${entry.tenant}:${entry.name}`
      if (this.#users.has(user)) throw new Error(`user ${JSON.stringify(user)} is given twice`)
      this.#users.set(user, storedUser(entry, resellers))
    }
    this.#decoyKey = entries[0]?.key ?? ''
  }

  /** The user with this name and key; `undefined` when either is wrong. */
  async authenticate(user: string, key: string): Promise<KnownUser | undefined> {
    const known = this.#users.get(user)
    const matches = await keyMatches(known?.key ?? this.#decoyKey, key)
    return matches ? known : undefined
  }

  /** The user of this name, whoever asks. */
  find(user: string): KnownUser | undefined {
    return this.#users.get(user)
  }

  /** Nobody can sign in here. */
  get isEmpty(): boolean {
    return this.#users.size === 0
  }

  /** The user with its key in the clear, which signatures are made with; `undefined` where the key is kept as a hash. */
  secretOf(user: string): (KnownUser & { readonly secret: string }) | undefined {
    const known = this.#users.get(user)
    if (known === undefined || isHashed(known.key)) return undefined
    return { principal: known.principal, storageUrl: known.storageUrl, secret: known.key }
  }

  /** `undefined` when there is no such user. */
  generationOf(user: string): number | undefined {
    return this.#users.get(user)?.generation
  }
}

function storedUser(entry: UserEntry, resellers: readonly ResellerPrefix[]): StoredUser {
  const storageUrl =
    entry.storageUrl ?? `$HOST/v1/${resellers[0]?.prefix ?? ''}${encodeURIComponent(entry.tenant)}`
  return {
    principal: {
      user: `${entry.tenant}:${entry.name}`,
      tenant: entry.tenant,
      groups: groupsOf(entry, storageUrl, resellers),
    },
    storageUrl,
    key: entry.key,
    generation: entry.generation ?? 0,
  }
}

/** `.admin` becomes the names of the accounts that it makes one's own, one per reseller. */
function groupsOf(
  entry: UserEntry,
  storageUrl: string,
  resellers: readonly ResellerPrefix[],
): readonly string[] {
  const groups = [entry.tenant, `${entry.tenant}:${entry.name}`]
  groups.push(...entry.groups.filter((group) => group !== ROLES.admin))
  if (!entry.groups.includes(ROLES.admin)) return groups
  for (const { prefix } of resellers) if (prefix !== '') groups.push(prefix + entry.tenant)
  const account = decodeURIComponent(storageUrl.slice(storageUrl.lastIndexOf('/') + 1))
  if (!groups.includes(account)) groups.push(account)
  return groups
}
