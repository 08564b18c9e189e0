/**
 * An order-independent digest of a set of rows: the exclusive or of one hash per row. Adding a row and taking it out are
 * the same operation, so the digest follows every change without looking at other rows. Not meant to resist somebody who
 * chooses names to make two sets look equal; it tells replicas of honest servers apart.
 */
import { hash } from 'node:crypto'

export const DIGEST_BYTES = 16

/** The digest of no rows. */
export function emptyDigest(): Buffer {
  return Buffer.alloc(DIGEST_BYTES)
}

/** The hash of one row, from its fields. */
export function rowDigest(fields: readonly (string | number)[]): Buffer {
  return hash('md5', JSON.stringify(fields), 'buffer')
}

/** Puts a row into the digest, or takes it out. Changes `digest`. */
export function toggle(digest: Buffer, row: Buffer): void {
  for (let at = 0; at < DIGEST_BYTES; at += 4) {
    digest.writeUInt32BE((digest.readUInt32BE(at) ^ row.readUInt32BE(at)) >>> 0, at)
  }
}

/** The digest of two disjoint sets together. */
export function combined(left: Buffer, right: Buffer): Buffer {
  const both = Buffer.from(left)
  toggle(both, right)
  return both
}
