/** What lies in a directory that may not be there. */
import type { Disk } from '#base/environment.ts'
import { codeOf } from './disk-error.ts'

/** The names in it; none when it is not there or no directory. Rejects with the disk's other errors. */
export async function namesIn(disk: Disk, directory: string): Promise<readonly string[]> {
  try {
    return await disk.readdir(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
    throw error
  }
}
