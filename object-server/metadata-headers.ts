/** Which request headers are stored with an object, and which are refused (OpenStack Swift, `common/constraints.py`). */
import { isTrueValue } from '#backend/address.ts'
import { textAnswer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import {
  MAX_HEADER_LINE_BYTES,
  MAX_META_COUNT,
  MAX_META_NAME_BYTES,
  MAX_META_OVERALL_BYTES,
  MAX_STORED_META_ITEM_BYTES,
} from '#base/limits.ts'
import { TICKS_PER_SECOND, type Timestamp, ticksOf } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import { isObjectMetadata, isPostMetadata } from './response-headers.ts'

const USER_META = 'x-object-meta-'
/** Kept apart from the other headers, so never copied among them. */
const KEPT_APART: ReadonlySet<string> = new Set([
  'content-length',
  'content-type',
  'deleted',
  'etag',
  'x-timestamp',
])

/** What a PUT stores besides the content type; footers win over headers. */
export function putMetadata(request: HeaderMap, footers: HeaderMap, allowed: ReadonlySet<string>): HeaderMap {
  const stored: Record<string, string> = {}
  copy(stored, request, isObjectMetadata)
  copyNamed(stored, request, allowed)
  copy(stored, footers, isObjectMetadata)
  return stored
}

/** What a POST stores: it replaces all of it. */
export function postMetadata(request: HeaderMap, allowed: ReadonlySet<string>): HeaderMap {
  const stored: Record<string, string> = {}
  copy(stored, request, isPostMetadata)
  copyNamed(stored, request, allowed)
  return stored
}

function copy(target: Record<string, string>, source: HeaderMap, wanted: (name: string) => boolean): void {
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && wanted(name)) target[name] = value
  }
}

/** A replicator names in `X-Backend-Replication-Headers` what else the object has. */
function copyNamed(target: Record<string, string>, request: HeaderMap, allowed: ReadonlySet<string>): void {
  const named = (request['x-backend-replication-headers'] ?? '').toLowerCase().split(/\s+/)
  for (const name of [...named, ...allowed]) {
    const value = request[name]
    if (value !== undefined && name !== '' && !KEPT_APART.has(name)) target[name] = value
  }
}

/** Names, values, count and size of the user metadata. */
export function refuseMetadata(request: HeaderMap): Refusal | undefined {
  let count = 0
  let sizeBytes = 0
  for (const [name, value = ''] of Object.entries(request)) {
    if (value.length > MAX_HEADER_LINE_BYTES) {
      return refuse(`Header value too long: ${name.slice(0, MAX_META_NAME_BYTES)}`)
    }
    if (!name.startsWith(USER_META)) continue
    const key = name.slice(USER_META.length)
    count += 1
    sizeBytes += key.length + value.length
    const wrong = itemProblem(name, key, value)
    if (wrong !== undefined) return refuse(wrong)
    if (count > MAX_META_COUNT) return refuse(`Too many metadata items; max ${MAX_META_COUNT}`)
    if (sizeBytes > MAX_META_OVERALL_BYTES) {
      return refuse(`Total metadata too large; max ${MAX_META_OVERALL_BYTES}`)
    }
  }
  return undefined
}

function itemProblem(name: string, key: string, value: string): string | undefined {
  if (key === '') return 'Metadata name cannot be empty'
  if (key.length > MAX_STORED_META_ITEM_BYTES) {
    return `Metadata name too long: ${name.slice(0, MAX_META_NAME_BYTES)}`
  }
  if (value.length > MAX_STORED_META_ITEM_BYTES) {
    return `Metadata value longer than ${MAX_STORED_META_ITEM_BYTES}: ${name}`
  }
  return undefined
}

/** The request's headers with `X-Delete-After` turned into `X-Delete-At`, or why they make no sense. */
export function withDeleteAt(request: HeaderMap, timestamp: Timestamp): HeaderMap | Refusal {
  const now = ticksOf(timestamp) / TICKS_PER_SECOND
  const after = request['x-delete-after']
  if (after !== undefined) {
    if (!isWholeNumber(after)) return refuse('Non-integer X-Delete-After')
    const deleteAt = Math.floor(now + Number(after))
    if (deleteAt <= now) return refuse('X-Delete-After in past')
    const { 'x-delete-after': _, ...others } = request
    return { ...others, 'x-delete-at': String(deleteAt) }
  }
  const at = request['x-delete-at']
  if (at === undefined) return request
  if (!isWholeNumber(at)) return refuse('Non-integer X-Delete-At')
  if (Number(at) <= now && !isTrueValue(request['x-backend-replication']))
    return refuse('X-Delete-At in past')
  return request
}

function isWholeNumber(text: string): boolean {
  return /^\s*[+-]?\d{1,15}\s*$/.test(text)
}

function refuse(text: string): Refusal {
  return new Refusal(textAnswer(400, text))
}
