/** The store with the real memcached, which is killed under load: no request fails for it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { connectTcp } from '#http/tcp-client.ts'
import { MemcachedClient } from '#store/memcached-client.ts'
import { havePrograms } from '../programs.ts'
import { CONTAINER, get, makeContainer, put } from './actions.ts'
import { MemoryCluster } from './memory-cluster.ts'

interface Running {
  readonly process: ChildProcess
  readonly port: number
}

/** A memcached on a port that the kernel picks. */
async function startMemcached(t: Test): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'martlet-memcached-'))
  const portFile = join(directory, 'port')
  const server = spawn(
    'memcached',
    ['-l', '127.0.0.1', '-p', '-1', '-U', '0', '-u', userInfo().username, '-m', '16'],
    {
      env: { ...process.env, MEMCACHED_PORT_FILENAME: portFile },
      stdio: 'ignore',
    },
  )
  t.teardown(() => {
    server.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })
  for (let waits = 0; waits < 200; waits += 1) {
    const port = portIn(portFile)
    if (port !== undefined) return { process: server, port }
    await sleep(20)
  }
  throw new Error('memcached did not start')
}

function portIn(file: string): number | undefined {
  try {
    const written = /TCP INET: (\d+)/.exec(readFileSync(file, 'utf8'))?.[1]
    return written === undefined ? undefined : Number(written)
  } catch {
    return undefined
  }
}

t.test('proxies share what they know, forget together, and go on without memcached', async (t) => {
  if (!havePrograms(t, 'memcached')) return
  const { process: server, port } = await startMemcached(t)
  const clients = [1, 2].map(() => {
    const options = { servers: [{ host: '127.0.0.1', port }], connect: connectTcp, clock: realClock }
    return new MemcachedClient({ ...options, log: silentLogger })
  })
  t.teardown(() => clients.forEach((client) => client.close()))
  const cluster = await MemoryCluster.start({ store: { shared: clients[0] } })
  t.teardown(() => cluster.close())
  const other = await cluster.anotherProxy({ store: { shared: clients[1] } })
  const { store, context, network } = cluster
  await makeContainer(cluster)
  await store.containers.post(context, CONTAINER, { 'x-container-read': '.r:*' })
  const shared = clients[1] as MemcachedClient
  t.equal(await shared.get('container/AUTH_test/c'), undefined, 'what was just changed is not kept')
  t.match(await store.containers.info(context, CONTAINER), { readAcl: '.r:*' })

  await put(cluster, 'o', 'x')
  const fresh = { ...CONTAINER, container: 'kept' }
  await shared.add(
    'container/AUTH_test/kept',
    JSON.stringify({ kind: 'exists', info: { readAcl: 'from memcached' } }),
    60,
  )
  let asked = 0
  network.inject((_, { path }) => {
    if (path.endsWith('/kept')) asked += 1
    return undefined
  })
  t.match(await other.containers.info(context, fresh), { readAcl: 'from memcached' })
  t.equal(asked, 0, 'nobody else was asked')

  let failures = 0
  let reads = 0
  const load = Array.from({ length: 4 }, async (_, reader) => {
    for (let at = 0; at < 100; at += 1) {
      const name = { ...CONTAINER, container: `other-${reader}-${at}` }
      if ((await store.containers.info(context, name)) !== undefined) failures += 1
      if ((await get(cluster, 'o')).kind !== 'found') failures += 1
      reads += 1
      if (reads === 100) server.kill('SIGKILL')
    }
  })
  await Promise.all(load)
  t.equal(failures, 0)
  t.equal(reads, 400)
  t.match(await store.containers.post(context, CONTAINER, { 'x-container-read': '' }), { kind: 'updated' })
  t.equal((await store.containers.info(context, CONTAINER))?.readAcl, undefined)
})
