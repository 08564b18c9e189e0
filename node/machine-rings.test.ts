import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { parsePolicies, StoragePolicies } from '#backend/policies.ts'
import type { Disk } from '#base/environment.ts'
import { Ring } from '#ring/ring.ts'
import { type MachineRingsOptions, prepareMachineRings } from './machine-rings.ts'
import { readRing, ringFile } from './rings.ts'
import { MemoryMachine } from './testing/memory-machine.ts'

const RINGS = '/rings'
/** Above the range from which the kernel takes ports by itself. */
const FIRST_PORT = 62_000

function policies(...names: string[]): StoragePolicies {
  const parsed = parsePolicies(names.map((name, index) => ({ index, name, default: index === 0 })))
  if (!(parsed instanceof StoragePolicies)) throw new Error(parsed.message)
  return parsed
}

async function newOptions(): Promise<MachineRingsOptions> {
  const { disk } = new MemoryMachine().environment()
  await disk.mkdir(RINGS)
  const devices = ['d1', 'd2', 'd3', 'd4']
  return { disk, ringsPath: RINGS, policies: policies('gold'), devices, replicas: 3, firstPort: FIRST_PORT }
}

async function ringOf(disk: Disk, name: string): Promise<Ring> {
  const ring = await readRing(disk, ringFile(RINGS, name))
  if (!(ring instanceof Ring)) throw new Error(ring.broken)
  return ring
}

const portsOf = (ring: Ring): number[] => ring.devices.map((device) => device?.port ?? 0)

t.test('the rings of a new machine', async (t) => {
  const options = await newOptions()
  t.same(await prepareMachineRings(options, 'believe'), { devices: options.devices })
  const rings = await Promise.all(
    ['account', 'container', 'object'].map((name) => ringOf(options.disk, name)),
  )
  t.equal(new Set(rings.flatMap(portsOf)).size, 12, 'every server has a port of its own')
  for (const ring of rings) {
    t.equal(ring.replicaCount, 3)
    t.equal(new Set(ring.devices.map((device) => device?.zone)).size, 4)
    t.ok(ring.primaries(0).length === 3)
  }
})

t.test('rings stay as they are', async (t) => {
  const options = await newOptions()
  await prepareMachineRings(options, 'believe')
  const before = await options.disk.readFile(ringFile(RINGS, 'object'))
  t.same(await prepareMachineRings({ ...options, devices: ['x'] }, 'believe'), { devices: options.devices })
  t.same(await options.disk.readFile(ringFile(RINGS, 'object')), before)
})

t.test('a policy that was added gets a ring with the same servers', async (t) => {
  const options = await newOptions()
  await prepareMachineRings(options, 'believe')
  await prepareMachineRings({ ...options, policies: policies('gold', 'silver') }, 'believe')
  t.same(portsOf(await ringOf(options.disk, 'object-1')), portsOf(await ringOf(options.disk, 'object')))
})

t.test('a server whose port was taken moves, and nothing else changes', async (t) => {
  const options = await newOptions()
  const both = { ...options, policies: policies('gold', 'silver') }
  await prepareMachineRings(both, 'believe')
  const before = await ringOf(options.disk, 'object')
  const taken = before.devices[2]?.port ?? 0
  const squatter = createServer().listen(taken, '127.0.0.1')
  await once(squatter, 'listening')
  await prepareMachineRings(both, 'look')
  squatter.close()
  for (const name of ['object', 'object-1']) {
    const after = await ringOf(options.disk, name)
    t.notOk(portsOf(after).includes(taken))
    t.same(portsOf(after).toSpliced(2, 1), portsOf(before).toSpliced(2, 1))
    t.same(after.assignments, before.assignments, 'no partition moves')
    t.equal(after.version, (before.version ?? 0) + 1)
  }
})

t.test('a broken ring is named', async (t) => {
  const options = await newOptions()
  await prepareMachineRings(options, 'believe')
  await options.disk.unlink(ringFile(RINGS, 'container'))
  const file = await options.disk.createExclusive(ringFile(RINGS, 'container'))
  await file.write(Buffer.from('nonsense'), 0)
  await file.close()
  t.match(await prepareMachineRings(options, 'believe'), { broken: /^\/rings\/container\.ring\.gz / })
})
