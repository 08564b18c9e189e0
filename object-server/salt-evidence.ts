/**
 * What the files of a device say of the salt they were stored under: a file that is intact and lies under another hash
 * than that of its name was stored under another salt. Asked when the device's own note of its salt is lost, because
 * every good file of a foreign device would look damaged.
 */
import type { Disk } from '#base/environment.ts'
import { type HashPathSalt, hashPath } from '#base/names.ts'
import { codeOf } from '#disk/disk-error.ts'
import { namesIn } from '#disk/names-in.ts'
import { leafPath, type ObjectFile, parseFileName } from './layout.ts'
import { nameInFile } from './object-files.ts'

/** `none`: there is no file that can be read. */
export type SaltEvidence = 'ours' | 'foreign' | 'none'

/** Files looked at, at most: one alone might have been copied here by hand. */
const SAMPLES_MAX = 8

/** Rejects with errors of the disk. `objects`: the directories of the policies. */
export async function saltEvidence(
  disk: Disk,
  objects: readonly string[],
  salt: HashPathSalt,
): Promise<SaltEvidence> {
  let foreign = 0
  for (const directory of objects) {
    for await (const { leaf, file } of filesBelow(disk, directory)) {
      const name = await readableName(disk, leaf, file)
      if (name === undefined) continue
      if (hashPath(name, salt) === file.hash) return 'ours'
      foreign += 1
      if (foreign === SAMPLES_MAX) return 'foreign'
    }
  }
  return foreign === 0 ? 'none' : 'foreign'
}

async function* filesBelow(
  disk: Disk,
  objects: string,
): AsyncGenerator<{ readonly leaf: string; readonly file: ObjectFile }> {
  for (const name of await namesIn(disk, objects)) {
    const leaf = leafPath(objects, name)
    for (const entry of await namesIn(disk, leaf)) {
      const file = parseFileName(entry)
      if (file !== undefined) yield { leaf, file }
    }
  }
}

/** What a newer version of Martlet wrote says nothing. */
async function readableName(disk: Disk, leaf: string, file: ObjectFile): Promise<string | undefined> {
  try {
    return await nameInFile(disk, leaf, file)
  } catch (error) {
    if (codeOf(error) === 'ENEWERFORMAT') return undefined
    throw error
  }
}
