/** What was taken out of service and is kept for whoever wants to look: never served, never deleted by us. */
import type { Disk } from '#base/environment.ts'
import { codeOf } from '#disk/disk-error.ts'
import { namesIn } from '#disk/names-in.ts'
import { type ObjectFile, parseFileName } from './layout.ts'

export interface QuarantinedFile {
  /** Name below `quarantined/`: that of the file, with a number behind it where there was one already. */
  readonly name: string
  /** Which object it was of; `undefined` for a name that no object file has. */
  readonly file: ObjectFile | undefined
  readonly sizeBytes: number
}

/** Names in their order, those behind `after`. Rejects with the disk's errors. */
export async function listQuarantined(
  disk: Disk,
  directory: string,
  limit: number,
  after = '',
): Promise<readonly QuarantinedFile[]> {
  const names = (await namesIn(disk, directory)).filter((name) => name > after).toSorted()
  const files: QuarantinedFile[] = []
  for (const name of names.slice(0, limit)) {
    const sizeBytes = await sizeOf(disk, `${directory}/${name}`)
    if (sizeBytes !== undefined) files.push({ name, file: parseFileName(withoutNumber(name)), sizeBytes })
  }
  return files
}

/** `undefined` when whoever looked at it has taken it away. */
async function sizeOf(disk: Disk, path: string): Promise<number | undefined> {
  try {
    return (await disk.stat(path)).sizeBytes
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function withoutNumber(name: string): string {
  return name.replace(/\.\d+$/, '')
}
