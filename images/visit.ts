/** One request to the registry, taken apart: what the routes found in its path, who asks, and what was sent. */
import type { Principal } from '#auth/principal.ts'
import type { Request, Response } from '#http/message.ts'
import type { OperationContext } from '#store/operation.ts'
import type { Caller } from './caller.ts'
import type { Parameters } from './query/parameters.ts'
import type { Refusal } from './refusal.ts'
import type { Registry } from './registry.ts'
import type { AskedContext } from './signatures/certificates.ts'

/** A request on its way through the proxy, as far as the registry needs it. */
export interface ImageCall extends OperationContext {
  readonly request: Request
  /** `undefined` for someone unknown. */
  readonly principal: Principal | undefined
}

export interface ImageVisit {
  readonly registry: Registry
  readonly context: AskedContext
  readonly caller: Caller
  readonly request: Request
  /** Where the registry is for this client, without a slash at the end: `http://host:8080/image`. */
  readonly baseUrl: string
  /** The variable parts of the path, decoded, in order. */
  readonly names: readonly string[]
  readonly query: Parameters
  /** The parsed body of a route that takes JSON. */
  readonly json: unknown
}

export type ImageVerb = (visit: ImageVisit) => Promise<Response | Refusal>
