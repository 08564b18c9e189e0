/** The segments that the body of a `multipart-manifest=put` lists, within limits (OpenStack Swift, `common/middleware/slo.py`). */
import { type HeaderMap, type RequestBody, type Response, readWhole } from '#http/message.ts'
import type { SegmentWanted } from '#store/contract.ts'
import { bodyFailure } from '#store/held-body.ts'
import type { ObjectName } from '#store/operation.ts'
import { answer, HTML_TYPE, textAnswer } from '../answers.ts'
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
