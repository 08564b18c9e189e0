/**
 * What requests to object servers and their answers say of clients' writes: under which timestamps a proxy tried them, and
 * who holds them. A conditional write is held where it was committed, whoever brought it to its end.
 */

import { parseAcceptance } from '#base/ballot.ts'
import { CARRIED_HEADER, PROPOSAL_HEADER } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { Request, Response } from '#http/message.ts'
import type { Endpoint } from '#http/transport.ts'
import type { History, WriteMethod } from './history.ts'
import { timestampIn } from './read-checks.ts'
import { PORTS } from './topology.ts'

/** Where client operations say who they are: `op-17`. */
const TRANSACTION = /^op-(\d+)$/
const WRITES: ReadonlySet<string> = new Set(['PUT', 'POST', 'DELETE'])

interface WriteOnWire {
  readonly id: number
  readonly method: WriteMethod
  readonly timestamp: Timestamp
}

export class WireWatch {
  readonly #history: History
  /** Whose write a candidate of a conditional write is. */
  readonly #candidates = new Map<string, number>()

  constructor(history: History) {
    this.#history = history
  }

  /** A request left its sender. */
  sent({ port }: Endpoint, request: Request, nowMs: number): void {
    const { method, headers } = request
    if (port !== PORTS.object || !WRITES.has(method) || headers[CARRIED_HEADER] !== undefined) return
    const write = writeOf(request)
    if (write === undefined) return
    const candidate = candidateOf(request)
    if (candidate !== undefined) this.#candidates.set(candidate, write.id)
    this.#history.attempted(write.id, write.method, write.timestamp, nowMs)
  }

  /** An answer was given, whether or not it arrives. */
  answered({ port, host }: Endpoint, request: Request, { status }: Response): void {
    if (port !== PORTS.object) return
    const write = request.method === 'COMMIT' ? this.#committed(request) : plainWriteOf(request)
    // A DELETE of nothing leaves its tombstone too.
    const isDone = status < 300 || (write?.method === 'DELETE' && status === 404)
    if (write !== undefined && isDone) this.#history.held(write.id, write.method, write.timestamp, host)
  }

  #committed(request: Request): WriteOnWire | undefined {
    const id = this.#candidates.get(candidateOf(request) ?? '')
    const timestamp = timestampIn(request.headers, 'x-timestamp')
    return id === undefined || timestamp === undefined ? undefined : { id, method: 'PUT', timestamp }
  }
}

/** A write that is held where it was received. */
function plainWriteOf(request: Request): WriteOnWire | undefined {
  const isPlain = WRITES.has(request.method) && candidateOf(request) === undefined
  return isPlain ? writeOf(request) : undefined
}

/** The client's write that a request is part of. */
function writeOf({ method, headers }: Request): WriteOnWire | undefined {
  const id = TRANSACTION.exec(headers['x-trans-id'] ?? '')?.[1]
  const timestamp = timestampIn(headers, 'x-timestamp')
  if (id === undefined || timestamp === undefined) return undefined
  return { id: Number(id), method: method as WriteMethod, timestamp }
}

/** What the proposal in a request proposes. */
function candidateOf({ headers }: Request): string | undefined {
  const proposal = headers[PROPOSAL_HEADER]
  return proposal === undefined ? undefined : parseAcceptance(proposal)?.candidate.id
}
