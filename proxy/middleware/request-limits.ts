/**
 * What no resource has in its name: bytes that are not UTF-8, and NUL, which separates the parts of reserved names.
 * Decodes the path once for all layers further in. Sizes of lines and headers are the server's business
 * (`http/server-limits.ts`); lengths of names that of each resource.
 */
import { decodePercent } from '#base/names.ts'
import { HTML_TYPE, textAnswer } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'

/** The refusal of a name that has them. */
export const NOT_IN_NAMES = 'Invalid UTF8 or contains NULL'

export const requestLimits: ProxyLayer = (inner) => async (transaction) => {
  const path = decodePercent(transaction.request.path)
  if (path === undefined || path === '' || path.includes('\0'))
    return textAnswer(412, NOT_IN_NAMES, HTML_TYPE)
  transaction.path = path
  return inner(transaction)
}
