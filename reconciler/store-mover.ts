/** Moves a misplaced object by the same requests with which clients' writes reach the storage servers. */

import { MAX_FILE_SIZE_BYTES } from '#base/limits.ts'
import type { Logger } from '#base/log.ts'
import { STORED_HEADERS } from '#base/stored-headers.ts'
import { parseTimestamp, type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { fanOutPut } from '#cluster/fan-out-put.ts'
import { statusesOf } from '#cluster/fan-out-write.ts'
import { readNewest } from '#cluster/newest-read.ts'
import type { Placement } from '#cluster/placement.ts'
import { isDecided, majoritySize } from '#cluster/quorum.ts'
import type { ReadOutcome } from '#cluster/replica-read.ts'
import type { ObjectRow } from '#db/object-row.ts'
import {
  bufferBody,
  discard,
  EMPTY_BODY,
  type HeaderMap,
  headerOf,
  type RequestBody,
  type Response,
} from '#http/message.ts'
import { reservedNameHeaders, singleValued } from '#store/backend-headers.ts'
import type { ContainerInfo } from '#store/contract.ts'
import { changeObject } from '#store/object-change.ts'
import { objectWriteHeaders } from '#store/object-headers.ts'
import type { ContainerName, ObjectName, OperationContext } from '#store/operation.ts'
import { pathOnWire, type StoreParts } from '#store/store-parts.ts'
import { verdictOf } from '#store/write-outcome.ts'
import { type Found, type Step, stepFor } from './decision.ts'
import type { ObjectMover, Reconciled, RightPlace } from './reconciler.ts'

/** Workers' requests do not count as clients'. */
const FROM_A_WORKER: HeaderMap = { 'x-backend-replication': 'True' }
/** A copy that did not have the object has the tombstone now. */
const ABSENT_IS_DELETED: ReadonlyMap<number, number> = new Map([[404, 204]])
/** Headers of an object that are its own, besides those that begin as below. */
const OWN_HEADERS: ReadonlySet<string> = new Set([...STORED_HEADERS, 'content-type'])
const OWN_PREFIX = 'x-object-'

export class StoreMover implements ObjectMover {
  readonly #parts: StoreParts
  readonly #context: OperationContext

  constructor(parts: StoreParts, log: Logger) {
    this.#parts = parts
    this.#context = { txId: 'reconciler', signal: undefined, log }
  }

  async agrees(name: ContainerName, policyIndex: number): Promise<boolean> {
    const { client } = this.#parts
    const { primaries, partition } = this.#parts.containerPlacement(name.account, name.container)
    const headers = { ...FROM_A_WORKER, ...reservedNameHeaders(name) }
    const common = { server: 'container', method: 'HEAD', query: '', body: EMPTY_BODY } as const
    const asked = await Promise.all(
      primaries.map(async (node) => {
        const request = { ...common, partition, path: pathOnWire(name), headers, signal: undefined }
        const outcome = await client.send(node, request)
        if (outcome.kind === 'failed') return false
        await discard(outcome.response)
        const { status } = outcome.response
        const written = headerOf(outcome.response, 'x-backend-storage-policy-index')
        return status < 300 && Number(written) === policyIndex
      }),
    )
    return asked.filter(Boolean).length >= majoritySize(primaries.length)
  }

  async reconcile(name: ContainerName, row: ObjectRow, right: RightPlace): Promise<Reconciled> {
    const object = { ...name, object: row.name }
    const [there, here] = [right.policyIndex, row.policyIndex]
    const found = await this.#look(object, there)
    const source = await this.#look(object, here)
    if (found === undefined || source === undefined) return 'waits'
    const step = stepFor({ deleted: row.deleted, timestamp: row.dataTimestamp }, found, source)
    return await this.#take(step, object, right, here)
  }

  async #take(step: Step, name: ObjectName, right: RightPlace, wrong: number): Promise<Reconciled> {
    const from = containerOf({ ...right, policyIndex: wrong })
    switch (step.kind) {
      case 'wait':
        return 'waits'
      case 'bury':
        return (await this.#delete(name, from, step.buryAt)) ? 'buried' : 'waits'
      case 'delete':
        if (!(await this.#delete(name, containerOf(right), step.deleteAt))) return 'waits'
        return (await this.#delete(name, from, step.buryAt)) ? 'deleted' : 'waits'
      case 'move':
        // Buried only when a quorum of the right place durably has it.
        if (!(await this.#copy(name, wrong, containerOf(right), step.putAt))) return 'waits'
        return (await this.#delete(name, from, step.buryAt)) ? 'moved' : 'waits'
    }
  }

  /** The newest version that any server of a policy has; `undefined` when that cannot be said. */
  async #look(name: ObjectName, policyIndex: number): Promise<Found | undefined> {
    const outcome = await this.#read(name, policyIndex, 'HEAD')
    if (outcome === undefined || outcome.kind === 'unavailable') return undefined
    await discard(outcome.response)
    const timestamp = timestampIn(outcome.response)
    if (outcome.kind === 'found') return timestamp === undefined ? undefined : { kind: 'object', timestamp }
    if (outcome.kind === 'absent') return { kind: 'nothing', timestamp: outcome.tombstone }
    return undefined
  }

  async #read(
    name: ObjectName,
    policyIndex: number,
    method: 'GET' | 'HEAD',
  ): Promise<ReadOutcome | undefined> {
    const placement = this.#parts.objectPlacement(policyIndex, name)
    if (placement === undefined) return undefined
    return await readNewest(this.#parts.client, {
      server: 'object',
      method,
      path: pathOnWire(name),
      query: '',
      headers: {
        ...FROM_A_WORKER,
        ...reservedNameHeaders(name),
        'x-trans-id': this.#context.txId,
        'x-backend-storage-policy-index': String(policyIndex),
        'x-backend-open-expired': 'true',
      },
      placement,
      signal: undefined,
    })
  }

  async #copy(
    name: ObjectName,
    wrong: number,
    container: ContainerInfo,
    timestamp: Timestamp,
  ): Promise<boolean> {
    const placement = this.#parts.objectPlacement(container.policyIndex, name)
    const source = await this.#read(name, wrong, 'GET')
    if (placement === undefined || source?.kind !== 'found') {
      if (source !== undefined && source.kind !== 'unavailable') await discard(source.response)
      return false
    }
    return await this.#put(name, source.response, container, placement, timestamp)
  }

  async #put(
    name: ObjectName,
    source: Response,
    container: ContainerInfo,
    placement: Placement,
    timestamp: Timestamp,
  ): Promise<boolean> {
    const stored = singleValued(source.headers)
    const own = { ...FROM_A_WORKER, ...ownHeaders(stored) }
    const write = { context: this.#context, name, container, timestamp, placement, own }
    const headers = objectWriteHeaders(this.#parts, write)
    const decided = (answers: Parameters<typeof statusesOf>[0]): boolean =>
      isDecided(statusesOf(answers), headers.length)
    const outcome = await fanOutPut(this.#parts.client, this.#parts.random, {
      path: pathOnWire(name),
      placement,
      headers,
      body: bodyOf(source, stored),
      expectedEtag: stored['etag']?.replaceAll('"', ''),
      limitBytes: MAX_FILE_SIZE_BYTES,
      rules: { isDecided: decided, isSettled: decided, patienceMs: this.#parts.client.nodeTimeoutMs },
    })
    if (outcome.kind !== 'answered') return false
    const { status } = verdictOf(outcome.answers, headers.length)
    // Something newer came to the right place meanwhile: the next pass finds it.
    return status >= 200 && status < 300
  }

  async #delete(name: ObjectName, container: ContainerInfo, timestamp: Timestamp): Promise<boolean> {
    const changed = await changeObject(this.#parts, {
      method: 'DELETE',
      context: this.#context,
      name,
      container,
      own: FROM_A_WORKER,
      timestamp,
      overrides: ABSENT_IS_DELETED,
    })
    if (changed.kind !== 'changed') return false
    const { status } = changed.verdict
    return (status >= 200 && status < 300) || status === 404
  }
}

function ownHeaders(stored: HeaderMap): HeaderMap {
  return Object.fromEntries(
    Object.entries(stored).filter(([name]) => OWN_HEADERS.has(name) || name.startsWith(OWN_PREFIX)),
  )
}

function bodyOf({ body }: Response, { 'content-length': length }: HeaderMap): RequestBody {
  if (body === undefined) return EMPTY_BODY
  if (Buffer.isBuffer(body)) return bufferBody(body)
  return {
    lengthBytes: length === undefined ? undefined : Number(length),
    sendContinue: () => {},
    cancel: () => body.cancel(),
    [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](),
  }
}

function timestampIn(response: Response): Timestamp | undefined {
  const written = headerOf(response, 'x-backend-timestamp') ?? headerOf(response, 'x-timestamp')
  return written === undefined ? undefined : parseTimestamp(written)
}

/** As much of a container as a write of an object needs to know. */
function containerOf({ policyIndex, statusChangedAt }: RightPlace): ContainerInfo {
  return {
    objectCount: 0,
    bytesUsed: 0,
    policyIndex,
    statusChangedAt: statusChangedAt ?? ZERO_TIMESTAMP,
    readAcl: undefined,
    writeAcl: undefined,
    syncKey: undefined,
    metadata: {},
  }
}
