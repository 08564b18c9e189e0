/**
 * One container in an account's index, live or deleted. Put and delete times are merged by the larger. The figures
 * (objects, bytes, storage policy) are what a container server last reported; the newer report wins, by the time at which
 * an account server took it (OpenStack Swift, `account/backend.py`: `merge_items`, where the last to arrive wins).
 */
import type { Timestamp } from '#base/timestamp.ts'
import { rowDigest } from './digest.ts'
import type { RowKind } from './row-kind.ts'

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

const FORMAT_VERSION = 1

export function mergeContainerRows(left: ContainerRow, right: ContainerRow): ContainerRow {
  const newer = compareReports(left, right) >= 0 ? left : right
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

function compareReports(left: ContainerRow, right: ContainerRow): number {
  if (left.reportedAt !== right.reportedAt) return left.reportedAt < right.reportedAt ? -1 : 1
  return left.objects - right.objects || left.bytes - right.bytes || left.policyIndex - right.policyIndex
}

export const containerRows: RowKind<ContainerRow> = {
  nameOf: (row) => row.name,
  groupOf: () => 0,
  isDeleted: isContainerRowDeleted,
  merge: mergeContainerRows,
  statsOf: (row) => ({ policyIndex: row.policyIndex, objects: row.objects, bytes: row.bytes }),
  digestOf: (row) =>
    rowDigest([row.name, row.putTimestamp, row.deleteTimestamp, row.objects, row.bytes, row.policyIndex]),
  encode(row) {
    const fields: StoredFields = [
      row.putTimestamp,
      row.deleteTimestamp,
      row.reportedAt,
      row.objects,
      row.bytes,
      row.policyIndex,
    ]
    return Buffer.concat([Buffer.from([FORMAT_VERSION]), Buffer.from(JSON.stringify(fields))])
  },
  decode(name, _group, bytes) {
    if (bytes[0] !== FORMAT_VERSION) throw new Error(`container rows of version ${bytes[0]} are not known`)
    const fields = JSON.parse(bytes.toString('utf8', 1)) as StoredFields
    const [putTimestamp, deleteTimestamp, reportedAt, objects, bytesUsed, policyIndex] = fields
    return { name, putTimestamp, deleteTimestamp, reportedAt, objects, bytes: bytesUsed, policyIndex }
  },
}

type StoredFields = readonly [Timestamp, Timestamp, Timestamp, number, number, number]
