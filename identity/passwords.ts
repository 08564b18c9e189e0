/**
 * Passwords, hashed (`auth/user-key.ts`). Hashing is made to be slow; a few at a time, so that the threads which read and
 * write files have the processor too.
 */
import { type HashCost, hashKey, keyMatches } from '#auth/user-key.ts'
import type { Random } from '#base/environment.ts'

/** Hashes under way at the same moment in one process. */
const LANES = 2

export class Passwords {
  readonly #random: Random
  readonly #cost: HashCost | undefined
  #free = LANES
  readonly #waiting: (() => void)[] = []
  #decoy: string | undefined

  /** `cost` of new hashes, where it is not the usual one. */
  constructor(random: Random, cost?: HashCost) {
    this.#random = random
    this.#cost = cost
  }

  hash(password: string): Promise<string> {
    return this.#inTurn(() => hashKey(password, this.#random, this.#cost))
  }

  matches(hash: string, password: string): Promise<boolean> {
    return this.#inTurn(() => keyMatches(hash, password))
  }

  /** Takes as long as a comparison, where there is nothing to compare with: nobody learns who exists. */
  async decoy(password: string): Promise<void> {
    this.#decoy ??= await this.hash('')
    await this.matches(this.#decoy, password)
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((go) => this.#waiting.push(go))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
