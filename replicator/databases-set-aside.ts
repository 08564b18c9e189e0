/**
 * What a replica kept while it was out of touch for longer than deletions are remembered. Rows that no synced replica knows,
 * live or deleted, and that are no later than deletions that one of them has given up, may have been deleted meanwhile: they
 * are taken out of service, with a copy kept for a person. Metadata of that time that none of them knows was removed. What is
 * later was deleted by nobody, and is given to the others.
 */

import { suspectUntilMs } from '#backend/given-up.ts'
import { TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import { startOfDayMs } from '#db/days.ts'
import { eachDatabase } from '#db/each-database.ts'
import { spanOf } from '#db/hash-span.ts'
import type { DatabaseName, DatabaseState } from '#db/info.ts'
import type { ReplicatedState } from '#db/replica-merge.ts'
import type { RowForm } from '#db/row-kind.ts'
import { SLICE_ROWS } from '#db/sync-wire.ts'
import type { RingDevice } from '#ring/device.ts'
import type { SourcePass } from './databases-parts.ts'
import { isFailure } from './databases-peers.ts'

/** `asked`: who would know of it. Resolves with false when one of them could not be asked; then nothing may be concluded. */
export async function setAside<Row>(
  pass: SourcePass<Row>,
  partition: number,
  asked: readonly RingDevice[],
  withWhom: 'a_majority' | 'everybody',
): Promise<boolean> {
  const range = { partPower: pass.view.ring.partPower, partition }
  const suspicion: Suspicion = { partition, asked, withWhom }
  const rest = (): Promise<void> => pass.gait.before({ files: 1 }, pass.options)
  for await (const { state } of eachDatabase(pass.source.index, spanOf(range), rest)) {
    if (!(await setAsideIn(pass, state, suspicion))) return false
  }
  return true
}

/** What is suspect of a partition: by whom, and whether those are a majority that votes. */
interface Suspicion {
  readonly partition: number
  readonly asked: readonly RingDevice[]
  readonly withWhom: 'a_majority' | 'everybody'
}

/**
 * What none of them has and is older may have been deleted and forgotten. To be asked after them, because what is forgotten
 * meanwhile is noted before. `undefined` when somebody does not answer.
 */
async function suspectBefore<Row>(
  { source, peers, view, horizon }: SourcePass<Row>,
  { partition, asked, withWhom }: Suspicion,
): Promise<Timestamp | undefined> {
  const { partPower } = view.ring
  const theirs: (number | undefined)[] = []
  for (const peer of asked) {
    const answers = await peers.digests(peer, partPower, [partition], horizon)
    if (isFailure(answers)) return undefined
    theirs.push(answers[0]?.givenUpMs)
  }
  const suspectMs = suspectUntilMs(theirs, startOfDayMs(horizon))
  if (withWhom === 'a_majority') return timestampAt(suspectMs)
  const equalMs = source.ledger.lastEqualMs({ partPower, partition }, 'everybody')
  return timestampAt(Math.max(suspectMs, equalMs))
}

async function setAsideIn<Row>(
  pass: SourcePass<Row>,
  state: DatabaseState,
  suspicion: Suspicion,
): Promise<boolean> {
  const { source, pass: figures } = pass
  const { name } = state.info
  for (const group of groupsOf(pass, state)) {
    let marker: string | undefined
    for (;;) {
      await pass.gait.before({ files: 1 }, pass.options)
      const range = marker === undefined ? {} : { marker }
      const rows = await source.index.rows(name, group, { ...range, limit: SLICE_ROWS })
      const unknown = await rowsUnknownTo(pass, name, group, rows, suspicion.asked)
      if (unknown === undefined) return false
      if (unknown.length > 0) {
        const before = await suspectBefore(pass, suspicion)
        if (before === undefined) return false
        const suspect = unknown.filter((row) => source.kind.writtenAt(row) < before)
        await source.index.apply(name, suspect, () => ({ result: undefined, rows: 'quarantine' }))
        figures.count('repaired', 'rows_set_aside', suspect.length)
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < SLICE_ROWS) break
      marker = source.kind.nameOf(last)
    }
  }
  return await setAsideWhole(pass, name, suspicion)
}

/** Rows of an account lie in one group, whatever the policies they name. */
function groupsOf<Row>({ source }: SourcePass<Row>, { info }: DatabaseState): readonly number[] {
  return source.server === 'account' ? [0] : [...info.stats.keys()]
}

/** The policies of some rows. */
export function groupsIn<Row>(kind: RowForm<Row>, rows: readonly Row[]): ReadonlySet<number> {
  return new Set(rows.map((row) => kind.groupOf(row)))
}

/** The rows that none of these replicas has; `undefined` when one of them could not be asked. */
export async function rowsUnknownTo<Row>(
  { source, peers }: SourcePass<Row>,
  name: DatabaseName,
  group: number,
  rows: readonly Row[],
  synced: readonly RingDevice[],
): Promise<readonly Row[] | undefined> {
  let unknown = rows
  for (const peer of synced) {
    if (unknown.length === 0) return unknown
    const names = unknown.map((row) => source.kind.nameOf(row))
    const has = await peers.has(peer, name, group, names)
    if (isFailure(has)) return undefined
    unknown = unknown.filter((row) => !has.has(source.kind.nameOf(row)))
  }
  return unknown
}

/** A database that no synced replica knows, and of which nothing new is left, was deleted and forgotten. */
async function setAsideWhole<Row>(
  work: SourcePass<Row>,
  name: DatabaseName,
  suspicion: Suspicion,
): Promise<boolean> {
  const { source, peers, horizon, pass } = work
  const store = await source.index.storeId()
  const known: ReplicatedState[] = []
  for (const peer of suspicion.asked) {
    const told = await peers.look(peer, name, { store, horizon })
    if (isFailure(told)) return false
    if (told.database !== undefined) known.push(told.database.state)
  }
  const before = await suspectBefore(work, suspicion)
  if (before === undefined) return false
  if (known.length > 0) {
    await setMetadataAside(source, name, before, known)
    return true
  }
  const removed = await source.index.remove(name, ({ info }) => {
    const isOld = info.putTimestamp < before && info.deleteTimestamp < before
    return isOld && [...info.stats.values()].every(({ rows, tombstones }) => rows === 0 && tombstones === 0)
  })
  if (removed === 'removed') pass.count('repaired', 'databases_set_aside')
  return true
}

/** What was removed while this replica was away, and whose removal is forgotten. */
async function setMetadataAside<Row>(
  { index }: SourcePass<Row>['source'],
  name: DatabaseName,
  before: Timestamp,
  known: readonly ReplicatedState[],
): Promise<void> {
  await index.apply(name, [], (state) => {
    const items = [...(state?.metadata ?? [])]
    const kept = items.filter(([item, { value, timestamp }]) => {
      return value === '' || timestamp >= before || known.some(({ metadata }) => metadata.has(item))
    })
    return kept.length === items.length
      ? { result: undefined }
      : { result: undefined, metadata: new Map(kept) }
  })
}

function timestampAt(wallMs: number): Timestamp {
  return timestampFromTicks(Math.max(0, Math.floor((wallMs * TICKS_PER_SECOND) / 1000)))
}
