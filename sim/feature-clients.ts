/** Clients of the features of the store: versions, archives, large objects, multipart uploads, quotas. */
import { ArchivedObjects } from './archived-objects.ts'
import { LargeUploads } from './large-uploads.ts'
import { MultipartClients } from './multipart-clients.ts'
import type { RunningProxy } from './proxy-node.ts'
import { QuotaClients } from './quota-clients.ts'
import type { Session } from './session.ts'
import { VersionedObjects } from './versioned-objects.ts'

interface FeatureClient {
  prepare(): Promise<void>
  act(id: number, proxy: RunningProxy): Promise<void>
  check(): Promise<void>
}

export class FeatureClients {
  readonly #session: Session
  readonly #versions: VersionedObjects
  readonly #archived: ArchivedObjects
  readonly #large: LargeUploads
  readonly #uploads: MultipartClients
  readonly #quotas: QuotaClients

  constructor(session: Session) {
    this.#session = session
    this.#versions = new VersionedObjects(session)
    this.#archived = new ArchivedObjects(session)
    this.#large = new LargeUploads(session)
    this.#uploads = new MultipartClients(session)
    this.#quotas = new QuotaClients(session)
  }

  async prepare(): Promise<void> {
    for (const clients of this.#all) await clients.prepare()
  }

  /** One operation of a client. */
  async act(id: number, proxy: RunningProxy): Promise<void> {
    await this.#session.oneOf(this.#all).act(id, proxy)
  }

  /** Everything is healed: what clients would do again they do, before the workers come to rest. */
  async finish(): Promise<void> {
    await this.#large.finish()
  }

  /** Everything is healed, and the workers have come to rest. */
  async check(): Promise<void> {
    for (const clients of this.#all) await clients.check()
  }

  get #all(): readonly FeatureClient[] {
    return [this.#versions, this.#archived, this.#large, this.#uploads, this.#quotas]
  }
}
