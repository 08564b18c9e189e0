/** Asks the primaries of an object what they have of it: for a row whose object went on to others. */
import type { PartitionRange } from '#backend/range-states.ts'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Transport } from '#http/transport.ts'
import type { Entry } from './replication/entry.ts'
import type { PeerAddress } from './replication/messages.ts'
import { isFailure, Peers } from './replication/peer.ts'

/** Where the objects of a hash belong, by the object ring of this moment; `undefined` for a policy without one. */
export type ObjectPlacement = (
  policyIndex: number,
  hash: string,
) => { readonly range: PartitionRange; readonly primaries: readonly PeerAddress[] } | undefined

/** What those primaries have that may vote, one entry each; `too_few`: they are no majority. */
export type Witnesses = (policyIndex: number, hash: string) => Promise<readonly Entry[] | 'too_few'>

export interface WitnessesOptions {
  readonly clock: Clock
  readonly transport: Transport
  readonly log: Logger
  readonly placement: ObjectPlacement
}

/** Who did not answer is not asked again for so long: there may be many rows, milliseconds. */
const SILENT_MS = 30_000

/** Witnesses that are asked over the network. Never rejects. */
export function primariesAsWitnesses({ clock, transport, log, placement }: WitnessesOptions): Witnesses {
  const silentUntilMs = new Map<string, number>()
  return async (policyIndex, hash) => {
    const place = placement(policyIndex, hash)
    if (place === undefined) return 'too_few'
    const peers = new Peers({ transport, log, policyIndex })
    const request = { partition: place.range, hashes: [hash] }
    const entries: Entry[] = []
    for (const primary of place.primaries) {
      const at = `${primary.host}:${primary.port}/${primary.device}`
      if ((silentUntilMs.get(at) ?? 0) > clock.monotonicMs()) continue
      const answer = await peers.entries(primary, request)
      if (isFailure(answer)) silentUntilMs.set(at, clock.monotonicMs() + SILENT_MS)
      if (isFailure(answer) || answer.voice !== 'synced' || answer.role !== 'primary') continue
      entries.push(...answer.entries)
    }
    return entries.length > place.primaries.length / 2 ? entries : 'too_few'
  }
}
