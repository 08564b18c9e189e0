/**
 * Keys derived from root secrets by name, as OpenStack Swift's keymaster does (`common/middleware/crypto/keymaster.py`):
 * HMAC-SHA256 of the path under the secret. A key id says which secret and which path. Several secrets may be known; one
 * is active, and all that are known are read. What was written under a secret that is gone cannot be read by anybody.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { ObjectName } from '../operation.ts'
import { KEY_BYTES } from './cipher.ts'
import type { KeyId } from './crypto-meta.ts'
import type { KeyManager, ObjectKeys, RootSecrets } from './key-manager.ts'

/** The version that Swift writes unless told otherwise: the path is written as UTF-8 bytes, one character each. */
const VERSION_WRITTEN = '2'
const VERSIONS_READ: readonly string[] = ['1', '2', '3']

/** Keys kept at hand: about a megabyte, and what is read again and again is read with them. */
const DERIVED_MAX = 4_096

interface Parts {
  readonly account: string
  readonly container: string
  readonly object: string
}

export class DerivedKeys implements KeyManager {
  /** Prepared once: Node takes six times as long for an HMAC under bytes as for one under a key of its own. */
  readonly #secrets: ReadonlyMap<string, KeyObject>
  readonly #active: string
  /** By secret and path, in the order in which they were derived. */
  readonly #derived = new Map<string, Buffer>()

  /** Throws an `Error` when the active secret is not among them, or one is too short. */
  constructor(secrets: RootSecrets, active: string) {
    if (!secrets.has(active))
      throw new Error(`encryption: there is no root secret with the active id "${active}"`)
    for (const [id, secret] of secrets) {
      if (secret.length < KEY_BYTES)
        throw new Error(`encryption: root secret "${id}" has fewer than ${KEY_BYTES} bytes`)
    }
    this.#secrets = new Map([...secrets].map(([id, secret]) => [id, createSecretKey(secret)]))
    this.#active = active
  }

  current(name: ObjectName, keyName?: string): ObjectKeys {
    return withNamedKey(this.#keys(name, this.#active) as ObjectKeys, keyName)
  }

  all(name: ObjectName): readonly ObjectKeys[] {
    const others = [...this.#secrets.keys()].filter((id) => id !== this.#active)
    return [this.#active, ...others].map((id) => this.#keys(name, id) as ObjectKeys)
  }

  byId(name: ObjectName, id: KeyId | undefined): ObjectKeys | undefined {
    if (id === undefined) return this.#keys(name, this.#active)
    const parts = partsOf(name, id)
    if (parts === undefined) return undefined
    const { object } = parts
    const path = id['v'] === '1' && object.startsWith('/') ? object : pathOf(parts)
    const keys = this.#keys(parts, id['secret_id'] ?? '', path)
    const keyName = id[NAMED_KEY]
    return keys && withNamedKey(keys, keyName && asText(keyName))
  }

  containerKey(name: Omit<ObjectName, 'object'>, id: KeyId | undefined): Buffer | undefined {
    if (id === undefined) return this.#derive(this.#active, containerPath(name))
    const parts = partsOf({ ...name, object: '' }, id)
    return parts === undefined ? undefined : this.#derive(id['secret_id'] ?? '', containerPath(parts))
  }

  #keys(parts: Parts, secretId: string, path = pathOf(parts)): ObjectKeys | undefined {
    const container = this.#derive(secretId, containerPath(parts))
    const object = this.#derive(secretId, path)
    if (container === undefined || object === undefined) return undefined
    const id = {
      path: asBytes(path),
      v: VERSION_WRITTEN,
      ...(secretId === '' ? {} : { secret_id: secretId }),
    }
    return { id, container, object }
  }

  /** Not to be changed by whoever gets it: it is given out again. */
  #derive(secretId: string, path: string): Buffer | undefined {
    const name = `${secretId} ${path}`
    const known = this.#derived.get(name)
    if (known !== undefined) return known
    const secret = this.#secrets.get(secretId)
    if (secret === undefined) return undefined
    const key = createHmac('sha256', secret).update(path, 'utf8').digest()
    const [oldest] = this.#derived.size >= DERIVED_MAX ? this.#derived.keys() : []
    if (oldest !== undefined) this.#derived.delete(oldest)
    this.#derived.set(name, key)
    return key
  }
}

/** In a key id: the name of the key that the body was encrypted under. */
const NAMED_KEY = 'martlet_key'

/** Bodies under a named key: one of the object's, that nobody has who has not the name. */
function withNamedKey(keys: ObjectKeys, keyName: string | undefined): ObjectKeys {
  if (keyName === undefined) return keys
  const body = createHmac('sha256', keys.object).update(keyName, 'utf8').digest()
  return { ...keys, id: { ...keys.id, [NAMED_KEY]: asBytes(keyName) }, body }
}

function containerPath({ account, container }: Omit<Parts, 'object'>): string {
  return `/${account}/${container}`
}

function pathOf(parts: Parts): string {
  return `${containerPath(parts)}/${parts.object}`
}

/**
 * The name that the keys of an id belong to: the path in the id, which is not that of the request where an object was
 * moved beneath the encryption. `object` is empty for the listing of a container.
 */
function partsOf(name: Parts, id: KeyId): Parts | undefined {
  const { v: version = '', path = '' } = id
  if (!VERSIONS_READ.includes(version)) return undefined
  // Version 1 wrote the object's name alone where it began with a slash.
  if (version === '1' && !path.startsWith(`/${name.account}/`)) return { ...name, object: path }
  const written = split(path)
  if (written === undefined || version === '3' || isSame(written, name)) return written
  const decoded = split(asText(path))
  if (decoded === undefined) return written
  const isTheRequests = isSame(decoded, name)
  return isTheRequests ? decoded : written
}

function isSame(one: Parts, other: Parts): boolean {
  if (one.account !== other.account || one.container !== other.container) return false
  return other.object === '' || one.object === other.object
}

function split(path: string): Parts | undefined {
  const [empty, account, container, ...object] = path.split('/')
  if (empty !== '' || account === undefined || container === undefined || object.length === 0)
    return undefined
  return { account, container, object: object.join('/') }
}

/** UTF-8, one character for each byte. */
function asBytes(path: string): string {
  return Buffer.from(path, 'utf8').toString('latin1')
}

function asText(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8')
}
