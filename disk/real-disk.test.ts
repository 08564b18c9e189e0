import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { diskContract } from './disk-contract.ts'
import { realDisk } from './real-disk.ts'
import { onEveryFilesystem } from './test-mounts.ts'

await onEveryFilesystem(t, async (t, directory) => {
  let count = 0
  await diskContract(t, async () => {
    count += 1
    await mkdir(join(directory, `test-${count}`))
    return { disk: realDisk, directory: join(directory, `test-${count}`), xattrs: 'supported' }
  })
})
