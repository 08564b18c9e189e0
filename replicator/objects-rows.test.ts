/** Container rows that wait on a device for so long that their object is somewhere else when they can be told. */
import t from 'tap'
import type { Timestamp } from '#base/timestamp.ts'
import { putObject, update } from '#object-server/engine-contract.ts'
import type { PendingStats } from '#object-server/pending-rows.ts'

import { DAY_MS, type Machine, ObjectDevices } from './testing/object-devices.ts'

const NAME = '/a/c/o'
const CONTAINER = { host: '10.0.0.9', port: 6201 }

interface Scene {
  readonly devices: ObjectDevices
  /** Took the object in the place of others, with a row that nobody could be told. */
  readonly standIn: Machine
  readonly told: string[]
  readonly at: Timestamp
  readonly deliver: () => Promise<PendingStats>
  /** Every device runs, and all see each other. */
  readonly days: (count: number) => Promise<void>
}

async function inScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  const devices = await ObjectDevices.start()
  const standIn = devices.placed(NAME).others[0] as Machine
  const told: string[] = []
  devices.containers = [{ host: `${CONTAINER.host}:${CONTAINER.port}`, device: 'sdc' }]
  const at = devices.now()
  await putObject(devices.engine(standIn), at, 'body', { name: NAME, updates: [update('o', at)] })
  await body({
    devices,
    standIn,
    told,
    at,
    deliver: async () => {
      devices.network.register(CONTAINER, async ({ method, path }) => {
        told.push(`${method} ${path}`)
        return { status: 201, headers: {}, body: undefined }
      })
      return (await standIn.running?.service.deliverPending()) as PendingStats
    },
    days: async (count) => {
      for (let day = 0; day < count; day += 1) {
        await devices.clock.advance(DAY_MS)
        await devices.passes()
      }
    },
  })
  await devices.closeAll()
}

t.test('a copy tells the row that only a lost disk knew, unless it was told long ago', async (t) => {
  const devices = await ObjectDevices.start()
  const told: string[] = []
  devices.containers = [{ host: `${CONTAINER.host}:${CONTAINER.port}`, device: 'sdc' }]
  devices.network.register(CONTAINER, async ({ method, path }) => {
    told.push(`${method} ${path}`)
    return { status: 201, headers: {}, body: undefined }
  })
  const [one, other, copying] = devices.placed(NAME).primaries as [Machine, Machine, Machine]
  await devices.put([one, other], NAME, 'body')
  await devices.pass(copying)
  t.match(await copying.running?.service.deliverPending(), { delivered: 1 })
  await devices.delete([one, other], NAME)
  await devices.pass(copying)
  t.match(await copying.running?.service.deliverPending(), { delivered: 1 })
  t.same(told, ['PUT /sdc/0/a/c/o', 'DELETE /sdc/0/a/c/o'])
  await devices.put([one, other], NAME, 'again')
  for (let day = 0; day < 8; day += 1) {
    await devices.clock.advance(DAY_MS)
    await devices.pass(one)
    await devices.pass(other)
  }
  await devices.wipe(copying)
  await devices.open(copying)
  await devices.pass(copying)
  t.equal(await devices.holds(copying, NAME), 'again')
  t.match(await copying.running?.service.deliverPending(), { delivered: 0, waiting: 0 })
  await devices.closeAll()
})

t.test('a row that is older than tombstones is told when its object was handed over', (t) =>
  inScene(async ({ devices, standIn, told, deliver, days }) => {
    await devices.passes(2)
    t.equal(await devices.holds(standIn, NAME), 'missing')
    await days(8)
    t.match(await deliver(), { delivered: 1, dropped: 0, waiting: 0 })
    t.same(told, ['PUT /sdc/0/a/c/o'])
  }),
)

t.test('it is dropped when the object was deleted by those it was handed to', (t) =>
  inScene(async ({ devices, told, deliver, days }) => {
    await devices.passes(2)
    await days(7)
    await devices.delete(devices.placed(NAME).primaries, NAME)
    await days(1)
    t.match(await deliver(), { delivered: 0, dropped: 1, waiting: 0 })
    t.same(told, [])
  }),
)

t.test('it waits while a majority of the primaries cannot be asked', (t) =>
  inScene(async ({ devices, deliver, days }) => {
    await devices.passes(2)
    await days(8)
    const [, ...away] = devices.placed(NAME).primaries
    for (const machine of away) devices.disconnect(machine)
    t.match(await deliver(), { delivered: 0, dropped: 0, waiting: 1 })
    for (const machine of away) devices.connect(machine)
    await devices.clock.advance(60_000)
    t.match(await deliver(), { delivered: 1, waiting: 0 })
  }),
)
