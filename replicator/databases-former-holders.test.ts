/**
 * Of a container one primary is synced, one was away for long, one lost its disk, and so was away who held it before them:
 * nobody may speak for a majority, and yet nothing may wait for good, nor come back.
 */
import t, { type Test } from 'tap'
import { DAY_MS, DatabaseDevices, gone, listed, object, write } from './testing/database-devices.ts'

const OLD = [0, 1, 2]
const NEW = [...OLD, 3]

interface Scene {
  readonly cluster: DatabaseDevices
  /** A container that `former` held in the place of `late`. */
  readonly container: string
  readonly synced: number
  readonly wiped: number
  /** Became a primary with the last ring. */
  readonly late: number
  readonly former: number
}

/** Device 3 takes the place of one that is off at that moment, and everything is equal on the other three. */
async function newPrimary(t: Test, ownRows: readonly string[] = []): Promise<Scene> {
  const cluster = await DatabaseDevices.start({ devices: 4, replicas: 3 })
  cluster.place(OLD, 3)
  cluster.place(OLD, 3)
  for (const at of OLD)
    for (let number = 0; number < 12; number += 1)
      await write(cluster.device(at), cluster.time(9000), [object('x', cluster.time(8000))], `c${number}`)
  await cluster.clock.advance(60_000)
  await cluster.passes(2)
  cluster.place(NEW, 3)
  const scene = await sceneOf(cluster)
  const { former, late, synced, wiped, container } = scene
  await cluster.clock.advance(60_000)
  const rows = ownRows.map((name) => object(name, cluster.time(1000)))
  await write(cluster.device(former), cluster.time(9000), rows, container)
  cluster.stop(former)
  await cluster.clock.advance(60_000)
  for (const at of [late, synced, wiped, late]) await cluster.pass(at)
  t.equal(voiceOf(scene, late), 'synced')
  return scene
}

async function sceneOf(cluster: DatabaseDevices): Promise<Scene> {
  for (let number = 0; number < 12; number += 1) {
    const container = `c${number}`
    const primaries = cluster.primariesOf(container)
    const former = OLD.find((at) => !primaries.includes(at))
    const [synced, wiped] = primaries.filter((at) => at !== 3)
    if (former !== undefined && synced !== undefined && wiped !== undefined && primaries.includes(3))
      return { cluster, container, synced, wiped, late: 3, former }
  }
  throw new Error('no container has moved')
}

function voiceOf({ cluster, container }: Scene, at: number): string {
  return cluster.voiceOf(at, container)
}

async function daysPass({ cluster }: Scene, days: number, running: readonly number[]): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    await cluster.clock.advance(DAY_MS)
    for (const at of running) {
      await cluster.device(at).containers.stampAlive()
      await cluster.device(at).accounts.stampAlive()
    }
    for (const at of running) await cluster.pass(at)
  }
}

/** The late one and the former one come back, and the disk of another primary is lost at that moment. */
async function comeBack(t: Test, scene: Scene): Promise<void> {
  const { cluster, synced, wiped, late, former } = scene
  cluster.stop(late)
  await daysPass(scene, 10, [synced, wiped])
  await cluster.wipe(wiped)
  for (const at of [late, former]) {
    await cluster.crash(at)
    cluster.restart(at)
  }
  t.same(
    [synced, wiped, late, former].map((at) => voiceOf(scene, at)),
    ['synced', 'joining', 'stale', 'stale'],
  )
}

t.test('all vote again, and the former holder is emptied, where it has nothing of its own', async (t) => {
  const scene = await newPrimary(t)
  await comeBack(t, scene)
  const { cluster, container, synced, wiped, late, former } = scene
  await cluster.passes(3)
  for (const at of [synced, wiped, late]) {
    t.equal(voiceOf(scene, at), 'synced')
    t.same(await listed(cluster.device(at), container), ['x'])
  }
  t.same(await cluster.device(former).containers.index.state({ account: 'a', container }), undefined)
})

t.test('what only the former holder was given lately is taken from it', async (t) => {
  const scene = await newPrimary(t)
  await comeBack(t, scene)
  const { cluster, container, synced, wiped, late, former } = scene
  await write(cluster.device(former), cluster.time(9000), [object('lately', cluster.time(1000))], container)
  await cluster.passes(3)
  for (const at of [synced, wiped, late]) {
    t.equal(voiceOf(scene, at), 'synced')
    t.same(await listed(cluster.device(at), container), ['lately', 'x'])
  }
})

t.test(
  'what was deleted without the former holder does not come back, and nobody waits for it',
  async (t) => {
    const scene = await newPrimary(t)
    const { cluster, container, synced, wiped, late, former } = scene
    for (const at of [synced, wiped, late])
      await write(cluster.device(at), cluster.time(9000), [gone('x', cluster.time(1000))], container)
    await daysPass(scene, 11, [synced, wiped, late])
    await comeBack(t, scene)
    for (let round = 0; round < 4; round += 1) {
      await cluster.passes()
      for (const at of [synced, wiped, late]) t.same(await listed(cluster.device(at), container), [])
    }
    for (const at of [synced, wiped, late]) t.equal(voiceOf(scene, at), 'synced')
    t.same(await listed(cluster.device(former), container), [])
  },
)

t.test(
  'a deletion is kept as long as a former holder in the ring may have what it deletes, and then given up',
  async (t) => {
    const scene = await newPrimary(t, ['mine'])
    const { cluster, container, synced, wiped, late, former } = scene
    const primaries = [synced, wiped, late]
    for (const at of primaries)
      await write(cluster.device(at), cluster.time(9000), [gone('mine', cluster.time())], container)
    await daysPass(scene, 11, primaries)
    t.ok((await cluster.pass(synced)).waiting['reclaims_unconfirmed'] ?? 0)
    await cluster.crash(former)
    cluster.restart(former)
    await cluster.passes(3)
    for (const at of primaries)
      t.same(await listed(cluster.device(at), container), ['x'], 'nothing came back')
    t.same(await cluster.device(former).containers.index.state({ account: 'a', container }), undefined)
    await daysPass(scene, 2, [...primaries, former])
    for (const at of primaries) {
      const { index } = cluster.device(at).containers
      t.same(await index.tombstones({ account: 'a', container }, 0, '', 10), [])
    }
  },
)

t.test(
  'an old row that nobody else knows is in doubt: kept, not spread, and its holder not heard',
  async (t) => {
    const scene = await newPrimary(t, ['mine'])
    await comeBack(t, scene)
    const { cluster, container, synced, wiped, late, former } = scene
    await cluster.passes(3)
    t.equal((await cluster.pass(wiped)).waiting['rows_in_doubt'], 1)
    t.same(await listed(cluster.device(former), container), ['mine', 'x'])
    for (const at of [synced, wiped, late]) t.same(await listed(cluster.device(at), container), ['x'])
    t.equal(voiceOf(scene, wiped), 'joining')
    t.equal(voiceOf(scene, late), 'stale')
    cluster.place(
      NEW.filter((at) => at !== former),
      3,
    )
    await cluster.passes(4)
    for (const at of [synced, wiped, late]) {
      t.equal(voiceOf(scene, at), 'synced', 'the operator took the device out')
      t.same(await listed(cluster.device(at), container), ['mine', 'x'], 'what it had was handed over')
    }
  },
)
