/**
 * What is used of one quota: as it was last read, what uploads added since, and what those under way may still add.
 *
 * What ended while the figures were being read may be in them or not, and is counted; so a tally is never too low for
 * what passed through it, and may be too high for a moment.
 */
import type { Clock } from '#base/environment.ts'
import type { QuotaLimits } from './quota-limits.ts'
import { NOTHING, sumOf, type Usage } from './quota-usage.ts'

/** Figures are read anew after so long, milliseconds: others than uploads change them too. */
const LIVES_MS = 60_000
/** Before somebody is refused they are read anew, but not more often than this. */
const REFUSAL_LIVES_MS = 100

export class Tally {
  readonly #clock: Clock
  #read: Usage | undefined
  #readAtMs = Number.NEGATIVE_INFINITY
  #added: Usage = NOTHING
  #addedWhileReading: Usage = NOTHING
  #underWay: Usage = NOTHING
  #reading: Promise<void> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Nobody uses it now, and what it knows has aged. */
  get isIdle(): boolean {
    return this.#underWay.count === 0 && this.#reading === undefined && this.#ageMs > LIVES_MS
  }

  /** Makes sure that there are figures. */
  async prepare(read: () => Promise<Usage | undefined>): Promise<void> {
    if (this.#read === undefined || this.#ageMs > LIVES_MS) await this.#refresh(read)
  }

  /** What of `mostBytes` there is room for by what is known, at least `least`; `undefined` when there is not. */
  room({ bytes, count }: QuotaLimits, least: Usage, mostBytes: number): number | undefined {
    const used = sumOf(sumOf(this.#read ?? NOTHING, this.#added), this.#underWay)
    if (count !== undefined && used.count + least.count > count) return undefined
    if (bytes === undefined) return mostBytes
    if (used.bytes + least.bytes > bytes) return undefined
    return Math.min(mostBytes, bytes - used.bytes)
  }

  /** Reads the figures anew, before somebody is refused for them, unless that was done just now. */
  async lookAgain(read: () => Promise<Usage | undefined>): Promise<void> {
    if (this.#ageMs >= REFUSAL_LIVES_MS) await this.#refresh(read)
  }

  reserve(amount: Usage): void {
    this.#underWay = sumOf(this.#underWay, amount)
  }

  /** What was reserved is over; `stored` of it came to be. */
  settle(reserved: Usage, stored: Usage): void {
    this.#underWay = sumOf(this.#underWay, { bytes: -reserved.bytes, count: -reserved.count })
    this.#added = sumOf(this.#added, stored)
    this.#addedWhileReading = sumOf(this.#addedWhileReading, stored)
  }

  get #ageMs(): number {
    return this.#clock.monotonicMs() - this.#readAtMs
  }

  #refresh(read: () => Promise<Usage | undefined>): Promise<void> {
    this.#reading ??= this.#readNow(read).finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readNow(read: () => Promise<Usage | undefined>): Promise<void> {
    this.#addedWhileReading = NOTHING
    const figures = await read()
    // Without any figures nobody is held up; with old ones those count.
    if (figures === undefined) return
    this.#read = figures
    this.#readAtMs = this.#clock.monotonicMs()
    this.#added = this.#addedWhileReading
  }
}
