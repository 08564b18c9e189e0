/** What the fillers of devices need of a data directory of `martlet start`. */
import path from 'node:path'
import type { HashPathSalt } from '#base/names.ts'
import { realDisk } from '#disk/real-disk.ts'
import { readClusterFile } from '#node/cluster-file.ts'
import type { Ring } from '#ring/ring.ts'
import { parseRing } from '#ring/ring-file.ts'

/** Throws when the cluster was never started. */
export async function saltOf(dataPath: string): Promise<HashPathSalt> {
  const cluster = await readClusterFile(realDisk, path.join(dataPath, 'cluster.json'))
  if (cluster === undefined || 'broken' in cluster) throw new Error(`no cluster in ${dataPath}`)
  return cluster.salt
}

export async function ringOf(dataPath: string, name: 'object' | 'container'): Promise<Ring> {
  const parsed = parseRing(await realDisk.readFile(path.join(dataPath, `rings/${name}.ring.gz`)))
  if (parsed.kind !== 'ring') throw new Error(`the ring ${name} cannot be read`)
  return parsed.ring
}
