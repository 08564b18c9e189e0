/**
 * One container in an account's index, live or deleted. Put and delete times are merged by the larger. The figures
 * (objects, bytes, storage policy) are what a container server last reported; the newer report wins, by the time at which
 * an account server took it (OpenStack Swift, `account/backend.py`: `merge_items`, where the last to arrive wins). A report
 * that was taken in the future was taken by a clock that is wrong, and yields to every other.
 */
import type { Clock } from '#base/environment.ts'
import { MAX_CLOCK_AHEAD_SECONDS } from '#base/limits.ts'
import { parseTimestamp, TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import { rowDigest } from './digest.ts'
import type { RowForm, RowKind } from './row-kind.ts'

export interface ContainerRow {
  readonly name: string
  readonly putTimestamp: Timestamp
  readonly deleteTimestamp: Timestamp
  /** When the figures below were reported. */
  readonly reportedAt: Timestamp
  readonly objects: number
  readonly bytes: number
  readonly policyIndex: number
}

/** `latest`: that a clock in order may say now. */
export function mergeContainerRows(left: ContainerRow, right: ContainerRow, latest: Timestamp): ContainerRow {
  const newer = compareReports(left, right, latest) >= 0 ? left : right
  return {
    name: left.name,
    putTimestamp: later(left.putTimestamp, right.putTimestamp),
    deleteTimestamp: later(left.deleteTimestamp, right.deleteTimestamp),
    reportedAt: newer.reportedAt,
    objects: newer.objects,
    bytes: newer.bytes,
    policyIndex: newer.policyIndex,
  }
}

/** A container is gone when it was deleted after it was last put, and has no objects. */
export function isContainerRowDeleted(row: ContainerRow): boolean {
  return row.deleteTimestamp > row.putTimestamp && row.objects === 0
}

function later(left: Timestamp, right: Timestamp): Timestamp {
  return left >= right ? left : right
}

/** Is a report that was taken at the one time older than one of the other? */
export function isOlderReport(left: Timestamp, right: Timestamp, latest: Timestamp): boolean {
  const [isLeftWrong, isRightWrong] = [left > latest, right > latest]
  return isLeftWrong === isRightWrong ? left < right : isLeftWrong
}

/** The latest time that a clock in order may say now: clocks are a little apart. */
export function latestReport(clock: Clock): Timestamp {
  return timestampFromTicks(Math.floor((clock.wallMs() / 1000 + MAX_CLOCK_AHEAD_SECONDS) * TICKS_PER_SECOND))
}

function compareReports(left: ContainerRow, right: ContainerRow, latest: Timestamp): number {
  if (left.reportedAt !== right.reportedAt) {
    return isOlderReport(left.reportedAt, right.reportedAt, latest) ? -1 : 1
  }
  return left.objects - right.objects || left.bytes - right.bytes || left.policyIndex - right.policyIndex
}

/** By the clock of whoever merges. */
export function containerRowsBy(clock: Clock): RowKind<ContainerRow> {
  return { ...containerRows, merge: (left, right) => mergeContainerRows(left, right, latestReport(clock)) }
}

/** What travels and is compared; whoever merges wants `containerRowsBy`. */
export const containerRows: RowForm<ContainerRow> = {
  nameOf: (row) => row.name,
  groupOf: () => 0,
  isDeleted: isContainerRowDeleted,
  statsOf: (row) => ({ policyIndex: row.policyIndex, objects: row.objects, bytes: row.bytes }),
  digestOf: (row) =>
    rowDigest([row.name, row.putTimestamp, row.deleteTimestamp, row.objects, row.bytes, row.policyIndex]),
  changedAt: (row) => later(row.putTimestamp, row.deleteTimestamp),
  writtenAt: (row) => later(row.putTimestamp, row.deleteTimestamp),
  isSound: (row) =>
    row.name !== '' &&
    row.name.isWellFormed() &&
    [row.putTimestamp, row.deleteTimestamp, row.reportedAt].every(
      (time) => parseTimestamp(time) !== undefined,
    ) &&
    [row.objects, row.bytes, row.policyIndex].every((count) => Number.isSafeInteger(count) && count >= 0),
  fieldCount: 6,
  encode: (row) => [
    row.putTimestamp,
    row.deleteTimestamp,
    row.reportedAt,
    String(row.objects),
    String(row.bytes),
    String(row.policyIndex),
  ],
  decode(name, _group, fields) {
    const [putTimestamp, deleteTimestamp, reportedAt, objects, bytes, policyIndex] = fields
    return {
      name,
      putTimestamp: putTimestamp as Timestamp,
      deleteTimestamp: deleteTimestamp as Timestamp,
      reportedAt: reportedAt as Timestamp,
      objects: Number(objects),
      bytes: Number(bytes),
      policyIndex: Number(policyIndex),
    }
  },
}
