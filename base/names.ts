/**
 * Names of accounts, containers and objects, and the hash that places them.
 * Inside the program a name is a decoded string; on the wire it is percent-encoded UTF-8.
 */
import { hash } from 'node:crypto'
import { remembered } from './remembered.ts'

/** The cluster's secret salt around every hashed name (`swift_hash_path_prefix`, `_suffix`). */
export interface HashPathSalt {
  readonly prefix: string
  readonly suffix: string
}

/** An account, a container or an object: what stands to the left decides where it lives. */
export interface ResourceName {
  readonly account: string
  readonly container?: string | undefined
  readonly object?: string | undefined
}

/** `/account`, `/account/container` or `/account/container/object`, decoded. */
export function pathOf(name: ResourceName): string {
  if (name.container === undefined) return `/${name.account}`
  if (name.object === undefined) return `/${name.account}/${name.container}`
  return `/${name.account}/${name.container}/${name.object}`
}

/** Hashes remembered at most: one request asks for that of its name several times. */
const HASHES_MAX = 1_000
/** By salt, of which a cluster has one. */
const hashings = new WeakMap<HashPathSalt, (path: string) => string>()

/** MD5 of prefix + path + suffix, 32 hex digits (OpenStack Swift, `common/utils`: `hash_path`). */
export function hashName(name: ResourceName, salt: HashPathSalt): string {
  return hashPath(pathOf(name), salt)
}

/** The same of a name that is written as `pathOf` writes it. */
export function hashPath(path: string, salt: HashPathSalt): string {
  let hashing = hashings.get(salt)
  if (hashing === undefined) {
    const { prefix, suffix } = salt
    hashing = remembered(HASHES_MAX, (text) => hash('md5', prefix + text + suffix, 'hex'))
    hashings.set(salt, hashing)
  }
  return hashing(path)
}

/** Each segment percent-encoded, slashes of the object name kept: what goes into a request line. */
export function encodedPathOf(name: ResourceName): string {
  const parts = [name.account, name.container, name.object].filter((part) => part !== undefined)
  return `/${parts.map((part) => part.split('/').map(encodeURIComponent).join('/')).join('/')}`
}

/** Percent-encodes as Python's `quote` does, which writes what Swift stores and shows: slashes stay. */
export function quotedPath(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Percent-decodes to a string; `undefined` when the bytes are not UTF-8. A lone `%` stays as it is, as in Swift. */
export function decodePercent(encoded: string): string | undefined {
  if (!encoded.includes('%')) return isAscii(encoded) ? encoded : decodeBytes(Buffer.from(encoded, 'latin1'))
  const bytes = Buffer.allocUnsafe(encoded.length)
  let sizeBytes = 0
  for (let at = 0; at < encoded.length; at += 1, sizeBytes += 1) {
    const unit = encoded.charCodeAt(at)
    const escaped = unit === PERCENT ? escapedByte(encoded, at) : undefined
    bytes[sizeBytes] = escaped ?? unit
    if (escaped !== undefined) at += 2
  }
  return decodeBytes(bytes.subarray(0, sizeBytes))
}

const PERCENT = 0x25

/** The byte that `%xy` at this place stands for; `undefined` when two hex digits do not follow. */
function escapedByte(encoded: string, at: number): number | undefined {
  const high = hexDigit(encoded.charCodeAt(at + 1))
  const low = hexDigit(encoded.charCodeAt(at + 2))
  return high < 0 || low < 0 ? undefined : high * 16 + low
}

/** 0 to 15; -1 for what is no hex digit, the end of the text included. */
function hexDigit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30
  const lower = unit | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeBytes(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** Byte order of the UTF-8 forms, which is the order of every listing. */
export function compareUtf8(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length)
  for (let at = 0; at < shorter; at += 1) {
    const difference = left.charCodeAt(at) - right.charCodeAt(at)
    if (difference === 0) continue
    return Math.sign(utf8Rank(left.charCodeAt(at)) - utf8Rank(right.charCodeAt(at)))
  }
  return Math.sign(left.length - right.length)
}

/** UTF-16 puts surrogates, which stand for everything beyond U+FFFF, below U+E000; UTF-8 puts them last. */
function utf8Rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit
}
