/**
 * Brings the body of another's candidate from a replica that accepted it to those that lack it, so that it can be
 * finished although its own proxy is gone. It flows through this process, a piece at a time.
 */
import type { CandidateId } from '#base/ballot.ts'
import { CANDIDATE_HEADER } from '#base/extensions.ts'
import { MAX_FILE_SIZE_BYTES } from '#base/limits.ts'
import { unquoted } from '#http/conditionals.ts'
import {
  type BodyStream,
  discard,
  EMPTY_BODY,
  type HeaderMap,
  headerOf,
  type RequestBody,
  type Response,
} from '#http/message.ts'
import { TransportError } from '#http/transport.ts'
import { type BodyTrip, SILENT, sendBody } from './conditional-body.ts'
import type { NodeVote } from './conditional-messages.ts'
import type { StorageNode } from './storage-node.ts'

/** Told by the replica about itself or the message, not about the candidate. */
const NOT_STORED =
  /^(x-backend-martlet-|connection$|keep-alive$|date$|transfer-encoding$|x-trans-id$|content-length$|etag$)/

/** The votes of those who lacked it. `trip` goes to them alone. */
export async function copyCandidate(
  trip: BodyTrip,
  holders: readonly StorageNode[],
  candidate: CandidateId,
): Promise<readonly NodeVote[]> {
  const silent = trip.placement.primaries.map(() => SILENT)
  for (const holder of holders) {
    const response = await fetchFrom(trip, holder, candidate)
    if (response === undefined) continue
    const sent = await sendBody(
      { ...trip, headers: { ...storedHeaders(response), ...trip.headers } },
      {
        kind: 'stream',
        body: requestBody(response),
        expectedEtag: unquoted(headerOf(response, 'etag') ?? ''),
        limitBytes: MAX_FILE_SIZE_BYTES,
      },
    ).catch(brokenOff)
    return sent?.kind === 'answered' ? sent.answers : silent
  }
  return silent
}

/** The holder is gone before all of it was read: nobody has the whole, and the round is tried again. */
function brokenOff(error: unknown): undefined {
  if (!(error instanceof TransportError)) throw error
}

async function fetchFrom(
  { client, placement, path, headers }: BodyTrip,
  node: StorageNode,
  candidate: CandidateId,
): Promise<Response | undefined> {
  const outcome = await client.send(node, {
    server: 'object',
    method: 'GET',
    partition: placement.partition,
    path,
    query: '',
    headers: { ...readHeaders(headers), [CANDIDATE_HEADER]: candidate },
    body: EMPTY_BODY,
    signal: undefined,
  })
  if (outcome.kind === 'failed') return undefined
  if (outcome.response.status === 200) return outcome.response
  await discard(outcome.response).catch(() => {})
  return undefined
}

/** Of the headers of a proposal those that say which object is meant. */
function readHeaders(headers: HeaderMap): HeaderMap {
  const names = ['x-trans-id', 'x-backend-storage-policy-index', 'x-backend-allow-reserved-names']
  return Object.fromEntries(names.map((name) => [name, headers[name]]))
}

function storedHeaders(response: Response): HeaderMap {
  const names = Object.keys(response.headers).filter((name) => !NOT_STORED.test(name))
  return Object.fromEntries(names.map((name) => [name, headerOf(response, name)]))
}

function requestBody({ headers, body }: Response): RequestBody {
  const lengthBytes = Number(headers['content-length'] ?? 0)
  const stream: BodyStream = Buffer.isBuffer(body) || body === undefined ? wholeBody(body) : body
  return {
    lengthBytes,
    sendContinue: () => {},
    cancel: () => stream.cancel(),
    [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
  }
}

function wholeBody(bytes: Buffer | undefined): BodyStream {
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      if (bytes !== undefined && bytes.length > 0) yield bytes
    },
  }
}
