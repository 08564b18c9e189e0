/** Twins of the environment, and requests, for the tests of the storage servers. */
import type { Disk, Environment } from '#base/environment.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import {
  bufferBody,
  EMPTY_BODY,
  type Handler,
  type HeaderMap,
  ownRequest,
  type Request,
  type Response,
} from '#http/message.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { Drive } from './drive-state.ts'
import { parsePolicies, type StoragePolicies } from './policies.ts'

/** Two policies, the first the default. */
export const TEST_POLICIES = parsePolicies([
  { index: 0, name: 'gold', default: true },
  { index: 1, name: 'silver' },
]) as StoragePolicies

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

/** The device that the servers of tests serve: its stores live on in `kv` when a twin crashes. */
export interface TestDevice {
  readonly kv: MemoryKv
  readonly clock: VirtualClock
  readonly drive: Drive
  readonly space: TestSpace
  readonly disk: Disk
  readonly environment: Environment
}

/** A device named `sda1`; with the stores and the time of one that crashed, if one is given. */
export function testDevice(before?: Pick<TestDevice, 'kv' | 'clock'>): TestDevice {
  const kv = before?.kv ?? new MemoryKv()
  const clock = before?.clock ?? new VirtualClock()
  const space = roomySpace()
  const disk = directoriesDisk(space)
  const drive = new Drive({
    disk,
    clock,
    devicesPath: '/srv/node',
    device: 'sda1',
    mountCheck: 'any_directory',
  })
  return { kv, clock, drive, space, disk, environment: { clock, random: new SeededRandom(1), disk, kv } }
}

/** Sends a request to a handler; the path is below `/sda1/7`, with the query if any. */
export type Send = (method: string, path: string, headers?: HeaderMap, body?: string) => Promise<Response>

export function sendTo(handler: Handler): Send {
  return (method, path, headers = {}, body) => handler(requestOf(method, `/sda1/7${path}`, headers, body))
}

export function requestOf(method: string, target: string, headers: HeaderMap = {}, body?: string): Request {
  const [path = '', query = ''] = target.split('?', 2)
  return ownRequest({
    method,
    path,
    query,
    headers,
    body: body === undefined ? EMPTY_BODY : bufferBody(Buffer.from(body)),
  })
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
