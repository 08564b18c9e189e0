/**
 * The register of the names of buckets, which are one for all accounts: who has which. A name is had by whoever's record
 * was made first; containers that were made through Swift are in nobody's way and have none.
 */
import type { OperationContext, StoreFailure } from '#store/contract.ts'

export interface BucketRecord {
  readonly account: string
  /** Canonical id of who made it. */
  readonly owner: string
  readonly region: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
}

export interface BucketRecords {
  /** May be a second old where it says that there is none, and a minute where it says that there is one. */
  find(context: OperationContext, name: string): Promise<BucketRecord | undefined | StoreFailure>
  /** Takes the name if nobody has it: exactly one of those who try at once. `taken`: the record of who has. */
  claim(
    context: OperationContext,
    name: string,
    record: BucketRecord,
  ): Promise<
    { readonly kind: 'claimed' } | { readonly kind: 'taken'; readonly record: BucketRecord } | StoreFailure
  >
  /** Frees the name, if it is this account's. */
  release(
    context: OperationContext,
    name: string,
    account: string,
  ): Promise<{ readonly kind: 'released' } | StoreFailure>
}
