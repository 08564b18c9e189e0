/**
 * Containers in the place of others on a device that is away for longer than deletions are remembered: rows that were deleted
 * meanwhile do not come back with it, and others are not lost with it.
 */
import t from 'tap'
import {
  DAY_MS,
  type DatabaseDevice,
  DatabaseDevices,
  gone,
  listed,
  object,
  write,
} from './testing/database-devices.ts'

const HOUR_MS = 3_600_000

interface Scene {
  readonly cluster: DatabaseDevices
  readonly primaries: readonly number[]
  readonly handoff: number
}

/** A handoff that has a row of a container since long, and was in touch with two of its primaries lately. */
async function handoffAtWork(): Promise<Scene> {
  const cluster = await DatabaseDevices.start({ devices: 4, replicas: 3 })
  const primaries = cluster.primariesOf('c')
  const [handoff] = [0, 1, 2, 3].filter((at) => !primaries.includes(at)) as [number]
  for (const at of [...primaries, handoff])
    await write(cluster.device(at), cluster.time(9000), [object('kept', cluster.time(8000))])
  cluster.stop(primaries[2] as number)
  await cluster.passes()
  await cluster.clock.advance(2 * HOUR_MS)
  await cluster.passes()
  cluster.restart(primaries[2] as number)
  await cluster.clock.advance(1000)
  return { cluster, primaries, handoff }
}

async function writeTo(
  { cluster }: Scene,
  devices: readonly number[],
  row: ReturnType<typeof object>,
): Promise<void> {
  for (const at of devices) await write(cluster.device(at), row.dataTimestamp, [row])
}

async function daysPass({ cluster, primaries }: Scene, days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    await cluster.clock.advance(DAY_MS)
    for (const at of primaries) await cluster.device(at).containers.stampAlive()
    for (const at of primaries) await cluster.pass(at)
  }
}

async function comesBack({ cluster, handoff }: Scene): Promise<DatabaseDevice> {
  const back = await cluster.crash(handoff)
  cluster.restart(handoff)
  await cluster.passes(3)
  return back
}

t.test('a row that was deleted after its last touch does not come back', async (t) => {
  const scene = await handoffAtWork()
  const { cluster, primaries, handoff } = scene
  await writeTo(scene, [handoff], object('deleted', cluster.time()))
  cluster.stop(handoff)
  await cluster.clock.advance(12_000)
  await writeTo(scene, primaries, gone('deleted', cluster.time()))
  await daysPass(scene, 12)
  const back = await comesBack(scene)
  for (const at of primaries) t.same(await listed(cluster.device(at)), ['kept'])
  t.same(await listed(back), [])
})

t.test('a row whose deletion nobody gave up is handed over', async (t) => {
  const scene = await handoffAtWork()
  const { cluster, primaries, handoff } = scene
  await writeTo(scene, [handoff], object('mine', cluster.time()))
  cluster.stop(handoff)
  await daysPass(scene, 12)
  await comesBack(scene)
  for (const at of primaries) t.same(await listed(cluster.device(at)), ['kept', 'mine'])
})

t.test('one that runs and hears nobody for long brings nothing back either', async (t) => {
  const scene = await handoffAtWork()
  const { cluster, primaries, handoff } = scene
  await writeTo(scene, [handoff], object('deleted', cluster.time()))
  cluster.stop(handoff)
  await cluster.clock.advance(12_000)
  await writeTo(scene, primaries, gone('deleted', cluster.time()))
  for (let day = 0; day < 12; day += 1) {
    await daysPass(scene, 1)
    await cluster.device(handoff).containers.stampAlive()
  }
  cluster.restart(handoff)
  await cluster.passes(3)
  for (const at of primaries) t.same(await listed(cluster.device(at)), ['kept'])
})

t.test('a row that was deleted while its copy waited for one primary does not come back', async (t) => {
  const cluster = await DatabaseDevices.start({ devices: 4, replicas: 3 })
  const primaries = cluster.primariesOf('c')
  const [handoff] = [0, 1, 2, 3].filter((at) => !primaries.includes(at)) as [number]
  const [away, ...up] = primaries as [number, number, number]
  for (const at of [...primaries, handoff])
    await write(cluster.device(at), cluster.time(9000), [object('kept', cluster.time(8000))])
  const scene = { cluster, primaries: up, handoff }
  await writeTo(scene, [...up, handoff], object('deleted', cluster.time()))
  cluster.stop(away)
  await cluster.pass(handoff)
  await cluster.clock.advance(12_000)
  // The stand-in is not asked: it did not answer for a moment.
  await writeTo(scene, up, gone('deleted', cluster.time()))
  for (let day = 0; day < 12; day += 1) {
    await daysPass(scene, 1)
    for (const at of [away, handoff]) await cluster.device(at).containers.stampAlive()
    await cluster.pass(handoff)
  }
  cluster.restart(away)
  await cluster.pass(away)
  // Rows are given up once a day.
  await cluster.clock.advance(DAY_MS)
  for (const at of primaries) await cluster.pass(at)
  for (const at of primaries) await cluster.pass(at)
  await cluster.passes(3)
  for (const at of primaries) t.same(await listed(cluster.device(at)), ['kept'])
})
