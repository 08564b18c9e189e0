/**
 * A manifest itself, in an answer to `multipart-manifest=get`: as it is stored, or, with `format=raw`, in the form in which
 * clients send it (OpenStack Swift, `common/middleware/slo.py`: `convert_segment_listing`).
 */
import { hash } from 'node:crypto'
import { isTrueValue } from '#backend/address.ts'
import { type JsonValue, pythonJson } from '#base/python-json.ts'
import type { Request, Response } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import type { ObjectRead } from '#store/contract.ts'
import { segmentFailure } from '#store/large-objects/joined-answer.ts'
import { parseManifest, type Segment, STATIC_MARK, writtenRange } from '#store/large-objects/manifest.ts'
import { wholeBody } from '#store/large-objects/segment-reader.ts'
import { failureAnswer } from './failure-answers.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/** The answer about a manifest that was read as it is stored; `undefined` when the object is none. */
export async function manifestAnswer(
  request: Request,
  read: ObjectRead,
  shown: Readonly<Record<string, string>>,
): Promise<Response | undefined> {
  if (!isTrueValue(read.headers[STATIC_MARK])) return undefined
  if (!asksForRawManifest(request))
    return { status: read.status, headers: { ...shown, 'content-type': JSON_TYPE }, body: read.body }
  try {
    const body = rawForm(parseManifest(await wholeBody(read.body)) ?? [])
    const headers = { ...shown, 'content-length': String(body.length), etag: hash('md5', body) }
    return { status: read.status, headers, body }
  } catch (error) {
    return failureAnswer(segmentFailure(error))
  }
}

/** `multipart-manifest=get&format=raw` */
export function asksForRawManifest({ query }: Request): boolean {
  if (!query.includes('multipart-manifest=')) return false
  const { values } = parseQuery(query)
  return values.get('multipart-manifest') === 'get' && values.get('format') === 'raw'
}

/** Members in the order of their names. */
function rawForm(segments: readonly Segment[]): Buffer {
  return Buffer.from(pythonJson(segments.map(rawMember)))
}

function rawMember(segment: Segment): JsonValue {
  if (segment.kind === 'inline') return { data: segment.bytes.toString('base64') }
  const { etag, path, range, sizeBytes } = segment
  return { etag, path, range: range && writtenRange(range), size_bytes: sizeBytes }
}
