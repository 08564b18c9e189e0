/**
 * One client request on its way through the proxy: what it is, whose it is, and its identifier. The layers of the
 * pipeline (`app.ts`) hand it inwards and responses outwards; each fact is filled in by one layer and only read by those
 * further in.
 */
import { type Principal, ROLES } from '#auth/principal.ts'
import type { SignedGrant } from '#auth/signed-grant.ts'
import type { Logger } from '#base/log.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { Request, Response } from '#http/message.ts'
import type { ContainerName, ObjectName, OperationContext, Permission } from '#store/operation.ts'

export class Transaction implements OperationContext {
  /** What the client sent, without what the gatekeeper took away. */
  request: Request
  /** The path decoded, once the request limits have passed. */
  path = ''
  /** `X-Trans-Id`. */
  readonly txId: string
  /** Monotonic time of arrival, milliseconds. */
  readonly arrivedMs: number
  /** The verified sender, once the token layer has passed; `undefined` for an anonymous one. */
  principal: Principal | undefined = undefined
  /** What a signature in the request allows, in place of everything else that the sender may or may not do. */
  grant: SignedGrant | undefined = undefined
  /** `X-Timestamp` as the client sent it, taken away by the gatekeeper: a time that only few may state. */
  statedTime: string | undefined = undefined
  /** The request is another cluster's container sync, proven by its signature: writes bear the time that it states. */
  synced: { readonly timestamp: Timestamp | undefined } | undefined = undefined
  /** Whether the sender may do something further, asked by layers of the store; set by the door. */
  permits: ((action: 'read' | 'write', name: ObjectName | ContainerName) => Promise<Permission>) | undefined =
    undefined
  readonly #parentLog: Logger
  #log: Logger | undefined

  constructor(request: Request, txId: string, arrivedMs: number, log: Logger) {
    this.request = request
    this.txId = txId
    this.arrivedMs = arrivedMs
    this.#parentLog = log
  }

  /** The sender administers all accounts. */
  get isReseller(): boolean {
    return this.principal?.groups.includes(ROLES.resellerAdmin) === true
  }

  get asker(): NonNullable<OperationContext['asker']> {
    return { user: this.principal?.user, address: this.request.remoteAddress }
  }

  get accountQuotas(): 'waived' | undefined {
    return this.isReseller ? 'waived' : undefined
  }

  /**
   * A request that this one leads to: the page of a website behind a folder, a file of a form. It belongs to the same
   * sender and has the same identifier. `path` is decoded.
   */
  derived(request: Request, path: string): Transaction {
    const other = new Transaction(request, this.txId, this.arrivedMs, this.#parentLog)
    other.path = path
    other.principal = this.principal
    other.grant = this.grant
    return other
  }

  get signal(): AbortSignal | undefined {
    return this.request.signal
  }

  /** Made when first used: most requests have nothing to say. */
  get log(): Logger {
    this.#log ??= this.#parentLog.child({ txId: this.txId })
    return this.#log
  }
}

export type ProxyHandler = (transaction: Transaction) => Promise<Response>
/** A layer of the pipeline: a handler around a handler. */
export type ProxyLayer = (inner: ProxyHandler) => ProxyHandler
