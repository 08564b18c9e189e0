/** Puts the identity service together: the API, the directory that the doors ask, and what others need of it. */
import type { Directory } from '#auth/directory.ts'
import type { KeyRing } from '#auth/key-ring.ts'
import type { ResellerPrefix } from '#auth/principal.ts'
import { TokenSeal } from '#auth/token-seal.ts'
import type { HashCost } from '#auth/user-key.ts'
import { type UserDirectory, type UserEntry } from '#auth/users.ts'
import type { Clock, Random } from '#base/environment.ts'
import { late } from '#base/late.ts'
import type { Desks } from '#store/desk/peer-desks.ts'
import type { Records } from '#store/records/contract.ts'
import type { SecretSeal } from '#store/records/secret-seal.ts'
import { Credentials } from './credentials.ts'
import { furtherCatalogue } from './further-catalogue.ts'
import { IdentityDirectory } from './identity-directory.ts'
import { ownKeystoneRules, type PrincipalOptions } from './identity-principal.ts'
import { IdentityTokens } from './identity-tokens.ts'
import { limitsIn } from './limits.ts'
import { Passwords } from './passwords.ts'
import { openPeople } from './people.ts'
import { Removals } from './removals.ts'
import type { IdentityService } from './service.ts'
import { tokenOpener } from './token-opener.ts'
import type { ServiceParts } from './visit.ts'

export interface IdentityOptions {
  readonly environment: { readonly clock: Clock; readonly random: Random }
  readonly records: Records
  readonly secrets: SecretSeal
  /** Seals tokens. */
  readonly keys: KeyRing
  /** Where wrong passwords are counted. */
  readonly desks: Desks
  /** Users of the configuration, as they are written and as they sign in. */
  readonly entries: readonly UserEntry[]
  readonly users: UserDirectory
  readonly resellers: readonly ResellerPrefix[]
  readonly lifeSeconds: number
  /** How long a password is good after it was set, milliseconds; `undefined`: until it is changed. */
  readonly passwordLifeMs?: number | undefined
  readonly region: string
  readonly urlScheme: 'default' | 'http' | 'https'
  /** Of new hashes of passwords; the usual one without. */
  readonly hashCost?: HashCost | undefined
}

export interface Identity {
  readonly directory: Directory
  readonly service: IdentityService
  readonly credentials: Credentials
  readonly principals: PrincipalOptions
  readonly removals: Removals
}

export function openIdentity(options: IdentityOptions): Identity {
  const { environment, records, secrets, keys, desks, entries, users, resellers, lifeSeconds } = options
  const { clock, random } = environment
  const resellerPrefix = resellers[0]?.prefix ?? ''
  const people = openPeople(records, entries)
  const tokens = new IdentityTokens({ clock, random, keys, people, resellerPrefix, lifeSeconds })
  const generationOf = (user: string): number | undefined => users.generationOf(user)
  const seal = new TokenSeal({ clock, random, keys, resellerPrefix, lifeSeconds, generationOf })
  const credentials = new Credentials(records, secrets, random)
  const principals = { people, users, rules: ownKeystoneRules(resellers) }
  const removals = new Removals(people, credentials, clock)
  const { passwordLifeMs } = options
  const passwords = new Passwords(random, options.hashCost)
  const signIn = { people, users, desks, clock, passwords, passwordLifeMs }
  return {
    credentials,
    principals,
    removals,
    directory: new IdentityDirectory({
      ...principals,
      ...signIn,
      seal,
      tokens,
      resellerPrefix,
      lifeSeconds,
    }),
    service: lateService({
      ...signIn,
      random,
      keys,
      tokens,
      credentials,
      removals,
      furtherCatalogue: furtherCatalogue(records),
      limits: limitsIn(records),
      opener: tokenOpener({ clock, seal, tokens, people }),
      region: options.region,
      resellerPrefix,
      urlScheme: options.urlScheme,
    }),
  }
}

/** Most clients sign in elsewhere: it is loaded when the first request for it comes. */
function lateService(parts: ServiceParts): IdentityService {
  return late(async () => (await import('./service.ts')).identityService(parts))
}
