/** Gives objects to a peer: records as they stand in the files, bodies of which every block was verified. */
import type { Response } from '#http/message.ts'
import type { ObjectContent } from '../engine.ts'
import type { ReplicaAccess, UsualCopy } from '../replica-access.ts'
import { END_FRAME, encodeFrameHead, generatedBody } from './frames.ts'
import type { ObjectsRequest, WantedObject } from './messages.ts'

/** Read and sent together: with the largest bodies of that kind 2 MiB. */
const GROUP_OBJECTS = 32

export function serveObjects(replica: ReplicaAccess, request: ObjectsRequest): Response {
  const headers = { 'content-type': 'application/octet-stream' }
  return { status: 200, headers, body: generatedBody(frames(replica, request)) }
}

/** A disk that fails, or a body that is found damaged under way, breaks the answer off. */
async function* frames(
  replica: ReplicaAccess,
  { wanted, offset }: ObjectsRequest,
): AsyncGenerator<Buffer, void, undefined> {
  let ahead = offset === 0 ? group(replica, wanted, 0) : undefined
  for (let at = 0; at < wanted.length; at += GROUP_OBJECTS) {
    const some = wanted.slice(at, at + GROUP_OBJECTS)
    const usual = await ahead
    // Read while what was read before is on its way.
    if (ahead !== undefined) {
      ahead = group(replica, wanted, at + GROUP_OBJECTS)
      // Nobody comes for it when the peer goes away; whoever does hears of a failure.
      ahead.catch(() => {})
    }
    const ready: Buffer[] = []
    for (const one of some) {
      const copy = one.lack === 'data' ? usual?.get(one.hash) : undefined
      if (copy !== undefined) {
        const { hash, data, body } = copy
        ready.push(encodeFrameHead({ hash, small: [], data, bodyBytes: body.length }), body)
        continue
      }
      yield* joined(ready.splice(0))
      yield* object(replica, one, offset)
    }
    yield* joined(ready)
  }
  yield END_FRAME
}

function* joined(pieces: readonly Buffer[]): Generator<Buffer> {
  if (pieces.length > 0) yield Buffer.concat(pieces)
}

/** Copies that are read together; none of those that have to be looked at one by one. */
async function group(
  replica: ReplicaAccess,
  wanted: readonly WantedObject[],
  from: number,
): Promise<ReadonlyMap<string, UsualCopy>> {
  const some = wanted.slice(from, from + GROUP_OBJECTS).filter(({ lack }) => lack === 'data')
  if (some.length === 0) return new Map()
  const copies = await replica.usualCopies(some.map(({ hash }) => hash))
  return new Map('kind' in copies ? [] : copies.flatMap((copy) => (copy ? [[copy.hash, copy]] : [])))
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
