/** Taking a device: what another process has, what belongs to another cluster and what was lost is not taken for ours. */
import t, { type Test } from 'tap'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import type { Disk, KvEngine } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { ObjectDevice, type ObjectDeviceOptions } from './device.ts'

const DEVICE = '/devices/sda'

interface Machine {
  readonly disk: Disk
  readonly kv: MemoryKv
  readonly open: (change?: Partial<ObjectDeviceOptions>) => Promise<ObjectDevice>
}

async function newMachine(): Promise<Machine> {
  const disk = new MemoryDisk().remount()
  await disk.mkdir(DEVICE, { recursive: true })
  const kv = new MemoryKv()
  const open: Machine['open'] = (change) =>
    ObjectDevice.open({
      environment: { clock: new VirtualClock(), random: new SeededRandom(1), disk, kv },
      devicesPath: '/devices',
      device: 'sda',
      mountCheck: 'any_directory',
      policies: parsePolicies([{ index: 0, name: 'gold', default: true }]) as StoragePolicies,
      salt: { prefix: 'a', suffix: 'b' },
      log: silentLogger,
      newDevice: 'part_of_new_cluster',
      operationsMax: 3,
      ...change,
    })
  return { disk, kv, open }
}

async function touch(disk: Disk, path: string): Promise<void> {
  await (await disk.createExclusive(path)).close()
}

const FILLED_AT = '1700000000.00000' as Timestamp

/** One object, and a clean stop. */
async function fill(t: Test, device: ObjectDevice): Promise<void> {
  const writer = device.engine(0)?.beginWrite('/a/c/o', { hashing: 'md5' })
  await writer?.write(Buffer.from('x'))
  const etag = writer?.etag() ?? ''
  const request = { timestamp: FILLED_AT, etag, contentType: 'a/b', headers: {}, updates: () => [] }
  t.match(await writer?.commit(request), { kind: 'changed' })
  await device.close()
}

t.test('who does not get the device leaves the temporary files of its owner alone', async (t) => {
  const { disk, open } = await newMachine()
  const owner = await open()
  await touch(disk, `${DEVICE}/tmp/0-1`)
  await t.rejects(open(), { code: 'LEVEL_LOCKED' })
  t.same(await disk.readdir(`${DEVICE}/tmp`), ['0-1'])
  await owner.close()
  await (await open()).close()
  t.same(await disk.readdir(`${DEVICE}/tmp`), [])
})

t.test('a device whose directory is not there is not made', async (t) => {
  const { disk, kv, open } = await newMachine()
  await t.rejects(open({ device: 'sdb' }), { code: 'ENOENT' })
  t.same(await disk.readdir('/devices'), ['sda'])
  t.same(kv.paths(), [])
})

t.test('a device of a cluster with another salt is refused, and nothing on it is touched', async (t) => {
  const { disk, open } = await newMachine()
  await fill(t, await open())
  await t.rejects(open({ salt: { prefix: 'a', suffix: 'c' } }), {
    message: /another hash salt/,
    code: undefined,
  })
  await t.rejects(open({ salt: { prefix: 'ab', suffix: '' } }), /another hash salt/)
  t.same(await disk.readdir(`${DEVICE}/quarantined`), [])
  const again = await open()
  t.match(await again.engine(0)?.lookUp('/a/c/o', { at: FILLED_AT, expired: 'hide' }), { kind: 'found' })
  await again.close()
})

t.test('a device that lost its note of the salt is known by its files', async (t) => {
  const { disk, kv, open } = await newMachine()
  await fill(t, await open())
  for (const lost of ['state', 'index']) {
    await kv.move(`${DEVICE}/${lost}`, `/elsewhere/${lost}`)
    await t.rejects(open({ salt: { prefix: 'a', suffix: 'c' } }), /another hash salt/, `without ${lost}`)
    t.same(await disk.readdir(`${DEVICE}/quarantined`), [], 'nothing is taken for damaged')
  }
  const again = await open()
  t.match(await again.engine(0)?.lookUp('/a/c/o', { at: FILLED_AT, expired: 'hide' }), { kind: 'found' })
  t.equal(again.replicaStates(0)?.ofAll, 'joining')
  await again.close()
  await t.rejects(open({ salt: { prefix: 'a', suffix: 'c' } }), /another hash salt/, 'and has a note again')
})

t.test('a device that kept its states but lost index and objects is joining', async (t) => {
  const { kv, open } = await newMachine()
  const first = await open()
  t.equal(first.replicaStates(0)?.ofAll, 'synced')
  await first.close()
  await kv.move(`${DEVICE}/index`, '/elsewhere')
  const kept = await open()
  t.equal(
    kept.replicaStates(0)?.ofAll,
    'synced',
    'the first start of a cluster, cut short: nothing can be lost',
  )
  await kept.close()
  await kv.move(`${DEVICE}/index`, '/elsewhere')
  const after = await open({ newDevice: 'may_have_held_data' })
  t.equal(after.replicaStates(0)?.ofAll, 'joining')
  await after.close()
})

/** Opens a store in which what is read of some keys is damaged, until it is moved away. */
function damagedAt(kv: MemoryKv, path: string, key: string): KvEngine {
  let isThere = true
  const open: KvEngine['open'] = async (opened) => {
    const store = await kv.open(opened)
    if (opened !== path || !isThere) return store
    const get = store.get.bind(store)
    store.get = (async (asked: Buffer) => {
      if (asked.includes(key)) throw Object.assign(new Error('bad block'), { code: 'LEVEL_CORRUPTION' })
      return await get(asked)
    }) as typeof store.get
    return store
  }
  return {
    open,
    move: async (from, to) => {
      await kv.move(from, to)
      isThere &&= from !== path
    },
  }
}

for (const key of ['salt', 'replicas', 'ledger']) {
  t.test(`a state whose damage shows only where it is read is set aside (${key})`, async (t) => {
    const { disk, kv, open } = await newMachine()
    await fill(t, await open())
    const environment = {
      clock: new VirtualClock(),
      random: new SeededRandom(1),
      disk,
      kv: damagedAt(kv, `${DEVICE}/state`, key),
    }
    const device = await open({ environment })
    t.equal(device.replicaStates(0)?.ofAll, 'joining')
    t.match(await device.engine(0)?.lookUp('/a/c/o', { at: FILLED_AT, expired: 'hide' }), { kind: 'found' })
    t.ok(kv.paths().some((path) => path.startsWith(`${DEVICE}/quarantined/state-`)))
    await device.close()
    await (await open()).close()
  })
}
