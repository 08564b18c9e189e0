/**
 * Clients of a simulated cluster: several at a time, each through any proxy, on a few hot names and many cold ones. What
 * they are told is checked at once.
 */
import { createHash } from 'node:crypto'
import { silentLogger } from '#base/log.ts'
import { TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import type { SeededRandom } from '#base/virtual-clock.ts'
import { bufferBody, type RequestBody, readWhole } from '#http/message.ts'
import type { ContainerName, ObjectName, OperationContext } from '#store/contract.ts'
import type { Cluster } from './cluster.ts'
import { bodyOf, type ClientWrite, type WriteMethod } from './history.ts'
import { checkListing } from './listing-checks.ts'
import type { RunningProxy } from './proxy-node.ts'
import { Races } from './races.ts'
import { checkAbsent, checkFound, checkFresh, checkOrder, WRITER_HEADER } from './read-checks.ts'
import { isSolid } from './solid.ts'

export const ACCOUNT = 'AUTH_sim'
export const CONTAINERS: readonly string[] = ['c0', 'c1', 'c2']
/** Containers that are made and deleted while the clients work; their objects are few. */
const FLEETING: readonly string[] = ['f0', 'f1', 'f2']
const NAMES = 50
const HOT_NAMES = 5
const CLIENTS = 12
/** A client waits no longer for an answer, milliseconds. */
const PATIENCE_MS = 90_000
const PAUSE_MAX_MS = 1_600
/** Above what the proxy holds whole, so that it streams. */
const LARGE_BYTES = 70_000
const MEDIUM_BYTES_MAX = 600

/** Of 100 PUTs, those that come as two with the same time; so far ahead of the clock that nothing is newer. */
const TWINS = 8
const TWINS_AHEAD_MS = 2_500
const TICKS_PER_MS = TICKS_PER_SECOND / 1000

interface Dictated {
  readonly name: ObjectName
  readonly timestamp: Timestamp
}

type Action = 'put' | 'post' | 'delete' | 'get' | 'head' | 'list' | 'container' | 'race'

/** How often of 100. */
const SHARES: readonly (readonly [Action, number])[] = [
  ['put', 36],
  ['get', 24],
  ['delete', 13],
  ['post', 10],
  ['list', 9],
  ['head', 4],
  ['container', 4],
]

export interface WorkloadFigures {
  readonly operations: number
  readonly acknowledged: number
  readonly failed: number
}

export class Workload {
  readonly races: Races
  readonly #racePercent: number
  readonly #cluster: Cluster
  readonly #random: SeededRandom
  readonly #operations: number
  #started = 0
  #ended = 0
  #acknowledged = 0

  constructor(cluster: Cluster, operations: number, racePercent = 0) {
    this.#cluster = cluster
    this.#random = cluster.random()
    this.#operations = operations
    this.races = new Races(cluster)
    this.#racePercent = racePercent
  }

  /** Operations begun so far. */
  get started(): number {
    return this.#started
  }

  get figures(): WorkloadFigures {
    const acknowledged = this.#acknowledged
    return { operations: this.#ended, acknowledged, failed: this.#ended - acknowledged }
  }

  /** Makes the lasting containers. */
  async prepare(): Promise<void> {
    for (const container of CONTAINERS) await this.#makeContainer(container)
    const proxy = this.#racePercent > 0 ? this.#aProxy() : undefined
    if (proxy !== undefined) await this.races.prepare(proxy)
  }

  /** All operations, by all clients. Rejects with a `Violation` when a client was told what is not so. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#client()))
  }

  async #client(): Promise<void> {
    const { world } = this.#cluster
    while (this.#started < this.#operations) {
      const proxy = this.#aProxy()
      if (proxy === undefined) {
        await world.sleep(100)
        continue
      }
      this.#started += 1
      const id = this.#started
      await this.#act(id, proxy)
      this.#ended += 1
      await world.sleep(this.#random.below(PAUSE_MAX_MS))
    }
  }

  async #makeContainer(container: string): Promise<void> {
    const { world } = this.#cluster
    for (let tries = 0; tries < 20; tries += 1) {
      const proxy = this.#aProxy()
      const made = await proxy?.store.containers.put(
        contextOf('op-0'),
        { account: ACCOUNT, container },
        { changes: {}, policyIndex: undefined },
      )
      if (made?.kind === 'created' || made?.kind === 'updated') return
      await world.sleep(500)
    }
    throw new Error(`the container ${container} could not be made`)
  }

  #aProxy(): RunningProxy | undefined {
    const up = this.#cluster.proxies.flatMap(({ running }) => (running === undefined ? [] : [running]))
    return up[this.#random.below(Math.max(1, up.length))]
  }

  #pick(): Action {
    if (this.#racePercent > 0 && this.#random.below(100) < this.#racePercent) return 'race'
    let at = this.#random.below(100)
    for (const [action, share] of SHARES) {
      at -= share
      if (at < 0) return action
    }
    return 'get'
  }

  #aName(): ObjectName {
    const hot = this.#random.below(2) === 0
    const number = hot ? this.#random.below(HOT_NAMES) : this.#random.below(NAMES)
    return {
      account: ACCOUNT,
      container: CONTAINERS[number % CONTAINERS.length] as string,
      object: `o${number}`,
    }
  }

  async #act(id: number, proxy: RunningProxy): Promise<void> {
    const action = this.#pick()
    switch (action) {
      case 'put':
        return this.#random.below(100) < TWINS
          ? await this.#twins(id, proxy)
          : await this.#write(id, proxy, 'PUT')
      case 'post':
        return await this.#write(id, proxy, 'POST')
      case 'delete':
        return await this.#write(id, proxy, 'DELETE')
      case 'get':
      case 'head':
        return await this.#read(id, proxy, action === 'get' ? 'GET' : 'HEAD')
      case 'list':
        return await this.#list(id, proxy)
      case 'container':
        return await this.#container(id, proxy)
      case 'race':
        return await this.races.run(
          id,
          () => this.#aProxy(),
          (racing, start) => this.#asked(racing, start),
        )
    }
  }

  /** Two clients dictate the same time for different bodies, as container sync may. */
  async #twins(id: number, proxy: RunningProxy): Promise<void> {
    this.#started += 1
    const name = this.#aName()
    const ticks = Math.floor((this.#cluster.world.wallMs() + TWINS_AHEAD_MS) * TICKS_PER_MS)
    const timestamp = timestampFromTicks(ticks)
    const other = this.#aProxy() ?? proxy
    const pair = [this.#write(id, proxy, 'PUT', { name, timestamp })]
    pair.push(this.#write(this.#started, other, 'PUT', { name, timestamp }))
    await Promise.all(pair)
    this.#ended += 1
  }

  async #write(id: number, proxy: RunningProxy, method: WriteMethod, dictated?: Dictated): Promise<void> {
    const name = dictated?.name ?? this.#aName()
    const bytes = method === 'PUT' ? bodyOf(id, this.#sizeOfBody()) : Buffer.alloc(0)
    const write: ClientWrite = {
      id,
      method,
      path: `/${name.account}/${name.container}/${name.object}`,
      etag: createHash('md5').update(bytes).digest('hex'),
      sizeBytes: bytes.length,
      startedMs: this.#cluster.nowMs(),
      endedMs: Number.POSITIVE_INFINITY,
      outcome: 'running',
      timestamp: undefined,
    }
    const { history, events } = this.#cluster
    history.begin(write)
    events.add(`op-${id} begins ${write.method} ${write.path} at ${proxy.life.name}`)
    const outcome = await this.#asked(proxy, () => this.#send(proxy, write, name, bytes, dictated?.timestamp))
    write.endedMs = this.#cluster.nowMs()
    write.outcome = outcome === undefined ? 'unknown' : 'acknowledged'
    write.timestamp = outcome?.timestamp
    events.add(`op-${id} ends ${write.method} ${write.path} ${write.outcome} ${write.timestamp ?? ''}`)
    if (outcome === undefined) return
    this.#acknowledged += 1
    this.#judge(write, outcome.listingPending)
  }

  /** `undefined` when it was refused, or nobody knows. */
  async #send(
    { store }: RunningProxy,
    { id, method }: ClientWrite,
    name: ObjectName,
    bytes: Buffer,
    timestamp: Timestamp | undefined,
  ): Promise<{ readonly timestamp: Timestamp; readonly listingPending: boolean } | undefined> {
    const context = contextOf(`op-${id}`)
    const metadata = { [WRITER_HEADER]: String(id) }
    if (method === 'POST') {
      const posted = await store.objects.post(context, name, { metadata, contentType: undefined })
      return posted.kind === 'accepted' ? { ...posted, listingPending: true } : undefined
    }
    if (method === 'DELETE') {
      const deleted = await store.objects.delete(context, name, {})
      return deleted.kind === 'deleted' ? deleted : undefined
    }
    const wanted = {
      body: bytes.length > LARGE_BYTES ? streamed(bytes) : bufferBody(bytes),
      contentType: `text/x-${id}`,
      metadata,
      expectedEtag: undefined,
      limitBytes: 2 ** 30,
      timestamp,
    }
    const put = await store.objects.put(context, name, wanted)
    return put.kind === 'created' ? put : undefined
  }

  #judge(write: ClientWrite, listingPending: boolean): void {
    const object = this.#cluster.history.object(write.path)
    const solid = isSolid(this.#cluster, object)
    for (const attempt of object.attemptOf(write.id, write.method)) {
      if (attempt.timestamp !== write.timestamp) continue
      if (write.method !== 'POST') checkOrder(object, attempt, solid)
      if (!listingPending) this.#cluster.listed.add(attempt)
    }
  }

  async #read(id: number, proxy: RunningProxy, method: 'GET' | 'HEAD'): Promise<void> {
    const name = this.#aName()
    const path = `/${name.account}/${name.container}/${name.object}`
    const object = this.#cluster.history.object(path)
    const startedMs = this.#cluster.nowMs()
    const newest = this.#random.below(4) === 0
    this.#cluster.events.add(`op-${id} begins ${method} ${path} at ${proxy.life.name}`)
    const read = await this.#asked(proxy, async () => {
      const found = await proxy.store.objects.read(contextOf(`op-${id}`), name, {
        method,
        conditions: {},
        newest,
      })
      if (found.kind !== 'found') return found
      const bytes = method === 'GET' ? await readWhole(found.body, 2 ** 30).catch(() => undefined) : undefined
      return { ...found, bytes }
    })
    const endedMs = this.#cluster.nowMs()
    this.#cluster.events.add(`op-${id} ends ${method} ${path} ${read?.kind ?? 'unknown'}`)
    if (read === undefined) return
    const solid = isSolid(this.#cluster, object)
    if (read.kind === 'no_such_object') checkAbsent(object, { startedMs, endedMs }, solid)
    if (read.kind !== 'found' || !('bytes' in read)) return
    // A body that broke off was not taken for whole.
    if (method === 'GET' && read.bytes === undefined) return
    this.#acknowledged += 1
    const put = checkFound(object, read.headers, read.bytes)
    // The newest of those that can be asked promises less.
    if (!newest && proxy.life.name !== 'proxy 0') checkFresh(object, put, { startedMs, endedMs }, solid)
  }

  async #list(id: number, proxy: RunningProxy): Promise<void> {
    const container = CONTAINERS[this.#random.below(CONTAINERS.length)] as string
    const startedMs = this.#cluster.nowMs()
    const name: ContainerName = { account: ACCOUNT, container }
    const read = await this.#asked(proxy, () =>
      proxy.store.containers.read(contextOf(`op-${id}`), name, {
        listing: { limit: 10_000, reverse: false },
      }),
    )
    this.#cluster.events.add(`op-${id} lists ${container} ${read?.kind ?? 'unknown'}`)
    if (read?.kind !== 'found' || read.page === undefined) return
    this.#acknowledged += 1
    if (read.page.consistency !== 'complete') return
    checkListing(this.#cluster, name, read.page.entries(), { startedMs, endedMs: this.#cluster.nowMs() })
  }

  async #container(id: number, proxy: RunningProxy): Promise<void> {
    const container = FLEETING[this.#random.below(FLEETING.length)] as string
    const name: ContainerName = { account: ACCOUNT, container }
    const makes = this.#random.below(2) === 0
    const done = await this.#asked<{ readonly kind: string }>(proxy, () =>
      makes
        ? proxy.store.containers.put(contextOf(`op-${id}`), name, { changes: {}, policyIndex: undefined })
        : proxy.store.containers.delete(contextOf(`op-${id}`), name),
    )
    this.#cluster.events.add(
      `op-${id} ${makes ? 'makes' : 'deletes'} ${container} ${done?.kind ?? 'unknown'}`,
    )
  }

  #sizeOfBody(): number {
    const dice = this.#random.below(100)
    if (dice < 3) return LARGE_BYTES + 1 + this.#random.below(60_000)
    return 12 + this.#random.below(MEDIUM_BYTES_MAX)
  }

  /** What the proxy answers; `undefined` when it dies over it, or takes longer than a client waits. */
  #asked<Value>(proxy: RunningProxy, ask: () => Promise<Value>): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      const give = (): void => resolve(undefined)
      const forget = proxy.life.onEnd(give)
      const timer = this.#cluster.world.setTimer(PATIENCE_MS, give)
      ask()
        .then(resolve, reject)
        .finally(() => {
          forget()
          timer.cancel()
        })
    })
  }
}

function contextOf(txId: string): OperationContext {
  return { txId, signal: undefined, log: silentLogger }
}

/** A body whose bytes arrive in pieces. */
function streamed(bytes: Buffer): RequestBody {
  return {
    lengthBytes: bytes.length,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.length; at += 16_384) yield bytes.subarray(at, at + 16_384)
    },
  }
}
