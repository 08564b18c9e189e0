/**
 * What changes of a version after it was replicated, its tags and its access list, changes at its replicas, too: before the change
 * is answered, so that nobody has to remember it. Who changes something writes it at the source, then carries it over and
 * looks at the source once more; who makes a replica looks at the source once more when it is there. So of changes and a
 * replication at the same moment whoever comes last sees all, and the replica ends as its source is.
 */
import { OBJECT_ACL_CHANGED } from '#auth/s3/acl/stored-acl.ts'
import type { HeaderMap } from '#http/message.ts'
import { destinationsIn, OUTCOME_FACT, sourceIn } from '#store/bucket-replication/replication-facts.ts'
import { hasSettings } from '#store/bucket-settings/bucket-settings.ts'
import { type ReplicationRule, ruleTo } from '#store/bucket-settings/replication-rules.ts'
import type { Store, VersionName } from '#store/contract.ts'
import type { StoreFailure } from '#store/failure.ts'
import { changeFacts, factsIn } from '#store/object-facts/object-facts.ts'
import { tagsIn } from '#store/object-facts/object-tags.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { OBJECT_ACLS_FLAG } from '../../access/container-grants.ts'
import { documentsOf } from '../config/bucket-document.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, objectOf, type S3Visit } from '../operation.ts'
import { mayReplicate } from './replication-access.ts'

/** How often source and replica are compared while others change them. */
const TRIES = 8

export interface CarriedFacts {
  readonly source: VersionName
  readonly target: VersionName
  readonly rule: ReplicationRule
  /** Which; all of them without it. */
  readonly names?: readonly string[]
}

/** `absent`: one of the two is not there, or the other version is no replica of it. */
export async function carryFacts(
  store: Store,
  context: OperationContext,
  { source, target, rule, names }: CarriedFacts,
): Promise<'carried' | 'absent' | 'unavailable'> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const there = await headersOf(store, context, target)
    if (typeof there === 'string') return there
    const from = sourceIn(there)
    if (from?.account !== source.account || from.container !== source.container) return 'absent'
    const here = await headersOf(store, context, source)
    if (typeof here === 'string') return here
    const changes = differing(here, there, names).filter(([name]) => isCarried(name, rule))
    if (changes.length === 0) return 'carried'
    const { account, container } = target
    const isFlagged = !changes.some(([name]) => name === OBJECT_ACL_CHANGED)
    const unflagged = isFlagged ? undefined : await flagAccessLists(store, context, { account, container })
    if (unflagged !== undefined) return 'unavailable'
    const changed = await changeFacts(store, context, target, Object.fromEntries(changes))
    if (changed.kind === 'no_such_object') return 'absent'
    if (changed.kind !== 'changed') return 'unavailable'
  }
  return 'unavailable'
}

/** Whose a replica is that belongs to the owner of its bucket is not the source's to say. */
function isCarried(name: string, { destination }: ReplicationRule): boolean {
  return name !== OUTCOME_FACT && (name !== OBJECT_ACL_CHANGED || destination.owner === undefined)
}

/** What the replica lacks; an empty value takes one away. */
function differing(
  source: HeaderMap,
  replica: HeaderMap,
  names: readonly string[] = Object.keys({ ...factsIn(source), ...factsIn(replica) }),
): readonly (readonly [string, string])[] {
  return names
    .filter((name) => (source[name] ?? '') !== (replica[name] ?? ''))
    .map((name) => [name, source[name] ?? ''])
}

async function headersOf(
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

/** The container is to look for access lists of its objects. `undefined`: it does. */
export async function flagAccessLists(
  { containers }: Store,
  context: OperationContext,
  name: ContainerName,
): Promise<StoreFailure | undefined> {
  const info = await containers.info(context, name)
  if (info?.metadata[OBJECT_ACLS_FLAG] !== undefined) return undefined
  const posted = await containers.post(context, name, { [OBJECT_ACLS_FLAG]: 'true' })
  return posted.kind === 'updated' ? undefined : posted
}

/** After a change of facts of a version: its replicas have it, too, or the request is to be made again. */
export async function carryChange(
  visit: S3Visit,
  versionId: string | undefined,
  fact: string,
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
    const target = { account: rule.destination.inAccount, container: bucket, object: source.object }
    const asked = { source: container, setBy: replication.setBy, target, what: 'object' } as const
    const allowed = await mayReplicate(deps.access, transaction, asked)
    if (allowed === 'no') continue
    const carried =
      allowed === 'yes' &&
      (await carryFacts(deps.store, transaction, {
        source,
        target: { ...target, versionId },
        rule,
        names: [fact],
      }))
    if (carried === false || carried === 'unavailable') return s3Error('ServiceUnavailable')
  }
  return undefined
}
