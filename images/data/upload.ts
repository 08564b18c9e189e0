/**
 * Brings the bytes of an image in. The order of steps; whatever dies in between, what is left may stay or is cleaned up:
 *
 * 1. the record says `saving` and names the key under which bytes will be; from now on the key is theirs;
 * 2. the bytes are stored under the key, durable on a majority;
 * 3. the record says `active`, with their place, size and hashes, if it still names the key; otherwise they are removed.
 *
 * Died before 3: the record says `saving` and its mark of life grows old; the sweeper (`sweeper.ts`) makes it `queued` and
 * removes the bytes. An image is never `active` with other bytes than those whose hashes it shows.
 */
import { BodyError } from '#http/message.ts'
import type { OperationContext } from '#store/operation.ts'
import { BrokenGzip, isGzip } from '../conversion/gunzip.ts'
import { type ImageFacts, type ImageRecord, namesPlace, type PendingData } from '../model/image-record.ts'
import { formatsMissing, isGone, transitionMessage, withStatus } from '../model/image-status.ts'
import { badRequest, conflict, overLimit, Refusal } from '../refusal.ts'
import { newUuid, onItsOwn, type Registry } from '../registry.ts'
import type { AskedContext } from '../signatures/certificates.ts'
import { keepingAlive } from './heartbeat.ts'
import type { ByteSource, ImageStore } from './image-store.ts'
import { type Intake, TooManyBytes } from './intake.ts'
import { leave, removePlaces } from './leaving.ts'
import { newIntake, signedOtherwise } from './new-intake.ts'

export interface Upload {
  readonly id: string
  readonly source: ByteSource
  readonly store: ImageStore
  /** Announced beforehand; other lengths are refused. */
  readonly sizeBytes?: number | undefined
}

/** The active image, or why it is not. After a refusal the image is `queued` again. */
export async function uploadImage(
  registry: Registry,
  context: AskedContext,
  upload: Upload,
): Promise<ImageRecord | Refusal> {
  const key = newKey(registry, upload.id)
  const begun = await beginUpload(registry, context, upload, key)
  if (begun instanceof Refusal) return begun
  const facts = await keepingAlive(registry, context, upload.id, key, () =>
    takeBytes(registry, context, { ...upload, key, declared: begun }),
  )
  const active =
    facts instanceof Refusal ? facts : await activate(registry, context, { ...upload, key, facts })
  if (active instanceof Refusal) await giveUp(registry, context, { ...upload, key })
  return active
}

/** Bytes of an image are under its id, those of each attempt apart. */
export function newKey(registry: Registry, imageId: string): string {
  return `${imageId}/${newUuid(registry)}`
}

function beginUpload(
  registry: Registry,
  context: OperationContext,
  { id, store, sizeBytes }: Upload,
  key: string,
): Promise<ImageRecord | Refusal> {
  const nowMs = registry.environment.clock.wallMs()
  const pending: PendingData = { kind: 'upload', key, store: store.id, aliveAt: nowMs, totalBytes: sizeBytes }
  return registry.records.change(
    context,
    id,
    (image) => {
      const refused = image.status === 'queued' ? formatsMissing(image) : undefined
      if (refused !== undefined) return refused
      const saving = withStatus(image, 'saving')
      return saving instanceof Refusal ? saving : { ...saving, pending, updatedAt: nowMs }
    },
    'server',
  )
}

export interface Taking extends Upload {
  readonly key: string
  readonly declared: ImageRecord
  /** They may be compressed still, whatever was declared: their import unpacks them. */
  readonly mayBePacked?: boolean | undefined
}

/** Stores the bytes and says what they are. */
export async function takeBytes(
  registry: Registry,
  context: AskedContext,
  { key, source, store, sizeBytes, declared, mayBePacked = false }: Taking,
): Promise<ImageFacts | Refusal> {
  const intake = await newIntake(registry, context, declared)
  if (intake instanceof Refusal) return intake
  try {
    const stored = await store.write(context, key, intake.through(source), {
      describe: () => described(intake, declared),
      sizeBytes: certainSize(source, sizeBytes),
    })
    if (stored instanceof Refusal) return stored
  } catch (error) {
    return sourceRefusal(error)
  }
  if (sizeBytes !== undefined && intake.sizeBytes !== sizeBytes) {
    return new Refusal(400, `The image has ${intake.sizeBytes} bytes, and ${sizeBytes} were announced.`)
  }
  if (mayBePacked && isGzip(intake.head)) return { ...intake.facts(declared), isPacked: true }
  return verdictOn(registry, intake, declared) ?? intake.facts(declared)
}

/** A length that the client announced in passing is no promise; that of the request's body is. */
function certainSize(source: ByteSource, sizeBytes: number | undefined): number | undefined {
  const lengthBytes = 'lengthBytes' in source ? source.lengthBytes : undefined
  return lengthBytes === sizeBytes ? sizeBytes : undefined
}

/** What is kept beside the bytes; nothing when they will not be kept. */
export function described(intake: Intake, declared: ImageRecord): ImageRecord | undefined {
  if (intake.signatureRefusal() !== undefined) return undefined
  if (intake.verdict(declared)?.kind === 'unsafe') return undefined
  const { pending: _pending, staged: _staged, leaving: _leaving, cached: _cached, ...image } = declared
  return withFacts(image, intake.facts(declared))
}

/** 415 for bytes that may not be kept, 400 for those that were not signed; where a wrong format is only logged, it is. */
export function verdictOn(
  { options, log }: Registry,
  intake: Intake,
  declared: ImageRecord,
): Refusal | undefined {
  const unsigned = intake.signatureRefusal()
  if (unsigned !== undefined) return unsigned
  const verdict = intake.verdict(declared)
  if (verdict === undefined) return undefined
  if (options.formatMatch === 'required' || verdict.kind === 'unsafe') return verdict.refusal
  log.warn({ image: declared.id }, verdict.refusal.message)
  return undefined
}

/** What a source that failed means to whoever asked. Throws what is our own bug. */
export function sourceRefusal(error: unknown): Refusal {
  if (error instanceof TooManyBytes) {
    return overLimit(`The image is larger than the limit of ${error.limitBytes} bytes.`)
  }
  if (!(error instanceof BodyError)) throw error
  if (error instanceof BrokenGzip) return badRequest('The image is compressed, and cannot be unpacked.')
  if (error.code === 'SENDER_TIMEOUT') return new Refusal(400, 'The client sent nothing for too long.')
  return new Refusal(499, 'The client went away before all of the image had come.')
}

interface Stored {
  readonly id: string
  readonly key: string
  readonly store: ImageStore
  readonly facts: ImageFacts
}

/** Step 3. 410 when the image was deleted meanwhile. */
export function activate(
  { records, environment }: Registry,
  context: OperationContext,
  { id, key, store, facts }: Stored,
): Promise<ImageRecord | Refusal> {
  return records.change(
    onItsOwn(context),
    id,
    (image) => {
      if (isGone(image)) return new Refusal(410, `Image ${id} was deleted while its data came.`)
      if (image.pending?.key !== key) return conflict(transitionMessage(image.status, 'active'))
      const active = signedOtherwise(image, facts) ?? withStatus(image, 'active')
      if (active instanceof Refusal) return active
      const { pending: _done, ...rest } = active
      const locations = [{ store: store.id, key }]
      return { ...withFacts(rest, facts), locations, updatedAt: environment.clock.wallMs() }
    },
    'server',
  )
}

const GIB = 1024 ** 3

/** The image with what was found out about its bytes; as it was when they are not new. */
export function withFacts(image: ImageRecord, facts: ImageFacts | undefined): ImageRecord {
  if (facts === undefined) return image
  const { found, signed: _signed, isPacked: _packed, ...own } = facts
  const properties = { ...found, ...image.properties }
  return { ...image, ...own, properties, minDisk: least(image.minDisk, facts) }
}

/** A disk smaller than what is in the image cannot boot it; it is said where the owner said nothing. */
function least(minDisk: number, { virtualSizeBytes }: ImageFacts): number {
  return minDisk > 0 || virtualSizeBytes === null ? minDisk : Math.ceil(virtualSizeBytes / GIB)
}

interface GivenUp {
  readonly id: string
  readonly key: string
  readonly store: Pick<ImageStore, 'id'>
  /** Somebody may still bring bytes until then (`leaving.ts`). */
  readonly until?: number | undefined
}

/** After a failure: the image may be tried again, and nothing is left of this attempt. */
export async function giveUp(
  registry: Registry,
  context: OperationContext,
  { id, key, store, until }: GivenUp,
): Promise<void> {
  const own = onItsOwn(context)
  const place = { store: store.id, key }
  const requeue = (image: ImageRecord): ImageRecord | Refusal => {
    if (image.pending?.key !== key) return image
    const queued = withStatus(image, 'queued')
    if (queued instanceof Refusal) return queued
    const { pending: _gone, ...rest } = queued
    return leave(registry, rest, [place], until)
  }
  const now = await registry.records.change(own, id, requeue, 'server')
  if (now instanceof Refusal) registry.log.warn({ image: id, key }, 'an upload is left to the sweeper')
  // It may have come to its end after all, and nobody could tell: what the record names is never removed.
  else if (!namesPlace(now, place)) await removePlaces(registry, own, now, [place])
}
