/**
 * Makes one partition that the ring gives to this device hold everything that its other holders have, and says whether
 * it may vote from then on. Every replica fetches for itself, so that what it says it has it has.
 */
import { type GivenUpMs, oldEnoughMs, suspectUntilMs } from '#backend/given-up.ts'
import { hasHeldVoice, isStaleVoice, type ReplicaVoice } from '#backend/sync-ledger.ts'
import { NO_STAMP, type SyncStamp } from '#backend/sync-stamp.ts'
import {
  millisecondsOf,
  TICKS_PER_SECOND,
  type Timestamp,
  ticksOf,
  timestampFromTicks,
} from '#base/timestamp.ts'
import {
  covers,
  type Entry,
  emptyEntry,
  entryUntil,
  isEmptyEntry,
  lackOf,
  latestOf,
  textOf,
  writtenAtOf,
} from '#object-server/replication/entry.ts'
import type { Fetched, FetchWish } from '#object-server/replication/fetcher.ts'
import { behindAllMs } from '#object-server/replication/messages.ts'
import { isFailure } from '#object-server/replication/peer.ts'
import type { RingDevice } from '#ring/device.ts'
import { compare, type Difference } from './objects-comparison.ts'
import { sift, type Trust } from './objects-doubt.ts'
import { addressOf, formerHolders, isCurrent, isInRing, type PolicyPass, rangeOf } from './objects-parts.ts'
import type { SurveyedPartition } from './objects-survey.ts'
import { type HolderReached, isWitness, judge, majorityOf, takesFromStale } from './objects-voting.ts'

/** What came of one partition. */
export type MadeEqual =
  /** It holds what a majority holds; `stamp` is to be written. */
  | { readonly kind: 'in_touch'; readonly stamp: SyncStamp }
  /** Too few could be reached, or something could not be fetched. */
  | { readonly kind: 'waits' }

/** Objects fetched between two rests for clients. */
const WISHES_PER_STEP = 256
const TICKS_PER_MS = TICKS_PER_SECOND / 1000

interface Holder extends HolderReached {
  readonly device: RingDevice
  /** It has all that was here when the pass began. */
  readonly knowsOurs: boolean
}

/** Hashes that a peer does not have, and what this replica has of them. */
interface Leftovers {
  readonly voice: ReplicaVoice
  readonly unknown: Map<string, Entry>
}

export async function makeEqual(work: PolicyPass, surveyed: SurveyedPartition): Promise<MadeEqual> {
  const { policy, view, pass } = work
  const range = rangeOf(view, surveyed.partition)
  const own = policy.ledger.voice(range)
  const replicas = view.ring.primaries(surveyed.partition).length
  const others = await findHolders(work, surveyed, own === 'synced' ? 'primaries' : 'former_too')
  const fromStale = fromStaleOf(own, others)
  const leftovers: Leftovers[] = []
  const unequal = new Set<number>()
  const reached: Holder[] = []
  for (const holder of staleLast(others))
    reached.push(await learnFrom(work, surveyed.partition, holder, { fromStale, leftovers, unequal }))
  pass.count('found', 'partitions_unequal', unequal.size)
  const verdict = judge(own, reached, replicas)
  // What was compared was compared as a primary of the ring that the pass began with.
  if (verdict.kind === 'not_yet' || !isCurrent(work)) return { kind: 'waits' }
  const heard = own === 'synced' ? [] : await givenUpBy(work, surveyed.partition, reached)
  if (heard === undefined) return { kind: 'waits' }
  if (verdict.setAside !== 'nothing') {
    const how = verdict.setAside
    const suspectMs = suspectUntil(
      work,
      heard.filter(({ voice }) => isWitness(voice, how)),
    )
    const equalMs = how === 'before_everybody' ? policy.ledger.lastEqualMs(range, 'everybody') : 0
    const unknown = leftovers.filter(({ voice }) => isWitness(voice, how)).map((one) => one.unknown)
    if ((await setAside(work, unknown, Math.max(suspectMs, equalMs))) === 'disk_failed')
      return { kind: 'waits' }
  }
  if (own !== 'synced') await takeOverGivenUp(work, surveyed.partition, own, heard)
  if (policy.ledger.states.of(range) === 'joining') {
    if ((await policy.ledger.states.join(range, work.joinings)) === 'not_now') return { kind: 'waits' }
    pass.count('repaired', 'partitions_joined')
  }
  return { kind: 'in_touch', stamp: stampOf(work, reached, policy.ledger.stamp(range), replicas) }
}

/** Whose word it is until when deletions were given up; `undefined` where it does not say. */
interface GivenUpBy {
  readonly voice: ReplicaVoice
  readonly givenUpMs: GivenUpMs | undefined
}

/** Asked after they were compared: what is forgotten meanwhile is noted before. `undefined` when somebody does not answer. */
async function givenUpBy(
  { policy, view, options }: PolicyPass,
  partition: number,
  reached: readonly Holder[],
): Promise<readonly GivenUpBy[] | undefined> {
  const range = rangeOf(view, partition)
  const told: GivenUpBy[] = []
  for (const { device, extent, voice } of reached) {
    if (extent !== 'everything') continue
    const request = { partition: range, hashes: [] }
    const answer = await policy.peers.entries(addressOf(device), request, options.signal)
    if (isFailure(answer)) return undefined
    told.push({ voice, givenUpMs: answer.givenUpMs })
  }
  return told
}

/** What nobody of these knows and is not later may have been deleted, milliseconds. */
export function suspectUntil(
  { clock, reclaimAgeSeconds }: PolicyPass,
  heard: readonly Pick<GivenUpBy, 'givenUpMs'>[],
): number {
  const theirs = heard.map(({ givenUpMs }) => givenUpMs)
  return suspectUntilMs(theirs, oldEnoughMs(clock.wallMs(), reclaimAgeSeconds * 1000))
}

/** Who learns everything from others forgot, with them, what they forgot. */
async function takeOverGivenUp(
  work: PolicyPass,
  partition: number,
  own: ReplicaVoice,
  heard: readonly GivenUpBy[],
): Promise<void> {
  const { givenUp } = work.policy.ledger
  const range = rangeOf(work.view, partition)
  const ownMs = hasHeldVoice(own) || heard.length === 0 ? givenUp.untilMs(range) : 0
  await givenUp.takeOver(range, Math.max(ownMs, suspectUntil(work, heard)))
}

/** Having heard others is one thing; that they hold what is here, so that they could only have deleted it, another. */
function stampOf(
  { startedMs, settleMs }: PolicyPass,
  reached: readonly Holder[],
  before: SyncStamp,
  replicas: number,
): SyncStamp {
  const untilMs = startedMs - settleMs
  const equal = reached.filter(({ extent, knowsOurs }) => extent === 'everything' && knowsOurs)
  const primaries = equal.filter(({ place }) => place === 'primary').length
  return {
    ...NO_STAMP,
    touchedMs: untilMs,
    majorityMs: 1 + primaries >= majorityOf(replicas) ? untilMs : before.majorityMs,
    allMs: equal.length === reached.length ? untilMs : before.allMs,
  }
}

/** The other primaries as the survey found them, and those that the ring before had. */
async function findHolders(
  work: PolicyPass,
  { partition, said }: SurveyedPartition,
  scope: 'primaries' | 'former_too',
): Promise<readonly (Holder & { readonly equal: boolean; readonly failed: boolean })[]> {
  const primaries = said.map(({ device, answer }) => ({
    device,
    voice: isFailure(answer) ? ('joining' as const) : answer.voice,
    equal: !isFailure(answer) && answer.equal,
    failed: isFailure(answer),
    extent: 'not_everything' as const,
    standing: 'in_ring' as const,
    place: 'primary' as const,
    knowsOurs: false,
  }))
  if (scope === 'primaries') return primaries
  const former = formerHolders(work.view, partition).map(async (device) => {
    const range = rangeOf(work.view, partition)
    const { policy, options } = work
    // Whether it may vote is not said of what the ring gives to others: it was a holder, and it kept what it had.
    const asked = await policy.peers.entries(
      addressOf(device),
      { partition: range, hashes: [] },
      options.signal,
    )
    return {
      device,
      voice: isFailure(asked) ? ('joining' as const) : asked.voice,
      equal: false,
      failed: isFailure(asked),
      extent: 'not_everything' as const,
      standing: isInRing(work.view, device) ? ('in_ring' as const) : ('removed' as const),
      place: 'former' as const,
      isUnaware: !isFailure(asked) && asked.role === 'primary',
      knowsOurs: false,
    }
  })
  return [...primaries, ...(await Promise.all(former))]
}

/** A replica that votes waits until they have learnt themselves; the others may have nobody else to wait for. */
function fromStaleOf(own: ReplicaVoice, others: readonly Holder[]): Trust {
  if (takesFromStale(own, others)) return { kind: 'everything' }
  if (own === 'synced') return { kind: 'nothing' }
  const synced = others.filter(({ voice, place }) => voice === 'synced' && place === 'primary')
  return { kind: 'undoubted', synced: synced.map(({ device }) => device) }
}

/** What the others have is here already when a stale one is looked at, so less is in doubt. */
function staleLast<Some extends Holder>(others: readonly Some[]): readonly Some[] {
  const rank = ({ voice }: Some): number => (isStaleVoice(voice) ? 1 : 0)
  return others.toSorted((one, other) => rank(one) - rank(other))
}

interface Learning {
  readonly fromStale: Trust
  readonly leftovers: Leftovers[]
  readonly unequal: Set<number>
}

/** Fetches what a holder has and this replica lacks. */
async function learnFrom(
  work: PolicyPass,
  partition: number,
  holder: Holder & { readonly equal: boolean; readonly failed: boolean },
  how: Learning,
): Promise<Holder> {
  const { device, voice, standing, place, isUnaware = false } = holder
  const reached = (extent: Holder['extent'], knowsOurs: boolean): Holder => {
    return { device, voice, standing, place, isUnaware, extent, knowsOurs }
  }
  if (holder.failed) return reached('not_everything', false)
  const trust: Trust = isStaleVoice(voice) ? how.fromStale : { kind: 'everything' }
  if (trust.kind === 'nothing') return reached('not_everything', false)
  const unknown = new Map<string, Entry>()
  how.leftovers.push({ voice, unknown })
  if (holder.equal) return reached('everything', true)
  const missing: Missing = { found: 0, left: 0 }
  let lacking = 0
  const compared = await compare(
    work,
    addressOf(device),
    rangeOf(work.view, partition),
    async (difference) => {
      for (const [hash, entry] of difference.mine) if (!difference.theirs.has(hash)) unknown.set(hash, entry)
      lacking += lackingThere(work, difference)
      await fetchFrom(work, device, difference, { missing, trust })
    },
  )
  if (missing.found > 0) how.unequal.add(partition)
  if (compared !== 'compared') return reached('not_everything', false)
  return reached(missing.left === 0 ? 'everything' : 'not_everything', lacking === 0)
}

/** Of what was here when the pass began, as much as the peer does not have; tombstones that it has forgotten left out. */
function lackingThere(work: PolicyPass, { mine, theirs }: Difference): number {
  const until = timestampFromTicks(Math.floor(Math.max(0, work.startedMs - work.settleMs) * TICKS_PER_MS))
  let lacking = 0
  for (const [hash, whole] of mine) {
    const entry = entryUntil(whole, until)
    if (isEmptyEntry(entry)) continue
    const their = theirs.get(hash) ?? emptyEntry(hash)
    const isForgotten = isEmptyEntry(their) && isOldTombstone(entry, (at) => isPastReclaim(work, at))
    if (!isForgotten && !covers(their, entry)) lacking += 1
  }
  return lacking
}

/** What a peer has and this replica lacks. */
interface Missing {
  found: number
  left: number
}

async function fetchFrom(
  work: PolicyPass,
  device: RingDevice,
  difference: Difference,
  { missing, trust }: { readonly missing: Missing; readonly trust: Trust },
): Promise<void> {
  const { policy, pass, options, gait } = work
  const isJoining = policy.ledger.voice(difference.partition) !== 'synced'
  await policy.ledger.givenUp.note(difference.partition, declinedMs(work, difference))
  const lacking = wishesOf(difference, (tombstone) => isPastReclaim(work, tombstone)).filter(
    (wish) => isJoining || !isUnderWay(work, wish),
  )
  const { wishes, inDoubt } = await sift(work, difference.partition, lacking, trust)
  missing.left += inDoubt
  if (inDoubt > 0) pass.count('waiting', 'objects_in_doubt', inDoubt)
  if (wishes.length === 0) return
  missing.found += wishes.length
  pass.count('found', 'objects_missing', wishes.length)
  for (let at = 0; at < wishes.length; at += WISHES_PER_STEP) {
    const some = wishes.slice(at, at + WISHES_PER_STEP)
    await gait?.before({ files: some.length }, options)
    countFetched(pass, missing, await policy.fetcher.fetch(addressOf(device), some, options.signal))
  }
}

function countFetched(pass: PolicyPass['pass'], missing: Missing, fetched: Fetched): void {
  pass.count('repaired', 'objects_fetched', fetched.objects)
  pass.count('repaired', 'metadata_fetched', fetched.metadata)
  pass.count('repaired', 'bytes_fetched', fetched.bytes)
  pass.count('waiting', 'objects_not_fetched', fetched.failed)
  pass.count('waiting', 'objects_without_room', fetched.full)
  pass.moveBytes(fetched.bytes)
  missing.left += fetched.failed + fetched.full
}

/** Did what is lacking here happen so lately that it is probably on its way to this replica too? */
function isUnderWay({ startedMs, settleMs }: PolicyPass, { entry, lack }: FetchWish): boolean {
  const latest = lack === 'data' ? writtenAtOf(entry) : latestOf(entry)
  return latest !== undefined && settleMs > 0 && millisecondsOf(latest) > startedMs - settleMs
}

/**
 * A tombstone that is old enough to be forgotten is not brought back where nothing is that it could delete: the peer is
 * about to forget it too.
 */
export function wishesOf(
  { mine, theirs }: Difference,
  isReclaimable: (tombstone: Timestamp) => boolean,
): readonly FetchWish[] {
  const wishes: FetchWish[] = []
  for (const [hash, entry] of theirs) {
    const known = mine.get(hash) ?? emptyEntry(hash)
    if (isEmptyEntry(known) && isOldTombstone(entry, isReclaimable)) continue
    const lack = lackOf(known, entry)
    if (lack !== 'nothing') wishes.push({ entry, lack })
  }
  return wishes
}

/** Behind all tombstones of the peer that are not fetched because they are old, milliseconds. */
function declinedMs(work: PolicyPass, { mine, theirs }: Difference): GivenUpMs {
  const isReclaimable = (tombstone: Timestamp): boolean => isPastReclaim(work, tombstone)
  const declined = [...theirs.values()].flatMap((entry) => {
    const known = mine.get(entry.hash) ?? emptyEntry(entry.hash)
    const isDeclined = isEmptyEntry(known) && isOldTombstone(entry, isReclaimable)
    return isDeclined && entry.tombstone !== undefined ? [entry.tombstone] : []
  })
  return behindAllMs(declined)
}

function isOldTombstone(
  { data, meta, tombstone }: Entry,
  isReclaimable: (tombstone: Timestamp) => boolean,
): boolean {
  return data === undefined && meta === undefined && tombstone !== undefined && isReclaimable(tombstone)
}

export function isPastReclaim({ clock, reclaimAgeSeconds }: PolicyPass, timestamp: Timestamp): boolean {
  return clock.wallMs() / 1000 - ticksOf(timestamp) / TICKS_PER_SECOND > reclaimAgeSeconds
}

/**
 * Of a replica that was out of touch: what was written before `beforeMs` and no synced peer has may have been deleted
 * meanwhile, and the tombstones are gone; a POST since then changes nothing of that. It is kept in quarantine. What is newer
 * stays, and the peers fetch it.
 */
export async function setAside(
  { policy, pass, log }: PolicyPass,
  [first, ...others]: readonly ReadonlyMap<string, Entry>[],
  beforeMs: number,
): Promise<'set_aside' | 'disk_failed'> {
  for (const [hash, entry] of first ?? []) {
    const written = writtenAtOf(entry) ?? latestOf(entry)
    if (written === undefined || !others.every((other) => other.has(hash))) continue
    if (millisecondsOf(written) >= beforeMs) continue
    const disposal = entry.data === undefined ? 'remove' : 'quarantine'
    const outcome = await policy.replica.forget(hash, textOf(entry), disposal)
    if (outcome.kind === 'disk_failed') return 'disk_failed'
    if (outcome.kind !== 'forgotten') continue
    pass.count('found', 'objects_deleted_while_away')
    log.warn(
      { hash, written, policy: policy.index },
      'set aside an object that was deleted while we were away',
    )
  }
  return 'set_aside'
}
