/**
 * Makes single copies good at once: every other primary is asked what it has, the best of it is fetched, and what is here
 * then is read back from the disk, every block of it, before it is called healed. A block that is bad again goes to quarantine.
 */
import { isStaleVoice } from '#backend/sync-ledger.ts'
import { type Entry, emptyEntry, entryOf, lackOf } from '#object-server/replication/entry.ts'
import { isFailure } from '#object-server/replication/peer.ts'
import type { CopyToRepair, RepairOutcome } from '#object-server/replication/repairs.ts'
import type { RingDevice } from '#ring/device.ts'
import { addressOf, type PolicyPass, peersOf, rangeOf } from './objects-parts.ts'

export async function repairCopy(work: PolicyPass, { hash }: CopyToRepair): Promise<RepairOutcome> {
  const { policy, view, options } = work
  const partition = view.ring.partitionOf(hash)
  const range = rangeOf(view, partition)
  let asked = 0
  const primaries = peersOf(view, partition)
  for (const device of primaries) {
    options.signal.throwIfAborted()
    const answer = await policy.peers.entries(
      addressOf(device),
      { partition: range, hashes: [hash] },
      options.signal,
    )
    if (isFailure(answer) || isStaleVoice(answer.voice)) continue
    const [theirs] = answer.entries
    if (theirs === undefined || (await fetchBetter(work, device, theirs))) asked += 1
  }
  const mine = await ownEntry(work, hash)
  if (mine === undefined) return 'failed'
  if (mine.lost === undefined && (mine.data !== undefined || mine.tombstone !== undefined))
    return (await isGoodOnDisk(work, hash)) ? 'healed' : 'failed'
  return asked === primaries.length ? 'nobody_has_it' : 'failed'
}

/** Nothing is read of what was deleted, or replaced meanwhile. */
async function isGoodOnDisk({ policy, options, log }: PolicyPass, hash: string): Promise<boolean> {
  const known = await policy.replica.knowledge(hash)
  if ('kind' in known) return false
  const { object } = known
  if (object === undefined) return true
  const opened = await policy.replica.open(object)
  if (opened.kind !== 'open') return opened.kind === 'gone'
  const { content } = opened
  try {
    if (content.whole !== undefined) return true
    for await (const _ of content.stream(0, object.sizeBytes)) options.signal.throwIfAborted()
    return true
  } catch (error) {
    options.signal.throwIfAborted()
    log.error({ hash, err: String(error) }, 'a copy that was made good cannot be read back')
    return false
  } finally {
    content.close()
  }
}

/** Afterwards this device holds all that the peer has; false when it does not. */
async function fetchBetter(work: PolicyPass, device: RingDevice, theirs: Entry): Promise<boolean> {
  const { policy, options, pass } = work
  const mine = await ownEntry(work, theirs.hash)
  if (mine === undefined) return false
  const lack = lackOf(mine, theirs)
  if (lack === 'nothing') return true
  const fetched = await policy.fetcher.fetch(addressOf(device), [{ entry: theirs, lack }], options.signal)
  pass.count('repaired', 'copies_repaired', fetched.objects + fetched.metadata)
  pass.moveBytes(fetched.bytes)
  return fetched.failed + fetched.full === 0
}

/** What this device has of an object; `undefined` when the disk cannot say. */
export async function ownEntry({ policy }: PolicyPass, hash: string): Promise<Entry | undefined> {
  const states = await policy.replica.states([hash])
  if ('kind' in states) return undefined
  const [stated] = states
  return stated === undefined ? emptyEntry(hash) : entryOf(hash, stated.state)
}
