/**
 * Things with ids and names, some of which the configuration has (users, their projects) or the program (roles): those are
 * there without any record, until one at the same id says otherwise. So a cluster whose records cannot be written yet, or
 * cannot be read now, still knows whom its configuration names.
 */
import type { OperationContext } from '#store/operation.ts'
import { allRecords } from '#store/records/all-records.ts'
import { type FoundRecord, RECORD_KEY_BYTES_MAX, type RecordFailure } from '#store/records/contract.ts'
import type { NamedRecords, NameTaken } from '#store/records/named-records.ts'
import { exactName, type PlacedName } from './model/placed-name.ts'

export interface EntryValue extends PlacedName {
  /** `removed`: nobody shall find it. What the configuration has stays so; a record until what hung on it is gone, too. */
  readonly state: 'present' | 'removed'
}

export interface Entry<Value> {
  readonly kind: 'found'
  readonly id: string
  readonly value: Value
  /** What the configuration has and no record has changed. */
  readonly source: 'configured' | 'record'
}

export type Absent = { readonly kind: 'absent' }
const ABSENT: Absent = { kind: 'absent' }

export type EntryChange<Value, Refusal> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Others who changed the same entry while we tried. */
const TRIES = 20

export interface EntriesOptions<Value> {
  readonly records: NamedRecords<Value & EntryValue>
  /** By id. */
  readonly configured: ReadonlyMap<string, Value>
  /** Whether a record is still good: one that needs the configuration is not when that has it no more. */
  readonly isWhole?: ((id: string, value: Value) => boolean) | undefined
  /** One text for names that count as the same; that of `records`. */
  readonly nameKey?: ((name: PlacedName) => string) | undefined
}

export class Entries<Value extends EntryValue> {
  readonly #records: NamedRecords<Value>
  readonly #configured: ReadonlyMap<string, Value>
  readonly #isWhole: (id: string, value: Value) => boolean
  readonly #nameKey: (name: PlacedName) => string

  constructor({ records, configured, isWhole, nameKey }: EntriesOptions<Value>) {
    this.#records = records
    this.#configured = configured
    this.#isWhole = isWhole ?? (() => true)
    this.#nameKey = nameKey ?? exactName
  }

  /** Where records cannot be read, what the configuration has is believed. */
  async find(
    context: OperationContext,
    id: string,
    freshness: 'remembered' | 'newest' = 'remembered',
  ): Promise<Entry<Value> | Absent | RecordFailure> {
    if (!isPossibleId(id)) return ABSENT
    const read = await this.#records.byId.read(context, id, freshness)
    if (read.kind === 'found') return this.#shown(read)
    const value = this.#configured.get(id)
    if (value !== undefined) return { kind: 'found', id, value, source: 'configured' }
    return read
  }

  async findByName(
    context: OperationContext,
    name: PlacedName,
  ): Promise<Entry<Value> | Absent | RecordFailure> {
    const key = this.#nameKey(name)
    if (!isPossibleName(key)) return ABSENT
    const read = await this.#records.findByName(context, key)
    const shown = read.kind === 'found' ? this.#shown(read) : read
    if (shown.kind === 'found') return shown
    const configured = await this.#configuredByName(context, name)
    return configured.kind === 'absent' ? shown : configured
  }

  /** All of them, by name. */
  async list(
    context: OperationContext,
    freshness: 'remembered' | 'newest' = 'remembered',
  ): Promise<readonly Entry<Value>[] | RecordFailure> {
    const records = await allRecords(this.#records.byId, context, undefined, freshness)
    if ('kind' in records) return records
    const known = new Set(records.map(({ key }) => key))
    const shown = records.map((read) => this.#shown(read)).filter((one) => one.kind === 'found')
    const configured = [...this.#configured]
      .filter(([id]) => !known.has(id))
      .map(([id, value]) => ({ kind: 'found', id, value, source: 'configured' }) as const)
    return [...shown, ...configured].toSorted((one, other) => (one.value.name < other.value.name ? -1 : 1))
  }

  /** `id` must never have been used. */
  async create(
    context: OperationContext,
    id: string,
    value: Value,
  ): Promise<Entry<Value> | NameTaken | RecordFailure> {
    const configured = await this.#configuredByName(context, value)
    if (configured.kind === 'found') return { kind: 'name_taken' }
    if (configured.kind !== 'absent') return configured
    const created = await this.#records.create(context, id, value)
    return created.kind === 'found' ? { kind: 'found', id, value, source: 'record' } : created
  }

  /** `change` may be called several times, with what is there at that moment; it must only tell what is to be. */
  async change<Refusal = never>(
    context: OperationContext,
    id: string,
    change: (there: Value) => EntryChange<Value, Refusal>,
  ): Promise<
    | Entry<Value>
    | Absent
    | NameTaken
    | { readonly kind: 'refused'; readonly refusal: Refusal }
    | RecordFailure
  > {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const read = await this.#forChange(context, id)
      if (read.kind !== 'found') return read
      const wanted = change(read.value)
      if (wanted.kind === 'refused') return wanted
      const written = await this.#write(context, read, wanted.value)
      if (written.kind === 'found') {
        return { kind: 'found', id, value: wanted.value, source: 'record' }
      }
      if (written.kind !== 'changed') return written
    }
    return { kind: 'unavailable', reason: 'others change the same at this moment' }
  }

  /** For what nothing hangs on; for the rest `removals.ts` has the steps. */
  async remove(
    context: OperationContext,
    id: string,
  ): Promise<{ readonly kind: 'removed' } | Absent | RecordFailure> {
    const retired = await this.retire(context, id)
    return retired.kind === 'removed' ? await this.forget(context, id) : retired
  }

  /** From here on nobody finds it, and its name is free. Its record stays until `forget`. */
  async retire(
    context: OperationContext,
    id: string,
  ): Promise<{ readonly kind: 'removed' } | Absent | RecordFailure> {
    const retired = await this.retireIf(context, id, () => true)
    return retired.kind === 'kept' ? ABSENT : retired
  }

  /** The same, if it may go as it is at that moment. */
  async retireIf(
    context: OperationContext,
    id: string,
    mayGo: (there: Value) => boolean,
  ): Promise<{ readonly kind: 'removed' } | { readonly kind: 'kept' } | Absent | RecordFailure> {
    const configured = this.#configured.get(id)
    const changed = await this.change<'kept'>(context, id, (there) =>
      mayGo(there)
        ? // What the configuration has goes under its own name, to which no claim leads.
          { kind: 'value', value: { ...(configured ?? there), state: 'removed' } as Value }
        : { kind: 'refused', refusal: 'kept' },
    )
    if (changed.kind === 'found') return { kind: 'removed' }
    if (changed.kind === 'refused') return { kind: 'kept' }
    return changed.kind === 'name_taken' ? ABSENT : changed
  }

  /** Changes all those of which `change` tells what they are to be. */
  async changeEach(
    context: OperationContext,
    change: (there: Value) => Value | undefined,
  ): Promise<RecordFailure | undefined> {
    const all = await this.list(context, 'newest')
    if ('kind' in all) return all
    for (const { id } of all.filter(({ value }) => change(value) !== undefined)) {
      const outcome = await this.change(context, id, (there) => ({
        kind: 'value',
        value: change(there) ?? there,
      }))
      if ('reason' in outcome) return outcome
    }
    return undefined
  }

  /** Ids of records that were retired and not forgotten. */
  async retired(context: OperationContext): Promise<readonly string[] | RecordFailure> {
    const records = await allRecords(this.#records.byId, context, undefined, 'newest')
    if ('kind' in records) return records
    return records
      .filter(({ key, value }) => value.state === 'removed' && !this.#configured.has(key))
      .map(({ key }) => key)
  }

  /** Takes away the record of what was retired. What the configuration has keeps its own, lest it came back. */
  async forget(context: OperationContext, id: string): Promise<{ readonly kind: 'removed' } | RecordFailure> {
    if (this.#configured.has(id)) return { kind: 'removed' }
    const read = await this.#records.byId.read(context, id, 'newest')
    if (read.kind === 'absent') return { kind: 'removed' }
    if (read.kind !== 'found') return read
    if (read.value.state !== 'removed') return { kind: 'unavailable', reason: 'it is there again' }
    const removed = await this.#records.remove(context, read)
    // Somebody else forgets it at this moment.
    return removed.kind === 'changed' ? { kind: 'removed' } : removed
  }

  /** The record of now; what the configuration has becomes one. */
  async #forChange(
    context: OperationContext,
    id: string,
  ): Promise<FoundRecord<Value> | Absent | RecordFailure> {
    if (!isPossibleId(id)) return ABSENT
    const read = await this.#records.byId.read(context, id, 'newest')
    if (read.kind === 'found') return this.#shown(read).kind === 'found' ? read : ABSENT
    const configured = this.#configured.get(id)
    if (read.kind !== 'absent' || configured === undefined) return read
    const made = await this.#records.byId.create(context, id, configured)
    return made.kind === 'exists' ? await this.#forChange(context, id) : made
  }

  async #write(
    context: OperationContext,
    read: FoundRecord<Value>,
    value: Value,
  ): Promise<FoundRecord<Value> | NameTaken | { readonly kind: 'changed' } | RecordFailure> {
    if (this.#isSame(read.value, value) || value.state === 'removed') {
      return await this.#records.byId.replace(context, read, value)
    }
    const configured = await this.#configuredByName(context, value)
    if (configured.kind === 'found' && configured.id !== read.key) return { kind: 'name_taken' }
    if (configured.kind !== 'found' && configured.kind !== 'absent') return configured
    return await this.#records.rename(context, read, value)
  }

  async #configuredByName(
    context: OperationContext,
    name: PlacedName,
  ): Promise<Entry<Value> | Absent | RecordFailure> {
    for (const [id, value] of this.#configured) {
      if (!this.#isSame(value, name)) continue
      const found = await this.find(context, id)
      if (found.kind !== 'found') return found
      return this.#isSame(found.value, name) ? found : ABSENT
    }
    return ABSENT
  }

  #shown({ key: id, value }: FoundRecord<Value>): Entry<Value> | Absent {
    if (value.state === 'removed' || !this.#isWhole(id, value)) return ABSENT
    return { kind: 'found', id, value, source: 'record' }
  }

  #isSame(one: PlacedName, other: PlacedName): boolean {
    return this.#nameKey(one) === this.#nameKey(other)
  }
}

/** An id or name that no record can have is nobody's. */
function isPossibleId(id: string): boolean {
  return id !== '' && !id.includes('\0') && Buffer.byteLength(id) <= ID_BYTES_MAX
}

function isPossibleName(name: string): boolean {
  return isPossibleId(name)
}

/** Longest id, name (255 characters in Keystone's schema), in UTF-8: the key of a record. */
const ID_BYTES_MAX = RECORD_KEY_BYTES_MAX
