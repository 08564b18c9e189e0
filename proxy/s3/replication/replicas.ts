/** The replicas of a version, for what is said of it after they were made. */
import type { HeaderMap } from '#http/message.ts'
import { destinationsIn, sourceIn } from '#store/bucket-replication/replication-facts.ts'
import { hasSettings } from '#store/bucket-settings/bucket-settings.ts'
import { type ReplicationRule, ruleTo } from '#store/bucket-settings/replication-rules.ts'
import type { Store, VersionName } from '#store/contract.ts'
import { tagsIn } from '#store/object-facts/object-tags.ts'
import type { OperationContext } from '#store/operation.ts'
import { documentsOf } from '../config/bucket-document.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, objectOf, type S3Visit } from '../operation.ts'
import { mayReplicate } from './replication-access.ts'

/** `absent`: there is nothing to carry it to. */
export type Carried = 'carried' | 'absent' | 'unavailable'

export interface Replica {
  readonly source: VersionName
  readonly target: VersionName
  readonly rule: ReplicationRule
}

/**
 * Carries something over to each replica that a version has or will have, as far as the destination lets it in. The error
 * says that it is to be asked for again.
 */
export async function atReplicas(
  visit: S3Visit,
  versionId: string | undefined,
  carry: (replica: Replica) => Promise<Carried>,
): Promise<S3Error | undefined> {
  const { container, info } = bucketOf(visit)
  if (versionId === undefined || !hasSettings(info)) return undefined
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  const { replication } = documents
  if (replication === undefined) return undefined
  const { deps, transaction } = visit
  const source = { ...objectOf(visit), versionId }
  const headers = await headersOf(deps.store, transaction, source)
  if (typeof headers === 'string') return headers === 'absent' ? undefined : s3Error('ServiceUnavailable')
  const object = { key: source.object, tags: tagsIn(headers), encryption: 'none' } as const
  for (const bucket of destinationsIn(headers)) {
    const rule = ruleTo(replication, bucket, object)
    if (rule === undefined) continue
    const place = { account: rule.destination.inAccount, container: bucket, object: source.object }
    const asked = { source: container, setBy: replication.setBy, target: place, what: 'object' } as const
    const allowed = await mayReplicate(deps.access, transaction, asked)
    if (allowed === 'no') continue
    const carried =
      allowed === 'yes' ? await carry({ source, target: { ...place, versionId }, rule }) : allowed
    if (carried === 'unavailable') return s3Error('ServiceUnavailable')
  }
  return undefined
}

/** What is stored with the replica, if it is one of the source. */
export async function replicaHeaders(
  store: Store,
  context: OperationContext,
  source: VersionName,
  target: VersionName,
): Promise<HeaderMap | 'absent' | 'unavailable'> {
  const there = await headersOf(store, context, target)
  if (typeof there === 'string') return there
  const from = sourceIn(there)
  return from?.account === source.account && from.container === source.container ? there : 'absent'
}

export async function headersOf(
  { objects }: Store,
  context: OperationContext,
  { versionId, ...name }: VersionName,
): Promise<HeaderMap | 'absent' | 'unavailable'> {
  const read = await objects.read(context, name, {
    method: 'HEAD',
    conditions: {},
    newest: true,
    versionId,
    manifest: 'as_stored',
    keyless: 'allowed',
  })
  if (read.kind === 'found') return read.headers
  const isAbsent = ['no_such_object', 'no_such_container', 'version_refused'].includes(read.kind)
  return isAbsent ? 'absent' : 'unavailable'
}
