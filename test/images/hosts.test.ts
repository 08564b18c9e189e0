/**
 * The registry on several hosts: two proxies on different hosts change the same image at once; many download one image while
 * a storage node is killed; `qemu-img` reads one over HTTP ranges.
 *
 * `MARTLET_DOWNLOADS=100x1024` makes it 100 downloads of an image of 1024 MiB.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import t, { type Test } from 'tap'
import { HostCluster } from '#test/host-cluster.ts'
import { havePrograms, runWell } from '#test/programs.ts'
import { type RunningMartlet, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER } from '#test/session.ts'
import { ImageClient, seededBytes, sha256Of } from './image-client.ts'

const [DOWNLOADS = 40, MEBIBYTES = 16] = (process.env['MARTLET_DOWNLOADS'] ?? '')
  .split('x')
  .filter(Boolean)
  .map(Number)
const MIB = 1024 * 1024
const ROUNDS = 15

t.setTimeout(process.env['MARTLET_DOWNLOADS'] === undefined ? 180_000 : 3_600_000)

/** Loopback addresses that no other run on this machine has. */
const NETWORK = `127.${1 + ((process.pid >> 8) % 250)}.${process.pid % 250}`
const HOSTS = [`${NETWORK}.12`, `${NETWORK}.13`, `${NETWORK}.14`] as const

interface Started {
  readonly nodes: readonly RunningMartlet[]
  readonly proxies: readonly RunningMartlet[]
  /** At proxies of two hosts. */
  readonly one: ImageClient
  readonly other: ImageClient
}

async function start(t: Test): Promise<Started> {
  const directory = temporaryDirectory(t)
  const cluster = await HostCluster.make({ directory, hosts: HOSTS, replicas: 3 })
  const nodes = await Promise.all(HOSTS.map((host) => cluster.startNode(t, host, '--new-cluster')))
  const proxies = await Promise.all(HOSTS.slice(0, 2).map((host) => cluster.startProxy(t, host)))
  const [one, other] = (await Promise.all(
    HOSTS.slice(0, 2).map(async (host) => {
      const url = `http://${host}:8080`
      return new ImageClient(url, (await Session.signIn(url, TESTER)).token)
    }),
  )) as [ImageClient, ImageClient]
  return { nodes, proxies, one, other }
}

function addProperty(client: ImageClient, id: string, name: string): Promise<number> {
  const patch = [{ op: 'add', path: `/${name}`, value: 'x' }]
  return client.ask('PATCH', `/images/${id}`, patch).then(({ status }) => status)
}

async function race(t: Test, { one, other }: Started): Promise<void> {
  const id = await one.create({ name: 'wanted by two' })
  let refusals = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const names = [`a${round}`, `b${round}`] as const
    const statuses = await Promise.all([addProperty(one, id, names[0]), addProperty(other, id, names[1])])
    const { json } = await other.ask('GET', `/images/${id}`)
    for (const [at, name] of names.entries()) {
      // 503: it is not known; the client may ask again.
      if (statuses[at] !== 503) t.equal(name in json, statuses[at] === 200, `${name}: ${statuses[at]}`)
    }
    const refused = statuses.filter((status) => status === 409).length
    t.ok(refused <= 1, 'at most one is refused')
    refusals += refused
  }
  t.ok(refusals > 0, `of ${ROUNDS} rounds ${refusals} ended with one 409`)
}

async function downloadWhileOneDies(t: Test, { nodes, proxies, one, other }: Started): Promise<void> {
  const id = await one.create({ name: 'wanted by many' })
  t.equal(await one.upload(id, seededBytes(MEBIBYTES)), 204)
  const expected = sha256Of(seededBytes(MEBIBYTES))
  const half = (DOWNLOADS * MEBIBYTES * MIB) / 2
  let received = 0
  let killed: Promise<void> | undefined
  const progress = (bytes: number): void => {
    received += bytes
    if (received >= half) killed ??= nodes[2]?.killAll()
  }
  const begun = performance.now()
  const hashes = await Promise.all(
    Array.from({ length: DOWNLOADS }, (_, at) =>
      (at % 2 === 0 ? one : other)
        .downloadedHash(id, progress)
        .catch((error: unknown) => `broke off: ${String(error)}`),
    ),
  )
  const seconds = (performance.now() - begun) / 1000
  await killed
  t.ok(killed !== undefined, 'a node died half-way')
  const wrong = hashes.filter((hash) => hash !== expected)
  if (wrong.length > 0) t.comment(proxies.map(({ output }) => output.slice(-2000)).join('\n'))
  t.same(wrong, [], `${DOWNLOADS} downloads of ${MEBIBYTES} MiB have the hash`)
  t.comment(`${seconds.toFixed(1)} s, ${((DOWNLOADS * MEBIBYTES) / seconds).toFixed(0)} MiB/s`)
}

/** `qemu-img` cannot send a token; whoever stands before the registry for it can. */
function tokenBringer(
  t: Test,
  client: ImageClient,
): Promise<{ readonly url: string; readonly ranges: string[] }> {
  const ranges: string[] = []
  const server = createServer((incoming, outgoing) => {
    const { range } = incoming.headers
    if (range !== undefined) ranges.push(range)
    const headers = { ...client.headers, ...(range === undefined ? {} : { range }) }
    const forward = request(
      `${client.url}${incoming.url}`,
      { method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    outgoing.on('close', () => forward.destroy())
    forward.on('error', () => outgoing.destroy())
    forward.end()
  })
  t.teardown(() => void server.close())
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      resolve({ url: `http://127.0.0.1:${port}`, ranges })
    })
  })
}

async function readWithQemu(t: Test, { one }: Started): Promise<void> {
  const directory = temporaryDirectory(t)
  const [raw, disk, back] = ['raw', 'disk.qcow2', 'back'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(raw, Buffer.concat([...seededBytes(3), Buffer.alloc(29 * MIB), ...seededBytes(2)]))
  await runWell('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, disk])
  const id = await one.create({ name: 'read in ranges', disk_format: 'qcow2' })
  t.equal(await one.upload(id, [readFileSync(disk)]), 204)
  const { url, ranges } = await tokenBringer(t, one)
  const address = `${url}/images/${id}/file`
  const told = JSON.parse(
    await runWell('qemu-img', ['info', '-f', 'qcow2', '--output=json', address]),
  ) as object
  t.match(told, { format: 'qcow2', 'virtual-size': 34 * MIB })
  await runWell('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', address, back])
  t.ok(readFileSync(back).equals(readFileSync(raw)))
  t.ok(ranges.length > 2, 'it was asked for in ranges')
}

t.test('the registry on several hosts', async (t) => {
  const started = await start(t)
  await t.test('two proxies that change an image at once: one is told, nothing is lost', (t) =>
    race(t, started),
  )
  if (havePrograms(t, 'qemu-img')) {
    await t.test('qemu-img reads an image over HTTP ranges', (t) => readWithQemu(t, started))
  }
  await t.test('many download an image while a node dies', (t) => downloadWhileOneDies(t, started))
})
