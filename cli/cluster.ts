/** `martlet cluster create`: the file that makes several hosts one cluster. */
import { resolve } from 'node:path'
import { newCluster, writeClusterFile } from '#node/cluster-file.ts'
import { realEnvironment } from '#node/environment.ts'
import { complain, say } from './report.ts'

/** Writes a cluster file with new secrets; never over one that is there. */
export async function createClusterFile(file: string): Promise<void> {
  const { disk, random, clock } = realEnvironment()
  const path = resolve(file)
  try {
    await (await disk.createExclusive(path)).close()
    await writeClusterFile(disk, path, { ...newCluster(random, clock), age: 'grown' })
    say(
      `wrote ${file}; copy it to every host of the cluster, and keep it: without it nothing that is stored is found`,
    )
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    complain(code === 'EEXIST' ? `${file} is there already` : `${file} cannot be written (${code})`)
  }
}
