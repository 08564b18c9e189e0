/**
 * Holds requests back that come faster than their account or container may have them, and refuses those that would have to
 * wait too long (OpenStack Swift, `common/middleware/ratelimit.py`): 498, or 497 for an account that is shut out.
 *
 * Limited are: making and deleting containers, by account; writes to a container's objects and its listings, by its size;
 * all writes to an account that has a limit of its own.
 */
import type { Clock } from '#base/environment.ts'
import type { Response } from '#http/message.ts'
import type { Store } from '#store/contract.ts'
import type { Desks } from '#store/desk/peer-desks.ts'
import { HTML_TYPE, textAnswer } from '../answers.ts'
import { ACCOUNT_RATE_SYSMETA } from '../ratelimit/account-rate.ts'
import { askForTurn } from '../ratelimit/rate-desk.ts'
import { type RateStep, rateFor } from '../ratelimit/rates.ts'
import { parseSwiftPath, type SwiftPath } from '../swift/swift-path.ts'
import type { ProxyLayer, Transaction } from '../transaction.ts'

export interface RateLimits {
  /** Containers made and deleted in an account, per second; 0 for any number. */
  readonly accountRate: number
  /** Writes to the objects of a container, by its size. */
  readonly containerRates: readonly RateStep[]
  /** Listings of a container, by its size. */
  readonly listingRates: readonly RateStep[]
  /** A request that would have to wait longer is refused, milliseconds. */
  readonly maxSleepMs: number
  /** Longer waits are logged, milliseconds; 0 for none. */
  readonly logSleepMs: number
  /** Time that a quiet account or container saves up, milliseconds. */
  readonly bufferMs: number
}

export interface RateLimitOptions {
  readonly clock: Clock
  readonly store: Store
  readonly desks: Desks
  readonly limits: RateLimits
}

/** A client that is shut out waits for its answer. */
const SHUT_OUT_MS = 1000

interface Limit {
  readonly key: string
  readonly perSecond: number
}

type Name = Extract<SwiftPath, { readonly name: unknown }>['name']

export function ratelimit(options: RateLimitOptions): ProxyLayer {
  return (inner) => async (transaction) => {
    const path = parseSwiftPath(transaction.path)
    if (path.kind === 'refused') return inner(transaction)
    return (await refusalOf(options, transaction, path.name)) ?? inner(transaction)
  }
}

async function refusalOf(
  options: RateLimitOptions,
  transaction: Transaction,
  name: Name,
): Promise<Response | undefined> {
  // Whoever set the limit must be able to lift it.
  if (name.container === undefined && transaction.isReseller) return undefined
  const info = await options.store.accounts.info(transaction, { account: name.account })
  const own = info?.metadata[ACCOUNT_RATE_SYSMETA]
  if (own === 'WHITELIST') return undefined
  if (own === 'BLACKLIST') return await shutOut(options, transaction, name.account)
  for (const limit of await limitsOf(options, transaction, name, own)) {
    const refused = await waitFor(options, transaction, limit)
    if (refused !== undefined) return refused
  }
  return undefined
}

async function shutOut(
  { clock }: RateLimitOptions,
  transaction: Transaction,
  account: string,
): Promise<Response> {
  transaction.log.error({ account }, 'the account is shut out')
  await clock.sleep(SHUT_OUT_MS, transaction.signal)
  return textAnswer(497, 'Your account has been blacklisted', HTML_TYPE)
}

async function limitsOf(
  options: RateLimitOptions,
  transaction: Transaction,
  { account, container, object }: Name,
  own: string | undefined,
): Promise<readonly Limit[]> {
  const { method } = transaction.request
  const { accountRate, containerRates, listingRates } = options.limits
  const limits: Limit[] = []
  if (container !== undefined && object === undefined) {
    if (accountRate > 0 && (method === 'PUT' || method === 'DELETE')) {
      limits.push({ key: account, perSecond: accountRate })
    }
    const listings = method === 'GET' ? listingRates : []
    limits.push(...(await bySize(options, transaction, { account, container }, listings, 'listing')))
  } else if (container !== undefined && isWrite(method)) {
    limits.push(...(await bySize(options, transaction, { account, container }, containerRates, 'writes')))
  }
  const ownRate = Number(own ?? 0)
  if (isWrite(method) && ownRate > 0) limits.push({ key: `global-write/${account}`, perSecond: ownRate })
  return limits
}

async function bySize(
  { store }: RateLimitOptions,
  transaction: Transaction,
  { account, container }: { readonly account: string; readonly container: string },
  steps: readonly RateStep[],
  what: 'listing' | 'writes',
): Promise<readonly Limit[]> {
  if (steps.length === 0) return []
  const info = await store.containers.info(transaction, { account, container })
  const perSecond = rateFor(steps, info?.objectCount ?? 0)
  if (perSecond === undefined || perSecond <= 0) return []
  return [{ key: `${what}/${account}/${container}`, perSecond }]
}

function isWrite(method: string): boolean {
  return method === 'PUT' || method === 'DELETE' || method === 'POST' || method === 'COPY'
}

async function waitFor(
  { clock, desks, limits }: RateLimitOptions,
  transaction: Transaction,
  { key, perSecond }: Limit,
): Promise<Response | undefined> {
  const { maxSleepMs: maxWaitMs, bufferMs, logSleepMs } = limits
  const turn = await askForTurn(desks, { key, perSecond, maxWaitMs, bufferMs })
  if (turn.kind === 'refused') {
    transaction.log.error({ key, waitMs: turn.ms }, 'a request would have to wait too long')
    return textAnswer(498, 'Slow down', HTML_TYPE)
  }
  if (logSleepMs > 0 && turn.ms > logSleepMs) {
    transaction.log.warn({ key, waitMs: turn.ms }, 'a request waits for its turn')
  }
  if (turn.ms > 0) await clock.sleep(turn.ms, transaction.signal)
  return undefined
}
