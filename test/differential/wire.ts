/**
 * Sends bytes over a connection of their own and reads one HTTP/1.1 answer as it came: no library that would tidy up
 * what is being compared.
 */
import { connect } from 'node:net'

/** Longest wait for a whole answer, milliseconds. */
const TIMEOUT_MS = 15_000

export interface WireAnswer {
  /** 0 when the server closed the connection or kept silent instead of answering. */
  readonly status: number
  readonly reason: string
  /** In the order in which they came, names as written. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

export interface Address {
  readonly host: string
  readonly port: number
}

const NO_ANSWER: WireAnswer = { status: 0, reason: '', headers: [], body: Buffer.alloc(0) }

/** Resolves with the final answer (interim ones are skipped), or with status 0. Rejects when nothing listens. */
export function sendBytes(address: Address, bytes: Buffer, method: string): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = []
    const socket = connect(address.port, address.host)
    const finish = (closed: boolean): boolean => {
      const answer = parseAnswer(Buffer.concat(received), method, closed)
      if (answer === undefined && !closed) return false
      socket.destroy()
      resolve(answer ?? NO_ANSWER)
      return true
    }
    socket.setTimeout(TIMEOUT_MS, () => finish(true))
    socket.on('connect', () => socket.write(bytes))
    socket.on('data', (piece) => {
      received.push(piece)
      finish(false)
    })
    socket.on('close', () => finish(true))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') reject(error)
      else finish(true)
    })
  })
}

/** `undefined` as long as more must come. */
function parseAnswer(bytes: Buffer, method: string, closed: boolean): WireAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const [, status = '0', reason = ''] = /^HTTP\/\d\.\d (\d{3}) ?(.*)$/.exec(statusLine) ?? []
  const rest = bytes.subarray(end + 4)
  if (/^1\d\d$/.test(status)) return parseAnswer(rest, method, closed)
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
  })
  const body = parseBody(rest, Number(status), headers, method, closed)
  return body === undefined ? undefined : { status: Number(status), reason, headers, body }
}

function parseBody(
  rest: Buffer,
  status: number,
  headers: WireAnswer['headers'],
  method: string,
  closed: boolean,
): Buffer | undefined {
  const valueOf = (wanted: string): string | undefined =>
    headers.find(([name]) => name.toLowerCase() === wanted)?.[1]
  if (method === 'HEAD' || status === 204 || status === 304) return Buffer.alloc(0)
  if (valueOf('transfer-encoding')?.toLowerCase() === 'chunked') return dechunk(rest)
  const length = valueOf('content-length')
  if (length === undefined) return closed ? rest : undefined
  return rest.length >= Number(length) || closed ? rest.subarray(0, Number(length)) : undefined
}

function dechunk(rest: Buffer): Buffer | undefined {
  const pieces: Buffer[] = []
  for (let at = 0; ; ) {
    const end = rest.indexOf('\r\n', at)
    if (end < 0) return undefined
    const size = Number.parseInt(rest.toString('latin1', at, end), 16)
    if (size === 0) return Buffer.concat(pieces)
    if (rest.length < end + 2 + size + 2) return undefined
    pieces.push(rest.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}
