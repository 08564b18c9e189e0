/**
 * Takes a small body into memory, so that it can be sent more than once; a large one, and one for which there is no room,
 * stays a stream.
 */
import { SMALL_BODY_BYTES } from '#base/limits.ts'
import type { MemoryBudget, MemoryShare } from '#cluster/memory-budget.ts'
import { BodyError, type RequestBody } from '#http/message.ts'
import { keepPiece } from '#http/piece-memory.ts'
import type { StoreFailure } from './failure.ts'

export type TakenBody =
  | { readonly kind: 'held'; readonly bytes: Buffer; readonly share: MemoryShare }
  | { readonly kind: 'stream'; readonly body: RequestBody; readonly share: MemoryShare | undefined }
  | Extract<StoreFailure, { readonly kind: 'client_gone' | 'client_timeout' | 'too_large' }>

const NO_SHARE: MemoryShare = { release: () => {} }

/** The caller gives the share back when the body is not needed any more. */
export async function takeBody(body: RequestBody, budget: MemoryBudget): Promise<TakenBody> {
  if (body.bytes !== undefined && body.bytes.length <= SMALL_BODY_BYTES) {
    return { kind: 'held', bytes: body.bytes, share: NO_SHARE }
  }
  if ((body.lengthBytes ?? 0) > SMALL_BODY_BYTES) return { kind: 'stream', body, share: undefined }
  const share = budget.take(body.lengthBytes ?? SMALL_BODY_BYTES)
  if (share === undefined) return { kind: 'stream', body, share }
  try {
    return await readSmall(body, share)
  } catch (error) {
    share.release()
    return bodyFailure(error)
  }
}

/** What a body that could not be read means to the store. Throws what is no `BodyError`. */
export function bodyFailure(
  error: unknown,
): Extract<StoreFailure, { readonly kind: 'client_gone' | 'client_timeout' | 'too_large' }> {
  if (!(error instanceof BodyError)) throw error
  if (error.code === 'SENDER_TIMEOUT') return { kind: 'client_timeout' }
  return error.code === 'BODY_TOO_LARGE' ? { kind: 'too_large', limitBytes: 0 } : { kind: 'client_gone' }
}

async function readSmall(body: RequestBody, share: MemoryShare): Promise<TakenBody> {
  const iterator = body[Symbol.asyncIterator]()
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for (;;) {
    const next = await iterator.next()
    if (next.done === true) break
    chunks.push(next.value)
    sizeBytes += next.value.length
    if (sizeBytes > SMALL_BODY_BYTES)
      return { kind: 'stream', body: continued(body, chunks, iterator), share }
  }
  if (body.lengthBytes !== undefined && sizeBytes !== body.lengthBytes) {
    share.release()
    return { kind: 'client_gone' }
  }
  const [first] = chunks
  const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, sizeBytes)
  keepPiece(bytes)
  return { kind: 'held', bytes, share }
}

/** The body as if nothing had been read of it. */
function continued(body: RequestBody, read: readonly Buffer[], rest: AsyncIterator<Buffer>): RequestBody {
  return {
    lengthBytes: body.lengthBytes,
    sendContinue: () => {},
    cancel: () => body.cancel(),
    async *[Symbol.asyncIterator]() {
      yield* read
      for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
    },
  }
}
