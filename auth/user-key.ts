/**
 * A user's key (password) as it is kept: in the clear, as OpenStack Swift's tempauth has it, or as
 * `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>` (base64url). Comparison takes the same time wherever two keys differ.
 */
import { createHash, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '#base/environment.ts'

const scryptAsync = promisify<
  string,
  Buffer,
  number,
  { N: number; r: number; p: number; maxmem: number },
  Buffer
>(scrypt)

const SCHEME = 'scrypt'
/** OWASP Password Storage Cheat Sheet: N = 2^15, r = 8, p = 3. */
const COST = { logN: 15, r: 8, p: 3 }
const SALT_BYTES = 16
const HASH_BYTES = 32
/** A stored cost beyond this is refused, so that a typing mistake cannot exhaust memory. */
const LOG_N_MAX = 20

/** The stored form of a key. */
export async function hashKey(key: string, random: Random): Promise<string> {
  const salt = random.bytes(SALT_BYTES)
  const hash = await derive(key, salt, COST)
  const { logN, r, p } = COST
  return [SCHEME, logN, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

/** Whether `given` is the key that was stored. A stored hash that cannot be read matches nothing. */
export async function keyMatches(stored: string, given: string): Promise<boolean> {
  if (!stored.startsWith(`${SCHEME}$`)) return sameText(stored, given)
  const [, logN, r, p, salt, hash] = stored.split('$')
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) }
  const isReadable =
    cost.logN > 0 && cost.logN <= LOG_N_MAX && cost.r > 0 && cost.r <= 32 && cost.p > 0 && cost.p <= 16
  if (!isReadable || salt === undefined || hash === undefined) return false
  const expected = Buffer.from(hash, 'base64url')
  const derived = await derive(given, Buffer.from(salt, 'base64url'), cost)
  return expected.length === derived.length && timingSafeEqual(expected, derived)
}

function derive(key: string, salt: Buffer, cost: { logN: number; r: number; p: number }): Promise<Buffer> {
  const N = 2 ** cost.logN
  return scryptAsync(key, salt, HASH_BYTES, { N, r: cost.r, p: cost.p, maxmem: 256 * N * cost.r })
}

/** Compares digests, so that neither length nor contents show in the time taken. */
export function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
