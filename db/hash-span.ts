/** Ranges of hashes as what they are in the store. */
import type { DatabasePartition, HashSpan } from './contract.ts'

const HASH_DIGITS = 32
const HEAD_DIGITS = 8
const TWO_TO_32 = 2 ** 32

/** The hashes of a partition. */
export function spanOf({ partPower, partition }: DatabasePartition): HashSpan {
  const width = 2 ** (32 - partPower)
  const end = (partition + 1) * width
  return { first: digits(partition * width), end: end >= TWO_TO_32 ? undefined : digits(end) }
}

/** The partition that a hash of 32 hex digits lies in. */
export function partitionOfHash(hash: string, partPower: number): number {
  return Math.floor(Number.parseInt(hash.slice(0, HEAD_DIGITS), 16) / 2 ** (32 - partPower))
}

/** The hash right after this one, `undefined` after the last: where to go on. */
export function afterHash(hash: string): string | undefined {
  const next = (BigInt(`0x${hash}`) + 1n).toString(16).padStart(HASH_DIGITS, '0')
  return next.length > HASH_DIGITS ? undefined : next
}

function digits(head: number): string {
  return head.toString(16).padStart(HEAD_DIGITS, '0').padEnd(HASH_DIGITS, '0')
}
