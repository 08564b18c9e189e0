/**
 * Containers that keep versions: turning it on and off, and deleting them.
 *
 * On: the hidden container first, then the container says that it has one; so no PUT ever finds that a container keeps
 * versions and has no place for them. A delete goes the other way, the container first: an orphan that a crash leaves is
 * empty, and goes when the delete is asked for again.
 */
import { quotedPath } from '#base/names.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ContainerInfo, ContainerOperations } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ContainerName, OperationContext } from '../operation.ts'
import { archiveIn, VERSIONS_CONTAINER, VERSIONS_ENABLED, versionsIn } from './kept-versions.ts'
import { versionsContainerName, versionsContainerOf } from './version-names.ts'

/** How clients turn versions on and off, and are told. */
export const ENABLED_HEADER = 'x-versions-enabled'
/** A container whose objects are sent to another cluster. */
const SYNC_TO = 'x-container-sync-to'
const TRUE_WORDS: ReadonlySet<string> = new Set(['true', '1', 'yes', 'on', 't', 'y'])

/** Turns versions off as S3 does: what is put and deleted from then on has the null version, also where none were kept. */
export const SUSPENDED = 'suspended'

type Changed = { readonly kind: 'created' | 'updated' } | StoreFailure

interface Switching {
  readonly context: OperationContext
  readonly name: ContainerName
  readonly changes: HeaderMap
  /** Of a container that is to be created. */
  readonly policyIndex: number | undefined
}

/** A PUT or POST of a container that turns versions on or off; `write` does it with the changes as they are stored. */
export async function switchVersions<Result extends Changed>(
  containers: ContainerOperations,
  switching: Switching,
  write: (changes: HeaderMap) => Promise<Result>,
): Promise<Result | StoreFailure> {
  const { context, name, policyIndex } = switching
  const { [ENABLED_HEADER]: written = '', ...changes } = switching.changes
  const info = await containers.info(context, name)
  const refusal = info === undefined ? undefined : refusalOf(info)
  if (refusal !== undefined) return refusal
  const isOn = isSwitchedOn(written)
  if (!isOn && written !== SUSPENDED) return await write({ ...changes, [VERSIONS_ENABLED]: 'False' })
  const hidden = versionsContainerName(name)
  const made = await containers.put(context, hidden, {
    changes: {},
    policyIndex: info?.policyIndex ?? policyIndex,
  })
  // It has another storage policy: versions may lie anywhere.
  if (!isMade(made) && made.kind !== 'conflict') return made
  const result = await write({
    ...changes,
    [VERSIONS_ENABLED]: isOn ? 'True' : 'False',
    [VERSIONS_CONTAINER]: quotedPath(versionsContainerOf(name.container)),
  })
  if (made.kind === 'created' && result.kind === 'no_such_container') await containers.delete(context, hidden)
  return result
}

/** Whether a value of the header turns versions on. */
export function isSwitchedOn(written: string): boolean {
  return TRUE_WORDS.has(written.toLowerCase())
}

/** The container is there. */
export function isMade(outcome: Changed): outcome is Exclude<Changed, StoreFailure> {
  return outcome.kind === 'created' || outcome.kind === 'updated'
}

function refusalOf({ metadata }: ContainerInfo): StoreFailure | undefined {
  if (archiveIn(metadata) !== undefined) return { kind: 'version_refused', problem: 'kept_by_location' }
  const syncTo = metadata[SYNC_TO] ?? ''
  return syncTo === '' ? undefined : { kind: 'version_refused', problem: 'container_is_synced' }
}

/** A container goes when neither it nor its hidden container holds anything. */
export async function deleteContainer(
  containers: ContainerOperations,
  context: OperationContext,
  name: ContainerName,
): Promise<{ readonly kind: 'deleted' } | StoreFailure> {
  const info = await containers.info(context, name)
  const versions = info === undefined ? undefined : versionsIn(info.metadata)
  const hidden =
    versions === undefined
      ? versionsContainerName(name)
      : { account: name.account, container: versions.container }
  const left = versions === undefined ? undefined : await versionsLeft(containers, context, hidden)
  if (left !== undefined) return left
  const deleted = await containers.delete(context, name)
  const isGone = deleted.kind === 'deleted' || deleted.kind === 'no_such_container'
  if (!isGone || (versions === undefined && deleted.kind === 'deleted')) return deleted
  const swept = await containers.delete(context, hidden)
  if (swept.kind === 'deleted' || swept.kind === 'no_such_container' || swept.kind === 'not_empty')
    return deleted
  return swept
}

async function versionsLeft(
  containers: ContainerOperations,
  context: OperationContext,
  hidden: ContainerName,
): Promise<StoreFailure | undefined> {
  const read = await containers.read(context, hidden, { newest: true })
  if (read.kind === 'no_such_container') return undefined
  if (read.kind !== 'found') return read
  return read.info.objectCount > 0 ? { kind: 'version_refused', problem: 'versions_left' } : undefined
}
