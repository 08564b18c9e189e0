/** An account server on an index in memory, and requests to it, for the tests of this room. */
import { Drive } from '#backend/drive-state.ts'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import { directoriesDisk, requestOf, roomySpace, type TestSpace } from '#backend/test-twins.ts'
import type { Disk, Random } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { Handler, HeaderMap, Response } from '#http/message.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { createAccountServer } from './app.ts'
import { type AccountDevice, openAccountDevice } from './open-device.ts'
import { ReportStamps } from './report-stamps.ts'

export interface AccountServerTwin {
  readonly kv: MemoryKv
  readonly clock: VirtualClock
  readonly drive: Drive
  readonly space: TestSpace
  readonly disk: Disk
  readonly device: AccountDevice
  readonly handler: Handler
  /** Sends a request; `path` is below `/sda1/7`, with the query if any. */
  send(method: string, path: string, headers?: HeaderMap, body?: string): Promise<Response>
}

const POLICIES = parsePolicies([
  { index: 0, name: 'gold', default: true },
  { index: 1, name: 'Silver' },
]) as StoragePolicies

/** Starts a server; on the store of a twin that crashed, if one is given. */
export async function startAccountServer(
  before?: Pick<AccountServerTwin, 'kv' | 'clock'>,
): Promise<AccountServerTwin> {
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
  const device = await openAccountDevice({
    environment: { clock, random: {} as Random, disk, kv },
    log: silentLogger,
    drive,
    salt: { prefix: '', suffix: 'test' },
    newDevice: 'part_of_new_cluster',
  })
  if (device.kind === 'locked') throw new Error('the device is locked')
  const handler = createAccountServer({
    clock,
    log: silentLogger,
    drive,
    index: device.index,
    policies: POLICIES,
    stamps: new ReportStamps(clock),
    replicaStates: device.replicaStates,
    version: '1.0',
  })
  const send = (method: string, path: string, headers: HeaderMap = {}, body?: string): Promise<Response> =>
    handler(requestOf(method, `/sda1/7${path}`, headers, body))
  return { kv, clock, drive, space, disk, device, handler, send }
}
