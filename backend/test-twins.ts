/** Twins of the environment, and requests, for the tests of the storage servers. */
import type { Clock, Disk } from '#base/environment.ts'
import { bufferBody, EMPTY_BODY, type HeaderMap, type Request } from '#http/message.ts'

/** A clock that stands still until it is moved. */
export class StoppedClock implements Clock {
  nowMs = 1_700_000_000_000

  wallMs(): number {
    return this.nowMs
  }

  monotonicMs(): number {
    return this.nowMs
  }

  setTimer(): { cancel(): void } {
    return { cancel: () => {} }
  }

  async sleep(): Promise<void> {}
}

/** A disk with one empty, healthy device directory. */
export const roomyDisk = {
  stat: async () => ({ sizeBytes: 0, mtimeMs: 0, isDirectory: true }),
  space: async () => ({ totalBytes: 100, freeBytes: 50, freeInodes: 1, readOnly: false }),
} as unknown as Disk

export function requestOf(method: string, target: string, headers: HeaderMap = {}, body?: string): Request {
  const [path = '', query = ''] = target.split('?', 2)
  return {
    method,
    path,
    query,
    headers,
    body: body === undefined ? EMPTY_BODY : bufferBody(Buffer.from(body)),
    signal: undefined,
    remoteAddress: '',
    secure: false,
  }
}
