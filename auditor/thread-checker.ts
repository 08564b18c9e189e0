/**
 * Checks files in a thread, so that CRCs and MD5s of gigabytes do not stand between clients and this process's loop. The
 * thread starts with the first file and ends when it has had nothing to do for a while: a pass that is over costs no
 * memory.
 */
import { Piscina } from 'piscina'
import type { SliceJob, SliceOutcome } from './data-check.ts'
import type { DataChecker } from './data-checker.ts'

/** Longer than the rests between two slices at a low rate, milliseconds. */
const IDLE_MS = 15_000

export class ThreadChecker implements DataChecker {
  #pool: Piscina<SliceJob, SliceOutcome> | undefined

  /** A thread that breaks down checked nothing: the file is looked at again in the next pass. */
  async check(job: SliceJob): Promise<SliceOutcome> {
    this.#pool ??= new Piscina<SliceJob, SliceOutcome>({
      filename: new URL('./check-task.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
    })
    try {
      return await this.#pool.run(job)
    } catch {
      return { kind: 'forgotten' }
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    await pool?.destroy()
  }
}
