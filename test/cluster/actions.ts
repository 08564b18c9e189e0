/** The operations that tests of a cluster do again and again, in one line each. */
import { bufferBody, type HeaderMap, type RequestBody, readWhole } from '#http/message.ts'
import type { ObjectPut, ObjectPutReceipt, ObjectRead, ObjectReadOptions, Store } from '#store/contract.ts'
import type { StoreFailure } from '#store/failure.ts'
import type { ListedObject, ListingPage } from '#store/listing.ts'
import type { ContainerName, ObjectName } from '#store/operation.ts'
import type { MemoryCluster } from './memory-cluster.ts'

export const CONTAINER: ContainerName = { account: 'AUTH_test', container: 'c' }

export function named(object: string): ObjectName {
  return { ...CONTAINER, object }
}

export async function makeContainer(cluster: MemoryCluster, name: ContainerName = CONTAINER): Promise<void> {
  const made = await cluster.store.containers.put(cluster.context, name, {
    changes: {},
    policyIndex: undefined,
  })
  if (made.kind !== 'created' && made.kind !== 'updated') throw new Error(`container: ${made.kind}`)
}

export function put(
  cluster: Pick<MemoryCluster, 'context'> & { readonly store: Store },
  object: string,
  body: string | Buffer | RequestBody,
  options: Partial<ObjectPut> = {},
): Promise<ObjectPutReceipt | StoreFailure> {
  return cluster.store.objects.put(cluster.context, named(object), {
    body: typeof body === 'string' || Buffer.isBuffer(body) ? bufferBody(Buffer.from(body)) : body,
    contentType: 'text/plain',
    expectedEtag: undefined,
    metadata: {},
    limitBytes: 2 ** 30,
    ...options,
  })
}

export interface Got {
  readonly kind: Awaited<ReturnType<Store['objects']['read']>>['kind']
  readonly headers: HeaderMap
  readonly bytes: Buffer
}

/** Reads an object whole. */
export async function get(
  cluster: Pick<MemoryCluster, 'context'> & { readonly store: Store },
  object: string,
  options: Partial<ObjectReadOptions> = {},
): Promise<Got> {
  const read = await cluster.store.objects.read(cluster.context, named(object), {
    method: 'GET',
    conditions: {},
    newest: false,
    ...options,
  })
  const headers = 'headers' in read ? read.headers : {}
  if (read.kind !== 'found') return { kind: read.kind, headers, bytes: Buffer.alloc(0) }
  return { kind: 'found', headers, bytes: await readWhole((read as ObjectRead).body, 2 ** 30) }
}

export async function list(cluster: Pick<MemoryCluster, 'context'> & { readonly store: Store }): Promise<{
  readonly names: readonly string[]
  readonly consistency: ListingPage<ListedObject>['consistency']
}> {
  const read = await cluster.store.containers.read(cluster.context, CONTAINER, {
    listing: { limit: 10_000, reverse: false },
  })
  if (read.kind !== 'found' || read.page === undefined) throw new Error(`listing: ${read.kind}`)
  const names = read.page.entries().map((entry) => (entry.kind === 'object' ? entry.name : entry.prefix))
  return { names, consistency: read.page.consistency }
}

/** A body of a length nobody was told, in pieces of 64 KiB. */
export function streamed(bytes: Buffer, lengthBytes?: number): RequestBody {
  return {
    lengthBytes,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
    },
  }
}

/** Bytes that differ from place to place. */
export function pattern(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at + 4 <= sizeBytes; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at)
  return bytes
}
