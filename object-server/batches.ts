/**
 * Many small requests in one (`BATCH_METHOD`): each goes the way of the one that it stands for, through the same layers,
 * so that what was done and said is exactly what it would have been alone. Only so many are under way at a time: others
 * than whoever sent the batch want something of the disk too.
 */
import { BATCH_MAX, BATCH_METHOD } from '#base/extensions.ts'
import { type Handler, type HeaderMap, type Layer, ownRequest, type Request } from '#http/message.ts'
import { Lanes } from './replication/lanes.ts'
import { listOf, serveSeveral, type ToldAnswer, toldOf } from './several-requests.ts'

/** A path as long as it can be, and headers. */
const REQUEST_BYTES_MAX = BATCH_MAX * 16_384
/** Requests of one batch that are under way at a time: what they write becomes durable together. */
const AT_ONCE = 48
/** Headers of answers that a sender may want. */
const WANTED_MAX = 32
/** Without a body, and idempotent. */
const METHODS: ReadonlySet<unknown> = new Set(['HEAD', 'DELETE'])

interface Batch {
  readonly requests: readonly Request[]
  readonly wanted: readonly string[]
}

/** `expect`: told of all requests of a batch before the first. */
export function serveBatches(
  announced: string,
  expect: (requests: readonly Request[]) => Promise<void>,
): Layer {
  return (inner) => (request) => {
    if (request.method !== BATCH_METHOD) return inner(request)
    return serveSeveral(request, {
      announced,
      bytesMax: REQUEST_BYTES_MAX,
      parse: batchOf,
      serve: async (batch) => {
        await expect(batch.requests)
        return await serveAll(inner, batch)
      },
    })
  }
}

async function serveAll(inner: Handler, { requests, wanted }: Batch): Promise<readonly ToldAnswer[]> {
  const answers: ToldAnswer[] = []
  const lanes = new Lanes(AT_ONCE)
  for (const [at, request] of requests.entries()) {
    await lanes.enter(async () => {
      answers[at] = toldOf(await inner(request), wanted)
    })
  }
  await lanes.idle()
  return answers
}

function batchOf(written: unknown): Batch | undefined {
  if (!isRecord(written)) return undefined
  const requests = listOf(written['requests'], BATCH_MAX, requestOf)
  const wanted = listOf(written['wanted'], WANTED_MAX, (name) =>
    typeof name === 'string' ? name : undefined,
  )
  return requests === undefined || wanted === undefined ? undefined : { requests, wanted }
}

function requestOf(written: unknown): Request | undefined {
  if (!Array.isArray(written)) return undefined
  const [method, path, headers] = written as readonly unknown[]
  if (typeof method !== 'string' || !METHODS.has(method)) return undefined
  if (typeof path !== 'string' || !areHeaders(headers)) return undefined
  return ownRequest({ method, path, headers })
}

function areHeaders(written: unknown): written is HeaderMap {
  return isRecord(written) && Object.values(written).every((value) => typeof value === 'string')
}

function isRecord(written: unknown): written is Readonly<Record<string, unknown>> {
  return typeof written === 'object' && written !== null && !Array.isArray(written)
}
