/**
 * What changes of a version after it was replicated, its tags and its access list, changes at its replicas, too: before the change
 * is answered, so that nobody has to remember it. Who changes something writes it at the source, then carries it over and
 * looks at the source once more; who makes a replica looks at the source once more when it is there. So of changes and a
 * replication at the same moment whoever comes last sees all, and the replica ends as its source is.
 */
import { OBJECT_ACL_CHANGED } from '#auth/s3/acl/stored-acl.ts'
import type { HeaderMap } from '#http/message.ts'
import { OUTCOME_FACT } from '#store/bucket-replication/replication-facts.ts'
import type { ReplicationRule } from '#store/bucket-settings/replication-rules.ts'
import type { Store } from '#store/contract.ts'
import type { StoreFailure } from '#store/failure.ts'
import { changeFacts, factsIn } from '#store/object-facts/object-facts.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { OBJECT_ACLS_FLAG } from '../../access/container-grants.ts'
import type { S3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { atReplicas, type Carried, headersOf, type Replica, replicaHeaders } from './replicas.ts'

/** How often source and replica are compared while others change them. */
const TRIES = 8

export interface CarriedFacts extends Replica {
  /** Which; all of them without it. */
  readonly names?: readonly string[]
}

/** `absent`: one of the two is not there, or the other version is no replica of it. */
export async function carryFacts(
  store: Store,
  context: OperationContext,
  { source, target, rule, names }: CarriedFacts,
): Promise<Carried> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const there = await replicaHeaders(store, context, source, target)
    if (typeof there === 'string') return there
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

/** After a change of a fact of a version: its replicas have it, too, or the request is to be made again. */
export function carryChange(
  visit: S3Visit,
  versionId: string | undefined,
  fact: string,
): Promise<S3Error | undefined> {
  const { deps, transaction } = visit
  return atReplicas(visit, versionId, (replica) =>
    carryFacts(deps.store, transaction, { ...replica, names: [fact] }),
  )
}
