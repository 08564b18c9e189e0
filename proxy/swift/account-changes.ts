/** What PUT and POST of an account have in common: the length of its name, its metadata, its access list. */
import { ACCOUNT_ACL_HEADER, ACCOUNT_ACL_SYSMETA, checkAccountAcl } from '#auth/account-acl.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import { MAX_ACCOUNT_NAME_BYTES } from '#base/limits.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import type { AccountName } from '#store/operation.ts'
import { HTML_TYPE, textAnswer } from '../answers.ts'
import { changesIn, checkMetadata } from './metadata-headers.ts'
import { projectDomainIn } from './project-domain.ts'
import { accountSettingsIn } from './reseller-settings.ts'
import type { Visit } from './visit.ts'

/** The refusal of a name that is too long, or `undefined`. */
export function checkAccountName(account: string): Response | undefined {
  const bytes = Buffer.byteLength(account)
  if (bytes <= MAX_ACCOUNT_NAME_BYTES) return undefined
  return textAnswer(400, `Account name length of ${bytes} longer than ${MAX_ACCOUNT_NAME_BYTES}`, HTML_TYPE)
}

/** The refusal of an access list that cannot be read, or `undefined`. Comes before any decision, as in tempauth. */
export function checkAccountAclHeader(headers: HeaderMap): Response | undefined {
  const written = headers[ACCOUNT_ACL_HEADER]
  if (written === undefined) return undefined
  const checked = checkAccountAcl(written)
  if (checked.kind === 'valid') return undefined
  const reason = Buffer.from(checked.reason).toString('latin1')
  const text = `X-Account-Access-Control invalid: ${reason}\n\nInput: ${written}\n`
  return textAnswer(400, text, 'text/plain; charset=UTF-8')
}

export type AccountChanges =
  | { readonly kind: 'changes'; readonly changes: HeaderMap }
  | { readonly kind: 'refused'; readonly response: Response }

/** The change that a request asks for, or the refusal. */
export function accountChangesIn(
  { name, request: { headers }, access }: Visit<AccountName>,
  policies: StoragePolicies,
): AccountChanges {
  const settings = accountSettingsIn({ headers, by: access.by }, policies)
  if (settings.kind === 'refused') return settings
  const refusal = checkAccountName(name.account) ?? checkMetadata(headers, 'account')
  if (refusal !== undefined) return { kind: 'refused', response: refusal }
  const changes: Record<string, string | undefined> = {
    ...changesIn(headers, 'account'),
    ...settings.changes,
    ...projectDomainIn(headers),
  }
  const acl = headers[ACCOUNT_ACL_HEADER]
  const withAcl = acl === undefined ? changes : { ...changes, [ACCOUNT_ACL_SYSMETA]: acl }
  return { kind: 'changes', changes: withAcl }
}
