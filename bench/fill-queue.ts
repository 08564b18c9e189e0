/**
 * Puts the expirer's tasks for the objects of `fill-device.ts` into one device's containers, as many as its own index
 * takes in a batch.
 *
 *     node bench/fill-queue.ts DATA DEVICE ACCOUNT CONTAINER COUNT DELETE_AT     (started by `fill-devices.ts`)
 */
import path from 'node:path'
import { Drive } from '#backend/drive-state.ts'
import { silentLogger } from '#base/log.ts'
import { hashName } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { openContainerDevice } from '#container-server/open-device.ts'
import { newInfo } from '#db/info.ts'
import { type ObjectRow, putRow } from '#db/object-row.ts'
import { realDisk } from '#disk/real-disk.ts'
import { readClusterFile } from '#node/cluster-file.ts'
import { realEnvironment } from '#node/environment.ts'
import { ExpirerQueue } from '#object-server/expirer-queue.ts'
import { parseRing } from '#ring/ring-file.ts'
import { objectName } from './operations.ts'

const QUEUE = '.expiring_objects'
const TIMESTAMP = '1700000000.00000' as Timestamp
const BATCH_ROWS = 2000

const [dataPath = '', device = '', account = '', container = '', count = '0', deleteAt = '0'] =
  process.argv.slice(2)
const environment = realEnvironment()
const cluster = await readClusterFile(realDisk, path.join(dataPath, 'cluster.json'))
const parsed = parseRing(await realDisk.readFile(path.join(dataPath, 'rings/container.ring.gz')))
if (cluster === undefined || 'broken' in cluster || parsed.kind !== 'ring')
  throw new Error(`no cluster in ${dataPath}`)
const { salt } = cluster
const { ring } = parsed
const place = { devicesPath: path.join(dataPath, 'devices'), device, mountCheck: 'any_directory' } as const
const containers = await openContainerDevice({
  environment,
  log: silentLogger,
  drive: new Drive({ ...environment, ...place }),
  salt,
  newDevice: 'may_have_held_data',
})
if (containers.kind === 'locked') throw new Error(`${device} is in use`)
const { index } = containers
for (const [shard, rows] of tasks()) {
  const owner = { account: QUEUE, container: shard }
  const partition = ring.partitionOf(hashName(owner, salt))
  if (!ring.primaries(partition).some((primary) => primary.device === device)) continue
  for (let at = 0; at < rows.length; at += BATCH_ROWS) {
    await index.apply(owner, rows.slice(at, at + BATCH_ROWS), (state) => ({
      result: undefined,
      info: state?.info ?? newInfo(owner, TIMESTAMP, 0),
      rows: 'merge',
    }))
  }
}
await containers.close()

function tasks(): ReadonlyMap<string, ObjectRow[]> {
  const queue = new ExpirerQueue(salt)
  const shards = new Map<string, ObjectRow[]>()
  for (let number = 0; number < Number(count); number += 1) {
    const name = `${account}/${container}/${objectName(number)}`
    const shard = queue.container(Number(deleteAt), `/${name}`)
    const rows = shards.get(shard) ?? []
    rows.push(taskOf(name))
    shards.set(shard, rows)
  }
  return shards
}

function taskOf(name: string): ObjectRow {
  return putRow({
    name: `${deleteAt.padStart(10, '0')}-${name}`,
    policyIndex: 0,
    timestamp: TIMESTAMP,
    sizeBytes: 0,
    etag: 'd41d8cd98f00b204e9800998ecf8427e',
    contentType: 'text/plain',
  })
}
