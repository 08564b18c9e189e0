/**
 * The notifier of a device: sends the events that wait in the containers that the device has a replica of, its share of
 * them, and takes each out of the queue when its target has taken it (any answer of class 2xx). At least once: whoever dies
 * between the two sends it again. A target that does not answer is tried again, more and more rarely, for a day.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { Lanes } from '#object-server/replication/lanes.ts'
import type { ReplicasThere } from '#store/container-replicas.ts'
import type { QueuedEvent } from '#store/notifications/event-queue.ts'
import type { ContainerName, ObjectName } from '#store/operation.ts'
import type { PassOptions, Worker } from '#worker/contract.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import { Retries } from '#worker/retries.ts'
import { ownerOf } from '#worker/share.ts'

export interface NotifierOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly queue: NotifierQueue
  /** `true` when the target took it. Rejects never. */
  readonly send: (event: QueuedEvent) => Promise<boolean>
  /** Between two passes, milliseconds. */
  readonly intervalMs: number
}

export interface NotifierQueue {
  /** Names of events in a container of which this device has a replica, oldest first, behind one of them. */
  page(shard: ContainerName, after: string, limit: number): Promise<readonly string[]>
  readonly shards: readonly ContainerName[]
  sharing(shard: ContainerName): Promise<ReplicasThere | undefined>
  read(name: ObjectName): Promise<QueuedEvent | undefined | 'unavailable'>
  remove(name: ObjectName): Promise<boolean>
}

const PAGE = 200
const LANES = 8
const RETRY_TIMES = { firstMs: 1_000, mostMs: 300_000 } as const
/** An event that nobody took for so long is given up. */
const LIFE_MS = 86_400_000

/** Makes the worker of a device. */
export function createNotifier(options: NotifierOptions): Worker {
  const { clock, log, intervalMs } = options
  const retries = new Retries(clock, RETRY_TIMES)
  let oldestMs = 0
  return passWorker({
    name: 'notifier',
    clock,
    log,
    unit: 'events',
    pauseMs: () => intervalMs,
    pass: async (pass, how) => {
      const { oldest, ended } = await new NotifierPass(options, retries, pass, how).run()
      oldestMs = oldest
      return ended
    },
    live: async () => ({ lag_seconds: oldestMs / 1000 }),
  })
}

class NotifierPass {
  readonly #options: NotifierOptions
  readonly #retries: Retries
  readonly #pass: Pass
  readonly #how: PassOptions
  #oldestMs = 0

  constructor(options: NotifierOptions, retries: Retries, pass: Pass, how: PassOptions) {
    this.#options = options
    this.#retries = retries
    this.#pass = pass
    this.#how = how
  }

  async run(): Promise<{ readonly oldest: number; readonly ended: 'complete' | 'stopped' }> {
    for (const shard of this.#options.queue.shards) {
      if (this.#how.signal.aborted) return { oldest: this.#oldestMs, ended: 'stopped' }
      await this.#shard(shard)
    }
    return { oldest: this.#oldestMs, ended: 'complete' }
  }

  async #shard(shard: ContainerName): Promise<void> {
    const { queue } = this.#options
    let isOwn: ((name: string) => boolean) | undefined
    for (let after = ''; ; ) {
      const names = await queue.page(shard, after, PAGE)
      if (names.length === 0) return
      isOwn ??= ownership(await queue.sharing(shard))
      await this.#send(shard, names.filter(isOwn))
      const last = names.at(-1)
      if (last === undefined || names.length < PAGE) return
      after = last
    }
  }

  async #send(shard: ContainerName, names: readonly string[]): Promise<void> {
    const lanes = new Lanes(LANES)
    for (const object of names) {
      if (this.#how.signal.aborted) break
      const ageMs = this.#options.clock.wallMs() - writtenMsOf(object)
      if (this.#retries.isTooEarly(object)) {
        this.#waits(ageMs)
        continue
      }
      await lanes.enter(() => this.#one({ ...shard, object }, ageMs))
    }
    await lanes.idle()
  }

  async #one(name: ObjectName, ageMs: number): Promise<void> {
    const { queue, send, log } = this.#options
    const event = await queue.read(name)
    if (event === undefined) return
    if (event !== 'unavailable' && (await send(event))) {
      this.#pass.count('repaired', 'delivered')
      this.#pass.advance()
      this.#retries.forget(name.object)
      await queue.remove(name)
      return
    }
    if (event !== 'unavailable' && ageMs > LIFE_MS) {
      this.#pass.count('found', 'given_up')
      log.warn({ url: event.url }, 'an event was not taken for a day and is given up')
      this.#retries.forget(name.object)
      await queue.remove(name)
      return
    }
    this.#retries.later(name.object)
    this.#waits(ageMs)
  }

  #waits(ageMs: number): void {
    this.#pass.count('waiting', 'events')
    this.#oldestMs = Math.max(this.#oldestMs, ageMs)
  }
}

function ownership(sharing: ReplicasThere | undefined): (name: string) => boolean {
  if (sharing === undefined) return () => false
  const { own, replicas, away } = sharing
  return (name) => ownerOf(name, replicas, (replica) => away.has(replica)) === own
}

/** Names begin with the time. */
function writtenMsOf(name: string): number {
  return Number(name.slice(0, 16)) * 1000
}
