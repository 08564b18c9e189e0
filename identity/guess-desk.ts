/**
 * Holds up those who guess passwords. Wrong ones are counted per user and address, and per user from everywhere, at the user's
 * desk (`store/desk/`), so that the number of proxies multiplies nobody's chances. After too many, every attempt of that user
 * from that address (or from everywhere) is refused for a while, the right password too.
 *
 * From one address few are enough; from everywhere it takes ten times as many, so that a stranger cannot lock somebody out
 * with little effort. Nothing of it is kept over a restart.
 */
import { AgingLru } from '#base/aging-lru.ts'
import type { Clock } from '#base/environment.ts'
import type { Desk, Desks } from '#store/desk/peer-desks.ts'

export interface GuessLimits {
  /** Wrong passwords from one address; 0: nobody is held up. */
  readonly failures: number
  /** For how long failures are remembered and attempts refused, milliseconds. */
  readonly holdMs: number
}

export interface Attempt {
  readonly user: string
  readonly address: string
}

const SORT = 'guess'
/** Users and addresses that are remembered. */
const KEYS_MAX = 100_000
/** From everywhere, as often as from one address. */
const EVERYWHERE_FACTOR = 10

export class GuessDesk {
  readonly #limits: GuessLimits
  readonly #failures: AgingLru<number>

  constructor(clock: Clock, limits: GuessLimits) {
    this.#limits = limits
    this.#failures = new AgingLru(clock, KEYS_MAX)
  }

  /** For `PeerDesks`. */
  readonly answer: Desk = async ({ kind, step, user, address }) => {
    if (kind !== SORT || typeof user !== 'string' || typeof address !== 'string') return undefined
    if (step === 'failed') this.#countFailure({ user, address })
    if (step === 'succeeded') this.#failures.delete(keyOf({ user, address }))
    return { kind: this.#isHeld({ user, address }) ? 'held' : 'free' }
  }

  #countFailure(attempt: Attempt): void {
    for (const key of [keyOf(attempt), attempt.user]) {
      this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1, this.#limits.holdMs)
    }
  }

  #isHeld(attempt: Attempt): boolean {
    const { failures } = this.#limits
    if (failures === 0) return false
    const here = this.#failures.get(keyOf(attempt)) ?? 0
    const everywhere = this.#failures.get(attempt.user) ?? 0
    return here >= failures || everywhere >= failures * EVERYWHERE_FACTOR
  }
}

function keyOf({ user, address }: Attempt): string {
  return `${user}\0${address}`
}

/** Nobody has a longer name; whoever invents some shall not fill the memory with them. */
const NAME_CHARACTERS_MAX = 512

/** With a name that is no longer, and that cannot be mistaken for one together with an address. */
function bounded({ user, address }: Attempt): Attempt {
  return { user: user.slice(0, NAME_CHARACTERS_MAX).replaceAll('\0', ' '), address }
}

/** Whether the attempt may be looked at. Whoever cannot be asked holds nobody up. */
export async function isHeldUp(desks: Desks, attempt: Attempt): Promise<boolean> {
  const { user, address } = bounded(attempt)
  const answer = await desks.ask(`${SORT}/${user}`, { kind: SORT, step: 'may', user, address })
  return answer?.kind === 'held'
}

export async function tellOutcome(
  desks: Desks,
  attempt: Attempt,
  step: 'failed' | 'succeeded',
): Promise<void> {
  const { user, address } = bounded(attempt)
  await desks.ask(`${SORT}/${user}`, { kind: SORT, step, user, address })
}
