/** The words in which decisions are asked for and given: actions, grants, decisions. */
import type { AccountAcl } from './account-acl.ts'
import type { ContainerAcl } from './container-acl.ts'

export interface Action {
  readonly method: string
  readonly account: string
  readonly container: string | undefined
  readonly object: string | undefined
}

/** What the account and the container grant, as far as it matters for the action. */
export interface Grants {
  /** The container's read list for reads, its write list for writes of objects, `undefined` for all else. */
  readonly containerAcl: ContainerAcl | undefined
  readonly accountAcl: AccountAcl | undefined
  readonly referer: string | undefined
  /** The request proved to come from another cluster's container sync (`X-Container-Sync-Key`, with a timestamp). */
  readonly syncKeyMatches?: true | undefined
  /** Whether lists may designate a user of Keystone by names; otherwise by ids only. */
  readonly names?: 'count' | undefined
}

export type Decision =
  | {
      readonly kind: 'allow'
      /** May see and change access lists, sync keys and temporary-URL keys. */
      readonly owner: boolean
    }
  /** 401 tells an anonymous client that a token may help, 403 that its token does not. */
  | { readonly kind: 'deny'; readonly status: 401 | 403 }

export const ALLOW: Decision = { kind: 'allow', owner: false }
export const ALLOW_OWNER: Decision = { kind: 'allow', owner: true }
export const DENY_ANONYMOUS: Decision = { kind: 'deny', status: 401 }
export const DENY_KNOWN: Decision = { kind: 'deny', status: 403 }

export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
