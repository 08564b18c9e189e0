/**
 * Forgets tombstones: only those older than the reclaim age, and only when every primary of the ring is synced and says
 * of each that it has it too, or something newer, or nothing that it could delete. So must those say who held the partition
 * before the last change of the ring and are in it still: one that is away may have what nobody had fetched from it. Then all
 * primaries are told at once, so that none brings it back to another; and each notes, durably before the first forgets, that
 * they are given up: what a stand-in brings later and nobody knows was deleted by none that was not noted.
 */
import type { Timestamp } from '#base/timestamp.ts'
import { type Entry, entryOf, isEmptyEntry, textOf } from '#object-server/replication/entry.ts'
import { behindAllMs } from '#object-server/replication/messages.ts'
import { isFailure } from '#object-server/replication/peer.ts'
import { statesIn } from '#object-server/replication/unit-digests.ts'
import { isPastReclaim } from './objects-equal.ts'
import {
  addressOf,
  formerHolders,
  isCurrent,
  isInRing,
  type PolicyPass,
  peersOf,
  rangeOf,
} from './objects-parts.ts'

interface OldTombstone {
  readonly hash: string
  readonly timestamp: Timestamp
  readonly entry: Entry
}

/** Tombstones that are asked about in one request. */
const PAGE_TOMBSTONES = 1_000

/** To be called for partitions that this device owns and votes on. Looks at every entry of the partition. */
export async function reclaimTombstones(work: PolicyPass, partition: number): Promise<void> {
  const range = rangeOf(work.view, partition)
  let page: OldTombstone[] = []
  for await (const { hash, state } of statesIn(work.policy.replica, range)) {
    const { tombstone, data, meta } = state
    if (tombstone === undefined || data !== undefined || meta !== undefined) continue
    if (!isPastReclaim(work, tombstone)) continue
    page.push({ hash, timestamp: tombstone, entry: entryOf(hash, state) })
    if (page.length < PAGE_TOMBSTONES) continue
    if ((await reclaimPage(work, partition, page)) === 'not_now') return
    page = []
  }
  if (page.length > 0) await reclaimPage(work, partition, page)
}

async function reclaimPage(
  work: PolicyPass,
  partition: number,
  page: readonly OldTombstone[],
): Promise<'asked' | 'not_now'> {
  const { policy, view, options, pass } = work
  const range = rangeOf(view, partition)
  options.signal.throwIfAborted()
  let agreed = page
  for (const device of peersOf(view, partition)) {
    const hashes = agreed.map(({ hash }) => hash)
    const answer = await policy.peers.entries(addressOf(device), { partition: range, hashes }, options.signal)
    if (isFailure(answer) || answer.voice !== 'synced' || answer.role !== 'primary') return 'not_now'
    const theirs = new Map(answer.entries.map((entry) => [entry.hash, entry]))
    agreed = agreed.filter((one) => isHarmless(one, theirs.get(one.hash)))
  }
  for (const device of formerHolders(view, partition)) {
    if (!isInRing(view, device)) continue
    const hashes = agreed.map(({ hash }) => hash)
    const answer = await policy.peers.entries(addressOf(device), { partition: range, hashes }, options.signal)
    if (isFailure(answer)) return 'not_now'
    const told = new Map(answer.entries.map((entry) => [entry.hash, entry]))
    agreed = agreed.filter((one) => isHarmless(one, told.get(one.hash)))
  }
  if (agreed.length === 0 || !isCurrent(work) || policy.ledger.voice(range) !== 'synced') return 'asked'
  const tombstones = agreed.map(({ hash, timestamp }) => ({ hash, timestamp }))
  await policy.ledger.givenUp.note(range, behindAllMs(tombstones.map(({ timestamp }) => timestamp)))
  for (const device of peersOf(view, partition)) {
    const told = await policy.peers.reclaim(addressOf(device), range, tombstones, options.signal)
    if (told !== 'told') return 'not_now'
  }
  for (const { hash, entry } of agreed) {
    const outcome = await policy.replica.forget(hash, textOf(entry), 'remove')
    if (outcome.kind === 'forgotten') pass.count('repaired', 'tombstones_reclaimed')
  }
  return 'asked'
}

/** Does the peer have the tombstone, something later, or nothing at all? */
function isHarmless({ timestamp }: OldTombstone, theirs: Entry | undefined): boolean {
  if (theirs === undefined) return false
  if (isEmptyEntry(theirs)) return true
  if (theirs.tombstone !== undefined && theirs.tombstone >= timestamp) return true
  return theirs.data !== undefined && theirs.data.timestamp > timestamp
}
