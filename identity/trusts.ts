/**
 * The trusts that there are, each a record at its id (`model/trust.ts`).
 *
 * A trust is good while it is there, has not expired, and whatever it was made by is good. So one write takes a trust away,
 * and with it all that were made by it, at once and for good: those only wait for being cleared away. `sweep`, which every
 * proxy does now and then, clears away what is no good any more, whoever left it: trusts that expired, that were made by one
 * that is gone, or are of somebody who is gone.
 */
import type { OperationContext } from '#store/operation.ts'
import { allRecords } from '#store/records/all-records.ts'
import type { FoundRecord, RecordCollection, RecordFailure, Records } from '#store/records/contract.ts'
import type { Absent } from './entries.ts'
import { isExpired, isUsable, REDELEGATIONS_MAX, TRUST_RECORDS, type Trust } from './model/trust.ts'

export interface FoundTrust {
  readonly kind: 'found'
  readonly id: string
  readonly value: Trust
}

/** Others who use the same trust at this moment. */
const TRIES = 20

export class Trusts {
  readonly #records: RecordCollection<Trust>

  constructor(records: Records) {
    this.#records = records.of(TRUST_RECORDS)
  }

  async find(
    context: OperationContext,
    id: string,
    freshness: 'remembered' | 'newest' = 'remembered',
  ): Promise<FoundTrust | Absent | RecordFailure> {
    if (!ID.test(id)) return ABSENT
    const read = await this.#records.read(context, id, freshness)
    return read.kind === 'found' ? shown(read) : read
  }

  /** The trust and those that it was made by, the nearest first, while all of them are good. */
  async line(
    context: OperationContext,
    id: string,
    nowMs: number,
  ): Promise<readonly FoundTrust[] | Absent | RecordFailure> {
    const found: FoundTrust[] = []
    let next: string | undefined = id
    while (next !== undefined && found.length <= REDELEGATIONS_MAX) {
      const trust: FoundTrust | Absent | RecordFailure = await this.find(context, next)
      if (trust.kind !== 'found') return trust
      if (isExpired(trust.value, nowMs)) return ABSENT
      found.push(trust)
      next = trust.value.redelegatedFrom
    }
    return next === undefined ? found : ABSENT
  }

  async list(context: OperationContext): Promise<readonly FoundTrust[] | RecordFailure> {
    const records = await allRecords(this.#records, context)
    return 'kind' in records ? records : records.map(shown)
  }

  /** `id` must never have been used. */
  async create(context: OperationContext, id: string, trust: Trust): Promise<FoundTrust | RecordFailure> {
    const created = await this.#records.create(context, id, trust)
    if (created.kind === 'exists') return { kind: 'unavailable', reason: 'the id is in use' }
    return created.kind === 'found' ? shown(created) : created
  }

  /** Takes one use away, durably, before the token is given out that it is for. */
  async use(
    context: OperationContext,
    id: string,
    nowMs: number,
  ): Promise<{ readonly kind: 'used' } | Absent | RecordFailure> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const read = await this.#records.read(context, id, 'newest')
      if (read.kind !== 'found') return read
      const { usesLeft } = read.value
      if (!isUsable(read.value, nowMs)) return ABSENT
      if (usesLeft === undefined) return { kind: 'used' }
      const written = await this.#records.replace(context, read, { ...read.value, usesLeft: usesLeft - 1 })
      if (written.kind === 'found') return { kind: 'used' }
      if (written.kind !== 'changed') return written
    }
    return { kind: 'unavailable', reason: 'others use the same trust at this moment' }
  }

  /** What was made by it is worth nothing from then on, and cleared away as far as that succeeds. */
  async remove(
    context: OperationContext,
    id: string,
  ): Promise<{ readonly kind: 'removed' } | Absent | RecordFailure> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const read = await this.#records.read(context, id, 'newest')
      if (read.kind !== 'found') return read
      const removed = await this.#records.remove(context, read)
      if (removed.kind === 'removed') await this.removeThose(context, (trust) => trust.redelegatedFrom === id)
      if (removed.kind !== 'changed') return removed
    }
    return { kind: 'unavailable', reason: 'others use the same trust at this moment' }
  }

  /** All that are meant, and all that were made by them. */
  async removeThose(
    context: OperationContext,
    isMeant: (trust: Trust) => boolean,
  ): Promise<RecordFailure | undefined> {
    const all = await allRecords(this.#records, context, undefined, 'newest')
    if ('kind' in all) return all
    for (const { key } of all.filter(({ value }) => isMeant(value))) {
      const removed = await this.remove(context, key)
      if ('reason' in removed) return removed
    }
    return undefined
  }

  /** `isGone`: whether somebody or something that a trust names is there no more. */
  async sweep(
    context: OperationContext,
    nowMs: number,
    isGone: (trust: Trust) => Promise<boolean>,
  ): Promise<RecordFailure | undefined> {
    const all = await allRecords(this.#records, context)
    if ('kind' in all) return all
    for (const { key, value } of all) {
      const isOver =
        isExpired(value, nowMs) || (await this.#isCutOff(context, value)) || (await isGone(value))
      const removed = isOver ? await this.remove(context, key) : undefined
      if (removed !== undefined && 'reason' in removed) return removed
    }
    return undefined
  }

  async #isCutOff(context: OperationContext, { redelegatedFrom: from }: Trust): Promise<boolean> {
    if (from === undefined) return false
    return (await this.#records.read(context, from, 'newest')).kind === 'absent'
  }
}

const ABSENT: Absent = { kind: 'absent' }

/** As they are made (`ids.ts`). */
const ID = /^[0-9a-f]{32}$/

function shown({ key: id, value }: FoundRecord<Trust>): FoundTrust {
  return { kind: 'found', id, value }
}
