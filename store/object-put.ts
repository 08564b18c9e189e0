/**
 * PUT of an object: small bodies are held and can be sent again, large ones stream.
 *
 * - The timestamp is taken once; a write that something newer has overtaken is tried once more with a later one, while
 *   its body is at hand. What was dropped is never acknowledged.
 * - The answer waits for a quorum of copies, and with patience for a majority of container rows (`row-evidence.ts`).
 * - A container that turns out to be gone, or of another policy than believed, makes the write start over.
 */
import { hash } from 'node:crypto'
import type { Timestamp } from '#base/timestamp.ts'
import { fanOutPut } from '#cluster/fan-out-put.ts'
import { fanOutWrite, type WaitRules } from '#cluster/fan-out-write.ts'
import type { MemoryShare } from '#cluster/memory-budget.ts'
import type { Placement } from '#cluster/placement.ts'
import { bufferBody, type HeaderMap, type RequestBody } from '#http/message.ts'
import { asBestEffort, NO_AGREEMENT, refuseByBestEffort } from './best-effort-condition.ts'
import type { WriteCondition } from './condition.ts'
import type { Containers } from './containers.ts'
import type { ContainerInfo, ObjectPut, ObjectPutReceipt } from './contract.ts'
import type { StoreFailure } from './failure.ts'
import { takeBody } from './held-body.ts'
import { writeByAgreement } from './object-agreement.ts'
import {
  containerForWrite,
  containerName,
  noRing,
  type ObjectDeps,
  type WrittenContainer,
} from './object-container.ts'
import { removeCopies } from './object-delete.ts'
import { objectWriteHeaders } from './object-headers.ts'
import type { ObjectName, OperationContext } from './operation.ts'
import {
  type Attempt,
  conflictOf,
  isDoubtful,
  judge,
  refusedBeforeBody,
  type Stored,
  withLimit,
} from './put-attempt.ts'
import { isListingPending, waitForRows } from './row-evidence.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'
import { failureOf } from './write-outcome.ts'

/** A body that is here, or flows. */
type Body =
  | { readonly kind: 'held'; readonly bytes: Buffer; readonly etag: string }
  | { readonly kind: 'stream'; readonly body: RequestBody }

export async function putObject(
  deps: ObjectDeps,
  context: OperationContext,
  name: ObjectName,
  put: ObjectPut,
): Promise<ObjectPutReceipt | StoreFailure> {
  const outcome = await new Putting(deps, context, name, put).run()
  // What the client still sends of a body nobody read is not wanted.
  if (outcome.kind !== 'created') await put.body.cancel()
  return outcome
}

class Putting {
  readonly #parts: StoreParts
  readonly #containers: Containers
  readonly #context: OperationContext
  readonly #name: ObjectName
  readonly #put: ObjectPut
  #startedOver = false
  /** Of a body that is held: what is stored besides is known before it is sent. */
  #atEnd: HeaderMap = {}

  constructor(deps: ObjectDeps, context: OperationContext, name: ObjectName, put: ObjectPut) {
    this.#parts = deps.parts
    this.#containers = deps.containers
    this.#context = context
    this.#name = name
    this.#put = put
  }

  async run(): Promise<ObjectPutReceipt | StoreFailure> {
    const deps = { parts: this.#parts, containers: this.#containers }
    const container = await containerForWrite(deps, this.#context, this.#name)
    if ('kind' in container) return container
    const { body, limitBytes } = this.#put
    if ((body.lengthBytes ?? 0) > limitBytes) return { kind: 'too_large', limitBytes }
    const taken = await takeBody(body, this.#parts.heldBodies)
    if (taken.kind !== 'held' && taken.kind !== 'stream') return withLimit(taken, limitBytes)
    const share: MemoryShare | undefined = taken.share
    try {
      if (taken.kind === 'stream') return await this.#putInto(container, { kind: 'stream', body: taken.body })
      const held: Body = { kind: 'held', bytes: taken.bytes, etag: hash('md5', taken.bytes) }
      const { expectedEtag } = this.#put
      if (expectedEtag !== undefined && expectedEtag !== held.etag) {
        return { kind: 'etag_mismatch', md5: held.etag }
      }
      const atEnd = this.#put.atEnd?.(held) ?? {}
      if (atEnd === 'etag_mismatch') return { kind: 'etag_mismatch' }
      this.#atEnd = atEnd
      return await this.#putInto(container, held)
    } finally {
      share?.release()
    }
  }

  async #putInto(container: WrittenContainer, body: Body): Promise<ObjectPutReceipt | StoreFailure> {
    const placement = this.#parts.objectPlacement(container.policyIndex, this.#name)
    if (placement === undefined) return noRing(container.policyIndex)
    const { condition, timestamp: dictated, bestEffort } = this.#put
    if (condition !== undefined && dictated === undefined) {
      const agreed = await this.#agree(container, placement, condition, body)
      if (agreed.kind !== 'unsupported') return agreed
    }
    if (condition === undefined) return await this.#putPlainly(container, placement, body)
    if (bestEffort === 'refused') return NO_AGREEMENT
    const about = { context: this.#context, name: this.#name, container, placement }
    const refused = await refuseByBestEffort(this.#parts, about, condition)
    return refused ?? asBestEffort(await this.#putPlainly(container, placement, body))
  }

  /** By agreement of the primaries, where all of them can. */
  async #agree(
    container: WrittenContainer,
    placement: Placement,
    condition: WriteCondition,
    body: Body,
  ): Promise<ObjectPutReceipt | StoreFailure | { readonly kind: 'unsupported' }> {
    const { metadata, contentType, expectedEtag, limitBytes, atEnd } = this.#put
    const agreed = await writeByAgreement(this.#parts, {
      context: this.#context,
      name: this.#name,
      container,
      placement,
      condition,
      own: { ...metadata, 'content-type': contentType, ...this.#atEnd },
      body: body.kind === 'held' ? body : { ...body, expectedEtag, limitBytes, atEnd },
    })
    if (agreed.kind === 'refused') {
      return { kind: 'precondition_failed', headers: {}, condition: 'agreed', there: agreed.there }
    }
    if (agreed.kind === 'unsupported') return agreed
    if (agreed.kind !== 'agreed') return withLimit(agreed, limitBytes)
    const { answers, etag, sizeBytes, timestamp } = agreed
    const stored: Stored = { kind: 'stored', answers, etag, sizeBytes }
    const misplaced = await this.#misplaced(container, { ...stored, timestamp }, body)
    return misplaced ?? { ...this.#receipt(stored, timestamp), condition: 'agreed' }
  }

  async #putPlainly(
    container: WrittenContainer,
    placement: Placement,
    body: Body,
  ): Promise<ObjectPutReceipt | StoreFailure> {
    let timestamp = this.#put.timestamp ?? (await this.#parts.timestamps.next())
    let attempt = await this.#attempt(container, placement, timestamp, body)
    if (attempt.kind === 'overtaken' && attempt.again === 'possible' && this.#put.timestamp === undefined) {
      this.#parts.observer.overtaken('PUT')
      if (attempt.newest !== undefined) this.#parts.timestamps.observe(attempt.newest)
      timestamp = await this.#parts.timestamps.next()
      attempt = await this.#attempt(container, placement, timestamp, body)
    }
    if (attempt.kind === 'overtaken') {
      return conflictOf(attempt, { timestamp, copies: placement.primaries.length })
    }
    if (attempt.kind !== 'stored') return attempt
    return (
      (await this.#misplaced(container, { ...attempt, timestamp }, body)) ?? this.#receipt(attempt, timestamp)
    )
  }

  #attempt(
    container: WrittenContainer,
    placement: Placement,
    timestamp: Timestamp,
    body: Body,
  ): Promise<Attempt> {
    const { metadata, contentType, condition } = this.#put
    const onlyIfAbsent = condition?.kind === 'absent'
    const headers = objectWriteHeaders(this.#parts, {
      context: this.#context,
      name: this.#name,
      container,
      timestamp,
      placement,
      own: {
        ...metadata,
        'content-type': contentType,
        ...this.#atEnd,
        ...(onlyIfAbsent ? { 'if-none-match': '*' } : {}),
      },
    })
    // A condition is judged on every copy before the body flows, also for a small one.
    return body.kind === 'held' && !onlyIfAbsent
      ? this.#sendHeld(placement, headers, body)
      : this.#stream(placement, headers, body)
  }

  async #sendHeld(
    placement: Placement,
    headers: readonly HeaderMap[],
    body: Extract<Body, { readonly kind: 'held' }>,
  ): Promise<Attempt> {
    const { bytes, etag } = body
    const answers = await fanOutWrite(this.#parts.client, {
      server: 'object',
      method: 'PUT',
      path: pathOnWire(this.#name),
      placement,
      headers: headers.map((own) => ({ ...own, etag, 'content-length': String(bytes.length) })),
      body: bytes,
      rules: this.#rules(headers.length),
    })
    return judge(answers, placement, { etag, sizeBytes: bytes.length, again: 'possible' })
  }

  async #stream(placement: Placement, headers: readonly HeaderMap[], body: Body): Promise<Attempt> {
    const { expectedEtag, limitBytes, atEnd } = this.#put
    const outcome = await fanOutPut(this.#parts.client, this.#parts.random, {
      path: pathOnWire(this.#name),
      placement,
      headers,
      body: body.kind === 'held' ? bufferBody(body.bytes) : body.body,
      expectedEtag,
      limitBytes,
      atEnd: body.kind === 'held' ? undefined : atEnd,
      rules: this.#rules(headers.length),
    })
    switch (outcome.kind) {
      case 'answered': {
        const { etag, sizeBytes } = outcome.facts
        const again = body.kind === 'held' ? 'possible' : 'impossible'
        return judge(outcome.answers, placement, { etag, sizeBytes, again })
      }
      case 'refused':
        return refusedBeforeBody(outcome.answers)
      case 'too_large':
        return { kind: 'too_large', limitBytes }
      case 'unavailable':
        return failureOf({ status: 503, answer: undefined }, outcome.answers)
      case 'etag_mismatch':
      case 'client_gone':
      case 'client_timeout':
        return outcome
    }
  }

  #rules(copies: number): WaitRules {
    return waitForRows(copies, this.#containerReplicas(), this.#parts.client.nodeTimeoutMs)
  }

  #containerReplicas(): number {
    const { account, container } = this.#name
    return this.#parts.containerPlacement(account, container).primaries.length
  }

  #receipt({ answers, etag, sizeBytes }: Stored, timestamp: Timestamp): ObjectPutReceipt {
    const listingPending = isListingPending(answers, this.#containerReplicas())
    if (listingPending) this.#parts.observer.listingPending('PUT')
    return { kind: 'created', etag, sizeBytes, timestamp, listingPending }
  }

  /**
   * What to answer when the container is not what was believed when the object was stored; `undefined` when it is.
   * The copies that nobody would find are removed; what somebody else has put there since stays.
   */
  async #misplaced(
    believed: ContainerInfo,
    stored: Stored & { readonly timestamp: Timestamp },
    body: Body,
  ): Promise<ObjectPutReceipt | StoreFailure | undefined> {
    if (!isDoubtful(stored.answers)) return undefined
    const known = await this.#containers.lookAgain(this.#context, containerName(this.#name))
    if (known.kind === 'unavailable') return undefined
    if (known.kind === 'exists' && known.info.policyIndex === believed.policyIndex) return undefined
    const taken = { container: believed, writtenAt: stored.timestamp }
    await removeCopies(this.#parts, this.#context, this.#name, taken)
    if (known.kind !== 'exists') return { kind: 'no_such_container' }
    if (body.kind === 'stream' || this.#startedOver) {
      return { kind: 'unavailable', reason: 'the container changed its storage policy meanwhile' }
    }
    this.#startedOver = true
    return await this.#putInto(known.info, body)
  }
}
