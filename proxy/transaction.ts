/**
 * One client request on its way through the proxy: what it is, whose it is, and its identifier. The layers of the
 * pipeline (`app.ts`) hand it inwards and responses outwards; each fact is filled in by one layer and only read by those
 * further in.
 */
import { type Principal, ROLES } from '#auth/principal.ts'
import type { Logger } from '#base/log.ts'
import type { HeaderMap, Request, RequestBody, Response } from '#http/message.ts'
import type { ContainerName, ObjectName, OperationContext, Permission } from '#store/contract.ts'

/** A request that serves another one. */
export interface InnerRequest {
  readonly method: string
  /** Percent-encoded, and decoded. */
  readonly path: string
  readonly decodedPath: string
  readonly headers: HeaderMap
  readonly body: RequestBody
}

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

  /** A request of the same sender in the service of this one: it has its identifier and ends with it. */
  within({ method, path, decodedPath, headers, body }: InnerRequest): Transaction {
    const request: Request = { ...this.request, method, path, query: '', headers, body }
    const inner = new Transaction(request, this.txId, this.arrivedMs, this.#parentLog)
    inner.path = decodedPath
    inner.principal = this.principal
    return inner
  }

  get accountQuotas(): 'waived' | undefined {
    return this.principal?.groups.includes(ROLES.resellerAdmin) === true ? 'waived' : undefined
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
