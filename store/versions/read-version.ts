/** Reads of versions, and what a read of the current object tells of its version. */
import type { Timestamp } from '#base/timestamp.ts'
import type {
  ContainerInfo,
  ObjectOperations,
  ObjectReadOptions,
  ObjectReadOutcome,
  ReadTrail,
  VersionName,
} from '../contract.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { letGo } from '../symlinks/follow.ts'
import { versionsIn } from './kept-versions.ts'
import {
  DELETE_MARKER_TYPE,
  NULL_VERSION,
  versionedContainerOf,
  versionIn,
  versionNameOf,
} from './version-names.ts'

/** One version, whatever the current one is. A delete marker reads as nothing, and says so. */
export async function readVersion(
  objects: ObjectOperations,
  context: OperationContext,
  version: { readonly name: ObjectName; readonly container: string; readonly id: Timestamp },
  options: ObjectReadOptions,
): Promise<ObjectReadOutcome> {
  const { name, container, id } = version
  const outcome = await objects.read(context, versionNameOf(name, container, id), options)
  if (outcome.kind === 'no_such_container') return { kind: 'no_such_object', headers: {} }
  if (outcome.kind !== 'found') return outcome
  if (outcome.headers['content-type'] !== DELETE_MARKER_TYPE) {
    return { ...outcome, trail: { ...outcome.trail, versionId: id } }
  }
  await letGo(outcome)
  return { kind: 'no_such_object', headers: {}, trail: { versionId: id, isDeleteMarker: true } }
}

/** The current object, if it was put without a version. */
export async function readNullVersion(
  objects: ObjectOperations,
  context: OperationContext,
  name: ObjectName,
  options: ObjectReadOptions,
): Promise<ObjectReadOutcome> {
  const outcome = await objects.read(context, name, options)
  if (outcome.kind !== 'found') return outcome
  const leadsTo = outcome.trail?.location?.container ?? outcome.trail?.link?.container ?? ''
  if (versionedContainerOf(leadsTo) === undefined) {
    return { ...outcome, trail: { ...outcome.trail, versionId: NULL_VERSION } }
  }
  await letGo(outcome)
  return { kind: 'no_such_object', headers: {} }
}

/** The outcome of a plain read in a container that has versions: says which version it is, and hides where that lies. */
export function withVersionTold(
  outcome: ObjectReadOutcome,
  name: ObjectName,
  info: ContainerInfo | undefined,
): ObjectReadOutcome {
  const versions = info === undefined ? undefined : versionsIn(info.metadata)
  if (versions === undefined) return outcome
  return { ...outcome, trail: toldTrail(outcome.trail ?? {}, name, versions.container) }
}

function toldTrail(trail: ReadTrail, name: ObjectName, container: string): ReadTrail {
  const { location, link } = trail
  const isHere = location?.account === name.account && location.container === container
  const shown = isHere ? shownVersion(name, location.object) : undefined
  const linked = link?.container === container ? shownVersion(name, link.object) : undefined
  return {
    ...trail,
    versionId: shown?.versionId ?? linked?.versionId ?? NULL_VERSION,
    ...(shown === undefined ? {} : { location: shown }),
    ...(linked === undefined || link === undefined ? {} : { link: { ...link, ...withoutAccount(linked) } }),
  }
}

function shownVersion(name: ObjectName, kept: string): VersionName | undefined {
  const id = versionIn(kept)?.id
  return id === undefined ? undefined : { ...name, versionId: id }
}

function withoutAccount({ account: _account, ...rest }: VersionName): Omit<VersionName, 'account'> {
  return rest
}
