/** Headers of requests to storage servers that do not depend on the verb. */
import type { ResourceName } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { type HeaderMap, headerOf, type Response } from '#http/message.ts'
import type { OperationContext } from './operation.ts'

/** The first character of names that are the cluster's own; storage servers show them only to those who ask so. */
const RESERVED = '\0'

export interface WriteHeaders {
  readonly 'x-trans-id': string
  readonly 'x-timestamp': Timestamp
}

export function writeHeaders(context: OperationContext, timestamp: Timestamp): WriteHeaders {
  return { 'x-trans-id': context.txId, 'x-timestamp': timestamp }
}

/** Lets names in the cluster's own namespace be used and listed. */
export const SHOW_RESERVED_NAMES: HeaderMap = { 'x-backend-allow-reserved-names': 'true' }

/** Set for names in the cluster's own namespace. */
export function reservedNameHeaders(name: ResourceName): HeaderMap {
  const isReserved =
    name.account.startsWith(RESERVED) === true || name.container?.startsWith(RESERVED) === true
  return isReserved ? SHOW_RESERVED_NAMES : {}
}

/** A response's headers with one value each. */
export function singleValued(headers: Response['headers']): HeaderMap {
  for (const name in headers) {
    if (typeof headers[name] === 'object') return flattened(headers)
  }
  return headers as HeaderMap
}

function flattened(headers: Response['headers']): HeaderMap {
  const response = { status: 0, headers, body: undefined }
  return Object.fromEntries(Object.keys(headers).map((name) => [name, headerOf(response, name)]))
}
