/**
 * Whose an access key is, and the secret that goes with it. Where the keys are kept is for others to say: the configuration
 * (`user-access-keys.ts`), records of the cluster, Keystone. The first that knows a key is believed.
 */
import type { Principal } from '../principal.ts'

/** Who holds a key. */
export interface KeyHolder {
  /** The canonical id: the unique name of the user, `test:tester`. */
  readonly user: string
  readonly displayName: string
  readonly principal: Principal
  /** Where the buckets are that the holder makes: `AUTH_test`. */
  readonly account: string
  /** Raised to make temporary credentials void that were given out before. */
  readonly generation?: number | undefined
}

/** What somebody signed, for a service that verifies it without telling the secret. */
export interface SignedText {
  readonly accessKey: string
  /** Bytes (latin1 code units). */
  readonly stringToSign: string
  readonly signature: string
}

export type Confirmation =
  /** `secret`, where it may be known here: then further signatures of the body can be verified, too. */
  | { readonly kind: 'confirmed'; readonly holder: KeyHolder; readonly secret: string | undefined }
  | { readonly kind: 'denied' }
  /** There is no such key. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unavailable' }

export type FoundKey =
  | { readonly kind: 'secret'; readonly secret: string; readonly holder: KeyHolder }
  /** The secret is kept elsewhere, and only whether a signature is right can be asked. */
  | { readonly kind: 'elsewhere'; readonly confirm: (signed: SignedText) => Promise<Confirmation> }
  | { readonly kind: 'unknown' }
  /** It cannot be found out now. */
  | { readonly kind: 'unavailable' }

export interface AccessKeys {
  find(accessKey: string): Promise<FoundKey>
}

const UNKNOWN: FoundKey = { kind: 'unknown' }

/** The first of them that knows the key; one that cannot answer ends the search, for the key could be its own. */
export function firstOf(directories: readonly AccessKeys[]): AccessKeys {
  return {
    find: async (accessKey) => {
      for (const directory of directories) {
        const found = await directory.find(accessKey)
        if (found.kind !== 'unknown') return found
      }
      return UNKNOWN
    },
  }
}
