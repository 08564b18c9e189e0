/**
 * Access rules of users: which requests their application credentials are good for (Identity API v3, "Access Rules"). They
 * stay when a credential goes, and go only when no credential has them any more.
 */
import type { AccessRule } from '#auth/access-rules.ts'
import { itemsIn, textOr, textsIn } from './written.ts'

/** Most of one user: they are in the user's record. */
export const RULES_MAX = 1000

export interface OwnedRule extends AccessRule {
  readonly id: string
}

export interface AccessRules {
  readonly accessRules?: readonly OwnedRule[] | undefined
}

/** What a new credential is to have: a rule of the user by its id, or one that may be new, with an id for that case. */
export type WantedRule =
  | { readonly kind: 'known'; readonly id: string }
  | { readonly kind: 'told'; readonly rule: OwnedRule }

/** Rules of an application credential. */
export interface RuleIds {
  /** One of them each request must obey; `undefined`: every request is let in. */
  readonly accessRuleIds?: readonly string[] | undefined
}

/** Those that a credential has; `undefined` where no request is refused. */
export function rulesOf(
  { accessRules = [] }: AccessRules,
  credential: RuleIds | undefined,
): readonly OwnedRule[] | undefined {
  const ids = credential?.accessRuleIds
  return ids && accessRules.filter(({ id }) => ids.includes(id))
}

/** The rules of the user with those that are wanted, and the ids of these; a rule is made once. */
export function withRules(
  { accessRules: there = [] }: AccessRules,
  wanted: readonly WantedRule[],
): { readonly accessRules: readonly OwnedRule[]; readonly ids: readonly string[] } | 'unknown' | 'full' {
  const all = [...there]
  const ids = new Set<string>()
  for (const one of wanted) {
    const known = all.find((rule) => (one.kind === 'known' ? rule.id === one.id : isSame(rule, one.rule)))
    if (known === undefined && one.kind === 'known') return 'unknown'
    if (known === undefined && one.kind === 'told') all.push(one.rule)
    ids.add(known?.id ?? (one.kind === 'told' ? one.rule.id : one.id))
  }
  return all.length > RULES_MAX ? 'full' : { accessRules: all, ids: [...ids] }
}

function isSame(one: AccessRule, other: AccessRule): boolean {
  return one.service === other.service && one.method === other.method && one.path === other.path
}

/** What a record has written of a user. */
export function accessRulesIn(written: unknown): AccessRules {
  if (written === undefined) return {}
  const accessRules = itemsIn(written).map(({ id, service, method, path }) => ({
    id: textOr(id, ''),
    service: textOr(service, ''),
    method: textOr(method, ''),
    path: textOr(path, ''),
  }))
  return { accessRules }
}

/** What a record has written of a credential. What is not understood lets nothing through. */
export function ruleIdsIn(written: unknown): RuleIds {
  return written === undefined ? {} : { accessRuleIds: textsIn(written) }
}
