/**
 * Signatures of container sync (OpenStack Swift, `common/container_sync_realms.py`: `get_sig`): whoever has the key of the
 * realm and that of the container may write to it, at a time that it states. `X-Container-Sync-Auth: REALM NONCE SIGNATURE`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { quotedPath } from '#base/names.ts'
import type { Realm, Realms } from './realms.ts'

export const SYNC_AUTH_HEADER = 'x-container-sync-auth'

export interface SignedRequest {
  readonly method: string
  /** `/v1/account/container/object`, decoded. */
  readonly path: string
  /** `X-Timestamp` as it was sent; `0` without. */
  readonly timestamp: string
}

/** HMAC-SHA1 in hex. `userKey` is the container's own (`X-Container-Sync-Key`). */
export function syncSignature(
  request: SignedRequest,
  nonce: string,
  realmKey: string,
  userKey: string,
): string {
  const { method, path, timestamp } = request
  const message = [method, quotedPath(path), timestamp, nonce, userKey].join('\n')
  return createHmac('sha1', realmKey).update(message, 'utf8').digest('hex')
}

export type SyncAuth =
  | { readonly kind: 'valid' }
  /** For the log, as Swift notes it. */
  | {
      readonly kind: 'invalid'
      readonly why: 'not_three_words' | 'no_realm_key' | 'no_user_key' | 'bad_signature'
    }

/** Whether the header's signature is one of a realm that is trusted here. */
export function checkSyncAuth(
  header: string,
  request: SignedRequest,
  realms: Realms,
  userKey: string | undefined,
): SyncAuth {
  const words = header.trim().split(/\s+/)
  const [realmName = '', nonce = '', given = ''] = words
  if (words.length !== 3) return { kind: 'invalid', why: 'not_three_words' }
  const realm = realms.get(realmName.toUpperCase())
  if (realm === undefined) return { kind: 'invalid', why: 'no_realm_key' }
  if (userKey === undefined || userKey === '') return { kind: 'invalid', why: 'no_user_key' }
  const matches = keysOf(realm).some((key) => isSame(given, syncSignature(request, nonce, key, userKey)))
  return matches ? { kind: 'valid' } : { kind: 'invalid', why: 'bad_signature' }
}

function keysOf({ key, otherKey }: Realm): readonly string[] {
  return otherKey === undefined ? [key] : [key, otherKey]
}

function isSame(given: string, expected: string): boolean {
  const one = Buffer.from(given, 'latin1')
  const other = Buffer.from(expected, 'latin1')
  return one.length === other.length && timingSafeEqual(one, other)
}
