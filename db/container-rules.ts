/**
 * What happens to a container on each request, as pure rules (`contract.ts`). Statuses and conditions follow OpenStack
 * Swift (`container/server.py`, `container/backend.py`); where Swift changes several things one after the other and may
 * stop half-way, a rule changes all or nothing.
 */
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import type { Decision, Rule } from './contract.ts'
import {
  type DatabaseInfo,
  type DatabaseName,
  type DatabaseState,
  NEVER_REPORTED,
  newInfo,
  type Reported,
} from './info.ts'
import { clearedMetadata, type Metadata, mergeMetadata, metadataProblem } from './metadata.ts'

export interface ContainerPut {
  readonly name: DatabaseName
  readonly timestamp: Timestamp
  /** What the request insists on; a container that has another policy refuses. */
  readonly requestedPolicy: number | undefined
  /** What a new container gets when nothing is insisted on. */
  readonly defaultPolicy: number
  readonly metadata: Metadata
}

export type ContainerPutResult =
  | { readonly kind: 'created' | 'exists'; readonly info: DatabaseInfo }
  | { readonly kind: 'policy_conflict'; readonly policyIndex: number }
  /** The container was deleted later than this request. */
  | { readonly kind: 'outdated' }
  | { readonly kind: 'bad_metadata'; readonly problem: string }

/**
 * A container that was deleted after it was put, and holds nothing, is not there. OpenStack Swift looks only at what it holds
 * in its own policy (`container/backend.py`: `_is_deleted_info`): a DELETE that a stand-in took for a container that it had
 * made itself, with another policy, hides there what the container holds.
 */
export function isContainerDeleted(info: DatabaseInfo): boolean {
  return info.deleteTimestamp > info.putTimestamp && isContainerEmpty(info)
}

/** No live rows in any policy. */
export function isContainerEmpty(info: DatabaseInfo): boolean {
  return [...info.stats.values()].every((stats) => stats.rows === 0)
}

export function putContainer(put: ContainerPut): Rule<ContainerPutResult> {
  return (state) => {
    const policyIndex = put.requestedPolicy ?? put.defaultPolicy
    if (state === undefined) {
      const info = newInfo(put.name, put.timestamp, policyIndex)
      return withMetadata({ info, metadata: new Map() }, put.metadata, () => ({ kind: 'created', info }))
    }
    const { info } = state
    const recreated = isContainerDeleted(info)
    if (!recreated && put.requestedPolicy !== undefined && put.requestedPolicy !== info.policyIndex) {
      return { result: { kind: 'policy_conflict', policyIndex: info.policyIndex } }
    }
    const updated = recreated
      ? recreatedAt(info, put.timestamp, policyIndex)
      : { ...info, putTimestamp: later(info.putTimestamp, put.timestamp) }
    if (isContainerDeleted(updated)) return { result: { kind: 'outdated' } }
    return withMetadata({ ...state, info: updated }, put.metadata, () => ({
      kind: recreated ? 'created' : 'exists',
      info: updated,
    }))
  }
}

function recreatedAt(info: DatabaseInfo, timestamp: Timestamp, policyIndex: number): DatabaseInfo {
  return {
    ...info,
    policyIndex,
    bornAt: later(info.bornAt, timestamp),
    status: 'live',
    putTimestamp: later(info.putTimestamp, timestamp),
    statusChangedAt: later(info.statusChangedAt, timestamp),
  }
}

export type ContainerPostResult =
  | { readonly kind: 'updated' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'bad_metadata'; readonly problem: string }

export function postContainer(timestamp: Timestamp, metadata: Metadata): Rule<ContainerPostResult> {
  return (state) => {
    if (state === undefined || isContainerDeleted(state.info)) return { result: { kind: 'not_found' } }
    const info = { ...state.info, putTimestamp: later(state.info.putTimestamp, timestamp) }
    return withMetadata({ ...state, info }, metadata, () => ({ kind: 'updated' }))
  }
}

export type ContainerDeleteResult =
  | { readonly kind: 'deleted'; readonly info: DatabaseInfo }
  /** It was not there before either, but the deletion is noted. */
  | { readonly kind: 'was_deleted'; readonly info: DatabaseInfo }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'not_empty' }
  /** The container was put later than this request. */
  | { readonly kind: 'outdated' }

/** What is deleted keeps the metadata that sharding needs to find the way back (`delete_meta_whitelist`). */
const KEPT_ON_DELETE = new Set(['x-container-sysmeta-shard-quoted-root', 'x-container-sysmeta-shard-root'])

export function deleteContainer(timestamp: Timestamp): Rule<ContainerDeleteResult> {
  return (state) => {
    if (state === undefined) return { result: { kind: 'not_found' } }
    if (!isContainerEmpty(state.info)) return { result: { kind: 'not_empty' } }
    const existed = state.info.putTimestamp > ZERO_TIMESTAMP && !isContainerDeleted(state.info)
    const info = deletedAt(state.info, timestamp)
    if (!isContainerDeleted(info)) return { result: { kind: 'outdated' } }
    const cleared = clearedMetadata(without(state.metadata, KEPT_ON_DELETE), timestamp)
    const metadata = mergeMetadata(state.metadata, cleared)
    return { result: { kind: existed ? 'deleted' : 'was_deleted', info }, info, metadata }
  }
}

/** What the writer of rows believes about the container; what is left out is not compared. */
export interface Belief {
  readonly policyIndex?: number | undefined
  readonly statusChangedAt?: Timestamp | undefined
}

export type RowsResult =
  /** `disagrees` is the info when the writer believed something else of it. */
  { readonly kind: 'merged'; readonly disagrees: DatabaseInfo | undefined } | { readonly kind: 'not_found' }

export interface RowsCommand {
  readonly name: DatabaseName
  readonly timestamp: Timestamp
  /** A container that is not there yet is made, with this policy, instead of refusing. */
  readonly autoCreate: { readonly policyIndex: number } | undefined
  readonly belief: Belief
}

/** Merges the rows of the request. A deleted container takes rows too, and is there again while it has any. */
export function mergeRows(command: RowsCommand): Rule<RowsResult> {
  return (state) => {
    if (state !== undefined) {
      return {
        result: { kind: 'merged', disagrees: disagreement(state.info, command.belief) },
        rows: 'merge',
      }
    }
    if (command.autoCreate === undefined) return { result: { kind: 'not_found' } }
    const info = newInfo(command.name, command.timestamp, command.autoCreate.policyIndex)
    return { result: { kind: 'merged', disagrees: undefined }, info, rows: 'merge' }
  }
}

/** Notes what the account has been told. */
export function noteReported(reported: Reported): Rule<void> {
  return (state) => {
    if (state === undefined) return { result: undefined }
    return { result: undefined, info: { ...state.info, reported } }
  }
}

/**
 * Notes that single servers of the account may have been told what no majority confirmed: whatever the container has then
 * is to be told, what it had before too.
 */
export const noteInDoubt: Rule<void> = (state) => {
  if (state === undefined || state.info.reported.putTimestamp === ZERO_TIMESTAMP) return { result: undefined }
  return { result: undefined, info: { ...state.info, reported: NEVER_REPORTED } }
}

/** Times of a deletion: later ones win, and the status changes only when the deletion is new. */
export function deletedAt(info: DatabaseInfo, timestamp: Timestamp): DatabaseInfo {
  if (info.deleteTimestamp >= timestamp) return info
  return { ...info, deleteTimestamp: timestamp, statusChangedAt: timestamp, status: 'deleted' }
}

function disagreement(info: DatabaseInfo, belief: Belief): DatabaseInfo | undefined {
  const samePolicy = belief.policyIndex === undefined || belief.policyIndex === info.policyIndex
  const sameStatus = belief.statusChangedAt === undefined || belief.statusChangedAt === info.statusChangedAt
  return samePolicy && sameStatus ? undefined : info
}

/** The state with more metadata, or the problem with it. */
export function withMetadata<Result>(
  state: DatabaseState,
  updates: Metadata,
  result: () => Result,
): Decision<Result | { readonly kind: 'bad_metadata'; readonly problem: string }> {
  const metadata = mergeMetadata(state.metadata, updates)
  const problem = updates.size === 0 ? undefined : metadataProblem(metadata)
  if (problem !== undefined) return { result: { kind: 'bad_metadata', problem } }
  return { result: result(), info: state.info, metadata }
}

export function later(left: Timestamp, right: Timestamp): Timestamp {
  return left >= right ? left : right
}

function without(metadata: Metadata, names: ReadonlySet<string>): Metadata {
  return new Map([...metadata].filter(([name]) => !names.has(name)))
}
