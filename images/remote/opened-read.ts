/** Reading what a server of another installation keeps: whole or a part, and on after a break. */
import { type BodyStream, discard, headerOf, type Response } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { BytesRead } from '../data/image-store.ts'
import { resumedRead } from './resumed-read.ts'
import type { Unreachable } from './site.ts'

/** Asks for the range, or for all. */
export type OpenPart = (range: ByteRange | undefined) => Promise<Response | Unreachable>

/** The bytes of the range, or all; what is asked for lies within what is there. */
export async function openedRead(range: ByteRange | undefined, open: OpenPart): Promise<BytesRead> {
  const first = await part(range, open)
  if (first.kind !== 'found') return first
  const wanted = range ?? { start: 0, end: first.sizeBytes }
  return { ...first, body: resumedRead(first.body, wanted, (rest) => part(rest, open)) }
}

async function part(range: ByteRange | undefined, open: OpenPart): Promise<BytesRead> {
  const response = await open(range)
  if ('kind' in response) return { kind: 'unavailable', reason: response.reason }
  const { status, body } = response
  if (status !== (range === undefined ? 200 : 206)) {
    await discard(response)
    return status === 404 ? { kind: 'absent' } : { kind: 'unavailable', reason: `it answered ${status}` }
  }
  const sizeBytes = wholeSize(response)
  if (sizeBytes === undefined) {
    await discard(response)
    return { kind: 'unavailable', reason: 'it does not say how long the image is' }
  }
  return { kind: 'found', sizeBytes, body: asStream(body) }
}

function wholeSize(response: Response): number | undefined {
  const total =
    response.status === 206
      ? /\/(\d{1,15})$/.exec(headerOf(response, 'content-range') ?? '')?.[1]
      : headerOf(response, 'content-length')
  return total === undefined || !/^\d{1,15}$/.test(total) ? undefined : Number(total)
}

export function rangeHeader(range: ByteRange | undefined): Readonly<Record<string, string>> {
  return range === undefined ? {} : { range: `bytes=${range.start}-${range.end - 1}` }
}

function asStream(body: Response['body']): BodyStream {
  if (body !== undefined && !Buffer.isBuffer(body)) return body
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      if (body !== undefined && body.length > 0) yield body
    },
  }
}
