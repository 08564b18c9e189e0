/**
 * What an upload must be like before a byte of it is read (OpenStack Swift, `common/constraints.py`:
 * `check_object_creation`, `common/swob.py`: `message_length`; the texts are Swift's).
 */
import { isUtf8 } from 'node:buffer'
import { MAX_OBJECT_NAME_BYTES } from '#base/limits.ts'
import { parseTags } from '#http/conditionals.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import type { WriteCondition } from '#store/condition.ts'
import { STATIC_MARK } from '#store/large-objects/manifest.ts'
import { answer, HTML_TYPE, textAnswer } from '../answers.ts'
import { guessedType } from './content-types.ts'
import { isTrue } from './visit.ts'

/** The refusal of a body whose length is not told, told wrongly, or too large; or `undefined`. */
export function checkLength(headers: HeaderMap, maxBytes: number): Response | undefined {
  const coding = headers['transfer-encoding']
  const length = headers['content-length']
  if (coding !== undefined && coding !== '') return checkCoding(coding)
  if (length === undefined) return textAnswer(411, 'Missing Content-Length header.')
  if (!/^\d{1,16}$/.test(length)) return textAnswer(400, 'Invalid Content-Length header value')
  return Number(length) > maxBytes ? textAnswer(413, 'Your request is too large.') : undefined
}

function checkCoding(coding: string): Response | undefined {
  if (coding.includes(',')) {
    return textAnswer(501, 'Unsupported Transfer-Coding header value specified in Transfer-Encoding header')
  }
  return coding.toLowerCase() === 'chunked'
    ? undefined
    : textAnswer(400, 'Invalid Transfer-Encoding header value')
}

/** The refusal of a name that is too long, or `undefined`. */
export function checkObjectName(object: string): Response | undefined {
  const bytes = Buffer.byteLength(object)
  if (bytes <= MAX_OBJECT_NAME_BYTES) return undefined
  return textAnswer(400, `Object name length of ${bytes} longer than ${MAX_OBJECT_NAME_BYTES}`)
}

/** The refusal of a content type that is no text or speaks our own language, or `undefined`. */
export function checkContentType(type: string): Response | undefined {
  if (!isUtf8(Buffer.from(type, 'latin1'))) return textAnswer(400, 'Invalid Content-Type')
  if (!type.includes(';')) return undefined
  const isOurs = type.split(';').some((parameter, at) => at > 0 && parameter.trimStart().startsWith('swift_'))
  if (!isOurs) return undefined
  return textAnswer(400, 'Invalid Content-Type, swift_* is not a valid parameter name.', HTML_TYPE)
}

/**
 * The type without parameters in our own language: with `swift_bytes` a client could make listings lie about sizes.
 * A POST is cleaned where a PUT is refused; Swift shows the same.
 */
export function withoutOwnParameters(type: string): string {
  if (!type.includes(';')) return type
  const [media = '', ...parameters] = type.split(';')
  return [media, ...parameters.filter((parameter) => !parameter.trimStart().startsWith('swift_'))].join(';')
}

/** The type the client names, or the one its object's name suggests. */
export function contentTypeOf(headers: HeaderMap, object: string): string {
  const named = headers['content-type']
  const detect = isTrue(headers['x-detect-content-type'])
  return detect || named === undefined || named === '' ? guessedType(object) : named
}

/** The refusal of a condition that uploads do not have, or `undefined`. */
export function checkPutConditions(headers: HeaderMap): Response | undefined {
  const condition = headers['if-none-match']
  if (condition === undefined) return undefined
  if (!isAnything(condition)) return textAnswer(400, 'If-None-Match only supports *')
  // Nothing is both there and not there.
  return headers['if-match'] === undefined ? undefined : answer(412)
}

/**
 * What must be there for the upload to happen. OpenStack Swift looks at `If-None-Match: *` alone; we hold `If-Match` too.
 * With both, `checkPutConditions` has answered already.
 */
export function writeConditionIn(headers: HeaderMap): WriteCondition | undefined {
  const wanted = headers['if-match']
  if (wanted !== undefined) return { kind: 'matches', etags: wanted }
  return isAnything(headers['if-none-match']) ? { kind: 'absent' } : undefined
}

/** Whether a list of entity tags holds `*`. */
export function isAnything(condition: string | undefined): boolean {
  return parseTags(condition)?.isAny === true
}

const NO_DYNAMIC_MANIFEST = 'X-Object-Manifest must be in the format container/prefix'

/** The refusal of a mark of a dynamic large object that names no segments, or `undefined`. */
export function checkDynamicMark(headers: HeaderMap): Response | undefined {
  const dynamic = headers['x-object-manifest']
  const isWell = dynamic === undefined || /^[^/?&]+\/[^/?&][^?&]*$/.test(dynamic)
  return isWell ? undefined : textAnswer(400, NO_DYNAMIC_MANIFEST, HTML_TYPE)
}

const STATIC_MARK_TEXT =
  'X-Static-Large-Object is a reserved header. To create a static large object add query param multipart-manifest=put.'

/** The refusal of the mark of a static large object, which only we make; or `undefined`. */
export function checkStaticMark(headers: HeaderMap): Response | undefined {
  return headers[STATIC_MARK] === undefined ? undefined : textAnswer(400, STATIC_MARK_TEXT, HTML_TYPE)
}
