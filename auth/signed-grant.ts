/**
 * What a signature in a request allows, in place of roles and access lists: one method on one object, and reading what
 * that object leads to (segments, a symlink's target) as far as the key reaches that signed it. Never more.
 */
import type { Action, Decision } from './decision.ts'

export interface SignedGrant {
  readonly method: string
  readonly name: { readonly account: string; readonly container: string; readonly object: string }
  /** What the object leads to may be read here; `nothing`: nowhere. */
  readonly reach: 'account' | 'container' | 'nothing'
}

const ALLOW: Decision = { kind: 'allow', owner: false }
const DENY: Decision = { kind: 'deny', status: 401 }

/** Allow or deny; a grant leaves nothing to the lists. */
export function decideByGrant(grant: SignedGrant, action: Action): Decision {
  return isSigned(grant, action) || isWithinReach(grant, action) ? ALLOW : DENY
}

function isSigned({ method, name }: SignedGrant, action: Action): boolean {
  return (
    action.method === method &&
    action.account === name.account &&
    action.container === name.container &&
    action.object === name.object
  )
}

/** Only what was signed may be read leads on to further reads; nothing leads on to a write. */
function isWithinReach({ method, name, reach }: SignedGrant, action: Action): boolean {
  if (reach === 'nothing' || !isRead(method) || !isRead(action.method)) return false
  // The account itself is no name that an object leads to.
  if (action.container === undefined || action.account !== name.account) return false
  return reach === 'account' || action.container === name.container
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
