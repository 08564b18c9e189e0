/** A container that rots on one device: found by its auditor, quarantined whole, and brought back by the replicator. */
import t from 'tap'
import { createDatabaseAuditor } from '#auditor/database-auditor.ts'
import { silentLogger } from '#base/log.ts'
import { decodeInfo, encodeInfo, type PolicyStats, statsOf } from '#db/info.ts'
import { hashInKey, infoKey, rowKey } from '#db/keys.ts'
import { objectRows } from '#db/object-row.ts'
import type { RowForm } from '#db/row-kind.ts'
import { memoryNotes } from '#object-server/device-notes.ts'
import {
  CONTAINER,
  type DatabaseDevice,
  DatabaseDevices,
  object,
  write,
} from '#replicator/testing/database-devices.ts'
import type { PassReport } from '#worker/contract.ts'
import { Foreground } from '#worker/foreground.ts'

const ROWS = 50

async function filled(): Promise<DatabaseDevices> {
  const cluster = await DatabaseDevices.start()
  for (const device of cluster.devices) {
    const rows = Array.from({ length: ROWS }, (_, at) => object(`o${at}`, cluster.time(50_000)))
    await write(device, cluster.time(100_000), rows)
  }
  return cluster
}

function audit(cluster: DatabaseDevices, device: DatabaseDevice): Promise<PassReport> {
  const { store, index, replicaStates } = device.containers
  const worker = createDatabaseAuditor({
    clock: cluster.clock,
    log: silentLogger,
    foreground: new Foreground(cluster.clock),
    kv: device.twin.kv,
    indexes: [
      {
        server: 'container',
        store,
        index: index as never,
        kind: objectRows as RowForm<unknown>,
        states: replicaStates,
        quarantinePath: '/quarantined/containers',
        othersWith: async () => 2,
      },
    ],
    notes: memoryNotes(),
    everyMs: 1000,
  })
  return worker.runOnce({ pace: 'full', signal: new AbortController().signal })
}

async function statsAt(device: DatabaseDevice): Promise<PolicyStats | undefined> {
  const state = await device.containers.index.state(CONTAINER)
  return state === undefined ? undefined : statsOf(state.info, 0)
}

t.test('a lost row, a wrong counter: the container comes back as the others have it', async (t) => {
  const cluster = await filled()
  const sick = cluster.device(1)
  const { store } = sick.containers
  const [key] = await store.keys({ gte: infoKey(Buffer.alloc(16)), lt: Buffer.from([2]) }).all()
  const hash = Buffer.from(hashInKey(key as Buffer))
  const damages = [
    () => store.del(rowKey(hash, 'live', 0, 'o5')),
    async () => {
      const info = decodeInfo((await store.get(infoKey(hash))) as Buffer)
      const stats = new Map(info.stats).set(0, { ...statsOf(info, 0), bytes: 7 })
      await store.put(infoKey(hash), encodeInfo({ ...info, stats }))
    },
  ]
  for (const damage of damages) {
    await damage()
    t.match(await audit(cluster, sick), { repaired: { quarantined_databases: 1 } })
    t.equal(await statsAt(sick), undefined)
    t.equal(sick.containers.replicaStates.ofName(CONTAINER), 'joining')
    await cluster.passes(3)
    const [healed, good] = [await statsAt(sick), await statsAt(cluster.device(0))]
    t.equal(healed?.rows, ROWS)
    t.same(healed?.liveDigest, good?.liveDigest)
    t.equal(sick.containers.replicaStates.ofName(CONTAINER), 'synced', 'it may vote again')
    const again = await audit(cluster, sick)
    t.match(again, { ended: 'complete', found: { containers: 1, rows: ROWS } })
    t.notOk(again.found['damaged_databases'])
  }
})

t.test('what was written on others meanwhile is there afterwards too', async (t) => {
  const cluster = await filled()
  const sick = cluster.device(1)
  const { store } = sick.containers
  const [key] = await store.keys({ gte: infoKey(Buffer.alloc(16)), lt: Buffer.from([2]) }).all()
  await store.del(rowKey(Buffer.from(hashInKey(key as Buffer)), 'live', 0, 'o5'))
  await audit(cluster, sick)
  await write(cluster.device(0), cluster.time(100_000), [object('late', cluster.time(10))])
  await cluster.passes(3)
  for (const device of cluster.devices) t.equal((await statsAt(device))?.rows, ROWS + 1)
})
