/** A cluster of `martlet start` gets a fifth device while it runs: by a pushed ring alone. */
import { join } from 'node:path'
import t from 'tap'
import { run } from '#test/programs.ts'
import { MARTLET, startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER, until } from '#test/session.ts'

t.setTimeout(360_000)

const OBJECTS = 40
const SERVED_WITHIN_MS = 120_000

t.test('a device in a pushed ring gets a directory, a process and its share', async (t) => {
  const cluster = await startCluster(t)
  const session = await Session.signIn(cluster.url, TESTER)
  await session.request('PUT', '/box')
  for (let at = 0; at < OBJECTS; at += 1)
    await session.request('PUT', `/box/object-${at}`, { body: Buffer.from(`object ${at}`) })
  const directory = temporaryDirectory(t)
  const martlet = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(process.execPath, [MARTLET, ...args], { directory })
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`)
    return stdout
  }
  // Any port that is free on this machine; the others lie where the cluster looked for theirs.
  const port = String(20_000 + (process.pid % 10_000))
  await martlet('ring', 'import', join(cluster.dataPath, 'rings', 'object.ring.gz'), 'object.builder')
  await martlet('ring', 'add', 'object.builder', `r1z5-127.0.0.1:${port}/d5`, '100')
  await martlet('ring', 'rebalance', 'object.builder', '--seed', '1')
  await run(process.execPath, [MARTLET, 'ring', 'push', 'object.ring.gz', '--data', cluster.dataPath], {
    directory,
  })
  await until(t, 'it has a process', () => cluster.devices.has('d5'), SERVED_WITHIN_MS)
  const objectsOnIt = async (): Promise<number> => {
    const { devices } = JSON.parse(await martlet('status', '--json', '--data', cluster.dataPath)) as {
      devices: readonly { device: string; figures?: { objects: readonly { records: number }[] } }[]
    }
    return devices.find(({ device }) => device === 'd5')?.figures?.objects[0]?.records ?? 0
  }
  await until(t, 'it has objects', async () => (await objectsOnIt()) > 5, SERVED_WITHIN_MS)
  for (let at = 0; at < OBJECTS; at += 1)
    t.equal((await session.request('GET', `/box/object-${at}`)).body.toString(), `object ${at}`)
})
