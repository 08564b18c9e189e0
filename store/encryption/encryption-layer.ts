/**
 * Encryption at rest, as a layer next to the core store: whoever reads the devices learns names, sizes, types and times,
 * and nothing of what objects hold, of their user metadata or of their ETags. Stored in OpenStack Swift's form
 * (`crypto-meta.ts`), so that its proxy with the same root secrets reads what is written here, and the other way round.
 */
import type { Random } from '#base/environment.ts'
import type { HeaderMap } from '#http/message.ts'
import type { WriteCondition } from '../condition.ts'
import type { StoreLayer } from '../contract.ts'
import { STATIC_MARK } from '../large-objects/manifest.ts'
import { containersOver, objectsOver } from '../layering.ts'
import type { ObjectName } from '../operation.ts'
import { ENCRYPTED_AT } from './asked-encryption.ts'
import { maskedCondition } from './encrypted-conditions.ts'
import { decryptedPage } from './encrypted-listing.ts'
import { readEncrypted } from './encrypted-read.ts'
import { postEncrypted, putEncrypted } from './encrypted-write.ts'
import type { KeyManager } from './key-manager.ts'

export interface EncryptionOptions {
  readonly random: Random
  readonly keys: KeyManager
  /** `off`: what is written stays in the clear, what is encrypted is read. */
  readonly writes: 'encrypted' | 'off'
}

export function encryptionLayer({ random, keys, writes }: EncryptionOptions): StoreLayer {
  return (inner) => {
    const { objects, containers } = inner
    const encrypts = writes === 'encrypted'
    const deps = { random, keys, inner: objects }
    return {
      accounts: inner.accounts,
      containers: containersOver(containers, {
        async read(context, name, options) {
          const read = await containers.read(context, name, options)
          if (read.kind !== 'found' || read.page === undefined) return read
          return { ...read, page: decryptedPage(read.page, context, name, keys) }
        },
      }),
      objects: objectsOver(objects, {
        read: (context, name, options) => readEncrypted(deps, context, name, options),
        put: (context, name, put) =>
          encrypts || isToBeEncrypted(put.metadata)
            ? putEncrypted(deps, context, name, put)
            : objects.put(context, name, masked(put, name, keys)),
        ...(encrypts ? { post: (context, name, post) => postEncrypted(deps, context, name, post) } : {}),
        delete: (context, name, options) => objects.delete(context, name, masked(options, name, keys)),
      }),
    }
  }
}

/** Somebody has asked for it. Manifests, which hold nothing of what their parts hold, stay as they are. */
function isToBeEncrypted(metadata: HeaderMap): boolean {
  return metadata[ENCRYPTED_AT] !== undefined && metadata[STATIC_MARK] === undefined
}

/** What is there may be encrypted, also where nothing is encrypted any more. */
function masked<Write extends { readonly condition?: WriteCondition | undefined }>(
  write: Write,
  name: ObjectName,
  keys: KeyManager,
): Write {
  const { condition } = write
  return condition === undefined ? write : { ...write, condition: maskedCondition(condition, keys.all(name)) }
}
