/**
 * User metadata in requests: what may be sent (OpenStack Swift, `common/constraints.py`: `check_metadata`, whose texts
 * these are), and how a request becomes the change that a store operation takes.
 */

import { isUtf8 } from 'node:buffer'
import {
  MAX_HEADER_LINE_BYTES,
  MAX_META_COUNT,
  MAX_META_NAME_BYTES,
  MAX_META_OVERALL_BYTES,
  MAX_META_VALUE_BYTES,
} from '#base/limits.ts'
import { CLIENT_STORED_HEADERS } from '#base/stored-headers.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import { textAnswer } from '../answers.ts'

export type MetadataOf = 'account' | 'container' | 'object'

/** The refusal of bad metadata, or `undefined`. */
export function checkMetadata(headers: HeaderMap, of: MetadataOf): Response | undefined {
  const prefix = `x-${of}-meta-`
  let count = 0
  let sizeBytes = 0
  for (const header in headers) {
    const value = headers[header]
    if (value === undefined) continue
    if (value.length > MAX_HEADER_LINE_BYTES) return tooLong(header)
    if (!header.startsWith(prefix)) continue
    count += 1
    sizeBytes += header.length - prefix.length + value.length
    const refusal = problemOf(header.slice(prefix.length), value, of) ?? problemTogether(count, sizeBytes)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function tooLong(header: string): Response {
  return textAnswer(400, `Header value too long: ${asSent(header).slice(0, MAX_META_NAME_BYTES)}`)
}

function problemOf(key: string, value: string, of: MetadataOf): Response | undefined {
  if (key === '') return textAnswer(400, 'Metadata name cannot be empty')
  if (of !== 'object' && !(isText(key) && isText(value)))
    return textAnswer(400, 'Metadata must be valid UTF-8')
  const shownName = `x-${of}-meta-${asSent(key)}`
  if (key.length > MAX_META_NAME_BYTES) return textAnswer(400, `Metadata name too long: ${shownName}`)
  if (value.length > MAX_META_VALUE_BYTES) {
    return textAnswer(400, `Metadata value longer than ${MAX_META_VALUE_BYTES}: ${shownName}`)
  }
  return undefined
}

function problemTogether(count: number, sizeBytes: number): Response | undefined {
  if (count > MAX_META_COUNT) return textAnswer(400, `Too many metadata items; max ${MAX_META_COUNT}`)
  if (sizeBytes > MAX_META_OVERALL_BYTES) {
    return textAnswer(400, `Total metadata too large; max ${MAX_META_OVERALL_BYTES}`)
  }
  return undefined
}

/** UTF-8 without NUL. */
function isText(value: string): boolean {
  return isUtf8(Buffer.from(value, 'latin1')) && !value.includes('\0')
}

/** Names are shown the way Swift writes them, each word with a capital. */
function asSent(name: string): string {
  return name
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('-')
}

/** Stored headers of a container that are not metadata (Swift `pass_through_headers`). */
const CONTAINER_HEADERS: readonly string[] = [
  'x-container-read',
  'x-container-write',
  'x-container-sync-key',
  'x-container-sync-to',
  'x-versions-location',
  'x-history-location',
  'x-versions-enabled',
]
const REMOVABLE = CONTAINER_HEADERS.filter((header) => header !== 'x-versions-enabled')
const CONTAINER_REMOVALS: ReadonlyMap<string, string> = new Map(
  REMOVABLE.map((header) => [`x-remove-${header.slice('x-'.length)}`, header]),
)

/**
 * The change to an account or a container that a request asks for: metadata and stored headers set, those named by
 * `X-Remove-…` emptied. System metadata is what layers of the pipeline added: a client's is taken away by the gatekeeper. Where both are sent for one item, setting wins, as in Swift.
 */
export function changesIn(headers: HeaderMap, of: 'account' | 'container'): Record<string, string> {
  const prefix = `x-${of}-meta-`
  const sysmeta = `x-${of}-sysmeta-`
  const removal = `x-remove-${of}-meta-`
  const changes: Record<string, string> = {}
  for (const header in headers) {
    const value = headers[header]
    if (value === undefined) continue
    if (isMetadata(header, prefix) || header.startsWith(sysmeta)) changes[header] = value
    else if (of === 'container' && CONTAINER_HEADERS.includes(header)) changes[header] = value
    else if (header.startsWith(removal)) changes[prefix + header.slice(removal.length)] ??= ''
    else if (of === 'container') removeStored(header, changes)
  }
  return changes
}

function removeStored(header: string, changes: Record<string, string>): void {
  const removed = CONTAINER_REMOVALS.get(header)
  if (removed !== undefined) changes[removed] ??= ''
}

function isMetadata(header: string, prefix: string): boolean {
  return header.startsWith(prefix) && header.length > prefix.length
}

/** Headers stored with an object besides its metadata (Swift object server, `allowed_headers`). */
const OBJECT_HEADERS: ReadonlySet<string> = new Set(CLIENT_STORED_HEADERS)
const OBJECT_PREFIX = 'x-object-meta-'

/** What an upload or a POST stores with an object. */
export function objectMetadataIn(headers: HeaderMap): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const header in headers) {
    const value = headers[header]
    if (value === undefined) continue
    if (isMetadata(header, OBJECT_PREFIX) || OBJECT_HEADERS.has(header)) metadata[header] = value
  }
  return metadata
}
