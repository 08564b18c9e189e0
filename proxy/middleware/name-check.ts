/**
 * Refuses paths that an operator does not want in the cluster (OpenStack Swift, `common/middleware/name_check.py`, whose
 * texts these are). What is stored already stays, and cannot be reached any more.
 */
import type { Response } from '#http/message.ts'
import { HTML_TYPE, textAnswer } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'

export interface NameRules {
  /** None of these characters may be in a path. */
  readonly forbiddenCharacters: string
  /** Longest path, bytes, decoded. */
  readonly maximumLength: number
  /** No part of a path may match it; empty for none. From the operator, whose word it is how long it takes. */
  readonly forbiddenPattern: string
}

export function nameCheck(rules: NameRules): ProxyLayer {
  const pattern = rules.forbiddenPattern === '' ? undefined : new RegExp(rules.forbiddenPattern, 'u')
  const forbidden = new Set(rules.forbiddenCharacters)
  return (inner) => async (transaction) =>
    refusalOf(transaction.path, rules, forbidden, pattern) ?? inner(transaction)
}

function refusalOf(
  path: string,
  rules: NameRules,
  forbidden: ReadonlySet<string>,
  pattern: RegExp | undefined,
): Response | undefined {
  for (const character of path) {
    if (forbidden.has(character)) return refused(`contains forbidden chars from ${rules.forbiddenCharacters}`)
  }
  if (Buffer.byteLength(path) > rules.maximumLength) {
    return refused(`longer than the allowed maximum ${rules.maximumLength}`)
  }
  if (pattern?.test(path) !== true) return undefined
  return refused(`contains a forbidden substring from regular expression ${rules.forbiddenPattern}`)
}

function refused(problem: string): Response {
  return textAnswer(400, `Object/Container/Account name ${problem}`, HTML_TYPE)
}
