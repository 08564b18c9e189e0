/**
 * Uploads that break and go on from where they were, through any proxy (`docs/images.md`, "Uploads that can be resumed").
 *
 * An upload comes in sessions, one per request. The record lists them; each stores its pieces under a name of its own, so
 * that a connection that was given up and one that goes on never write the same object. What a session stored beyond the
 * beginning of the next does not count. How far an upload is, is what is stored without a gap: nothing else is believed.
 *
 * Hashes need every byte in order. The process that took the session before has them; another one reads the bytes back from
 * the cluster first. Bytes that were acknowledged are durable, and none is asked for twice.
 */
import { AgingLru } from '#base/aging-lru.ts'
import type { Clock } from '#base/environment.ts'
import { BodyError } from '#http/message.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ImageRecord, PendingData, UploadSession } from '../model/image-record.ts'
import { formatsMissing, transitionMessage, withStatus } from '../model/image-status.ts'
import { badRequest, conflict, Refusal, unavailable } from '../refusal.ts'
import { newUuid, onItsOwn, type Registry } from '../registry.ts'
import { keepingAlive } from './heartbeat.ts'
import type { ByteSource } from './image-store.ts'
import type { Intake } from './intake.ts'
import { newIntake } from './new-intake.ts'
import type { Piece } from './piece-map.ts'
import { activate, described, giveUp, newKey, sourceRefusal, verdictOn } from './upload.ts'

/** Header by which offsets are told. */
export const OFFSET_HEADER = 'x-image-upload-offset'
/** How long an upload that nobody goes on with is kept (`sweeper.ts`), milliseconds. */
export const RESUMABLE_KEPT_MS = 24 * 3_600_000
/** Uploads whose hashes a process remembers between sessions, and for how long. */
const REMEMBERED_MAX = 64
const REMEMBERED_MS = 3_600_000

export interface Continuation {
  readonly id: string
  readonly source: ByteSource
  /** Offset of the first byte of the source. */
  readonly first: number
  /** Length of the whole image, where it is known. */
  readonly totalBytes: number | undefined
}

export type Progress =
  | { readonly kind: 'active'; readonly image: ImageRecord }
  /** More is to come. */
  | { readonly kind: 'partial'; readonly offset: number }

/** Hashes of uploads under way, as far as this process has seen their bytes. */
export class IntakeMemory {
  readonly #held: AgingLru<Intake>

  constructor(clock: Clock) {
    this.#held = new AgingLru(clock, REMEMBERED_MAX)
  }

  /** The intake that has seen exactly so many bytes of the upload; whoever takes it has it alone. */
  take(key: string, offset: number): Intake | undefined {
    const intake = this.#held.get(key)
    this.#held.delete(key)
    return intake?.sizeBytes === offset ? intake : undefined
  }

  keep(key: string, intake: Intake): void {
    this.#held.set(key, intake, REMEMBERED_MS)
  }
}

interface Session {
  readonly image: ImageRecord
  readonly pending: PendingData
  readonly sessions: readonly UploadSession[]
  /** What the sessions before have stored. */
  readonly pieces: readonly Piece[]
}

/** How far an upload is; `undefined` when none is under way. */
export async function uploadOffset(
  registry: Registry,
  context: OperationContext,
  image: ImageRecord,
): Promise<number | undefined | Refusal> {
  const { pending } = image
  if (pending?.kind !== 'resumable') return undefined
  const pieces = await registry.cluster.sessionPieces(context, pending.key, pending.sessions ?? [])
  return pieces === undefined ? unavailable('How far the upload is cannot be known now.') : endOf(pieces)
}

/** The first byte that is not stored. */
function endOf(pieces: readonly Piece[]): number {
  let end = 0
  for (const [offset, lengthBytes] of pieces) {
    if (offset !== end) break
    end += lengthBytes
  }
  return end
}

/** Takes more of an image. 409, with the offset that is wanted, when the bytes do not follow those that are there. */
export async function continueUpload(
  registry: Registry,
  context: OperationContext,
  more: Continuation,
): Promise<Progress | Refusal> {
  const session = await openSession(registry, context, more)
  if (session instanceof Refusal) return session
  const { key } = session.pending
  return await keepingAlive(registry, context, more.id, key, async () => {
    const intake = await intakeUpTo(registry, context, session, more.first)
    if (!(intake instanceof Refusal)) return await takeSession(registry, context, session, more, intake)
    // Signed in a way that can never be verified: going on would not help.
    if (intake.status === 400) {
      await giveUp(registry, context, { id: more.id, key, store: registry.cluster })
    }
    return intake
  })
}

async function openSession(
  registry: Registry,
  context: OperationContext,
  more: Continuation,
): Promise<Session | Refusal> {
  const seen = await registry.records.find(context, more.id)
  if (seen instanceof Refusal) return seen
  const own = { id: newUuid(registry), from: more.first }
  if (seen?.pending?.kind === 'resumable') return await goOn(registry, context, more, own, seen)
  if (more.first !== 0) return wrongOffset(0)
  return await begin(registry, context, more, own)
}

async function begin(
  registry: Registry,
  context: OperationContext,
  { id, totalBytes }: Continuation,
  own: UploadSession,
): Promise<Session | Refusal> {
  const nowMs = registry.environment.clock.wallMs()
  const key = newKey(registry, id)
  const pending: PendingData = {
    kind: 'resumable',
    key,
    store: registry.cluster.id,
    aliveAt: nowMs,
    totalBytes,
    sessions: [own],
  }
  const image = await registry.records.change(
    context,
    id,
    (before) => {
      const refused = before.status === 'queued' ? formatsMissing(before) : undefined
      if (refused !== undefined) return refused
      const saving = withStatus(before, 'saving')
      return saving instanceof Refusal ? saving : { ...saving, pending, updatedAt: nowMs }
    },
    'server',
  )
  return image instanceof Refusal ? image : { image, pending, sessions: [own], pieces: [] }
}

async function goOn(
  registry: Registry,
  context: OperationContext,
  more: Continuation,
  own: UploadSession,
  seen: ImageRecord,
): Promise<Session | Refusal> {
  const before = seen.pending as PendingData
  const stored = await registry.cluster.sessionPieces(context, before.key, before.sessions ?? [])
  if (stored === undefined) return unavailable('How far the upload is cannot be known now.')
  const offset = endOf(stored)
  if (offset !== more.first) return wrongOffset(offset)
  const sessions = [...(before.sessions ?? []), own]
  const totalBytes = more.totalBytes ?? before.totalBytes
  const nowMs = registry.environment.clock.wallMs()
  const pending: PendingData = { ...before, sessions, totalBytes, aliveAt: nowMs }
  const image = await registry.records.change(
    context,
    more.id,
    (now) => {
      const isSame =
        now.pending?.key === before.key && now.pending.sessions?.length === before.sessions?.length
      return isSame ? { ...now, pending } : conflict('Somebody else goes on with this upload.')
    },
    'server',
  )
  const pieces = stored.filter(([at]) => at < offset)
  return image instanceof Refusal ? image : { image, pending, sessions, pieces }
}

function wrongOffset(offset: number): Refusal {
  const message = `The upload goes on at offset ${offset}.`
  return new Refusal(409, message, { [OFFSET_HEADER]: String(offset) })
}

/** What is known of the bytes before the session: remembered, or read back. */
async function intakeUpTo(
  registry: Registry,
  context: OperationContext,
  { image, pending, pieces }: Session,
  offset: number,
): Promise<Intake | Refusal> {
  const remembered = registry.intakes.take(pending.key, offset)
  if (remembered !== undefined) return remembered
  const intake = await newIntake(registry, context, image)
  if (intake instanceof Refusal) return intake
  const map = { sizeBytes: offset, pieces }
  try {
    const stored = registry.cluster.readPieces(context, pending.key, map, { start: 0, end: offset })
    for await (const chunk of stored) intake.look(chunk)
    return intake
  } catch (error) {
    context.log.warn({ err: error }, 'what was uploaded before cannot be read back')
    return unavailable('What was uploaded before cannot be read now.')
  }
}

async function takeSession(
  registry: Registry,
  context: OperationContext,
  session: Session,
  more: Continuation,
  intake: Intake,
): Promise<Progress | Refusal> {
  const { pending, sessions } = session
  const own = sessions.at(-1) as UploadSession
  const interrupted = { by: undefined as unknown }
  const source = intake.through(untilItBreaks(more.source, interrupted))
  const written = await registry.cluster
    .append(context, `${pending.key}/${own.id}`, source, more.first)
    .catch(sourceRefusal)
  if (written instanceof Refusal) return written
  const pieces = [...session.pieces, ...written.pieces.map(([at, bytes]) => [at, bytes, own.id] as const)]
  const offset = intake.sizeBytes
  const { totalBytes } = pending
  if (totalBytes !== undefined && offset > totalBytes) {
    return badRequest(`More than the announced ${totalBytes} bytes came.`)
  }
  if (interrupted.by === undefined && offset === totalBytes) {
    return await finish(registry, context, { ...session, pieces }, intake)
  }
  registry.intakes.keep(pending.key, intake)
  return interrupted.by === undefined ? { kind: 'partial', offset } : sourceRefusal(interrupted.by)
}

/** The bytes that came: a connection that breaks only ends them. */
async function* untilItBreaks(source: ByteSource, interrupted: { by: unknown }): AsyncGenerator<Buffer> {
  try {
    yield* source
  } catch (error) {
    if (!(error instanceof BodyError)) throw error
    interrupted.by = error
  }
}

/** All bytes are there. A verdict against them ends the upload: going on would not help. */
async function finish(
  registry: Registry,
  context: OperationContext,
  { image, pending, pieces }: Session,
  intake: Intake,
): Promise<Progress | Refusal> {
  const own = onItsOwn(context)
  const { cluster } = registry
  const stored = { id: image.id, key: pending.key, store: cluster }
  const refusal = verdictOn(registry, intake, image)
  if (refusal !== undefined) {
    await giveUp(registry, own, stored)
    return refusal
  }
  const complete = await cluster.complete(own, pending.key, {
    sizeBytes: intake.sizeBytes,
    pieces,
    image: described(intake, image),
  })
  if (complete instanceof Refusal) return complete
  const active = await activate(registry, own, { ...stored, facts: intake.facts(image) })
  return active instanceof Refusal ? active : { kind: 'active', image: active }
}

/** Ends an upload under way; the image is `queued` again. 409 when there is none. */
export async function cancelUpload(
  registry: Registry,
  context: OperationContext,
  image: ImageRecord,
): Promise<Refusal | undefined> {
  const { pending } = image
  if (pending?.kind !== 'resumable') return conflict(transitionMessage(image.status, 'queued'))
  await giveUp(registry, context, { id: image.id, key: pending.key, store: registry.cluster })
  return undefined
}
