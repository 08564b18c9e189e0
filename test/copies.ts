/** Do the disks of a cluster hold what the ring says, file by file? */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Ring } from '#ring/ring.ts'

export interface DeviceFolder {
  /** As in the ring. */
  readonly ip: string
  readonly device: string
  readonly path: string
}

const HASH_CHARACTERS = 32

/** Names of all object files of the first policy on a device. */
function filesOn({ path }: DeviceFolder): readonly string[] {
  const objects = join(path, 'objects')
  if (!existsSync(objects)) return []
  return readdirSync(objects, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  )
}

/** A sentence for every file that is not on exactly the primaries of its object. */
export function misplacedCopies(ring: Ring, devices: readonly DeviceFolder[]): readonly string[] {
  const holders = new Map<string, string[]>()
  for (const folder of devices) {
    for (const file of filesOn(folder)) holders.set(file, [...(holders.get(file) ?? []), nameOf(folder)])
  }
  return [...holders].flatMap(([file, holding]) => {
    const primaries = ring.primaries(ring.partitionOf(file.slice(0, HASH_CHARACTERS)))
    const wanted = primaries.map(nameOf).toSorted().join(' ')
    const found = holding.toSorted().join(' ')
    return found === wanted ? [] : [`${file} is on ${found} instead of ${wanted}`]
  })
}

function nameOf({ ip, device }: Pick<DeviceFolder, 'ip' | 'device'>): string {
  return `${ip}/${device}`
}
