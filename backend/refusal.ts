/** The outcome of a check that a request does not pass: the answer it gets. Checks return it, they do not throw. */
import type { Response } from '#http/message.ts'
import { answer, textAnswer } from './answers.ts'

export class Refusal {
  readonly response: Response

  constructor(response: Response) {
    this.response = response
  }
}

/** A refusal with a sentence, or, where there is none, with the status' own explanation. */
export function refuseWith({ status, text }: { readonly status: number; readonly text: string }): Refusal {
  return new Refusal(text === '' ? answer(status) : textAnswer(status, text))
}

/** Tells a refusal from the value that a passed check gives. */
export function isRefusal(outcome: unknown): outcome is Refusal {
  return outcome instanceof Refusal
}
