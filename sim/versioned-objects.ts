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
      const versions = await this.#versionsAt(running, proxy)
      for (const deed of this.#deeds.all)
        if (deed.isDone) await this.#checkKept(deed, versions, running, proxy)
      for (const version of versions) await this.#checkVersion(version, running, proxy)
      await this.#deeds.checkCurrent(running, proxy)
    }
  }

  async #versionsAt({ features }: RunningProxy, proxy: number): Promise<readonly ListedObject[]> {
    const listing = { limit: LISTING_LIMIT, reverse: false, versions: {} }
    const read = await features.containers.read(contextOf('check'), CONTAINER, { listing })
    if (read.kind !== 'found' || read.page === undefined)
      throw this.#deeds.wrong('unreadable_listing', '', `versions at proxy ${proxy}: ${read.kind}`)
    return read.page.entries().filter((entry) => entry.kind === 'object')
  }

  /** Nothing is listed that nobody sent, and all that is listed can be read. */
  async #checkVersion(version: ListedObject, { features }: RunningProxy, proxy: number): Promise<void> {
    const id = idOf(version)
    const etag = await etagAt(features, { ...CONTAINER, object: version.name }, id)
    if (etag === 'no_such_object' && isMark(version)) return
    if (this.#deeds.all.some((deed) => deed.object === version.name && deed.etag === etag)) return
    throw this.#deeds.wrong(
      'ghost',
      version.name,
      `version ${id} is listed at proxy ${proxy}, and is ${etag}`,
    )
  }

  /** An acknowledged version is listed, and has the bytes that were sent. */
  async #checkKept(
    { kind, object, etag, versionId }: ObjectDeed,
    versions: readonly ListedObject[],
    { features }: RunningProxy,
    proxy: number,
  ): Promise<void> {
    if (versionId === undefined) return
    const lost = (what: string) =>
      this.#deeds.wrong('lost_version', object, `version ${versionId} ${what} at proxy ${proxy}`)
    if (!versions.some((version) => version.name === object && idOf(version) === versionId))
      throw lost('is not listed')
    if (kind === 'delete') return
    const found = await etagAt(features, { ...CONTAINER, object }, versionId)
    if (found !== etag) throw lost(`is ${found} and not ${etag}`)
  }
}

function idOf(version: ListedObject): string {
  return String(version.extra['version_id'])
}

/** Does it say that the object was deleted? */
function isMark({ contentType }: ListedObject): boolean {
  return contentType.includes('swift_versions_deleted=1')
}
