/**
 * The versions of objects, as a bucket lists them, each with its place among those of its object. Pure; rows come page by
 * page, newest first within each key, and a key may go on over the end of a page.
 *
 * Which version is the current one its row says, not its place. Above it are versions whose PUT is not over, or never came to
 * its end, and those in front of which Swift's clients put an older one. An object that was put without a version is listed
 * first, and below it, though not superseded by it, the copy of itself that a PUT makes before it overwrites it, and the
 * version of that PUT.
 */
import { millisecondsOf } from '#base/timestamp.ts'
import type { ListedObject } from '#store/listing.ts'
import { DELETE_MARKER_TYPE, NULL_VERSION, versionIdIn } from '#store/versions/version-names.ts'

export interface PlacedVersion {
  readonly key: string
  readonly versionId: string
  readonly sizeBytes: number
  readonly writtenMs: number
  readonly isMarker: boolean
  readonly place: Place
}

export type Place =
  | { readonly kind: 'current' }
  | {
      readonly kind: 'noncurrent'
      /** When the one above it was written. */
      readonly sinceMs: number
      /** How many noncurrent ones are newer. */
      readonly newer: number
    }
  /** Nothing has taken its place yet, or nobody can tell when: it is left alone. */
  | { readonly kind: 'unsettled' }

/** A marker that says that an object was deleted of which there is nothing else any more. */
export interface LoneMarker {
  readonly key: string
  readonly versionId: string
  readonly writtenMs: number
}

type Version = Omit<PlacedVersion, 'place'>

interface Group {
  readonly key: string
  readonly first: Version
  rows: number
  /** The current one and what is below it; `undefined` until that comes. */
  settled: { readonly current: Version; lowest: Version; below: number } | undefined
}

export class VersionRows {
  #group: Group | undefined

  /** The version that a row is, and the lone marker that ended with the key before it. */
  next(row: ListedObject): { readonly version: PlacedVersion; readonly lone: LoneMarker | undefined } {
    const version = {
      key: row.name,
      versionId: String(row.extra['version_id']),
      sizeBytes: row.sizeBytes,
      writtenMs: writtenMsOf(row),
      isMarker: row.contentType === DELETE_MARKER_TYPE,
    }
    const isSameKey = this.#group?.key === version.key
    const lone = isSameKey ? undefined : this.end()
    this.#group ??= { key: version.key, first: version, rows: 0, settled: undefined }
    this.#group.rows += 1
    const place = placeIn(this.#group, version, row.extra['is_latest'] === true)
    return { version: { ...version, place }, lone }
  }

  /** No more rows come: the lone marker that was the last key. */
  end(): LoneMarker | undefined {
    const group = this.#group
    this.#group = undefined
    if (group === undefined || group.rows > 1) return undefined
    const { key, versionId, writtenMs, isMarker } = group.first
    return isMarker && group.settled !== undefined ? { key, versionId, writtenMs } : undefined
  }
}

/** With a second row that says that it is the current one, the object changed between two pages: the later word counts. */
function placeIn(group: Group, version: Version, isLatest: boolean): Place {
  if (isLatest) {
    group.settled = { current: version, lowest: version, below: 0 }
    return { kind: 'current' }
  }
  const { settled } = group
  if (settled === undefined || isOfPutToCome(settled.current, version)) return { kind: 'unsettled' }
  const place = { kind: 'noncurrent', sinceMs: settled.lowest.writtenMs, newer: settled.below } as const
  settled.lowest = version
  settled.below += 1
  return place
}

/** The copy of an object without a version, or what is to come in its place. */
function isOfPutToCome(current: Version, { versionId }: Version): boolean {
  if (current.versionId !== NULL_VERSION) return false
  const id = versionIdIn(versionId)
  return id === undefined || millisecondsOf(id) >= current.writtenMs
}

/** Rows tell times in Swift's ISO form, UTC without saying so. */
export function writtenMsOf({ lastModified }: ListedObject): number {
  return Date.parse(`${lastModified}Z`)
}
