/**
 * Stores a stream as pieces. A piece is durable when its PUT was answered; while one waits for that, the next is already
 * being sent, a few at a time. What this wrote before it failed stays under the key, for `remove` or for an upload that is
 * continued.
 */
import type { RequestBody } from '#http/message.ts'
import type { ObjectPutReceipt, Store } from '#store/contract.ts'
import type { StoreFailure } from '#store/failure.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { ensureContainer } from '../records/hidden-account.ts'
import { Refusal, unavailable } from '../refusal.ts'
import type { ByteSource } from './image-store.ts'
import { type Piece, pieceName } from './piece-map.ts'
import { type CutPiece, type CuttingRules, PieceCutter } from './piece-source.ts'

/** PUTs that may wait for their answer at once. */
const UNANSWERED_MAX = 4

export interface PieceWriterDeps {
  readonly store: Store
  readonly container: ContainerName
  readonly rules: CuttingRules
}

export interface WrittenPieces {
  readonly pieces: readonly Piece[]
  /** How far the stream reached. */
  readonly end: number
}

type PutOutcome = ObjectPutReceipt | StoreFailure

/** Writes all of the source under the key, its first byte being at `from`. Rejects with the source's own error. */
export async function writePieces(
  deps: PieceWriterDeps,
  context: OperationContext,
  key: string,
  source: ByteSource,
  from: number,
): Promise<WrittenPieces | Refusal> {
  if (!(await ensureContainer(deps.store, context, deps.container))) {
    return unavailable('The image store cannot keep the data now.')
  }
  const cutter = new PieceCutter(source, deps.rules, from)
  const pieces: Piece[] = []
  const unanswered = new Set<Promise<PutOutcome>>()
  let refusal: Refusal | undefined
  const settle = (offset: number, outcome: PutOutcome): void => {
    if (outcome.kind === 'created') pieces.push([offset, outcome.sizeBytes])
    else refusal ??= refusalOf(context, outcome)
  }
  try {
    for (let cut = await cutter.next(); cut !== undefined; cut = await cutter.next()) {
      const { offset } = cut
      const sent = sendPiece(deps, context, key, cut)
      const stored = sent.stored.finally(() => unanswered.delete(stored))
      unanswered.add(stored)
      stored.then(
        (outcome) => settle(offset, outcome),
        () => {},
      )
      await Promise.race([sent.read, stored])
      if (unanswered.size >= UNANSWERED_MAX) await Promise.race(unanswered)
      if (refusal !== undefined) break
    }
    await Promise.all(unanswered)
  } finally {
    // Nothing may be stored any more when the caller goes on to clean up.
    await Promise.allSettled(unanswered)
  }
  if (refusal !== undefined) return refusal
  return { pieces: pieces.toSorted(([left], [right]) => left - right), end: cutter.offset }
}

interface SentPiece {
  /** All of the piece was read from the source; rejects with the source's error. */
  readonly read: Promise<void>
  readonly stored: Promise<PutOutcome>
}

function sendPiece(
  { store, container }: PieceWriterDeps,
  context: OperationContext,
  key: string,
  cut: CutPiece,
): SentPiece {
  const read = Promise.withResolvers<void>()
  // Whoever waits hears of it; the put's own outcome may be heard first.
  read.promise.catch(() => {})
  const body: RequestBody = {
    lengthBytes: undefined,
    sendContinue: () => {},
    // The source is read on, or left, by whoever gave it.
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      try {
        yield* cut.bytes
        read.resolve()
      } catch (error) {
        read.reject(error)
        throw error
      }
    },
  }
  const name = { ...container, object: `${key}/${pieceName(cut.offset)}` }
  const stored = store.objects.put(context, name, {
    body,
    contentType: 'application/octet-stream',
    expectedEtag: undefined,
    metadata: {},
    limitBytes: Number.MAX_SAFE_INTEGER,
  })
  return { read: read.promise, stored }
}

const FULL: ReadonlySet<StoreFailure['kind']> = new Set(['no_space', 'over_quota'])
const BROKEN_OFF: ReadonlySet<StoreFailure['kind']> = new Set(['client_gone', 'client_timeout'])

function refusalOf({ log }: OperationContext, failure: StoreFailure): Refusal {
  const { kind } = failure
  if (FULL.has(kind)) return new Refusal(413, 'The image store is full.')
  if (BROKEN_OFF.has(kind)) return new Refusal(400, 'The client sent fewer bytes than it announced.')
  log.warn({ failure }, 'a piece of an image could not be stored')
  return unavailable('The image store cannot keep the data now.')
}
