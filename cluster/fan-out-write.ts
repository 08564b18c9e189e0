/**
 * A small write (its body, if any, in memory) to every replica of a partition at once. A node that does not take it is
 * replaced by a handoff, so that as many copies are made as there are primaries, while enough nodes live.
 */
import { bufferBody, EMPTY_BODY, type HeaderMap, type Response, readWhole } from '#http/message.ts'
import { gather } from './gather.ts'
import type { NodeClient } from './node-client.ts'
import type { Placement } from './placement.ts'
import { isDecided } from './quorum.ts'
import { awaitReadLeases } from './read-leases.ts'
import type { ServerType, StorageNode } from './storage-node.ts'
import { WriteTargets } from './write-targets.ts'

/** Answers to writes are short texts; what is longer is not read. */
const ANSWER_BYTES_MAX = 64 * 1024

export interface FanOutWrite {
  readonly server: ServerType
  readonly method: string
  readonly path: string
  readonly query?: string
  readonly placement: Placement
  /** The request headers of each copy: as many as there are primaries. A handoff takes over those of the node it replaces. */
  readonly headers: readonly HeaderMap[]
  readonly body?: Buffer | undefined
  /** When to stop waiting; without it, Swift's quorum settles the write. */
  readonly rules?: WaitRules | undefined
}

export interface WaitRules {
  readonly isSettled: (answers: readonly WriteAnswer[]) => boolean
  readonly isDecided: (answers: readonly WriteAnswer[]) => boolean
  /** Longest wait between decided and settled, milliseconds. */
  readonly patienceMs: number
}

export interface WriteAnswer {
  /** `undefined` when no node was left to ask. */
  readonly node: StorageNode | undefined
  readonly status: number
  readonly headers: Response['headers']
  readonly body: Buffer
}

const NOBODY_LEFT: WriteAnswer = { node: undefined, status: 503, headers: {}, body: Buffer.alloc(0) }

/**
 * Sends the write and gives the answers that came in time. Answers of 5xx are replaced where a handoff was left. Whoever reads
 * an object by a lease has it then, or reads no more.
 */
export async function fanOutWrite(client: NodeClient, write: FanOutWrite): Promise<readonly WriteAnswer[]> {
  const targets = new WriteTargets(write.placement, client.errors)
  const replicas = write.headers.length
  const parts = write.headers.map((headers) => sendCopy(client, write, headers, targets))
  const answers = await gather(parts, {
    clock: client.clock,
    isSettled: write.rules?.isSettled ?? ((some) => isDecided(statusesOf(some), replicas)),
    isDecided: write.rules?.isDecided,
    patienceMs: write.rules?.patienceMs,
  })
  if (write.server === 'object') await awaitReadLeases(client, write, answers)
  return answers
}

export function statusesOf(answers: readonly WriteAnswer[]): number[] {
  return answers.map((answer) => answer.status)
}

async function sendCopy(
  client: NodeClient,
  write: FanOutWrite,
  headers: HeaderMap,
  targets: WriteTargets,
): Promise<WriteAnswer> {
  let last = NOBODY_LEFT
  for (let node = targets.next(); node !== undefined; node = targets.next()) {
    const outcome = await client.send(node, {
      server: write.server,
      method: write.method,
      partition: write.placement.partition,
      path: write.path,
      query: write.query ?? '',
      headers,
      body: write.body === undefined ? EMPTY_BODY : bufferBody(write.body),
      signal: undefined,
    })
    if (outcome.kind === 'failed') continue
    last = await answerOf(node, outcome.response)
    if (isFinal(last.status)) return last
  }
  return last
}

/** Does this answer stand, or should a handoff be tried? A node that does not believe who we are is as good as a dead one. */
export function isFinal(status: number): boolean {
  return status < 500 && status !== 401
}

/** The answer with its body read; a body that fails or is too long counts as empty. */
export async function answerOf(node: StorageNode, response: Response): Promise<WriteAnswer> {
  const { status, headers } = response
  const body = await readWhole(response.body, ANSWER_BYTES_MAX).catch(() => Buffer.alloc(0))
  return { node, status, headers, body }
}
