/**
 * How long `martlet start` takes until it serves: on an empty folder, with many objects after a clean stop, and with the
 * same objects after `kill -9` of all processes at once, with every leaf directory in use. Serving means that an object
 * (or, on the empty folder, a new container) was answered.
 *
 *     node bench/startup.ts [--objects N] [--data DIR] [--parallel N]
 *
 * The objects and their rows are put there by each device's own engines, unsynced (`fill-device.ts`); three copies on four
 * devices. What
 * the kernel has cached stays cached.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { fillDevices } from './fill-devices.ts'
import { type MartletCluster, startMartlet } from './martlet-cluster.ts'
import { objectName } from './operations.ts'

const [USER, KEY, ACCOUNT, CONTAINER] = ['test:tester', 'testing', 'AUTH_test', 'startup'] as const
/** Enough that every one of the 256 leaf directories of every device is written to. */
const TOUCHED = 3_000
const CONNECTIONS = 16
/** The promise, seconds (`docs/performance.md`). */
const LIMITS = { empty: 2, clean: 5, killed: 30 } as const

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '1000000' },
    data: { type: 'string' },
    parallel: { type: 'string', default: '2' },
  },
})
const objects = Number(values.objects)
const home = values.data ?? mkdtempSync(path.join(tmpdir(), 'martlet-startup-'))
const data = path.join(home, 'data')
async function measure(): Promise<void> {
  const empty = await served('an empty folder', LIMITS.empty, (session) => session.send('PUT', ''))
  await empty.cluster.stop()
  const begunMs = performance.now()
  await fillDevices({
    data,
    account: ACCOUNT,
    container: CONTAINER,
    parallel: Number(values.parallel),
    args: ['--objects', String(objects), '--rows', String(objects)],
  })
  console.log(`${objects} objects in ${seconds(performance.now() - begunMs)}`)
  const readOne = async (session: Session): Promise<Response> => {
    const response = await session.send('GET', `/${objectName(objects - 1)}`)
    await response.arrayBuffer()
    return response
  }
  const clean = await served('a clean stop', LIMITS.clean, readOne)
  await touchEveryLeaf(clean.session)
  process.kill(-clean.cluster.pid, 'SIGKILL')
  await clean.cluster.stop()
  const killed = await served('kill -9', LIMITS.killed, readOne)
  await killed.cluster.stop()
}

/** Starts the cluster and says how long it took until `first` was answered well. */
async function served(
  after: string,
  limitSeconds: number,
  first: (session: Session) => Promise<Response>,
): Promise<{ readonly cluster: MartletCluster; readonly session: Session }> {
  const port = await freePort()
  const begunMs = performance.now()
  const cluster = await startMartlet({ port, data })
  const session = await Session.signIn(cluster.url)
  const response = await first(session)
  const tookMs = performance.now() - begunMs
  if (!response.ok) throw new Error(`the first request was answered ${response.status}`)
  const verdict = tookMs < limitSeconds * 1000 ? 'within' : 'OVER'
  console.log(`after ${after}: ${seconds(tookMs)}, ${verdict} ${limitSeconds} s`)
  return { cluster, session }
}

/** A user of the cluster, over `fetch`. */
class Session {
  readonly #url: string
  readonly #token: string

  private constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  static async signIn(url: string): Promise<Session> {
    const headers = { 'x-auth-user': USER, 'x-auth-key': KEY }
    const response = await fetch(`${url}/auth/v1.0`, { headers })
    await response.arrayBuffer()
    return new Session(url, response.headers.get('x-auth-token') ?? '')
  }

  /** `name` is below the container. */
  send(method: string, name: string, body?: string): Promise<Response> {
    const headers = { 'x-auth-token': this.#token }
    const url = `${this.#url}/v1/${ACCOUNT}/${CONTAINER}${name}`
    return fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
  }
}

async function touchEveryLeaf(session: Session): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < TOUCHED) {
      next += 1
      const response = await session.send('PUT', `/touched-${next}`, 'x')
      if (response.status !== 201) throw new Error(`an upload was answered ${response.status}`)
      await response.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  server.close()
  await once(server, 'close')
  return port
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

try {
  await measure()
} finally {
  if (values.data === undefined) rmSync(home, { recursive: true, force: true })
}
