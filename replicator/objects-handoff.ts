/**
 * Hands over what lies here and belongs elsewhere: every primary of the ring in use is asked to fetch it, and only what
 * every one of them says that it holds, durably and as a primary, is forgotten here.
 *
 *  - While a partition is handed over this device says `leaving`: two devices never count on each other while both give
 *    away.
 *  - Right before an object is forgotten it is looked at once more, under its lock: a newer write stays.
 *  - What waits for one primary learns from the others what was deleted: their tombstones may be forgotten before it is
 *    handed over, and it must not bring back what they deleted.
 *  - A change of the ring ends it.
 */
import type { GivenUpMs } from '#backend/given-up.ts'
import type { ReplicaVoice } from '#backend/sync-ledger.ts'
import { NO_STAMP, renewedStamp, touchedAt } from '#backend/sync-stamp.ts'
import {
  covers,
  type Entry,
  encodedBytesOf,
  entryOf,
  lackOf,
  textOf,
} from '#object-server/replication/entry.ts'
import type { FetchWish } from '#object-server/replication/fetcher.ts'
import { REQUEST_BYTES_MAX } from '#object-server/replication/messages.ts'
import { isFailure } from '#object-server/replication/peer.ts'
import { statesIn } from '#object-server/replication/unit-digests.ts'
import type { RingDevice } from '#ring/device.ts'
import { compare } from './objects-comparison.ts'
import { setAside, suspectUntil } from './objects-equal.ts'
import {
  addressOf,
  isCurrent,
  nameOf,
  type PolicyPass,
  peersOf,
  rangeOf,
  wasPrimaryBefore,
} from './objects-parts.ts'
import { majorityOf } from './objects-voting.ts'

export type HandedOver =
  /** Nothing of it lies here any more. */
  | 'emptied'
  /** Somebody could not be reached or had no room, or it changed meanwhile. */
  | 'waits'

/** Objects that peers are asked to fetch in one request, and about how many bytes. */
const PAGE_OBJECTS = 256
const PAGE_BYTES = 32 * 1024 * 1024
/** About how long such a request becomes, bytes. */
const PAGE_ENCODED_BYTES = REQUEST_BYTES_MAX / 4

export async function handOver(work: PolicyPass, partition: number): Promise<HandedOver> {
  const { policy, view } = work
  const range = rangeOf(view, partition)
  if (peersOf(view, partition).length === 0) return 'waits'
  if (!(await mayGiveAway(work, partition))) return 'waits'
  const stay = policy.ledger.leave(range)
  try {
    let left = 0
    const taken: Taken[] = []
    for await (const page of pages(work, partition)) {
      const outcome = await handOverPage(work, partition, page)
      left += outcome.left
      taken.push(outcome.taken)
    }
    if (!isCurrent(work)) return 'waits'
    if (left > 0) {
      await renew(work, partition, taken)
      return 'waits'
    }
    await policy.ledger.emptied(range)
    return 'emptied'
  } finally {
    stay()
  }
}

/** What a majority of the primaries, as ones that vote, made of a page. */
type Taken = 'held' | 'heard' | 'not_heard'

/** A copy that waits for one primary is in touch with the others: it misses no delete, however long it waits. */
async function renew(
  { policy, view, startedMs, settleMs }: PolicyPass,
  partition: number,
  taken: readonly Taken[],
): Promise<void> {
  if (taken.includes('not_heard')) return
  const range = rangeOf(view, partition)
  const they = taken.every((one) => one === 'held') ? 'held' : 'heard'
  const stamp = renewedStamp(policy.ledger.stamp(range), startedMs - settleMs, they)
  if (stamp !== undefined) await policy.ledger.write([{ range, stamp }])
}

/**
 * After a long time out of touch nothing is given away before it was compared with a majority of synced primaries: what
 * none of them has, and is no later than deletions that one of them has given up, may have been deleted.
 */
async function mayGiveAway(work: PolicyPass, partition: number): Promise<boolean> {
  const { policy, view, clock } = work
  const range = rangeOf(view, partition)
  const stamp = policy.ledger.stamp(range)
  const isKnown = Math.max(stamp.touchedMs, stamp.majorityMs, stamp.noticedMs) > 0
  if (!isKnown && !policy.ledger.isStale(range)) {
    await policy.ledger.write([{ range, stamp: { ...NO_STAMP, noticedMs: clock.wallMs() } }])
    return true
  }
  if (!policy.ledger.isStale(range) && !policy.ledger.isOutOfTouch(range)) return true
  if (!stamp.stale) await policy.ledger.write([{ range, stamp: { ...stamp, stale: true } }])
  const primaries = peersOf(view, partition)
  const heard: Heard[] = []
  for (const device of primaries) {
    const found = await hear(work, partition, device)
    if (found !== undefined) heard.push(found)
  }
  const synced = heard.filter(({ voice }) => voice === 'synced')
  if (synced.length < majorityOf(primaries.length)) {
    const isEverybody = heard.length === primaries.length && synced.length > 0
    if (isEverybody) await setAsideAsFormer(work, partition, heard)
    return false
  }
  const unknown = synced.map((one) => one.unknown)
  if ((await setAside(work, unknown, suspectUntil(work, synced))) === 'disk_failed') return false
  // In touch again, but no holder: it says nothing about what others may have written.
  await policy.ledger.write([{ range, stamp: touchedAt(stamp, clock.wallMs()) }])
  return true
}

/**
 * Primaries that are no majority of synced ones wait for who held the partition before them, as long as it has what may
 * have been deleted. What every primary held when this one was a primary, and a synced one and all others know nothing of,
 * was deleted. It stays stale and gives nothing away.
 */
async function setAsideAsFormer(work: PolicyPass, partition: number, heard: readonly Heard[]): Promise<void> {
  const { policy, view } = work
  const range = rangeOf(view, partition)
  if (policy.ledger.stamp(range).allMs === 0 || !wasPrimaryBefore(view, partition)) return
  if (!isCurrent(work)) return
  const unknown = heard.map((one) => one.unknown)
  await setAside(work, unknown, policy.ledger.lastEqualMs(range, 'everybody'))
}

/** What a primary says of itself, and what is here of which it knows nothing. */
interface Heard {
  readonly voice: ReplicaVoice
  readonly givenUpMs: GivenUpMs | undefined
  readonly unknown: ReadonlyMap<string, Entry>
}

/** `undefined` when it cannot say, or is no primary by its own ring. What it has given up it says after it was compared. */
async function hear(work: PolicyPass, partition: number, device: RingDevice): Promise<Heard | undefined> {
  const { policy, view, options } = work
  const range = rangeOf(view, partition)
  const peer = addressOf(device)
  const unknown = new Map<string, Entry>()
  const compared = await compare(work, peer, range, async ({ mine, theirs }) => {
    for (const [hash, entry] of mine) if (!theirs.has(hash)) unknown.set(hash, entry)
  })
  if (compared !== 'compared') return undefined
  const standing = await policy.peers.entries(peer, { partition: range, hashes: [] }, options.signal)
  if (isFailure(standing) || standing.role !== 'primary') return undefined
  return { voice: standing.voice, givenUpMs: standing.givenUpMs, unknown }
}

async function* pages(work: PolicyPass, partition: number): AsyncGenerator<readonly Entry[]> {
  let page: Entry[] = []
  let sizeBytes = 0
  let encodedBytes = 0
  for await (const { hash, state } of statesIn(work.policy.replica, rangeOf(work.view, partition))) {
    const entry = entryOf(hash, state)
    page.push(entry)
    sizeBytes += entry.data?.sizeBytes ?? 0
    encodedBytes += encodedBytesOf(entry)
    const isFull = page.length >= PAGE_OBJECTS || sizeBytes >= PAGE_BYTES
    if (!isFull && encodedBytes < PAGE_ENCODED_BYTES) continue
    yield page
    page = []
    sizeBytes = 0
    encodedBytes = 0
  }
  if (page.length > 0) yield page
}

interface PageOutcome {
  /** Objects that are still here. */
  readonly left: number
  readonly taken: Taken
}

async function handOverPage(
  work: PolicyPass,
  partition: number,
  page: readonly Entry[],
): Promise<PageOutcome> {
  const { pass, options, gait, view } = work
  options.signal.throwIfAborted()
  await gait?.before({ files: page.length }, options)
  const primaries = peersOf(view, partition)
  const answers = await Promise.all(primaries.map((device) => askToFetch(work, partition, device, page)))
  const left: Entry[] = []
  for (const entry of page) {
    if ((await forgetHeld(work, answers, entry)) === 'stays') left.push(entry)
    else pass.count('repaired', 'objects_handed_over')
  }
  const learnt = await learnDeletions(work, left, answers)
  return { left: left.length, taken: learnt === 'all' ? takenBy(answers, page) : 'not_heard' }
}

async function forgetHeld(
  work: PolicyPass,
  answers: readonly PrimaryAnswer[],
  entry: Entry,
): Promise<'forgotten' | 'stays'> {
  if (!answers.every((answer) => isHeldBy(answer, entry)) || !isCurrent(work)) return 'stays'
  const { kind } = await work.policy.replica.forget(entry.hash, textOf(entry), 'remove')
  return kind === 'forgotten' ? 'forgotten' : 'stays'
}

/** Takes over the tombstones of what stays here, from each primary that told of one. */
async function learnDeletions(
  { policy, options, pass }: PolicyPass,
  left: readonly Entry[],
  answers: readonly PrimaryAnswer[],
): Promise<'all' | 'not_all'> {
  let learnt: 'all' | 'not_all' = 'all'
  for (const { device, held } of answers) {
    const wishes = left.flatMap((mine): FetchWish[] => {
      const entry = held.get(mine.hash)
      const isDeleted = entry?.tombstone !== undefined && lackOf(mine, entry) !== 'nothing'
      return isDeleted ? [{ entry, lack: 'small' }] : []
    })
    if (wishes.length === 0) continue
    const fetched = await policy.fetcher.fetch(addressOf(device), wishes, options.signal)
    pass.count('repaired', 'metadata_fetched', fetched.metadata)
    if (fetched.failed > 0) learnt = 'not_all'
  }
  return learnt
}

/** Does the primary say that it holds the object, or something newer? */
function isHeldBy({ held }: PrimaryAnswer, entry: Entry): boolean {
  const theirs = held.get(entry.hash)
  return theirs !== undefined && covers(theirs, entry)
}

function takenBy(answers: readonly PrimaryAnswer[], page: readonly Entry[]): Taken {
  const voters = answers.filter(({ voice }) => voice === 'synced')
  const majority = majorityOf(answers.length)
  if (voters.length < majority) return 'not_heard'
  const holders = voters.filter((answer) => page.every((entry) => isHeldBy(answer, entry)))
  return holders.length >= majority ? 'held' : 'heard'
}

interface PrimaryAnswer {
  readonly device: RingDevice
  /** `undefined`: it could not be asked, or is no primary by its own ring. */
  readonly voice: ReplicaVoice | undefined
  /** What it holds of what it was asked to fetch. */
  readonly held: ReadonlyMap<string, Entry>
}

function noAnswer(device: RingDevice): PrimaryAnswer {
  return { device, voice: undefined, held: new Map() }
}

async function askToFetch(
  { policy, view, options, pass, silent }: PolicyPass,
  partition: number,
  device: RingDevice,
  page: readonly Entry[],
): Promise<PrimaryAnswer> {
  const peer = addressOf(device)
  if (silent.has(nameOf(peer))) return noAnswer(device)
  const request = { partition: rangeOf(view, partition), from: view.ownAddress, entries: page }
  const answer = await policy.peers.fetch(peer, request, options.signal)
  if (isFailure(answer)) {
    silent.add(nameOf(peer))
    pass.count('waiting', 'peers_not_reached')
    return noAnswer(device)
  }
  const { role, voice, entries } = answer
  // By its ring it holds them in the place of others, or it is giving them away itself.
  if (role !== 'primary') return noAnswer(device)
  return { device, voice, held: new Map(entries.map((entry) => [entry.hash, entry])) }
}
