/**
 * Read leases at the door of an object server: says of what is read by whose lease it is new, and of what was written who may not
 * know of it.
 */
import { parseObjectAddress } from '#backend/address.ts'
import { isRefusal } from '#backend/refusal.ts'
import { LEASE_NAMES_HEADER, LEASED_BY_HEADER, READ_LEASES_HEADER } from '#base/extensions.ts'
import { type HashPathSalt, hashName } from '#base/names.ts'
import { remembered } from '#base/remembered.ts'
import { type Layer, type Request, type Response } from '#http/message.ts'
import type { ReadLease } from './lease-grants.ts'
import type { LeaseNames } from './lease-holder.ts'
import type { PolicyLeases } from './leases.ts'
import { rangeNumber } from './range-changes.ts'

/** Paths and lists of names of which is kept what they mean. */
const REMEMBERED = 4_096
const WRITES: ReadonlySet<string> = new Set(['PUT', 'POST', 'DELETE', 'COMMIT'])

export function answerByLeases(leases: ReadonlyMap<number, PolicyLeases>, salt: HashPathSalt): Layer {
  const rangeOfPath = remembered(REMEMBERED, (path: string) => rangeIn(path, salt))
  const namesOf = remembered(REMEMBERED, namesIn)
  return (inner) => async (request) => {
    const names = request.headers[LEASE_NAMES_HEADER]
    const isWrite = WRITES.has(request.method)
    const ofPolicy = names !== undefined || isWrite ? leases.get(policyOf(request)) : undefined
    if (ofPolicy === undefined) return await inner(request)
    if (isWrite) return withLeases(await inner(request), ofPolicy, () => rangeOfPath(request.path))
    // What is claimed holds for what is read from here on.
    const range = rangeOfPath(request.path)
    const granter = range === undefined ? undefined : ofPolicy.holder.claim(range, namesOf(names ?? ''))
    const response = await inner(request)
    return granter === undefined ? response : withHeader(response, LEASED_BY_HEADER, granter)
  }
}

function withLeases(
  response: Response,
  { grants }: PolicyLeases,
  rangeOf: () => number | undefined,
): Response {
  const range = grants.isIdle ? undefined : rangeOf()
  const told = range === undefined ? [] : grants.on(range)
  return told.length === 0 ? response : withHeader(response, READ_LEASES_HEADER, textOf(told))
}

function policyOf({ headers }: Request): number {
  return Number(headers['x-backend-storage-policy-index'] ?? 0)
}

function rangeIn(path: string, salt: HashPathSalt): number | undefined {
  const address = parseObjectAddress({ path })
  return isRefusal(address) ? undefined : rangeNumber(hashName(address, salt))
}

function namesIn(text: string): LeaseNames {
  const [own = '', ...others] = text.split(' ')
  return { own, others }
}

function textOf(leases: readonly ReadLease[]): string {
  return leases.map(({ holder, leftMs }) => `${holder}=${Math.ceil(leftMs)}`).join(' ')
}

function withHeader(response: Response, name: string, value: string): Response {
  return { ...response, headers: { ...response.headers, [name]: value } }
}
