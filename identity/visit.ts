/** One request to the identity service: who asks, for what, and what the service has to answer it with. */

import type { KeyRing } from '#auth/key-ring.ts'
import type { Random } from '#base/environment.ts'
import type { Request, Response } from '#http/message.ts'
import type { OperationContext } from '#store/operation.ts'
import type { Credentials } from './credentials.ts'
import type { Further } from './further-catalogue.ts'
import type { Identified } from './identified.ts'
import type { Claims, IdentityTokens } from './identity-tokens.ts'
import type { Limits } from './limits.ts'
import type { Members } from './model/written.ts'
import type { OneRecord } from './one-record.ts'
import type { Removals } from './removals.ts'
import type { SignInParts } from './sign-in.ts'

export interface ServiceParts extends SignInParts {
  readonly random: Random
  readonly keys: KeyRing
  readonly tokens: IdentityTokens
  readonly credentials: Credentials
  readonly removals: Removals
  readonly furtherCatalogue: OneRecord<Further>
  readonly limits: OneRecord<Limits>
  readonly opener: TokenOpener
  /** Named in the catalogue. */
  readonly region: string
  /** `AUTH_` */
  readonly resellerPrefix: string
  /** Scheme of addresses given out; `default` is that of the request. */
  readonly urlScheme: 'default' | 'http' | 'https'
}

/** Whose a token is, of whatever sort it is. */
export interface TokenOpener {
  open(context: OperationContext, token: string, expired: 'refused' | 'accepted'): Promise<OpenedCaller>
}

export interface Caller {
  readonly kind: 'valid'
  readonly token: string
  readonly claims: Claims
  readonly identified: Identified
}

export type OpenedCaller = Caller | { readonly kind: 'refused' } | { readonly kind: 'unavailable' }

export interface Visit {
  readonly parts: ServiceParts
  readonly context: OperationContext
  readonly request: Request
  /** Who asks; `undefined` where nobody needs to be known. */
  readonly caller: Caller | undefined
  /** Named segments of the path, decoded. */
  readonly named: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The JSON object that was sent; none is an empty one. */
  readonly body: Members
  /** `http://host:port/identity/v3` */
  readonly url: string
  /** Where the request went to, with its query: what a list says of itself. */
  readonly self: string
  /** `http://host:port` */
  readonly hostUrl: string
}

/** Who asks, where the route says that somebody must. */
export function callerOf({ caller }: Visit): Caller {
  if (caller === undefined) throw new Error('the route lets in those whom nobody knows')
  return caller
}

export type VisitHandler = (visit: Visit) => Promise<Response>
