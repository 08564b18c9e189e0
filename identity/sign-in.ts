/**
 * Proofs of who somebody is: a name and a password, an application credential. Whoever guesses is held up (`guess-desk.ts`),
 * and learns neither whether a user exists nor which part was wrong.
 */
import type { UserDirectory } from '#auth/users.ts'
import type { Clock } from '#base/environment.ts'
import type { Desks } from '#store/desk/peer-desks.ts'
import type { OperationContext } from '#store/operation.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import type { Absent, Entry } from './entries.ts'
import { type Attempt, isHeldUp, tellOutcome } from './guess-desk.ts'
import type { DomainReference } from './model/domain.ts'
import { DEFAULT_DOMAIN_ID } from './model/ids.ts'
import { type ApplicationCredential, passwordEndsAtMs, type User } from './model/user.ts'
import type { Passwords } from './passwords.ts'
import { nameOf, type People } from './people.ts'

export interface SignInParts {
  readonly people: People
  /** Keys of the configuration. */
  readonly users: UserDirectory
  readonly passwords: Passwords
  readonly desks: Desks
  readonly clock: Clock
  /** How long a password is good after it was set, milliseconds; `undefined`: until it is changed. */
  readonly passwordLifeMs: number | undefined
}

/** How a request names a user. */
export interface UserReference {
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly domain?: DomainReference | undefined
}

/** How a request names an application credential. */
export interface CredentialReference {
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly user?: UserReference | undefined
}

export type Proven =
  | {
      readonly kind: 'proven'
      readonly user: Entry<User>
      readonly applicationCredential?: ApplicationCredential | undefined
    }
  | { readonly kind: 'refused' }
  /** It is the password, and it is too old: it is good for nothing but being changed. */
  | { readonly kind: 'expired'; readonly user: Entry<User> }
  | { readonly kind: 'unavailable' }

const REFUSED: Proven = { kind: 'refused' }
const UNAVAILABLE: Proven = { kind: 'unavailable' }

/** Whose an application credential is, is the first part of its id. */
const USER_ID_CHARACTERS = 32

export async function provePassword(
  parts: SignInParts,
  context: OperationContext,
  reference: UserReference,
  password: string,
  address: string,
): Promise<Proven> {
  const user = await referredUser(parts.people, context, reference)
  const attempt = { user: reference.id ?? reference.name ?? '', address }
  return await guarded(parts, attempt, async () => {
    if (user.kind === 'found' && user.value.enabled) {
      if (await isPassword(parts, user, password)) {
        return { kind: isExpired(parts, user.value) ? 'expired' : 'proven', user }
      }
      // A key in the clear is compared in no time, which would tell whose it is.
      if (user.value.password.kind !== 'hashed') await parts.passwords.decoy(password)
      return REFUSED
    }
    if (user.kind !== 'found' && user.kind !== 'absent') return UNAVAILABLE
    await parts.passwords.decoy(password)
    return REFUSED
  })
}

export async function proveApplicationCredential(
  parts: SignInParts,
  context: OperationContext,
  reference: CredentialReference,
  secret: string,
  address: string,
): Promise<Proven> {
  const { id, name } = reference
  const owner = id === undefined ? reference.user : { id: id.slice(0, USER_ID_CHARACTERS) }
  const user = await referredUser(parts.people, context, owner ?? {})
  const attempt = { user: id ?? `${owner?.id ?? owner?.name}/${name}`, address }
  return await guarded(parts, attempt, async () => {
    if (user.kind !== 'found' && user.kind !== 'absent') return UNAVAILABLE
    const known = user.kind === 'found' && user.value.enabled ? user.value.applicationCredentials : []
    const credential = known.find((one) => (id === undefined ? one.name === name : one.id === id))
    if (credential === undefined) await parts.passwords.decoy(secret)
    else if (user.kind === 'found' && (await parts.passwords.matches(credential.secretHash, secret))) {
      return { kind: 'proven', user, applicationCredential: credential }
    }
    return REFUSED
  })
}

/** Whether it is the user's password. */
async function isPassword(
  { people, users, passwords }: SignInParts,
  user: Entry<User>,
  password: string,
): Promise<boolean> {
  const { password: kept } = user.value
  if (kept.kind === 'hashed') return await passwords.matches(kept.hash, password)
  const entry = people.configured.get(user.id)
  if (kept.kind === 'none' || entry === undefined) return false
  return (await users.authenticate(nameOf(entry), password)) !== undefined
}

function isExpired({ clock, passwordLifeMs }: SignInParts, user: User): boolean {
  return (passwordEndsAtMs(user, passwordLifeMs) ?? Infinity) <= clock.wallMs()
}

/** The user whom a request names: by id, by name, or by `tenant:name` of the configuration. */
export async function referredUser(
  people: People,
  context: OperationContext,
  { id, name, domain = {} }: UserReference,
): ReturnType<People['users']['find']> {
  const { users, configured } = people
  if (id !== undefined) return await users.find(context, id)
  if (name === undefined) return { kind: 'absent' }
  const referred = await referredDomain(people, context, domain)
  if (referred.kind !== 'found') return referred
  const found = await users.findByName(context, { name, domainId: referred.id })
  if (found.kind !== 'absent' || !name.includes(':') || referred.id !== DEFAULT_DOMAIN_ID) return found
  const [configuredId] = [...configured].find(([, entry]) => nameOf(entry) === name) ?? []
  return configuredId === undefined ? found : await users.find(context, configuredId)
}

/** The domain that a request names; who names none means the default one. */
export async function referredDomain(
  { domains }: People,
  context: OperationContext,
  { id, name }: DomainReference,
): Promise<{ readonly kind: 'found'; readonly id: string } | Absent | RecordFailure> {
  if (id !== undefined) return { kind: 'found', id }
  if (name === undefined) return { kind: 'found', id: DEFAULT_DOMAIN_ID }
  return await domains.findByName(context, { name })
}

async function guarded(
  { desks }: SignInParts,
  attempt: Attempt,
  prove: () => Promise<Proven>,
): Promise<Proven> {
  if (await isHeldUp(desks, attempt)) return REFUSED
  const proven = await prove()
  if (proven.kind === 'refused') await tellOutcome(desks, attempt, 'failed')
  if (proven.kind === 'proven' || proven.kind === 'expired') await tellOutcome(desks, attempt, 'succeeded')
  return proven
}
