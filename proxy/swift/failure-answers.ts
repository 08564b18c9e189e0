/** What a failure of the store is in the Swift dialect. A kind that is missing here does not compile. */
import type { HeaderMap, Response } from '#http/message.ts'
import type { StoreFailure } from '#store/failure.ts'
import { answer, emptyAnswer, HTML_TYPE, textAnswer } from '../answers.ts'
import { withConditionHeader } from './condition-header.ts'
import { brokenLinkAnswer, linkChangedAnswer } from './link-headers.ts'
import { shownObjectHeaders } from './shown-headers.ts'
import { versionRefusal } from './version-answers.ts'

type FailureOf<Kind extends StoreFailure['kind']> = Extract<StoreFailure, { readonly kind: Kind }>
type Rendering = { readonly [Kind in StoreFailure['kind']]: (failure: FailureOf<Kind>) => Response }

const RENDERINGS: Rendering = {
  no_such_account: () => answer(404),
  account_deleted: () => emptyAnswer(410, { 'x-account-status': 'Deleted' }),
  no_such_container: () => answer(404),
  no_such_object: () => answer(404),
  not_empty: () => answer(409),
  // Swift answers 202 to a PUT that something newer has overtaken; we never say yes to what was dropped.
  conflict: () => answer(409),
  precondition_failed: ({ condition }) => withConditionHeader(answer(412), condition),
  range_unsatisfiable: ({ sizeBytes, headers }) =>
    answer(416, { ...withoutLength(shownObjectHeaders(headers)), 'content-range': `bytes */${sizeBytes}` }),
  etag_mismatch: () => answer(422),
  too_large: () => textAnswer(413, 'Your request is too large.'),
  client_gone: () => answer(499),
  client_timeout: () => answer(408),
  bad_request: ({ reason }) => textAnswer(400, reason),
  no_space: () => answer(507),
  over_quota: ({ scope }) =>
    textAnswer(413, `Upload exceeds ${scope === 'policy' ? 'policy ' : ''}quota.`, HTML_TYPE),
  read_only: () => textAnswer(405, 'Writes are disabled for this account.', HTML_TYPE),
  in_use: () => textAnswer(409, 'An image has its data in this object; delete the image first.'),
  denied: ({ status }) => answer(status),
  broken_link: ({ problem, location }) => brokenLinkAnswer(problem, location),
  link_changed: ({ target, wanted }) => linkChangedAnswer(target, wanted),
  version_refused: ({ problem }) => versionRefusal(problem),
  segments_refused: () => answer(400),
  segments_kept: () => answer(409),
  unreadable: () => textAnswer(500, 'Error decrypting object'),
  // Swift's clients have no way to give one.
  customer_key: () => textAnswer(403, 'The object is encrypted with a key of its owner.'),
  unavailable: () => answer(503),
  undecided: () => answer(503),
}

/** Whether an operation's result is a failure. */
export function isFailure(result: { readonly kind: string }): result is StoreFailure {
  return Object.hasOwn(RENDERINGS, result.kind)
}

/** The failure as a client sees it. */
export function failureAnswer(failure: StoreFailure): Response {
  const render = RENDERINGS[failure.kind] as (failure: StoreFailure) => Response
  return render(failure)
}

/** The failure of a change to an account or container, whose servers say in HTML what is wrong with it. */
export function changeFailureAnswer(failure: StoreFailure): Response {
  return failure.kind === 'bad_request' ? textAnswer(400, failure.reason, HTML_TYPE) : failureAnswer(failure)
}

/** A read whose condition failed: the headers of what is there, and no body. */
export function conditionFailedAnswer(headers: HeaderMap): Response {
  const { 'accept-ranges': _ranges, ...shown } = shownObjectHeaders(headers)
  return {
    status: 412,
    headers: { ...shown, 'content-type': HTML_TYPE, 'content-length': '0' },
    body: undefined,
  }
}

function withoutLength(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { 'content-length': _length, ...rest } = headers
  return rest
}
