/**
 * Real processes and disks under steady load, ill-treated: then everything that was acknowledged is compared with what is
 * stored. Short here; `npm run torture -- --minutes M` goes on for longer.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SeededRandom } from '#base/virtual-clock.ts'
import { parseRing } from '#ring/ring-file.ts'
import { misplacedCopies } from '#test/copies.ts'
import { startMemcached } from '#test/memcached.ts'
import { martlet } from '#test/operators/command.ts'
import { havePrograms } from '#test/programs.ts'
import {
  type ClusterOptions,
  type RunningCluster,
  startCluster,
  temporaryDirectory,
} from '#test/running-cluster.ts'
import { Session, TESTER, until } from '#test/session.ts'
import { SteadyLoad } from './steady-load.ts'
import { kill, killEverything, mayMount, ownFilesystem, readOnly, type Torment, wipe } from './torments.ts'

const MINUTES = Number(process.env['MARTLET_TORTURE_MINUTES'] ?? '0.12')
const DURATION_MS = MINUTES * 60_000
const SEED = Number(process.env['MARTLET_SEED'] ?? '1')
const DEVICES = ['d1', 'd2', 'd3', 'd4'] as const
const WHOLE_WITHIN_MS = 240_000
const SMALL_DISK_BYTES = 48 * 2 ** 20
const ROOMY_DISK_BYTES = 2 ** 30

t.setTimeout(DURATION_MS * 6 + 600_000)

interface Scene {
  readonly cluster: RunningCluster
  readonly load: SteadyLoad
}

async function underLoad(t: Test, options: ClusterOptions = {}): Promise<Scene> {
  const cluster = await startCluster(t, options)
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

/** All copies are where the ring wants them, and nowhere else: on the disks, whatever anybody says. */
async function isWhole(t: Test, { cluster: { dataPath } }: Scene): Promise<void> {
  const parsed = parseRing(readFileSync(join(dataPath, 'rings', 'object.ring.gz')))
  if (parsed.kind !== 'ring') throw new Error('the ring of the objects cannot be read')
  const { ring } = parsed
  const folders = DEVICES.map((device) => {
    return { ip: '127.0.0.1', device, path: join(dataPath, 'devices', device) }
  })
  const isSo = async (): Promise<boolean> => {
    await martlet('run', 'replicator', '--once', '--data', dataPath)
    return misplacedCopies(ring, folders).length === 0
  }
  await until(t, 'every object has its copies, and nobody else has any', isSo, WHOLE_WITHIN_MS)
}

/** Other processes die in another order with another `MARTLET_SEED`. */
function anyOf(devices: readonly string[]): readonly string[] {
  const random = new SeededRandom(SEED)
  return Array.from({ length: 1000 }, () => devices[random.below(devices.length)] ?? '')
}

t.test('processes are killed at random, and memcached goes for good', async (t) => {
  const memcached = havePrograms(t, 'memcached') ? await startMemcached(t) : undefined
  const address = `127.0.0.1:${memcached?.port}`
  const scene = await underLoad(t, memcached && { config: `[proxy]\nmemcached = ["${address}"]\n` })
  t.comment(`MARTLET_SEED=${SEED}`)
  const kills = goOn(scene, kill, anyOf(DEVICES), 700)
  await pause(DURATION_MS / 2)
  memcached?.child.kill('SIGKILL')
  t.ok((await kills) > 0, `${await kills} kills`)
  await nothingIsLost(t, scene)
  await isWhole(t, scene)
})

t.test('everything is killed at once, several times', async (t) => {
  const dataPath = join(temporaryDirectory(t), 'data')
  for (let round = 0; round < 2; round += 1) {
    const scene = await underLoad(t, { dataPath })
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
  await isWhole(t, scene)
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
  return await underLoad(t, { dataPath })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
