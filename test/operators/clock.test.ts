/**
 * A whole cluster on a machine whose clock is wrong: what was acknowledged is read and can be written, nothing is given up or
 * deleted for its age, and the operator is told. The marks on its devices are set ahead, which is the same as setting the clock
 * back.
 */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ClusterStatus } from '#cli/status-summary.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER, until } from '#test/session.ts'
import { martlet } from './command.ts'

t.setTimeout(600_000)

const DAY_MS = 86_400_000
/** Shorter than an absence after which replicas do not vote. */
const AHEAD_MS = 3 * DAY_MS

/** As processes leave them that believed this time: that of the device, and that of its proxy. */
async function setMarks(dataPath: string, timeMs: number): Promise<void> {
  for (const device of await readdir(join(dataPath, 'devices'))) {
    await writeFile(join(dataPath, 'devices', device, 'time'), `${timeMs}\n`)
    await writeFile(join(dataPath, 'devices', device, 'clock'), `${(timeMs / 1000).toFixed(5)}\n`)
  }
}

async function problemsOf(dataPath: string): Promise<readonly string[]> {
  const { output } = await martlet('status', '--json', '--data', dataPath)
  return (JSON.parse(output) as ClusterStatus).problems
}

/** An object that was there is read, written over and deleted, and new ones are listed. */
async function isInService(t: Test, session: Session): Promise<void> {
  t.equal((await session.request('GET', '/box/kept')).body.toString(), 'kept')
  for (const body of ['first', 'second']) {
    const put = await session.request('PUT', '/box/changed', { body: Buffer.from(body) })
    t.equal(put.status, 201)
  }
  t.equal((await session.request('GET', '/box/changed')).body.toString(), 'second')
  t.equal((await session.request('PUT', '/box/new', { body: Buffer.from('new') })).status, 201)
  const listed = async (): Promise<boolean> =>
    (await session.request('GET', '/box')).body.toString().includes('new')
  await until(t, 'it is listed', listed)
  t.equal((await session.request('DELETE', '/box/new')).status, 204)
  t.equal((await session.request('GET', '/box/new')).status, 404)
}

t.test('a clock that was set back by three days', async (t) => {
  const dataPath = join(temporaryDirectory(t), 'data')
  const before = await startCluster(t, { dataPath })
  const session = await Session.signIn(before.url, TESTER)
  await session.request('PUT', '/box')
  t.equal((await session.request('PUT', '/box/kept', { body: Buffer.from('kept') })).status, 201)
  await before.stop()
  const ahead = Date.now() + AHEAD_MS
  await setMarks(dataPath, ahead)
  const cluster = await startCluster(t, { dataPath })
  const signedIn = await Session.signIn(cluster.url, TESTER)
  await isInService(t, signedIn)
  const { headers } = await signedIn.request('HEAD', '/box/changed')
  t.ok(Number(headers['x-timestamp']) * 1000 > ahead, 'what is written is later than all before')
  const told = (await problemsOf(dataPath)).filter((problem) => problem.includes('its clock is'))
  t.equal(told.length, 4, 'of each device')
  for (const problem of told) t.match(problem, /its clock is [23] d.* behind the time that it had before/)
  for (const [worker, waiting] of [
    ['expirer', 'held_by_clock'],
    ['replicator', 'reclaims_held_by_clock'],
    ['database-replicator', 'reclaims_held_by_clock'],
  ] as const)
    t.match((await martlet('run', worker, '--once', '--json', '--data', dataPath)).output, `"${waiting}":`)
})
