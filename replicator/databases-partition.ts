/**
 * Makes one partition of this device equal to what its other primaries hold, and decides whether this device may count on
 * what it has (`docs/consistency.md`, "Who may vote").
 *
 * A replica that was out of touch for too long gives nothing away before it knows what the others have; what it has of
 * before and none of the synced ones knows was deleted meanwhile, and is taken out of service.
 */
import { suspectUntilMs } from '#backend/given-up.ts'
import { hasHeldVoice, isStaleVoice, type ReplicaVoice } from '#backend/sync-ledger.ts'
import { isFresh, NO_STAMP } from '#backend/sync-stamp.ts'
import { startOfDayMs } from '#db/days.ts'
import type { Standing } from '#db/sync-wire.ts'
import type { RingDevice } from '#ring/device.ts'
import { differingDatabases } from './databases-difference.ts'
import { learnUndoubted } from './databases-doubt.ts'
import { isCurrent, isInRing, placeOf, type SourcePass } from './databases-parts.ts'
import { isFailure } from './databases-peers.ts'
import { type Direction, type SessionParts, syncDatabase } from './databases-session.ts'
import { setAside } from './databases-set-aside.ts'
import { type HolderReached, isWitness, judge, majorityOf, takesFromStale } from './objects-voting.ts'

/** What another holder of a partition said when all partitions were asked about. */
export interface HolderAnswer {
  readonly peer: RingDevice
  /** `undefined`: it did not answer. */
  readonly standing: Standing | undefined
  readonly content: 'equal' | 'different'
}

interface Holder extends HolderReached {
  readonly peer: RingDevice
  /** It has all that was here when the pass began. */
  readonly knowsOurs: boolean
}

/** Rows that were written so lately are on their way, milliseconds: what a replica holds is said of those before. */
const SETTLE_MS = 5_000

/** Resolves when everything that can be done now is done. */
export async function makeEqual<Row>(
  pass: SourcePass<Row>,
  partition: number,
  holders: readonly HolderAnswer[],
): Promise<void> {
  const range = { partPower: pass.view.ring.partPower, partition }
  const own = pass.source.ledger.voice(range)
  const reached: Holder[] = []
  for (const holder of staleLast(holders)) reached.push(await reach(pass, partition, own, holder, holders))
  pass.options.signal.throwIfAborted()
  if (!isCurrent(pass)) return
  const replicas = pass.view.ring.primaries(partition).length
  const verdict = judge(own, reached, replicas)
  if (verdict.kind === 'not_yet') return noteWaiting(pass, own)
  if (verdict.setAside !== 'nothing') {
    const how = verdict.setAside
    const withWhom = how === 'before_everybody' ? 'everybody' : 'a_majority'
    const witnesses = reached.filter(({ voice }) => isWitness(voice, how)).map(({ peer }) => peer)
    if (!(await setAside(pass, partition, witnesses, withWhom))) return noteWaiting(pass, own)
  }
  if (own !== 'synced' && !(await takeOverGivenUp(pass, partition, own, reached)))
    return noteWaiting(pass, own)
  await noteSynced(pass, partition, own, equalTo(reached, replicas))
}

/** Who learns everything from others forgot, with them, what they forgot. False when one of them did not answer. */
async function takeOverGivenUp<Row>(
  { source, peers, view, horizon }: SourcePass<Row>,
  partition: number,
  own: ReplicaVoice,
  reached: readonly Holder[],
): Promise<boolean> {
  const { partPower } = view.ring
  const theirs: (number | undefined)[] = []
  for (const { peer, extent } of reached) {
    if (extent !== 'everything') continue
    const answers = await peers.digests(peer, partPower, [partition], horizon)
    if (isFailure(answers)) return false
    theirs.push(answers[0]?.givenUpMs)
  }
  const { givenUp } = source.ledger
  const range = { partPower, partition }
  const ownMs = hasHeldVoice(own) || theirs.length === 0 ? givenUp.untilMs(range) : 0
  await givenUp.takeOver(range, Math.max(ownMs, suspectUntilMs(theirs, startOfDayMs(horizon))))
  return true
}

/** With whom this replica holds the same now: others may have been heard, and not know what is here. */
type EqualTo = 'all' | 'majority' | 'few'

function equalTo(reached: readonly Holder[], replicas: number): EqualTo {
  const equal = reached.filter(({ extent, knowsOurs }) => extent === 'everything' && knowsOurs)
  if (equal.length === reached.length) return 'all'
  const primaries = equal.filter(({ place }) => place === 'primary').length
  return 1 + primaries >= majorityOf(replicas) ? 'majority' : 'few'
}

function noteWaiting<Row>({ pass }: SourcePass<Row>, own: ReplicaVoice): void {
  if (own !== 'synced') pass.count('waiting', isStaleVoice(own) ? 'partitions_stale' : 'partitions_joining')
}

async function reach<Row>(
  pass: SourcePass<Row>,
  partition: number,
  own: ReplicaVoice,
  holder: HolderAnswer,
  holders: readonly HolderAnswer[],
): Promise<Holder> {
  const standing = isInRing(pass.view, holder.peer) ? 'in_ring' : 'removed'
  const voice = holder.standing?.voice ?? 'joining'
  const primaries = pass.view.ring.primaries(partition).map(placeOf)
  const place = primaries.includes(placeOf(holder.peer)) ? 'primary' : 'former'
  const isUnaware = place === 'former' && holder.standing?.role === 'primary'
  const about = { peer: holder.peer, voice, standing, place, isUnaware } as const
  const unheard = { ...about, extent: 'not_everything', knowsOurs: false } as const
  if (holder.standing === undefined) return unheard
  if (holder.content === 'equal') return { ...about, extent: 'everything', knowsOurs: true }
  const direction = directionOf(own, voice, holders)
  if (direction !== 'nothing' && !(await syncPartition(pass, partition, holder.peer, direction)))
    return unheard
  const knowsOurs = direction === 'both' || direction === 'push'
  if (direction === 'both' || direction === 'pull') return { ...about, extent: 'everything', knowsOurs }
  // Who votes waits until it has learnt itself; the others may have nobody else to wait for.
  const isHeard = own !== 'synced' && (await learnUndoubted(pass, partition, holder.peer, syncedOf(holders)))
  return { ...about, extent: isHeard ? 'everything' : 'not_everything', knowsOurs }
}

/** What the others have is here already when a stale one is looked at, so less is in doubt. */
function staleLast(holders: readonly HolderAnswer[]): readonly HolderAnswer[] {
  const rank = ({ standing }: HolderAnswer): number =>
    standing !== undefined && isStaleVoice(standing.voice) ? 1 : 0
  return holders.toSorted((one, other) => rank(one) - rank(other))
}

/** Those that vote, as primaries. */
function syncedOf(holders: readonly HolderAnswer[]): readonly RingDevice[] {
  return holders
    .filter(({ standing }) => standing?.voice === 'synced' && standing.role === 'primary')
    .map(({ peer }) => peer)
}

function directionOf(
  own: ReplicaVoice,
  theirs: ReplicaVoice,
  holders: readonly HolderAnswer[],
): Direction | 'nothing' {
  const others = holders.flatMap(({ standing }) => (standing === undefined ? [] : [standing]))
  const isStale = isStaleVoice(own)
  if (isStaleVoice(theirs) && !takesFromStale(own, others)) return isStale ? 'nothing' : 'push'
  return isStale ? 'pull' : 'both'
}

/** Brings each database that differs to the same state here and there. Are all of them? */
export async function syncPartition<Row>(
  pass: SourcePass<Row>,
  partition: number,
  peer: RingDevice,
  direction: Direction,
): Promise<boolean> {
  const range = { partPower: pass.view.ring.partPower, partition }
  const parts = sessionParts(pass)
  for await (const name of differingDatabases(pass, range, peer)) {
    if (name === 'unreachable') return false
    pass.pass.count('found', 'databases_different')
    const outcome = await syncDatabase(parts, peer, name, direction)
    pass.options.signal.throwIfAborted()
    switch (outcome.kind) {
      case 'done':
        pass.pass.count('repaired', 'databases_synced')
        break
      case 'different':
        // Clients write it at this moment; what was there when we began has passed all the same.
        pass.pass.count('waiting', 'databases_changing')
        break
      case 'unreachable':
      case 'unsupported':
        pass.pass.count('waiting', 'databases_unreachable')
        return false
    }
  }
  return true
}

export function sessionParts<Row>({
  source,
  peers,
  horizon,
  pass,
  options,
  gait,
}: SourcePass<Row>): SessionParts<Row> {
  return {
    index: source.index,
    peers,
    horizon,
    step: () => gait.before({ files: 1 }, options),
    count: (figure, amount) => pass.count('repaired', figure, amount),
  }
}

async function noteSynced<Row>(
  { source, view, startedMs, joinings, clock, pass, stamps }: SourcePass<Row>,
  partition: number,
  own: ReplicaVoice,
  equal: EqualTo,
): Promise<void> {
  const { ledger } = source
  const range = { partPower: view.ring.partPower, partition }
  const before = ledger.stamp(range)
  const notedMs = equal === 'few' ? before.touchedMs : before.majorityMs
  if (own === 'synced' && isFresh(notedMs, clock.wallMs()) && !before.stale) return
  const untilMs = startedMs - SETTLE_MS
  const stamp = {
    ...NO_STAMP,
    touchedMs: startedMs,
    majorityMs: equal === 'few' ? before.majorityMs : untilMs,
    allMs: equal === 'all' ? untilMs : before.allMs,
  }
  if (own === 'synced') {
    stamps.push({ range, stamp })
    return
  }
  if ((await ledger.states.join(range, joinings)) === 'not_now') return
  await ledger.write([{ range, stamp }])
  pass.count('repaired', 'partitions_synced')
}
