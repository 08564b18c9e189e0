/**
 * The users of the configuration as holders of access keys: the name is the access key, the key is the secret, as in OpenStack
 * Swift's tempauth. A key that is kept as a hash cannot verify signatures; such a user signs in to Swift only.
 */
import type { UserDirectory } from '../users.ts'
import type { AccessKeys, FoundKey } from './access-keys.ts'

const UNKNOWN: FoundKey = { kind: 'unknown' }

/** The access keys of these users. */
export function userAccessKeys(users: UserDirectory): AccessKeys {
  return {
    find: async (accessKey) => {
      const known = users.secretOf(accessKey)
      if (known === undefined) return UNKNOWN
      const { principal, storageUrl, secret } = known
      const account = decodeURIComponent(storageUrl.slice(storageUrl.lastIndexOf('/') + 1))
      return {
        kind: 'secret',
        secret,
        holder: {
          user: principal.user,
          displayName: principal.user,
          principal,
          account,
          generation: users.generationOf(accessKey),
        },
      }
    },
  }
}
