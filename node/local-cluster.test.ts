import t, { type Test } from 'tap'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { LocalCluster } from './local-cluster.ts'
import type { Order } from './messages.ts'
import type { ChildListener, Fork } from './supervised-process.ts'
import { MemoryMachine } from './testing/memory-machine.ts'

interface Started {
  readonly cluster: LocalCluster
  /** What every process was told that it is, in the order of the starts. */
  readonly told: string[]
  readonly kill: (device: string) => void
}

async function start(t: Test, machine: MemoryMachine, clock: VirtualClock): Promise<Started> {
  const told: string[] = []
  const listeners = new Map<string, ChildListener>()
  const fork: Fork = (device, listener) => {
    listeners.set(device, listener)
    const send = (order: Order): void => {
      if (order.kind === 'start') told.push(`${device} ${String(order.assignment)}`)
      if (order.kind === 'start') queueMicrotask(() => listener.reported({ kind: 'ready' }))
      if (order.kind === 'drain') queueMicrotask(() => listener.reported({ kind: 'drained' }))
      if (order.kind === 'close') queueMicrotask(() => listener.exited('exit code 0'))
    }
    return { pid: 1, send, kill: () => listener.exited('SIGKILL') }
  }
  const cluster = await LocalCluster.start({
    developmentUsers: 'as_before',
    environment: { ...machine.environment(), clock },
    log: silentLogger,
    fork,
    pid: 42,
    address: { host: '127.0.0.1', port: 0 },
    dataPath: '/srv/martlet',
    policies: parsePolicies([{ index: 0, name: 'gold', default: true }]) as StoragePolicies,
    devices: ['d1', 'd2', 'd3'],
    replicas: 3,
    firstStoragePort: 36_200,
    drainMs: 100,
    assignmentOf: (_device, _directory, newDevice) => newDevice,
    signal: new AbortController().signal,
  })
  if ('failed' in cluster) throw new Error(cluster.failed)
  t.teardown(() => cluster.stop())
  return { cluster, told, kill: (device) => listeners.get(device)?.exited('SIGKILL') }
}

t.test('only the first processes of a cluster that never was may have an empty device', async (t) => {
  const [machine, clock] = [new MemoryMachine(), new VirtualClock()]
  const first = await start(t, machine, clock)
  const all = ['d1', 'd2', 'd3']
  t.same(
    first.told.toSorted(),
    all.map((device) => `${device} part_of_new_cluster`),
  )
  first.kill('d2')
  await clock.advance(10_000)
  t.same(first.told.slice(3), ['d2 may_have_held_data'], 'its device may have been wiped meanwhile')
  await first.cluster.stop()
  const second = await start(t, machine, clock)
  t.same(
    second.told.toSorted(),
    all.map((device) => `${device} may_have_held_data`),
  )
})
