/**
 * The body of a conditional PUT on its way to the primaries. One that is held goes with every proposal; one that flows
 * goes once, and stays where it arrived: what comes after names it only.
 */
import type { Environment } from '#base/environment.ts'
import type { HeaderMap, RequestBody } from '#http/message.ts'
import type { BodyFacts } from './body-splitter.ts'
import { acceptAnswer, type NodeVote, withoutBodyVotes } from './conditional-messages.ts'
import { type FanOutPut, fanOutPut, type PutOutcome } from './fan-out-put.ts'
import { fanOutWrite, type WriteAnswer } from './fan-out-write.ts'
import type { NodeClient } from './node-client.ts'
import type { Placement } from './placement.ts'

export type CandidateBody =
  | { readonly kind: 'held'; readonly bytes: Buffer; readonly etag: string }
  | {
      readonly kind: 'stream'
      readonly body: RequestBody
      readonly expectedEtag: string | undefined
      readonly limitBytes: number
      readonly atEnd?: FanOutPut['atEnd']
    }

/** Why no proposal of this body can succeed. */
export type BodyFailure =
  | Exclude<PutOutcome, { readonly kind: 'answered' | 'refused' | 'unavailable' }>
  /** The object servers will not have it. */
  | { readonly kind: 'refused'; readonly answers: readonly WriteAnswer[] }
  | { readonly kind: 'unavailable'; readonly reason: string }

export interface BodyTrip {
  readonly client: NodeClient
  readonly random: Environment['random']
  /** The nodes it goes to, and no others. */
  readonly placement: Placement
  readonly path: string
  /** Without ETag and lengths. */
  readonly headers: HeaderMap
  /** How many yeses make it settled. */
  readonly needed: number
}

export type Sent =
  | {
      readonly kind: 'answered'
      readonly answers: readonly NodeVote[]
      readonly facts: BodyFacts | undefined
    }
  | { readonly kind: 'failed'; readonly failure: BodyFailure }

/** Sends the body, the proposal in the headers. */
export async function sendBody(trip: BodyTrip, body: CandidateBody): Promise<Sent> {
  return body.kind === 'held' ? await sendHeld(trip, body) : await sendStream(trip, body)
}

async function sendHeld(
  trip: BodyTrip,
  body: Extract<CandidateBody, { readonly kind: 'held' }>,
): Promise<Sent> {
  const { client, placement, path, headers } = trip
  const { bytes, etag } = body
  const own = { ...headers, etag, 'content-length': String(bytes.length) }
  const answers = await fanOutWrite(client, {
    server: 'object',
    method: 'PUT',
    path,
    placement,
    headers: placement.primaries.map(() => own),
    body: bytes,
    rules: votingRules(trip),
  })
  return judged(answers, placement.primaries.length, undefined)
}

async function sendStream(
  trip: BodyTrip,
  stream: Extract<CandidateBody, { readonly kind: 'stream' }>,
): Promise<Sent> {
  const { client, random, placement, path, headers } = trip
  const outcome = await fanOutPut(client, random, {
    path,
    placement,
    headers: placement.primaries.map(() => headers),
    body: stream.body,
    expectedEtag: stream.expectedEtag,
    limitBytes: stream.limitBytes,
    atEnd: stream.atEnd,
    rules: votingRules(trip),
  })
  switch (outcome.kind) {
    case 'answered':
      return judged(outcome.answers, placement.primaries.length, outcome.facts)
    case 'refused':
      return refusedBeforeBody(outcome.answers)
    case 'unavailable':
      return { kind: 'failed', failure: { kind: 'unavailable', reason: outcome.reason } }
    case 'etag_mismatch':
    case 'too_large':
    case 'client_gone':
    case 'client_timeout':
      return { kind: 'failed', failure: outcome }
  }
}

/** Whoever was about to take the body was broken off, and has nothing. */
function refusedBeforeBody(answers: readonly WriteAnswer[]): Sent {
  if (answers.some(isUnwanted) || answers.every(isFull)) {
    return { kind: 'failed', failure: { kind: 'refused', answers } }
  }
  const votes = answers.map((answer): NodeVote => ({ ...acceptAnswer(answer), vote: 'no' }))
  return { kind: 'answered', answers: votes, facts: undefined }
}

/** `asked` nodes, of which those that gave no answer in time may have accepted. */
function judged(answers: readonly WriteAnswer[], asked: number, facts: BodyFacts | undefined): Sent {
  const votes = answers.map(acceptAnswer)
  const isHopeless =
    answers.every(isFull) || (answers.some(isUnwanted) && votes.every(({ vote }) => vote === 'no'))
  if (isHopeless && answers.length === asked) return { kind: 'failed', failure: { kind: 'refused', answers } }
  const late = Array.from({ length: asked - answers.length }, () => SILENT)
  return { kind: 'answered', answers: [...withoutBodyVotes(votes), ...late], facts }
}

/** The request itself is refused; a ballot has nothing to do with it. */
function isUnwanted({ status }: WriteAnswer): boolean {
  return status >= 400 && status < 500 && status !== 401 && status !== 408 && status !== 409
}

function isFull({ status }: WriteAnswer): boolean {
  return status === 507
}

/** A vote that never came. */
export const SILENT: NodeVote = { node: undefined, voter: false, vote: 'silent', ballot: undefined }

/** How long further copies of a chosen candidate are waited for, milliseconds. */
const MORE_COPIES_MS = 200

/** Enough yeses decide it; without them, everybody is heard. */
export function votingRules({ needed }: Pick<BodyTrip, 'needed'>): {
  readonly isSettled: (answers: readonly WriteAnswer[]) => boolean
  readonly isDecided: (answers: readonly WriteAnswer[]) => boolean
  readonly patienceMs: number
} {
  const hasEnough = (answers: readonly WriteAnswer[]): boolean => {
    return answers.map(acceptAnswer).filter(({ voter, vote }) => voter && vote === 'yes').length >= needed
  }
  return { isSettled: () => false, isDecided: hasEnough, patienceMs: MORE_COPIES_MS }
}
