/** Multipart uploads in a cluster in memory, and what tests of them ask again and again. */
import type { Clock } from '#base/environment.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { bufferBody, readWhole } from '#http/message.ts'
import type { WriteCondition } from '#store/condition.ts'
import type { ObjectPut, Store } from '#store/contract.ts'
import type { DeferPartsCheck } from '#store/deferred-checks.ts'
import type { CompletionOutcome } from '#store/multipart/complete-upload.ts'
import { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import type { ContainerName } from '#store/operation.ts'
import { CONTAINER, named } from './actions.ts'
import { layered } from './kept-objects.ts'
import type { MemoryCluster } from './memory-cluster.ts'

export const PARTS: ContainerName = { ...CONTAINER, container: `${CONTAINER.container}+segments` }

export interface SentPart {
  readonly number: number
  readonly etag: string
}

export interface UploadsOptions {
  /** What the process has of the cluster; a test may have tampered with it. */
  readonly core?: Store
  readonly checkParts?: DeferPartsCheck
  readonly clock?: Clock
  readonly seed?: number
}

export class Uploads {
  readonly store: Store
  readonly uploads: MultipartUploads
  readonly #cluster: MemoryCluster

  constructor(cluster: MemoryCluster, options: UploadsOptions = {}) {
    const { core = cluster.store, checkParts = cluster.store.deferPartsCheck } = options
    const { clock = realClock, seed = 1 } = options
    this.#cluster = cluster
    this.store = layered(cluster, core, checkParts)
    this.uploads = new MultipartUploads({
      store: this.store,
      clock,
      random: new SeededRandom(seed),
      timestamps: cluster.timestamps,
      checkParts,
    })
  }

  async bucket(changes: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.store.containers.put(this.#cluster.context, CONTAINER, { changes, policyIndex: undefined })
  }

  async begin(key: string, summary?: string): Promise<string> {
    const upload = { contentType: 'text/plain', metadata: { 'x-object-meta-colour': 'blue' }, summary }
    const begun = await this.uploads.begin(this.#cluster.context, named(key), upload)
    if (begun.kind !== 'begun') throw new Error(`begin: ${begun.kind}`)
    return begun.uploadId
  }

  async part(key: string, uploadId: string, number: number, body: string): Promise<SentPart> {
    const stored = await this.tryPart(key, uploadId, number, body)
    if (stored.kind !== 'stored') throw new Error(`part: ${stored.kind}`)
    return { number, etag: stored.etag }
  }

  tryPart(
    key: string,
    uploadId: string,
    number: number,
    body: string,
  ): ReturnType<MultipartUploads['putPart']> {
    const part = { number, body: bufferBody(Buffer.from(body)), expectedEtag: undefined, limitBytes: 2 ** 20 }
    return this.uploads.putPart(this.#cluster.context, { name: named(key), uploadId }, part)
  }

  complete(
    key: string,
    uploadId: string,
    parts: readonly SentPart[],
    options: { readonly condition?: WriteCondition; readonly partBytesMin?: number } = {},
  ): Promise<CompletionOutcome<never>> {
    const { condition, partBytesMin = 1 } = options
    return this.uploads.complete<never>(this.#cluster.context, {
      name: named(key),
      uploadId,
      parts,
      condition,
      partBytesMin,
      describe: () => ({ kind: 'described', metadata: {} }),
    })
  }

  abort(key: string, uploadId: string): ReturnType<MultipartUploads['abort']> {
    return this.uploads.abort(this.#cluster.context, { name: named(key), uploadId })
  }

  /** An object made of parts with these bodies. */
  async made(key: string, bodies: readonly string[]): Promise<string> {
    const uploadId = await this.begin(key)
    const parts: SentPart[] = []
    for (const [at, body] of bodies.entries()) parts.push(await this.part(key, uploadId, at + 1, body))
    const completed = await this.complete(key, uploadId, parts)
    if (completed.kind !== 'completed') throw new Error(`complete: ${completed.kind}`)
    return uploadId
  }

  async put(key: string, body: string, options: Partial<ObjectPut> = {}): Promise<string> {
    const put = await this.store.objects.put(this.#cluster.context, named(key), {
      body: bufferBody(Buffer.from(body)),
      contentType: 'text/plain',
      expectedEtag: undefined,
      metadata: {},
      limitBytes: 2 ** 20,
      ...options,
    })
    return put.kind
  }

  async delete(key: string, versionId?: string): Promise<string> {
    return (await this.store.objects.delete(this.#cluster.context, named(key), { versionId })).kind
  }

  /** The body, or the kind of the failure in angle brackets. */
  async text(key: string, versionId?: string): Promise<string> {
    const read = await this.store.objects.read(this.#cluster.context, named(key), {
      method: 'GET',
      conditions: {},
      newest: true,
      versionId,
    })
    return read.kind === 'found' ? (await readWhole(read.body, 2 ** 20)).toString() : `<${read.kind}>`
  }

  /** Keys of the uploads that are not complete. */
  async open(): Promise<readonly string[]> {
    const listed = await this.uploads.list(this.#cluster.context, CONTAINER, { prefix: '', limit: 1000 })
    if (listed.kind !== 'uploads') throw new Error(`list: ${listed.kind}`)
    return listed.entries.flatMap((entry) => (entry.kind === 'upload' ? [entry.key] : []))
  }

  /** Names of all that is stored of parts. */
  async stored(): Promise<readonly string[]> {
    const read = await this.#cluster.store.containers.read(this.#cluster.context, PARTS, {
      listing: { limit: 10_000, reverse: false },
    })
    if (read.kind !== 'found') return []
    return (read.page?.entries() ?? []).flatMap((row) => (row.kind === 'object' ? [row.name] : []))
  }
}
