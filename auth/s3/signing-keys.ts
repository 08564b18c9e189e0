/**
 * The keys that Signature Version 4 derives from a secret for one day, region and service ("Calculate a signature"): four
 * HMACs that are the same for every request of a user's day. They are remembered, so that a request costs one.
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import { AgingLru } from '#base/aging-lru.ts'
import type { Clock } from '#base/environment.ts'
import { scopeText, type V4Scope } from './v4-claim.ts'

/** A few hundred bytes each. */
const REMEMBERED_MAX = 10_000
/** Whoever does not come back within the hour is forgotten. */
const REMEMBERED_MS = 3_600_000

export class SigningKeys {
  readonly #remembered: AgingLru<KeyObject>

  constructor(clock: Clock) {
    this.#remembered = new AgingLru(clock, REMEMBERED_MAX)
  }

  /** The key for this secret and scope. */
  find(secret: string, scope: V4Scope): KeyObject {
    // The secret itself is part of the name: one that was changed has another key. Kept as a digest.
    const name = hash('sha256', `${scopeText(scope)}\n${secret}`, 'base64')
    const known = this.#remembered.get(name)
    if (known !== undefined) return known
    const key = derivedKey(secret, scope)
    this.#remembered.set(name, key, REMEMBERED_MS)
    return key
  }
}

function derivedKey(secret: string, { date, region, service }: V4Scope): KeyObject {
  let key: Buffer = Buffer.from(`AWS4${secret}`)
  for (const part of [date, region, service, 'aws4_request']) {
    key = createHmac('sha256', key).update(part).digest()
  }
  return createSecretKey(key)
}
