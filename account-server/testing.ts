/** An account server on an index in memory, and requests to it, for the tests of this room. */
import { type Send, sendTo, TEST_POLICIES, type TestDevice, testDevice } from '#backend/test-twins.ts'
import { silentLogger } from '#base/log.ts'
import type { Handler } from '#http/message.ts'
import { createAccountServer } from './app.ts'
import { type AccountDevice, openAccountDevice } from './open-device.ts'
import { ReportStamps } from './report-stamps.ts'

export interface AccountServerTwin extends TestDevice {
  readonly device: AccountDevice
  readonly handler: Handler
  readonly send: Send
}

const SALT = { prefix: '', suffix: 'test' }

/** Starts a server; on the store of a twin that crashed, if one is given. */
export async function startAccountServer(
  before?: Pick<AccountServerTwin, 'kv' | 'clock'>,
): Promise<AccountServerTwin> {
  const twin = testDevice(before)
  const { clock, drive, environment } = twin
  const device = await openAccountDevice({
    environment,
    log: silentLogger,
    drive,
    salt: SALT,
    newDevice: 'part_of_new_cluster',
  })
  if (device.kind === 'locked') throw new Error('the device is locked')
  const handler = createAccountServer({
    clock,
    log: silentLogger,
    drive,
    index: device.index,
    policies: TEST_POLICIES,
    stamps: new ReportStamps(clock),
    replicaStates: device.replicaStates,
    ledger: device.ledger,
    salt: SALT,
    version: '1.0',
  })
  return { ...twin, device, handler, send: sendTo(handler) }
}
