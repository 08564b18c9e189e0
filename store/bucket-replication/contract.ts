/** What whoever follows the versions of buckets asks of whoever brings them to others. */
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ContainerName, ObjectName } from '../operation.ts'

/** A version as the row of a hidden container names it. */
export interface NewVersion {
  readonly bucket: ContainerName
  readonly key: string
  readonly id: Timestamp
  /** Where it lies. */
  readonly place: ObjectName
}

/** A version that was to go somewhere when it was written, and of which it is not settled what became. */
export interface PendingVersion {
  readonly kind: 'pending'
  /** Stored with it. */
  readonly headers: HeaderMap
}

export type Replicated =
  /** There is nothing to be done: no rule took it, it is settled, or it is gone. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly reason: string }
  /** It could not be done now. */
  | { readonly kind: 'later'; readonly reason: string }

export interface Replicator {
  pending(version: NewVersion): Promise<PendingVersion | Replicated>
  /** Done twice it comes to the same. */
  replicate(version: NewVersion, pending: PendingVersion): Promise<Replicated>
}
