/**
 * Options of users, projects, domains and roles (Identity API v3, "Resource options"): a closed list for each, kept as they
 * were given. What they do is where it is done.
 */
import { type Members, membersIn } from './written.ts'

/** Stands against every change but its own end, and against removal. */
export const IMMUTABLE = 'immutable'

export const RESOURCE_OPTIONS = [IMMUTABLE]

/** `multi_factor_auth_rules` is a list of lists of names of methods, the others are true or false. */
const RULES = 'multi_factor_auth_rules'
export const USER_OPTIONS = [
  'ignore_change_password_upon_first_use',
  'ignore_password_expiry',
  'ignore_lockout_failure_attempts',
  'lock_password',
  'ignore_user_inactivity',
  'multi_factor_auth_enabled',
  RULES,
]

/** What a record has written; `undefined` when nothing. */
export function optionsIn(written: unknown): { readonly options?: Members } {
  const options = membersIn(written)
  return Object.keys(options).length === 0 ? {} : { options }
}

/** `null` takes an option away. */
export function changedOptions(
  before: Members | undefined,
  given: unknown,
): { readonly options?: Members | undefined } {
  if (given === undefined) return { options: before }
  const next = Object.entries({ ...before, ...membersIn(given) }).filter(([, value]) => value !== null)
  return { options: next.length === 0 ? undefined : Object.fromEntries(next) }
}

/** What is wrong with the options of a request, if anything. */
export function whyWrongOptions(given: unknown, known: readonly string[]): string | undefined {
  if (given === undefined) return undefined
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return `Invalid input for field 'options': an object is needed`
  }
  const wrong = Object.entries(given).find(([name, value]) => !known.includes(name) || !isGood(name, value))
  return wrong === undefined ? undefined : `Invalid input for field 'options/${wrong[0]}'`
}

function isGood(name: string, value: unknown): boolean {
  if (value === null) return true
  return name === RULES ? isRules(value) : typeof value === 'boolean'
}

/** No list is empty, and nothing is in a list twice. */
function isRules(value: unknown): boolean {
  if (!Array.isArray(value) || hasTwice(value.map((one) => JSON.stringify(one)))) return false
  return value.every(
    (one) =>
      Array.isArray(one) && one.length > 0 && one.every((text) => typeof text === 'string') && !hasTwice(one),
  )
}

function hasTwice(values: readonly unknown[]): boolean {
  return new Set(values).size < values.length
}

export function isImmutable({ options }: { readonly options?: Members | undefined }): boolean {
  return options?.[IMMUTABLE] === true
}

/** Whether a change of something immutable does nothing but end that. */
export function endsImmutability(given: Members): boolean {
  const options = membersIn(given['options'])
  return Object.keys(given).length === 1 && IMMUTABLE in options && options[IMMUTABLE] !== true
}
