/** The link under an object's name that says which version is the current one. */
import { splitSwiftBytes } from '#db/object-row.ts'
import { EMPTY_BODY, type HeaderMap } from '#http/message.ts'
import type { ObjectPut } from '../contract.ts'
import type { ObjectName } from '../operation.ts'
import { EMPTY_MD5, linkMetadata, ROW_ETAG } from '../symlinks/link-metadata.ts'
import { VERSION_LINK } from './kept-versions.ts'
import { DELETE_MARKER_TYPE } from './version-names.ts'

/** What the link and its row tell of the version. */
export interface LinkedVersion {
  readonly name: ObjectName
  readonly etag: string
  readonly sizeBytes: number
  readonly contentType: string
  /** ETag of its row with all that it says, where that is known. */
  readonly rowEtag?: string | undefined
}

/** Of a large object: the link stands for none. */
const NOT_OF_LINKS: ReadonlySet<string> = new Set([
  'x-object-manifest',
  'x-static-large-object',
  'x-object-sysmeta-slo-etag',
  'x-object-sysmeta-slo-size',
])

/** The upload that makes `version` the current one. `metadata` is what the client sent. */
export function versionLink(version: LinkedVersion, metadata: HeaderMap): ObjectPut {
  const own = Object.entries(metadata).filter(([name]) => !NOT_OF_LINKS.has(name))
  const link = linkMetadata({
    container: version.name.container,
    object: version.name.object,
    etag: version.etag,
    sizeBytes: version.sizeBytes,
    madeBy: 'cluster',
    rowEtag: metadata[ROW_ETAG] ?? version.rowEtag,
  })
  return {
    body: EMPTY_BODY,
    contentType: splitSwiftBytes(version.contentType)[0],
    expectedEtag: EMPTY_MD5,
    metadata: { ...Object.fromEntries(own), ...link, [VERSION_LINK]: 'true' },
    limitBytes: 0,
  }
}

/** The upload of a version, or a mark in an archive, that says that the object was deleted. */
export const DELETE_MARKER: ObjectPut = {
  body: EMPTY_BODY,
  contentType: DELETE_MARKER_TYPE,
  expectedEtag: undefined,
  metadata: {},
  limitBytes: 0,
}

/** The type alone, without parameters: what Swift writes to the link of a new version. */
export function mediaType(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim() ?? ''
}

/** The size that a large object has for its readers, or that of the body. */
export function shownSize(metadata: HeaderMap, sizeBytes: number): number {
  const ofSegments = metadata['x-object-sysmeta-slo-size']
  return ofSegments === undefined ? sizeBytes : Number(ofSegments)
}
