/**
 * How many disks hold what was acknowledged, looked at from outside at any moment, whether their machines run or not: never
 * fewer than a quorum, until a later write takes its place.
 */
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { MemoryDirectory } from '#disk/memory-tree.ts'
import { leafOf, parseFileName, policyPaths } from '#object-server/layout.ts'
import type { Cluster } from './cluster.ts'
import type { Damage } from './damage.ts'
import type { StorageNode } from './storage-node.ts'
import { devicePath, POLICY_INDEXES } from './topology.ts'
import { Violation } from './violation.ts'

/** What a plain write needs of three replicas. */
const QUORUM = 2

/** `damage`: what one machine may have lost. Throws a `Violation`. */
export function checkFloor(cluster: Cluster, damage: Damage): void {
  const disks = cluster.nodes.map(directoriesOf)
  for (const object of cluster.history.objects) {
    const latest = object.acknowledged(cluster.nowMs())
    if (latest === undefined) continue
    const copies = disks.filter((disk) => isHeld(disk, object.hash, latest.timestamp)).length
    const spoiled = damage.excuses(object.hash, latest.timestamp) ? 1 : 0
    if (copies >= QUORUM - spoiled || object.mayBeForgotten(cluster.world.wallMs())) continue
    throw new Violation(
      'too_few_copies',
      `${object.path}: ${copies} disks have ${latest.method} of write ${latest.write.id} at ${latest.timestamp}, which was acknowledged`,
      [object.path],
    )
  }
}

/** Where a disk has its objects: a directory for each storage policy. */
function directoriesOf({ machine, node }: StorageNode): readonly MemoryDirectory[] {
  return POLICY_INDEXES.flatMap((policy) => {
    const root = machine.disk.nodeAt(policyPaths(devicePath(node), policy).objects)
    return root instanceof MemoryDirectory ? [root] : []
  })
}

/** Does the disk have a file of a PUT or DELETE of that time or later? */
function isHeld(disk: readonly MemoryDirectory[], hash: string, timestamp: Timestamp): boolean {
  return disk.some((root) => {
    const leaf = root.entries.get(leafOf(hash))
    if (!(leaf instanceof MemoryDirectory)) return false
    return (latestIn(leaf).get(hash) ?? ZERO_TIMESTAMP) >= timestamp
  })
}

interface Looked {
  readonly version: number
  readonly latest: ReadonlyMap<string, Timestamp>
}

/** What was found in a directory: good until it changes, and most do not between two looks. */
const looked = new WeakMap<MemoryDirectory, Looked>()

/** By hash, the latest PUT or DELETE of which the directory has a file. */
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
