/**
 * What a device may say of accounts or containers that the ring does not give it, or that it was out of touch with for too
 * long: it takes writes, but its silence and its digests prove nothing, and what may have been deleted long ago is not
 * shown.
 */

import { REPLICA_STATE_HEADER } from '#base/extensions.ts'
import { decodePercent, type HashPathSalt, hashName, type ResourceName } from '#base/names.ts'
import { remembered } from '#base/remembered.ts'
import type { Layer, Response } from '#http/message.ts'
import { answer } from './answers.ts'
import type { GivenUpMs } from './given-up.ts'
import type { PartitionRange } from './range-states.ts'
import type { ReplicaRole, ReplicaVoice, SyncLedger } from './sync-ledger.ts'

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD'])

export interface StandingOptions {
  readonly kept: 'account' | 'container'
  readonly ledger: SyncLedger
  readonly salt: HashPathSalt
}

/** What the device is to a partition, for those who compare replicas. */
export function standingBy(ledger: SyncLedger): (range: PartitionRange) => {
  readonly voice: ReplicaVoice
  readonly role: ReplicaRole
  readonly givenUpMs: GivenUpMs
} {
  return (range) => ({
    voice: ledger.voice(range),
    role: ledger.role(range),
    givenUpMs: ledger.givenUp.untilMs(range),
  })
}

/** May the device tell others what it has of an account or a container, as that of the cluster? */
export function speaksBy(ledger: SyncLedger, salt: HashPathSalt): (name: ResourceName) => boolean {
  return (name) => {
    const hash = hashName(name, salt)
    return ledger.ownsHash(hash) && !ledger.isStaleHash(hash)
  }
}

export function answerByIndexStanding(options: StandingOptions): Layer {
  const { ledger } = options
  const hashIn = remembered(HASHES_MAX, (path) => hashOf(options, path))
  return (inner) => async (request) => {
    if (!ledger.knowsOwned && !ledger.mayBeStale) return inner(request)
    const hash = hashIn(request.path)
    if (hash === undefined) return inner(request)
    const isStale = ledger.isStaleHash(hash)
    if (isStale && READS.has(request.method)) {
      await request.body.cancel()
      const missing = answer(404)
      return unproven(request.method === 'HEAD' ? { ...missing, body: undefined } : missing)
    }
    const response = await inner(request)
    return isStale || !ledger.ownsHash(hash) ? unproven(response) : response
  }
}

const PLACE = /^\/[^/]+\/\d{1,10}\//

/** Paths of which the hash is remembered. */
const HASHES_MAX = 500

function hashOf({ kept, salt }: StandingOptions, path: string): string | undefined {
  const start = PLACE.exec(path)?.[0].length
  if (start === undefined) return undefined
  const [account = '', container = ''] = (decodePercent(path.slice(start)) ?? '').split('/')
  if (account === '') return undefined
  if (kept === 'account') return hashName({ account }, salt)
  return container === '' ? undefined : hashName({ account, container }, salt)
}

function unproven(response: Response): Response {
  return { ...response, headers: { ...response.headers, [REPLICA_STATE_HEADER]: 'joining' } }
}
