/** A container server on an index in memory, and requests to it, for the tests of this room. */
import { speaksBy } from '#backend/index-standing.ts'
import { type Send, sendTo, TEST_POLICIES, type TestDevice, testDevice } from '#backend/test-twins.ts'
import { silentLogger } from '#base/log.ts'
import type { DatabaseName } from '#db/info.ts'
import type { Handler, HeaderMap, Request, Response } from '#http/message.ts'
import type { Endpoint, Transport } from '#http/transport.ts'
import { AccountUpdates } from './account-updates.ts'
import { createContainerServer } from './app.ts'
import { type ContainerDevice, openContainerDevice } from './open-device.ts'

/** What the account servers were asked, and how they answer. */
export class AccountsTwin implements Transport {
  readonly asked: { readonly target: Endpoint; readonly request: Request }[] = []
  status = 201
  /** Of all answers. */
  headers: HeaderMap = {}
  /** Status of single servers, by port. */
  readonly statusOf = new Map<number, number | 'dead'>()

  async send(target: Endpoint, request: Request): Promise<Response> {
    this.asked.push({ target, request })
    const status = this.statusOf.get(target.port) ?? this.status
    if (status === 'dead') throw new Error('connection refused')
    return { status, headers: this.headers, body: undefined }
  }

  async close(): Promise<void> {}
}

export interface ContainerServerTwin extends TestDevice {
  readonly accounts: AccountsTwin
  readonly updates: AccountUpdates
  readonly speaksFor: (container: DatabaseName) => boolean
  readonly device: ContainerDevice
  readonly handler: Handler
  readonly send: Send
}

const SALT = { prefix: '', suffix: 'test' }

/** Starts a server; on the store of a twin that crashed, if one is given. */
export async function startContainerServer(
  before?: Pick<ContainerServerTwin, 'kv' | 'clock'>,
): Promise<ContainerServerTwin> {
  const twin = testDevice(before)
  const { clock, drive, environment } = twin
  const device = await openContainerDevice({
    environment,
    log: silentLogger,
    drive,
    salt: SALT,
    newDevice: 'part_of_new_cluster',
  })
  if (device.kind === 'locked') throw new Error('the device is locked')
  const accounts = new AccountsTwin()
  const { store, index, replicaStates } = device
  const speaksFor = speaksBy(device.ledger, SALT)
  const updates = new AccountUpdates({
    store,
    index,
    speaksFor,
    transport: accounts,
    clock,
    log: silentLogger,
  })
  const handler = createContainerServer({
    clock,
    log: silentLogger,
    drive,
    index,
    policies: TEST_POLICIES,
    accounts: updates,
    replicaStates,
    ledger: device.ledger,
    salt: SALT,
    version: '1.0',
  })
  return { ...twin, accounts, updates, speaksFor, device, handler, send: sendTo(handler) }
}
