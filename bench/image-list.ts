/**
 * What a page of a large image registry takes, on a cluster of its own (`martlet start`): makes so many images, then asks
 * for pages with filters, one after the other and by several at once, and tells the time, the processor time of all
 * processes, and what the cluster uses while it is left alone.
 *
 *     node bench/image-list.ts [--images 10000] [--pages 200] [--data DIR]
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { usageOf } from './process-usage.ts'

const MARTLET = fileURLToPath(new URL('../cli/martlet.mjs', import.meta.url))
const WRITERS = 16
const READERS = 8

const QUERIES = [
  'limit=100',
  'limit=100&name=image 777',
  'limit=100&colour=red&sort_key=name&sort_dir=asc',
  'limit=100&tag=fine&disk_format=qcow2',
  'limit=100&sort=name:asc,size:desc',
  'limit=100&visibility=shared&created_at=gt:2020-01-01T00:00:00Z',
  'limit=1000',
]

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '10000' },
    pages: { type: 'string', default: '200' },
    data: { type: 'string' },
  },
})
const agent = new Agent({ connections: WRITERS })

interface Registry {
  readonly url: string
  readonly token: string
  /** The process that started the others. */
  readonly pid: number
}

/** Until the quick auditors have looked at what was made (the full ones go on), and how long is measured then, milliseconds without a request. */
const SETTLE_MS = 60_000
const IDLE_MS = 20_000

async function ask(
  { url, token }: Registry,
  method: 'GET' | 'POST',
  path: string,
  json?: object,
): Promise<unknown> {
  const { statusCode, body } = await request(`${url}/image/v2/${path}`, {
    dispatcher: agent,
    method,
    headers: { 'x-auth-token': token, 'content-type': 'application/json' },
    body: json === undefined ? null : JSON.stringify(json),
  })
  const answer: unknown = await body.json()
  if (statusCode >= 300) throw new Error(`${method} ${path}: ${statusCode} ${JSON.stringify(answer)}`)
  return answer
}

/** Several at once, each with the next number until there is none. */
async function inLanes(lanes: number, count: number, work: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1
      await work(next - 1)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

function image(at: number): object {
  return {
    name: `image ${at}`,
    disk_format: at % 3 === 0 ? 'qcow2' : 'raw',
    container_format: 'bare',
    visibility: at % 2 === 0 ? 'shared' : 'private',
    tags: at % 5 === 0 ? ['fine'] : [],
    colour: at % 7 === 0 ? 'red' : 'blue',
  }
}

async function measure(registry: Registry, query: string, lanes: number): Promise<string> {
  const times: number[] = []
  const before = usageOf([registry.pid]).cpuSeconds
  await inLanes(lanes, Number(values.pages), async () => {
    const begun = performance.now()
    await ask(registry, 'GET', `images?${encodeURI(query)}`)
    times.push(performance.now() - begun)
  })
  times.sort((one, other) => one - other)
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1)
  const cpuMs = ((usageOf([registry.pid]).cpuSeconds - before) * 1000) / times.length
  return `${at(0.5)} / ${at(0.99)} / ${cpuMs.toFixed(1)}`
}

async function run(registry: Registry): Promise<void> {
  const begun = performance.now()
  await inLanes(WRITERS, Number(values.images), (at) => ask(registry, 'POST', 'images', image(at)))
  const seconds = (performance.now() - begun) / 1000
  process.stdout.write(`${values.images} images made in ${seconds.toFixed(0)} s\n`)
  process.stdout.write(`query | p50 / p99 / processor ms, one after the other | ${READERS} at once\n`)
  // Every process has seen them all once.
  await inLanes(READERS, 64, () => ask(registry, 'GET', 'images'))
  for (const query of QUERIES) {
    const [alone, together] = [await measure(registry, query, 1), await measure(registry, query, READERS)]
    process.stdout.write(`${query} | ${alone} | ${together}\n`)
  }
  await sleep(SETTLE_MS)
  const before = usageOf([registry.pid]).cpuSeconds
  await sleep(IDLE_MS)
  const share = ((usageOf([registry.pid]).cpuSeconds - before) * 100_000) / IDLE_MS
  process.stdout.write(`left alone: ${share.toFixed(2)} % of a processor\n`)
}

const data = values.data ?? mkdtempSync(join(tmpdir(), 'martlet-image-list-'))
const cluster = spawn(process.execPath, [MARTLET, 'start', '--port', '0', '--data', data], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
try {
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    cluster.once('exit', () => reject(new Error(output)))
    cluster.stdout.on('data', (chunk: Buffer) => {
      output += chunk
      const [, ready] = /ready at (\S+)/i.exec(output) ?? []
      if (ready !== undefined) resolve(ready)
    })
  })
  const signedIn = await fetch(`${url}/auth/v1.0`, {
    headers: { 'x-auth-user': 'test:tester', 'x-auth-key': 'testing' },
  })
  await run({ url, token: signedIn.headers.get('x-auth-token') ?? '', pid: cluster.pid ?? 0 })
} finally {
  cluster.kill('SIGTERM')
  await new Promise((resolve) => cluster.once('close', resolve))
  await agent.close()
  if (values.data === undefined) rmSync(data, { recursive: true, force: true })
}
