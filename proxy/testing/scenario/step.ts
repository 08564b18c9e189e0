/** What one step of the scenario is, who sends it, and the two ways in which most steps are written. */

/** Who sends a step: users that both clusters have (`auth/users.ts`, DEVELOPMENT_USERS). */
export const CALLERS = {
  /** Administrator of `AUTH_test`. */
  owner: { user: 'test:tester', key: 'testing' },
  /** Without rights, same tenant. */
  member: { user: 'test:tester3', key: 'testing3' },
  /** Administrator of another account, `AUTH_test2`. */
  stranger: { user: 'test2:tester2', key: 'testing2' },
  /** Administrator of every account. */
  reseller: { user: 'admin:admin', key: 'admin' },
} as const

export type Caller = keyof typeof CALLERS

export interface Step {
  /** Unique; the key of the recorded answer. */
  readonly name: string
  /** Sends the token of this caller; without it the step is anonymous. */
  readonly as?: Caller
  readonly method: string
  /** Percent-encoded path and query, bytes beyond ASCII as latin1. */
  readonly target: string
  /** Names in any case. Values may hold `<now+SECONDS>`, the time of sending plus a number of seconds. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** How the body's end is told: `length` (default when there is a body), `chunked`, or not at all. */
  readonly framing?: 'length' | 'chunked' | 'none'
}

/** A step by the owner of `AUTH_test`. */
export function own(name: string, method: string, target: string, rest: Partial<Step> = {}): Step {
  return { name, as: 'owner', method, target, ...rest }
}

/** A step by nobody in particular. */
export function anonymous(name: string, method: string, target: string, rest: Partial<Step> = {}): Step {
  return { name, method, target, ...rest }
}

export const ACCOUNT = '/v1/AUTH_test'
export const HELLO = { body: 'hello world', headers: { 'Content-Type': 'text/plain' } }
