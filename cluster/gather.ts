/**
 * Waits for the parallel parts of a write: for all of them, but not for ever once enough have answered. Slower parts go
 * on by themselves; nobody looks at their answers.
 */
import type { Clock, Timer } from '#base/environment.ts'

/** How long others get once the outcome is settled, milliseconds (OpenStack Swift `post_quorum_timeout`). */
export const POST_QUORUM_MS = 500

export interface GatherRules<Answer> {
  readonly clock: Clock
  /** The outcome is known and good enough: wait only `POST_QUORUM_MS` more. */
  readonly isSettled: (answers: readonly Answer[]) => boolean
  /** The outcome is known, though waiting might better it: wait `patienceMs` more at most. */
  readonly isDecided?: ((answers: readonly Answer[]) => boolean) | undefined
  readonly patienceMs?: number | undefined
}

/** The answers that came in time, in the order in which they came. The parts must not reject. */
export function gather<Answer>(
  parts: readonly Promise<Answer>[],
  rules: GatherRules<Answer>,
): Promise<readonly Answer[]> {
  return new Promise((resolve, reject) => {
    const answers: Answer[] = []
    let timer: { readonly timer: Timer; readonly stage: 'patience' | 'grace' } | undefined
    const finish = (): void => {
      timer?.timer.cancel()
      resolve(answers.slice())
    }
    const waitOnly = (stage: 'patience' | 'grace', delayMs: number): void => {
      timer?.timer.cancel()
      timer = { stage, timer: rules.clock.setTimer(delayMs, finish) }
    }
    const take = (answer: Answer): void => {
      answers.push(answer)
      if (answers.length === parts.length) finish()
      else if (timer?.stage !== 'grace' && rules.isSettled(answers)) waitOnly('grace', POST_QUORUM_MS)
      else if (timer === undefined && rules.isDecided?.(answers) === true) {
        waitOnly('patience', rules.patienceMs ?? POST_QUORUM_MS)
      }
    }
    for (const part of parts) part.then(take, reject)
    if (parts.length === 0) finish()
  })
}
