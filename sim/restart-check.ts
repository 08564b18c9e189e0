/**
 * What a storage server must still have when it comes back, whatever it died of: every write that it said it has, in
 * whole files. Looked at from outside, before anybody asks it to read.
 */
import { hash as hashOf } from 'node:crypto'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { fileName, leafOf, leafPath, policyPaths } from '#object-server/layout.ts'
import type { ObjectState } from '#object-server/object-state.ts'
import type { Cluster } from './cluster.ts'
import type { Damage } from './damage.ts'
import type { ObjectHistory, WriteMethod } from './history.ts'
import { nameOfPath } from './object-names.ts'
import type { StorageNode } from './storage-node.ts'
import { devicePath, POLICY_INDEXES, policyOf } from './topology.ts'
import { Violation } from './violation.ts'

const LOOKS = 4
const TORN = /\/quarantined\/objects[^/]*\//
const LOOK_AGAIN_MS = 50

/** Throws a `Violation`; ends when the node's process does. `damage`: what its disk may have lost. */
export async function checkRestarted(cluster: Cluster, node: StorageNode, damage: Damage): Promise<void> {
  const { running } = node
  const device = running?.device.objects.device
  checkNothingTorn(node, damage)
  for (const object of cluster.history.objects) {
    const { hash } = object
    const replica = device?.replica(policyOf(nameOfPath(object.path)))
    if (running === undefined || replica === undefined) return
    for (let looks = 1; ; looks += 1) {
      const found = await running.life.orEnd(replica.states([hash]))
      if (found === undefined || 'kind' in found) return
      try {
        for (const { state } of found) {
          checkKept(cluster, node, object, state, damage)
          checkBytes(node, object, state, damage)
        }
        break
      } catch (error) {
        // Between two looks it may have been replaced.
        if (looks === LOOKS) throw error
        await cluster.world.sleep(LOOK_AGAIN_MS)
      }
    }
  }
}

/** Throws a `Violation` when a node that has just started on an empty disk says that it knows what it should have. */
export function checkVoiceless(cluster: Cluster, { host, running }: StorageNode): void {
  for (const policy of POLICY_INDEXES) {
    const states = running?.device.objects.device.ledger(policy)?.states
    const { partPower } = cluster.rings.object
    for (let partition = 0; partition < 2 ** partPower; partition += 1) {
      if (states === undefined || states.of({ partPower, partition }) === 'joining') continue
      throw new Violation('votes_unknowing', `${host} lost its disk and votes on partition ${partition}`, [
        host,
      ])
    }
  }
}

/** What a crash leaves is the old state or the new one: nothing that must be taken out of service. */
function checkNothingTorn({ machine, host }: StorageNode, damage: Damage): void {
  const torn = machine.disk.files().find((file) => TORN.test(file) && !damage.excusesFile(file))
  if (torn === undefined) return
  throw new Violation('torn_object', `${host} found ${torn} torn after a restart`, [host])
}

function checkKept(
  cluster: Cluster,
  node: StorageNode,
  object: ObjectHistory,
  state: ObjectState,
  damage: Damage,
): void {
  const { hash } = object
  // A stand-in gives up what the primaries have.
  if (!cluster.alwaysHeldBy(node.host, 'object', nameOfPath(object.path))) return
  const told = lastTold(object, node.host, (method) => method !== 'POST')
  if (damage.excuses(hash, told) || object.mayBeForgotten(cluster.world.wallMs(), told)) return
  const kept = [state.data?.timestamp, state.tombstone, state.lost].map((one) => one ?? ZERO_TIMESTAMP)
  expectKept(object, node, told, kept)
  const posted = lastTold(object, node.host, (method) => method === 'POST')
  if (damage.excuses(hash, posted)) return
  expectKept(object, node, posted, [...kept, state.meta?.timestamp ?? ZERO_TIMESTAMP])
}

/** The latest write of such a method that the host said it has. */
function lastTold(object: ObjectHistory, host: string, counts: (method: WriteMethod) => boolean): Timestamp {
  let told: Timestamp = ZERO_TIMESTAMP
  for (const { method, timestamp, holders } of object.attempts) {
    if (counts(method) && holders.has(host) && timestamp > told) told = timestamp
  }
  return told
}

/** Of its writes up to `told` the host has the last, or a later one. */
function expectKept(
  { path }: ObjectHistory,
  { host }: StorageNode,
  told: Timestamp,
  kept: readonly Timestamp[],
): void {
  if (kept.some((one) => one >= told)) return
  throw new Violation(
    'forgotten_write',
    `${host} said that it has ${path} of ${told}; after its restart it has ${kept.join(', ')}`,
    [path, host],
  )
}

function checkBytes(
  { machine, node, host }: StorageNode,
  { path, hash }: ObjectHistory,
  { data }: ObjectState,
  damage: Damage,
): void {
  if (data === undefined || damage.excuses(hash, data.timestamp)) return
  const { objects } = policyPaths(devicePath(node), policyOf(nameOfPath(path)))
  const name = fileName({ hash, timestamp: data.timestamp, kind: 'data' })
  const file = machine.disk.nodeAt(`${leafPath(objects, leafOf(hash))}/${name}`)
  const bytes = file !== undefined && 'bytes' in file ? file.bytes : undefined
  if (bytes !== undefined && hashOf('md5', bytes.subarray(0, data.sizeBytes)) === data.etag) return
  const what =
    bytes === undefined ? 'is not there' : `has ${bytes.length} bytes that are not those of ${data.etag}`
  throw new Violation('torn_object', `the file of ${path} on ${host} ${what} after a restart`, [path, host])
}
