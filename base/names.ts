/**
 * Names of accounts, containers and objects, and the hash that places them.
 * Inside the program a name is a decoded string; on the wire it is percent-encoded UTF-8.
 */
import { hash } from 'node:crypto'

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

/** MD5 of prefix + path + suffix, 32 hex digits (OpenStack Swift, `common/utils`: `hash_path`). */
export function hashName(name: ResourceName, salt: HashPathSalt): string {
  return hash('md5', salt.prefix + pathOf(name) + salt.suffix, 'hex')
}

/** Each segment percent-encoded, slashes of the object name kept: what goes into a request line. */
export function encodedPathOf(name: ResourceName): string {
  const parts = [name.account, name.container, name.object].filter((part) => part !== undefined)
  return `/${parts.map((part) => part.split('/').map(encodeURIComponent).join('/')).join('/')}`
}

/** Percent-decodes to a string; `undefined` when the bytes are not UTF-8. A lone `%` stays as it is, as in Swift. */
export function decodePercent(encoded: string): string | undefined {
  if (!encoded.includes('%')) return isAscii(encoded) ? encoded : decodeBytes(Buffer.from(encoded, 'latin1'))
  const bytes: Buffer[] = []
  let at = 0
  for (const match of encoded.matchAll(/%[0-9A-Fa-f]{2}/g)) {
    bytes.push(Buffer.from(encoded.slice(at, match.index), 'latin1'))
    bytes.push(Buffer.from(match[0].slice(1), 'hex'))
    at = match.index + 3
  }
  bytes.push(Buffer.from(encoded.slice(at), 'latin1'))
  return decodeBytes(Buffer.concat(bytes))
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
  if (left === right) return 0
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}
