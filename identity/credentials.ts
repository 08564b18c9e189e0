/**
 * Secrets that users are given for other ways of signing: EC2 credentials, which are the keys of the S3 door, and whatever
 * else clients keep here (OpenStack Identity API v3, "Credentials"). Each is a record, its secret sealed. As in Keystone the
 * id of an EC2 credential is the SHA-256 of its access key, so that a key is found without a search.
 *
 * What a user has is found by a second record, `<user>/<credential>`. It is written first and removed last: one that leads
 * nowhere is passed over, and taken away when it is met.
 */
import { hash } from 'node:crypto'
import type { Random } from '#base/environment.ts'
import type { OperationContext } from '#store/operation.ts'
import { allKeys, allRecords } from '#store/records/all-records.ts'
import type {
  FoundRecord,
  RecordCollection,
  RecordFailure,
  RecordKind,
  Records,
} from '#store/records/contract.ts'
import type { SecretSeal } from '#store/records/secret-seal.ts'
import { newId } from './model/ids.ts'
import { membersIn, textOr } from './model/written.ts'

export interface Credential {
  readonly userId: string
  readonly projectId: string | undefined
  /** `ec2`, `totp`, `cert`… */
  readonly type: string
  /** Sealed: what the client gave, or `{"access": …, "secret": …}`. */
  readonly sealedBlob: string
}

export interface OpenedCredential extends Omit<Credential, 'sealedBlob'> {
  readonly kind: 'found'
  readonly id: string
  readonly blob: string
}

/** A key pair of the S3 door. */
export interface KeyPair {
  readonly access: string
  readonly secret: string
}

interface Owned {
  readonly since: 'written'
}

export const CREDENTIAL_RECORDS: RecordKind<Credential> = {
  name: 'credentials',
  version: 1,
  parse: (written) => {
    const { userId, projectId, type, sealedBlob } = membersIn(written)
    const isWhole = typeof userId === 'string' && typeof type === 'string' && typeof sealedBlob === 'string'
    return isWhole ? { userId, projectId: textOr(projectId, undefined), type, sealedBlob } : undefined
  },
}

const OWNED_RECORDS: RecordKind<Owned> = {
  name: 'credentials-of-users',
  version: 1,
  parse: () => ({ since: 'written' }),
}

const GONE: RecordFailure = { kind: 'unavailable', reason: 'a credential was removed meanwhile; try again' }

/** As of Keystone's: 32 hex digits each. */
const SECRET_BYTES = 16

export class Credentials {
  readonly #credentials: RecordCollection<Credential>
  readonly #owned: RecordCollection<Owned>
  readonly #seal: SecretSeal
  readonly #random: Random

  constructor(records: Records, seal: SecretSeal, random: Random) {
    this.#credentials = records.of(CREDENTIAL_RECORDS)
    this.#owned = records.of(OWNED_RECORDS)
    this.#seal = seal
    this.#random = random
  }

  newKeyPair(): KeyPair {
    return {
      access: this.#random.bytes(SECRET_BYTES).toString('hex'),
      secret: this.#random.bytes(SECRET_BYTES).toString('hex'),
    }
  }

  newId(): string {
    return newId(this.#random)
  }

  async find(
    context: OperationContext,
    id: string,
  ): Promise<OpenedCredential | { readonly kind: 'absent' } | RecordFailure> {
    const read = await this.#credentials.read(context, id, 'remembered')
    return read.kind === 'found' ? this.#opened(read) : read
  }

  /** The pair of an access key, and whose it is. */
  async findKeyPair(
    context: OperationContext,
    access: string,
  ): Promise<
    | { readonly kind: 'found'; readonly credential: OpenedCredential; readonly pair: KeyPair }
    | { readonly kind: 'absent' }
    | RecordFailure
  > {
    const credential = await this.find(context, credentialIdOf(access))
    if (credential.kind !== 'found') return credential
    const pair = keyPairIn(credential)
    return pair === undefined ? { kind: 'absent' } : { kind: 'found', credential, pair }
  }

  async create(
    context: OperationContext,
    id: string,
    { userId, projectId, type, blob }: Omit<OpenedCredential, 'kind' | 'id'>,
  ): Promise<OpenedCredential | { readonly kind: 'exists' } | RecordFailure> {
    const noted = await this.#owned.create(context, ownedKey(userId, id), { since: 'written' })
    if (noted.kind !== 'found' && noted.kind !== 'exists') return noted
    const sealedBlob = this.#seal.seal(blob, purposeOf(id))
    const created = await this.#credentials.create(context, id, { userId, projectId, type, sealedBlob })
    return created.kind === 'found' ? this.#opened(created) : created
  }

  /** What is not given stays. */
  async change(
    context: OperationContext,
    id: string,
    { type, blob, projectId }: Partial<Pick<OpenedCredential, 'type' | 'blob' | 'projectId'>>,
  ): Promise<OpenedCredential | { readonly kind: 'absent' } | RecordFailure> {
    const read = await this.#credentials.read(context, id, 'newest')
    if (read.kind !== 'found') return read
    const sealedBlob = blob === undefined ? read.value.sealedBlob : this.#seal.seal(blob, purposeOf(id))
    const replaced = await this.#credentials.replace(context, read, {
      ...read.value,
      type: type ?? read.value.type,
      projectId: projectId ?? read.value.projectId,
      sealedBlob,
    })
    if (replaced.kind === 'changed') return { kind: 'unavailable', reason: 'others change it at this moment' }
    return replaced.kind === 'found' ? this.#opened(replaced) : replaced
  }

  async remove(
    context: OperationContext,
    id: string,
  ): Promise<{ readonly kind: 'removed' } | { readonly kind: 'absent' } | RecordFailure> {
    const read = await this.#credentials.read(context, id, 'newest')
    if (read.kind !== 'found') return read
    const removed = await this.#credentials.remove(context, read)
    if (removed.kind === 'changed') return { kind: 'unavailable', reason: 'others change it at this moment' }
    if (removed.kind === 'removed') await this.#disown(context, ownedKey(read.value.userId, id))
    return removed
  }

  /** Those of a user, or of all users. */
  async list(
    context: OperationContext,
    userId: string | undefined,
  ): Promise<readonly OpenedCredential[] | RecordFailure> {
    const keys = await allKeys(this.#owned, context, userId === undefined ? undefined : `${userId}/`)
    if ('kind' in keys) return keys
    const found: OpenedCredential[] = []
    for (const key of keys) {
      const read = await this.find(context, key.slice(key.lastIndexOf('/') + 1))
      if (read.kind === 'found') found.push(read)
      else if (read.kind !== 'absent' && read.kind !== 'unreadable') return read
    }
    return found
  }

  /** Seals anew what is not under the present key; says how many were. Afterwards nothing needs the keys of before. */
  async resealAll(context: OperationContext): Promise<{ readonly resealed: number } | RecordFailure> {
    const records = await allRecords(this.#credentials, context)
    if ('kind' in records) return records
    const old = records.filter(({ value }) => !this.#seal.isCurrent(value.sealedBlob))
    for (const { key } of old) {
      const opened = await this.find(context, key)
      if (opened.kind !== 'found') return opened.kind === 'absent' ? GONE : opened
      const changed = await this.change(context, key, { blob: opened.blob })
      if (changed.kind !== 'found') return changed.kind === 'absent' ? GONE : changed
    }
    return { resealed: old.length }
  }

  /** All of a user who goes. */
  async removeAllOf(context: OperationContext, userId: string): Promise<RecordFailure | undefined> {
    return await this.#removeThose(context, `${userId}/`, () => true)
  }

  /** All of a project that goes, whosever they are. */
  async removeAllOn(context: OperationContext, projectId: string): Promise<RecordFailure | undefined> {
    return await this.#removeThose(context, undefined, (credential) => credential.projectId === projectId)
  }

  async #removeThose(
    context: OperationContext,
    prefix: string | undefined,
    isMeant: (credential: Credential) => boolean,
  ): Promise<RecordFailure | undefined> {
    const keys = await allKeys(this.#owned, context, prefix)
    if ('kind' in keys) return keys
    for (const key of keys) {
      const id = key.slice(key.lastIndexOf('/') + 1)
      const read = await this.#credentials.read(context, id, 'newest')
      if (read.kind === 'found' && !isMeant(read.value)) continue
      if (read.kind !== 'found' && read.kind !== 'absent') return read
      if (read.kind === 'absent' && prefix === undefined) continue
      const removed = await this.remove(context, id)
      if (removed.kind === 'absent') await this.#disown(context, key)
      else if (removed.kind !== 'removed') return removed
    }
    return undefined
  }

  async #disown(context: OperationContext, key: string): Promise<void> {
    const owned = await this.#owned.read(context, key, 'newest')
    if (owned.kind === 'found') await this.#owned.remove(context, owned)
  }

  #opened({ key: id, value }: FoundRecord<Credential>): OpenedCredential | RecordFailure {
    const { sealedBlob, ...rest } = value
    const blob = this.#seal.open(sealedBlob, purposeOf(id))
    if (blob === undefined) return { kind: 'unreadable', reason: 'the key that sealed the secret is gone' }
    return { kind: 'found', id, ...rest, blob }
  }
}

export function credentialIdOf(access: string): string {
  return hash('sha256', access)
}

export function blobOf({ access, secret }: KeyPair): string {
  return JSON.stringify({ access, secret })
}

/** The pair in an EC2 credential; `undefined` when it is none. */
export function keyPairIn({ type, blob }: OpenedCredential): KeyPair | undefined {
  const { access, secret } = type === 'ec2' ? membersIn(parsed(blob)) : {}
  return typeof access === 'string' && typeof secret === 'string' ? { access, secret } : undefined
}

function parsed(blob: string): unknown {
  try {
    return JSON.parse(blob)
  } catch {
    return undefined
  }
}

function ownedKey(userId: string, id: string): string {
  return `${userId}/${id}`
}

function purposeOf(id: string): string {
  return `credentials/${id}`
}
