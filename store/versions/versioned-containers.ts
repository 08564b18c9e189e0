/** Containers as they are with versions: switched on and off, listed, counted and deleted together with them. */
import type { ContainerOperations, ContainerRead, Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { FeatureDeps } from '../features.ts'
import type { ListingQuery } from '../listing.ts'
import type { ContainerName, OperationContext } from '../operation.ts'
import { deleteContainer, ENABLED_HEADER, switchVersions } from './container-versions.ts'
import { VERSIONS_ENABLED, type Versions, versionsIn } from './kept-versions.ts'
import { listVersions } from './version-listing.ts'
import { RESERVED, versionsContainerOf } from './version-names.ts'
import { withVersionsShown } from './version-rows.ts'

export function versionedContainers(
  inner: Store,
  timestamps: FeatureDeps['timestamps'],
): ContainerOperations {
  const { containers } = inner
  return {
    info: (context, name) => containers.info(context, name),
    put(context, name, put) {
      const { changes, policyIndex } = put
      if (changes[ENABLED_HEADER] === undefined) return containers.put(context, name, put)
      return switchVersions(containers, { context, name, changes, policyIndex }, (stored) =>
        containers.put(context, name, { ...put, changes: stored }),
      )
    },
    post(context, name, changes) {
      if (changes[ENABLED_HEADER] === undefined) return containers.post(context, name, changes)
      return switchVersions(containers, { context, name, changes, policyIndex: undefined }, (stored) =>
        containers.post(context, name, stored),
      )
    },
    delete: (context, name) => deleteContainer(containers, context, name),
    async read(context, name, options) {
      const read = await containers.read(context, name, options)
      if (read.kind !== 'found' || name.container.startsWith(RESERVED)) return read
      const kept = versionsIn(read.info.metadata)
      const told = read.headers[VERSIONS_ENABLED] === undefined ? read : withSwitchTold(read)
      return await withVersions({ inner, timestamps, context, name, kept, listing: options.listing }, told)
    },
  }
}

interface Reading {
  readonly inner: Store
  readonly timestamps: FeatureDeps['timestamps']
  readonly context: OperationContext
  readonly name: ContainerName
  readonly kept: Versions | undefined
  readonly listing: ListingQuery | undefined
}

async function withVersions(reading: Reading, read: ContainerRead): Promise<ContainerRead | StoreFailure> {
  const { inner, timestamps, context, name, kept, listing } = reading
  // A container that never kept versions, as far as this read could tell, may have kept some.
  const hidden = kept?.container ?? versionsContainerOf(name.container)
  if (read.page !== undefined && listing?.versions !== undefined) {
    const query = { ...listing, versions: listing.versions }
    const deps = { objects: inner.objects, timestamps }
    const all = { containers: inner.containers, deps, context, name, hidden, query }
    const listed = await listVersions(all, read.page)
    if (listed.kind !== 'listed') return listed
    return { ...(kept === undefined ? read : withBytes(read, listed.bytesUsed)), page: listed.page }
  }
  const page = read.page && withVersionsShown(read.page, { ...name, hidden })
  if (kept === undefined) return page === read.page ? read : { ...read, page }
  const versions = await inner.containers.read(context, { account: name.account, container: hidden }, {})
  return { ...withBytes(read, versions.kind === 'found' ? versions.info.bytesUsed : 0), page }
}

function withSwitchTold(read: ContainerRead): ContainerRead {
  const { headers } = read
  return { ...read, headers: { ...headers, [ENABLED_HEADER]: headers[VERSIONS_ENABLED] } }
}

/** Versions count among the bytes of their container. */
function withBytes(read: ContainerRead, versionBytes: number): ContainerRead {
  const bytesUsed = read.info.bytesUsed + versionBytes
  return {
    ...read,
    info: { ...read.info, bytesUsed },
    headers: { ...read.headers, 'x-container-bytes-used': String(bytesUsed) },
  }
}
