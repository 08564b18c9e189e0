/**
 * What the replicas of a container say of a row, and the replicas of an object of the object. Nothing is concluded from
 * fewer than a strict majority of replicas that may vote.
 */

import { timestampNow } from '#backend/timestamp-header.ts'
import type { Clock } from '#base/environment.ts'
import { INDEX_ONLY_HEADER, REPLICA_STATE_HEADER, ROWS_HEADER } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { NodeOutcome } from '#cluster/node-client.ts'
import type { Placement } from '#cluster/placement.ts'
import { majoritySize } from '#cluster/quorum.ts'
import { evidenceOf } from '#cluster/read-evidence.ts'
import type { StorageNode } from '#cluster/storage-node.ts'
import { deletedRow, fromSwiftItem, type ObjectRow, toSwiftItem } from '#db/object-row.ts'
import { bufferBody, discard, headerOf, readWhole } from '#http/message.ts'
import type { ObjectName } from '#store/operation.ts'
import { pathOnWire, type StoreParts } from '#store/store-parts.ts'

/** Does the listing say what an object is? */
export type RowAnswer =
  /** Some replica has a row that is as late, live or deleted. */
  | 'told'
  /** A majority was asked, and nobody has heard of this version. */
  | 'not_told'
  | 'no_container'
  | 'unknown'

/** Is there an object for a row? */
export type ObjectAnswer = 'exists' | 'absent' | 'unknown'

export interface ListingWitness {
  /** `at`: when the object was last put. */
  rowOf(name: ObjectName, policyIndex: number, at: Timestamp): Promise<RowAnswer>
  objectOf(name: ObjectName, policyIndex: number): Promise<ObjectAnswer>
  /** Is this device the first primary, that looks on behalf of all? */
  looksAfterObject(name: ObjectName, policyIndex: number): boolean
  looksAfterContainer(account: string, container: string): boolean
  /** Takes exactly this version of a row out of the listing, on all replicas that can be reached. */
  removeRow(name: ObjectName, policyIndex: number, at: Timestamp): Promise<'removed' | 'failed'>
}

export interface StoreWitnessOptions {
  readonly clock: Clock
  readonly parts: StoreParts
  readonly isSelf: (node: StorageNode) => boolean
}

const ROWS_BYTES_MAX = 64 * 1024
/** Workers' requests are no load of clients. */
const FROM_A_WORKER = { 'x-backend-replication': 'True' }

export class StoreWitness implements ListingWitness {
  readonly #clock: Clock
  readonly #parts: StoreParts
  readonly #isSelf: (node: StorageNode) => boolean

  constructor({ clock, parts, isSelf }: StoreWitnessOptions) {
    this.#clock = clock
    this.#parts = parts
    this.#isSelf = isSelf
  }

  looksAfterObject(name: ObjectName, policyIndex: number): boolean {
    const first = this.#parts.objectPlacement(policyIndex, name)?.primaries[0]
    return first !== undefined && this.#isSelf(first)
  }

  looksAfterContainer(account: string, container: string): boolean {
    const first = this.#parts.containerPlacement(account, container).primaries[0]
    return first !== undefined && this.#isSelf(first)
  }

  async rowOf(name: ObjectName, policyIndex: number, at: Timestamp): Promise<RowAnswer> {
    const { account, container, object } = name
    const placement = this.#parts.containerPlacement(account, container)
    const query = `format=json&limit=1&prefix=${encodeURIComponent(object)}`
    const answers = await Promise.all(
      placement.primaries.map(async (node) => {
        const headers = { [ROWS_HEADER]: 'true', 'x-backend-allow-reserved-names': 'true' }
        const request = {
          server: 'container',
          method: 'GET',
          path: pathOnWire({ account, container }),
        } as const
        const outcome = await this.#ask(node, placement, { ...request, query, headers, policyIndex })
        return await rowIn(outcome, object)
      }),
    )
    if (answers.some((one) => typeof one === 'object' && one.dataTimestamp >= at)) return 'told'
    const heard = answers.filter((one) => one === 'none' || typeof one === 'object').length
    const needed = majoritySize(placement.primaries.length)
    if (heard >= needed) return 'not_told'
    const without = answers.filter((one) => one === 'no_container').length
    return without >= needed ? 'no_container' : 'unknown'
  }

  async objectOf(name: ObjectName, policyIndex: number): Promise<ObjectAnswer> {
    const placement = this.#parts.objectPlacement(policyIndex, name)
    if (placement === undefined) return 'unknown'
    const { primaries, handoffs } = placement
    const headers = { [INDEX_ONLY_HEADER]: 'true', 'x-backend-open-expired': 'true' }
    const request = { server: 'object', method: 'HEAD', path: pathOnWire(name), query: '' } as const
    const ask = async (
      node: StorageNode,
      role: 'primary' | 'handoff',
    ): Promise<'found' | 'vote' | 'none'> => {
      const outcome = await this.#ask(node, placement, { ...request, headers, policyIndex })
      if (outcome.kind === 'failed') return 'none'
      await discard(outcome.response)
      const evidence = evidenceOf(outcome.response, { server: 'object', role })
      if (evidence.kind === 'found') return 'found'
      return evidence.kind === 'absent' && evidence.voter && role === 'primary' ? 'vote' : 'none'
    }
    const answers = await Promise.all([
      ...primaries.map((node) => ask(node, 'primary')),
      ...handoffs.map((node) => ask(node, 'handoff')),
    ])
    if (answers.includes('found')) return 'exists'
    // All of them: a row must not go while the one that could not be asked may have the object.
    return answers.filter((one) => one === 'vote').length === primaries.length ? 'absent' : 'unknown'
  }

  async removeRow(name: ObjectName, policyIndex: number, at: Timestamp): Promise<'removed' | 'failed'> {
    const { account, container, object } = name
    const placement = this.#parts.containerPlacement(account, container)
    const body = Buffer.from(JSON.stringify([toSwiftItem(deletedRow(object, policyIndex, at))]))
    const request = {
      server: 'container',
      method: 'UPDATE',
      path: pathOnWire({ account, container }),
      query: '',
    } as const
    const headers = { 'x-timestamp': timestampNow(this.#clock) }
    const outcomes = await Promise.all(
      placement.primaries.map((node) =>
        this.#ask(node, placement, { ...request, headers, policyIndex, body }),
      ),
    )
    let done = 0
    for (const outcome of outcomes) {
      if (outcome.kind === 'failed') continue
      await discard(outcome.response)
      if (outcome.response.status < 300) done += 1
    }
    return done >= majoritySize(placement.primaries.length) ? 'removed' : 'failed'
  }

  #ask(node: StorageNode, placement: Placement, question: Question): Promise<NodeOutcome> {
    const { server, method, path, query, headers, policyIndex, body = Buffer.alloc(0) } = question
    return this.#parts.client.send(node, {
      server,
      method,
      partition: placement.partition,
      path,
      query,
      headers: {
        ...FROM_A_WORKER,
        ...headers,
        'x-backend-storage-policy-index': String(policyIndex),
        'content-length': String(body.length),
      },
      body: bufferBody(body),
      signal: undefined,
    })
  }
}

interface Question {
  readonly server: 'container' | 'object'
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly policyIndex: number
  readonly body?: Buffer
}

/** The row of exactly this name; what a replica that may not vote does not have says nothing. */
async function rowIn(
  outcome: NodeOutcome,
  object: string,
): Promise<ObjectRow | 'none' | 'no_container' | 'silent'> {
  if (outcome.kind === 'failed') return 'silent'
  const { response } = outcome
  const isSynced = headerOf(response, REPLICA_STATE_HEADER) !== 'joining'
  if (response.status === 404) {
    await discard(response)
    return isSynced ? 'no_container' : 'silent'
  }
  if (response.status !== 200) {
    await discard(response)
    return response.status === 204 && isSynced ? 'none' : 'silent'
  }
  const row = await firstRow(response.body)
  if (row === 'unreadable') return 'silent'
  if (row?.name === object) return row
  return isSynced ? 'none' : 'silent'
}

async function firstRow(
  body: Parameters<typeof readWhole>[0],
): Promise<ObjectRow | undefined | 'unreadable'> {
  try {
    const items = JSON.parse((await readWhole(body, ROWS_BYTES_MAX)).toString()) as unknown
    if (!Array.isArray(items)) return 'unreadable'
    return items.length === 0 ? undefined : (fromSwiftItem(items[0]) ?? 'unreadable')
  } catch {
    return 'unreadable'
  }
}
