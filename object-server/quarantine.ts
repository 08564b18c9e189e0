/** Takes files out of service without deleting them: they wait in `quarantined/` for whoever wants to look. */
import { dirname } from 'node:path'
import type { Disk } from '#base/environment.ts'
import { codeOf } from '#disk/disk-error.ts'
import type { DirectorySyncs } from './directory-syncs.ts'

/** Durably moves a file, beside those of the same name. A file that is not there any more is out of service too. */
export async function quarantineFile(
  disk: Disk,
  syncs: DirectorySyncs,
  directory: string,
  name: string,
  quarantined: string,
): Promise<void> {
  await disk.mkdir(quarantined, { recursive: true })
  // Not kept open: whoever looks at what is there may remove the directories.
  await disk.syncDirectory(dirname(quarantined))
  const target = await freeName(disk, `${quarantined}/${name}`)
  try {
    await disk.rename(`${directory}/${name}`, target)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  await Promise.all([disk.syncDirectory(quarantined), syncs.sync(directory)])
}

async function freeName(disk: Disk, path: string): Promise<string> {
  for (let copy = 0; ; copy += 1) {
    const candidate = copy === 0 ? path : `${path}.${copy}`
    try {
      await disk.stat(candidate)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return candidate
      throw error
    }
  }
}
