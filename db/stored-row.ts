/** A row with the number of its latest change, as it lies in the store: six bytes of sequence, then the kind's own bytes. */
import type { RowKind } from './row-kind.ts'

export interface StoredRow<Row> {
  readonly row: Row
  readonly sequence: number
}

const SEQUENCE_BYTES = 6

export function encodeStored<Row>(kind: RowKind<Row>, { row, sequence }: StoredRow<Row>): Buffer {
  const number = Buffer.alloc(SEQUENCE_BYTES)
  number.writeUIntBE(sequence, 0, SEQUENCE_BYTES)
  return Buffer.concat([number, kind.encode(row)])
}

export function decodeStored<Row>(
  kind: RowKind<Row>,
  name: string,
  group: number,
  bytes: Buffer,
): StoredRow<Row> {
  return {
    sequence: bytes.readUIntBE(0, SEQUENCE_BYTES),
    row: kind.decode(name, group, bytes.subarray(SEQUENCE_BYTES)),
  }
}

/** The bytes of the row itself, to tell whether a merge changed it. */
export function rowBytes(stored: Buffer): Buffer {
  return stored.subarray(SEQUENCE_BYTES)
}
