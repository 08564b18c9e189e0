/**
 * A thousand clients that send and read as slowly as they can: what each costs has a bound, and nobody else waits for them.
 * The promise is a p99 of the others within twice what it was, on a quiet machine; it is printed. What is held here is their
 * p50, which a busy machine disturbs less.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { memoryGrowth } from '#test/memory-growth.ts'
import { startCluster } from '#test/running-cluster.ts'
import { Session, TESTER } from '#test/session.ts'
import { inWords, type Measured, measure } from './latency.ts'

const MIB = 1024 * 1024
const CLIENTS = 1_000
const READS = 1_000
const AT_ONCE = 8
const DRIP_EVERY_MS = 2_000
/** Of all processes together, for each client that sends slowly: what the proxy and three storage servers hold. */
const GROWTH_PER_SENDER_MAX = 256 * 1024
/** For each client that reads slowly: the blocks of 1 MiB that are verified before a byte of them leaves, and the next ones. */
const GROWTH_PER_READER_MAX = 5 * MIB
/** For the reads beside them. */
const GROWTH_BESIDES_MAX = 150 * MIB
t.setTimeout(600_000)

/** What a slow client says at once, and what it says a byte of now and then. */
interface Manner {
  readonly opening: string
  readonly drip: string
}

function mannersOf(session: Session): readonly Manner[] {
  const auth = `Host: x\r\nX-Auth-Token: ${session.token}\r\n`
  return [
    {
      opening: `GET ${session.account}/box HTTP/1.1\r\n`,
      drip: 'X-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    },
    {
      opening: `PUT ${session.account}/box/slow HTTP/1.1\r\n${auth}Content-Length: ${MIB}\r\n\r\n`,
      drip: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    },
    // Asks for all of it, and reads nothing.
    { opening: `GET ${session.account}/box/large HTTP/1.1\r\n${auth}\r\n`, drip: '' },
  ]
}

/** Opens them all; they stay slow until the test ends. Resolves when all are connected. */
async function crawl(t: Test, port: number, manners: readonly Manner[]): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: CLIENTS }, (_, index) => {
    const { opening } = manners[index % manners.length] as Manner
    const socket = connect(port, '127.0.0.1', () => socket.write(opening))
    socket.pause()
    socket.on('error', () => {})
    return socket
  })
  let dripped = 0
  const timer = setInterval(() => {
    for (const [index, socket] of sockets.entries()) {
      const { drip } = manners[index % manners.length] as Manner
      if (drip !== '' && socket.writable) socket.write(drip[dripped % drip.length] ?? 'a')
    }
    dripped += 1
  }, DRIP_EVERY_MS)
  t.teardown(() => {
    clearInterval(timer)
    for (const socket of sockets) socket.destroy()
  })
  while (sockets.some((socket) => socket.connecting)) await sleep(20)
  await sleep(1_000)
  return sockets
}

t.test(`${CLIENTS} slow clients cost bounded memory and nobody's latency`, async (t) => {
  const cluster = await startCluster(t)
  const session = await Session.signIn(cluster.url, TESTER)
  await session.request('PUT', '/box')
  await session.request('PUT', '/box/small', { body: Buffer.alloc(4_096, 'x') })
  await session.request('PUT', '/box/large', { body: Buffer.alloc(16 * MIB, 'x') })
  const readAll = (): Promise<Measured> =>
    measure(READS, AT_ONCE, async () => {
      const { status, body } = await session.request('GET', '/box/small')
      if (status !== 200 || body.length !== 4_096) t.fail(`${status}, ${body.length} bytes`)
    })
  await readAll()
  const before = await readAll()
  let during: Measured | undefined
  let open = 0
  const grown = await memoryGrowth(cluster, async () => {
    const sockets = await crawl(t, cluster.port, mannersOf(session))
    during = await readAll()
    open = sockets.filter((socket) => !socket.destroyed).length
  })
  if (during === undefined) throw new Error('nothing was measured')
  const figures = [...grown].map(([name, bytes]) => `${name} ${Math.round(bytes / MIB)} MiB`)
  t.comment(`alone: ${inWords(before)}; beside ${open} slow clients: ${inWords(during)}`)
  t.comment(`memory grew by: ${figures.join(', ')}`)
  t.ok(open > CLIENTS * 0.9, `${open} slow clients are still connected`)
  t.ok(during.p50Ms < 3 * before.p50Ms + 50, `p50 ${during.p50Ms} ms, alone ${before.p50Ms} ms`)
  const total = [...grown.values()].reduce((sum, bytes) => sum + bytes, 0)
  const senders = (2 / 3) * CLIENTS * GROWTH_PER_SENDER_MAX
  t.ok(total < senders + (CLIENTS / 3) * GROWTH_PER_READER_MAX + GROWTH_BESIDES_MAX, `${total} bytes`)
})
