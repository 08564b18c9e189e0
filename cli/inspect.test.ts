import { createHash } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import t, { type Test } from 'tap'
import { ballotOf, candidateIdOf } from '#base/ballot.ts'
import { realClock, realRandom } from '#base/real-clock.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { quarantinedRowKey, rowKey } from '#db/keys.ts'
import { realDisk } from '#disk/real-disk.ts'
import { levelEngine } from '#kv/open-level.ts'
import { newCluster, writeClusterFile } from '#node/cluster-file.ts'
import { storeRecord } from '#object-server/data-file.ts'
import { promiseKey } from '#object-server/index-keys.ts'
import { parseFileName } from '#object-server/layout.ts'
import type { DataRecord } from '#object-server/object-state.ts'
import { encodePromise } from '#object-server/promise-store.ts'
import { encodeRecord } from '#object-server/stored-bytes.ts'
import { serialiseRing } from '#ring/ring-file.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import { type Inspection, inspected } from './inspect.ts'
import { inspectLevel } from './inspect-level.ts'
import { inspectObjectFile } from './inspect-object.ts'
import { inspectSmallFile } from './inspect-small.ts'

const HASH = '72555e6d6fd7b2ecb9543b1df717ec47'
const TIMESTAMP = '1700000000.00000' as Timestamp
const NAME = '/a/c/o'
const BODY = Buffer.from('hello')

async function directory(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'martlet-inspect-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

function recordOf(body: Buffer, etag = createHash('md5').update(body).digest('hex')): DataRecord {
  return {
    name: NAME,
    timestamp: TIMESTAMP,
    sizeBytes: body.length,
    etag,
    contentType: 'text/plain',
    headers: { 'x-object-meta-a': 'b' },
    blockCrcs: body.length === 0 ? [] : [crc32(body)],
  }
}

type Place = 'attribute' | 'trailer'

/** A data file as the object server leaves it. */
async function dataFile(
  directory: string,
  place: Place,
  body = BODY,
  record = recordOf(body),
): Promise<string> {
  const path = join(directory, `${HASH}_${TIMESTAMP}.data`)
  const disk =
    place === 'attribute'
      ? realDisk
      : { ...realDisk, setXattr: () => Promise.reject(Object.assign(new Error(), { code: 'ENOSPC' })) }
  const file = await realDisk.createExclusive(path)
  await file.write(body, 0)
  await storeRecord(disk, path, file, record)
  await file.close()
  return path
}

function inspectAt(path: string): Promise<Inspection> {
  const name = parseFileName(path.slice(path.lastIndexOf('/') + 1))
  if (name === undefined) throw new Error(`${path} is no object file`)
  return inspectObjectFile(realDisk, path, name)
}

for (const place of ['attribute', 'trailer'] as const) {
  void t.test(`a data file with its metadata in the ${place} is shown and checked`, async (t) => {
    const path = await dataFile(await directory(t), place)
    const found = await inspectAt(path)
    t.match(found, {
      what: 'object data',
      facts: { name: NAME, timestamp: TIMESTAMP, bytes: 5, headers: { 'x-object-meta-a': 'b' } },
    })
    // Some filesystems have no attributes.
    t.match(found.facts['metadata in'], place === 'trailer' ? /^trailer$/ : /attribute|trailer/)
    t.same(found.problems, [])
    await writeFile(path, Buffer.from('J'), { flag: 'r+' })
    const damaged = await inspectAt(path)
    t.match(damaged.problems, [/block 0 does not match its CRC/, /the body has MD5/])
  })
}

t.test('a file that is longer than it says is damaged, and one that lies about its time', async (t) => {
  const path = await dataFile(await directory(t), 'attribute')
  await appendFile(path, 'more')
  t.match((await inspectAt(path)).problems, [/size differs from the metadata|no readable metadata/])
  const other = await dataFile(await directory(t), 'trailer', BODY, {
    ...recordOf(BODY),
    timestamp: '1700000001.00000' as Timestamp,
  })
  t.match((await inspectAt(other)).problems, [/the timestamp inside is 1700000001/])
})

t.test('an empty object is whole', async (t) => {
  t.same((await inspectAt(await dataFile(await directory(t), 'attribute', Buffer.alloc(0)))).problems, [])
})

t.test('metadata and tombstones are shown; other bytes under their names are damaged', async (t) => {
  const own = await directory(t)
  const meta = join(own, `${HASH}_${TIMESTAMP}.meta`)
  const headers = { 'x-object-meta-colour': 'blue' }
  await writeFile(
    meta,
    encodeRecord({
      kind: 'meta',
      meta: { name: NAME, timestamp: TIMESTAMP, headers, contentType: undefined },
    }),
  )
  t.match(await inspectAt(meta), { what: 'object metadata', facts: { name: NAME, headers }, problems: [] })
  const tombstone = join(own, `${HASH}_${TIMESTAMP}.ts`)
  await writeFile(tombstone, encodeRecord({ kind: 'tombstone', name: NAME, timestamp: TIMESTAMP }))
  t.match(await inspectAt(tombstone), { what: 'tombstone', facts: { name: NAME }, problems: [] })
  await writeFile(
    meta,
    encodeRecord({
      kind: 'meta',
      meta: { name: NAME, timestamp: TIMESTAMP, headers, contentType: undefined },
    }).subarray(1),
  )
  t.match((await inspectAt(meta)).problems, [/no readable record/])
})

t.test('rings, identities and marks are told by their contents', async (t) => {
  const own = await directory(t)
  const path = join(own, 'anything')
  const inspectText = async (bytes: Buffer | string): Promise<Inspection> => {
    await writeFile(path, bytes)
    return inspectSmallFile(realDisk, path)
  }
  const ring = serialiseRing(buildSimpleRing({ devices: 3, partPower: 4, replicas: 2 }))
  t.match(await inspectText(ring), { what: 'ring', facts: { 'part power': 4, replicas: 2, partitions: 16 } })
  t.match(await inspectText(ring.subarray(0, 40)), { what: 'ring', problems: [/not a whole gzip file/] })
  t.match(await inspectText(`${TIMESTAMP}\n`), { what: 'mark of a hybrid clock' })
  t.match(await inspectText('1764000000123\n'), {
    what: 'latest time that a device believed',
    facts: { time: '2025-11-24T16:00:00.123Z' },
  })
  t.match(await inspectText('4711\n'), { what: 'process id of a supervisor', facts: { process: '4711' } })
  t.match(await inspectText('4be1c90a7d53f2e6\n'), { what: /a host has served/, problems: [] })
  t.match(await inspectText('{"version":1,"untilMs":{"auditor":5000}}'), {
    what: 'pauses of workers',
    facts: { 'paused until': { auditor: '1970-01-01T00:00:05.000Z' } },
  })
  t.match(await inspectText('what else'), { what: 'unknown', problems: ['it is no file of Martlet'] })
  t.match(await inspectText('{"a":1}'), { what: 'unknown' })
  const cluster = newCluster(realRandom, realClock)
  await writeClusterFile(realDisk, join(own, 'cluster.json'), cluster)
  const identity = await inspectSmallFile(realDisk, join(own, 'cluster.json'))
  t.match(identity, { what: 'cluster file', facts: { id: cluster.id }, problems: [] })
  const shown = JSON.stringify(identity)
  for (const secret of [
    cluster.nodeSecret,
    cluster.salt.prefix,
    cluster.salt.suffix,
    cluster.tokenKeys[0]?.secret ?? '',
  ]) {
    t.notOk(shown.includes(secret))
  }
})

t.test(
  'a store tells its tables, promises one by one, and rows that were taken out of service',
  async (t) => {
    const path = await directory(t)
    const ballot = ballotOf(TIMESTAMP, Buffer.alloc(8, 1))
    const candidate = { id: candidateIdOf(TIMESTAMP, Buffer.alloc(8, 2)), kind: 'data' } as const
    const accepted = { ballot, candidate, base: TIMESTAMP }
    const kv = levelEngine(realDisk, realClock)
    const index = await kv.open(join(path, 'index'))
    const record = { promised: ballot, accepted, committed: undefined }
    await index.put(promiseKey(HASH), encodePromise(record))
    await index.close()
    t.match(await inspectLevel(kv, join(path, 'index')), {
      what: 'object index',
      facts: {
        'promises of conditional writes': /^1 keys/,
        'names under agreement': [new RegExp(`^${HASH}, promised ${ballot}, waits: .*data`)],
      },
      problems: [],
    })
    const containers = await kv.open(join(path, 'containers'))
    const row = rowKey(Buffer.from(HASH, 'hex'), 'live', 0, 'ü/o')
    await containers.put(quarantinedRowKey(row), Buffer.from('row'))
    await containers.close()
    t.match(await inspectLevel(kv, join(path, 'containers')), {
      facts: {
        'rows taken out of service': /^1 keys/,
        'rows out of service, by the hash of their database': [`${HASH} ü/o`],
      },
    })
  },
)

t.test('a candidate that waits is inspected as the object that it may become', async (t) => {
  const path = await dataFile(await directory(t), 'attribute')
  const waiting = join(dirname(path), `${HASH}_${TIMESTAMP}-0123456789abcdef.data`)
  await rename(path, waiting)
  t.match(await inspected(waiting), { what: 'object data', facts: { name: NAME }, problems: [] })
})

t.test('what is under way, and what a killed process left, is told apart from damage', async (t) => {
  const own = await directory(t)
  const at = async (name: string, bytes: Buffer | string): Promise<Inspection | string> => {
    const path = join(own, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytes)
    return inspected(path)
  }
  t.match(await at('containers.damaged', ''), {
    what: /a LevelDB could not be read/,
    facts: { store: 'containers' },
  })
  t.match(await at('tmp/0-17', 'half a body'), { what: 'object that is being written', problems: [] })
  const ring = serialiseRing(buildSimpleRing({ devices: 3, partPower: 4, replicas: 2 }))
  const name = 'object.ring.gz.0123456789ab.new'
  t.match(await at(name, ring), { what: 'replacement that was not finished, ring', problems: [] })
  t.match(await at(name, ring.subarray(0, 40)), {
    facts: { 'as far as it got': /not a whole gzip/ },
    problems: [],
  })
  t.match(await at('time.unfinished', ''), { what: /not finished/, problems: [] })
  for (const level of ['CURRENT', 'LOCK', '000005.log', 'MANIFEST-000004'])
    t.match(await at(`index/${level}`, ''), {
      what: /inspect its directory/,
      facts: { store: join(own, 'index') },
    })
})
