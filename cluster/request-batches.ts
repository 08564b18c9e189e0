/**
 * Many small requests to many nodes: those for one node travel together (`BATCH_METHOD`), where it says that it takes
 * them so; to others they go one by one, in Swift's dialect. For workers, which have many at a time.
 */
import { BATCH_MAX, BATCH_METHOD, BATCHES_CAPABILITY } from '#base/extensions.ts'
import { bufferBody, discard, EMPTY_BODY, type HeaderMap, type Response } from '#http/message.ts'
import type { NodeClient } from './node-client.ts'
import type { StorageNode } from './storage-node.ts'
import { toldAnswers } from './told-answers.ts'

/** A request to an object server, without a body. */
export interface SmallRequest {
  readonly node: StorageNode
  readonly method: 'HEAD' | 'DELETE'
  readonly partition: number
  /** `/account/container/object`, percent-encoded. */
  readonly path: string
  readonly headers: HeaderMap
}

interface Numbered {
  readonly at: number
  readonly request: SmallRequest
}

/** Answers to as many requests as one has are shorter than this, bytes. */
const ANSWER_BYTES_MAX = BATCH_MAX * 16_384
/** Requests that are under way at a time to a node that takes no batches. */
const SINGLE_AT_ONCE = 4

/**
 * The answers, in the order of the requests, with at least the headers that are `wanted` and without their bodies;
 * `undefined` where none came. Never rejects.
 */
export async function sendTogether(
  client: NodeClient,
  requests: readonly SmallRequest[],
  wanted: readonly string[],
): Promise<readonly (Response | undefined)[]> {
  const answers: (Response | undefined)[] = requests.map(() => undefined)
  const byNode = Map.groupBy(
    requests.map((request, at): Numbered => ({ at, request })),
    ({ request }) => request.node,
  )
  await Promise.all(
    [...byNode].map(async ([node, theirs]) => await toNode(client, node, theirs, wanted, answers)),
  )
  return answers
}

async function toNode(
  client: NodeClient,
  node: StorageNode,
  numbered: readonly Numbered[],
  wanted: readonly string[],
  answers: (Response | undefined)[],
): Promise<void> {
  const [first, ...others] = numbered
  if (first === undefined) return
  let left = numbered
  if (!client.can(node, BATCHES_CAPABILITY) && !client.lacks(node, BATCHES_CAPABILITY)) {
    // Whoever has not said yet what it can says so with the first answer.
    answers[first.at] = await sendAlone(client, first.request)
    left = others
  }
  if (!client.can(node, BATCHES_CAPABILITY)) {
    await oneByOne(client, left, answers)
    return
  }
  for (let from = 0; from < left.length; from += BATCH_MAX) {
    const group = left.slice(from, from + BATCH_MAX)
    const told = await sendBatch(client, node, group, wanted)
    for (const [place, { at }] of group.entries()) answers[at] = told?.[place]
  }
}

async function oneByOne(
  client: NodeClient,
  numbered: readonly Numbered[],
  answers: (Response | undefined)[],
): Promise<void> {
  const left = numbered.values()
  const lane = async (): Promise<void> => {
    for (const { at, request } of left) answers[at] = await sendAlone(client, request)
  }
  await Promise.all(Array.from({ length: SINGLE_AT_ONCE }, lane))
}

async function sendBatch(
  client: NodeClient,
  node: StorageNode,
  numbered: readonly Numbered[],
  wanted: readonly string[],
): Promise<readonly (Response | undefined)[] | undefined> {
  const device = encodeURIComponent(node.device)
  const requests = numbered.map(({ request: { method, partition, path, headers } }) => [
    method,
    `/${device}/${partition}${path}`,
    headers,
  ])
  const outcome = await client.sendTo(node, {
    server: 'object',
    method: BATCH_METHOD,
    path: `/${device}`,
    body: bufferBody(Buffer.from(JSON.stringify({ wanted, requests }))),
  })
  return outcome.kind === 'failed' ? undefined : await toldAnswers(outcome.response, ANSWER_BYTES_MAX)
}

async function sendAlone(client: NodeClient, request: SmallRequest): Promise<Response | undefined> {
  const { node, method, partition, path, headers } = request
  const outcome = await client.send(node, {
    server: 'object',
    method,
    partition,
    path,
    query: '',
    headers,
    body: EMPTY_BODY,
    signal: undefined,
  })
  if (outcome.kind === 'failed') return undefined
  const { response } = outcome
  await discard(response).catch(() => {})
  return { ...response, body: undefined }
}
