/**
 * Clients of a container that keeps versions. Whatever is acknowledged, and nobody deletes a version, stays for good: as a
 * version that is listed and can be read. And what is current is what was written last.
 */
import type { ListedObject } from '#store/listing.ts'
import { etagAt, inFeatures } from './feature-account.ts'
import { type ObjectDeed, ObjectDeeds } from './object-deeds.ts'
import type { RunningProxy } from './proxy-node.ts'
import { contextOf, type Session } from './session.ts'

const CONTAINER = inFeatures('versions')
const OBJECTS: readonly string[] = ['v0', 'v1', 'v2']
const LISTING_LIMIT = 10_000

export class VersionedObjects {
  readonly #session: Session
  readonly #deeds: ObjectDeeds

  constructor(session: Session) {
    this.#session = session
    this.#deeds = new ObjectDeeds(session, CONTAINER, OBJECTS)
  }

  async prepare(): Promise<void> {
    await this.#session.insist('keep versions', ['created', 'updated'], ({ features }) =>
      features.containers.put(contextOf('versions'), CONTAINER, {
        changes: { 'x-versions-enabled': 'true' },
        policyIndex: undefined,
      }),
    )
  }

  /** One operation of a client. */
  act(id: number, proxy: RunningProxy): Promise<void> {
    return this.#deeds.act(id, proxy)
  }

  /** Everything is healed. */
  async check(): Promise<void> {
    for (const { running, proxy } of this.#session.cluster.proxies) {
      if (running === undefined) continue
      const versions = await this.#readVersions(running, proxy)
      for (const deed of this.#deeds.all) if (deed.isDone) this.#checkKept(deed, versions, proxy)
      for (const version of versions.values()) this.#checkVersion(version, proxy)
      await this.#deeds.checkCurrent(running, proxy)
    }
  }

  /** All that is listed, each read once, by name and id. */
  async #readVersions(running: RunningProxy, proxy: number): Promise<ReadonlyMap<string, ReadVersion>> {
    const { features } = running
    const read = new Map<string, ReadVersion>()
    for (const version of await this.#versionsAt(running, proxy)) {
      const id = idOf(version)
      const etag = await etagAt(features, { ...CONTAINER, object: version.name }, id)
      read.set(`${version.name} ${id}`, { version, etag })
    }
    return read
  }

  async #versionsAt({ features }: RunningProxy, proxy: number): Promise<readonly ListedObject[]> {
    const listing = { limit: LISTING_LIMIT, reverse: false, versions: {} }
    const read = await features.containers.read(contextOf('check'), CONTAINER, { listing })
    if (read.kind !== 'found' || read.page === undefined)
      throw this.#deeds.wrong('unreadable_listing', '', `versions at proxy ${proxy}: ${read.kind}`)
    return read.page.entries().filter((entry) => entry.kind === 'object')
  }

  /** Nothing is listed that nobody sent, and all that is listed can be read. */
  #checkVersion({ version, etag }: ReadVersion, proxy: number): void {
    if (etag === 'no_such_object' && isMark(version)) return
    if (this.#deeds.all.some((deed) => deed.object === version.name && deed.etag === etag)) return
    const what = `version ${idOf(version)} is listed at proxy ${proxy}, and is ${etag}`
    throw this.#deeds.wrong('ghost', version.name, what)
  }

  /** An acknowledged version is listed, and has the bytes that were sent. */
  #checkKept(
    { kind, object, etag, versionId }: ObjectDeed,
    versions: ReadonlyMap<string, ReadVersion>,
    proxy: number,
  ): void {
    if (versionId === undefined) return
    const lost = (what: string) =>
      this.#deeds.wrong('lost_version', object, `version ${versionId} ${what} at proxy ${proxy}`)
    const found = versions.get(`${object} ${versionId}`)
    if (found === undefined) throw lost('is not listed')
    if (kind === 'put' && found.etag !== etag) throw lost(`is ${found.etag} and not ${etag}`)
  }
}

/** A version that is listed, and the MD5 of what is read of it, or why nothing is. */
interface ReadVersion {
  readonly version: ListedObject
  readonly etag: string
}

function idOf(version: ListedObject): string {
  return String(version.extra['version_id'])
}

/** Does it say that the object was deleted? */
function isMark({ contentType }: ListedObject): boolean {
  return contentType.includes('swift_versions_deleted=1')
}
