/** GET and HEAD of an object. */
import type { HeaderMap, Response } from '#http/message.ts'
import type { ObjectReadOutcome, ReadTrail } from '#store/contract.ts'
import type { StoreFailure } from '#store/failure.ts'
import { DELETE_MARKER_TYPE } from '#store/versions/version-names.ts'
import { emptyAnswer } from '../answers.ts'
import type { Transaction } from '../transaction.ts'
import { denialAnswer } from './authorize.ts'
import { conditionFailedAnswer, failureAnswer, isFailure } from './failure-answers.ts'
import { trailHeaders } from './link-headers.ts'
import { asksForRawManifest, manifestAnswer } from './manifest-get.ts'
import { objectParametersIn } from './object-parameters.ts'
import { shownObjectHeaders } from './shown-headers.ts'
import { isAnything } from './upload-rules.ts'
import { isTrue, type ObjectVerb } from './visit.ts'

const CONDITIONS: readonly string[] = [
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
]
const NO_CONDITIONS: HeaderMap = {}

/** Range and conditions of a read, as they were sent. */
export function conditionsIn(headers: HeaderMap): HeaderMap {
  let conditions: Record<string, string> | undefined
  for (const name of CONDITIONS) {
    const value = headers[name]
    if (value === undefined) continue
    conditions ??= {}
    conditions[name] = value
  }
  return conditions ?? NO_CONDITIONS
}

export const objectRead: ObjectVerb = async ({ store }, { name, request, transaction }) => {
  const { headers } = request
  const conditions = conditionsIn(headers)
  const parameters = objectParametersIn(request)
  // The length of the raw form of a manifest is known once it is made.
  const isHead = request.method === 'HEAD' && !asksForRawManifest(request)
  const read = await store.objects.read(transaction, name, {
    method: isHead ? 'HEAD' : 'GET',
    conditions,
    newest: isTrue(headers['x-newest']),
    ...parameters,
  })
  if (read.kind !== 'found') return unreadAnswer(read, transaction, conditions)
  const shown = { ...shownObjectHeaders(read.headers), ...trailHeaders(read.trail) }
  const manifest = parameters.manifest && (await manifestAnswer(request, read, shown))
  return manifest ?? { status: read.status, headers: shown, body: read.body }
}

/** The answer to a read that gives no body. */
export function unreadAnswer(
  read: Exclude<ObjectReadOutcome, { readonly kind: 'found' }>,
  transaction: Transaction,
  conditions: HeaderMap,
): Response {
  if (isFailure(read)) return withTrail(refusal(read, transaction, conditions), read.trail)
  const shown = { ...shownObjectHeaders(read.headers), ...trailHeaders(read.trail) }
  return { status: 304, headers: { ...shown, 'content-length': '0' }, body: undefined }
}

/** A refusal says, too, where links led, and which version it is about. */
function withTrail(response: Response, trail: ReadTrail | undefined): Response {
  if (trail === undefined) return response
  const { status, headers, body } = response
  const type = trail.isDeleteMarker === true ? { 'content-type': DELETE_MARKER_TYPE } : {}
  return { status, headers: { ...headers, ...type, ...trailHeaders(trail) }, body }
}

function refusal(failure: StoreFailure, transaction: Transaction, conditions: HeaderMap): Response {
  if (failure.kind === 'denied') return denialAnswer(transaction, failure.status)
  if (failure.kind === 'precondition_failed') return conditionFailedAnswer(failure.headers)
  // RFC 9110, section 13.1.1: `*` is false where nothing is.
  if (failure.kind === 'no_such_object' && isAnything(conditions['if-match'])) return emptyAnswer(412)
  return failureAnswer(failure)
}
