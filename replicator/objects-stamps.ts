/**
 * Writes down when partitions were last equal with their peers: at once where something changed, together and now and
 * then where nothing did, so that a pass in which all is equal writes nothing.
 */
import type { PartitionRange } from '#backend/range-states.ts'
import type { SyncLedger } from '#backend/sync-ledger.ts'
import { isFresh, NO_STAMP, type SyncStamp } from '#backend/sync-stamp.ts'
import type { Clock } from '#base/environment.ts'
import { EMPTY_UNIT, type UnitDigest } from '#object-server/replication/unit-digests.ts'

export class StampBook {
  readonly #ledger: SyncLedger
  readonly #clock: Clock
  /** The digest that a partition had when its stamp was written. */
  readonly #digests = new Map<string, Buffer>()
  #waiting: { readonly range: PartitionRange; readonly stamp: SyncStamp }[] = []

  constructor(ledger: SyncLedger, clock: Clock) {
    this.#ledger = ledger
    this.#clock = clock
  }

  /** All primaries hold the same since `atMs`. Written with the next `flush`, if it says anything new. */
  note(range: PartitionRange, unit: UnitDigest | undefined, atMs: number): void {
    const digest = (unit ?? EMPTY_UNIT).digest
    const key = `${range.partPower} ${range.partition}`
    const { allMs, stale } = this.#ledger.stamp(range)
    const isSame = this.#digests.get(key)?.equals(digest) === true
    if (isSame && !stale && isFresh(allMs, this.#clock.wallMs())) return
    this.#digests.set(key, digest)
    this.#waiting.push({ range, stamp: { ...NO_STAMP, touchedMs: atMs, majorityMs: atMs, allMs: atMs } })
  }

  async write(range: PartitionRange, stamp: SyncStamp): Promise<void> {
    await this.#ledger.write([{ range, stamp }])
  }

  /** Forgets what was noted since the last `flush`. */
  drop(): void {
    this.#waiting = []
    this.#digests.clear()
  }

  async flush(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    await this.#ledger.write(waiting)
  }
}
