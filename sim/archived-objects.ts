/**
 * Clients of a container whose objects are copied into an archive before they are overwritten or deleted. Whatever is
 * acknowledged stays for good: as the object itself or as a copy in the archive, however many write at once and die over it.
 */
import type { ListedObject } from '#store/listing.ts'
import { etagAt, inFeatures } from './feature-account.ts'
import { ObjectDeeds } from './object-deeds.ts'
import type { RunningProxy } from './proxy-node.ts'
import { contextOf, type Session } from './session.ts'

const CONTAINER = inFeatures('archived')
const ARCHIVE = inFeatures('archive')
/** Few, so that several are at the same one. */
const OBJECTS: readonly string[] = ['a0', 'a1']
const LISTING_LIMIT = 10_000
/** In the names of copies: three hex digits for the length of the object's. */
const LENGTH_DIGITS = 3

export class ArchivedObjects {
  readonly #session: Session
  readonly #deeds: ObjectDeeds

  constructor(session: Session) {
    this.#session = session
    this.#deeds = new ObjectDeeds(session, CONTAINER, OBJECTS)
  }

  async prepare(): Promise<void> {
    const changes = { 'x-history-location': ARCHIVE.container }
    for (const [name, own] of [
      [ARCHIVE, {}],
      [CONTAINER, changes],
    ] as const) {
      await this.#session.insist(`make ${name.container}`, ['created', 'updated'], ({ features }) =>
        features.containers.put(contextOf('archived'), name, { changes: own, policyIndex: undefined }),
      )
    }
  }

  /** One operation of a client, and often another one at once. */
  async act(id: number, proxy: RunningProxy): Promise<void> {
    const other = this.#session.random.below(2) === 0 ? this.#session.aProxy() : undefined
    await Promise.all([
      this.#deeds.act(2 * id, proxy),
      other === undefined ? undefined : this.#deeds.act(2 * id + 1, other),
    ])
  }

  /** Everything is healed. */
  async check(): Promise<void> {
    for (const { running, proxy } of this.#session.cluster.proxies) {
      if (running === undefined) continue
      const there = await this.#etagsAt(running, proxy)
      for (const { kind, object, etag, isDone } of this.#deeds.all) {
        if (!isDone || kind === 'delete' || there.has(`${object} ${etag}`)) continue
        const what = `${etag} was acknowledged, and is neither there nor in the archive at proxy ${proxy}`
        throw this.#deeds.wrong('lost_version', object, what)
      }
      await this.#deeds.checkCurrent(running, proxy)
    }
  }

  /** Names and ETags of the objects and of all copies. */
  async #etagsAt({ features }: RunningProxy, proxy: number): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    for (const object of OBJECTS) found.add(`${object} ${await etagAt(features, { ...CONTAINER, object })}`)
    const listing = { limit: LISTING_LIMIT, reverse: false }
    const read = await features.containers.read(contextOf('check'), ARCHIVE, { listing })
    if (read.kind !== 'found' || read.page === undefined)
      throw this.#deeds.wrong('unreadable_listing', '', `the archive at proxy ${proxy}: ${read.kind}`)
    for (const copy of read.page.entries()) {
      if (copy.kind !== 'object') continue
      const etag = await etagAt(features, { ...ARCHIVE, object: copy.name })
      if (etag !== copy.etag)
        throw this.#deeds.wrong(
          'ghost',
          copy.name,
          `it is listed with ${copy.etag} at proxy ${proxy}, and is ${etag}`,
        )
      found.add(`${objectOf(copy)} ${etag}`)
    }
    return found
  }
}

/** Of which object a copy was made. */
function objectOf({ name }: ListedObject): string {
  return name.slice(LENGTH_DIGITS, name.lastIndexOf('/'))
}
