/**
 * Makes the answers of two replicas to a request for several ranges byte for byte the same: they differ only in the
 * boundary between the parts, which each replica makes up.
 */
import type { BodyStream } from '#http/message.ts'

/** The body with one boundary in place of another of any length. Boundaries are random, so no part contains one. */
export function withBoundary(body: BodyStream, from: string, to: string): BodyStream {
  const [found, wanted] = [Buffer.from(`--${from}`, 'latin1'), Buffer.from(`--${to}`, 'latin1')]
  return {
    cancel: () => body.cancel(),
    async *[Symbol.asyncIterator]() {
      let rest: Buffer = Buffer.alloc(0)
      for await (const chunk of body) {
        let held: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
        for (let at = held.indexOf(found); at >= 0; at = held.indexOf(found)) {
          if (at > 0) yield held.subarray(0, at)
          yield wanted
          held = held.subarray(at + found.length)
        }
        // The end may be the beginning of a boundary.
        const sure = Math.max(0, held.length - found.length + 1)
        if (sure > 0) yield held.subarray(0, sure)
        rest = held.subarray(sure)
      }
      if (rest.length > 0) yield rest
    },
  }
}

/** The body without its first bytes. */
export function skipBytes(body: BodyStream, count: number): BodyStream {
  return {
    cancel: () => body.cancel(),
    async *[Symbol.asyncIterator]() {
      let toSkip = count
      for await (const chunk of body) {
        if (chunk.length <= toSkip) {
          toSkip -= chunk.length
          continue
        }
        yield toSkip === 0 ? chunk : chunk.subarray(toSkip)
        toSkip = 0
      }
    },
  }
}
