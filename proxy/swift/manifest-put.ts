/**
 * PUT of a static large object, `multipart-manifest=put`: the body lists the segments (OpenStack Swift,
 * `common/middleware/slo.py`: `handle_multipart_put`).
 */
import { quotedPath } from '#base/names.ts'
import { type HeaderMap, type RequestBody, type Response, readWhole } from '#http/message.ts'
import type { ObjectName, SegmentProblem, SegmentWanted, StoreFailure } from '#store/contract.ts'
import { bodyFailure } from '#store/held-body.ts'
import { answer, HTML_TYPE, textAnswer } from '../answers.ts'
import { type ItemError, renderReport, reportTypeOf, statusLine } from '../report-forms.ts'
import { failureAnswer } from './failure-answers.ts'
import { parseManifestInput } from './manifest-input.ts'

/** Objects that one manifest may be made of, and the longest input, bytes (Swift `max_manifest_segments`, `max_manifest_size`). */
export const MANIFEST_SEGMENTS_MAX = 1000
export const MANIFEST_INPUT_BYTES_MAX = 8 * 1024 * 1024

export type SegmentsInRequest =
  | { readonly kind: 'segments'; readonly segments: readonly SegmentWanted[]; readonly body: Buffer }
  | { readonly kind: 'refused'; readonly response: Response }

/** The segments that the body of a request lists. */
export async function segmentsIn(
  { headers, body }: { readonly headers: HeaderMap; readonly body: RequestBody },
  name: ObjectName,
): Promise<SegmentsInRequest> {
  const isChunked = headers['transfer-encoding']?.toLowerCase() === 'chunked'
  if (headers['content-length'] === undefined && !isChunked) return refused(answer(411))
  if ((body.lengthBytes ?? 0) > MANIFEST_INPUT_BYTES_MAX) return refused(tooLong())
  const bytes = await readInput(body)
  if (!Buffer.isBuffer(bytes)) return refused(bytes)
  const parsed = parseManifestInput(bytes, name)
  if (parsed.kind === 'refused') return parsed
  const objectCount = parsed.segments.filter(({ kind }) => kind === 'object').length
  if (objectCount <= MANIFEST_SEGMENTS_MAX) return { ...parsed, body: bytes }
  const text = `Number of object-backed segments must be <= ${MANIFEST_SEGMENTS_MAX}`
  return refused(textAnswer(413, text, HTML_TYPE))
}

function refused(response: Response): SegmentsInRequest {
  return { kind: 'refused', response }
}

function tooLong(): Response {
  return textAnswer(413, `Manifest File > ${MANIFEST_INPUT_BYTES_MAX} bytes`, HTML_TYPE)
}

async function readInput(body: RequestBody): Promise<Buffer | Response> {
  try {
    return await readWhole(body, MANIFEST_INPUT_BYTES_MAX)
  } catch (error) {
    const failure = bodyFailure(error)
    return failure.kind === 'too_large' ? tooLong() : failureAnswer(failure)
  }
}

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
function itemError({ path, problem }: SegmentProblem): ItemError {
  const status =
    typeof problem === 'string' ? PROBLEM_TEXTS[problem] : statusLine(failureAnswer(problem).status)
  return { name: quotedPath(path), status }
}
