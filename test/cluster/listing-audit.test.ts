/** Listings against objects in a cluster in memory: what no listing tells of, and rows whose object is gone. */
import t, { type Test } from 'tap'
import { createListingAuditor } from '#auditor/listing-auditor.ts'
import { StoreWitness } from '#auditor/listing-witness.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { bufferBody } from '#http/message.ts'
import { memoryNotes } from '#object-server/device-notes.ts'
import type { PassReport } from '#worker/contract.ts'
import { Foreground } from '#worker/foreground.ts'
import { MemoryCluster, type MemoryDevice } from './memory-cluster.ts'

const ACCOUNT = 'AUTH_test'
const CONTAINER = { account: ACCOUNT, container: 'c' }

async function filled(t: Test): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await cluster.store.containers.put(cluster.context, CONTAINER, { changes: {}, policyIndex: undefined })
  for (let at = 0; at < 12; at += 1) await put(cluster, `o${at}`)
  return cluster
}

async function put(cluster: MemoryCluster, object: string): Promise<void> {
  const outcome = await cluster.store.objects.put(
    cluster.context,
    { ...CONTAINER, object },
    {
      body: bufferBody(Buffer.from(object)),
      contentType: 'text/plain',
      expectedEtag: undefined,
      metadata: {},
      limitBytes: 1000,
    },
  )
  if (outcome.kind !== 'created') throw new Error(outcome.kind)
}

async function audit(
  cluster: MemoryCluster,
  action: 'report' | 'repair',
  graceMs = 0,
): Promise<{ readonly found: Record<string, number>; readonly repaired: Record<string, number> }> {
  const how = { pace: 'full', signal: new AbortController().signal } as const
  const reports = await Promise.all(
    cluster.devices.map((device) => auditorOf(cluster, device, action, graceMs).runOnce(how)),
  )
  const total = (part: 'found' | 'repaired'): Record<string, number> => {
    const sums: Record<string, number> = {}
    for (const report of reports)
      for (const [name, value] of Object.entries(report[part])) sums[name] = (sums[name] ?? 0) + value
    return sums
  }
  if (reports.some((report: PassReport) => report.ended !== 'complete')) throw new Error('a pass failed')
  return { found: total('found'), repaired: total('repaired') }
}

function auditorOf(
  cluster: MemoryCluster,
  device: MemoryDevice,
  action: 'report' | 'repair',
  graceMs: number,
): ReturnType<typeof createListingAuditor> {
  const access = device.objects.device.audit(0)
  return createListingAuditor({
    clock: realClock,
    log: silentLogger,
    foreground: new Foreground(realClock),
    policies: access === undefined ? [] : [{ policyIndex: 0, access }],
    containers: device.containers,
    witness: new StoreWitness({
      clock: realClock,
      parts: cluster.parts,
      isSelf: (node) => node.device === device.name,
    }),
    notes: memoryNotes(),
    graceMs,
    action,
    everyMs: 1000,
  })
}

async function listed(cluster: MemoryCluster): Promise<readonly string[]> {
  const read = await cluster.store.containers.read(cluster.context, CONTAINER, {
    listing: { limit: 100, reverse: false },
  })
  if (read.kind !== 'found') return []
  return (read.page?.entries() ?? []).map((entry) => (entry.kind === 'object' ? entry.name : entry.prefix))
}

/** Loses the row of an object on every replica, with nothing left that could bring it back. */
async function loseRow(cluster: MemoryCluster, object: string): Promise<void> {
  for (const device of cluster.devices) {
    await device.objects.deliverPending()
    const rows = await device.containers.rows(CONTAINER, 0, { prefix: object, limit: 1 })
    if (rows.length > 0)
      await device.containers.apply(CONTAINER, rows, () => ({ result: undefined, rows: 'drop' }))
  }
}

t.test('listings in order are left alone', async (t) => {
  const cluster = await filled(t)
  const { found, repaired } = await audit(cluster, 'repair')
  t.same(found, { names: 24 }, 'each object and each row, once in the cluster')
  t.same(repaired, {})
})

t.test('an object that no listing tells of is reported, and told again when asked', async (t) => {
  const cluster = await filled(t)
  await loseRow(cluster, 'o5')
  t.equal((await listed(cluster)).includes('o5'), false)
  t.equal((await audit(cluster, 'report')).found['dark_objects'], 1)
  t.equal((await audit(cluster, 'repair')).repaired['rows_queued'], 1)
  for (const device of cluster.devices) await device.objects.deliverPending()
  t.equal((await listed(cluster)).includes('o5'), true)
  t.notOk((await audit(cluster, 'report')).found['dark_objects'])
})

t.test(
  'a row whose object is gone from all its replicas is reported, and taken out when asked',
  async (t) => {
    const cluster = await filled(t)
    for (const device of cluster.devices) {
      const replica = device.objects.device.replica(0)
      const hash = replica?.hashOf('/AUTH_test/c/o7') ?? ''
      const states = await replica?.states([hash])
      const state = Array.isArray(states) ? states[0]?.state : undefined
      if (replica === undefined || state?.data === undefined) continue
      await replica.merge({ kind: 'tombstone', name: '/AUTH_test/c/o7', timestamp: state.data.timestamp })
    }
    t.equal((await listed(cluster)).includes('o7'), true)
    t.equal((await audit(cluster, 'report')).found['ghost_rows'], 1)
    t.equal((await listed(cluster)).includes('o7'), true)
    t.equal((await audit(cluster, 'repair')).repaired['rows_removed'], 1)
    t.equal((await listed(cluster)).includes('o7'), false)
    await put(cluster, 'o7')
    t.equal((await listed(cluster)).includes('o7'), true, 'a later PUT is listed')
  },
)

t.test('nothing is concluded while a replica cannot be asked, nor about what is young', async (t) => {
  const cluster = await filled(t)
  await loseRow(cluster, 'o5')
  t.same((await audit(cluster, 'repair', 3_600_000)).found, {}, 'all of it is younger than the grace')
  const object = { ...CONTAINER, object: 'o7' }
  const holder = cluster.deviceAt(cluster.parts.objectPlacement(0, object)?.primaries[0]?.port ?? 0)
  for (const device of cluster.devices) {
    const replica = device.objects.device.replica(0)
    const hash = replica?.hashOf('/AUTH_test/c/o7') ?? ''
    const states = await replica?.states([hash])
    const state = Array.isArray(states) ? states[0]?.state : undefined
    if (replica === undefined || state?.data === undefined || device === holder) continue
    await replica.merge({ kind: 'tombstone', name: '/AUTH_test/c/o7', timestamp: state.data.timestamp })
  }
  cluster.stop(holder, 'object')
  t.notOk((await audit(cluster, 'repair')).found['ghost_rows'])
})

t.test('an object without its container is reported and left alone', async (t) => {
  const cluster = await filled(t)
  for (const device of cluster.devices) {
    await device.objects.deliverPending()
    await device.containers.remove(CONTAINER, () => true)
  }
  const { found, repaired } = await audit(cluster, 'repair')
  t.equal(found['dark_without_container'], 12)
  t.same(repaired, {})
})
