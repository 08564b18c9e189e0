/** The workload of an index of containers or accounts, and what is wrong with what a loss of power left of it. */

import type { OwnedDevice } from '#backend/own-device.ts'
import type { NewDevice } from '#backend/replica-state.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { type ContainerRow, containerRows } from '#db/container-row.ts'
import type { Index, Rule } from '#db/contract.ts'
import { auditDatabase } from '#db/database-audit.ts'
import { type DatabaseName, newInfo } from '#db/info.ts'
import { databaseHash } from '#db/keys.ts'
import { deletedRow, type ObjectRow, objectRows, putRow } from '#db/object-row.ts'
import type { RowForm } from '#db/row-kind.ts'
import { openAccounts, openContainers, SALT } from './devices.ts'
import type { PowerCut } from './recorder.ts'

/** Names with a client each, changed one round after the other. */
export const ROW_NAMES: readonly string[] = ['one', 'two', 'three', 'four', 'five', 'six']
export const ROUNDS = 8
/** Every so many rounds the row is deleted. */
const DELETED_EVERY = 3
/** Long enough that a few thousand rows fill what LevelDB keeps in memory. */
const FILLER_NAME_CHARACTERS = 900
const ROWS_MAX = 10_000

export interface IndexUnderTest<Row> {
  readonly database: DatabaseName
  readonly kind: RowForm<Row>
  readonly open: (directory: string, newDevice: NewDevice) => Promise<OwnedDevice<Index<Row>>>
  /** The row of a name after so many rounds. */
  readonly rowOf: (name: string, round: number) => Row
}

function at(seconds: number): Timestamp {
  return parseTimestamp(String(1_700_000_000 + seconds)) as Timestamp
}

const CONTAINERS: IndexUnderTest<ObjectRow> = {
  database: { account: 'a', container: 'c' },
  kind: objectRows,
  open: openContainers,
  rowOf: (name, round) => {
    if (round % DELETED_EVERY === 0) return deletedRow(name, 0, at(round))
    const etag = `etag of ${name} ${round}`
    const described = { etag, sizeBytes: round, contentType: 'text/plain' }
    return putRow({ name, policyIndex: 0, timestamp: at(round), ...described })
  },
}

const ACCOUNTS: IndexUnderTest<ContainerRow> = {
  database: { account: 'a' },
  kind: containerRows,
  open: openAccounts,
  rowOf: (name, round) => {
    const deletedIn = round - (round % DELETED_EVERY)
    const objects = deletedIn === round ? 0 : round
    const putIn = deletedIn === round ? round - 1 : round
    const times = { putTimestamp: at(putIn), deleteTimestamp: at(deletedIn) }
    return { name, ...times, reportedAt: at(round), objects, bytes: objects, policyIndex: 0 }
  },
}

export const INDEXES = { containers: CONTAINERS, accounts: ACCOUNTS } as const

/** Merges rows, into a new database if there is none. */
export async function merge<Row>(
  index: Index<Row>,
  { database }: IndexUnderTest<Row>,
  rows: readonly Row[],
): Promise<void> {
  const rule: Rule<void> = (state) => ({
    result: undefined,
    info: state?.info ?? newInfo(database, at(0), 0),
    rows: 'merge',
  })
  await index.apply(database, rows, rule)
}

/** Rows enough that LevelDB begins a new log, and a table file. */
export function fillers<Row>({ rowOf }: IndexUnderTest<Row>, count: number): readonly Row[] {
  return Array.from({ length: count }, (_, number) =>
    rowOf(`filler-${number}-`.padEnd(FILLER_NAME_CHARACTERS, 'x'), 1),
  )
}

/** A sentence when an acknowledged row is not there or the figures are not those of the rows. */
export async function indexProblem<Row>(
  under: IndexUnderTest<Row>,
  { directory, printed }: PowerCut,
): Promise<string | undefined> {
  const isNew = printed.length === 0
  const device = await under.open(directory, isNew ? 'part_of_new_cluster' : 'may_have_held_data')
  try {
    const state = device.replicaStates.ofAll
    // What never acknowledged anything may be set aside when it was cut off in the making.
    if (state !== 'synced' && !isNew) return `the device is ${state}`
    const hash = databaseHash(under.database, SALT)
    const audit = { store: device.store, kind: under.kind, before: async () => {} }
    const verdict = await auditDatabase(audit, hash)
    if (verdict.kind === 'gone') return isNew ? undefined : 'the database is gone'
    if (verdict.kind !== 'sound') return verdict.kind === 'damaged' ? verdict.reason : verdict.kind
    return await rowsProblem(under, device.index, printed)
  } finally {
    await device.close()
  }
}

async function rowsProblem<Row>(
  { database, kind, rowOf }: IndexUnderTest<Row>,
  index: Index<Row>,
  printed: readonly string[],
): Promise<string | undefined> {
  const acknowledged = new Map(printed.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]))
  const rows = await index.rows(database, 0, { limit: ROWS_MAX })
  const stored = new Map(rows.map((row) => [kind.nameOf(row), JSON.stringify(kind.encode(row))]))
  for (const name of ROW_NAMES) {
    const round = acknowledged.get(name) ?? 0
    const allowed = [round, round + 1].map((one) =>
      one === 0 ? undefined : JSON.stringify(kind.encode(rowOf(name, one))),
    )
    const found = stored.get(name)
    if (!allowed.includes(found)) return `row ${name} is ${found}, not ${allowed.join(' or ')}`
  }
  return undefined
}
