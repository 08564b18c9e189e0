/**
 * Makes a store stop at its first failed write. LevelDB goes on after an append to its log has failed; what it then
 * acknowledges lies behind a torn record, and recovery drops it together with that record. So writes of one store pass
 * one at a time, and after a write that failed, or did not end in time, every later one is refused until the store is
 * opened again. Reads go on: it is for whoever wrote to take the device out of service.
 */
import type { Clock, KvStore, Timer } from '#base/environment.ts'
import { kvError } from './kv-error.ts'

/** Longest time a write may take before the disk below counts as hung; that of `disk/disk-gate.ts`. Milliseconds. */
export const WRITE_DEADLINE_MS = 20_000

/** A timer that fires so late says that the process was stopped. Milliseconds. */
const STOPPED_MS = 2_000

type Write<Result> = () => Promise<Result>

/** Every writing method of the store goes through `pass` from now on. The same store is returned. */
export function aroundWrites(
  store: KvStore,
  pass: <Result>(write: Write<Result>) => Promise<Result>,
): KvStore {
  // Of `batch`, the form that collects operations in an object of its own is not supported.
  const guarded = (name: 'put' | 'del' | 'clear' | 'batch') => {
    const write = store[name].bind(store) as (...given: unknown[]) => Promise<void>
    return { [name]: (...given: unknown[]): Promise<void> => pass(() => write(...given)) }
  }
  return Object.assign(store, guarded('put'), guarded('del'), guarded('clear'), guarded('batch'))
}

/**
 * After the first write that fails, later ones reject with code `LEVEL_WRITES_REFUSED`. With a clock, a write that takes
 * longer than `WRITE_DEADLINE_MS` has failed, with code `LEVEL_WRITE_TIMEOUT`.
 */
export function failStop(store: KvStore, clock?: Clock): KvStore {
  const gate = new WriteGate(clock)
  return aroundWrites(store, (write) => gate.pass(write))
}

class WriteGate {
  readonly #clock: Clock | undefined
  #failure: unknown
  #failed = false
  /** Resolves when every write that came so far is over. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(clock: Clock | undefined) {
    this.#clock = clock
  }

  pass<Result>(write: Write<Result>): Promise<Result> {
    const turn = this.#last.then(() => this.#run(write))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #run<Result>(write: Write<Result>): Promise<Result> {
    if (this.#failed) {
      throw kvError(
        'LEVEL_WRITES_REFUSED',
        `an earlier write failed: ${String(this.#failure)}`,
        this.#failure,
      )
    }
    try {
      return await (this.#clock === undefined ? write() : this.#inTime(this.#clock, write))
    } catch (error) {
      this.#failed = true
      this.#failure = error
      throw error
    }
  }

  async #inTime<Result>(clock: Clock, write: Write<Result>): Promise<Result> {
    const late = Promise.withResolvers<never>()
    const wait = (): Timer => {
      const setMs = clock.monotonicMs()
      return clock.setTimer(WRITE_DEADLINE_MS, () => {
        // The process stood still: a write that has ended meanwhile is only about to be heard of.
        if (clock.monotonicMs() - setMs - WRITE_DEADLINE_MS > STOPPED_MS) timer = wait()
        else late.reject(kvError('LEVEL_WRITE_TIMEOUT', `a write did not end within ${WRITE_DEADLINE_MS} ms`))
      })
    }
    let timer = wait()
    try {
      return await Promise.race([write(), late.promise])
    } finally {
      timer.cancel()
    }
  }
}
