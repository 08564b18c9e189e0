/**
 * Where it is stored that a bucket locks its objects, and what each was put with. What an object was put with is system
 * metadata, which nothing changes afterwards; later changes are records (`lock-records.ts`), agreed on by the primaries, so
 * that no two changes and no delete pass each other by.
 */
import type { HeaderMap } from '#http/message.ts'
import type { ObjectLock, Retention } from '../bucket-settings/object-lock-rules.ts'
import type { ContainerInfo } from '../contract.ts'

/** Of a container: `Enabled`. Never taken away. */
export const LOCK_FLAG = 'x-container-sysmeta-s3-object-lock'

/** Begins the names of what an object was put with; true of it and of no copy. */
export const LOCK_PREFIX = 'x-object-sysmeta-s3-object-lock-'
const MODE = `${LOCK_PREFIX}mode`
const UNTIL = `${LOCK_PREFIX}until`
const LEGAL_HOLD = `${LOCK_PREFIX}legal-hold`

export function locksObjects({ metadata }: ContainerInfo): boolean {
  return metadata[LOCK_FLAG] === 'Enabled'
}

/** Metadata of a put that locks what it writes. */
export function lockedWith({ retention, legalHold }: ObjectLock): Readonly<Record<string, string>> {
  return {
    ...(retention === undefined ? {} : { [MODE]: retention.mode, [UNTIL]: retention.until }),
    ...(legalHold === undefined ? {} : { [LEGAL_HOLD]: legalHold }),
  }
}

/** What an object was put with. */
export function lockIn(headers: HeaderMap): ObjectLock {
  const hold = headers[LEGAL_HOLD]
  const legalHold = hold === 'ON' || hold === 'OFF' ? hold : undefined
  const retention = retentionIn(headers)
  return retention === undefined ? { legalHold } : { retention, legalHold }
}

function retentionIn(headers: HeaderMap): Retention | undefined {
  const mode = headers[MODE]
  const until = headers[UNTIL]
  if (until === undefined || (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE')) return undefined
  return { mode, until }
}

/** Whether the metadata say themselves how what is put is locked. */
export function saysHowLocked(metadata: HeaderMap): boolean {
  return metadata[MODE] !== undefined
}
