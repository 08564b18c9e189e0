/** What every operation of the store is told: for whom it is done, and on what. */
import type { Logger } from '#base/log.ts'
import type { ResourceName } from '#base/names.ts'

export interface OperationContext {
  /** Travels to every storage server and into every log line (`X-Trans-Id`). */
  readonly txId: string
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal | undefined
  readonly log: Logger
  /** Who asked, where that is a client: told in events. */
  readonly asker?: { readonly user: string | undefined; readonly address: string } | undefined
  /** Who asked is a reseller, whom the quotas of accounts do not hold. */
  readonly accountQuotas?: 'waived' | undefined
  /**
   * Whether who asked may also read or write something that the operation leads to (a segment, a symlink's target, the
   * source of a copy). Without it the operation is the cluster's own and may.
   */
  readonly permits?:
    | ((action: 'read' | 'write', name: ObjectName | ContainerName) => Promise<Permission>)
    | undefined
}

/** 401 tells someone unknown that a token may help, 403 someone known that theirs does not. */
export type Permission =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied'; readonly status: 401 | 403 }

export interface AccountName extends ResourceName {
  readonly account: string
  readonly container?: undefined
  readonly object?: undefined
}

export interface ContainerName extends ResourceName {
  readonly account: string
  readonly container: string
  readonly object?: undefined
}

export interface ObjectName extends ResourceName {
  readonly account: string
  readonly container: string
  readonly object: string
}
