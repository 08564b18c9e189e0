/**
 * What happens to an account on each request, as pure rules (`contract.ts`). Statuses and conditions follow OpenStack
 * Swift (`account/server.py`, `account/backend.py`). A deleted account stays so, and refuses to be put again, until the
 * reaper has removed it.
 */
import type { Timestamp } from '#base/timestamp.ts'
import { deletedAt, later, withMetadata } from './container-rules.ts'
import type { Rule } from './contract.ts'
import { type DatabaseInfo, type DatabaseName, newInfo, totalStats } from './info.ts'
import { clearedMetadata, type Metadata } from './metadata.ts'

/** Marked as deleted; its containers may still be there. */
export function isAccountStatusDeleted(info: DatabaseInfo): boolean {
  return info.status === 'deleted' || info.deleteTimestamp > info.putTimestamp
}

/** Not there for readers: marked as deleted, or deleted after it was put with nothing in it. */
export function isAccountDeleted(info: DatabaseInfo): boolean {
  if (info.status === 'deleted') return true
  return info.deleteTimestamp > info.putTimestamp && !holdsContainers(info)
}

function holdsContainers(info: DatabaseInfo): boolean {
  return totalStats(info).rows > 0
}

export interface AccountPut {
  readonly name: DatabaseName
  readonly timestamp: Timestamp
  readonly metadata: Metadata
}

export type AccountPutResult =
  | { readonly kind: 'created' | 'exists' }
  | { readonly kind: 'recently_deleted' }
  | { readonly kind: 'bad_metadata'; readonly problem: string }

export function putAccount(put: AccountPut): Rule<AccountPutResult> {
  return (state) => {
    if (state === undefined) {
      const info = newInfo(put.name, put.timestamp, 0)
      return withMetadata({ info, metadata: new Map() }, put.metadata, () => ({ kind: 'created' }))
    }
    if (isAccountStatusDeleted(state.info)) return { result: { kind: 'recently_deleted' } }
    const info = { ...state.info, putTimestamp: later(state.info.putTimestamp, put.timestamp) }
    return withMetadata({ ...state, info }, put.metadata, () => ({ kind: 'exists' }))
  }
}

export type AccountPostResult =
  | { readonly kind: 'updated' }
  | { readonly kind: 'not_found'; readonly info: DatabaseInfo | undefined }
  | { readonly kind: 'bad_metadata'; readonly problem: string }

export function postAccount(metadata: Metadata): Rule<AccountPostResult> {
  return (state) => {
    if (state === undefined || isAccountDeleted(state.info)) {
      return { result: { kind: 'not_found', info: state?.info } }
    }
    return withMetadata(state, metadata, () => ({ kind: 'updated' }))
  }
}

export type AccountDeleteResult =
  | { readonly kind: 'deleted'; readonly info: DatabaseInfo }
  | { readonly kind: 'not_found'; readonly info: DatabaseInfo | undefined }

export function deleteAccount(timestamp: Timestamp): Rule<AccountDeleteResult> {
  return (state) => {
    if (state === undefined) return { result: { kind: 'not_found', info: undefined } }
    const info = deletedAt(state.info, timestamp)
    const metadata = clearedMetadata(state.metadata, timestamp)
    // Deleted once more, it loses what has come into it since: the reaper takes nothing that is later than the deletion.
    if (!isAccountDeleted(state.info)) return { result: { kind: 'deleted', info }, info, metadata }
    return { result: { kind: 'not_found', info }, ...(holdsContainers(info) ? { info, metadata } : {}) }
  }
}

export interface ContainerReport {
  readonly name: DatabaseName
  /** For an account that is made because it is needed. */
  readonly timestamp: Timestamp
  readonly autoCreate: 'create' | 'refuse'
  /** A deleted account takes reports too (`X-Account-Override-Deleted: yes`), so that its figures stay right. */
  readonly deletedAccount: 'accept' | 'refuse'
}

/** Merges the row of a container that reports itself. */
export function mergeContainerReport(report: ContainerReport): Rule<'merged' | 'not_found'> {
  return (state) => {
    if (state === undefined) {
      if (report.autoCreate === 'refuse') return { result: 'not_found' }
      return { result: 'merged', info: newInfo(report.name, report.timestamp, 0), rows: 'merge' }
    }
    if (report.deletedAccount === 'refuse' && isAccountDeleted(state.info)) return { result: 'not_found' }
    return { result: 'merged', rows: 'merge' }
  }
}
