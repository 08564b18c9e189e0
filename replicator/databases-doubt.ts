/**
 * What may be taken from a stale peer while a synced one exists, of accounts and containers; the rule of
 * `objects-doubt.ts`. A stale peer may have what was deleted so long ago that the deletion is gone, so of what it has is
 * taken only
 *
 *  - what a synced primary has something of, live or deleted: then it is merged, as always;
 *  - what is younger than every deletion that can have been given up, and deletions, which bring nothing back.
 *
 * The rest is in doubt: it is not taken, and whoever left something in doubt has not heard all of the peer.
 */
import type { Timestamp } from '#base/timestamp.ts'
import { dayOf } from '#db/days.ts'
import type { DatabaseName } from '#db/info.ts'
import type { Metadata } from '#db/metadata.ts'
import { mergeReplica, type ReplicatedState } from '#db/replica-merge.ts'
import type { RingDevice } from '#ring/device.ts'
import { differingDatabases } from './databases-difference.ts'
import type { SourcePass } from './databases-parts.ts'
import { isFailure } from './databases-peers.ts'
import { groupsIn, rowsUnknownTo } from './databases-set-aside.ts'

/** Takes what is in no doubt. Resolves with true when that is all that the peer has and this replica lacks. */
export async function learnUndoubted<Row>(
  pass: SourcePass<Row>,
  partition: number,
  peer: RingDevice,
  synced: readonly RingDevice[],
): Promise<boolean> {
  const range = { partPower: pass.view.ring.partPower, partition }
  let inDoubt = 0
  for await (const name of differingDatabases(pass, range, peer)) {
    const left = name === 'unreachable' ? undefined : await learnDatabase(pass, name, { peer, synced })
    if (left === undefined) return false
    inDoubt += left
  }
  if (inDoubt > 0) pass.pass.count('waiting', 'rows_in_doubt', inDoubt)
  return inDoubt === 0
}

interface Sources {
  /** Stale. */
  readonly peer: RingDevice
  readonly synced: readonly RingDevice[]
}

/** How much of the database is in doubt, itself, its metadata and its rows; `undefined` when somebody did not answer. */
async function learnDatabase<Row>(
  pass: SourcePass<Row>,
  name: DatabaseName,
  sources: Sources,
): Promise<number | undefined> {
  const { source } = pass
  const [theirs] = (await statesAt(pass, name, [sources.peer])) ?? []
  const known = await statesAt(pass, name, sources.synced)
  if (known === undefined) return undefined
  // It has none of that name.
  if (theirs === undefined) return 0
  if (known.length === 0 && !isYoung(pass, theirs.info.createdAt)) return 1
  const undoubted = metadataKnownTo(pass, theirs.metadata, known)
  const doubtful = theirs.metadata.size - undoubted.size
  await source.index.apply(name, [], mergeReplica({ ...theirs, metadata: undoubted }))
  const rows = await learnRows(pass, name, sources)
  return rows === undefined ? undefined : doubtful + rows
}

/** What those peers have of a database that have any; `undefined` when one of them did not answer. */
async function statesAt<Row>(
  { source, peers, horizon }: SourcePass<Row>,
  name: DatabaseName,
  asked: readonly RingDevice[],
): Promise<readonly ReplicatedState[] | undefined> {
  const store = await source.index.storeId()
  const states: ReplicatedState[] = []
  for (const peer of asked) {
    const known = await peers.look(peer, name, { store, horizon })
    if (isFailure(known)) return undefined
    if (known.database !== undefined) states.push(known.database.state)
  }
  return states
}

function metadataKnownTo<Row>(
  pass: SourcePass<Row>,
  metadata: Metadata,
  known: readonly ReplicatedState[],
): Metadata {
  const taken = [...metadata].filter(([name, { value, timestamp }]) => {
    return value === '' || isYoung(pass, timestamp) || known.some((one) => one.metadata.has(name))
  })
  return new Map(taken)
}

async function learnRows<Row>(
  pass: SourcePass<Row>,
  name: DatabaseName,
  { peer, synced }: Sources,
): Promise<number | undefined> {
  const { source, peers, gait, options, pass: figures } = pass
  let after = 0
  let inDoubt = 0
  for (;;) {
    await gait.before({ files: 1 }, options)
    const told = await peers.changes(peer, name, after)
    if (isFailure(told)) return undefined
    const rows = told.changes.map(({ row }) => row)
    const doubtful = await doubtfulOf(pass, name, rows, synced)
    if (doubtful === undefined) return undefined
    const taken = rows.filter((row) => !doubtful.has(row))
    await source.index.apply(name, taken, () => ({ result: undefined, rows: 'merge' }))
    figures.count('repaired', 'rows_received', taken.length)
    inDoubt += doubtful.size
    if (!told.more) return inDoubt
    after = told.upTo
  }
}

/** Of these rows, those of which nobody can say whether they were deleted, and which are not here either. */
async function doubtfulOf<Row>(
  pass: SourcePass<Row>,
  name: DatabaseName,
  rows: readonly Row[],
  synced: readonly RingDevice[],
): Promise<ReadonlySet<Row> | undefined> {
  const { source } = pass
  const old = rows.filter((row) => !source.kind.isDeleted(row) && !isYoung(pass, source.kind.writtenAt(row)))
  const doubtful = new Set<Row>()
  for (const group of groupsIn(source.kind, old)) {
    const some = old.filter((row) => source.kind.groupOf(row) === group)
    const unknown = await rowsUnknownTo(pass, name, group, some, synced)
    if (unknown === undefined) return undefined
    for (const row of unknown) if (await isLacking(pass, name, row)) doubtful.add(row)
  }
  return doubtful
}

/** Would it change anything here? */
async function isLacking<Row>(
  { source: { index, kind } }: SourcePass<Row>,
  name: DatabaseName,
  row: Row,
): Promise<boolean> {
  const [own] = await index.named(name, kind.groupOf(row), [kind.nameOf(row)])
  if (own === undefined) return true
  return !kind.digestOf(kind.merge(own, row)).equals(kind.digestOf(own))
}

/** A deletion of it would be younger still, and is given up nowhere. */
function isYoung<Row>({ horizon }: SourcePass<Row>, timestamp: Timestamp): boolean {
  return dayOf(timestamp) >= horizon
}
