/** Clients that read objects and list containers. What they are told is checked at once. */
import { readWhole } from '#http/message.ts'
import type { ContainerName } from '#store/operation.ts'
import { checkListing } from './listing-checks.ts'
import { ACCOUNT, aName, CONTAINERS, pathOf } from './object-names.ts'
import type { RunningProxy } from './proxy-node.ts'
import { checkAbsent, checkAlive, checkFound, checkFresh, type ReadTimes } from './read-checks.ts'
import { contextOf, type Session } from './session.ts'
import { isSolid } from './solid.ts'

const LIMIT_BYTES = 2 ** 30
const LISTING_LIMIT = 10_000

export class ObjectReaders {
  readonly #session: Session
  #answered = 0

  constructor(session: Session) {
    this.#session = session
  }

  /** Reads and listings that came to something. */
  get answered(): number {
    return this.#answered
  }

  async read(
    id: number,
    proxy: RunningProxy,
    method: 'GET' | 'HEAD',
    name = aName(this.#session.random),
  ): Promise<void> {
    const { cluster, random } = this.#session
    const path = pathOf(name)
    const object = cluster.history.object(path)
    const newest = random.below(4) === 0
    const begun = this.#begin()
    cluster.events.add(`op-${id} begins ${method} ${path} at ${proxy.life.name}`)
    const read = await this.#session.asked(proxy, async () => {
      const context = contextOf(`op-${id}`)
      const found = await proxy.store.objects.read(context, name, { method, conditions: {}, newest })
      if (found.kind !== 'found') return found
      const bytes =
        method === 'GET' ? await readWhole(found.body, LIMIT_BYTES).catch(() => undefined) : undefined
      return { ...found, bytes }
    })
    cluster.events.add(`op-${id} ends ${method} ${path} ${read?.kind ?? 'unknown'}`)
    if (read === undefined) return
    const times = begun()
    const solid = isSolid(cluster, object)
    if (read.kind === 'no_such_object') checkAbsent(object, times, solid)
    if (read.kind !== 'found' || !('bytes' in read)) return
    // A body that broke off was not taken for whole.
    if (method === 'GET' && read.bytes === undefined) return
    this.#answered += 1
    const put = checkFound(object, read.headers, read.bytes)
    checkAlive(object, put, times)
    // The newest of those that can be asked promises less.
    if (!newest && proxy.life.name !== 'proxy 0') checkFresh(object, put, times, solid)
  }

  async list(id: number, proxy: RunningProxy): Promise<void> {
    const { cluster } = this.#session
    const name: ContainerName = { account: ACCOUNT, container: this.#session.oneOf(CONTAINERS) }
    const begun = this.#begin()
    const read = await this.#session.asked(proxy, () =>
      proxy.store.containers.read(contextOf(`op-${id}`), name, {
        listing: { limit: LISTING_LIMIT, reverse: false },
      }),
    )
    cluster.events.add(`op-${id} lists ${name.container} ${read?.kind ?? 'unknown'}`)
    if (read?.kind !== 'found' || read.page === undefined) return
    this.#answered += 1
    if (read.page.consistency === 'complete') checkListing(cluster, name, read.page.entries(), begun())
  }

  /** To be called when it is over: when it was. */
  #begin(): () => ReadTimes {
    const { cluster } = this.#session
    const [startedMs, startedWallMs] = [cluster.nowMs(), cluster.clocks().earliestMs]
    return () => ({
      startedMs,
      startedWallMs,
      endedMs: cluster.nowMs(),
      endedWallMs: cluster.clocks().latestMs,
    })
  }
}
