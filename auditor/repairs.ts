/**
 * Copies that were found bad and asked to be made good: each is read back when it is said to be healed. A pass waits for
 * them at its end, for a while; what is not healed by then is found again by the next pass, because its entry says *lost*.
 */
import type { Clock } from '#base/environment.ts'
import type { CopyToRepair, ObjectRepairs } from '#object-server/replication/repairs.ts'
import type { Pass } from '#worker/pass.ts'

export interface RepairsOptions {
  readonly clock: Clock
  readonly repairs: ObjectRepairs
  /** Reads the copy back whole. */
  readonly verify: (copy: CopyToRepair) => Promise<'good' | 'bad' | 'gone'>
}

/** How long the end of a pass waits for copies that are being made good, milliseconds. */
const PATIENCE_MS = 60_000

export class PassRepairs {
  readonly #options: RepairsOptions
  readonly #pass: Pass
  readonly #underWay = new Map<string, Promise<void>>()

  constructor(options: RepairsOptions, pass: Pass) {
    this.#options = options
    this.#pass = pass
  }

  /** Asks once for a copy, however often it is found. */
  ask(copy: CopyToRepair): void {
    const key = `${copy.policyIndex} ${copy.hash}`
    if (this.#underWay.has(key)) return
    const repair = this.#repair(copy).then(() => {
      this.#underWay.delete(key)
    })
    this.#underWay.set(key, repair)
  }

  /** Resolves when all are settled, or patience has ended; the others are counted as waiting. */
  async settle(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const timeUp = new AbortController()
    const patience = clock.sleep(PATIENCE_MS, AbortSignal.any([signal, timeUp.signal])).catch(() => {})
    await Promise.race([Promise.all(this.#underWay.values()), patience])
    timeUp.abort()
    if (this.#underWay.size > 0) this.#pass.count('waiting', 'repairs', this.#underWay.size)
  }

  async #repair(copy: CopyToRepair): Promise<void> {
    const outcome = await this.#options.repairs.repair(copy)
    if (outcome !== 'healed') {
      this.#pass.count('waiting', outcome)
      return
    }
    const verdict = await this.#options.verify(copy)
    if (verdict === 'bad') this.#pass.count('waiting', 'bad_after_repair')
    else this.#pass.count('repaired', 'healed')
  }
}
