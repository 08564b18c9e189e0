/** When a range of hashes on a device was last made equal with its peers, and its form in the store. */

/** Wall clock, milliseconds since the epoch; 0 for never. */
export interface SyncStamp {
  /** Begin of the last sync after which a majority of the primaries, this replica among them, held the same. */
  readonly majorityMs: number
  /** The same with every primary of the ring. */
  readonly allMs: number
  /** For a range that the ring gives to others: since when it is known that something of it lies here. */
  readonly noticedMs: number
  /** Out of touch for longer than the reclaim age, and not made equal since. */
  readonly stale: boolean
}

export const NO_STAMP: SyncStamp = { majorityMs: 0, allMs: 0, noticedMs: 0, stale: false }

const VERSION = 1
const STALE_FLAG = 1
/** Version, flags, three times of eight bytes. */
const STAMP_BYTES = 26

export function encodeStamp({ majorityMs, allMs, noticedMs, stale }: SyncStamp): Buffer {
  const bytes = Buffer.alloc(STAMP_BYTES)
  bytes[0] = VERSION
  bytes[1] = stale ? STALE_FLAG : 0
  bytes.writeDoubleBE(majorityMs, 2)
  bytes.writeDoubleBE(allMs, 10)
  bytes.writeDoubleBE(noticedMs, 18)
  return bytes
}

/** `undefined` for bytes of another version: the range counts as never made equal. */
export function decodeStamp(bytes: Buffer): SyncStamp | undefined {
  if (bytes.length !== STAMP_BYTES || bytes[0] !== VERSION) return undefined
  return {
    majorityMs: bytes.readDoubleBE(2),
    allMs: bytes.readDoubleBE(10),
    noticedMs: bytes.readDoubleBE(18),
    stale: ((bytes[1] ?? 0) & STALE_FLAG) !== 0,
  }
}
