/**
 * How a container keeps versions, as its system metadata tell (OpenStack Swift, `common/middleware/versioned_writes/`).
 *
 * Versions proper lie in a hidden container; each object is a link to its current version. The older way, by location,
 * copies what is overwritten into another container that its owner names; a delete then either brings the last copy
 * back, or copies too and leaves a mark.
 */
import { decodePercent } from '#base/names.ts'
import type { HeaderMap } from '#http/message.ts'

export const VERSIONS_ENABLED = 'x-container-sysmeta-versions-enabled'
export const VERSIONS_CONTAINER = 'x-container-sysmeta-versions-container'
export const VERSIONS_LOCATION = 'x-container-sysmeta-versions-location'
export const VERSIONS_MODE = 'x-container-sysmeta-versions-mode'
/** Of an object: it is the link to its current version. */
export const VERSION_LINK = 'x-object-sysmeta-versions-symlink'
/** The location as Swift kept it before it was system metadata. */
const OLD_LOCATION = 'x-versions-location'

export interface Versions {
  /** The hidden container. */
  readonly container: string
  /** `off`: versions are there, and no new ones are made. */
  readonly keeping: 'on' | 'off'
}

/** `undefined` of a container that never kept versions. */
export function versionsIn(metadata: HeaderMap): Versions | undefined {
  const container = containerIn(metadata[VERSIONS_CONTAINER])
  if (container === undefined) return undefined
  return { container, keeping: metadata[VERSIONS_ENABLED]?.toLowerCase() === 'true' ? 'on' : 'off' }
}

export interface Archive {
  readonly container: string
  /** `restore`: a delete brings the last copy back; `mark`: it copies and leaves a mark. */
  readonly onDelete: 'restore' | 'mark'
}

/** `undefined` of a container that copies nothing. */
export function archiveIn(metadata: HeaderMap): Archive | undefined {
  const container = containerIn(metadata[VERSIONS_LOCATION] ?? metadata[OLD_LOCATION])
  if (container === undefined) return undefined
  return { container, onDelete: metadata[VERSIONS_MODE] === 'history' ? 'mark' : 'restore' }
}

function containerIn(written: string | undefined): string | undefined {
  if (written === undefined) return undefined
  const [container] = decodePercent(written)?.split('/') ?? []
  return container === '' ? undefined : container
}
