/** The outcome of a check that a request does not pass: the answer it gets. Checks return it, they do not throw. */
import type { Response } from '#http/message.ts'

export class Refusal {
  readonly response: Response

  constructor(response: Response) {
    this.response = response
  }
}

/** Tells a refusal from the value that a passed check gives. */
export function isRefusal(outcome: unknown): outcome is Refusal {
  return outcome instanceof Refusal
}
