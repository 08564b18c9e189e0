/**
 * Which failures of a device say nothing about what it holds, and are over when the cause is: no room, and a filesystem
 * that was mounted read-only. What was written before is there; what failed was not acknowledged. After an I/O error or
 * an operation that hung nobody can say that, and somebody has to look first.
 */
import type { FailureKind } from './device-health.ts'
import { codeOf } from './disk-error.ts'

const PASSING_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS'])
/** LevelDB gives the text of the system's error and no code. */
const PASSING_TEXT = /No space left on device|Disk quota exceeded|Read-only file system/
/** Errors wrap each other less deep. */
const CAUSES_MAX = 5

export function failureKind(error: unknown): FailureKind {
  return isPassing(error) ? 'passing' : 'lasting'
}

function isPassing(error: unknown): boolean {
  let one = error
  for (let depth = 0; depth < CAUSES_MAX && one !== undefined; depth += 1) {
    if (PASSING_CODES.has(codeOf(one) ?? '')) return true
    if (!(one instanceof Error)) return false
    if (PASSING_TEXT.test(one.message)) return true
    one = one.cause
  }
  return false
}
