/** A proxy that dies in the middle of an operation, at a step that a test chooses. */
import type { Store } from '#store/contract.ts'

export const DIED = new Error('the process died')

/** Counts the steps of a process, which dies before one of them: nothing is sent any more. */
export class DyingProcess {
  readonly #lastStep: number
  #taken = 0

  /** `step` is the one that is not taken any more, from 1. */
  constructor(step: number) {
    this.#lastStep = step
  }

  /** Has it come to the step that is not taken? */
  get isDead(): boolean {
    return this.#taken >= this.#lastStep
  }

  step<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#taken += 1
    return this.#taken >= this.#lastStep ? Promise.reject(DIED) : work()
  }

  /** The store as the process has it. */
  store(core: Store): Store {
    return inSteps(core, (work) => this.step(work))
  }
}

/** A store whose process dies before a step. */
export function dyingAt(core: Store, step: number): Store {
  return new DyingProcess(step).store(core)
}

/** Does one step of a process, or does not. */
export type TakeStep = <Result>(work: () => Promise<Result>) => Promise<Result>

/** The store of a process whose every step is taken by somebody else. */
export function inSteps(core: Store, take: TakeStep): Store {
  const { accounts, containers, objects } = core
  return {
    accounts,
    containers: {
      info: (context, name) => containers.info(context, name),
      read: (context, name, options) => take(() => containers.read(context, name, options)),
      put: (context, name, put) => take(() => containers.put(context, name, put)),
      post: (context, name, changes) => take(() => containers.post(context, name, changes)),
      delete: (context, name) => take(() => containers.delete(context, name)),
    },
    objects: {
      read: (context, name, options) => take(() => objects.read(context, name, options)),
      put: (context, name, put) => take(() => objects.put(context, name, put)),
      post: (context, name, post) => take(() => objects.post(context, name, post)),
      delete: (context, name, options) => take(() => objects.delete(context, name, options)),
    },
  }
}

/** What an operation came to whose process died; throws what is another error. */
export function asDeath(error: unknown): { readonly kind: 'died' } {
  if (error !== DIED) throw error
  return { kind: 'died' }
}
