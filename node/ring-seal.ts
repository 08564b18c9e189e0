/**
 * The seal of a ring that travels between nodes: the SHA-256 and the length of its file, and HMAC-SHA-256 under the
 * cluster secret over these and over what ring it is. A ring decides where everything lives, so its bytes are covered
 * wherever they come from; and the seal stands before the bytes, so that nobody takes in what was not sealed.
 *
 *     v2 <SHA-256, hex> <bytes> <code, hex>
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** In requests and answers that carry a ring. */
export const RING_SEAL_HEADER = 'x-backend-martlet-ring-seal'
const VERSION = 'v2'
const WRITTEN = /^v2 ([0-9a-f]{64}) (\d{1,9}) ([0-9a-f]{64})$/

/** What a seal says of the file that follows. */
export interface RingSeal {
  /** SHA-256 of the file, hex. */
  readonly digest: string
  readonly sizeBytes: number
}

/** The seal of a ring file; `name` as in the file's name before `.ring.gz`. */
export function sealOf(secret: Buffer, name: string, file: Buffer): string {
  const seal = { digest: digestOf(file), sizeBytes: file.length }
  return `${VERSION} ${seal.digest} ${seal.sizeBytes} ${codeOf(secret, name, seal).toString('hex')}`
}

/** What was sealed by somebody who has the secret, as the ring of this name; `undefined` for any other text. */
export function readSeal(secret: Buffer, name: string, written: string | undefined): RingSeal | undefined {
  const match = WRITTEN.exec(written ?? '')
  if (match === null) return undefined
  const [, digest = '', size = '', code = ''] = match
  const seal = { digest, sizeBytes: Number(size) }
  return timingSafeEqual(codeOf(secret, name, seal), Buffer.from(code, 'hex')) ? seal : undefined
}

/** Is this the file that was sealed? */
export function isSealedFile({ digest, sizeBytes }: RingSeal, file: Buffer): boolean {
  return file.length === sizeBytes && digestOf(file) === digest
}

function digestOf(file: Buffer): string {
  return createHash('sha256').update(file).digest('hex')
}

function codeOf(secret: Buffer, name: string, { digest, sizeBytes }: RingSeal): Buffer {
  return createHmac('sha256', secret)
    .update(`martlet ring ${VERSION}\n${name}\n${digest}\n${sizeBytes}`)
    .digest()
}
