/** A process of a simulated machine that is killed, or whose start fails, keeps nobody waiting. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { Machine } from './machine.ts'
import { MachineProcess, type ProcessWorld } from './machine-process.ts'
import { Network } from './network.ts'
import { RingBuilders, writeRings } from './topology.ts'

const HOST = '10.0.0.1'

async function aProcess(): Promise<{
  readonly machineProcess: MachineProcess<string>
  readonly world: VirtualClock
}> {
  const world = new VirtualClock()
  const random = new SeededRandom(1)
  const machine = new Machine({ name: HOST, world, random, layer: (storage) => storage })
  await writeRings(machine.disk.remount(), new RingBuilders(3).rings())
  const network = new Network({ clock: world, random, wire: { sent: () => {}, answered: () => {} } })
  const machineProcess = new MachineProcess<string>({
    name: 'node 0',
    host: HOST,
    machine,
    network,
    log: silentLogger,
    note: () => {},
  })
  return { machineProcess, world }
}

t.test('who starts a process that is killed before it serves is told so', async (t) => {
  const { machineProcess: started, world } = await aProcess()
  const opening = Promise.withResolvers<ProcessWorld>()
  const outcome = started.start((world) => {
    opening.resolve(world)
    return world.life.while(new Promise<string>(() => {}))
  })
  await world.advance(1_000)
  const { life } = await opening.promise
  await started.kill()
  t.notOk(life.isAlive)
  t.equal(await outcome, 'killed')
  t.notOk(started.isStarted)
  const again = started.start(async () => 'second')
  await world.advance(1_000)
  t.equal(await again, 'serves')
  t.equal(started.running, 'second')
})

t.test('a start that fails leaves nothing that runs', async (t) => {
  const { machineProcess: started, world } = await aProcess()
  const failing = started.start(async () => {
    throw new Error('no device')
  })
  const failed = t.rejects(failing, { message: 'no device' })
  await world.advance(1_000)
  await failed
  t.notOk(started.isStarted)
  t.equal(started.running, undefined)
})
