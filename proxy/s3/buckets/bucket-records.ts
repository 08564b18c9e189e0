/**
 * The register of the names of buckets, which are one for all accounts: who has which. A name is had by whoever's record
 * was made first; containers that were made through Swift are in nobody's way and have none.
 *
 * Steps. Making a bucket: the record, then the container. Deleting one: the record is read, the container deleted, the
 * record removed if it is still what was read. A record without a container may stay: its account may make the bucket
 * again, for which it writes the record anew, so that a removal that is under way leaves it; anybody else may once it is
 * `SWEEP_AGE_MS` old, by when no creation is under way any more.
 */
import type { OperationContext } from '#store/operation.ts'
import type {
  FoundRecord,
  RecordCollection,
  RecordFailure,
  RecordKind,
  Records,
} from '#store/records/contract.ts'

export interface BucketRecord {
  readonly account: string
  /** Canonical id of who made it. */
  readonly owner: string
  readonly region: string
  /** Of the latest creation; milliseconds since the epoch. */
  readonly createdAtMs: number
}

export type HeldName = FoundRecord<BucketRecord>

/** From when on a record without a container is nobody's. A creation is over after the time limits of its requests. */
export const SWEEP_AGE_MS = 300_000

const BUCKETS: RecordKind<BucketRecord> = { name: 'buckets', version: 1, parse: parseRecord }

function parseRecord(written: unknown, version: number): BucketRecord | undefined {
  if (version !== 1 || typeof written !== 'object' || written === null) return undefined
  const { account, owner, region, createdAtMs } = written as Readonly<Record<string, unknown>>
  if (typeof account !== 'string' || typeof owner !== 'string' || typeof region !== 'string') return undefined
  return typeof createdAtMs === 'number' ? { account, owner, region, createdAtMs } : undefined
}

/** How often a name is looked at again that others take and free at the same time. */
const CLAIM_TRIES = 5

export class BucketRecords {
  readonly #records: RecordCollection<BucketRecord>

  constructor(records: Records) {
    this.#records = records.of(BUCKETS)
  }

  /** Who has the name; up to `RECORD_STALENESS_MS` old. */
  async find(context: OperationContext, name: string): Promise<BucketRecord | undefined | RecordFailure> {
    const read = await this.#records.read(context, name, 'remembered')
    if (read.kind === 'absent') return undefined
    return read.kind === 'found' ? read.value : read
  }

  /** The record as it is now, to be released later. */
  async held(context: OperationContext, name: string): Promise<HeldName | undefined | RecordFailure> {
    const read = await this.#records.read(context, name, 'newest')
    return read.kind === 'absent' ? undefined : read
  }

  /** Takes the name if nobody has it, or this account: exactly one account of those that try at once. */
  async claim(
    context: OperationContext,
    name: string,
    record: BucketRecord,
  ): Promise<
    { readonly kind: 'claimed' } | { readonly kind: 'taken'; readonly by: HeldName } | RecordFailure
  > {
    for (let tries = 0; tries < CLAIM_TRIES; tries += 1) {
      const created = await this.#records.create(context, name, record)
      if (created.kind === 'found') return { kind: 'claimed' }
      if (created.kind !== 'exists') return created
      const read = await this.#records.read(context, name, 'newest')
      if (read.kind === 'absent') continue
      if (read.kind !== 'found') return read
      if (read.value.account !== record.account) return { kind: 'taken', by: read }
      const renewed = await this.#records.replace(context, read, record)
      if (renewed.kind === 'found') return { kind: 'claimed' }
      if (renewed.kind !== 'changed') return renewed
    }
    return { kind: 'undecided', reason: 'the name is taken and freed by others all the time' }
  }

  /** Frees the name, unless its record was written anew since. */
  async release(
    context: OperationContext,
    held: HeldName,
  ): Promise<{ readonly kind: 'removed' } | { readonly kind: 'changed' } | RecordFailure> {
    return await this.#records.remove(context, held)
  }
}
