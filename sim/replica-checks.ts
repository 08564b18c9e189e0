/**
 * What must hold of the replicas themselves when the replicators have come to rest: every primary has everything, exactly,
 * and nobody else has anything.
 */
import { hash as hashOf } from 'node:crypto'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import { hashName } from '#base/names.ts'
import { TICKS_PER_SECOND, type Timestamp, ticksOf } from '#base/timestamp.ts'
import type { DatabaseName } from '#db/info.ts'
import { totalStats } from '#db/info.ts'
import { fileName, leafOf, leafPath, policyPaths } from '#object-server/layout.ts'
import type { ObjectState } from '#object-server/object-state.ts'
import { CLOCKS_APART_MS } from './clocks.ts'
import type { Cluster } from './cluster.ts'
import { type Copy, copiesOf, type Outcome } from './final-checks.ts'
import { ACCOUNT, CONTAINERS, nameOfPath } from './object-names.ts'
import { DATABASE_REPLICATOR, hasWorker, OBJECT_REPLICATOR } from './settle.ts'
import type { StorageNode } from './storage-node.ts'
import { devicePath, policyOf, SALT } from './topology.ts'
import { Violation } from './violation.ts'

/** All that is checked of replicas, as far as there are workers that see to it. */
export async function checkReplicas(cluster: Cluster, outcomes: readonly Outcome[]): Promise<void> {
  if (hasWorker(cluster, OBJECT_REPLICATOR)) {
    for (const outcome of outcomes) checkCopies(cluster, outcome, await copiesOf(cluster, outcome.path))
  }
  if (!hasWorker(cluster, DATABASE_REPLICATOR)) return
  for (const container of CONTAINERS) await checkContainer(cluster, container, outcomes)
  await checkAccount(cluster, outcomes)
}

function checkCopies(cluster: Cluster, outcome: Outcome, copies: readonly Copy[]): void {
  const { path } = outcome
  const primaries = new Set(cluster.primaries('object', nameOfPath(path)).map(({ ip }) => ip))
  const shapes = new Set<string>()
  for (const { host, state } of copies) {
    if (primaries.has(host)) {
      shapes.add(shapeOf(withoutForgettable(cluster, state)))
      if (outcome.exists) checkFile(cluster.nodeAt(host), outcome)
    } else if (!isNothing(state)) {
      throw new Violation('handoff_not_empty', `${host} still has ${path}: ${shapeOf(state)}`, [path, host])
    }
  }
  if (shapes.size <= 1) return
  throw new Violation('replicas_differ', `${path}: ${[...shapes].join(' and ')}`, [path])
}

/**
 * A tombstone that is past its time lies until the next look, hours later, and is brought to nobody who has nothing: a disk
 * that was replaced meanwhile does without it.
 */
function withoutForgettable({ world }: Cluster, state: ObjectState): ObjectState {
  const { data, meta, tombstone } = state
  if (tombstone === undefined || data !== undefined || meta !== undefined) return state
  return isForgettable(tombstone, world.wallMs()) ? { ...state, tombstone: undefined } : state
}

function isForgettable(tombstone: Timestamp, wallMs: number): boolean {
  const ageMs = wallMs - (ticksOf(tombstone) / TICKS_PER_SECOND) * 1000
  return ageMs > RECLAIM_AGE_SECONDS * 1000 - CLOCKS_APART_MS
}

/** What replicas compare of an object. */
function shapeOf({ data, meta, tombstone }: ObjectState): string {
  return JSON.stringify({
    data: data?.timestamp,
    etag: data?.etag,
    bytes: data?.sizeBytes,
    meta: meta?.timestamp,
    headers: meta?.headers,
    contentType: meta?.contentType,
    fields: meta?.fields,
    tombstone,
  })
}

function isNothing({ data, meta, tombstone }: ObjectState): boolean {
  return data === undefined && meta === undefined && tombstone === undefined
}

/** The bytes as they lie on the disk, not as the server gives them. */
function checkFile(
  { machine, node, host }: StorageNode,
  { path, timestamp, etag, sizeBytes }: Outcome,
): void {
  const objectName = nameOfPath(path)
  const hash = hashName(objectName, SALT)
  const { objects } = policyPaths(devicePath(node), policyOf(objectName))
  const name = fileName({ hash, timestamp, kind: 'data' })
  const file = machine.disk.nodeAt(`${leafPath(objects, leafOf(hash))}/${name}`)
  const bytes = file !== undefined && 'bytes' in file ? file.bytes : undefined
  if (bytes !== undefined && hashOf('md5', bytes.subarray(0, sizeBytes)) === etag) return
  throw new Violation('bad_copy', `${host}: the file of ${path} of ${timestamp} is not what it should be`, [
    path,
    host,
  ])
}

async function checkContainer(
  cluster: Cluster,
  container: string,
  outcomes: readonly Outcome[],
): Promise<void> {
  const name = { account: ACCOUNT, container }
  const below = `/${ACCOUNT}/${container}/`
  const objects = outcomes.filter(({ path, exists }) => exists && path.startsWith(below))
  const bytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  await checkDatabases(cluster, 'container', name, { rows: objects.length, bytes })
}

async function checkAccount(cluster: Cluster, outcomes: readonly Outcome[]): Promise<void> {
  const objects = outcomes.filter(({ exists }) => exists)
  const bytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  await checkDatabases(cluster, 'account', { account: ACCOUNT }, { objects: objects.length, bytes })
}

/** Every primary has the same rows, and counts what is there; nobody else has any. */
async function checkDatabases(
  cluster: Cluster,
  kind: 'account' | 'container',
  name: DatabaseName,
  wanted: { readonly rows?: number; readonly objects?: number; readonly bytes: number },
): Promise<void> {
  const label = name.container === undefined ? name.account : `${name.account}/${name.container}`
  const primaries = new Set(cluster.primaries(kind, name).map(({ ip }) => ip))
  const digests = new Set<string>()
  for (const { host, running } of cluster.nodes) {
    const device = running?.device
    const state = await (kind === 'account' ? device?.accounts : device?.containers)?.index.state(name)
    if (!primaries.has(host)) {
      if (state !== undefined)
        throw new Violation('handoff_not_empty', `${host} still has the ${kind} ${label}`, [label, host])
      continue
    }
    if (state === undefined)
      throw new Violation('missing_database', `${host} has no ${kind} ${label}`, [label])
    const stats = totalStats(state.info)
    digests.add(stats.liveDigest.toString('hex'))
    for (const figure of ['rows', 'objects', 'bytes'] as const) {
      const expected = wanted[figure]
      if (expected === undefined || stats[figure] === expected) continue
      throw new Violation(
        'wrong_counter',
        `${host} counts ${stats[figure]} ${figure} in the ${kind} ${label}; there are ${expected}`,
        [label, host],
      )
    }
  }
  if (digests.size > 1) throw new Violation('replicas_differ', `the replicas of ${kind} ${label}`, [label])
}
