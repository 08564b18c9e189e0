import t from 'tap'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import { silentLogger } from '#base/log.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { serialiseRing } from '#ring/ring-file.ts'
import { replaceRingFile } from '#ring/ring-store.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import { watchForDevices } from './new-devices.ts'

const DIRECTORY = '/rings'

t.test('a device that a changed ring has on this host is told of, once', async (t) => {
  const clock = new VirtualClock()
  const memory = new MemoryDisk({ wallMs: () => clock.wallMs() })
  const environment = { clock, disk: memory.remount(), random: new SeededRandom(1) }
  await environment.disk.mkdir(DIRECTORY)
  const place = async (name: string, devices: number): Promise<void> => {
    const ring = buildSimpleRing({ devices, partPower: 3, replicas: 2 })
    await replaceRingFile(environment, `${DIRECTORY}/${name}.ring.gz`, serialiseRing(ring))
  }
  for (const name of ['account', 'container', 'object']) await place(name, 2)
  const found: string[] = []
  const end = await watchForDevices({
    environment,
    log: silentLogger,
    policies: parsePolicies([{ index: 0, name: 'gold', default: true }]) as StoragePolicies,
    directory: DIRECTORY,
    host: '127.0.0.1',
    known: ['d1'],
    onNew: (device) => found.push(device),
  })
  t.same(found, ['d2'], 'one that came while the host started')
  for (const name of ['container', 'object']) await place(name, 3)
  for (let count = 0; count < 3; count += 1) {
    await clock.advance(5_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.same(found, ['d2', 'd3'])
  end()
  t.equal(clock.waiting, 0)
})
