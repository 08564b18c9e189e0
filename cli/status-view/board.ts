/**
 * What the page in the browser is made from: the state of the cluster, asked again when somebody looks and it is older
 * than a moment, and how its most telling figures went while somebody looked.
 */
import type { ClusterStatus } from '../status-summary.ts'

/** The figures at one moment. */
export interface Sample {
  readonly atMs: number
  /** Objects that have fewer good copies than they should, of all policies. */
  readonly lacking: number
  /** What waits in the queues of the workers. */
  readonly queued: number
}

export interface Board {
  readonly status: ClusterStatus
  /** The oldest first, the present one last. */
  readonly samples: readonly Sample[]
}

/** Several people who look at once cost the cluster no more than one. Milliseconds. */
const FRESH_MS = 1_500
/** Ten minutes at the pace of the page. */
const SAMPLES_MAX = 300

export class StatusBoard {
  readonly #ask: () => Promise<ClusterStatus>
  readonly #nowMs: () => number
  #samples: Sample[] = []
  #current: Promise<Board> | undefined
  #askedMs = 0

  /** `nowMs`: a clock that never goes back. */
  constructor(ask: () => Promise<ClusterStatus>, nowMs: () => number) {
    this.#ask = ask
    this.#nowMs = nowMs
  }

  /** Rejects as asking does; the next one asks again. */
  current(): Promise<Board> {
    const nowMs = this.#nowMs()
    if (this.#current !== undefined && nowMs - this.#askedMs < FRESH_MS) return this.#current
    this.#askedMs = nowMs
    const asked = this.#look()
    this.#current = asked
    asked.catch(() => {
      if (this.#current === asked) this.#current = undefined
    })
    return asked
  }

  async #look(): Promise<Board> {
    const status = await this.#ask()
    this.#samples = [...this.#samples, sampleOf(status)].slice(-SAMPLES_MAX)
    return { status, samples: this.#samples }
  }
}

function sampleOf({ nowMs, copies, workers }: ClusterStatus): Sample {
  const lacking = copies.reduce((sum, { objects }) => sum + objects, 0)
  return { atMs: nowMs, lacking, queued: workers.reduce((sum, { live }) => sum + waitingIn(live), 0) }
}

/** Live figures are counts of what waits, and ages. */
function waitingIn(live: Readonly<Record<string, number>>): number {
  return Object.entries(live).reduce(
    (sum, [name, value]) => (name.endsWith('_seconds') ? sum : sum + value),
    0,
  )
}
