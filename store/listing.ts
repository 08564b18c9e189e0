/** A page of an account's containers or of a container's objects: what is asked for, and what comes. */

/** Marker paging of an account's containers or a container's objects; names are decoded. */
export interface ListingQuery {
  readonly prefix?: string | undefined
  readonly delimiter?: string | undefined
  readonly marker?: string | undefined
  readonly endMarker?: string | undefined
  /** Swift's `path`: the direct children of a pseudo-directory. Containers only. */
  readonly path?: string | undefined
  readonly limit: number
  readonly reverse: boolean
  /**
   * Every version of every object is listed, newest first, with `version_id` and `is_latest`. `marker` goes on after this
   * version of the object named by the query's own marker. Containers only.
   */
  readonly versions?:
    | {
        readonly marker?: string | undefined
        /** Kept null versions have the id `null`, and the one by which paging goes on in `kept_id`. */
        readonly nullVersions?: 'told' | undefined
      }
    | undefined
  /** Names in the cluster's own namespace, which begin with NUL, are listed too. */
  readonly reservedNames?: 'shown' | undefined
}

export interface ListedContainer {
  readonly kind: 'container'
  readonly name: string
  readonly objectCount: number
  readonly bytesUsed: number
  /** Swift's ISO form, `2023-11-14T22:13:20.123450`. */
  readonly lastModified: string
}

export interface ListedObject {
  readonly kind: 'object'
  readonly name: string
  readonly sizeBytes: number
  readonly etag: string
  readonly contentType: string
  readonly lastModified: string
  /** Further members of the row that storage sends (`symlink_path`, …), as in Swift's JSON. */
  readonly extra: Readonly<Record<string, unknown>>
}

export interface ListedSubdir {
  readonly kind: 'subdir'
  readonly prefix: string
}

export interface ListingPage<Entry> {
  /** Swift's JSON form of the page, ready to send. */
  readonly json: Buffer
  /** The same, parsed on demand. */
  readonly entries: () => readonly (Entry | ListedSubdir)[]
  /**
   * `complete`: proven by the digests of a majority to hold every acknowledged write.
   * `eventual`: fewer answered, or a peer cannot give digests.
   */
  readonly consistency: 'complete' | 'eventual'
}
