/** How the in-memory store shows what it remembers: infos, headers and pages in the forms of the contract. */
import { httpDate, isoForm, lastModifiedSeconds, normalForm } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { AccountInfo, ContainerInfo } from '#store/contract.ts'
import { typeWithSize } from '#store/large-objects/manifest.ts'
import type {
  ListedContainer,
  ListedObject,
  ListedSubdir,
  ListingPage,
  ListingQuery,
} from '#store/listing.ts'
import { memoryListing } from './memory-listing.ts'
import { bytesIn, type MemoryAccount, type MemoryContainer, type MemoryObject } from './memory-state.ts'

export function accountInfo(account: MemoryAccount | undefined): AccountInfo {
  const containers = [...(account?.containers.values() ?? [])]
  return {
    containerCount: containers.length,
    objectCount: sum(containers.map((one) => one.objects.size)),
    bytesUsed: sum(containers.map(bytesIn)),
    metadata: { ...account?.metadata },
    state: account === undefined ? 'not_yet_created' : undefined,
  }
}

export function containerInfo(container: MemoryContainer): ContainerInfo {
  const { metadata } = container
  return {
    objectCount: container.objects.size,
    bytesUsed: bytesIn(container),
    policyIndex: container.policyIndex,
    statusChangedAt: container.createdAt,
    readAcl: metadata['x-container-read'],
    writeAcl: metadata['x-container-write'],
    syncKey: metadata['x-container-sync-key'],
    metadata: { ...metadata },
  }
}

export function containerHeaders(container: MemoryContainer, info: ContainerInfo): HeaderMap {
  return {
    ...info.metadata,
    'x-container-object-count': String(info.objectCount),
    'x-container-bytes-used': String(info.bytesUsed),
    'x-timestamp': normalForm(container.createdAt),
    'x-put-timestamp': normalForm(container.createdAt),
    'last-modified': httpDate(lastModifiedSeconds(container.changedAt)),
    'x-backend-storage-policy-index': String(container.policyIndex),
  }
}

export function accountPage(
  account: MemoryAccount | undefined,
  query: ListingQuery,
): ListingPage<ListedContainer> {
  const containers = account?.containers ?? new Map<string, MemoryContainer>()
  const shown =
    query.reservedNames === 'shown'
      ? containers
      : new Map([...containers].filter(([name]) => !name.startsWith('\0')))
  const listed = memoryListing(shown, query)
  return page(
    listed.map((entry) => ('kind' in entry ? entry : listedContainer(entry.name, entry.value))),
    (entry) => ({
      name: entry.name,
      count: entry.objectCount,
      bytes: entry.bytesUsed,
      last_modified: entry.lastModified,
    }),
  )
}

function listedContainer(name: string, container: MemoryContainer): ListedContainer {
  return {
    kind: 'container',
    name,
    objectCount: container.objects.size,
    bytesUsed: bytesIn(container),
    lastModified: isoForm(container.createdAt),
  }
}

export function containerPage(container: MemoryContainer, query: ListingQuery): ListingPage<ListedObject> {
  const listed = memoryListing(container.objects, query)
  return page(
    listed.map((entry) => ('kind' in entry ? entry : listedObject(entry.name, entry.value))),
    (entry) => ({
      bytes: entry.sizeBytes,
      hash: entry.etag,
      name: entry.name,
      content_type: entry.contentType,
      last_modified: entry.lastModified,
    }),
  )
}

function listedObject(name: string, object: MemoryObject): ListedObject {
  const { contentType, sizeBytes = object.body.length } = typeWithSize(object.contentType)
  return {
    kind: 'object',
    name,
    sizeBytes,
    etag: object.metadata['x-object-sysmeta-container-update-override-etag'] ?? object.etag,
    contentType,
    lastModified: isoForm(object.timestamp),
    extra: {},
  }
}

function page<Entry extends ListedContainer | ListedObject>(
  entries: readonly (Entry | ListedSubdir)[],
  row: (entry: Entry) => object,
): ListingPage<Entry> {
  const rows = entries.map((entry) =>
    entry.kind === 'subdir' ? { subdir: entry.prefix } : row(entry as Entry),
  )
  return { json: Buffer.from(JSON.stringify(rows)), entries: () => entries, consistency: 'complete' }
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
