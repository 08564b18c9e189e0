/**
 * Databases that the ring gives to others: pushed to every primary, and removed here only when each of them has said that
 * it durably has everything, was asked once more, and nothing changed here meanwhile.
 */
import type { ReplicaVoice } from '#backend/sync-ledger.ts'
import { touchedAt } from '#backend/sync-stamp.ts'
import { eachDatabase } from '#db/each-database.ts'
import { spanOf } from '#db/hash-span.ts'
import type { DatabaseState } from '#db/info.ts'
import { comparisonDigest, isForgotten } from '#db/replica-merge.ts'
import type { RingDevice } from '#ring/device.ts'
import { sessionParts } from './databases-partition.ts'
import { isCurrent, peersOf, type SourcePass, wasPrimaryBefore } from './databases-parts.ts'
import { isFailure } from './databases-peers.ts'
import { pushAll, syncDatabase } from './databases-session.ts'
import { setAside } from './databases-set-aside.ts'
import { majorityOf } from './objects-voting.ts'

/** The digest of deletions of all days. */
const EVERY_DAY = 0

/** Partitions with databases on this device that the ring gives to others. */
export async function* handoffPartitions<Row>(
  { source, view, gait, options }: SourcePass<Row>,
  owned: ReadonlySet<number>,
): AsyncGenerator<number, void, undefined> {
  const { partPower } = view.ring
  let first: string | undefined = spanOf({ partPower, partition: 0 }).first
  while (first !== undefined) {
    await gait.before({ files: 1 }, options)
    const [found] = await source.index.databases({ first, end: undefined }, 1)
    if (found === undefined) return
    const partition = view.ring.partitionOf(found.hash)
    if (!owned.has(partition)) yield partition
    first = spanOf({ partPower, partition }).end
  }
}

/**
 * Empties a partition, as far as that can be done now. `stale`: it is not known yet what was deleted meanwhile.
 *
 * That others take what is here says nothing of what they delete. So what waits for one primary for longer than deletions are
 * remembered counts as out of touch, and learns from the others what they deleted before it goes on (`resynchronise`).
 */
export async function handOver<Row>(pass: SourcePass<Row>, partition: number): Promise<'tried' | 'stale'> {
  const { source, view, clock } = pass
  const { ledger } = source
  const range = { partPower: view.ring.partPower, partition }
  const stamp = ledger.stamp(range)
  const isKnown = Math.max(stamp.noticedMs, stamp.touchedMs, stamp.majorityMs) > 0
  if (!isKnown) await ledger.write([{ range, stamp: { ...stamp, noticedMs: clock.wallMs() } }])
  else if (!stamp.stale && ledger.isOutOfTouch(range))
    await ledger.write([{ range, stamp: { ...stamp, stale: true } }])
  const primaries = peersOf(view, partition)
  if (ledger.isStale(range) && !(await resynchronise(pass, partition, primaries))) {
    await setAsideAsFormer(pass, partition, primaries)
    pass.pass.count('waiting', 'handoffs_stale')
    return 'stale'
  }
  const left = ledger.leave(range)
  try {
    const given = await empty(pass, partition, primaries)
    if (given === 'emptied' && isCurrent(pass)) await ledger.emptied(range)
  } finally {
    left()
  }
  return 'tried'
}

async function empty<Row>(
  pass: SourcePass<Row>,
  partition: number,
  primaries: readonly RingDevice[],
): Promise<Given> {
  const { source, view } = pass
  const span = spanOf({ partPower: view.ring.partPower, partition })
  const rest = (): Promise<void> => pass.gait.before({ files: 1 }, pass.options)
  let given: Given = 'emptied'
  for await (const { state } of eachDatabase(source.index, span, rest)) {
    if ((await giveAway(pass, state, primaries)) === 'emptied') {
      pass.pass.count('repaired', 'handoffs_emptied')
    } else {
      pass.pass.count('waiting', 'handoffs')
      given = 'waits'
    }
  }
  return given
}

/** What became of a database, or of a partition with its databases: it is gone from here, or somebody does not have all of it. */
type Given = 'emptied' | 'waits'

async function giveAway<Row>(
  pass: SourcePass<Row>,
  { info: { name } }: DatabaseState,
  primaries: readonly RingDevice[],
): Promise<Given> {
  if (primaries.length === 0) return 'waits'
  const { source } = pass
  const before = await source.index.state(name)
  if (before === undefined) return 'emptied'
  const digest = comparisonDigest(before, EVERY_DAY)
  // One primary after the other, so that one that cannot be reached does not hold up the rest.
  let confirmed = 0
  for (const peer of primaries) if (await confirms(pass, before, peer, 'give')) confirmed += 1
  if (confirmed < primaries.length || !isCurrent(pass)) return 'waits'
  for (const peer of primaries) if (!(await confirms(pass, before, peer, 'ask_again'))) return 'waits'
  const outcome = await source.index.remove(name, (state) =>
    comparisonDigest(state, EVERY_DAY).equals(digest),
  )
  return outcome === 'removed' ? 'emptied' : 'waits'
}

/** Has the primary all that this database had? What is nothing but an old deletion need not be made there anew. */
async function confirms<Row>(
  pass: SourcePass<Row>,
  state: DatabaseState,
  peer: RingDevice,
  how: 'give' | 'ask_again',
): Promise<boolean> {
  const { source, peers, horizon } = pass
  const { name, sequence } = state.info
  const store = await source.index.storeId()
  const known = await peers.look(peer, name, { store, horizon })
  // By its own ring, too: two devices with different rings must not both give away to each other.
  if (isFailure(known) || known.role !== 'primary') return false
  if (known.database === undefined && isForgotten(state, horizon)) return true
  if (how === 'ask_again') return known.database !== undefined && known.have >= sequence
  const pushed = await pushAll(sessionParts(pass), peer, name)
  return !isFailure(pushed) && pushed.upTo >= sequence
}

/** Learns what was deleted while this device was out of touch. Needs a majority that knows. */
async function resynchronise<Row>(
  pass: SourcePass<Row>,
  partition: number,
  primaries: readonly RingDevice[],
): Promise<boolean> {
  const { source, view } = pass
  const range = { partPower: view.ring.partPower, partition }
  const synced = await votersAmong(pass, partition, primaries)
  if (synced === undefined) return false
  for (const peer of synced) if (!(await learn(pass, partition, peer))) return false
  if (!(await setAside(pass, partition, synced, 'a_majority'))) return false
  await source.ledger.write([{ range, stamp: touchedAt(source.ledger.stamp(range), pass.clock.wallMs()) }])
  return true
}

/**
 * Primaries that are no majority of synced ones wait for who held the partition before them, as long as it has what may
 * have been deleted. What every primary held when this one was a primary, and a synced one and all others know nothing of,
 * was deleted. It stays stale and gives nothing away.
 */
async function setAsideAsFormer<Row>(
  pass: SourcePass<Row>,
  partition: number,
  primaries: readonly RingDevice[],
): Promise<void> {
  const { source, view } = pass
  const range = { partPower: view.ring.partPower, partition }
  if (source.ledger.stamp(range).allMs === 0 || !wasPrimaryBefore(view, partition)) return
  const voices = await voicesOf(pass, partition, primaries)
  if (voices.includes(undefined) || !voices.includes('synced') || !isCurrent(pass)) return
  await setAside(pass, partition, primaries, 'everybody')
}

/** What each says it is to the partition; `undefined` for one that did not answer. */
async function voicesOf<Row>(
  { peers, view, horizon }: SourcePass<Row>,
  partition: number,
  primaries: readonly RingDevice[],
): Promise<readonly (ReplicaVoice | undefined)[]> {
  const voices: (ReplicaVoice | undefined)[] = []
  for (const peer of primaries) {
    const [answer] = unlessFailed(await peers.digests(peer, view.ring.partPower, [partition], horizon))
    voices.push(answer?.voice)
  }
  return voices
}

/** The primaries that can be reached and vote; `undefined` when they are no majority. */
async function votersAmong<Row>(
  pass: SourcePass<Row>,
  partition: number,
  primaries: readonly RingDevice[],
): Promise<readonly RingDevice[] | undefined> {
  const voices = await voicesOf(pass, partition, primaries)
  const voters = primaries.filter((_, at) => voices[at] === 'synced')
  return voters.length < majorityOf(primaries.length) ? undefined : voters
}

function unlessFailed<Answer>(answers: readonly Answer[] | { readonly kind: string }): readonly Answer[] {
  return 'kind' in answers ? [] : answers
}

/** Takes over what the peer knows of the databases that are here. */
async function learn<Row>(pass: SourcePass<Row>, partition: number, peer: RingDevice): Promise<boolean> {
  const { source, view } = pass
  const span = spanOf({ partPower: view.ring.partPower, partition })
  const parts = sessionParts(pass)
  const rest = (): Promise<void> => pass.gait.before({ files: 1 }, pass.options)
  for await (const { state } of eachDatabase(source.index, span, rest)) {
    const outcome = await syncDatabase(parts, peer, state.info.name, 'pull')
    if (outcome.kind !== 'done') return false
  }
  return true
}
