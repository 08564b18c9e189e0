/**
 * How many disks hold what was acknowledged, looked at from outside at any moment, whether their machines run or not: never
 * fewer than a quorum, until a later write takes its place.
 */
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { MemoryDirectory } from '#disk/memory-tree.ts'
import { parseFileName, policyPaths } from '#object-server/layout.ts'
import type { Cluster } from './cluster.ts'
import type { StorageNode } from './storage-node.ts'
import { devicePath, POLICY_INDEXES } from './topology.ts'
import { Violation } from './violation.ts'

/** What a plain write needs of three replicas. */
const QUORUM = 2

/** `spoiled`: disks that may have lost what they had. Throws a `Violation`. */
export function checkFloor(cluster: Cluster, spoiled: number): void {
  const disks = cluster.nodes.map(latestFiles)
  for (const object of cluster.history.objects) {
    const latest = object.acknowledged(cluster.nowMs())
    if (latest === undefined) continue
    const copies = disks.filter(
      (files) => (files.get(object.hash) ?? ZERO_TIMESTAMP) >= latest.timestamp,
    ).length
    if (copies >= QUORUM - spoiled || object.mayBeForgotten(cluster.world.wallMs())) continue
    throw new Violation(
      'too_few_copies',
      `${object.path}: ${copies} disks have ${latest.method} of write ${latest.write.id} at ${latest.timestamp}, which was acknowledged`,
      [object.path],
    )
  }
}

/** By hash, the latest PUT or DELETE of which the disk has a file. */
function latestFiles({ machine, node }: StorageNode): ReadonlyMap<string, Timestamp> {
  const latest = new Map<string, Timestamp>()
  for (const policy of POLICY_INDEXES) {
    const root = machine.disk.nodeAt(policyPaths(devicePath(node), policy).objects)
    if (root instanceof MemoryDirectory) noteFiles(root, latest)
  }
  return latest
}

function noteFiles(root: MemoryDirectory, latest: Map<string, Timestamp>): void {
  for (const leaf of root.entries.values()) {
    if (!(leaf instanceof MemoryDirectory)) continue
    for (const [hash, timestamp] of latestIn(leaf)) noteLatest(latest, hash, timestamp)
  }
}

interface Looked {
  readonly version: number
  readonly latest: ReadonlyMap<string, Timestamp>
}

/** What was found in a directory: good until it changes, and most do not between two looks. */
const looked = new WeakMap<MemoryDirectory, Looked>()

function latestIn(leaf: MemoryDirectory): ReadonlyMap<string, Timestamp> {
  const known = looked.get(leaf)
  if (known?.version === leaf.version) return known.latest
  const latest = new Map<string, Timestamp>()
  for (const name of leaf.entries.keys()) {
    const file = parseFileName(name)
    if (file !== undefined && file.kind !== 'meta') noteLatest(latest, file.hash, file.timestamp)
  }
  looked.set(leaf, { version: leaf.version, latest })
  return latest
}

function noteLatest(latest: Map<string, Timestamp>, hash: string, timestamp: Timestamp): void {
  const known = latest.get(hash)
  if (known === undefined || timestamp > known) latest.set(hash, timestamp)
}
