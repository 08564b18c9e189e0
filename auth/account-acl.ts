/**
 * The access list of an account, `X-Account-Access-Control`: a JSON object that names users and tenants as
 * administrators, writers or readers (OpenStack Swift, tempauth: "Account ACLs"). It is stored as system metadata under
 * `ACCOUNT_ACL_SYSMETA`, so that only those who own the account see it.
 */
import { quoted } from './container-acl.ts'

export const ACCOUNT_ACL_HEADER = 'x-account-access-control'
export const ACCOUNT_ACL_SYSMETA = 'x-account-sysmeta-core-access-control'

export interface AccountAcl {
  readonly admin: readonly string[]
  readonly readWrite: readonly string[]
  readonly readOnly: readonly string[]
}

const MEMBERS = ['admin', 'read-write', 'read-only'] as const

export type CheckedAccountAcl =
  | { readonly kind: 'valid' }
  /** `reason` is Swift's text. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Checks what a client sent. An empty value is valid and removes the list. */
export function checkAccountAcl(written: string): CheckedAccountAcl {
  const text = Buffer.from(written, 'latin1').toString('utf8')
  const parsed = parseObject(text)
  if (parsed === undefined) return refused(`Syntax error in input (${quoted(text)})`)
  for (const key of Object.keys(parsed)) {
    if (!(MEMBERS as readonly string[]).includes(key)) return refused(`Key ${asciiJson(key)} not recognized`)
  }
  for (const key of MEMBERS) {
    const grantees = parsed[key]
    if (grantees === undefined) continue
    if (!Array.isArray(grantees)) return refused(`Value for key ${asciiJson(key)} must be a list`)
    if (!grantees.every((grantee) => typeof grantee === 'string')) {
      return refused(`Elements of ${asciiJson(key)} list must be strings`)
    }
  }
  return { kind: 'valid' }
}

function refused(reason: string): CheckedAccountAcl {
  return { kind: 'refused', reason }
}

/** Reads the stored list; `undefined` when there is none, it grants nothing, or it cannot be read. */
export function parseAccountAcl(stored: string | undefined): AccountAcl | undefined {
  if (stored === undefined || stored === '') return undefined
  const parsed = parseObject(Buffer.from(stored, 'latin1').toString('utf8'))
  if (parsed === undefined) return undefined
  const acl = {
    admin: namesIn(parsed['admin']),
    readWrite: namesIn(parsed['read-write']),
    readOnly: namesIn(parsed['read-only']),
  }
  return acl.admin.length + acl.readWrite.length + acl.readOnly.length === 0 ? undefined : acl
}

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []
}

/** The form owners are shown: ASCII JSON, keys sorted, no blanks. `undefined` when there is nothing to show. */
export function formatAccountAcl(stored: string | undefined): string | undefined {
  if (stored === undefined || stored === '') return undefined
  const parsed = parseObject(Buffer.from(stored, 'latin1').toString('utf8'))
  if (parsed === undefined || Object.keys(parsed).length === 0) return undefined
  return asciiJson(
    Object.fromEntries(
      Object.keys(parsed)
        .toSorted()
        .map((key) => [key, parsed[key]]),
    ),
  )
}

/** JSON in which everything beyond ASCII is written `\uXXXX`. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === '') return {}
  try {
    const parsed: unknown = JSON.parse(text)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? (parsed as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
