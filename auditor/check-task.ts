/** The auditor's thread: checks slices of files by their paths. It has no database, and changes nothing. */
import { realDisk } from '#disk/real-disk.ts'
import { SliceChecks, type SliceJob, type SliceOutcome } from './data-check.ts'

const checks = new SliceChecks(realDisk)

/** The task. */
export default function checkSlice(job: SliceJob): Promise<SliceOutcome> {
  return checks.run(job)
}
