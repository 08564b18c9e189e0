/**
 * What a device may say of hashes that the ring does not give it, or that it was out of touch with for too long: it takes
 * writes, but its silence proves nothing, and what may have been deleted long ago is not served. What is written to it with a
 * time of before it was away it does not take: it could not be told from what was deleted meanwhile.
 */
import { parseObjectAddress } from '#backend/address.ts'
import { answer } from '#backend/answers.ts'
import { isRefusal } from '#backend/refusal.ts'
import type { SyncLedger } from '#backend/sync-ledger.ts'
import {
  INDEX_ONLY_HEADER,
  LEASE_NAMES_HEADER,
  REPLICA_STATE_HEADER,
  STATE_HEADER,
} from '#base/extensions.ts'
import { type HashPathSalt, hashName } from '#base/names.ts'
import { parseTimestamp, TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
import type { Layer, Request, Response } from '#http/message.ts'
import type { ObjectDevice } from '../device.ts'
import type { ObjectRepairs } from './repairs.ts'

export interface StandingOptions {
  readonly device: ObjectDevice
  readonly salt: HashPathSalt
  /** Told of writes in the place of a primary, which are to be handed over soon. */
  readonly repairs: ObjectRepairs
}

/** Requests about an object that is there. A POST to one that was deleted long ago would list it again. */
const OF_WHAT_IS_THERE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST'])
const WRITES: ReadonlySet<string> = new Set(['PUT', 'POST', 'DELETE'])
/** What replicas agree by; a PUT may be a part of it. */
const VOTES: ReadonlySet<string> = new Set(['PROMISE', 'ACCEPT', 'COMMIT', 'PUT'])
/** Writes of which a stale replica cannot tell later whether they came before or after it was away. */
const TAKEN_FOR_DELETED: ReadonlySet<string> = new Set(['PUT', 'DELETE'])
const BAD_REQUEST = 400
const UNAVAILABLE = 503
const NOT_FOUND = 404
const PARTITION = /^\/[^/]+\/(\d{1,10})\//

export function answerByStanding(options: StandingOptions): Layer {
  return (inner) => async (request) => {
    const policyIndex = Number(request.headers['x-backend-storage-policy-index'] ?? 0)
    const ledger = options.device.ledger(policyIndex)
    if (ledger === undefined) return await inner(request)
    if (ledger.mayBeStale && OF_WHAT_IS_THERE.has(request.method) && isWithheld(options, ledger, request)) {
      await request.body.cancel()
      return unproven({ ...answer(NOT_FOUND), ...(request.method === 'HEAD' ? { body: undefined } : {}) })
    }
    if (
      ledger.mayBeStale &&
      TAKEN_FOR_DELETED.has(request.method) &&
      comesTooLate(options, ledger, request)
    ) {
      await request.body.cancel()
      return unproven(answer(UNAVAILABLE))
    }
    const response = await inner(request)
    if (WRITES.has(request.method)) handOver(options, ledger, policyIndex, request, response)
    const proves = response.status === NOT_FOUND || VOTES.has(request.method) || vouches(request)
    if (!proves || mayVote(options, ledger, request)) return response
    return isStale(options, ledger, request) ? unproven(withoutState(response)) : unproven(response)
  }
}

/**
 * Is what is found here taken for as new as what a primary has? A sender with the ring of before asks who is none any more, and
 * what was written by the new ring need not have come here.
 */
function vouches({ headers }: Request): boolean {
  return headers[LEASE_NAMES_HEADER] !== undefined || headers[INDEX_ONLY_HEADER] !== undefined
}

function isWithheld(options: StandingOptions, ledger: SyncLedger, request: Request): boolean {
  const hash = hashOf(options, request)
  return hash !== undefined && ledger.isWithheldHash(hash)
}

/** It would be set aside with what was deleted while the device was away; another device must take it. */
function comesTooLate(options: StandingOptions, ledger: SyncLedger, request: Request): boolean {
  const hash = hashOf(options, request)
  const written = parseTimestamp(request.headers['x-timestamp'] ?? '')
  if (hash === undefined || written === undefined) return false
  return ledger.comesTooLate(hash, (ticksOf(written) * 1000) / TICKS_PER_SECOND)
}

function isStale(options: StandingOptions, ledger: SyncLedger, request: Request): boolean {
  const hash = hashOf(options, request)
  return hash !== undefined && ledger.isStaleHash(hash)
}

function mayVote(options: StandingOptions, ledger: SyncLedger, request: Request): boolean {
  if (!ledger.knowsOwned && !ledger.mayBeStale) return true
  const hash = hashOf(options, request)
  return hash === undefined || (ledger.ownsHash(hash) && !ledger.isStaleHash(hash))
}

/** By the number in the path: a sender with a ring of another part power costs at most a look too many. */
function handOver(
  { repairs }: StandingOptions,
  ledger: SyncLedger,
  policyIndex: number,
  request: Request,
  response: Response,
): void {
  if (!ledger.knowsOwned || response.status >= 500 || response.status === BAD_REQUEST) return
  const partition = Number(PARTITION.exec(request.path)?.[1] ?? Number.NaN)
  if (Number.isNaN(partition) || ledger.ownsPartition(partition)) return
  repairs.hurry(policyIndex, partition)
}

function hashOf({ salt }: Pick<StandingOptions, 'salt'>, request: Request): string | undefined {
  const address = parseObjectAddress(request)
  return isRefusal(address) ? undefined : hashName(address, salt)
}

/** What may have been deleted long ago says nothing for or against a condition. */
function withoutState(response: Response): Response {
  if (response.headers[STATE_HEADER] === undefined) return response
  return { ...response, headers: { ...response.headers, [STATE_HEADER]: 'unknown' } }
}

function unproven(response: Response): Response {
  return { ...response, headers: { ...response.headers, [REPLICA_STATE_HEADER]: 'joining' } }
}
