/** One copy of bytes that are in a store already: while it is made it is held against the hash of the original. */
import { createHash } from 'node:crypto'
import type { OperationContext } from '#store/operation.ts'
import type { BytesRead, ImageStore } from '../data/image-store.ts'
import { HASH_ALGORITHM } from '../data/intake.ts'
import { Refusal, unavailable } from '../refusal.ts'

export interface CheckedCopy {
  /** Just opened; it is read to its end, or cancelled. */
  readonly read: BytesRead
  readonly target: ImageStore
  readonly key: string
  /** SHA-512 of the original, hex. */
  readonly hashValue: string | null
}

/** 503 when either store failed, or the copy is not what the original was; what was written then is left to the caller. */
export async function copyChecked(
  context: OperationContext,
  { read, target, key, hashValue }: CheckedCopy,
): Promise<Refusal | undefined> {
  if (read.kind !== 'found') return unavailable('The image cannot be read now.')
  const { body, sizeBytes } = read
  const sha512 = createHash(HASH_ALGORITHM)
  const hashed = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      sha512.update(chunk)
      yield chunk
    }
  }
  const stored = await target.write(context, key, hashed(), { sizeBytes }).catch(copyRefusal)
  await body.cancel()
  if (stored instanceof Refusal) return stored
  if (hashValue === null || sha512.digest('hex') === hashValue) return undefined
  return unavailable('The copy is not what the original was.')
}

/** The original broke off; whatever its store failed with. */
function copyRefusal(error: unknown): Refusal {
  const reason = error instanceof Error ? error.message : String(error)
  return unavailable(`The image cannot be read to its end: ${reason}`)
}
