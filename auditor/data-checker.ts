/** Who checks the bytes of files: a thread (`thread-checker.ts`), or this very process, as a simulation wants it. */
import type { Disk } from '#base/environment.ts'
import { BLOCK_BYTES } from '#base/limits.ts'
import type { DataRecord } from '#object-server/object-state.ts'
import { SliceChecks, type SliceJob, type SliceOutcome } from './data-check.ts'

export interface DataChecker {
  /** Never rejects. */
  check(job: SliceJob): Promise<SliceOutcome>
  /** Lets go of what it holds; it may be used again. */
  close(): Promise<void>
}

/** Checks in this process, through the disk it is given. */
export function inlineChecker(disk: Disk): DataChecker {
  const checks = new SliceChecks(disk)
  return { check: (job) => checks.run(job), close: async () => {} }
}

/** Blocks that are read without a pause in between: 8 MiB. */
const SLICE_BLOCKS = 8
/** Times that a file is begun again because what was computed of it is gone. */
const BEGINNINGS_MAX = 3

export interface CheckedFile {
  readonly path: string
  readonly fileBytes: number
  readonly record: DataRecord
}

let checks = 0

/** Checks a whole file; `before` is awaited before each slice, with the bytes that it reads, and may reject. */
export async function checkFile(
  checker: DataChecker,
  { path, fileBytes, record }: CheckedFile,
  before: (bytes: number) => Promise<void>,
): Promise<Exclude<SliceOutcome, { readonly kind: 'more' }>> {
  const { sizeBytes, etag } = record
  for (let beginning = 0; beginning < BEGINNINGS_MAX; beginning += 1) {
    checks += 1
    const job = { check: checks, path, sizeBytes, fileBytes, etag }
    let firstBlock = 0
    for (;;) {
      const blockCrcs = record.blockCrcs.slice(firstBlock, firstBlock + SLICE_BLOCKS)
      await before(Math.min(blockCrcs.length * BLOCK_BYTES, sizeBytes))
      const outcome = await checker.check({ ...job, firstBlock, blockCrcs })
      if (outcome.kind === 'forgotten') break
      if (outcome.kind !== 'more') return outcome
      if (blockCrcs.length === 0) return { kind: 'damaged', reason: 'checksums of blocks are missing' }
      firstBlock += blockCrcs.length
    }
  }
  return { kind: 'forgotten' }
}
