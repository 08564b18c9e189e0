/** Bytes that are in memory as the body of a request, a little at a time: as much at once as a peer takes without being asked. */
import { bufferBody, type RequestBody } from '#http/message.ts'

/** As a socket delivers them: well below what a link between nodes has room for (`http/link-body.ts`). */
const SLICE_BYTES = 64 * 1024

/** For bytes of any length; nobody may change them while they are sent. */
export function slicedBody(bytes: Buffer): RequestBody {
  if (bytes.length <= SLICE_BYTES) return bufferBody(bytes)
  return {
    lengthBytes: bytes.length,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES)
    },
  }
}
