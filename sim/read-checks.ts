/** What must hold of every read, whatever fails at the time. */
import { createHash } from 'node:crypto'
import type { Timestamp } from '#base/timestamp.ts'
import { parseTimestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import { CLOCKS_APART_MS } from './clocks.ts'
import type { Attempt, ObjectHistory } from './history.ts'
import { Violation } from './violation.ts'

/** Header that every write carries: its number. */
export const WRITER_HEADER = 'x-object-meta-writer'

/** When a read was, since the start of the run and by the wall clock, milliseconds. */
export interface ReadTimes {
  readonly startedMs: number
  readonly startedWallMs: number
  readonly endedMs: number
  readonly endedWallMs: number
}

/** Is what a server holds of an attempt known to be on so many primaries that every majority has one of them? */
export type Solid = (attempt: Attempt) => boolean

/** What was read is exactly what one PUT stored, with the metadata of it or of one later POST. Answers the PUT. */
export function checkFound(object: ObjectHistory, headers: HeaderMap, bytes: Buffer | undefined): Attempt {
  const { path } = object
  const etag = (headers['etag'] ?? '').replaceAll('"', '')
  if (bytes !== undefined) {
    const length = Number(headers['content-length'] ?? bytes.length)
    if (bytes.length !== length)
      throw new Violation('torn_object', `${path} has ${bytes.length} of ${length} bytes`, [path])
    const actual = createHash('md5').update(bytes).digest('hex')
    if (actual !== etag)
      throw new Violation('torn_object', `${path}: bytes have MD5 ${actual}, the ETag is ${etag}`, [path])
  }
  const put = object.attempts.find((one) => one.method === 'PUT' && one.write.etag === etag)
  if (put === undefined) {
    throw new Violation('unknown_object', `${path} has ETag ${etag}, which nobody ever stored`, [path])
  }
  checkMetadata(object, put, headers)
  return put
}

function checkMetadata(object: ObjectHistory, put: Attempt, headers: HeaderMap): void {
  const { path } = object
  const writer = Number(headers[WRITER_HEADER])
  if (writer === put.write.id) return
  const samePut = object.attempts.some(
    (one) => one.method === 'PUT' && one.write.etag === put.write.etag && one.write.id === writer,
  )
  if (samePut) return
  const posts = object.attemptOf(writer, 'POST')
  if (posts.length === 0)
    throw new Violation('mixed_metadata', `${path} has metadata of write ${writer}`, [path])
  if (posts.every(({ timestamp }) => timestamp < put.timestamp)) {
    throw new Violation('mixed_metadata', `${path}: metadata of write ${writer} is older than its data`, [
      path,
    ])
  }
}

/** A read that promises to see every acknowledged write saw the latest. */
export function checkFresh(
  object: ObjectHistory,
  put: Attempt,
  { startedMs }: ReadTimes,
  solid: Solid,
): void {
  const latest = object.acknowledged(startedMs, solid)
  if (latest === undefined || isReached(object, put, latest.timestamp)) return
  throw new Violation(
    'stale_read',
    `${object.path} read as of ${put.timestamp}, but ${latest.method} of ${latest.timestamp} (write ${latest.write.id}) was acknowledged before`,
    [object.path],
  )
}

/** One body may have been stored under several timestamps. */
function isReached(object: ObjectHistory, put: Attempt, timestamp: Timestamp): boolean {
  return object.attempts.some(
    (one) => one.method === 'PUT' && one.write.etag === put.write.etag && one.timestamp >= timestamp,
  )
}

/** "Not found" is a statement: no acknowledged object may be denied, unless somebody was deleting it. */
export function checkAbsent(
  object: ObjectHistory,
  { startedMs, endedMs, endedWallMs }: ReadTimes,
  solid: Solid,
): void {
  const latest = object.acknowledged(startedMs, solid)
  if (latest === undefined || latest.method === 'DELETE') return
  if (object.mayHaveExpired(latest.timestamp, endedWallMs + CLOCKS_APART_MS)) return
  const deleting = object.attempts.some(
    (one) => one.method === 'DELETE' && one.timestamp >= latest.timestamp && one.sentMs <= endedMs,
  )
  if (deleting) return
  throw new Violation(
    'denied_object',
    `${object.path} was said not to be there, but write ${latest.write.id} of ${latest.timestamp} was acknowledged before`,
    [object.path],
  )
}

/** What has expired is not read, whatever has become of its files. */
export function checkAlive(object: ObjectHistory, put: Attempt, { startedWallMs }: ReadTimes): void {
  if (!object.mustHaveExpired(put, startedWallMs - CLOCKS_APART_MS)) return
  throw new Violation('expired_object', `${object.path} of ${put.timestamp} was read long after its end`, [
    object.path,
  ])
}

/** What a write was told must be in the order of time: what began after another's acknowledgement is later. */
export function checkOrder(object: ObjectHistory, attempt: Attempt, solid: Solid): void {
  if (!solid(attempt)) return
  const before = object.acknowledged(attempt.write.startedMs, solid)
  if (before === undefined || before.timestamp <= attempt.timestamp) return
  throw new Violation(
    'lost_update',
    `${object.path}: write ${attempt.write.id} of ${attempt.timestamp} was acknowledged, although write ${before.write.id} of ${before.timestamp} had been before it began`,
    [object.path],
  )
}

export function timestampIn(headers: HeaderMap, name: string): Timestamp | undefined {
  const written = headers[name]
  return written === undefined ? undefined : parseTimestamp(written)
}
