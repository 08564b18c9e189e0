/** A cluster whose store keeps versions, and what tests of it ask again and again. */
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { bufferBody, readWhole } from '#http/message.ts'
import type {
  ObjectDelete,
  ObjectDeleteOutcome,
  ObjectPut,
  ObjectPutReceipt,
  ObjectReadOptions,
  Store,
} from '#store/contract.ts'
import type { DeferPartsCheck } from '#store/deferred-checks.ts'
import type { StoreFailure } from '#store/failure.ts'
import { withFeatures } from '#store/features.ts'
import type { ListedObject, ListingQuery } from '#store/listing.ts'
import type { ContainerName } from '#store/operation.ts'
import { CONTAINER, named } from './actions.ts'
import type { MemoryCluster } from './memory-cluster.ts'

export const ARCHIVE: ContainerName = { ...CONTAINER, container: 'archive' }

/** All features over a core store, which a test may have tampered with. */
export function layered(
  cluster: MemoryCluster,
  core: Store,
  deferPartsCheck: DeferPartsCheck = cluster.store.deferPartsCheck,
): Store {
  const environment = { clock: realClock, random: new SeededRandom(7) }
  return withFeatures(core, { environment, timestamps: cluster.timestamps, deferPartsCheck })
}

/** The operations on one object and its container. */
export class Kept {
  readonly #store: Store
  readonly #cluster: MemoryCluster

  constructor(cluster: MemoryCluster, store: Store) {
    this.#cluster = cluster
    this.#store = store
  }

  async container(
    changes: Readonly<Record<string, string>>,
    name: ContainerName = CONTAINER,
  ): Promise<string> {
    const put = await this.#store.containers.put(this.#cluster.context, name, {
      changes,
      policyIndex: undefined,
    })
    return put.kind
  }

  put(
    object: string,
    body: string,
    versionId?: string,
    options: Partial<ObjectPut> = {},
  ): Promise<ObjectPutReceipt | StoreFailure> {
    return this.#store.objects.put(this.#cluster.context, named(object), {
      body: bufferBody(Buffer.from(body)),
      contentType: 'text/plain',
      expectedEtag: undefined,
      metadata: {},
      limitBytes: 2 ** 20,
      versionId,
      ...options,
    })
  }

  delete(
    object: string,
    versionId?: string,
    options: Partial<ObjectDelete> = {},
  ): Promise<ObjectDeleteOutcome> {
    return this.#store.objects.delete(this.#cluster.context, named(object), { versionId, ...options })
  }

  async deleteContainer(name: ContainerName = CONTAINER): Promise<string> {
    return (await this.#store.containers.delete(this.#cluster.context, name)).kind
  }

  /** The body, or the kind of the failure in angle brackets. */
  async text(
    object: string,
    options: Partial<ObjectReadOptions> = {},
    container = CONTAINER,
  ): Promise<string> {
    const read = await this.#store.objects.read(
      this.#cluster.context,
      { ...container, object },
      { method: 'GET', conditions: {}, newest: true, ...options },
    )
    return read.kind === 'found' ? (await readWhole(read.body, 2 ** 20)).toString() : `<${read.kind}>`
  }

  async rows(container: ContainerName, query: Partial<ListingQuery> = {}): Promise<readonly ListedObject[]> {
    const listing = { limit: 10_000, reverse: false, ...query }
    const read = await this.#store.containers.read(this.#cluster.context, container, { listing })
    if (read.kind !== 'found') return []
    return (read.page?.entries() ?? []).filter((row) => row.kind === 'object')
  }

  versions(): Promise<readonly ListedObject[]> {
    return this.rows(CONTAINER, { versions: {} })
  }

  /** Bodies of all versions of the object, newest first; of delete markers what a read of them comes to. */
  async versionTexts(object: string): Promise<readonly string[]> {
    const own = (await this.versions()).filter(({ name }) => name === object)
    return await Promise.all(own.map((row) => this.text(object, { versionId: idOf(row) })))
  }

  /** Bodies of all copies in the archive, oldest first. */
  async copyTexts(): Promise<readonly string[]> {
    const rows = await this.rows(ARCHIVE)
    return await Promise.all(rows.map(({ name }) => this.text(name, {}, ARCHIVE)))
  }

  async bytesUsed(container: ContainerName = CONTAINER): Promise<number> {
    const read = await this.#store.containers.read(this.#cluster.context, container, {})
    return read.kind === 'found' ? read.info.bytesUsed : 0
  }
}

export function idOf(row: ListedObject): string {
  return String(row.extra['version_id'])
}
