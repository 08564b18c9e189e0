/**
 * Fills one device with objects through its own engine, without a sync until the end: for measurements that need a device
 * with a million objects and not a night of uploads. A crash in between leaves nothing that is worth keeping.
 *
 *     node bench/fill-device.ts DATA DEVICE ACCOUNT CONTAINER COUNT     (started by `bench/startup.ts`)
 */
import { hash } from 'node:crypto'
import path from 'node:path'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import type { Disk, DiskFile, Environment, KvEngine } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { hashName } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { realDisk } from '#disk/real-disk.ts'
import { readClusterFile } from '#node/cluster-file.ts'
import { realEnvironment } from '#node/environment.ts'
import { ObjectDevice } from '#object-server/device.ts'
import type { ObjectEngine } from '#object-server/engine.ts'
import { parseRing } from '#ring/ring-file.ts'

/** Written at the same time. */
const WRITERS = 16

const [dataPath = '', device = '', account = '', container = '', count = '0'] = process.argv.slice(2)
const environment: Environment = {
  ...realEnvironment(),
  disk: withoutSyncs(),
  kv: unsynced(realEnvironment().kv),
}
const cluster = await readClusterFile(realDisk, path.join(dataPath, 'cluster.json'))
if (cluster === undefined || 'broken' in cluster) throw new Error(`no cluster in ${dataPath}`)
const { salt } = cluster
const parsed = parseRing(await realDisk.readFile(path.join(dataPath, 'rings/object.ring.gz')))
if (parsed.kind !== 'ring') throw new Error('the ring of the objects cannot be read')
const { ring } = parsed
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

/** The body is the object's name. */
async function put(engine: ObjectEngine, object: string): Promise<void> {
  const body = Buffer.from(object)
  const writer = engine.beginWrite(`/${account}/${container}/${object}`, { hashing: 'crc_only' })
  await writer.write(body)
  const timestamp = '1700000000.00000' as Timestamp
  const etag = hash('md5', body)
  const outcome = await writer.commit({
    timestamp,
    etag,
    contentType: 'text/plain',
    headers: {},
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
