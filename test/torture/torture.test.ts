/**
 * Real processes and disks under steady load, ill-treated: then everything that was acknowledged is compared with what is
 * stored. Short here; `npm run torture -- --minutes M` goes on for longer.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type RunningCluster, startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER } from '#test/session.ts'
import { SteadyLoad } from './steady-load.ts'
import { kill, killEverything, mayMount, ownFilesystem, readOnly, type Torment, wipe } from './torments.ts'

const MINUTES = Number(process.env['MARTLET_TORTURE_MINUTES'] ?? '0.12')
const DURATION_MS = MINUTES * 60_000
const SMALL_DISK_BYTES = 48 * 2 ** 20
const ROOMY_DISK_BYTES = 2 ** 30

t.setTimeout(DURATION_MS * 6 + 600_000)

interface Scene {
  readonly cluster: RunningCluster
  readonly load: SteadyLoad
}

async function underLoad(t: Test, dataPath?: string): Promise<Scene> {
  const cluster = await startCluster(t, dataPath === undefined ? {} : { dataPath })
  const load = await SteadyLoad.start(await Session.signIn(cluster.url, TESTER))
  t.teardown(() => load.stop())
  return { cluster, load }
}

async function nothingIsLost(t: Test, { cluster, load }: Scene): Promise<void> {
  await load.stop()
  const { names, lost } = await load.compare(await Session.signIn(cluster.url, TESTER))
  const { requests, acknowledged, uncertain } = load.figures
  t.ok(acknowledged > 20, `${requests} requests, ${acknowledged} acknowledged, ${uncertain} uncertain`)
  t.same(lost, [], `${names} names are what they were said to be`)
}

/** The torment again and again, on one device after the other, for as long as the test goes on. */
async function goOn(
  { cluster }: Scene,
  torment: Torment,
  devices: readonly string[],
  pauseMs: number,
): Promise<number> {
  const untilMs = performance.now() + DURATION_MS
  let count = 0
  for (; performance.now() < untilMs; count += 1) {
    await pause(pauseMs)
    await torment(cluster, devices[count % devices.length] ?? 'd1')
  }
  return count
}

t.test('processes are killed again and again', async (t) => {
  const scene = await underLoad(t)
  const kills = await goOn(scene, kill, ['d2', 'd4', 'd1', 'd3'], 700)
  t.ok(kills > 0, `${kills} kills`)
  await nothingIsLost(t, scene)
})

t.test('everything is killed at once, several times', async (t) => {
  const dataPath = join(temporaryDirectory(t), 'data')
  for (let round = 0; round < 2; round += 1) {
    const scene = await underLoad(t, dataPath)
    await pause(DURATION_MS / 3)
    await killEverything(scene.cluster)
    await scene.load.stop()
    const again = await startCluster(t, { dataPath })
    await nothingIsLost(t, { cluster: again, load: scene.load })
    await again.stop()
  }
})

t.test('a device is wiped', async (t) => {
  const scene = await underLoad(t)
  await pause(DURATION_MS / 3)
  await wipe(scene.cluster, 'd3')
  await pause(DURATION_MS / 3)
  await nothingIsLost(t, scene)
})

t.test('a device is read-only for a while', async (t) => {
  if (!mayMount()) return void t.pass('needs root', { skip: 'needs root' })
  const scene = await withSmallDevice(t, ROOMY_DISK_BYTES)
  await pause(DURATION_MS / 3)
  await readOnly(scene.cluster, 'd1')
  await pause(DURATION_MS / 3)
  await nothingIsLost(t, scene)
})

t.test('a device is full', async (t) => {
  if (!mayMount()) return void t.pass('needs root', { skip: 'needs root' })
  const scene = await withSmallDevice(t, SMALL_DISK_BYTES)
  const session = await Session.signIn(scene.cluster.url, TESTER)
  await session.request('PUT', '/ballast')
  const piece = Buffer.alloc(4 * 2 ** 20, 1)
  const refused: number[] = []
  for (let at = 0; at < 16; at += 1) {
    const { status } = await session.request('PUT', `/ballast/piece-${at}`, { body: piece })
    if (status !== 201) refused.push(status)
  }
  t.same(refused, [], 'what does not fit there is put elsewhere')
  await nothingIsLost(t, scene)
})

/** A cluster whose first device has a filesystem of its own. */
async function withSmallDevice(t: Test, sizeBytes: number): Promise<Scene> {
  const dataPath = join(temporaryDirectory(t), 'data')
  const first = await startCluster(t, { dataPath })
  await first.stop()
  const path = join(dataPath, 'devices', 'd1')
  mkdirSync(path, { recursive: true })
  t.teardown(ownFilesystem(path, sizeBytes))
  return await underLoad(t, dataPath)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
