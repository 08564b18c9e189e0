/**
 * A page of a container's listing that shows every acknowledged write (`docs/architecture.md`, "Listings by digest").
 */
import type { Timestamp } from '#base/timestamp.ts'
import { type Response, readWhole } from '#http/message.ts'
import type { NodeClient } from './node-client.ts'
import { type ReadOutcome, type ReplicaRead, readReplica } from './replica-read.ts'

export interface AgreedListing {
  /** GET of the container with the listing's query. */
  readonly read: ReplicaRead
  readonly listing: ListingRange
  /** For what is exchanged between replicas. */
  readonly timestamp: Timestamp
}

/** What of a listing's query says which names it covers. */
export interface ListingRange {
  readonly prefix?: string | undefined
  readonly marker?: string | undefined
  readonly endMarker?: string | undefined
  readonly reverse: boolean
}

export interface ContainerListing {
  readonly kind: 'listed'
  readonly headers: Response['headers']
  readonly json: Buffer
  readonly consistency: 'complete' | 'eventual'
}

const LISTING_BYTES_MAX = 32 * 1024 * 1024

export async function listContainer(
  client: NodeClient,
  { read }: AgreedListing,
): Promise<ContainerListing | Exclude<ReadOutcome, { readonly kind: 'found' }>> {
  const outcome = await readReplica(client, read)
  if (outcome.kind !== 'found') return outcome
  const json = await readWhole(outcome.response.body, LISTING_BYTES_MAX)
  return { kind: 'listed', headers: outcome.response.headers, json, consistency: 'eventual' }
}
