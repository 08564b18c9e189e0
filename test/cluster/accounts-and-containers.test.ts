/** The background work on accounts and containers, over the real storage servers. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import type { Placement } from '#cluster/placement.ts'
import { deleteAccount } from '#db/account-rules.ts'
import { totalStats } from '#db/info.ts'
import { StoredContent } from '#reaper/account-content.ts'
import { createReaper } from '#reaper/reaper.ts'
import { createReconciler } from '#reconciler/reconciler.ts'
import { StoreMover } from '#reconciler/store-mover.ts'
import type { PassReport, Worker } from '#worker/contract.ts'
import { CONTAINER, get, list, makeContainer, named, put } from './actions.ts'
import { MemoryCluster, type MemoryDevice } from './memory-cluster.ts'

function run(worker: Worker): Promise<PassReport> {
  return worker.runOnce({ pace: 'full', signal: new AbortController().signal })
}

function devicesOf(cluster: MemoryCluster, { primaries }: Placement): readonly MemoryDevice[] {
  return primaries.map(({ port }) => cluster.deviceAt(port))
}

/** An account with three objects that was deleted, and its reaper on the first device that holds it. */
async function deletedAccount(cluster: MemoryCluster) {
  await makeContainer(cluster)
  for (const name of ['a', 'b/c', 'ü']) await put(cluster, name, 'body')
  const account = { account: CONTAINER.account }
  const holders = devicesOf(cluster, cluster.parts.accountPlacement(account.account))
  const [first] = holders
  if (first === undefined) throw new Error('no account server')
  const reap = (): Promise<PassReport> =>
    run(
      createReaper({
        clock: realClock,
        log: silentLogger,
        index: first.accounts,
        isFirst: () => true,
        content: new StoredContent(cluster.parts, silentLogger),
      }),
    )
  const remove = () => cluster.store.accounts.delete(cluster.context, account)
  return { account, holders, remove, reap }
}

t.test('who stands in for all who know of it denies no account and no container', async (t) => {
  const cluster = await MemoryCluster.start({ devices: 6, nodeTimeoutMs: 200 })
  t.teardown(() => cluster.close())
  const { account, holders, remove } = await deletedAccount(cluster)
  const { store, context, parts } = cluster
  const keepers = devicesOf(cluster, parts.containerPlacement(CONTAINER.account, CONTAINER.container))
  for (const device of keepers) cluster.stop(device, 'container')
  t.equal((await store.containers.delete(context, CONTAINER)).kind, 'unavailable')
  t.equal(
    (await store.containers.post(context, CONTAINER, { 'x-container-meta-a': 'b' })).kind,
    'unavailable',
  )
  for (const device of keepers) cluster.restart(device)
  for (const device of holders) cluster.stop(device, 'account')
  t.equal((await remove()).kind, 'unavailable')
  t.equal((await store.accounts.post(context, account, { 'x-account-meta-a': 'b' })).kind, 'unavailable')
  for (const device of holders) cluster.restart(device)
  t.equal((await remove()).kind, 'deleted')
  t.equal((await remove()).kind, 'account_deleted')
})

t.test('a deletion that one server alone has taken is not called done, whoever asks again', async (t) => {
  const cluster = await MemoryCluster.start({ devices: 6, nodeTimeoutMs: 200 })
  t.teardown(() => cluster.close())
  const { holders, remove } = await deletedAccount(cluster)
  const [, ...others] = holders
  for (const device of others) cluster.stop(device, 'account')
  for (let again = 0; again < 2; again += 1) t.equal((await remove()).kind, 'unavailable')
  for (const device of others) cluster.restart(device)
  t.equal((await remove()).kind, 'deleted', 'two of three have it now')
  t.equal((await remove()).kind, 'account_deleted')
})

t.test('the reaper empties a deleted account through the real servers', async (t) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const { account, holders, remove, reap } = await deletedAccount(cluster)
  t.equal((await remove()).kind, 'deleted')
  const report = await reap()
  t.match(report, { ended: 'complete', repaired: { objects_deleted: 3, containers_deleted: 1 } })
  for (const { accounts } of holders) {
    const state = await accounts.state(account)
    t.match(state && totalStats(state.info), { rows: 0, objects: 0, bytes: 0 })
  }
})

t.test(
  'the reaper spares what came after the deletion, until the account is deleted once more',
  async (t) => {
    const cluster = await MemoryCluster.start()
    t.teardown(() => cluster.close())
    const { remove, reap } = await deletedAccount(cluster)
    t.equal((await remove()).kind, 'deleted')
    await put(cluster, 'ü', 'later')
    const report = await reap()
    t.match(report, { repaired: { objects_deleted: 2 }, waiting: { newer_objects: 1, containers: 1 } })
    t.equal(String((await get(cluster, 'ü')).bytes), 'later')
    await remove()
    t.match(await reap(), { repaired: { objects_deleted: 1, containers_deleted: 1, accounts_emptied: 1 } })
  },
)

t.test('the reaper deletes nothing that only one primary believes to be deleted', async (t) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const { account, holders, reap } = await deletedAccount(cluster)
  await holders[0]?.accounts.apply(account, [], deleteAccount(await cluster.parts.timestamps.next()))
  t.match(await reap(), { repaired: {}, waiting: { accounts_not_agreed: 1 } })
  t.equal(String((await get(cluster, 'a')).bytes), 'body')
})

/** What replication makes of a container that was made with another policy, and first, where nobody could see it. */
async function changePolicy(cluster: MemoryCluster, policyIndex: number): Promise<readonly MemoryDevice[]> {
  const placement = cluster.parts.containerPlacement(CONTAINER.account, CONTAINER.container)
  const holders = devicesOf(cluster, placement)
  for (const { containers } of holders) {
    await containers.apply(CONTAINER, [], (state) =>
      state === undefined
        ? { result: undefined }
        : { result: undefined, info: { ...state.info, policyIndex } },
    )
  }
  cluster.store.forget(CONTAINER)
  return holders
}

t.test('objects of the wrong storage policy are moved to where readers look for them', async (t) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  await put(cluster, 'moved', 'its body', {
    metadata: { 'x-object-meta-colour': 'blue', 'x-object-manifest': 'c/segments' },
  })
  await put(cluster, 'replaced', 'old')
  const [first] = await changePolicy(cluster, 1)
  if (first === undefined) throw new Error('no container server')
  await put(cluster, 'replaced', 'new')
  t.equal((await get(cluster, 'moved')).kind, 'no_such_object')
  t.same((await list(cluster)).names, ['replaced'])
  const reconciler = createReconciler({
    clock: realClock,
    log: silentLogger,
    index: first.containers,
    turn: () => 0,
    mover: new StoreMover(cluster.parts, silentLogger),
  })
  const report = await run(reconciler)
  t.match(report, { ended: 'complete', repaired: { moved: 1, buried: 1 } })
  const got = await get(cluster, 'moved')
  const kept = { 'x-object-meta-colour': 'blue', 'x-object-manifest': 'c/segments' }
  t.match(got, { kind: 'found', headers: kept })
  t.equal(String(got.bytes), 'its body')
  t.equal(String((await get(cluster, 'replaced')).bytes), 'new')
  t.same((await list(cluster)).names, ['moved', 'replaced'])
  const again = await run(reconciler)
  t.same(again.repaired, {}, 'there is nothing left to do')
})

t.test('a deletion under the wrong storage policy reaches the object', async (t) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  await put(cluster, 'x', 'body')
  await changePolicy(cluster, 1)
  await cluster.store.objects.delete(cluster.context, named('x'), {})
  await changePolicy(cluster, 0)
  t.equal((await get(cluster, 'x')).kind, 'found')
  const [first] = await changePolicy(cluster, 0)
  const reconciler = createReconciler({
    clock: realClock,
    log: silentLogger,
    index: (first as MemoryDevice).containers,
    turn: () => 0,
    mover: new StoreMover(cluster.parts, silentLogger),
  })
  t.match(await run(reconciler), { repaired: { deleted: 1 } })
  t.equal((await get(cluster, 'x')).kind, 'no_such_object')
  t.same((await list(cluster)).names, [])
})
