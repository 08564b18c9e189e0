/**
 * Events on their way to webhooks: each an object in the cluster's own account, with three copies like any other, from
 * before the write that it tells of is answered until its target has taken it. Containers share them by the object that they
 * are about.
 */
import { createHash } from 'node:crypto'
import type { HybridClock } from '#cluster/hybrid-clock.ts'
import { bufferBody, readWhole } from '#http/message.ts'
import type { Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ContainerName, ObjectName, OperationContext } from '../operation.ts'
import { RECORDS_ACCOUNT } from '../records/contract.ts'
import { isMade } from '../versions/container-versions.ts'

export interface QueuedEvent {
  /** Address of the webhook. */
  readonly url: string
  /** JSON. */
  readonly message: string
}

export const EVENT_SHARDS = 16
/** A message has a key of 1,024 bytes at most, written threefold at worst. */
const EVENT_BYTES_MAX = 64 * 1024
const TYPE = 'application/json'

/** The containers of the queue. */
export function eventShards(): readonly ContainerName[] {
  return Array.from({ length: EVENT_SHARDS }, (_, at) => shardOf(at))
}

function shardOf(at: number): ContainerName {
  return { account: RECORDS_ACCOUNT, container: `events-${String(at).padStart(2, '0')}` }
}

export class EventQueue {
  readonly #store: Store
  readonly #timestamps: Pick<HybridClock, 'next'>

  /** `store`: the core store, to whom nothing is hidden. */
  constructor(store: Store, timestamps: Pick<HybridClock, 'next'>) {
    this.#store = store
    this.#timestamps = timestamps
  }

  /** Durable when it resolves with `queued`. */
  async add(
    context: OperationContext,
    about: ObjectName,
    event: QueuedEvent,
  ): Promise<{ readonly kind: 'queued' } | StoreFailure> {
    const digest = createHash('md5').update(`${about.account}/${about.container}/${about.object}`).digest()
    const shard = shardOf(digest.readUInt32BE(0) % EVENT_SHARDS)
    const target = createHash('md5').update(event.url).digest('hex')
    const name = { ...shard, object: `${await this.#timestamps.next()}-${target}` }
    const own = { ...context, signal: undefined }
    const first = await this.#put(own, name, event)
    if (first.kind !== 'no_such_container') return first
    const made = await this.#store.containers.put(own, shard, { changes: {}, policyIndex: undefined })
    return isMade(made) ? await this.#put(own, name, event) : made
  }

  /** `undefined` when it is gone. */
  async read(context: OperationContext, name: ObjectName): Promise<QueuedEvent | undefined | 'unavailable'> {
    const read = await this.#store.objects.read(context, name, {
      method: 'GET',
      conditions: {},
      newest: true,
    })
    if (read.kind === 'no_such_object' || read.kind === 'no_such_container') return undefined
    if (read.kind !== 'found') return 'unavailable'
    return JSON.parse((await readWhole(read.body, EVENT_BYTES_MAX)).toString()) as QueuedEvent
  }

  /** `false` when nobody was told: it will be seen, and sent, again. */
  async remove(context: OperationContext, name: ObjectName): Promise<boolean> {
    const { kind } = await this.#store.objects.delete(context, name, {})
    return kind === 'deleted' || kind === 'no_such_object'
  }

  async #put(
    context: OperationContext,
    name: ObjectName,
    event: QueuedEvent,
  ): Promise<{ readonly kind: 'queued' } | StoreFailure> {
    const put = await this.#store.objects.put(context, name, {
      body: bufferBody(Buffer.from(JSON.stringify(event))),
      contentType: TYPE,
      expectedEtag: undefined,
      metadata: {},
      limitBytes: EVENT_BYTES_MAX,
    })
    return put.kind === 'created' ? { kind: 'queued' } : put
  }
}
