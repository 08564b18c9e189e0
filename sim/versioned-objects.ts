/**
 * Clients of a container that keeps versions. Whatever is acknowledged, and nobody deletes a version, stays for good: as a
 * version that is listed and can be read. And what is current is what was written last.
 */
import { hash as hashOf } from 'node:crypto'
import type { ListedObject } from '#store/listing.ts'
import { bodyPut, etagAt, inFeatures, LINGERS_MS } from './feature-account.ts'
import { bodyOf } from './history.ts'
import type { RunningProxy } from './proxy-node.ts'
import { contextOf, type Session } from './session.ts'
import { Violation } from './violation.ts'

const CONTAINER = inFeatures('versions')
const OBJECTS: readonly string[] = ['v0', 'v1', 'v2']
const BODY_BYTES = 80
const LISTING_LIMIT = 10_000

/** One thing that was done to an object. */
interface Deed {
  readonly kind: 'put' | 'delete'
  readonly object: string
  readonly etag: string
  readonly startedMs: number
  /** When nothing more can come of it. */
  endedMs: number
  isDone: boolean
  versionId: string | undefined
}

export class VersionedObjects {
  readonly #session: Session
  readonly #deeds: Deed[] = []

  constructor(session: Session) {
    this.#session = session
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
  async act(id: number, proxy: RunningProxy): Promise<void> {
    const { cluster } = this.#session
    const kind = this.#session.oneOf<Deed['kind']>(['put', 'put', 'delete'])
    const bytes = bodyOf(id, BODY_BYTES)
    const deed: Deed = {
      kind,
      object: this.#session.oneOf(OBJECTS),
      etag: hashOf('md5', bytes),
      startedMs: cluster.nowMs(),
      endedMs: Number.POSITIVE_INFINITY,
      isDone: false,
      versionId: undefined,
    }
    this.#deeds.push(deed)
    const name = { ...CONTAINER, object: deed.object }
    const context = contextOf(`versions-${id}`)
    const answer = await this.#session.asked(proxy, async () =>
      kind === 'put'
        ? await proxy.features.objects.put(context, name, bodyPut(bytes))
        : await proxy.features.objects.delete(context, name, {}),
    )
    deed.isDone = answer?.kind === 'created' || answer?.kind === 'deleted'
    if (answer !== undefined && 'versionId' in answer) deed.versionId = answer.versionId
    deed.endedMs = cluster.nowMs() + (deed.isDone ? 0 : LINGERS_MS)
    cluster.events.add(
      `versions-${id} ${kind} ${deed.object} ${answer?.kind ?? 'unknown'} ${deed.versionId ?? ''}`,
    )
  }

  /** Everything is healed. */
  async check(): Promise<void> {
    for (const { running, proxy } of this.#session.cluster.proxies) {
      if (running === undefined) continue
      const versions = await readVersions(running, proxy)
      for (const deed of this.#deeds) if (deed.isDone) checkKept(deed, versions, proxy)
      for (const version of versions.values()) this.#checkVersion(version, proxy)
      for (const object of OBJECTS) await this.#checkCurrent(object, running, proxy)
    }
  }

  /** Nothing is listed that nobody sent, and all that is listed can be read. */
  #checkVersion({ version, etag }: ReadVersion, proxy: number): void {
    if (etag === 'no_such_object' && isMark(version)) return
    if (this.#deeds.some((deed) => deed.object === version.name && deed.etag === etag)) return
    throw wrong('ghost', version.name, `version ${idOf(version)} is listed at proxy ${proxy}, and is ${etag}`)
  }

  async #checkCurrent(object: string, { features }: RunningProxy, proxy: number): Promise<void> {
    const last = this.#lastCertain(object)
    if (last === undefined) return
    const wanted = last.kind === 'put' ? last.etag : 'no_such_object'
    const etag = await etagAt(features, { ...CONTAINER, object })
    if (etag !== wanted)
      throw wrong(
        'stale_read',
        object,
        `it is ${etag} at proxy ${proxy}, and ${wanted} was acknowledged last`,
      )
  }

  /** What was done when nothing else was under way, and nothing was done after it. */
  #lastCertain(object: string): Deed | undefined {
    const own = this.#deeds.filter((deed) => deed.object === object)
    const last = own.filter(({ isDone }) => isDone).at(-1)
    const isDisturbed = own.some((deed) => deed !== last && deed.endedMs >= (last?.startedMs ?? 0))
    return isDisturbed ? undefined : last
  }
}

async function versionsAt({ features }: RunningProxy, proxy: number): Promise<readonly ListedObject[]> {
  const listing = { limit: LISTING_LIMIT, reverse: false, versions: {} }
  const read = await features.containers.read(contextOf('check'), CONTAINER, { listing })
  if (read.kind !== 'found' || read.page === undefined)
    throw wrong('unreadable_listing', '', `versions at proxy ${proxy}: ${read.kind}`)
  return read.page.entries().filter((entry) => entry.kind === 'object')
}

/** A version that is listed, and the MD5 of what is read of it, or why nothing is. */
interface ReadVersion {
  readonly version: ListedObject
  readonly etag: string
}

/** All that is listed, each read once, by name and id. */
async function readVersions(running: RunningProxy, proxy: number): Promise<ReadonlyMap<string, ReadVersion>> {
  const read = new Map<string, ReadVersion>()
  for (const version of await versionsAt(running, proxy)) {
    const id = idOf(version)
    const etag = await etagAt(running.features, { ...CONTAINER, object: version.name }, id)
    read.set(`${version.name} ${id}`, { version, etag })
  }
  return read
}

/** An acknowledged version is listed, and has the bytes that were sent. */
function checkKept(
  { kind, object, etag, versionId }: Deed,
  versions: ReadonlyMap<string, ReadVersion>,
  proxy: number,
): void {
  if (versionId === undefined) return
  const found = versions.get(`${object} ${versionId}`)
  if (found === undefined)
    throw wrong('lost_version', object, `version ${versionId} is not listed at proxy ${proxy}`)
  if (kind === 'put' && found.etag !== etag)
    throw wrong(
      'lost_version',
      object,
      `version ${versionId} is ${found.etag} at proxy ${proxy}, not ${etag}`,
    )
}

function idOf(version: ListedObject): string {
  return String(version.extra['version_id'])
}

/** Does it say that the object was deleted? */
function isMark({ contentType }: ListedObject): boolean {
  return contentType.includes('swift_versions_deleted=1')
}

function wrong(check: string, object: string, what: string): Violation {
  return new Violation(check, `${CONTAINER.container}/${object}: ${what}`, ['versions-', object])
}
