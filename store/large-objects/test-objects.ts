/** Objects in memory under the layer of large objects, which break off, grow stale and tell how many of them are being read. */
import { createHash } from 'node:crypto'
import { ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { type BodyStream, type HeaderMap, readWhole } from '#http/message.ts'
import { contentRange, parseRange, resolveRanges } from '#http/ranges.ts'
import type { ObjectReadOptions, ObjectReadOutcome, Store } from '../contract.ts'
import type { ObjectName } from '../operation.ts'

interface Kept {
  readonly body: Buffer
  readonly metadata: HeaderMap
}

interface Fault {
  timesLeft: number
  readonly afterBytes: number
  readonly meanwhile: () => Promise<void>
}

/** Size of the pieces in which bodies come. */
const PIECE_BYTES = 64 * 1024

export class MemoryObjects {
  readonly #kept = new Map<string, Kept>()
  readonly #faults = new Map<string, Fault>()
  readonly #stale = new Map<string, Buffer>()
  /** Bodies that are begun and not at their end. */
  openCount = 0

  /** The next so many reads of the object break off after so many bytes. */
  breakOff(
    object: string,
    times: number,
    afterBytes: number,
    meanwhile = async (): Promise<void> => {},
  ): void {
    this.#faults.set(object, { timesLeft: times, afterBytes, meanwhile })
  }

  /** A read that does not ask for the newest gets this. */
  staleUnlessNewest(object: string, body: Buffer): void {
    this.#stale.set(object, body)
  }

  get store(): Store {
    const unused = (): never => {
      throw new Error('not part of this test')
    }
    const index = { info: unused, read: unused, put: unused, post: unused, delete: unused }
    return {
      accounts: index,
      containers: index,
      objects: {
        read: async (_context, name, options) => this.#read(name, options),
        put: async (_context, { object }, put) => {
          const body = await readWhole(put.body, put.limitBytes)
          this.#kept.set(object, { body, metadata: { ...put.metadata, 'content-type': put.contentType } })
          const etag = md5(body)
          return {
            kind: 'created',
            etag,
            sizeBytes: body.length,
            timestamp: ZERO_TIMESTAMP,
            listingPending: false,
          }
        },
        post: unused,
        delete: async (_context, { object }) => {
          if (!this.#kept.delete(object)) return { kind: 'no_such_object', headers: {} }
          return { kind: 'deleted', timestamp: ZERO_TIMESTAMP, listingPending: false }
        },
      },
    }
  }

  #read(
    { object }: ObjectName,
    { method, conditions, newest, wholeWith = '' }: ObjectReadOptions,
  ): ObjectReadOutcome {
    const kept = this.#kept.get(object)
    if (kept === undefined) return { kind: 'no_such_object', headers: {} }
    const body = newest ? kept.body : (this.#stale.get(object) ?? kept.body)
    const headers = { ...kept.metadata, etag: `"${md5(body)}"`, 'content-length': String(body.length) }
    if (method === 'HEAD') return { kind: 'found', status: 200, headers, body: undefined }
    const isWhole = wholeWith.split(',').some((mark) => kept.metadata[mark] !== undefined)
    const wanted = resolveRanges(isWhole ? undefined : parseRange(conditions['range']), body.length)
    if (wanted.kind === 'unsatisfiable')
      return { kind: 'range_unsatisfiable', sizeBytes: body.length, headers }
    if (wanted.kind !== 'single')
      return { kind: 'found', status: 200, headers, body: this.#stream(object, body) }
    const { start, end } = wanted.range
    const partial = {
      'content-range': contentRange(wanted.range, body.length),
      'content-length': String(end - start),
    }
    return {
      kind: 'found',
      status: 206,
      headers: { ...headers, ...partial },
      body: this.#stream(object, body.subarray(start, end)),
    }
  }

  #stream(object: string, bytes: Buffer): BodyStream {
    let isOpen = true
    const close = (): void => {
      if (isOpen) this.openCount -= 1
      isOpen = false
    }
    this.openCount += 1
    const fault = this.#faults.get(object)
    const generator = async function* (): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        if (!isOpen) throw new Error('cancelled')
        if (fault !== undefined && fault.timesLeft > 0) {
          fault.timesLeft -= 1
          yield bytes.subarray(0, fault.afterBytes)
          await fault.meanwhile()
          close()
          throw new Error('the connection broke')
        }
        yield bytes.subarray(at, at + PIECE_BYTES)
      }
      close()
    }
    return { [Symbol.asyncIterator]: generator, cancel: async () => close() }
  }
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}
