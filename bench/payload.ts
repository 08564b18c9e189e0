/**
 * Bodies that the generator can send and check without keeping or hashing them: each is a slice of one block of
 * pseudo-random bytes, chosen by the number of the object, so that every byte that comes back can be compared.
 */
import { createHash } from 'node:crypto'

const POOL_BYTES = 1024 * 1024
/** A prime, so that neighbouring objects differ and a mix-up of two objects shows. */
const VARIANTS = 251
const VARIANT_STEP_BYTES = 1021

const pool = makePool()

export interface Payload {
  /** Sent `times` times. */
  readonly block: Buffer
  readonly times: number
  readonly sizeBytes: number
  readonly md5: string
}

const made = new Map<string, Payload>()

/** The body of object number `index` with `sizeBytes` bytes. Sizes above 1 MiB must be whole MiB. */
export function payloadOf(index: number, sizeBytes: number): Payload {
  const variant = sizeBytes >= POOL_BYTES ? 0 : index % VARIANTS
  const key = `${variant} ${sizeBytes}`
  const known = made.get(key)
  if (known !== undefined) return known
  const payload = sizeBytes >= POOL_BYTES ? largePayload(sizeBytes) : smallPayload(variant, sizeBytes)
  made.set(key, payload)
  return payload
}

/** Whether `piece`, found at `position` of the payload's body, is what was sent. */
export function matches(payload: Payload, piece: Buffer, position: number): boolean {
  if (position + piece.length > payload.sizeBytes) return false
  const { block } = payload
  for (let done = 0; done < piece.length; ) {
    const from = (position + done) % block.length
    const length = Math.min(piece.length - done, block.length - from)
    if (block.compare(piece, done, done + length, from, from + length) !== 0) return false
    done += length
  }
  return true
}

function smallPayload(variant: number, sizeBytes: number): Payload {
  const start = (variant * VARIANT_STEP_BYTES) % (POOL_BYTES - sizeBytes)
  const block = pool.subarray(start, start + sizeBytes)
  return { block, times: 1, sizeBytes, md5: createHash('md5').update(block).digest('hex') }
}

function largePayload(sizeBytes: number): Payload {
  const times = sizeBytes / POOL_BYTES
  if (!Number.isInteger(times)) throw new RangeError(`${sizeBytes} bytes are not a whole number of MiB`)
  const md5 = createHash('md5')
  for (let at = 0; at < times; at += 1) md5.update(pool)
  return { block: pool, times, sizeBytes, md5: md5.digest('hex') }
}

function makePool(): Buffer {
  const words = new Uint32Array(POOL_BYTES / 4)
  let state = 0x9e3779b9
  for (let at = 0; at < words.length; at += 1) {
    state = nextRandom(state)
    words[at] = state
  }
  return Buffer.from(words.buffer)
}

/** Marsaglia's xorshift32: one step of a cheap generator of 32-bit numbers, never 0 from a state that is not 0. */
export function nextRandom(state: number): number {
  let next = state ^ (state << 13)
  next ^= next >>> 17
  next ^= next << 5
  return next >>> 0
}
