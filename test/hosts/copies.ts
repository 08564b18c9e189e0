/** Do the disks of all hosts hold what the ring says, file by file? */
import { readdirSync } from 'node:fs'
import type { HostCluster } from '#test/host-cluster.ts'

const HASH_CHARACTERS = 32

/** Names of all object files on a host's device. */
function filesOn(cluster: HostCluster, host: string): readonly string[] {
  const objects = cluster.path(host, 'srv', 'd1', 'objects')
  return readdirSync(objects, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  )
}

/** A sentence for every object that has other files on its primaries than on each other, or any elsewhere. */
export function misplacedCopies(cluster: HostCluster, hosts: readonly string[]): readonly string[] {
  const holders = new Map<string, string[]>()
  for (const host of hosts) {
    for (const file of filesOn(cluster, host)) holders.set(file, [...(holders.get(file) ?? []), host])
  }
  const ring = cluster.ring(hosts[0] ?? '')
  return [...holders].flatMap(([file, holding]) => {
    const primaries = ring.primaries(ring.partitionOf(file.slice(0, HASH_CHARACTERS))).map(({ ip }) => ip)
    const wanted = primaries.toSorted().join(' ')
    const found = holding.toSorted().join(' ')
    return found === wanted ? [] : [`${file} is on ${found} instead of ${wanted}`]
  })
}
