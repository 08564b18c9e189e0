import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { newCluster } from './cluster-file.ts'
import { makeDirectoryDurably } from './durable-file.ts'
import { isFirstService, markServed } from './first-service.ts'
import { MemoryMachine } from './testing/memory-machine.ts'

const DEVICES = '/srv/martlet'
const DAY_MS = 86_400_000

async function newHost() {
  const machine = new MemoryMachine()
  const clock = new VirtualClock()
  const environment = () => ({ ...machine.environment(), clock })
  await makeDirectoryDurably(environment().disk, DEVICES)
  const place = { cluster: newCluster(environment().random, clock), devicesPath: DEVICES }
  return { machine, clock, environment, place }
}

t.test('a host is new until it has served, also when its power is cut', async (t) => {
  const { machine, environment, place } = await newHost()
  t.equal(await isFirstService(environment(), place), 'first')
  t.equal(await isFirstService(environment(), place), 'first', 'a start that was cut short is begun again')
  await markServed(environment(), place)
  await machine.crash()
  t.match(await isFirstService(environment(), place), { reason: /has served before/ })
  await markServed(environment(), place)
})

t.test('a host that is replaced as a whole is not new once the cluster is a day old', async (t) => {
  const { clock, environment, place } = await newHost()
  await clock.advance(DAY_MS - 1)
  t.equal(await isFirstService(environment(), place), 'first')
  await clock.advance(1)
  t.match(await isFirstService(environment(), place), { reason: /made 24 hours ago/ })
})

t.test('a cluster file that does not say its age is not that of a new cluster', async (t) => {
  const { environment, place } = await newHost()
  const cluster = { ...place.cluster, createdMs: 0 }
  t.match(await isFirstService(environment(), { ...place, cluster }), { reason: /createdMs/ })
})
