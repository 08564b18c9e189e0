/**
 * What happened in a run, in order: every line goes into one hash, so that two runs can be compared by a single text,
 * and the latest lines are kept for whoever must understand a failure.
 */
import { createHash, type Hash } from 'node:crypto'

/** The hash is given so much at a time, characters. */
const PIECE_LENGTH = 65_536
/** Lines kept of a run, for the history of a failure. */
const KEPT_LINES_MAX = 60_000

export class EventLog {
  readonly #hash: Hash = createHash('sha256')
  readonly #nowMs: () => number
  #lines: string[] = []
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
    const line = `${this.#nowMs().toFixed(3)} ${event}\n`
    this.#piece += line
    if (this.#piece.length >= PIECE_LENGTH) this.#flush()
    this.#count += 1
    if (this.#lines.length >= KEPT_LINES_MAX) this.#lines = this.#lines.slice(KEPT_LINES_MAX / 2)
    this.#lines.push(line)
  }

  /** SHA-256 over all events so far, hex. */
  digest(): string {
    this.#flush()
    return this.#hash.copy().digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#piece)
    this.#piece = ''
  }

  /** The kept events that contain any of these texts, oldest first, `limit` of the latest. */
  about(texts: readonly string[], limit: number): readonly string[] {
    const found = this.#lines.filter((line) => texts.some((text) => line.includes(text)))
    return found.slice(-limit).map((line) => line.trimEnd())
  }
}
