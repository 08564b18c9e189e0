/** What a policy says to one request: an explicit denial wins over everything, an allowance over saying nothing. */
import type { BucketPolicy, Statement } from './bucket-policy.ts'
import { matchesPrincipal } from './principals.ts'
import type { PolicyQuestion } from './question.ts'
import { matchesAny } from './text-pattern.ts'
import { matchesPattern } from './wildcard.ts'

export type PolicyVerdict = 'allow' | 'deny' | 'silent'

export function evaluatePolicy({ statements }: BucketPolicy, question: PolicyQuestion): PolicyVerdict {
  let verdict: PolicyVerdict = 'silent'
  for (const statement of statements) {
    // One allowance is as good as several; only denials can still change it.
    if (verdict === 'allow' && statement.effect === 'Allow') continue
    if (!isMeant(statement, question)) continue
    if (statement.effect === 'Deny') return 'deny'
    verdict = 'allow'
  }
  return verdict
}

function isMeant(statement: Statement, { caller, action, resource, values }: PolicyQuestion): boolean {
  const { principals, actions, resources, conditions } = statement
  const name = action.toLowerCase()
  const isAction = actions.items.some((pattern) => matchesPattern(pattern, name))
  if (isAction !== (actions.of === 'these')) return false
  if (matchesPrincipal(principals.items, caller) !== (principals.of === 'these')) return false
  if (matchesAny(resources.items, resource, values) !== (resources.of === 'these')) return false
  return conditions.every(({ holds }) => holds(values))
}
