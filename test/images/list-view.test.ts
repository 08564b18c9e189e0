/**
 * Lists of a proxy show what another one did within a second, and learning of it costs what was done: the container of the
 * records is listed once. Over real storage servers in memory, one of which stops.
 */
import t, { type Test } from 'tap'
import { type AskImages, createImage, PEOPLE } from '#images/testing/test-images.ts'
import type { Store } from '#store/contract.ts'
import { MemoryCluster } from '#test/cluster/memory-cluster.ts'
import { proxyOver } from './survivors.ts'

t.setTimeout(600_000)

/** As old as a list may be, and a little. Milliseconds. */
const STALE_MS = 950

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

/** The store, and how often containers are listed. */
function counted(store: Store): { readonly store: Store; listings: number } {
  const counting = {
    listings: 0,
    store: {
      ...store,
      containers: {
        info: (...asked) => store.containers.info(...asked),
        read: (context, name, options) => {
          if (options.listing !== undefined) counting.listings += 1
          return store.containers.read(context, name, options)
        },
        put: (...asked) => store.containers.put(...asked),
        post: (...asked) => store.containers.post(...asked),
        delete: (...asked) => store.containers.delete(...asked),
        changes: async (context, name, since) =>
          (await store.containers.changes?.(context, name, since)) ?? { kind: 'untold' },
      },
    } satisfies Store,
  }
  return counting
}

async function namesOf(ask: AskImages): Promise<readonly string[]> {
  const { json } = await ask('GET', '/v2/images?limit=1000&sort=name:asc')
  return (json['images'] as readonly { readonly name: string }[]).map(({ name }) => name)
}

async function start(t: Test): Promise<{
  readonly cluster: MemoryCluster
  readonly one: AskImages
  readonly other: AskImages
  readonly counting: { listings: number }
}> {
  const cluster = await MemoryCluster.start({ nodeTimeoutMs: 2000 })
  t.teardown(() => cluster.close())
  const counting = counted(await cluster.anotherProxy())
  const one = proxyOver(cluster.store).as(PEOPLE.tester)
  return { cluster, one, other: proxyOver(counting.store).as(PEOPLE.tester), counting }
}

async function rename(ask: AskImages, id: string, name: string): Promise<void> {
  const patch = [{ op: 'replace', path: '/name', value: name }]
  const headers = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' }
  const { status } = await ask('PATCH', `/v2/images/${id}`, { body: patch, headers })
  if (status !== 200) throw new Error(`not renamed: ${status}`)
}

void t.test('what another proxy made, changed and deleted is seen within a second', async (t) => {
  const { one, other, counting } = await start(t)
  t.same(await namesOf(other), [])
  const ids = []
  for (const name of ['a', 'b', 'c']) ids.push(await createImage(one, { name }))
  await sleep(STALE_MS)
  t.same(await namesOf(other), ['a', 'b', 'c'])
  counting.listings = 0
  await rename(one, String(ids[0]), 'z')
  await one('DELETE', `/v2/images/${ids[1]}`)
  await createImage(one, { name: 'd' })
  await sleep(STALE_MS)
  t.same(await namesOf(other), ['c', 'd', 'z'])
  t.equal(counting.listings, 0, 'and nothing was listed for it')
})

void t.test('a storage server that stops, and comes back, hides nothing', async (t) => {
  const { cluster, one, other } = await start(t)
  await createImage(one, { name: 'a' })
  t.same(await namesOf(other), ['a'])
  for (const device of cluster.devices.slice(0, 3)) {
    cluster.stop(device, 'container')
    const id = await createImage(one, { name: 'b' })
    await sleep(STALE_MS)
    t.same(await namesOf(other), ['a', 'b'])
    cluster.restart(device)
    await one('DELETE', `/v2/images/${id}`)
    await sleep(STALE_MS)
    t.same(await namesOf(other), ['a'])
  }
})
