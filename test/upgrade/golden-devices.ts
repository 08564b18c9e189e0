/** A little of everything that is stored, written by today's code in virtual time: the same bytes every time. */
import { startAccountServer } from '#account-server/testing.ts'
import { ts } from '#backend/test-twins.ts'
import { silentLogger } from '#base/log.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { startContainerServer } from '#container-server/testing.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { censusMemory } from '#node/census-memory.ts'
import { markInFile } from '#node/clock-mark.ts'
import { newCluster, writeClusterFile } from '#node/cluster-file.ts'
import { timeInFile } from '#node/device-clock.ts'
import { KeptPauses } from '#node/kept-pauses.ts'
import { accept, ballot, candidate, stage } from '#object-server/conditional-contract.ts'
import type { ObjectEngine } from '#object-server/engine.ts'
import { at, put, send, startTestServer, type TestServer } from '#object-server/test-server.ts'
import { dumpFiles, dumpStores, type GoldenDevice, type GoldenFiles } from './golden-store.ts'

const CONTAINER_HOST = '10.0.0.1:6201'
const CONTAINER_ROW = {
  'x-container-host': CONTAINER_HOST,
  'x-container-device': 'sdb',
  'x-container-partition': '7',
} as const
/** More than fits an attribute of the disk in memory, which has as much room as ext4. */
const METADATA_CHARACTERS = 900
const LONG_HEADERS = 6

export const PATHS = {
  small: '/sda/0/a/c/small',
  manyHeaders: '/sda/0/a/c/many-headers',
  posted: '/sda/0/a/c/posted',
  gone: '/sda/0/a/c/gone',
  silver: '/sda/0/a/c/silver',
} as const
export const SILVER = { 'x-backend-storage-policy-index': '1' } as const

/** Objects of two policies: data, metadata behind it and in a trailer, a POST, a deletion, rows, a candidate. */
export async function objectDevice(): Promise<GoldenDevice> {
  const server = await startTestServer()
  server.containers.hosts.set(CONTAINER_HOST, 'down')
  await put(server, 1, 'hello', { ...CONTAINER_ROW, 'x-object-meta-colour': 'blue' }, PATHS.small)
  await put(server, 1, 'much is said of it', longHeaders(), PATHS.manyHeaders)
  await put(server, 1, 'posted to', { 'x-delete-at': '1800000000', ...CONTAINER_ROW }, PATHS.posted)
  await send(server, 'POST', {
    path: PATHS.posted,
    headers: { 'x-timestamp': at(2), 'x-object-meta-a': 'b' },
  })
  await put(server, 1, 'gone', {}, PATHS.gone)
  await send(server, 'DELETE', { path: PATHS.gone, headers: { 'x-timestamp': at(3) } })
  await put(server, 1, 'silver', SILVER, PATHS.silver)
  await conditionalWrite(server.device.engine(0) as ObjectEngine)
  await server.device.ledger(0)?.stampAlive()
  await server.device.close()
  return { files: await dumpFiles(server.disk), stores: await dumpStores(server.kv) }
}

/** Promised and accepted, not committed. */
async function conditionalWrite(engine: ObjectEngine): Promise<void> {
  const one = candidate(5)
  await engine.conditional.promise('/a/c/o', ballot(5))
  await stage(engine, one, 'on approval')
  await accept(engine, { at: 5, candidate: one })
}

function longHeaders(): Record<string, string> {
  const names = Array.from({ length: LONG_HEADERS }, (_, number) => `x-object-sysmeta-long-${number}`)
  return Object.fromEntries(names.map((name) => [name, 'x'.repeat(METADATA_CHARACTERS)]))
}

export function startGolden(parts: Pick<TestServer, 'disk' | 'kv'>): Promise<TestServer> {
  return startTestServer({ ...parts, newDevice: 'may_have_held_data' })
}

const ROW = { 'x-size': '10', 'x-etag': 'etag', 'x-content-type': 'text/plain;swift_bytes=11' } as const
const ACCOUNT = {
  'x-account-host': '10.0.0.2:6202',
  'x-account-device': 'sdc',
  'x-account-partition': '8',
} as const

export async function containerDevice(): Promise<GoldenDevice> {
  const server = await startContainerServer()
  server.accounts.status = 503
  await server.send('PUT', '/a/c', ts(1, { 'x-container-meta-colour': 'blue', 'x-container-read': '.r:*' }))
  await server.send('PUT', '/a/told', ts(1, ACCOUNT))
  await server.send('PUT', '/a/c/one', ts(2, ROW))
  await server.send('PUT', '/a/c/two', ts(2, { ...ROW, 'x-meta-timestamp': ts(4)['x-timestamp'] ?? '' }))
  await server.send('PUT', '/a/c/gone', ts(2, ROW))
  await server.send('DELETE', '/a/c/gone', ts(3))
  await server.send('PUT', '/a/c/astray', ts(2, { ...ROW, ...SILVER }))
  await server.device.index.setSyncPoint({ account: 'a', container: 'c' }, 'a-peer', 3)
  await server.device.index.storeId()
  await server.device.close()
  return { files: {}, stores: await dumpStores(server.kv) }
}

export async function accountDevice(): Promise<GoldenDevice> {
  const server = await startAccountServer()
  await server.send('PUT', '/a', ts(1, { 'x-account-meta-temp-url-key': 'secret' }))
  const figures = { 'x-object-count': '3', 'x-bytes-used': '30', 'x-delete-timestamp': '0' }
  await server.send('PUT', '/a/c', { ...ts(2), 'x-put-timestamp': ts(2)['x-timestamp'] ?? '', ...figures })
  const gone = {
    'x-put-timestamp': ts(2)['x-timestamp'] ?? '',
    'x-delete-timestamp': ts(3)['x-timestamp'] ?? '',
  }
  await server.send('PUT', '/a/gone', { ...ts(3), ...gone, 'x-object-count': '0', 'x-bytes-used': '0' })
  await server.device.close()
  return { files: {}, stores: await dumpStores(server.kv) }
}

/** The small files beside the devices and on them. */
export async function smallFiles(): Promise<GoldenFiles> {
  const memory = new MemoryDisk()
  const disk = memory.remount()
  await writeClusterFile(disk, '/cluster.json', newCluster(new SeededRandom(1), new VirtualClock()))
  await (await KeptPauses.open(disk, '/', silentLogger)).keep('auditor', 1_700_000_060_000)
  await censusMemory(disk, '/').save(new Map([['0 17', 1_700_000_000_000]]))
  await markInFile(disk, '/clock').save('1700000000.12345' as Timestamp)
  await timeInFile(disk, '/time').save(1_700_000_000_123)
  return await dumpFiles(memory)
}
