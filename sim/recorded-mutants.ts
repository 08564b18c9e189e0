/** Broken variants of what many copies at a time go through, for recorders of system calls (`test/power-cut/copies.test.ts`). */
import type { Mutant } from './mutants.ts'

const COPY_WRITES = 'object-server/copy-writes.ts'

export const RECORDED_MUTANTS: readonly Pick<Mutant, 'name' | 'edits'>[] = [
  {
    name: 'fsync of copies left out',
    edits: [
      {
        file: COPY_WRITES,
        find: 'await one.file.sync()',
        replace: '',
      },
    ],
  },
  {
    name: 'directory of copies not synced',
    edits: [
      {
        file: COPY_WRITES,
        find: 'await Promise.all(used.map((leaf) => syncs.sync(leaves.path(leaf))))',
        replace: '',
      },
    ],
  },
]
