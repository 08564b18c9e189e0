/** GET and HEAD of an account: its counters and metadata, and with GET its containers. */
import { ACCOUNT_ACL_HEADER, ACCOUNT_ACL_SYSMETA, formatAccountAcl } from '#auth/account-acl.ts'
import { parseQuery } from '#http/query.ts'
import { checkAccountName } from './account-changes.ts'
import { failureAnswer } from './failure-answers.ts'
import { listingAnswer } from './listing-answer.ts'
import { listingFormatOf } from './listing-format.ts'
import { listingQueryFrom } from './listing-query.ts'
import { accountXml } from './listing-xml.ts'
import { shownAccountSettings } from './reseller-settings.ts'
import { shownListingHeaders } from './shown-headers.ts'
import type { AccountVerb } from './visit.ts'

export const accountRead: AccountVerb = async (
  { store, policies },
  { name, request, transaction, access },
) => {
  const query = parseQuery(request.query)
  const format = listingFormatOf(request, query, 'account')
  if (format.kind === 'refused') return format.response
  const tooLong = checkAccountName(name.account)
  if (tooLong !== undefined) return tooLong
  // A HEAD has no page that could be too large.
  const parsed = request.method === 'GET' ? listingQueryFrom(query, 'account') : undefined
  if (parsed?.kind === 'refused') return parsed.response
  const read = await store.accounts.read(
    transaction,
    name,
    parsed === undefined ? {} : { listing: parsed.query },
  )
  if (read.kind !== 'found') return failureAnswer(read)
  const headers = {
    ...shownListingHeaders(read.headers, access),
    ...shownAccountSettings(read.headers, policies),
  }
  const acl = access.owner ? formatAccountAcl(read.headers[ACCOUNT_ACL_SYSMETA]) : undefined
  if (acl !== undefined) headers[ACCOUNT_ACL_HEADER] = acl
  return listingAnswer(read.page, format, headers, (entries) => accountXml(name.account, entries))
}
