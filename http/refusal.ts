/** Short answers to what is not a proper HTTP request, written straight to the socket, which is closed after. */
import type { Duplex } from 'node:stream'
import type { ServerLimits } from './server-limits.ts'

export interface Refusal {
  readonly status: number
  readonly reason: string
}

/** Statuses and phrases of OpenStack Swift's server (eventlet `wsgi.py`, Swift `common/http_protocol.py`). */
export const REFUSALS = {
  malformed: { status: 400, reason: 'Bad Request' },
  lineTooLong: { status: 400, reason: 'Header Line Too Long' },
  headersTooLarge: { status: 400, reason: 'Headers Too Large' },
  targetTooLong: { status: 414, reason: 'Request URI Too Long' },
  tooManyHeaders: { status: 431, reason: 'Too many headers' },
  silent: { status: 408, reason: 'Request Timeout' },
  notImplemented: { status: 501, reason: 'Not Implemented' },
} as const satisfies Record<string, Refusal>

/** What a parser error of Node means to the client. */
export function refusalOf(error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }): Refusal {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return REFUSALS.silent
  if (error.code !== 'HPE_HEADER_OVERFLOW') return REFUSALS.malformed
  // Without any line's end among the last bytes, it is one endless line, nearly always the first.
  return error.rawPacket?.includes('\n') === false ? REFUSALS.targetTooLong : REFUSALS.headersTooLarge
}

/** The refusal that a parsed head deserves for its size alone. */
export function oversizeOf(
  target: string,
  rawHeaders: readonly string[],
  limits: ServerLimits,
): Refusal | undefined {
  if (target.length > limits.requestLineBytes) return REFUSALS.targetTooLong
  if (rawHeaders.length > 2 * limits.headerCount) return REFUSALS.tooManyHeaders
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const lineBytes = (rawHeaders[at] as string).length + (rawHeaders[at + 1] as string).length + 2
    if (lineBytes > limits.headerLineBytes) return REFUSALS.lineTooLong
  }
  return undefined
}

/** Answers and closes. Does nothing on a socket that takes no more bytes. */
export function refuse(socket: Duplex, refusal: Refusal): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const text = `${refusal.reason}\n`
  socket.end(
    `HTTP/1.1 ${refusal.status} ${refusal.reason}\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  )
}
