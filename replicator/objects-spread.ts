/**
 * Brings one object at once to where its other copies belong: every other primary is asked to fetch it, and for each that
 * cannot be reached, or has no room, a handoff. A conditional write is over when a majority has it; this is how it comes
 * to as many copies as a plain one has.
 */
import { covers, type Entry } from '#object-server/replication/entry.ts'
import { isFailure } from '#object-server/replication/peer.ts'
import type { CopyToRepair } from '#object-server/replication/repairs.ts'
import type { RingDevice } from '#ring/device.ts'
import { addressOf, nameOf, type PolicyPass, peersOf, rangeOf } from './objects-parts.ts'
import { ownEntry } from './objects-repair.ts'

/** Handoffs that are asked at most: as many as the primaries of a usual ring. */
const HANDOFFS_ASKED_MAX = 3

/** Resolves with how many copies are still missing. Never rejects, but for an aborted signal. */
export async function spreadObject(work: PolicyPass, { hash }: CopyToRepair): Promise<number> {
  const { view, pass } = work
  const entry = await ownEntry(work, hash)
  if (entry === undefined || (entry.data === undefined && entry.tombstone === undefined)) return 0
  const partition = view.ring.partitionOf(hash)
  let missing = 0
  for (const device of peersOf(view, partition)) if (!(await takes(work, device, entry))) missing += 1
  let asked = 0
  for (const device of view.ring.handoffs(partition)) {
    if (missing === 0 || asked >= HANDOFFS_ASKED_MAX) break
    if (device.id === view.self?.id) continue
    asked += 1
    if (await takes(work, device, entry)) missing -= 1
  }
  pass.count('repaired', 'objects_spread')
  return missing
}

/** Does the device hold it, or something newer, once it was asked? */
async function takes(
  { policy, view, options, silent }: PolicyPass,
  device: RingDevice,
  entry: Entry,
): Promise<boolean> {
  options.signal.throwIfAborted()
  const peer = addressOf(device)
  if (silent.has(nameOf(peer))) return false
  const request = {
    partition: rangeOf(view, view.ring.partitionOf(entry.hash)),
    from: view.ownAddress,
    entries: [entry],
  }
  const answer = await policy.peers.fetch(peer, request, options.signal)
  if (isFailure(answer)) {
    silent.add(nameOf(peer))
    return false
  }
  return answer.entries.some((theirs) => theirs.hash === entry.hash && covers(theirs, entry))
}
