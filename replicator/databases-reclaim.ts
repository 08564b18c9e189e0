/**
 * Gives up deletions that nobody needs any more: rows, metadata and whole databases that were deleted longer ago than the
 * reclaim age, once every primary of the ring durably has them, and so has everybody who held the partition before the last
 * change of the ring, is in it still, and has the database: who was away with rows that nobody had fetched from it would
 * bring back what was deleted. Each replica decides for itself, by what the others have just confirmed; replicas do not
 * compare what is so old (`db/days.ts`), so one that has given up does not get it back. All of them note first, durably, until
 * when deletions are given up.
 */
import type { PartitionRange } from '#backend/range-states.ts'
import { dayOf, givenUpBefore, startOfDayMs } from '#db/days.ts'
import { eachDatabase } from '#db/each-database.ts'
import { spanOf } from '#db/hash-span.ts'
import type { DatabaseInfo, DatabaseState } from '#db/info.ts'
import type { Metadata } from '#db/metadata.ts'
import { isForgotten } from '#db/replica-merge.ts'
import { hasUnreported } from '#db/reporting.ts'
import { type Known, SLICE_ROWS } from '#db/sync-wire.ts'
import type { RingDevice } from '#ring/device.ts'
import { sessionParts } from './databases-partition.ts'
import { formerHolders, isCurrent, isInRing, peersOf, type SourcePass } from './databases-parts.ts'
import { isFailure } from './databases-peers.ts'
import { pushAll } from './databases-session.ts'

/** What a forgotten database adds to a digest: nothing. */
const NOTHING = '0'.repeat(32)

/** What a pass over a partition came to: `unconfirmed` when a primary could not say that it has everything. */
export type Reclaimed = 'whole' | 'unconfirmed'

/** Who must know of a deletion before it is given up, and that it is (`backend/given-up.ts`). */
interface Witnesses {
  readonly range: PartitionRange
  /** The other primaries: each makes the database if it does not have it. */
  readonly primaries: readonly RingDevice[]
  /** Who held it before and is in the ring still: asked about what it has, and given nothing that it does not have. */
  readonly former: readonly RingDevice[]
}

/** Passes over all databases of one partition, which this device must hold as a synced primary. */
export async function reclaimIn<Row>(pass: SourcePass<Row>, partition: number): Promise<Reclaimed> {
  const { source, view, gait, options } = pass
  const range = { partPower: view.ring.partPower, partition }
  const rest = (): Promise<void> => gait.before({ files: 1 }, options)
  let witnesses: Witnesses | undefined
  let reclaimed: Reclaimed = 'whole'
  for await (const { state } of eachDatabase(source.index, spanOf(range), rest)) {
    if (!hasOldDeletions(state, givenUpBefore(pass.horizon))) continue
    witnesses ??= await witnessesOf(pass, partition)
    // Somebody is away: whoever comes back must find what was deleted.
    if (witnesses === undefined || !isCurrent(pass)) return unconfirmed(pass)
    if ((await reclaim(pass, state, witnesses)) === 'unconfirmed') reclaimed = 'unconfirmed'
  }
  return reclaimed
}

function unconfirmed<Row>({ pass }: SourcePass<Row>): Reclaimed {
  pass.count('waiting', 'reclaims_unconfirmed')
  return 'unconfirmed'
}

/** Is there a deletion of a day before this one? */
export function hasOldDeletions({ info, metadata }: DatabaseState, day: number): boolean {
  if (info.deleteTimestamp > info.putTimestamp && dayOf(info.deleteTimestamp) < day) return true
  if ([...metadata.values()].some(({ value, timestamp }) => value === '' && dayOf(timestamp) < day))
    return true
  return [...info.stats.values()].some(({ tombstoneDays }) =>
    [...tombstoneDays.keys()].some((one) => one < day),
  )
}

/** Everybody, when all primaries can be reached and vote. Who of the others can be reached shows when they are asked. */
async function witnessesOf<Row>(
  { view, peers, horizon }: SourcePass<Row>,
  partition: number,
): Promise<Witnesses | undefined> {
  const primaries = peersOf(view, partition)
  for (const peer of primaries) {
    const answers = await peers.digests(peer, view.ring.partPower, [partition], horizon)
    if (isFailure(answers)) return undefined
    const [answer] = answers
    if (answer?.voice !== 'synced' || answer.role !== 'primary') return undefined
  }
  return {
    range: { partPower: view.ring.partPower, partition },
    primaries,
    former: formerHolders(view, partition).filter((device) => isInRing(view, device)),
  }
}

async function reclaim<Row>(
  pass: SourcePass<Row>,
  state: DatabaseState,
  witnesses: Witnesses,
): Promise<Reclaimed> {
  const upTo = await confirmedUpTo(pass, state, witnesses)
  if (upTo === undefined) return unconfirmed(pass)
  const { name } = state.info
  const day = givenUpBefore(pass.horizon)
  await pass.source.ledger.givenUp.note(witnesses.range, startOfDayMs(day))
  for (const group of groupsOf(pass, state.info)) await reclaimRows(pass, state, group, { upTo, day })
  await pass.source.index.apply(name, [], (now) => {
    const kept = now && withoutRemovals(now.metadata, state.metadata, day)
    return kept === undefined ? { result: undefined } : { result: undefined, metadata: kept }
  })
  await removeForgotten(pass, state, witnesses)
  return 'whole'
}

function groupsOf<Row>({ source }: SourcePass<Row>, { stats }: DatabaseInfo): readonly number[] {
  return source.server === 'account' ? [0] : [...stats.keys()]
}

/** Up to which of our changes every other one has our rows, deletions too; `undefined` when one of them cannot say so. */
async function confirmedUpTo<Row>(
  pass: SourcePass<Row>,
  state: DatabaseState,
  { primaries, former }: Witnesses,
): Promise<number | undefined> {
  const { name } = state.info
  const day = givenUpBefore(pass.horizon)
  // Who has nothing of it has nothing that could come back; a primary that votes has given up what is forgotten here too.
  const spared = new Set(isForgotten(state, pass.horizon) ? [...primaries, ...former] : former)
  let upTo = state.info.sequence
  for (const peer of [...primaries, ...former]) {
    if (spared.has(peer)) {
      const known = await lookAt(pass, state, peer)
      if (known === undefined) return undefined
      if (known.database === undefined) continue
    }
    const pushed = await pushAll({ ...sessionParts(pass), givenUpBefore: day }, peer, name)
    if (isFailure(pushed)) return undefined
    upTo = Math.min(upTo, pushed.upTo)
  }
  return upTo
}

async function lookAt<Row>(
  { source, peers, horizon }: SourcePass<Row>,
  { info }: DatabaseState,
  peer: RingDevice,
): Promise<Known | undefined> {
  const about = {
    store: await source.index.storeId(),
    horizon,
    ignore_before: givenUpBefore(horizon),
  }
  const known = await peers.look(peer, info.name, about)
  return isFailure(known) ? undefined : known
}

async function reclaimRows<Row>(
  { source, pass, gait, options }: SourcePass<Row>,
  { info: { name } }: DatabaseState,
  group: number,
  limits: { readonly upTo: number; readonly day: number },
): Promise<void> {
  let after = ''
  for (;;) {
    await gait.before({ files: 1 }, options)
    const page = await source.index.tombstones(name, group, after, SLICE_ROWS)
    const old = page
      .filter(
        ({ row, sequence }) => sequence <= limits.upTo && dayOf(source.kind.changedAt(row)) < limits.day,
      )
      .map(({ row }) => row)
    if (old.length > 0) await source.index.apply(name, old, () => ({ result: undefined, rows: 'drop' }))
    pass.count('repaired', 'tombstones_reclaimed', old.length)
    const last = page.at(-1)
    if (last === undefined || page.length < SLICE_ROWS) return
    after = source.kind.nameOf(last.row)
  }
}

/** The metadata without the old removals that were told to everybody; `undefined` when there are none. */
function withoutRemovals(now: Metadata, told: Metadata, day: number): Metadata | undefined {
  const kept = [...now].filter(([name, { value, timestamp }]) => {
    const isOld = value === '' && dayOf(timestamp) < day
    return !isOld || told.get(name)?.timestamp !== timestamp
  })
  return kept.length === now.size ? undefined : new Map(kept)
}

/** A database of which nothing is left but its own old deletion, at any of those who must know. */
async function removeForgotten<Row>(
  pass: SourcePass<Row>,
  before: DatabaseState,
  { primaries, former }: Witnesses,
): Promise<void> {
  const day = givenUpBefore(pass.horizon)
  if (dayOf(before.info.deleteTimestamp) >= day) return
  for (const peer of [...primaries, ...former]) {
    const known = await lookAt(pass, before, peer)
    if (known === undefined) return
    if (known.database !== undefined && known.database.digest !== NOTHING) return
  }
  const outcome = await pass.source.index.remove(before.info.name, (state) => isEmptyAndOld(state, day))
  if (outcome === 'removed') pass.pass.count('repaired', 'databases_reclaimed')
}

function isEmptyAndOld(state: DatabaseState, day: number): boolean {
  const { stats } = state.info
  if (!isForgotten(state, day) || hasUnreported(state.info)) return false
  return [...stats.values()].every(({ rows, tombstones }) => rows === 0 && tombstones === 0)
}
