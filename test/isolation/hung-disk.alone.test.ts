/**
 * A disk whose operations never end: nobody else waits for it. The promise is a p99 of GETs within twice that of a healthy
 * cluster; on a busy machine the figures are printed, and what is held is that only the few reads that were the first to
 * meet the hung disk are slow, and that they too are answered.
 */
import t, { type Test } from 'tap'
import type { DiskOperation } from '#disk/memory-disk.ts'
import { NO_CACHE } from '#object-server/test-engine.ts'
import { get, makeContainer, pattern, put } from '../cluster/actions.ts'
import { MemoryCluster } from '../cluster/memory-cluster.ts'
import { inWords, type Measured, measure } from './latency.ts'

const OBJECTS = 64
const READS = 1_500
const AT_ONCE = 8
/** Without any care for it, one read in six or so would wait for the hung disk. */
const SLOW_MAX = READS / 20
/** Reads of a file and what comes before them. */
const HANGING: readonly DiskOperation[] = ['openRead', 'read', 'getXattr', 'stat', 'readdir', 'space']

async function start(t: Test, sizeBytes: number): Promise<MemoryCluster> {
  // Nothing is remembered, so that every read needs the disk.
  const cluster = await MemoryCluster.start({ cacheLimits: NO_CACHE })
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  for (let at = 0; at < OBJECTS; at += 1) await put(cluster, `o${at}`, pattern(sizeBytes))
  return cluster
}

/** Through a proxy that knows nothing yet of who is quick, and so asks everybody in turn. */
async function readAll(t: Test, cluster: MemoryCluster, sizeBytes: number): Promise<Measured> {
  const proxy = { context: cluster.context, store: await cluster.anotherProxy() }
  return await measure(READS, AT_ONCE, async (index) => {
    const { kind, bytes } = await get(proxy, `o${index % OBJECTS}`)
    if (kind !== 'found' || bytes.length !== sizeBytes) t.fail(`${kind}, ${bytes.length} bytes`)
  })
}

for (const [what, sizeBytes] of [
  ['small objects', 4_096],
  ['objects that are streamed', 300_000],
] as const) {
  t.test(`${what} are read past a disk that hangs for ever`, { timeout: 300_000 }, async (t) => {
    const cluster = await start(t, sizeBytes)
    const before = await readAll(t, cluster, sizeBytes)
    for (const operation of HANGING) cluster.devices[1]?.disk.addFault({ operation, effect: 'hang' })
    const during = await readAll(t, cluster, sizeBytes)
    t.comment(`healthy: ${inWords(before)}; with a hung disk: ${inWords(during)}, ${during.slow} slow`)
    t.ok(during.slow > 0, 'somebody met the hung disk')
    t.ok(during.slow < SLOW_MAX, `${during.slow} of ${READS} reads were slow`)
  })
}
