/** Containers that copy what is overwritten into another container: how they are told to, and tell it. */
import type { HeaderMap } from '#http/message.ts'
import type { ContainerOperations, ContainerRead } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { VERSIONS_LOCATION, VERSIONS_MODE } from './kept-versions.ts'

/** A delete brings the last copy back. */
const RESTORE_HEADER = 'x-versions-location'
/** A delete copies, too. */
const MARK_HEADER = 'x-history-location'

export function archivedContainers(inner: ContainerOperations): ContainerOperations {
  return {
    info: (context, name) => inner.info(context, name),
    async put(context, name, put) {
      const changes = storedChanges(put.changes)
      return changes.kind === 'changes' ? await inner.put(context, name, { ...put, ...changes }) : changes
    },
    async post(context, name, changes) {
      const stored = storedChanges(changes)
      return stored.kind === 'changes' ? await inner.post(context, name, stored.changes) : stored
    },
    delete: (context, name) => inner.delete(context, name),
    async read(context, name, options) {
      const read = await inner.read(context, name, options)
      return read.kind === 'found' ? withLocationTold(read) : read
    },
  }
}

/** The changes as they are stored. What sets a location outdoes what removes one. */
function storedChanges(
  changes: HeaderMap,
):
  | { readonly kind: 'changes'; readonly changes: HeaderMap }
  | Extract<StoreFailure, { readonly kind: 'version_refused' }> {
  const { [RESTORE_HEADER]: restore, [MARK_HEADER]: mark, ...others } = changes
  if (restore === undefined && mark === undefined) return { kind: 'changes', changes }
  const isRestored = restore !== undefined && restore !== ''
  const isMarked = mark !== undefined && mark !== ''
  if (isRestored && isMarked) return { kind: 'version_refused', problem: 'two_locations' }
  const location = isRestored ? restore : (mark ?? '')
  if (location.includes('/')) return { kind: 'version_refused', problem: 'location_has_slash' }
  const mode = location === '' ? '' : isRestored ? 'stack' : 'history'
  // The old place of the location is cleared: there is one truth.
  const stored = { [RESTORE_HEADER]: '', [VERSIONS_LOCATION]: location, [VERSIONS_MODE]: mode }
  return { kind: 'changes', changes: { ...others, ...stored } }
}

function withLocationTold(read: ContainerRead): ContainerRead {
  const { headers } = read
  const location = headers[VERSIONS_LOCATION]
  if (location === undefined || location === '') return read
  const told = headers[VERSIONS_MODE] === 'history' ? MARK_HEADER : RESTORE_HEADER
  return { ...read, headers: { ...headers, [told]: location } }
}
