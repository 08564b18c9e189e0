/**
 * Whether a device may be used. A failed sync, a read-only remount or an operation that does not end marks it failed,
 * and it stays failed until an operator (or a restart) has looked at it: what the disk holds after such an event is not
 * what it said it holds. Where only room was missing, or the filesystem was read-only, its process is started again by
 * itself once that is over (`node/device-return.ts`).
 */

export type FailureKind = 'passing' | 'lasting'

export interface DeviceFailure {
  readonly reason: string
  /** `passing`: what the disk holds is what it said it holds (`passing-failure.ts`). */
  readonly kind: FailureKind
  /** Wall clock, milliseconds. */
  readonly sinceMs: number
}

export class DeviceHealth {
  readonly #wallMs: () => number
  readonly #listeners: ((failure: DeviceFailure) => void)[] = []
  #failure: DeviceFailure | undefined

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs
  }

  /** Why the device is out of use; `undefined` while it is fine. */
  get failure(): DeviceFailure | undefined {
    return this.#failure
  }

  /** Takes the device out of use. The first reason is kept; a lasting failure behind a passing one makes it lasting. */
  fail(reason: string, kind: FailureKind = 'lasting'): void {
    if (this.#failure !== undefined) {
      if (kind === 'lasting') this.#failure = { ...this.#failure, kind }
      return
    }
    this.#failure = { reason, kind, sinceMs: this.#wallMs() }
    for (const listener of this.#listeners) listener(this.#failure)
  }

  /** Somebody looked at the device and found it usable. */
  clear(): void {
    this.#failure = undefined
  }

  /** Called once for every failure, with its reason. */
  onFailure(listener: (failure: DeviceFailure) => void): void {
    this.#listeners.push(listener)
  }
}
