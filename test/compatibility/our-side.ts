/** Our storage servers and our proxy as parts of a cluster whose other part is OpenStack Swift. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { REFERENCE_SALT } from '#bench/reference-swift-config.ts'
import { addDevices, createBuilder, rebalanced, ringOf } from '#ring/builder.ts'
import { serialiseRing } from '#ring/ring-file.ts'
import { runWell } from '#test/programs.ts'
import {
  configFile,
  type Lifetime,
  MARTLET,
  RunningMartlet,
  temporaryDirectory,
} from '#test/running-cluster.ts'

export const HOST = '127.0.0.1'
export const DEVICES = ['d1', 'd2', 'd3', 'd4'] as const
const PART_POWER = 10
const REPLICAS = 3
const WEIGHT = 100
const SERVERS = ['object', 'container', 'account'] as const
type Server = (typeof SERVERS)[number]

/** The storage policies of the reference Swift. */
const POLICIES = `
[[policy]]
index = 0
name = "Policy-0"
default = true

[[policy]]
index = 1
name = "silver"
`
/** The users of the reference Swift. */
const USERS = `
[auth]
users = [
  "admin:admin admin .admin .reseller_admin",
  "test:tester testing .admin",
  "test2:tester2 testing2 .admin",
  "test:tester3 testing3",
]
`

/** Every device has a port of its own for each server, because a device has a process of its own. */
export function portOf(firstPort: number, device: number, server: Server): number {
  return firstPort + SERVERS.length * device + SERVERS.indexOf(server)
}

/** A folder with the rings of a cluster of our storage servers: that of the containers by Swift's builder, the others by ours. */
export async function ourRings(t: Test, firstPort: number): Promise<string> {
  const folder = temporaryDirectory(t)
  const account = ourRing(firstPort, 'account')
  const object = ourRing(firstPort, 'object')
  writeFileSync(join(folder, 'account.ring.gz'), account)
  for (const name of ['object', 'object-1']) writeFileSync(join(folder, `${name}.ring.gz`), object)
  const devices = DEVICES.flatMap((device, at) => [
    `r1z${at + 1}-${HOST}:${portOf(firstPort, at, 'container')}/${device}`,
    String(WEIGHT),
  ])
  const builder = join(folder, 'container.builder')
  await runWell('swift-ring-builder', [builder, 'create', String(PART_POWER), String(REPLICAS), '1'])
  await runWell('swift-ring-builder', [builder, 'add', ...devices])
  await runWell('swift-ring-builder', [builder, 'rebalance'])
  return folder
}

/** The same rings as in the folder, those of the objects by a builder of ours that was imported from Swift's. */
export async function importedRings(t: Test, folder: string): Promise<string> {
  const own = temporaryDirectory(t)
  for (const name of ['account', 'container']) {
    copyFileSync(join(folder, `${name}.ring.gz`), join(own, `${name}.ring.gz`))
  }
  const ring = (...args: string[]): Promise<string> => runWell(process.execPath, [MARTLET, 'ring', ...args])
  await ring('import', join(folder, 'object.builder'), join(own, 'object.builder'))
  await ring('write-ring', join(own, 'object.builder'))
  copyFileSync(join(own, 'object.ring.gz'), join(own, 'object-1.ring.gz'))
  return own
}

function ourRing(firstPort: number, server: Server): Buffer {
  const empty = createBuilder({ partPower: PART_POWER, replicas: REPLICAS, minPartHours: 1 })
  if (empty.kind === 'refused') throw new Error(empty.reason)
  const devices = DEVICES.map((device, at) => {
    return { region: 1, zone: at + 1, ip: HOST, port: portOf(firstPort, at, server), device, weight: WEIGHT }
  })
  const filled = addDevices(empty, devices)
  if (filled.kind === 'refused') throw new Error(filled.reason)
  const placed = rebalanced(filled, { seed: server, nowMs: Date.now() })
  if (placed.kind === 'refused') throw new Error(placed.reason)
  const ring = ringOf(placed.builder)
  if (ring === undefined) throw new Error('the builder has placed nothing')
  return serialiseRing(ring)
}

/** Our storage servers, by the rings; they are stopped when the test ends. */
export async function startOurStorage(t: Test, rings: string): Promise<RunningMartlet> {
  const devices = temporaryDirectory(t)
  for (const device of DEVICES) mkdirSync(join(devices, device))
  const config = `[storage]\nhost = "${HOST}"\ndevices = "${devices}"\n`
  return await start(t, ['node', '--new-cluster'], rings, config, /are ready/)
}

/** Our proxy, by the rings, with `more` in its configuration; stopped when the test ends. Resolves to its URL. */
export async function startOurProxy(
  t: Lifetime,
  rings: string,
  internalPort: number,
  more = '',
): Promise<string> {
  const state = temporaryDirectory(t)
  const config = `[proxy]\nport = 0\nprocesses = 1\ninternal_port = ${internalPort}\nstate = "${state}"\n${more}`
  const proxy = await start(t, ['proxy'], rings, config, /ready at/)
  const [, url = ''] = await proxy.printed(/ready at (http:\/\/\S+)/)
  return url
}

async function start(
  t: Lifetime,
  command: readonly string[],
  rings: string,
  config: string,
  ready: RegExp,
): Promise<RunningMartlet> {
  const cluster = `[cluster]\nfile = "${clusterFile(t)}"\nrings = "${rings}"\n`
  const file = configFile(t, [cluster, config, USERS, POLICIES].join('\n'))
  const martlet = new RunningMartlet([...command, '--config', file])
  t.teardown(() => martlet.stop())
  await martlet.printed(ready)
  return martlet
}

/** Names are hashed as the reference Swift does it, and nobody signs requests, because Swift cannot. */
function clusterFile(t: Lifetime): string {
  const path = join(temporaryDirectory(t), 'cluster.json')
  const tokenKeys = [{ id: 1, secret: '5e'.repeat(32) }]
  const cluster = { format: 1, id: 'compatibility', salt: REFERENCE_SALT, nodeSecret: '', tokenKeys }
  writeFileSync(path, JSON.stringify({ ...cluster, age: 'grown', createdMs: Date.now() }))
  return path
}
