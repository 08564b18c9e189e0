/**
 * Where a bucket may be replicated to: other buckets of this cluster, that keep versions and that whoever asks may write to
 * (PutBucketReplication). What cannot be reached is refused, not stored.
 *
 * Before the configuration is stored, the hidden container of the bucket's versions is marked: the worker that follows what is
 * new looks into marked ones only. The mark stays; without a configuration it leads to nothing.
 */
import { TICKS_PER_SECOND, timestampFromTicks } from '#base/timestamp.ts'
import { REPLICATED_MARK } from '#store/bucket-replication/replication-facts.ts'
import type {
  ReplicationConfiguration,
  ReplicationRule,
  SentReplication,
  SentReplicationRule,
} from '#store/bucket-settings/replication-rules.ts'
import { locksObjects } from '#store/object-lock/lock-facts.ts'
import type { ContainerName } from '#store/operation.ts'
import { versionsIn } from '#store/versions/kept-versions.ts'
import { checkExpectedOwner } from '../access/expected-owner.ts'
import { findBucket } from '../buckets/resolve-bucket.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { type Bucket, bucketOf, type Caller, type S3Visit } from '../operation.ts'
import { mayReplicate } from '../replication/replication-access.ts'
import { storeError } from '../store-errors.ts'
import { type Parsed, parsed } from './xml-schema.ts'

const TICKS_PER_MS = TICKS_PER_SECOND / 1000

type User = Extract<Caller, { readonly kind: 'user' }>

/** What is stored of the configuration, if it can be acted on. */
export async function placedReplication(
  visit: S3Visit,
  { role, rules: sent }: SentReplication,
): Promise<Parsed<ReplicationConfiguration>> {
  const { caller } = visit
  if (caller.kind !== 'user') return s3Error('AccessDenied')
  const source = bucketOf(visit)
  const hidden = hiddenContainerOf(source)
  if (hidden === undefined) {
    return invalid("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
  }
  const rules: ReplicationRule[] = []
  for (const rule of sent) {
    const target = await targetOf(visit, source, rule)
    if (isS3Error(target)) return target
    const refused = await accessProblem(visit, caller, rule, target)
    if (refused !== undefined) return refused
    const inAccount = target.container.account
    rules.push({ ...rule, destination: { ...rule.destination, inAccount } })
  }
  const unmarked = await mark(visit, hidden)
  if (unmarked !== undefined) return unmarked
  const { user, tenant } = caller.principal
  return parsed({ role, rules, setBy: { user, tenant } })
}

/** Since when there may be something to replicate, with room for a request that takes long beside another one. */
const MARK_MARGIN_MS = 3_600_000

/** The first mark stays: what is there before its time need never be looked at. */
async function mark(
  { deps, transaction, request }: S3Visit,
  hidden: ContainerName,
): Promise<S3Error | undefined> {
  const { store, clock } = deps
  const extra = { BucketName: request.bucket ?? '' }
  const read = await store.containers.read(transaction, hidden, { newest: true })
  if (read.kind !== 'found') return storeError(read, extra)
  if (read.info.metadata[REPLICATED_MARK] !== undefined) return undefined
  const since = timestampFromTicks(Math.floor(clock.wallMs() - MARK_MARGIN_MS) * TICKS_PER_MS)
  const marked = await store.containers.post(transaction, hidden, { [REPLICATED_MARK]: since })
  return marked.kind === 'updated' ? undefined : storeError(marked, extra)
}

/** `undefined` of a bucket that keeps no versions now. */
function hiddenContainerOf({ container, info }: Bucket): ContainerName | undefined {
  const versions = versionsIn(info.metadata)
  if (versions?.keeping !== 'on') return undefined
  return { account: container.account, container: versions.container }
}

async function targetOf(
  { deps, transaction, caller }: S3Visit,
  source: Bucket,
  { destination }: SentReplicationRule,
): Promise<Bucket | S3Error> {
  const { bucket, account } = destination
  const target = await findBucket(deps, transaction, bucket, caller)
  if (isS3Error(target)) {
    return target.status >= 500 ? target : invalid('Destination bucket must exist.')
  }
  if (target.container.account === source.container.account && target.name === source.name) {
    return invalid('Destination bucket cannot be the same as the source bucket.')
  }
  if (checkExpectedOwner(deps, target, account) !== undefined) {
    return invalid('Account must be that of the owner of the destination bucket.')
  }
  if (hiddenContainerOf(target) === undefined) {
    return invalid('Destination bucket must have versioning enabled.')
  }
  if (locksObjects(source.info) && !locksObjects(target.info)) {
    return invalid('Object Lock must be enabled on the destination bucket, as it is on the source bucket.')
  }
  return target
}

/** Both whoever asks and what is done later on their behalf must be let in. */
async function accessProblem(
  visit: S3Visit,
  { principal }: User,
  { filter, deleteMarkers }: SentReplicationRule,
  bucket: Bucket,
): Promise<S3Error | undefined> {
  const { deps, transaction } = visit
  const key = (filter.prefix ?? '') + ANY_KEY
  const source = bucketOf(visit).container
  const target = { ...bucket.container, object: key }
  for (const what of deleteMarkers === 'Disabled' ? OBJECTS : OBJECTS_AND_MARKERS) {
    const action = what === 'object' ? 's3:ReplicateObject' : 's3:ReplicateDelete'
    const denied = await deps.authorize(visit, { action, bucket, key, versionId: undefined })
    if (denied !== undefined) return denied
    const allowed = await mayReplicate(deps.access, transaction, { source, setBy: principal, target, what })
    if (allowed === 'unavailable') return s3Error('ServiceUnavailable')
    if (allowed === 'no') return s3Error('AccessDenied', { message: NOT_GRANTED })
  }
  return undefined
}

const OBJECTS = ['object'] as const
const OBJECTS_AND_MARKERS = ['object', 'delete_marker'] as const
/** Stands for the rest of the keys that a rule takes. */
const ANY_KEY = 'any-key'
const NOT_GRANTED =
  'The owner of the destination bucket must allow s3:ReplicateObject (and s3:ReplicateDelete for delete markers)'

function invalid(message: string): S3Error {
  return s3Error('InvalidRequest', { message })
}
