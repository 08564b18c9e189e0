/**
 * Keys of a policy's index, all binary. One byte names the table:
 *
 *     o <hash, 16 bytes>                                   state of an object
 *     d <hash[0:4], 2 bytes>                               digest and count of the objects with that prefix
 *     l <hash[0:2], 1 byte>                                leaf directory that is or was being written
 *     r <hash, 16 bytes>                                   object whose file is being replaced under the same name
 *     u <container, 16 bytes> <object, 16 bytes> <timestamp, text>   container row to be delivered
 *     p <hash, 16 bytes>                                   what was promised and accepted of conditional writes
 *     m <text>                                             marks of the index itself
 */
import { hash as digestOf } from 'node:crypto'
import { remembered } from '#base/remembered.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { Leaf } from './layout.ts'

const table = (letter: string): Buffer => Buffer.from(letter)

const OBJECT = table('o')
const DIGEST = table('d')
const LEAF = table('l')
const RECHECK = table('r')
const UPDATE = table('u')
const PROMISE = table('p')
const MARK = table('m')

const MD5_BYTES = 16
/** Where the timestamp begins in the key of a row. */
const UPDATE_TIME_AT = 1 + 2 * MD5_BYTES

export interface KeyRange {
  readonly gte: Buffer
  readonly lt: Buffer
}

export function objectKey(hash: string): Buffer {
  return keyOf(OBJECT, hash)
}

export function hashOfKey(key: Buffer): string {
  return key.toString('hex', 1, 17)
}

/** Objects whose hash begins with these hex digits (an even number of them). */
export function objectsBelow(prefix: string): KeyRange {
  return below(keyOf(OBJECT, prefix))
}

/** `prefix`: the first four hex digits of the hashes that the digest covers. */
export function digestKey(prefix: string): Buffer {
  return keyOf(DIGEST, prefix)
}

export function prefixOfDigestKey(key: Buffer): string {
  return key.toString('hex', 1)
}

export function leafKey(leaf: Leaf): Buffer {
  return keyOf(LEAF, leaf)
}

export function leafOfKey(key: Buffer): Leaf {
  return key.toString('hex', 1)
}

export function recheckKey(hash: string): Buffer {
  return keyOf(RECHECK, hash)
}

export function promiseKey(hash: string): Buffer {
  return keyOf(PROMISE, hash)
}

/** Rows of one container lie together. */
export function updateKey(container: string, object: string, timestamp: Timestamp): Buffer {
  const key = Buffer.allocUnsafe(UPDATE_TIME_AT + timestamp.length)
  UPDATE.copy(key)
  md5(container).copy(key, 1)
  md5(object).copy(key, 1 + MD5_BYTES)
  key.write(timestamp, UPDATE_TIME_AT, 'latin1')
  return key
}

/** When what a row tells happened. */
export function timestampOfUpdateKey(key: Buffer): Timestamp {
  return key.toString('latin1', UPDATE_TIME_AT) as Timestamp
}

export function markKey(name: string): Buffer {
  return Buffer.concat([MARK, Buffer.from(name)])
}

export const ALL_OBJECTS: KeyRange = below(OBJECT)
export const ALL_DIGESTS: KeyRange = below(DIGEST)
export const ALL_LEAVES: KeyRange = below(LEAF)
export const ALL_RECHECKS: KeyRange = below(RECHECK)
export const ALL_UPDATES: KeyRange = below(UPDATE)
export const ALL_PROMISES: KeyRange = below(PROMISE)

function keyOf(inTable: Buffer, hex: string): Buffer {
  const key = Buffer.allocUnsafe(1 + hex.length / 2)
  inTable.copy(key)
  key.write(hex, 1, 'hex')
  return key
}

/** Texts whose MD5 is remembered at most: rows of few containers come together, and each is queued and then settled. */
const MD5S_MAX = 256
const md5 = remembered(MD5S_MAX, (text) => digestOf('md5', text, 'buffer'))

function below(prefix: Buffer): KeyRange {
  const end = Buffer.from(prefix)
  for (let at = end.length - 1; at >= 0; at -= 1) {
    const byte = end[at] as number
    end[at] = (byte + 1) & 0xff
    if (byte !== 0xff) break
  }
  return { gte: prefix, lt: end }
}
