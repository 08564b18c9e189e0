/**
 * Where the keys of containers and objects come from. The layer asks for them by name, writes down the id that it is
 * given, and asks by that id when it reads. What an id says is the manager's own affair.
 */
import type { ObjectName } from '../operation.ts'
import type { KeyId } from './crypto-meta.ts'

/** 32 bytes each. */
export interface ObjectKeys {
  readonly id: KeyId
  /** Encrypts what listings show of the objects of the container. */
  readonly container: Buffer
  /** Wraps the key of each body, unless there is another for that; encrypts ETag and user metadata. */
  readonly object: Buffer
  /** Wraps the key of each body. */
  readonly body?: Buffer | undefined
}

export interface KeyManager {
  /** The keys under which the object is written now; its body under the key of this name, if one is given. */
  current(name: ObjectName, keyName?: string): ObjectKeys
  /** The keys under which it may have been written, the current ones first. */
  all(name: ObjectName): readonly ObjectKeys[]
  /** The keys of an id that was written down; without one, those of before there were ids. `undefined`: unknown here. */
  byId(name: ObjectName, id: KeyId | undefined): ObjectKeys | undefined
  /** The container's key of an id that was written down in its listing. */
  containerKey(name: Omit<ObjectName, 'object'>, id: KeyId | undefined): Buffer | undefined
}

/** Secrets by their ids; `''` is the id of the one that has none. 32 bytes or more each. */
export type RootSecrets = ReadonlyMap<string, Buffer>

export interface ActiveSecrets {
  readonly secrets: RootSecrets
  /** Id of the one under which is written; empty for that without an id. */
  readonly active: string
}

/** What holds the root secrets: a file, or a key manager outside this cluster. Asked once, at the start of a process. */
export interface RootSecretSource {
  /** Rejects with an `Error` that says what is wrong, without anything secret. */
  fetch(): Promise<ActiveSecrets>
}
