/**
 * Fills one device with objects and rows through its own engines, without a sync until the end: for measurements that need
 * a million of them and not a night of uploads. A crash in between leaves nothing that is worth keeping. Names and bodies
 * are those of the load generator (`operations.ts`, `payload.ts`), so that it finds its objects there.
 *
 *     node bench/fill-device.ts DATA DEVICE ACCOUNT CONTAINER [--objects N] [--bytes B] [--rows N]
 *                               [--delete-at SECONDS]
 *
 * `--rows`: rows of the container where this device is to have it; it must exist. `--delete-at`: when the objects expire;
 * nobody is told of it here (`fill-queue.ts`). Started by `fill-devices.ts`.
 */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Drive } from '#backend/drive-state.ts'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import type { Disk, DiskFile, Environment, KvEngine } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { hashName } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { openContainerDevice } from '#container-server/open-device.ts'
import { putRow } from '#db/object-row.ts'
import { realDisk } from '#disk/real-disk.ts'
import { readClusterFile } from '#node/cluster-file.ts'
import { realEnvironment } from '#node/environment.ts'
import { ObjectDevice } from '#object-server/device.ts'
import type { ObjectEngine } from '#object-server/engine.ts'
import type { Ring } from '#ring/ring.ts'
import { parseRing } from '#ring/ring-file.ts'
import { objectName } from './operations.ts'
import { payloadOf } from './payload.ts'

/** Written at the same time. */
const WRITERS = 16
const ROWS_PER_BATCH = 1000
const WRITTEN = '1700000000.00000' as Timestamp
const CONTENT_TYPE = 'application/octet-stream'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    objects: { type: 'string', default: '0' },
    bytes: { type: 'string', default: '16' },
    rows: { type: 'string', default: '0' },
    'delete-at': { type: 'string' },
  },
})
const [dataPath = '', device = '', account = '', container = ''] = positionals
const [objectCount, objectBytes, rowCount] = [values.objects, values.bytes, values.rows].map(Number) as [
  number,
  number,
  number,
]
const devicesPath = path.join(dataPath, 'devices')
const environment: Environment = {
  ...realEnvironment(),
  disk: withoutSyncs(),
  kv: unsynced(realEnvironment().kv),
}
const cluster = await readClusterFile(realDisk, path.join(dataPath, 'cluster.json'))
if (cluster === undefined || 'broken' in cluster) throw new Error(`no cluster in ${dataPath}`)
const { salt } = cluster
if (objectCount > 0) await fillObjects(await ringOf('object'))
if (rowCount > 0 && isHere(await ringOf('container'))) await fillRows()

async function ringOf(kind: 'object' | 'container'): Promise<Ring> {
  const parsed = parseRing(await realDisk.readFile(path.join(dataPath, `rings/${kind}.ring.gz`)))
  if (parsed.kind !== 'ring') throw new Error(`the ring of the ${kind}s cannot be read`)
  return parsed.ring
}

function isHere(ring: Ring, object?: string): boolean {
  const name = object === undefined ? { account, container } : { account, container, object }
  return ring.primaries(ring.partitionOf(hashName(name, salt))).some((primary) => primary.device === device)
}

async function fillObjects(ring: Ring): Promise<void> {
  const objects = await ObjectDevice.open({
    environment,
    devicesPath,
    device,
    mountCheck: 'any_directory',
    policies: parsePolicies([{ index: 0, name: 'Policy-0', default: true }]) as StoragePolicies,
    salt,
    log: silentLogger,
    newDevice: 'may_have_held_data',
    operationsMax: WRITERS,
  })
  const engine = objects.engine(0)
  if (engine === undefined) throw new Error('no engine')
  let next = 0
  const write = async (): Promise<void> => {
    while (next < objectCount) {
      const number = next
      next += 1
      if (isHere(ring, objectName(number))) await put(engine, number)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write))
  await objects.close()
}

async function put(engine: ObjectEngine, number: number): Promise<void> {
  const name = objectName(number)
  const writer = engine.beginWrite(`/${account}/${container}/${name}`, { hashing: 'crc_only' })
  const { block, md5 } = payloadOf(number, objectBytes)
  await writer.write(block)
  const outcome = await writer.commit({
    timestamp: WRITTEN,
    etag: md5,
    contentType: CONTENT_TYPE,
    headers: values['delete-at'] === undefined ? {} : { 'x-delete-at': values['delete-at'] },
    updates: () => [],
  })
  if (outcome.kind !== 'changed') throw new Error(`${name}: ${outcome.kind}`)
}

async function fillRows(): Promise<void> {
  const drive = new Drive({
    disk: environment.disk,
    clock: environment.clock,
    devicesPath,
    device,
    mountCheck: 'any_directory',
  })
  const opened = await openContainerDevice({
    environment,
    log: silentLogger,
    drive,
    salt,
    newDevice: 'may_have_held_data',
  })
  if (opened.kind === 'locked') throw new Error('the device is locked')
  for (let first = 0; first < rowCount; first += ROWS_PER_BATCH) {
    const rows = Array.from({ length: Math.min(ROWS_PER_BATCH, rowCount - first) }, (_, at) =>
      row(first + at),
    )
    await opened.index.apply({ account, container }, rows, () => ({ result: undefined, rows: 'merge' }))
  }
  await opened.close()
}

function row(number: number): ReturnType<typeof putRow> {
  const { sizeBytes, md5 } = payloadOf(number, objectBytes)
  return putRow({
    name: objectName(number),
    policyIndex: 0,
    timestamp: WRITTEN,
    sizeBytes,
    etag: md5,
    contentType: CONTENT_TYPE,
  })
}

function withoutSyncs(): Disk {
  const opened = (file: DiskFile): DiskFile => {
    file.sync = () => Promise.resolve()
    return file
  }
  return {
    ...realDisk,
    openRead: async (name) => opened(await realDisk.openRead(name)),
    createExclusive: async (name) => opened(await realDisk.createExclusive(name)),
    syncDirectory: () => Promise.resolve(),
  }
}

function unsynced(kv: KvEngine): KvEngine {
  return {
    move: (from, to) => kv.move(from, to),
    open: async (name) => {
      const store = await kv.open(name)
      const batch = store.batch.bind(store) as (operations: unknown, options: object) => Promise<void>
      Object.defineProperty(store, 'batch', {
        value: (operations: unknown, options: object) => batch(operations, { ...options, sync: false }),
      })
      return store
    },
  }
}
