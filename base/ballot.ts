/**
 * The words of the agreement on conditional writes (`docs/decisions/0005-conditional-writes.md`), which proxies and
 * object servers share. Pure.
 *
 * A **ballot** is one round of one proposer, a **candidate** what is proposed for a name: a version or its removal.
 * Both are named by a timestamp and a number that nobody else draws, so that two proposers never mean different things
 * by the same text; and because the width is fixed, comparing the texts compares the times.
 */
import type { Brand } from './brand.ts'
import { parseTimestamp, type Timestamp } from './timestamp.ts'

export type Ballot = Brand<string, 'Ballot'>
export type CandidateId = Brand<string, 'CandidateId'>

export interface Candidate {
  /** Its timestamp is that of the version, or of the tombstone. */
  readonly id: CandidateId
  readonly kind: 'data' | 'tombstone'
}

/** A candidate as it was proposed in one round. */
export interface Acceptance {
  readonly ballot: Ballot
  readonly candidate: Candidate
  /** When the newest state was written on which the condition was judged; zero when nothing was ever there. */
  readonly base: Timestamp
}

/** Bytes of chance in a ballot or candidate. */
export const NONCE_BYTES = 8
/** Earlier than every other one. */
export const FIRST_BALLOT = '0000000000.00000-0000000000000000' as Ballot

const UNIQUE = /^\d{10}\.\d{5}-[0-9a-f]{16}$/

/** `timestamp` must be without offset; `nonce` has `NONCE_BYTES`. */
export function ballotOf(timestamp: Timestamp, nonce: Buffer): Ballot {
  return uniqueText(timestamp, nonce) as Ballot
}

export function candidateIdOf(timestamp: Timestamp, nonce: Buffer): CandidateId {
  return uniqueText(timestamp, nonce) as CandidateId
}

/** Not earlier than any ballot of this time. */
export function lastBallotAt(timestamp: Timestamp): Ballot {
  return `${timestamp.slice(0, 16)}-${'f'.repeat(2 * NONCE_BYTES)}` as Ballot
}

export function timeOf(unique: Ballot | CandidateId): Timestamp {
  return unique.slice(0, 16) as Timestamp
}

export function laterBallot(left: Ballot, right: Ballot): Ballot {
  return left > right ? left : right
}

/** `undefined` for what is no ballot. */
export function parseBallot(written: string | undefined): Ballot | undefined {
  return written !== undefined && UNIQUE.test(written) ? (written as Ballot) : undefined
}

export function parseCandidateId(written: string | undefined): CandidateId | undefined {
  return written !== undefined && UNIQUE.test(written) ? (written as CandidateId) : undefined
}

/** `<ballot> <candidate> data|tombstone <base>`, for headers and stored records. */
export function formatAcceptance({ ballot, candidate, base }: Acceptance): string {
  return `${ballot} ${candidate.id} ${candidate.kind} ${base}`
}

/** `undefined` for what is none. */
export function parseAcceptance(written: string | undefined): Acceptance | undefined {
  const [ballotText, idText, kind, baseText = '', ...more] = (written ?? '').split(' ')
  const [ballot, id, base] = [parseBallot(ballotText), parseCandidateId(idText), parseTimestamp(baseText)]
  if (ballot === undefined || id === undefined || base === undefined || more.length > 0) return undefined
  return kind === 'data' || kind === 'tombstone' ? { ballot, candidate: { id, kind }, base } : undefined
}

function uniqueText(timestamp: Timestamp, nonce: Buffer): string {
  const text = `${timestamp}-${nonce.toString('hex')}`
  if (!UNIQUE.test(text)) throw new RangeError(`not a time and ${NONCE_BYTES} bytes of chance: ${text}`)
  return text
}
