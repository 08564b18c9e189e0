/** A promise that a simulated cluster broke: the run ends, and its seed is kept. */
export class Violation extends Error {
  /** Which check found it: `stale_read`, `torn_object`, … */
  readonly check: string
  /** Whose history explains it: paths and hosts as they stand in the event log. */
  readonly about: readonly string[]

  constructor(check: string, message: string, about: readonly string[]) {
    super(`${check}: ${message}`)
    this.name = 'Violation'
    this.check = check
    this.about = about
  }
}
