/**
 * Node's parser knows a fixed list of methods; OpenStack Swift's storage servers speak three more (REPLICATE, UPDATE,
 * SSYNC), and a client may send one that nobody knows, which is for a handler to refuse. A request with such a method is
 * handed to a fresh parser under the name of a listed method of the same length, and gets its own name back before a
 * handler sees it.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** What stands in for a method of so many letters. Equal lengths, so that no other byte moves. */
const STAND_INS: ReadonlyMap<number, string> = new Map([
  [3, 'ACL'],
  [4, 'BIND'],
  [5, 'MKCOL'],
  [6, 'REBIND'],
  [7, 'OPTIONS'],
  [8, 'PROPFIND'],
  [9, 'PROPPATCH'],
  [10, 'MKACTIVITY'],
])

/** Longest of the names and the space behind it. */
const NAME_BYTES = 11
const METHOD_NAME = /^[A-Z]+$/

interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer
  readonly bytesParsed?: number
}

export class StrangeMethods {
  readonly #renamed = new WeakMap<Duplex, string>()
  readonly #injection: 'connection' | 'secureConnection'

  /** `injection`: the event with which a Node server takes a connection that it shall parse as HTTP. */
  constructor(injection: 'connection' | 'secureConnection') {
    this.#injection = injection
  }

  /** Tries the bytes that the parser refused once more under another name; false when that is not what was wrong. */
  retry(server: Server, error: ParserError, socket: Duplex): boolean {
    if (error.code !== 'HPE_INVALID_METHOD' || error.rawPacket === undefined) return false
    const packet = error.rawPacket
    const found = findName(packet, error.bytesParsed ?? 0)
    if (found === undefined) return false
    packet.write(found.standIn, found.at, 'latin1')
    takeFromParser(socket)
    this.#renamed.set(socket, found.name)
    server.emit(this.#injection, socket)
    socket.emit('data', packet.subarray(found.at))
    return true
  }

  /** The method that the request on this socket really has, if it was renamed. */
  take(socket: Duplex, parsed: string): string | undefined {
    const name = this.#renamed.get(socket)
    if (name === undefined || STAND_INS.get(name.length) !== parsed) return undefined
    this.#renamed.delete(socket)
    return name
  }
}

/** Gives a request its own method back. */
export function renameBack(strange: StrangeMethods, incoming: IncomingMessage): void {
  const name = strange.take(incoming.socket, incoming.method ?? '')
  if (name !== undefined) incoming.method = name
}

/** What Node's server listens to on a connection it parses. */
const PARSER_EVENTS = ['data', 'end', 'close', 'drain', 'timeout', 'resume', 'pause', 'error']

/**
 * Undoes everything Node attached to the connection, so that it can be injected anew: a `data` listener makes the
 * parser let go of the handle, and the `close` listeners return the parser.
 */
function takeFromParser(socket: Duplex): void {
  socket.on('data', () => {})
  for (const listener of socket.listeners('close')) listener.call(socket)
  for (const event of PARSER_EVENTS) socket.removeAllListeners(event)
}

function findName(
  packet: Buffer,
  bytesParsed: number,
): { readonly name: string; readonly standIn: string; readonly at: number } | undefined {
  for (const at of [0, packet.lastIndexOf('\n', Math.max(0, bytesParsed - 1)) + 1]) {
    const head = packet.toString('latin1', at, at + NAME_BYTES)
    const name = head.slice(0, Math.max(0, head.indexOf(' ')))
    const standIn = METHOD_NAME.test(name) ? STAND_INS.get(name.length) : undefined
    if (standIn !== undefined && standIn !== name) return { name, standIn, at }
  }
  return undefined
}
