/** Twins of the environment, and requests, for the tests of the storage servers. */
import type { Disk } from '#base/environment.ts'
import { bufferBody, EMPTY_BODY, type HeaderMap, type Request, type Response } from '#http/message.ts'

/** Space of a disk, to be changed by a test. */
export interface TestSpace {
  totalBytes: number
  freeBytes: number
  freeInodes: number
  readOnly: boolean
}

export function roomySpace(): TestSpace {
  return { totalBytes: 100, freeBytes: 50, freeInodes: 1, readOnly: false }
}

/** A disk on which every path is an empty directory of a filesystem with this space. */
export function directoriesDisk(space: TestSpace): Disk {
  const disk: Pick<Disk, 'stat' | 'space' | 'readdir'> = {
    readdir: async () => [],
    stat: async () => ({ sizeBytes: 0, mtimeMs: 0, isDirectory: true }),
    space: async () => ({ ...space }),
  }
  return disk as Disk
}

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

/** Headers with the `X-Timestamp` of a second of a test; later seconds are later times, all in the past. */
export function ts(second: number, more: HeaderMap = {}): HeaderMap {
  return { 'x-timestamp': timeOf(second), ...more }
}

/** The timestamp of a second of a test. */
export function timeOf(second: number): string {
  return `16999${String(second).padStart(5, '0')}.00000`
}

/** A response's body read as JSON. */
export function jsonOf(response: Response): unknown {
  return JSON.parse(String(response.body))
}
