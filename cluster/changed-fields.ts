/**
 * What POSTs changed of an object, as several replicas tell it. Each field has a time of its own, so of two replicas each
 * may have something that the other lacks: whoever must not miss an acknowledged change reads the data from one and takes
 * later fields from the others. Pure.
 */
import { CHANGES_HEADER, FACT_PREFIX } from '#base/extensions.ts'
import { parseTimestamp, type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { headerOf, type Response } from '#http/message.ts'

/** When which field was changed, later than the data it counts for. */
export type Changes = ReadonlyMap<string, Timestamp>

const NO_CHANGES: Changes = new Map()
/** User metadata and all else that one POST replaces. */
const POSTED = 'posted'
const CONTENT_TYPE = 'type'

/** What the answer of an object server says of POSTs since data of that time. */
export function changesIn(response: Response, since: Timestamp): Changes {
  const told = headerOf(response, CHANGES_HEADER)
  if (told !== undefined) return parsed(told, since)
  // A peer that tells one time for all: OpenStack Swift's.
  const written = headerOf(response, 'x-backend-timestamp')
  if (written === undefined || written === since) return NO_CHANGES
  const changedAt = parseTimestamp(written) ?? ZERO_TIMESTAMP
  return changedAt > since ? new Map([[POSTED, changedAt]]) : NO_CHANGES
}

function parsed(told: string, since: Timestamp): Changes {
  const changes = new Map<string, Timestamp>()
  for (const item of told.split(';')) {
    const [name = '', written = ''] = item.split('=')
    const timestamp = parseTimestamp(written)
    if (timestamp !== undefined && timestamp > since) changes.set(name, timestamp)
  }
  return changes
}

/** Has `theirs` anything that is later than in `mine`? */
export function isLater(theirs: Changes, mine: Changes): boolean {
  for (const [name, timestamp] of theirs) if (timestamp > (mine.get(name) ?? ZERO_TIMESTAMP)) return true
  return false
}

/** The latest time of each field that anybody has. */
export function latestChanges(all: readonly Changes[]): Changes {
  const latest = new Map<string, Timestamp>()
  for (const changes of all) {
    for (const [name, timestamp] of changes) {
      if (timestamp > (latest.get(name) ?? ZERO_TIMESTAMP)) latest.set(name, timestamp)
    }
  }
  return latest
}

/** An answer, and when what it says was changed. */
export interface Told {
  readonly headers: Response['headers']
  readonly changes: Changes
}

/** The headers of `mine` with those fields of `theirs` that are later; whose data it is stays as it was. */
export function withLaterFields(mine: Told, theirs: Told): Told {
  const headers: Record<string, string | readonly string[] | undefined> = { ...mine.headers }
  const changes = new Map(mine.changes)
  for (const [name, timestamp] of theirs.changes) {
    if (timestamp <= (mine.changes.get(name) ?? ZERO_TIMESTAMP)) continue
    changes.set(name, timestamp)
    if (name === POSTED) takePosted(headers, theirs.headers)
    else if (name === CONTENT_TYPE) headers['content-type'] = theirs.headers['content-type']
    else headers[name] = theirs.headers[name]
  }
  const changedAt = [...changes.values()].reduce((latest, time) => (time > latest ? time : latest))
  headers['x-backend-timestamp'] = changedAt
  headers[CHANGES_HEADER] = [...changes].map(([name, time]) => `${name}=${time}`).join(';')
  return { headers, changes }
}

/** What belongs to the data or to the answer, and is not replaced by a POST. */
const OF_DATA: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-range',
  'accept-ranges',
  'etag',
  'x-static-large-object',
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
])

function isPosted(name: string): boolean {
  return (
    !OF_DATA.has(name) &&
    !name.startsWith('x-object-sysmeta-') &&
    !name.startsWith('x-backend-') &&
    !name.startsWith(FACT_PREFIX)
  )
}

function takePosted(
  headers: Record<string, string | readonly string[] | undefined>,
  posted: Response['headers'],
): void {
  for (const name of Object.keys(headers)) if (isPosted(name)) headers[name] = undefined
  for (const [name, value] of Object.entries(posted)) if (isPosted(name)) headers[name] = value
}
