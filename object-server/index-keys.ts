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

export interface KeyRange {
  readonly gte: Buffer
  readonly lt: Buffer
}

export function objectKey(hash: string): Buffer {
  return Buffer.concat([OBJECT, Buffer.from(hash, 'hex')])
}

export function hashOfKey(key: Buffer): string {
  return key.toString('hex', 1, 17)
}

/** Objects whose hash begins with these hex digits (an even number of them). */
export function objectsBelow(prefix: string): KeyRange {
  return below(Buffer.concat([OBJECT, Buffer.from(prefix, 'hex')]))
}

/** `prefix`: the first four hex digits of the hashes that the digest covers. */
export function digestKey(prefix: string): Buffer {
  return Buffer.concat([DIGEST, Buffer.from(prefix, 'hex')])
}

export function prefixOfDigestKey(key: Buffer): string {
  return key.toString('hex', 1)
}

export function leafKey(leaf: Leaf): Buffer {
  return Buffer.concat([LEAF, Buffer.from(leaf, 'hex')])
}

export function leafOfKey(key: Buffer): Leaf {
  return key.toString('hex', 1)
}

export function recheckKey(hash: string): Buffer {
  return Buffer.concat([RECHECK, Buffer.from(hash, 'hex')])
}

export function promiseKey(hash: string): Buffer {
  return Buffer.concat([PROMISE, Buffer.from(hash, 'hex')])
}

/** Rows of one container lie together. */
export function updateKey(container: string, object: string, timestamp: Timestamp): Buffer {
  return Buffer.concat([UPDATE, md5(container), md5(object), Buffer.from(timestamp)])
}

/** When what a row tells happened. */
export function timestampOfUpdateKey(key: Buffer): Timestamp {
  return key.toString('latin1', 33) as Timestamp
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

function md5(text: string): Buffer {
  return digestOf('md5', text, 'buffer')
}

function below(prefix: Buffer): KeyRange {
  const end = Buffer.from(prefix)
  for (let at = end.length - 1; at >= 0; at -= 1) {
    const byte = end[at] as number
    end[at] = (byte + 1) & 0xff
    if (byte !== 0xff) break
  }
  return { gte: prefix, lt: end }
}
