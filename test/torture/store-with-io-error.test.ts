/**
 * A sync of a LevelDB's log fails once with EIO: the device is out of use until its process is started again by somebody,
 * because nobody can say what the disk holds; the others serve its clients, and what was acknowledged stays.
 */
import { spawn } from 'node:child_process'
import t, { type Test } from 'tap'
import { havePrograms } from '#test/programs.ts'
import { type RunningCluster, signal, startCluster } from '#test/running-cluster.ts'
import { Session, TESTER, until } from '#test/session.ts'
import { SteadyLoad } from './steady-load.ts'

t.setTimeout(400_000)

const DEVICE = 'd1'
const WITHIN_MS = 120_000
/** More than the time after which a device without room would be looked at again. */
const LEFT_ALONE_MS = 8_000

t.test('a device whose LevelDB gets EIO loses nothing, and waits for somebody to look', async (t) => {
  if (!havePrograms(t, 'strace')) return
  const cluster = await startCluster(t)
  const load = await SteadyLoad.start(await Session.signIn(cluster.url, TESTER))
  t.teardown(() => load.stop())
  await until(t, 'there is something to lose', async () => load.figures.acknowledged > 60, WITHIN_MS)
  const before = cluster.devices.get(DEVICE) ?? 0

  failNextSync(t, before)
  await until(t, 'its LevelDB fails', async () => failures(cluster).length > 0, WITHIN_MS)
  const { acknowledged } = load.figures
  await until(t, 'the others go on', async () => load.figures.acknowledged > acknowledged + 60, WITHIN_MS)
  await new Promise((resolve) => setTimeout(resolve, LEFT_ALONE_MS))
  t.equal(cluster.devices.get(DEVICE), before, 'it is not started again by itself')

  signal(before, 'SIGTERM')
  await until(t, 'somebody starts it again', async () => isAnother(cluster, before), WITHIN_MS)
  await load.stop()
  const { names, lost } = await load.compare(await Session.signIn(cluster.url, TESTER))
  t.same(lost, [], `${names} names are what they were said to be`)
  t.equal(failures(cluster).length, 1, 'it failed once')
})

/** LevelDB syncs by `fdatasync`; our own files are synced by `fsync`. */
function failNextSync(t: Test, pid: number): void {
  const inject = 'inject=fdatasync:error=EIO:when=1'
  const strace = spawn('strace', [
    '-f',
    '-p',
    String(pid),
    '-e',
    'trace=fdatasync',
    '-e',
    inject,
    '-o',
    '/dev/null',
  ])
  t.teardown(() => strace.kill())
}

/** What was logged when the device went out of use. */
function failures({ martlet }: RunningCluster): readonly string[] {
  return martlet.output.split('\n').filter((line) => line.includes('the device is out of use'))
}

function isAnother({ devices }: RunningCluster, before: number): boolean {
  const pid = devices.get(DEVICE)
  return pid !== undefined && pid !== before
}
