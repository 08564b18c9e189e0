/**
 * The versions of objects, as a bucket lists them, each with its place among those of its object. Pure; rows come page by
 * page, newest first within each key, and a key may go on over the end of a page.
 */
import type { ListedObject } from '#store/listing.ts'
import { DELETE_MARKER_TYPE } from '#store/versions/version-names.ts'

export interface PlacedVersion {
  readonly key: string
  readonly versionId: string
  readonly sizeBytes: number
  readonly writtenMs: number
  readonly isMarker: boolean
  /** `undefined` of the current one. */
  readonly noncurrent:
    | {
        /** When the one above it was written. */
        readonly sinceMs: number
        /** How many noncurrent ones are newer. */
        readonly newer: number
      }
    | undefined
}

/** A marker that says that an object was deleted of which there is nothing else any more. */
export interface LoneMarker {
  readonly key: string
  readonly versionId: string
  readonly writtenMs: number
}

interface Group {
  readonly key: string
  readonly first: PlacedVersion
  /** When the one before was written. */
  previousMs: number
  count: number
}

export class VersionRows {
  #group: Group | undefined

  /** The version that a row is, and the lone marker that ended with the key before it. */
  next(row: ListedObject): { readonly version: PlacedVersion; readonly lone: LoneMarker | undefined } {
    const { name: key, sizeBytes } = row
    const writtenMs = writtenMsOf(row)
    const common = {
      key,
      versionId: String(row.extra['version_id']),
      sizeBytes,
      writtenMs,
      isMarker: row.contentType === DELETE_MARKER_TYPE,
    }
    const group = this.#group
    if (group === undefined || group.key !== key) {
      const lone = this.end()
      const version: PlacedVersion = { ...common, noncurrent: undefined }
      this.#group = { key, first: version, previousMs: writtenMs, count: 1 }
      return { version, lone }
    }
    const noncurrent = { sinceMs: group.previousMs, newer: group.count - 1 }
    group.previousMs = writtenMs
    group.count += 1
    return { version: { ...common, noncurrent }, lone: undefined }
  }

  /** No more rows come: the lone marker that was the last key. */
  end(): LoneMarker | undefined {
    const group = this.#group
    this.#group = undefined
    if (group === undefined || group.count > 1 || !group.first.isMarker) return undefined
    const { key, versionId, writtenMs } = group.first
    return { key, versionId, writtenMs }
  }
}

/** Rows tell times in Swift's ISO form, UTC without saying so. */
export function writtenMsOf({ lastModified }: ListedObject): number {
  return Date.parse(`${lastModified}Z`)
}
