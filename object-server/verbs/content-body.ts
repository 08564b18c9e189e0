/** Content of an object as the body of an answer. */
import type { BodyStream, ResponseBody } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { ObjectContent } from '../engine.ts'

export function bodyOf(content: ObjectContent, range: ByteRange): ResponseBody {
  const { whole } = content
  if (whole !== undefined) return whole.subarray(range.start, range.end)
  return closing(content, content.stream(range.start, range.end))
}

/** A body that lets go of the file at its end, at an error, and when nobody wants the rest. */
export function closing(content: ObjectContent, stream: AsyncGenerator<Buffer>): BodyStream {
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* stream
      } finally {
        content.close()
      }
    },
    async cancel() {
      await stream.return(undefined)
      content.close()
    },
  }
}
