/** A container server on an index in memory, and requests to it, for the tests of this room. */
import { Drive } from '#backend/drive-state.ts'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import { directoriesDisk, requestOf, roomySpace, type TestSpace } from '#backend/test-twins.ts'
import type { Disk, Environment, Random } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { type Handler, type HeaderMap, type Request, type Response } from '#http/message.ts'
import type { Endpoint, Transport } from '#http/transport.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { AccountUpdates } from './account-updates.ts'
import { createContainerServer } from './app.ts'
import { type ContainerDevice, openContainerDevice } from './open-device.ts'

/** What the account servers were asked, and how they answer. */
export class AccountsTwin implements Transport {
  readonly asked: { readonly target: Endpoint; readonly request: Request }[] = []
  status = 201
  /** Status of single servers, by port. */
  readonly statusOf = new Map<number, number | 'dead'>()

  async send(target: Endpoint, request: Request): Promise<Response> {
    this.asked.push({ target, request })
    const status = this.statusOf.get(target.port) ?? this.status
    if (status === 'dead') throw new Error('connection refused')
    return { status, headers: {}, body: undefined }
  }

  async close(): Promise<void> {}
}

export interface ContainerServerTwin {
  readonly kv: MemoryKv
  readonly clock: VirtualClock
  readonly drive: Drive
  readonly space: TestSpace
  readonly disk: Disk
  readonly accounts: AccountsTwin
  readonly updates: AccountUpdates
  readonly device: ContainerDevice
  readonly handler: Handler
  /** Sends a request; `path` is below `/sda1/7`, with the query if any. */
  send(method: string, path: string, headers?: HeaderMap, body?: string): Promise<Response>
}

const POLICIES = parsePolicies([
  { index: 0, name: 'gold', default: true },
  { index: 1, name: 'silver' },
]) as StoragePolicies

/** Starts a server; on the store of a twin that crashed, if one is given. */
export async function startContainerServer(
  before?: Pick<ContainerServerTwin, 'kv' | 'clock'>,
): Promise<ContainerServerTwin> {
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
  const environment: Environment = { clock, random: {} as Random, disk, kv }
  const salt = { prefix: '', suffix: 'test' }
  const opened = await openContainerDevice({
    environment,
    log: silentLogger,
    drive,
    salt,
    newDevice: 'part_of_new_cluster',
  })
  if (opened.kind === 'locked') throw new Error('the device is locked')
  const accounts = new AccountsTwin()
  const { store, index, replicaStates } = opened
  const updates = new AccountUpdates({ store, index, transport: accounts, clock, log: silentLogger })
  const handler = createContainerServer({
    clock,
    log: silentLogger,
    drive,
    index,
    policies: POLICIES,
    accounts: updates,
    replicaStates,
    version: '1.0',
  })
  const send = (method: string, path: string, headers: HeaderMap = {}, body?: string): Promise<Response> =>
    handler(requestOf(method, `/sda1/7${path}`, headers, body))
  return { kv, clock, drive, space, disk, accounts, updates, device: opened, handler, send }
}
