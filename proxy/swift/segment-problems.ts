/** What is wrong with the segments of a manifest, in the words of OpenStack Swift (`common/middleware/slo.py`). */
import { quotedPath } from '#base/names.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import type { SegmentProblem, StoreFailure } from '#store/failure.ts'
import { type ItemError, renderReport, reportTypeOf, statusLine } from '../report-forms.ts'
import { failureAnswer } from './failure-answers.ts'

type SegmentsRefused = Extract<StoreFailure, { readonly kind: 'segments_refused' }>

/** What is wrong with which segments, in the form that the client likes best. */
export function segmentsRefusedAnswer({ problems }: SegmentsRefused, headers: HeaderMap): Response {
  const type = reportTypeOf(headers) ?? 'text/plain'
  const body = renderReport({ root: 'upload', members: {}, errors: problems.map(itemError) }, type)
  return { status: 400, headers: { 'content-type': type, 'content-length': String(body.length) }, body }
}

const PROBLEM_TEXTS = {
  etag_mismatch: 'Etag Mismatch',
  size_mismatch: 'Size Mismatch',
  range_unsatisfiable: 'Unsatisfiable Range',
  too_small: 'Too small; each segment must be at least 1 byte.',
} as const satisfies Record<Extract<SegmentProblem['problem'], string>, string>

/** A problem as an item of a report. */
export function itemError({ path, problem }: SegmentProblem): ItemError {
  const status =
    typeof problem === 'string' ? PROBLEM_TEXTS[problem] : statusLine(failureAnswer(problem).status)
  return { name: quotedPath(path), status }
}
