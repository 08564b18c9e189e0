/** Plain byte connections to servers that do not speak HTTP (memcached). The seam for them: twins implement `Connect`. */
import { connect } from 'node:net'
import type { Endpoint } from './transport.ts'

export interface ConnectionEvents {
  connected(): void
  received(bytes: Buffer): void
  /** Once, at the end, whoever ended it. */
  closed(error: Error | undefined): void
}

export interface ByteConnection {
  send(bytes: Buffer): void
  /** Ends it at once. */
  destroy(): void
}

export type Connect = (target: Endpoint, events: ConnectionEvents) => ByteConnection

/** Opens a TCP connection without Nagle's delay. It does not keep the process alive. */
export const connectTcp: Connect = ({ host, port }, events) => {
  let failure: Error | undefined
  const socket = connect({ host, port, noDelay: true })
  socket.unref()
  socket.on('connect', () => events.connected())
  socket.on('data', (bytes: Buffer) => events.received(bytes))
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => events.closed(failure))
  return {
    send: (bytes) => void socket.write(bytes),
    destroy: () => void socket.destroy(),
  }
}
