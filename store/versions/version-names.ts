/**
 * The names under which versions are kept: those of OpenStack Swift (`versioned_writes/object_versioning.py`), so that either
 * finds what the other wrote. Names that begin with NUL are the cluster's own; no client can use or see them.
 *
 *     \0versions\0<container>                          the hidden container beside each container with versions
 *     \0<object>\0<time, counted down from the end>    a version in it: the newest of an object comes first
 *
 * A version's id is the time of its write, `1700000000.12345`.
 */
import {
  normalForm,
  offsetOf,
  parseTimestamp,
  type Timestamp,
  ticksOf,
  timestampFromTicks,
} from '#base/timestamp.ts'
import type { ContainerName, ObjectName } from '../operation.ts'

/** Separates the parts of reserved names, and begins them (Swift `RESERVED_STR`). */
export const RESERVED = '\0'
const VERSIONS = 'versions'
/** The last time that sixteen characters hold; versions are counted down from it. */
const LAST_TICKS = 9_999_999_999_99999

/** The version id of an object that was put while its container kept no versions. */
export const NULL_VERSION = 'null'
/** Content type of a version that says that the object was deleted; clients cannot use the parameter. */
export const DELETE_MARKER_TYPE = 'application/x-deleted;swift_versions_deleted=1'

/** The hidden container of a container's versions. */
export function versionsContainerOf(container: string): string {
  return `${RESERVED}${VERSIONS}${RESERVED}${container}`
}

/** What a prefix of containers' names is among the hidden containers. */
export const VERSIONS_CONTAINERS = `${RESERVED}${VERSIONS}${RESERVED}`

/** The container whose versions a hidden container keeps; `undefined` of any other name. */
export function versionedContainerOf(hidden: string): string | undefined {
  return hidden.startsWith(VERSIONS_CONTAINERS) ? hidden.slice(VERSIONS_CONTAINERS.length) : undefined
}

/** The place of one version among the versions. */
export function versionNameOf(name: ObjectName, versionsContainer: string, id: Timestamp): ObjectName {
  return {
    account: name.account,
    container: versionsContainer,
    object: versionsPrefix(name.object) + countedDown(id),
  }
}

/** With what the names of all versions of an object begin. */
export function versionsPrefix(object: string): string {
  return `${RESERVED}${object}${RESERVED}`
}

export interface ObjectVersion {
  readonly object: string
  readonly id: Timestamp
}

/** The object and the id that a name among the versions stands for; `undefined` when it is none. */
export function versionIn(name: string): ObjectVersion | undefined {
  const last = name.lastIndexOf(RESERVED)
  if (last < 1 || !name.startsWith(RESERVED)) return undefined
  const written = parseTimestamp(name.slice(last + 1))
  if (written === undefined || offsetOf(written) !== 0) return undefined
  return { object: name.slice(1, last), id: countedDown(written) }
}

/** A version id as clients write it; `undefined` when it is none. */
export function versionIdIn(written: string): Timestamp | undefined {
  const id = parseTimestamp(written)
  return id === undefined || offsetOf(id) !== 0 ? undefined : id
}

/** The id that an object which was put without one gets when it becomes a version: the time a client knows it by. */
export function versionIdOfTime(time: Timestamp): Timestamp {
  return normalForm(time) as Timestamp
}

/** The newer, the earlier in a listing. Its own inverse. */
export function countedDown(id: Timestamp): Timestamp {
  return timestampFromTicks(LAST_TICKS - ticksOf(id))
}

export function versionsContainerName({ account, container }: ContainerName): ContainerName {
  return { account, container: versionsContainerOf(container) }
}
