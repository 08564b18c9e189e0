/**
 * The seal of a ring that travels between nodes: HMAC-SHA-256 under the cluster secret over what ring it is and the
 * SHA-256 of its file. The code of a request (`backend/node-auth.ts`) does not cover its body; a ring decides where
 * everything lives, so its bytes are covered wherever they come from.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** In requests and answers that carry a ring. */
export const RING_SEAL_HEADER = 'x-backend-martlet-ring-seal'
const VERSION = 'v1'

/** The seal of a ring file; `name` as in the file's name before `.ring.gz`. */
export function sealOf(secret: Buffer, name: string, file: Buffer): string {
  const digest = createHash('sha256').update(file).digest('hex')
  const code = createHmac('sha256', secret)
    .update(`martlet ring ${VERSION}\n${name}\n${digest}`)
    .digest('hex')
  return `${VERSION} ${code}`
}

/** Was this ring file sealed by somebody who has the secret, as the ring of this name? */
export function isSealed(secret: Buffer, name: string, file: Buffer, seal: string | undefined): boolean {
  const [expected, given] = [Buffer.from(sealOf(secret, name, file)), Buffer.from(seal ?? '')]
  return expected.length === given.length && timingSafeEqual(expected, given)
}
