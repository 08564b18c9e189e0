/**
 * A hundred clients race for one name through the proxies of a real cluster, while a storage process is killed. Whoever
 * is told 201 is the only one, and what it wrote is there.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { isRunning, type RunningCluster, startCluster } from '#test/running-cluster.ts'
import { type Answer, Session, TESTER } from '#test/session.ts'

t.setTimeout(600_000)

const RACERS = 100
const RACES = 3

/** What a racer writes: other bytes in every race, because an ETag that comes back is the same ETag. */
function contentOf(turn: number, racer: number): string {
  return `racer ${racer} of race ${turn}`
}

/** What each racer was told; 0 for a connection that broke. */
async function race(
  session: Session,
  name: string,
  turn: number,
  headers: Readonly<Record<string, string>>,
): Promise<readonly number[]> {
  return await Promise.all(
    Array.from({ length: RACERS }, async (_, at) => {
      const body = Buffer.from(contentOf(turn, at))
      const answer: Answer | undefined = await session
        .request('PUT', `/race/${name}`, { body, headers })
        .catch(() => undefined)
      return answer?.status ?? 0
    }),
  )
}

/** Somebody told 201 is the only one; without one, what is there is of somebody who was told nothing certain. */
function checkRace(t: Test, turn: number, statuses: readonly number[], content: string): void {
  const told = (wanted: readonly number[]): readonly number[] =>
    statuses.flatMap((status, at) => (wanted.includes(status) ? [at] : []))
  const [winners, uncertain] = [told([201]), told([503, 0])]
  t.ok(winners.length <= 1, `${winners.length} winners: ${[...new Set(statuses)].join()}`)
  t.equal(told([201, 412, 503, 0]).length, RACERS, 'nobody is told anything else')
  const possible = winners.length > 0 ? winners : uncertain
  t.ok(
    possible.some((racer) => contentOf(turn, racer) === content),
    `${content} is there`,
  )
}

/** The device whose process is killed in this race; another one each time. */
async function kill(cluster: RunningCluster, device: string): Promise<void> {
  const victim = cluster.devices.get(device) ?? 0
  process.kill(victim, 'SIGKILL')
  while (isRunning(victim)) await sleep(1)
}

async function allRunning(cluster: RunningCluster, devices: readonly string[]): Promise<void> {
  while (!devices.every((device) => isRunning(cluster.devices.get(device) ?? 0))) await sleep(50)
  await sleep(1_000)
}

t.test('of a hundred racers exactly one wins, with a storage process killed, every time', async (t) => {
  const cluster = await startCluster(t)
  const session = await Session.signIn(cluster.url, TESTER)
  await session.request('PUT', '/race')
  const devices = ['d1', 'd2', 'd3', 'd4']
  for (let turn = 0; turn < RACES; turn += 1) {
    const name = `first-${turn}`
    await kill(cluster, devices[turn % devices.length] as string)
    const statuses = await race(session, name, turn, { 'if-none-match': '*' })
    const read = await session.request('GET', `/race/${name}`, { headers: { 'x-newest': 'true' } })
    checkRace(t, turn, statuses, read.body.toString())
    const late = await session.request('PUT', `/race/${name}`, {
      body: Buffer.from('late'),
      headers: { 'if-none-match': '*' },
    })
    t.equal(late.status, 412)
    await allRunning(cluster, devices)
  }
})

t.test('a process that is killed in the middle of a race makes no second winner', async (t) => {
  const cluster = await startCluster(t)
  const session = await Session.signIn(cluster.url, TESTER)
  await session.request('PUT', '/race')
  const devices = ['d1', 'd2', 'd3', 'd4']
  let etag = String(
    (await session.request('PUT', '/race/version', { body: Buffer.from('0') })).headers['etag'],
  )
  for (let turn = 0; turn < RACES; turn += 1) {
    const racing = race(session, 'version', turn, { 'if-match': etag })
    await sleep(10 * turn)
    await kill(cluster, devices[turn % devices.length] as string)
    const statuses = await racing
    const read = await session.request('GET', '/race/version', { headers: { 'x-newest': 'true' } })
    if (String(read.headers['etag']) !== etag || statuses.includes(201)) {
      checkRace(t, turn, statuses, read.body.toString())
    } else t.notOk(statuses.includes(412), 'what is still there was not said to be gone')
    etag = String(read.headers['etag'])
    await allRunning(cluster, devices)
  }
})
