/**
 * Fills one device with objects through its own engine, without a sync until the end: for measurements that need a device
 * with a million objects and not a night of uploads. A crash in between leaves nothing that is worth keeping.
 *
 *     node bench/fill-device.ts DATA DEVICE ACCOUNT CONTAINER COUNT BYTES KEEP DELETE_AT
 *
 * Started by `fill-cluster.ts`. A body is the object's name, repeated up to BYTES if that is more. KEEP is `files`, or `index` for a device that only
 * says that it has the objects: enough for what never looks into a file, and faster. DELETE_AT is when they expire,
 * seconds since the epoch, 0 for never; nobody is told of it here.
 */
import { hash } from 'node:crypto'
import path from 'node:path'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import type { Disk, DiskFile, Environment, KvEngine } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { hashName } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { realDisk } from '#disk/real-disk.ts'
import { realEnvironment } from '#node/environment.ts'
import { ObjectDevice } from '#object-server/device.ts'
import type { ObjectEngine } from '#object-server/engine.ts'
import { ringOf, saltOf } from './device-parts.ts'

/** Written at the same time. */
const WRITERS = 16

const [
  dataPath = '',
  device = '',
  account = '',
  container = '',
  count = '0',
  bytes = '0',
  keep = 'files',
  deleteAt = '0',
] = process.argv.slice(2)
const environment: Environment = {
  ...realEnvironment(),
  disk: keep === 'index' ? withoutFiles(withoutSyncs()) : withoutSyncs(),
  kv: unsynced(realEnvironment().kv),
}
const salt = await saltOf(dataPath)
const ring = await ringOf(dataPath, 'object')
const objects = await ObjectDevice.open({
  environment,
  devicesPath: path.join(dataPath, 'devices'),
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
await Promise.all(Array.from({ length: WRITERS }, () => fill(engine)))
await objects.close()

async function fill(engine: ObjectEngine): Promise<void> {
  while (next < Number(count)) {
    const number = next
    next += 1
    if (isHere(`object-${number}`)) await put(engine, `object-${number}`)
  }
}

function isHere(object: string): boolean {
  const partition = ring.partitionOf(hashName({ account, container, object }, salt))
  return ring.primaries(partition).some((primary) => primary.device === device)
}

async function put(engine: ObjectEngine, object: string): Promise<void> {
  const body = Number(bytes) > object.length ? Buffer.alloc(Number(bytes), object) : Buffer.from(object)
  const writer = engine.beginWrite(`/${account}/${container}/${object}`, { hashing: 'crc_only' })
  await writer.write(body)
  const timestamp = '1700000000.00000' as Timestamp
  const etag = hash('md5', body)
  const outcome = await writer.commit({
    timestamp,
    etag,
    contentType: 'text/plain',
    headers: deleteAt === '0' ? {} : { 'x-delete-at': deleteAt },
    updates: () => [],
  })
  if (outcome.kind !== 'changed') throw new Error(`${object}: ${outcome.kind}`)
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

/** Files are taken and forgotten; directories are real. */
function withoutFiles(disk: Disk): Disk {
  const nowhere: DiskFile = {
    read: async () => 0,
    write: async () => {},
    writeAll: async () => {},
    sync: async () => {},
    stat: async () => ({ sizeBytes: 0, mtimeMs: 0, isDirectory: false }),
    close: async () => {},
  }
  return {
    ...disk,
    createExclusive: async () => nowhere,
    rename: async () => {},
    unlink: async () => {},
    setXattr: async () => {},
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
