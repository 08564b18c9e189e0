/**
 * What is stored with versions that are replicated. Where a version goes is decided when it is written and stands in its system
 * metadata, so that no later rule takes it and every process that follows the bucket's versions comes to the same; what
 * became of it is a fact, set when it is settled. A replica names its source, and is not replicated again.
 */
import { FACT_PREFIX } from '#base/extensions.ts'
import { decodePercent, quotedPath } from '#base/names.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ReplicationRule } from '../bucket-settings/replication-rules.ts'
import type { ContainerName } from '../operation.ts'

/** Of a hidden container of versions: since when there may be something to replicate in it. Never changed. */
export const REPLICATED_MARK = 'x-container-sysmeta-s3-replicated'

/** Begins what is true of a version or a replica, and of no copy of it. */
export const REPLICATION_PREFIX = 'x-object-sysmeta-s3-replica'
/** Names of buckets, separated by commas, which no name has. */
const GOES_TO = `${REPLICATION_PREFIX}te-to`
/** `/account/container`, percent-encoded. */
const REPLICA_OF = `${REPLICATION_PREFIX}-of`
export const OUTCOME_FACT = `${FACT_PREFIX}replication`

/** `replica`: it was made by replication. */
export type ReplicationStatus = 'pending' | 'completed' | 'failed' | 'replica'

/** What a new version is stored with that these rules take. */
export function goingTo(rules: readonly ReplicationRule[]): Readonly<Record<string, string>> {
  if (rules.length === 0) return {}
  return { [GOES_TO]: rules.map(({ destination }) => destination.bucket).join(',') }
}

/** The buckets that a version was to go to when it was written. */
export function destinationsIn(headers: HeaderMap): readonly string[] {
  const written = headers[GOES_TO] ?? ''
  return written === '' ? [] : written.split(',')
}

/** What a replica is stored with. */
export function replicaOf({ account, container }: ContainerName): Readonly<Record<string, string>> {
  return { [REPLICA_OF]: quotedPath(`/${account}/${container}`) }
}

/** The bucket that a replica comes from; `undefined` of anything else. */
export function sourceIn(headers: HeaderMap): ContainerName | undefined {
  const [, account, container] = decodePercent(headers[REPLICA_OF] ?? '')?.split('/') ?? []
  return account === undefined || container === undefined ? undefined : { account, container }
}

export function isReplica(headers: HeaderMap): boolean {
  return headers[REPLICA_OF] !== undefined
}

/** `undefined` of what no rule took. */
export function replicationStatusIn(headers: HeaderMap): ReplicationStatus | undefined {
  if (isReplica(headers)) return 'replica'
  if (headers[GOES_TO] === undefined) return undefined
  const outcome = headers[OUTCOME_FACT]
  return outcome === 'completed' || outcome === 'failed' ? outcome : 'pending'
}
