/**
 * The first step of a pass: one digest per partition is compared with every peer, many partitions in one request, from
 * memory on both sides. Where all is equal nothing else is done, whatever the number of objects.
 */
import type { UnitAnswer } from '#object-server/replication/messages.ts'
import { isFailure, type PeerFailure } from '#object-server/replication/peer.ts'
import { EMPTY_UNIT, type UnitDigest } from '#object-server/replication/unit-digests.ts'
import type { RingDevice } from '#ring/device.ts'
import { addressOf, nameOf, type PolicyPass, peersOf } from './objects-parts.ts'

/** What one peer says of a partition. */
export interface PeerSaid {
  readonly device: RingDevice
  readonly answer: UnitAnswer | PeerFailure
}

export interface SurveyedPartition {
  readonly partition: number
  readonly said: readonly PeerSaid[]
}

export interface Survey {
  /** Partitions that the ring gives to this device. */
  readonly owned: readonly SurveyedPartition[]
  /** Others of which something lies here. */
  readonly strays: readonly number[]
  /** Objects and tombstones on this device, by partition. */
  readonly counts: ReadonlyMap<number, UnitDigest>
}

/** Peers asked at the same time. */
const PEERS_AT_ONCE = 4

/** Rejects with the errors of the index, and when the signal aborts. */
export async function survey(work: PolicyPass, owned: readonly number[]): Promise<Survey> {
  const counts = await work.policy.digests.all(work.view.ring.partPower)
  const said = new Map<number, PeerSaid[]>(owned.map((partition) => [partition, []]))
  const asked = askedPeers(work, owned).values()
  const lane = async (): Promise<void> => {
    for (const { device, partitions } of asked) {
      const answers = await ask(work, counts, device, partitions)
      partitions.forEach((partition, at) => {
        const answer = isFailure(answers) ? answers : (answers[at] as UnitAnswer)
        said.get(partition)?.push({ device, answer })
      })
    }
  }
  await Promise.all(Array.from({ length: PEERS_AT_ONCE }, lane))
  const isOwned = new Set(owned)
  return {
    owned: [...said].map(([partition, peers]) => ({ partition, said: peers })),
    strays: [...counts.keys()].filter((partition) => !isOwned.has(partition)),
    counts,
  }
}

interface AskedPeer {
  readonly device: RingDevice
  readonly partitions: number[]
}

function askedPeers({ view }: PolicyPass, owned: readonly number[]): readonly AskedPeer[] {
  const peers = new Map<string, AskedPeer>()
  for (const partition of owned) {
    for (const device of peersOf(view, partition)) {
      const name = nameOf(addressOf(device))
      const known = peers.get(name)
      if (known === undefined) peers.set(name, { device, partitions: [partition] })
      else known.partitions.push(partition)
    }
  }
  return [...peers.values()]
}

async function ask(
  { policy, view, options, silent }: PolicyPass,
  counts: ReadonlyMap<number, UnitDigest>,
  device: RingDevice,
  partitions: readonly number[],
): Promise<readonly UnitAnswer[] | PeerFailure> {
  options.signal.throwIfAborted()
  const units = partitions.map((number) => ({ number, digest: (counts.get(number) ?? EMPTY_UNIT).digest }))
  const peer = addressOf(device)
  const answers = await policy.peers.digests(peer, view.ring.partPower, units, options.signal)
  if (isFailure(answers)) silent.add(nameOf(peer))
  return answers
}

/** Primaries of a partition that can be reached and vote, this one left out. */
export function goodPeers({ said }: SurveyedPartition): number {
  return said.filter(({ answer }) => !isFailure(answer) && answer.voice === 'synced').length
}

/** Does every peer hold the same, as a primary that votes? */
export function isEqualEverywhere({ said }: SurveyedPartition): boolean {
  return said.every(({ answer }) => {
    return !isFailure(answer) && answer.equal && answer.voice === 'synced' && answer.role === 'primary'
  })
}
