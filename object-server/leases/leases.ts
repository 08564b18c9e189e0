/** The read leases of a device: of each policy what it grants to others, and what it holds itself. */
import type { Clock, Random } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Transport } from '#http/transport.ts'
import type { ObjectDevice } from '../device.ts'
import { isFailure, Peers } from '../replication/peer.ts'
import { RANGE_BITS } from '../replication/unit-digests.ts'
import { LeaseGrants } from './lease-grants.ts'
import { LeaseHolder } from './lease-holder.ts'
import { DEFAULT_TERMS, type LeaseTerms } from './lease-terms.ts'

export interface PolicyLeases {
  readonly grants: LeaseGrants
  readonly holder: LeaseHolder
}

export interface LeasesOptions {
  readonly device: ObjectDevice
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly transport: Transport
  readonly terms?: LeaseTerms | undefined
}

/** An answer that comes later is of no use any more, milliseconds. */
const CONNECT_TIMEOUT_MS = 300
const RESPONSE_TIMEOUT_MS = 1_000

/** By policy index. */
export function openLeases(options: LeasesOptions): ReadonlyMap<number, PolicyLeases> {
  const leases = new Map<number, PolicyLeases>()
  for (const [index] of options.device.engines) {
    const ofPolicy = leasesOf(options, index)
    if (ofPolicy !== undefined) leases.set(index, ofPolicy)
  }
  return leases
}

function leasesOf(
  { device, clock, random, log, transport, terms = DEFAULT_TERMS }: LeasesOptions,
  policyIndex: number,
): PolicyLeases | undefined {
  const replica = device.replica(policyIndex)
  if (replica === undefined) return undefined
  const [states, ledger] = [device.replicaStates(policyIndex), device.ledger(policyIndex)]
  const isVoter = (): boolean => states?.ofAll === 'synced' && ledger?.mayBeStale === false
  const owns = (range: number): boolean => ledger?.owns({ partPower: RANGE_BITS, partition: range }) === true
  const timeouts = { connectTimeoutMs: CONNECT_TIMEOUT_MS, responseTimeoutMs: RESPONSE_TIMEOUT_MS }
  const peers = new Peers({ transport, policyIndex, log, ...timeouts })
  const ask: ConstructorParameters<typeof LeaseHolder>[0]['ask'] = async (peer, request) => {
    const answer = await peers.lease(peer, request)
    return isFailure(answer) ? undefined : answer
  }
  return {
    grants: new LeaseGrants({ clock, random, replica, isVoter, owns, terms }),
    holder: new LeaseHolder({ clock, random, replica, isVoter, ask, terms }),
  }
}
