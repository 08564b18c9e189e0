/**
 * Records that have an id for ever and a name that may change, no two the same name: users, projects, roles. The record is at
 * its id; a second one, the *claim*, is at its name and says whose the name is.
 *
 * A name belongs to the record that its claim leads to and that bears it. A claim that leads nowhere, or to a record with
 * another name, holds nobody up: who wants the name takes the claim over.
 *
 * Steps, each of which may be the last one:
 *
 *     create   1 claim the name   2 create the record   3 write the claim once more
 *     rename   1 claim the new name   2 replace the record   3 write the claim once more   4 remove the old claim
 *     remove   1 remove the record   2 remove its claim
 *
 * The third step is what makes names unique: whoever took the claim over before it, seeing no record that bears the name,
 * makes it fail, and the record is taken back; whoever comes after it finds the record. A claim that is left behind is taken
 * over when its name is wanted again.
 */
import type { OperationContext } from '../operation.ts'
import type { FoundRecord, RecordCollection, RecordFailure, RecordKind, Records } from './contract.ts'

export interface Named {
  readonly name: string
  /** A record that is `removed` bears no name: it waits for the rest of its removal. */
  readonly state?: 'present' | 'removed' | undefined
}

interface Claim {
  readonly id: string
  /** Of step 3: makes the claim another one than before. */
  readonly settled: boolean
}

export type NameTaken = { readonly kind: 'name_taken' }

/** One more than of those who want the same name at the same moment and die on the way. */
const TRIES = 8

export class NamedRecords<Value extends Named> {
  /** Records by id. Read them here; create, rename and remove them through this class. */
  readonly byId: RecordCollection<Value>
  readonly #claims: RecordCollection<Claim>
  readonly #nameKey: (value: Value) => string

  /** `nameKey`: one text for all names that count as the same. */
  constructor(
    records: Records,
    kind: RecordKind<Value>,
    nameKey: (value: Value) => string = ({ name }) => name,
  ) {
    this.byId = records.of(kind)
    this.#claims = records.of(claimsOf(kind.name))
    this.#nameKey = nameKey
  }

  /** The record that bears the name of this key. */
  async findByName(
    context: OperationContext,
    nameKey: string,
  ): Promise<FoundRecord<Value> | { readonly kind: 'absent' } | RecordFailure> {
    const claim = await this.#claims.read(context, nameKey, 'remembered')
    if (claim.kind !== 'found') return claim
    const record = await this.byId.read(context, claim.value.id, 'remembered')
    if (record.kind === 'found' && !this.#bears(record.value, nameKey)) return { kind: 'absent' }
    return record
  }

  /** `id` must never have been used. */
  async create(
    context: OperationContext,
    id: string,
    value: Value,
  ): Promise<FoundRecord<Value> | NameTaken | RecordFailure> {
    const claim = await this.#claim(context, this.#nameKey(value), id)
    if (claim.kind !== 'found') return claim
    const created = await this.byId.create(context, id, value)
    if (created.kind === 'exists') return { kind: 'unavailable', reason: 'the id is in use' }
    if (created.kind !== 'found') return created
    const settled = await this.#settle(context, claim)
    if (settled === undefined) return created
    await this.byId.remove(context, created)
    return settled
  }

  /** `changed`: the record is not what was read any more. */
  async rename(
    context: OperationContext,
    read: FoundRecord<Value>,
    value: Value,
  ): Promise<FoundRecord<Value> | NameTaken | { readonly kind: 'changed' } | RecordFailure> {
    const nameKey = this.#nameKey(value)
    const claim = await this.#claim(context, nameKey, read.key)
    if (claim.kind !== 'found') return claim
    const replaced = await this.byId.replace(context, read, value)
    if (replaced.kind !== 'found') return replaced
    const settled = await this.#settle(context, claim)
    if (settled !== undefined) {
      await this.byId.replace(context, replaced, read.value)
      return settled
    }
    const before = this.#nameKey(read.value)
    if (before !== nameKey) await this.#release(context, before, read.key)
    return replaced
  }

  async remove(
    context: OperationContext,
    read: FoundRecord<Value>,
  ): Promise<{ readonly kind: 'removed' } | { readonly kind: 'changed' } | RecordFailure> {
    const nameKey = this.#nameKey(read.value)
    // One that bears its name no more goes after its claim: so nothing is left of it, wherever the process dies.
    if (read.value.state === 'removed') await this.#release(context, nameKey, read.key)
    const removed = await this.byId.remove(context, read)
    if (removed.kind === 'removed') await this.#release(context, nameKey, read.key)
    return removed
  }

  /** The claim, made or taken over; `name_taken` when a record bears the name. */
  async #claim(
    context: OperationContext,
    key: string,
    id: string,
  ): Promise<FoundRecord<Claim> | NameTaken | RecordFailure> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const made = await this.#claims.create(context, key, { id, settled: false })
      if (made.kind !== 'exists') return made
      const there = await this.#claims.read(context, key, 'newest')
      if (there.kind === 'absent') continue
      if (there.kind !== 'found') return there
      const holder = await this.byId.read(context, there.value.id, 'newest')
      if (holder.kind !== 'found' && holder.kind !== 'absent') return holder
      if (holder.kind === 'found' && holder.key !== id && this.#bears(holder.value, key)) {
        return { kind: 'name_taken' }
      }
      const taken = await this.#claims.replace(context, there, { id, settled: false })
      if (taken.kind !== 'changed') return taken
    }
    return { kind: 'unavailable', reason: 'others want the same name at this moment' }
  }

  /** `undefined`: the name is the record's for good. */
  async #settle(
    context: OperationContext,
    claim: FoundRecord<Claim>,
  ): Promise<NameTaken | RecordFailure | undefined> {
    const settled = await this.#claims.replace(context, claim, { ...claim.value, settled: true })
    if (settled.kind === 'found') return undefined
    return settled.kind === 'changed' ? { kind: 'name_taken' } : settled
  }

  /** What goes wrong leaves a claim that leads nowhere. */
  async #release(context: OperationContext, key: string, id: string): Promise<void> {
    const claim = await this.#claims.read(context, key, 'newest')
    if (claim.kind === 'found' && claim.value.id === id) await this.#claims.remove(context, claim)
  }

  #bears(value: Value, key: string): boolean {
    return value.state !== 'removed' && this.#nameKey(value) === key
  }
}

function claimsOf(kind: string): RecordKind<Claim> {
  return {
    name: `${kind}-names`,
    version: 1,
    parse: (written) => {
      const { id, settled } = (written ?? {}) as Partial<Claim>
      return typeof id === 'string' ? { id, settled: settled === true } : undefined
    },
  }
}
