/**
 * Identifiers in the form of OpenStack Swift, which its log tools take apart:
 * `tx` + 21 random hex digits + `-` + ten hex digits of the time in seconds + a suffix.
 */
import type { Environment } from '#base/environment.ts'

const BYTES_PER_ID = 11
const DIGITS = 21
/** Random bytes are drawn for this many identifiers at once. */
const BATCH = 256
/** A client may append this much of its own (`X-Trans-Id-Extra`). */
const EXTRA_CHARACTERS_MAX = 32

export class TransactionIds {
  readonly #environment: Pick<Environment, 'clock' | 'random'>
  readonly #suffix: string
  #drawn = ''
  #at = 0

  /** `suffix` tells clusters apart (Swift `trans_id_suffix`); usually empty. */
  constructor(environment: Pick<Environment, 'clock' | 'random'>, suffix: string) {
    this.#environment = environment
    this.#suffix = encodeURIComponent(suffix)
  }

  next(extra: string | undefined): string {
    if (this.#at >= this.#drawn.length) this.#draw()
    const random = this.#drawn.slice(this.#at, this.#at + DIGITS)
    this.#at += BYTES_PER_ID * 2
    const seconds = Math.floor(this.#environment.clock.wallMs() / 1000)
    const suffix = extra === undefined || extra === '' ? this.#suffix : this.#suffixWith(extra)
    return `tx${random}-${seconds.toString(16).padStart(10, '0')}${suffix}`
  }

  #draw(): void {
    this.#drawn = this.#environment.random.bytes(BYTES_PER_ID * BATCH).toString('hex')
    this.#at = 0
  }

  #suffixWith(extra: string): string {
    return `${this.#suffix}-${encodeURIComponent(extra.slice(0, EXTRA_CHARACTERS_MAX))}`
  }
}
