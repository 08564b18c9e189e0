/**
 * A long download that goes on where it broke: what is stored under a key never changes, so that the rest can be asked for
 * again. A server that gives nothing in several tries ends it.
 */
import type { BodyStream } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { BytesRead } from '../data/image-store.ts'

/** Times in a row that a download breaks without a further byte. */
const BREAKS_MAX = 3

/** The bytes of the range: of `first`, and after a break of what `reopen` gives. */
export function resumedRead(
  first: BodyStream,
  { start, end }: ByteRange,
  reopen: (rest: ByteRange) => Promise<BytesRead>,
): BodyStream {
  let current = first
  const next = async (position: number): Promise<BodyStream> => {
    const read = await reopen({ start: position, end })
    if (read.kind === 'found') return read.body
    throw new Error(read.kind === 'absent' ? 'it is gone' : read.reason)
  }
  return {
    cancel: () => current.cancel(),
    async *[Symbol.asyncIterator]() {
      let position = start
      for (let breaks = 0; position < end; breaks += 1) {
        try {
          if (breaks > 0) current = await next(position)
          for await (const chunk of current) {
            const wanted = chunk.subarray(0, end - position)
            position += wanted.length
            breaks = 0
            if (wanted.length > 0) yield wanted
            if (position === end) break
          }
          if (position < end) throw new Error('an image store gave fewer bytes than it has')
        } catch (error) {
          if (breaks >= BREAKS_MAX) throw error
        }
      }
      await current.cancel()
    },
  }
}
