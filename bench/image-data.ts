/**
 * What the bytes of an image cost on their way in and out, beside those of a plain object of the same length, on a cluster of its
 * own (`martlet start`): megabytes per second, and processor time of all its processes per gigabyte. And what hashing alone costs:
 * MD5 and SHA-512 are computed of each image, MD5 of each object.
 *
 *     node bench/image-data.ts [--mebibytes 256] [--rounds 3] [--config FILE]
 */
import { createCipheriv, createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { type MartletCluster, startMartlet } from './martlet-cluster.ts'
import { usageOf } from './process-usage.ts'

const MIB = 1024 * 1024
const CHUNK_BYTES = 256 * 1024

const { values } = parseArgs({
  options: {
    mebibytes: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '3' },
    config: { type: 'string' },
  },
})
const lengthBytes = Number(values.mebibytes) * MIB
const rounds = Number(values.rounds)
const agent = new Agent({ bodyTimeout: 0, headersTimeout: 0 })

/** Bytes that look like chance, the same for the same round. */
function* bytesOf(round: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, round), Buffer.alloc(16))
  const zeros = Buffer.alloc(CHUNK_BYTES)
  for (let at = 0; at < lengthBytes; at += CHUNK_BYTES) yield cipher.update(zeros)
}

class Client {
  readonly #url: string
  readonly #token: string

  constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  async send(method: 'PUT' | 'POST', path: string, body: Readable | string | null): Promise<string> {
    const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
    const headers = { 'x-auth-token': this.#token, 'content-type': type }
    const answer = await request(this.#url + path, { dispatcher: agent, method, headers, body })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
    return text
  }

  async fetch(path: string): Promise<void> {
    const headers = { 'x-auth-token': this.#token }
    const { statusCode, body } = await request(this.#url + path, { dispatcher: agent, headers })
    let received = 0
    for await (const chunk of body as AsyncIterable<Buffer>) received += chunk.length
    if (statusCode !== 200 || received !== lengthBytes) throw new Error(`GET ${path}: ${received} bytes`)
  }
}

async function measure(
  name: string,
  { pid }: MartletCluster,
  work: (round: number) => Promise<unknown>,
): Promise<void> {
  const before = usageOf([pid]).cpuSeconds
  const begun = performance.now()
  for (let round = 0; round < rounds; round += 1) await work(round)
  const seconds = (performance.now() - begun) / 1000
  const gigabytes = (rounds * lengthBytes) / 1e9
  const cpuSeconds = usageOf([pid]).cpuSeconds - before
  const speed = ((gigabytes * 1000) / seconds).toFixed(0)
  process.stdout.write(`${name} | ${speed} MB/s | ${(cpuSeconds / gigabytes).toFixed(2)} s/GB\n`)
}

function measureHash(algorithm: string): void {
  const chunks = [...bytesOf(0)].slice(0, (64 * MIB) / CHUNK_BYTES)
  const hash = createHash(algorithm)
  const before = process.cpuUsage()
  for (const chunk of chunks) hash.update(chunk)
  const { user, system } = process.cpuUsage(before)
  const gigabytes = (chunks.length * CHUNK_BYTES) / 1e9
  process.stdout.write(`${algorithm} | | ${((user + system) / 1e6 / gigabytes).toFixed(2)} s/GB\n`)
}

async function run(cluster: MartletCluster): Promise<void> {
  const signedIn = await fetch(`${cluster.url}/auth/v1.0`, {
    headers: { 'x-auth-user': 'test:tester', 'x-auth-key': 'testing' },
  })
  const client = new Client(cluster.url, signedIn.headers.get('x-auth-token') ?? '')
  const container = '/v1/AUTH_test/bench'
  await client.send('PUT', container, null)
  const ids: string[] = []
  const draft = JSON.stringify({ name: 'bench', disk_format: 'raw', container_format: 'bare' })
  for (let round = 0; round < rounds; round += 1) {
    ids.push((JSON.parse(await client.send('POST', '/image/v2/images', draft)) as { id: string }).id)
  }
  const file = (round: number): string => `/image/v2/images/${ids[round]}/file`
  const body = (round: number): Readable => Readable.from(bytesOf(round))
  await measure('object, PUT', cluster, (round) => client.send('PUT', `${container}/${round}`, body(round)))
  await measure('image, upload', cluster, (round) => client.send('PUT', file(round), body(round)))
  await measure('object, GET', cluster, (round) => client.fetch(`${container}/${round}`))
  await measure('image, download', cluster, (round) => client.fetch(file(round)))
}

for (const algorithm of ['md5', 'sha512', 'sha256']) measureHash(algorithm)
const cluster = await startMartlet({ args: values.config === undefined ? [] : ['--config', values.config] })
try {
  await run(cluster)
} finally {
  await cluster.stop()
  await agent.close()
}
