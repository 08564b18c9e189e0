/**
 * A long download that goes on where it broke: what is stored under a key never changes, so that the rest can be asked for
 * again. A server that gives nothing in several tries ends it.
 */
import type { BodyStream } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { BytesRead } from '../data/image-store.ts'

/** How often, and how, it is tried again where no further byte comes. */
export interface Patience {
  /** Times in a row that a download breaks without a further byte. */
  readonly breaksMax: number
  /** Before a try; `breaks` is 1 before the first. */
  readonly pause: (breaks: number) => Promise<void>
}

const AT_ONCE: Patience = { breaksMax: 3, pause: async () => {} }

/** The bytes of the range: of `first`, and after a break of what `reopen` gives. */
export function resumedRead(
  first: BodyStream,
  { start, end }: ByteRange,
  reopen: (rest: ByteRange) => Promise<BytesRead>,
  { breaksMax, pause }: Patience = AT_ONCE,
): BodyStream {
  let current = first
  let isCancelled = false
  /** Whether there is something to go on with. What `reopen` throws is no break: it says what happened by a value. */
  const reopened = async (position: number, breaks: number): Promise<boolean> => {
    await pause(breaks)
    if (isCancelled) throw new Error('the reader was cancelled')
    const read = await reopen({ start: position, end })
    if (read.kind === 'found') current = read.body
    else if (breaks >= breaksMax) throw new Error(read.kind === 'absent' ? 'it is gone' : read.reason)
    return read.kind === 'found'
  }
  return {
    cancel: () => {
      isCancelled = true
      return current.cancel()
    },
    async *[Symbol.asyncIterator]() {
      let position = start
      for (let breaks = 0; position < end; breaks += 1) {
        if (breaks > 0 && !(await reopened(position, breaks))) continue
        try {
          for await (const chunk of current) {
            const wanted = chunk.subarray(0, end - position)
            position += wanted.length
            breaks = 0
            if (wanted.length > 0) yield wanted
            if (position === end) break
          }
          if (position < end) throw new Error('an image store gave fewer bytes than it has')
        } catch (error) {
          if (isCancelled || breaks >= breaksMax) throw error
        }
      }
      await current.cancel()
    },
  }
}
