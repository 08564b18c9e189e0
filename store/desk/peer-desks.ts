/**
 * Some things can only be decided where all questions about them come together: whether a quota has room for one more of
 * many uploads at once, how long the next request has to wait. The proxy processes deal such things out among themselves:
 * each has a desk, each key has one desk, found by rendezvous hashing, and everybody asks there.
 *
 * A desk remembers, and nothing of it is durable. When its process is gone the next one in the key's order takes over with
 * an empty memory; while processes disagree about who is there, two desks decide for one key. So a desk makes decisions
 * exact as long as nobody dies, and never blocks anything when somebody does.
 */
import { hash } from 'node:crypto'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import {
  bufferBody,
  discard,
  type Handler,
  ownRequest,
  type Request,
  type Response,
  readWhole,
} from '#http/message.ts'
import { type Endpoint, endpointKey, type Transport } from '#http/transport.ts'

export const DESK_PATH = '/martlet/desk'

/** What is asked and answered: JSON objects; `kind` says of what sort. */
export type Message = { readonly kind: string } & Readonly<Record<string, unknown>>

/** Answers questions of one sort; `undefined` to those it cannot read. */
export type Desk = (question: Message) => Promise<Message | undefined>

export interface Desks {
  /** The answer of the key's desk. Never rejects; `undefined` when no desk understood the question. */
  ask(key: string, question: Message): Promise<Message | undefined>
}

export interface PeerDesksOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly log: Logger
  /** All proxy processes of the cluster now, this one included. */
  readonly members: () => readonly Endpoint[]
  readonly isSelf: (endpoint: Endpoint) => boolean
  /** The desk of this process. */
  readonly own: Desk
}

const CONNECT_TIMEOUT_MS = 250
const ANSWER_TIMEOUT_MS = 2_000
/** A process that did not answer is not asked again for so long. */
const ABSENT_MS = 5_000
const MESSAGE_BYTES_MAX = 64 * 1024

export class PeerDesks implements Desks {
  readonly #options: PeerDesksOptions
  readonly #absentUntilMs = new Map<string, number>()

  constructor(options: PeerDesksOptions) {
    this.#options = options
  }

  async ask(key: string, question: Message): Promise<Message | undefined> {
    const { own, isSelf } = this.#options
    for (const member of this.#inOrder(key)) {
      if (isSelf(member)) break
      const answer = await this.#send(member, question)
      if (answer !== 'absent') return answer
    }
    return await own(question)
  }

  /** The key's order of the processes that are there. */
  #inOrder(key: string): readonly Endpoint[] {
    const { members, clock } = this.#options
    const nowMs = clock.monotonicMs()
    return members()
      .filter((member) => (this.#absentUntilMs.get(endpointKey(member)) ?? 0) <= nowMs)
      .map((member) => ({ member, rank: hash('md5', `${endpointKey(member)}/${key}`) }))
      .toSorted((left, right) => (left.rank < right.rank ? -1 : 1))
      .map(({ member }) => member)
  }

  async #send(member: Endpoint, question: Message): Promise<Message | 'absent' | undefined> {
    try {
      const response = await this.#options.transport.send(member, requestFor(question), {
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        responseTimeoutMs: ANSWER_TIMEOUT_MS,
      })
      return await this.#answerIn(member, response)
    } catch (error) {
      return this.#note(member, String(error))
    }
  }

  async #answerIn(member: Endpoint, response: Response): Promise<Message | 'absent' | undefined> {
    if (response.status === 200) return parseMessage(await readWhole(response.body, MESSAGE_BYTES_MAX))
    await discard(response)
    return response.status === 400 ? undefined : this.#note(member, `status ${response.status}`)
  }

  #note(member: Endpoint, reason: string): 'absent' {
    const { clock, log } = this.#options
    this.#absentUntilMs.set(endpointKey(member), clock.monotonicMs() + ABSENT_MS)
    log.debug({ peer: endpointKey(member), reason }, 'a desk did not answer')
    return 'absent'
  }
}

function requestFor(question: Message): Request {
  const body = Buffer.from(JSON.stringify(question))
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
  return ownRequest({ method: 'POST', path: DESK_PATH, headers, body: bufferBody(body) })
}

/** One desk for several sorts of questions. */
export function deskOf(desks: readonly Desk[]): Desk {
  return async (question) => {
    for (const desk of desks) {
      const answer = await desk(question)
      if (answer !== undefined) return answer
    }
    return undefined
  }
}

/** Desks of a cluster of one proxy process. */
export function onlyDesk(own: Desk): Desks {
  return { ask: (_key, question) => own(question) }
}

/** What every proxy process serves to the others, never on the public port. */
export function deskHandler(own: Desk): Handler {
  return async (request) => {
    if (request.method !== 'POST') return textResponse(405, 'Method Not Allowed')
    const question = parseMessage(await readWhole(request.body, MESSAGE_BYTES_MAX))
    const answer = question === undefined ? undefined : await own(question)
    if (answer === undefined) return textResponse(400, 'There is no desk for this')
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(answer)),
    }
  }
}

function textResponse(status: number, text: string): Response {
  return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) }
}

function parseMessage(written: Buffer): Message | undefined {
  try {
    const parsed: unknown = JSON.parse(written.toString('utf8'))
    const isMessage = typeof parsed === 'object' && parsed !== null && 'kind' in parsed
    return isMessage && typeof parsed.kind === 'string' ? (parsed as Message) : undefined
  } catch {
    return undefined
  }
}
