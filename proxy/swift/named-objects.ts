/** Names of accounts and objects in headers, percent-encoded (OpenStack Swift, `check_path_header`, `check_account_format`). */
import { decodePercent } from '#base/names.ts'
import type { Response } from '#http/message.ts'
import { HTML_TYPE, textAnswer } from '../answers.ts'
import { NOT_IN_NAMES } from '../middleware/request-limits.ts'

type Refused = { readonly kind: 'refused'; readonly response: Response }

/** The account that a header names; no name without the header. */
export function accountNamedIn(
  written: string | undefined,
): { readonly kind: 'account'; readonly name: string | undefined } | Refused {
  if (written === undefined) return { kind: 'account', name: undefined }
  const name = decodePercent(written)
  if (name === undefined || name === '') return refused('Account name cannot be empty')
  if (name.includes('/')) return refused('Account name cannot contain slashes')
  return { kind: 'account', name }
}

/** `container/object`, perhaps after a slash, in the header of this name. */
export function objectNamedIn(
  header: string,
  written: string,
): { readonly kind: 'object'; readonly container: string; readonly object: string } | Refused {
  const path = decodePercent(written)
  const [, container, object] = /^\/?([^/]+)\/(.+)$/s.exec(path ?? '') ?? []
  if (container === undefined || object === undefined) {
    return refused(`${header} header must be of the form <container name>/<object name>`)
  }
  if (path?.includes('\0') === true) return refused(NOT_IN_NAMES)
  return { kind: 'object', container, object }
}

function refused(text: string): Refused {
  return { kind: 'refused', response: textAnswer(412, text, HTML_TYPE) }
}
