/**
 * Latencies in buckets that grow with the value (64 to an octave: an error below 1.6 %), so that millions of
 * measurements take 8 KiB and those of several processes can be added up. Values are whole microseconds.
 */

const SUB_BUCKETS = 64
/** Values below this have a bucket of their own. */
const EXACT_BELOW = 2 * SUB_BUCKETS
const OCTAVE_OF_FIRST = 7
const BUCKETS = EXACT_BELOW + (32 - OCTAVE_OF_FIRST) * SUB_BUCKETS

export class Latencies {
  readonly counts: Uint32Array
  maxMicros = 0

  constructor(counts: Uint32Array = new Uint32Array(BUCKETS)) {
    this.counts = counts
  }

  record(micros: number): void {
    const value = Math.max(0, Math.round(micros))
    const bucket = bucketOf(value)
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    if (value > this.maxMicros) this.maxMicros = value
  }

  add(other: Latencies): void {
    for (const [bucket, count] of other.counts.entries())
      this.counts[bucket] = (this.counts[bucket] ?? 0) + count
    this.maxMicros = Math.max(this.maxMicros, other.maxMicros)
  }

  /** Milliseconds that the given share (0 to 1) of all measurements stays within. 0 when there are none. */
  quantileMs(share: number): number {
    const total = this.counts.reduce((sum, count) => sum + count, 0)
    let left = Math.ceil(total * share)
    for (const [bucket, count] of this.counts.entries()) {
      left -= count
      if (left <= 0 && total > 0) return Math.min(upperEdge(bucket), this.maxMicros) / 1000
    }
    return 0
  }
}

function bucketOf(value: number): number {
  if (value < EXACT_BELOW) return value
  const octave = 31 - Math.clz32(value)
  const sub = (value >>> (octave - 6)) - SUB_BUCKETS
  return EXACT_BELOW + (octave - OCTAVE_OF_FIRST) * SUB_BUCKETS + sub
}

function upperEdge(bucket: number): number {
  if (bucket < EXACT_BELOW) return bucket
  const octave = Math.floor((bucket - EXACT_BELOW) / SUB_BUCKETS) + OCTAVE_OF_FIRST
  const sub = (bucket - EXACT_BELOW) % SUB_BUCKETS
  return (SUB_BUCKETS + sub + 1) * 2 ** (octave - 6) - 1
}
