/**
 * What happened in a run, in order: every line goes into one hash, so that two runs can be compared by a single text,
 * and the latest lines are kept for whoever must understand a failure.
 */
import { createHash, type Hash } from 'node:crypto'

/** Lines kept of a run, for the history of a failure. */
const KEPT_LINES_MAX = 60_000

export class EventLog {
  readonly #hash: Hash = createHash('sha256')
  readonly #nowMs: () => number
  #lines: string[] = []
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
    this.#hash.update(line)
    this.#count += 1
    if (this.#lines.length >= KEPT_LINES_MAX) this.#lines = this.#lines.slice(KEPT_LINES_MAX / 2)
    this.#lines.push(line)
  }

  /** SHA-256 over all events so far, hex. */
  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  /** The kept events that contain any of these texts, oldest first, `limit` of the latest. */
  about(texts: readonly string[], limit: number): readonly string[] {
    const found = this.#lines.filter((line) => texts.some((text) => line.includes(text)))
    return found.slice(-limit).map((line) => line.trimEnd())
  }
}
