/**
 * What happened in a run, in order: every line goes into one hash, so that two runs can be compared by a single text,
 * and the latest lines are kept for whoever must understand a failure.
 */
import { createHash, type Hash } from 'node:crypto'

/** Lines are hashed, and kept, so many together, characters: a few long texts cost the collector less than many short ones. */
const PIECE_LENGTH = 65_536
/** Pieces kept of a run, for the history of a failure: about 60,000 lines. */
const KEPT_PIECES_MAX = 100

export class EventLog {
  readonly #hash: Hash = createHash('sha256')
  readonly #nowMs: () => number
  readonly #pieces: string[] = []
  #piece = ''
  #count = 0

  /** `nowMs`: virtual time since the start of the run. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Events so far. */
  get count(): number {
    return this.#count
  }

  /** Adds one event. */
  add(event: string): void {
    this.#piece += `${this.#nowMs().toFixed(3)} ${event}\n`
    this.#count += 1
    if (this.#piece.length >= PIECE_LENGTH) this.#flush()
  }

  /** SHA-256 over all events so far, hex. */
  digest(): string {
    this.#flush()
    return this.#hash.copy().digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#piece)
    this.#pieces.push(this.#piece)
    if (this.#pieces.length > KEPT_PIECES_MAX) this.#pieces.shift()
    this.#piece = ''
  }

  /** The kept events that contain any of these texts, oldest first, `limit` of the latest. */
  about(texts: readonly string[], limit: number): readonly string[] {
    const lines = [...this.#pieces, this.#piece].join('').split('\n')
    return lines.filter((line) => texts.some((text) => line.includes(text))).slice(-limit)
  }
}
