/** A request that is to be delivered once more, whatever its body is. */
import { bufferBody, type Request, type RequestBody } from '#http/message.ts'

/** The request, to be handled now. `copy` is given the same once more, when its body has been read to the end. */
export function copied(request: Request, copy: (again: Request) => void): Request {
  const { body } = request
  if (body.bytes !== undefined) {
    copy({ ...request, body: bufferBody(Buffer.from(body.bytes)), signal: undefined })
    return request
  }
  const pieces: Buffer[] = []
  const whole = (): void => copy({ ...request, body: streamOf(pieces, body.lengthBytes), signal: undefined })
  return { ...request, body: noting(body, pieces, whole) }
}

/** Reads the body, and keeps what was read: its memory may be given back by then. */
function noting(body: RequestBody, pieces: Buffer[], whole: () => void): RequestBody {
  return {
    lengthBytes: body.lengthBytes,
    sendContinue: (headers) => body.sendContinue(headers),
    cancel: () => body.cancel(),
    async *[Symbol.asyncIterator]() {
      for await (const piece of body) {
        pieces.push(Buffer.from(piece))
        yield piece
      }
      whole()
    },
  }
}

function streamOf(pieces: readonly Buffer[], lengthBytes: number | undefined): RequestBody {
  return {
    lengthBytes,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (const piece of pieces) yield Buffer.from(piece)
    },
  }
}
