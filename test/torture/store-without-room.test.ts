/**
 * The filesystem of a device has no byte left, for its LevelDBs neither: what was acknowledged stays, clients are served
 * by the others, and the device comes back by itself once there is room.
 */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type RunningCluster, startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER, until } from '#test/session.ts'
import { SteadyLoad } from './steady-load.ts'
import { mayMount, ownFilesystem } from './torments.ts'

t.setTimeout(400_000)

const DEVICE = 'd1'
const DISK_BYTES = 64 * 2 ** 20
/** Without a reserve nothing keeps the device from its last byte. */
const CONFIG = '[storage]\nfallocate_reserve = "0"\n'
const WITHIN_MS = 120_000

t.test('a device whose LevelDB gets ENOSPC loses nothing and comes back', async (t) => {
  if (!mayMount()) return void t.pass('needs root', { skip: 'needs root' })
  const dataPath = join(temporaryDirectory(t), 'data')
  const path = join(dataPath, 'devices', DEVICE)
  mkdirSync(path, { recursive: true })
  t.teardown(ownFilesystem(path, DISK_BYTES))
  const cluster = await startCluster(t, { dataPath, config: CONFIG })
  const session = await Session.signIn(cluster.url, TESTER)
  const load = await SteadyLoad.start(session)
  t.teardown(() => load.stop())
  await until(t, 'there is something to lose', async () => load.figures.acknowledged > 60, WITHIN_MS)
  const before = cluster.devices.get(DEVICE)

  const ballast = fillUp(join(path, 'ballast'))
  await until(t, 'its LevelDB fails', async () => failures(cluster).length > 0, WITHIN_MS)
  const { acknowledged } = load.figures
  await until(t, 'the others go on', async () => load.figures.acknowledged > acknowledged + 60, WITHIN_MS)
  t.equal(cluster.devices.get(DEVICE), before, 'it is not started again while there is no room')

  rmSync(ballast)
  await until(t, 'its process is started anew', async () => isAnother(cluster, before), WITHIN_MS)
  const files = filesBelow(join(path, 'objects'))
  await until(t, 'and takes writes', async () => filesBelow(join(path, 'objects')) > files, WITHIN_MS)
  await load.stop()
  const { names, lost } = await load.compare(await Session.signIn(cluster.url, TESTER))
  t.same(lost, [], `${names} names are what they were said to be`)
  t.equal(failures(cluster).length, 1, 'it failed once')
})

/** Takes what is free to the last byte. */
function fillUp(path: string): string {
  const file = openSync(path, 'w')
  for (let bytes = 2 ** 20; bytes >= 1; ) {
    try {
      writeSync(file, Buffer.alloc(bytes, 1))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      bytes = Math.floor(bytes / 2)
    }
  }
  closeSync(file)
  return path
}

/** What was logged when the device went out of use. */
function failures({ martlet }: RunningCluster): readonly string[] {
  return martlet.output.split('\n').filter((line) => line.includes('the device is out of use'))
}

function isAnother({ devices }: RunningCluster, before: number | undefined): boolean {
  const pid = devices.get(DEVICE)
  return pid !== undefined && pid !== before
}

function filesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true }).length
}
