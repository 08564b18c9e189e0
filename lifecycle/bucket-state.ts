/**
 * What decides what is done to a bucket: its rules, how it keeps versions, and which of the buckets of its name it is. A pass over a
 * large bucket takes hours, and its owner may change any of it meanwhile; so it is asked again with every page.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { LifecycleRule } from '#store/bucket-settings/lifecycle-rules.ts'
import type { Store } from '#store/contract.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { type Versions, versionsIn } from '#store/versions/kept-versions.ts'

export interface BucketState {
  readonly rules: readonly LifecycleRule[]
  readonly versions: Versions | undefined
  /** When the bucket was made. */
  readonly since: Timestamp
}

export interface BucketStateParts {
  readonly store: Pick<Store, 'containers'>
  readonly context: OperationContext
  /** The rules of a bucket now; `unavailable` when nobody can tell. */
  readonly rules: (name: ContainerName) => Promise<readonly LifecycleRule[] | 'unavailable'>
}

/** `undefined` when there is no such bucket; `unavailable` when nobody can tell. */
export async function bucketState(
  { store, context, rules }: BucketStateParts,
  name: ContainerName,
): Promise<BucketState | 'unavailable' | undefined> {
  const read = await store.containers.read(context, name, { newest: true })
  if (read.kind === 'no_such_container') return undefined
  if (read.kind !== 'found') return 'unavailable'
  const now = await rules(name)
  if (now === 'unavailable') return now
  const { metadata, statusChangedAt: since } = read.info
  return { rules: now, versions: versionsIn(metadata), since }
}
