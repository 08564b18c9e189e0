/**
 * What a client is refused, as a value: functions give it back instead of what was asked of them, and `answers.ts` alone
 * turns it into a response. Statuses and the three forms of the body are those of OpenStack Glance.
 */
export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 416 | 431 | 499 | 500 | 503

export class Refusal {
  readonly status: RefusalStatus
  /** One sentence for whoever asked. */
  readonly message: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: RefusalStatus, message: string, headers: Readonly<Record<string, string>> = {}) {
    this.status = status
    this.message = message
    this.headers = headers
  }
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, message)
}

export function forbidden(message: string): Refusal {
  return new Refusal(403, message)
}

export function notFound(message: string): Refusal {
  return new Refusal(404, message)
}

export function conflict(message: string): Refusal {
  return new Refusal(409, message)
}

export function overLimit(message: string): Refusal {
  return new Refusal(413, message)
}

export function unavailable(message: string): Refusal {
  return new Refusal(503, message)
}

/** The first of them that refuses; a table of contents for checks in order. */
export function firstRefusal(checks: readonly (() => Refusal | undefined)[]): Refusal | undefined {
  for (const check of checks) {
    const refusal = check()
    if (refusal !== undefined) return refusal
  }
  return undefined
}
