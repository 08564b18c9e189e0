/** Gives objects to a peer: records as they stand in the files, bodies of which every block was verified. */
import type { Response } from '#http/message.ts'
import type { ObjectContent } from '../engine.ts'
import type { ReplicaAccess } from '../replica-access.ts'
import { END_FRAME, encodeFrameHead, generatedBody } from './frames.ts'
import type { ObjectsRequest, WantedObject } from './messages.ts'

export function serveObjects(replica: ReplicaAccess, request: ObjectsRequest): Response {
  const headers = { 'content-type': 'application/octet-stream' }
  return { status: 200, headers, body: generatedBody(frames(replica, request)) }
}

/** A disk that fails, or a body that is found damaged under way, breaks the answer off. */
async function* frames(
  replica: ReplicaAccess,
  { wanted, offset }: ObjectsRequest,
): AsyncGenerator<Buffer, void, undefined> {
  for (const one of wanted) yield* object(replica, one, offset)
  yield END_FRAME
}

async function* object(
  replica: ReplicaAccess,
  { hash, lack }: WantedObject,
  offset: number,
): AsyncGenerator<Buffer, void, undefined> {
  const known = await replica.knowledge(hash)
  if ('kind' in known) throw new Error(`the disk failed: ${known.reason}`)
  const { small, object: stored } = known
  const opened = lack === 'data' && stored !== undefined ? await replica.open(stored) : undefined
  if (opened?.kind === 'disk_failed') throw new Error(`the disk failed: ${opened.reason}`)
  if (stored === undefined || opened?.kind !== 'open') {
    yield encodeFrameHead({ hash, small, data: undefined, bodyBytes: 0 })
    return
  }
  const { content } = opened
  try {
    const bodyBytes = Math.max(0, stored.sizeBytes - offset)
    yield encodeFrameHead({ hash, small, data: stored.data, bodyBytes })
    yield* body(content, offset, stored.sizeBytes)
  } finally {
    content.close()
  }
}

async function* body(
  content: ObjectContent,
  start: number,
  end: number,
): AsyncGenerator<Buffer, void, undefined> {
  if (start >= end) return
  if (content.whole !== undefined) yield content.whole.subarray(start, end)
  else yield* content.stream(start, end)
}
