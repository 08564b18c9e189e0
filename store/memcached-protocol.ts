/**
 * The part of memcached's text protocol that a cache of small texts needs (memcached `doc/protocol.txt`). Pure: bytes in,
 * replies out, in pieces of any size.
 */

/** A reply to one command. */
export type Reply =
  | { readonly kind: 'value'; readonly bytes: Buffer; readonly flags: number }
  | { readonly kind: 'none' }
  /** `STORED`, `NOT_STORED`, `DELETED`, `NOT_FOUND`, … */
  | { readonly kind: 'word'; readonly word: string }

/** What breaks the protocol: the connection cannot be used any more. */
export class MemcachedProtocolError extends Error {
  override readonly name = 'MemcachedProtocolError'
}

const NEWLINE = Buffer.from('\r\n')
/** A reply's line is a key (250 bytes) and some numbers, or an error text. */
const LINE_BYTES_MAX = 4096
/** memcached's default for the largest item. */
const VALUE_BYTES_MAX = 1024 * 1024

export function getCommand(key: string): Buffer {
  return Buffer.from(`get ${key}\r\n`, 'latin1')
}

export interface Storing {
  readonly verb: 'set' | 'add'
  readonly key: string
  readonly flags: number
  /** Up to 30 days. */
  readonly livesSeconds: number
  readonly value: Buffer
}

export function storeCommand({ verb, key, flags, livesSeconds, value }: Storing): Buffer {
  const head = `${verb} ${key} ${flags} ${Math.max(1, Math.ceil(livesSeconds))} ${value.length}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), value, NEWLINE])
}

/** Takes bytes as they come and gives the replies that are whole. */
export class ReplyReader {
  #rest: Buffer = Buffer.alloc(0)

  /** Throws a `MemcachedProtocolError` on anything that is no reply. */
  read(bytes: Buffer): readonly Reply[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const replies: Reply[] = []
    for (let reply = this.#next(); reply !== undefined; reply = this.#next()) replies.push(reply)
    return replies
  }

  #next(): Reply | undefined {
    const end = this.#rest.indexOf(NEWLINE)
    if (end < 0) {
      if (this.#rest.length > LINE_BYTES_MAX) throw new MemcachedProtocolError('a line without end')
      return undefined
    }
    const line = this.#rest.toString('latin1', 0, end)
    if (line.startsWith('VALUE ')) return this.#value(line, end + NEWLINE.length)
    this.#rest = this.#rest.subarray(end + NEWLINE.length)
    return line === 'END' ? { kind: 'none' } : { kind: 'word', word: wordOf(line) }
  }

  /** `VALUE <key> <flags> <bytes>`, the bytes, and `END`. */
  #value(line: string, start: number): Reply | undefined {
    const match = /^VALUE \S+ (\d{1,10}) (\d{1,10})(?: \d+)?$/.exec(line)
    if (match === null) throw new MemcachedProtocolError(`no value: ${line.slice(0, 100)}`)
    const sizeBytes = Number(match[2])
    if (sizeBytes > VALUE_BYTES_MAX) throw new MemcachedProtocolError(`a value of ${sizeBytes} bytes`)
    const terminator = '\r\nEND\r\n'
    const end = start + sizeBytes + terminator.length
    if (this.#rest.length < end) return undefined
    if (this.#rest.toString('latin1', start + sizeBytes, end) !== terminator) {
      throw new MemcachedProtocolError('a value of another length than announced')
    }
    const bytes = this.#rest.subarray(start, start + sizeBytes)
    this.#rest = this.#rest.subarray(end)
    return { kind: 'value', bytes, flags: Number(match[1]) }
  }
}

/** The first word; `CLIENT_ERROR` and `SERVER_ERROR` are followed by a text. */
function wordOf(line: string): string {
  const [word = ''] = line.split(' ', 1)
  if (!/^[A-Z_]+$/.test(word)) throw new MemcachedProtocolError(`no reply: ${line.slice(0, 100)}`)
  return word
}
