/**
 * How busy clients keep this process: the mean number of their requests under way, over the last second or so. Workers
 * that run gently ask it before they go on (`gait.ts`).
 */
import type { Clock } from '#base/environment.ts'
import type { Layer, Request } from '#http/message.ts'

/** Half of what was a second ago is forgotten in this time, milliseconds. */
const HALF_LIFE_MS = 500
const DECAY_PER_MS = Math.LN2 / HALF_LIFE_MS

/** Requests of other methods are between servers. */
const CLIENT_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE'])

export class Foreground {
  readonly #clock: Clock
  #underWay = 0
  #mean = 0
  #atMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#atMs = clock.monotonicMs()
  }

  /** A request began. Call the answer once when it is over. */
  enter(): () => void {
    this.#settle()
    this.#underWay += 1
    return () => {
      this.#settle()
      this.#underWay -= 1
    }
  }

  /** Mean number of requests under way lately; 0 when nobody comes. */
  load(): number {
    this.#settle()
    return this.#mean
  }

  /** Brings the mean up to this moment: since the last change the number under way was constant. */
  #settle(): void {
    const nowMs = this.#clock.monotonicMs()
    const kept = Math.exp(-DECAY_PER_MS * (nowMs - this.#atMs))
    this.#mean = this.#mean * kept + this.#underWay * (1 - kept)
    this.#atMs = nowMs
  }
}

/** Counts the requests that clients wait for, until their head is answered. */
export function countForeground(foreground: Foreground): Layer {
  return (inner) => async (request) => {
    if (!isForClient(request)) return inner(request)
    const left = foreground.enter()
    try {
      return await inner(request)
    } finally {
      left()
    }
  }
}

/** Workers of other devices say `X-Backend-Replication: true`, as Swift's do. */
function isForClient({ method, headers, path }: Request): boolean {
  if (!CLIENT_METHODS.has(method) || path.startsWith('/martlet/') || path.startsWith('/recon/')) return false
  return headers['x-backend-replication'] === undefined
}
