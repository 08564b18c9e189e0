/**
 * A user's key (password) as it is kept: in the clear, as OpenStack Swift's tempauth has it, or as
 * `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>` (base64url). Comparison takes the same time wherever two keys differ.
 */
import { createHash, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '#base/environment.ts'

const SCHEME = 'scrypt'
const SALT_BYTES = 16
const HASH_BYTES = 32
/** A stored cost beyond this is refused, so that a mistyped one cannot exhaust memory. */
const COST_BYTES_MAX = 256 * 1024 * 1024
const PARALLEL_MAX = 16

/** The parameters of scrypt (RFC 7914): N = 2^logN blocks of 128 r bytes, p times. */
export interface HashCost {
  readonly logN: number
  readonly r: number
  readonly p: number
}

/** OWASP Password Storage Cheat Sheet: N = 2^15, r = 8, p = 3; 32 MiB. */
const COST: HashCost = { logN: 15, r: 8, p: 3 }

type ScryptOptions = { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number }
const scryptAsync = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

/** The stored form of a key. */
export async function hashKey(key: string, random: Random, cost: HashCost = COST): Promise<string> {
  const salt = random.bytes(SALT_BYTES)
  const hash = await derive(key, salt, cost)
  const { logN, r, p } = cost
  return [SCHEME, logN, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

/** Whether only a hash of the key is kept. */
export function isHashed(stored: string): boolean {
  return stored.startsWith(`${SCHEME}$`)
}

/** Whether `given` is the key that was stored. A stored hash that cannot be read matches nothing. */
export async function keyMatches(stored: string, given: string): Promise<boolean> {
  if (!isHashed(stored)) return sameText(stored, given)
  const [, logN, r, p, salt, hash] = stored.split('$')
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) }
  if (!isBearable(cost) || salt === undefined || hash === undefined) return false
  const expected = Buffer.from(hash, 'base64url')
  const derived = await derive(given, Buffer.from(salt, 'base64url'), cost)
  return expected.length === derived.length && timingSafeEqual(expected, derived)
}

function isBearable({ logN, r, p }: HashCost): boolean {
  const areCounts = [logN, r, p].every((number) => Number.isInteger(number) && number > 0)
  return areCounts && p <= PARALLEL_MAX && bytesFor({ logN, r, p }) <= COST_BYTES_MAX
}

function bytesFor({ logN, r, p }: HashCost): number {
  return 128 * r * (2 ** logN + p + 2)
}

function derive(key: string, salt: Buffer, cost: HashCost): Promise<Buffer> {
  const { logN, r, p } = cost
  return scryptAsync(key, salt, HASH_BYTES, { N: 2 ** logN, r, p, maxmem: 2 * bytesFor(cost) })
}

/** Compares digests, so that neither length nor contents show in the time taken. */
function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
