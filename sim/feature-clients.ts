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

  readonly #chosen: readonly FeatureClient[]

  /** `only`: names of those that do anything; all when left out. */
  constructor(session: Session, only?: readonly string[]) {
    this.#session = session
    this.#versions = new VersionedObjects(session)
    this.#archived = new ArchivedObjects(session)
    this.#large = new LargeUploads(session)
    this.#uploads = new MultipartClients(session)
    this.#quotas = new QuotaClients(session)
    const chosen = Object.entries(this.#byName).filter(([name]) => only?.includes(name) ?? true)
    this.#chosen = chosen.map(([, clients]) => clients)
  }

  async prepare(): Promise<void> {
    for (const clients of this.#chosen) await clients.prepare()
  }

  /** One operation of a client. */
  async act(id: number, proxy: RunningProxy): Promise<void> {
    await this.#session.oneOf(this.#chosen).act(id, proxy)
  }

  /** Everything is healed: what clients would do again they do, before the workers come to rest. */
  async finish(): Promise<void> {
    await this.#large.finish()
    if (this.#chosen.includes(this.#quotas)) await this.#quotas.finish()
  }

  /** Everything is healed, and the workers have come to rest. */
  async check(): Promise<void> {
    for (const clients of this.#chosen) await clients.check()
  }

  get #byName(): Readonly<Record<string, FeatureClient>> {
    return {
      versions: this.#versions,
      archives: this.#archived,
      large: this.#large,
      uploads: this.#uploads,
      quotas: this.#quotas,
    }
  }
}
