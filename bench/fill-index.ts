/**
 * Writes into one device's object index that it has objects, with the digests over them, and makes no files: enough for
 * what never looks into a file, such as a pass of the replicator over replicas that are equal. Names are those of the
 * load generator (`operations.ts`). The cluster has been started once and stopped cleanly; afterwards its auditors must be
 * off, because they would find that every file is missing.
 *
 *     node bench/fill-index.ts DATA DEVICE ACCOUNT CONTAINER COUNT     (started by `fill-devices.ts`)
 */
import path from 'node:path'
import { hashName } from '#base/names.ts'
import { realClock } from '#base/real-clock.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { realDisk } from '#disk/real-disk.ts'
import { type KvOperation, writeSynced, writeUnsynced } from '#kv/group-commit.ts'
import { levelEngine } from '#kv/open-level.ts'
import { readClusterFile } from '#node/cluster-file.ts'
import { digestKey, objectKey } from '#object-server/index-keys.ts'
import { type DataRecord, EMPTY_STATE, type ObjectState } from '#object-server/object-state.ts'
import { RangeDigests, rangeOf } from '#object-server/range-digests.ts'
import { encodeEntry } from '#object-server/stored-bytes.ts'
import { parseRing } from '#ring/ring-file.ts'
import { objectName } from './operations.ts'
import { payloadOf } from './payload.ts'

const WRITTEN = '1700000000.00000' as Timestamp
const OBJECT_BYTES = 16
const BATCH = 5_000

const [dataPath = '', device = '', account = '', container = '', count = '0'] = process.argv.slice(2)
const cluster = await readClusterFile(realDisk, path.join(dataPath, 'cluster.json'))
const parsed = parseRing(await realDisk.readFile(path.join(dataPath, 'rings/object.ring.gz')))
if (cluster === undefined || 'broken' in cluster || parsed.kind !== 'ring')
  throw new Error(`no cluster in ${dataPath}`)
const { salt } = cluster
const { ring } = parsed
const store = await levelEngine(realDisk, realClock).open(path.join(dataPath, 'devices', device, 'index'))
const digests = new RangeDigests()
const sums = new Map<string, Buffer>()
let batch: KvOperation[] = []
for (let number = 0; number < Number(count); number += 1) {
  const object = objectName(number)
  const hash = hashName({ account, container, object }, salt)
  if (!ring.primaries(ring.partitionOf(hash)).some((primary) => primary.device === device)) continue
  const state = stateOf(`/${account}/${container}/${object}`, number)
  sums.set(rangeOf(hash), digests.change(hash, EMPTY_STATE, state))
  batch.push({ type: 'put', key: objectKey(hash), value: encodeEntry(state) })
  if (batch.length < BATCH) continue
  await writeUnsynced(store, batch)
  batch = []
}
const stored = [...sums].map(
  ([prefix, value]): KvOperation => ({ type: 'put', key: digestKey(prefix), value }),
)
await writeSynced(store, [...batch, ...stored])
await store.close()

function stateOf(name: string, number: number): ObjectState {
  const { md5: etag, sizeBytes } = payloadOf(number, OBJECT_BYTES)
  const described = { timestamp: WRITTEN, sizeBytes, etag }
  const record: DataRecord = { name, ...described, contentType: 'text/plain', headers: {}, blockCrcs: [0] }
  return { ...EMPTY_STATE, data: { ...described, fileBytes: sizeBytes, record } }
}
