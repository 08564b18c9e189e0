/**
 * Object lock in the headers of uploads, reads and deletes (Amazon S3 API Reference, PutObject, GetObject, DeleteObject).
 */
import type { HeaderMap } from '#http/message.ts'
import type { ObjectLock, Retention } from '#store/bucket-settings/object-lock-rules.ts'
import { lockedWith, locksObjects } from '#store/object-lock/lock-facts.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { instantIn } from './object-lock-documents.ts'
import { withoutLocks } from './object-lock-state.ts'

const MODE_HEADER = 'x-amz-object-lock-mode'
const UNTIL_HEADER = 'x-amz-object-lock-retain-until-date'
const HOLD_HEADER = 'x-amz-object-lock-legal-hold'
const BYPASS_HEADER = 'x-amz-bypass-governance-retention'

/** Whether an upload is to be locked. */
export function asksForLock(headers: HeaderMap): boolean {
  return [MODE_HEADER, UNTIL_HEADER, HOLD_HEADER].some((name) => headers[name] !== undefined)
}

/** What an upload's headers lock it with, as it is stored, if its sender may; nothing without such headers. */
export async function lockOfUpload(visit: S3Visit): Promise<Readonly<Record<string, string>> | S3Error> {
  const { headers } = visit.request
  if (!asksForLock(headers)) return {}
  const [mode, until, hold] = [headers[MODE_HEADER], headers[UNTIL_HEADER], headers[HOLD_HEADER]]
  const missing = withoutLocks(bucketOf(visit).info, 'upload')
  if (missing !== undefined) return missing
  if (hold !== undefined && hold !== 'ON' && hold !== 'OFF') {
    return invalidArgument(HOLD_HEADER, hold, "Legal Hold must be either of 'ON' or 'OFF'")
  }
  const retention = retentionIn(mode, until, visit.deps.clock.wallMs())
  if (retention !== undefined && isS3Error(retention)) return retention
  const denied =
    (retention && (await lockDenial(visit, 's3:PutObjectRetention'))) ??
    (hold && (await lockDenial(visit, 's3:PutObjectLegalHold')))
  if (denied !== undefined) return denied
  return lockedWith({ ...(retention === undefined ? {} : { retention }), legalHold: hold })
}

/** Whoever may write need not be let lock what they write: its owner could not delete it. */
async function lockDenial(
  visit: S3Visit,
  action: 's3:PutObjectRetention' | 's3:PutObjectLegalHold',
): Promise<S3Error | undefined> {
  return await visit.deps.authorize(visit, { action, bucket: bucketOf(visit), key: visit.request.key })
}

function retentionIn(
  mode: string | undefined,
  until: string | undefined,
  nowMs: number,
): Retention | undefined | S3Error {
  if (mode === undefined && until === undefined) return undefined
  if (mode === undefined || until === undefined) {
    const [given, value] = mode === undefined ? [UNTIL_HEADER, until] : [MODE_HEADER, mode]
    const message = `${UNTIL_HEADER} and ${MODE_HEADER} must both be supplied`
    return invalidArgument(given, value ?? '', message)
  }
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') {
    return invalidArgument(MODE_HEADER, mode, 'Unknown wormMode directive.')
  }
  const at = instantIn(until)
  if (at === undefined) {
    return invalidArgument(UNTIL_HEADER, until, 'The retain until date must be provided in ISO 8601 format')
  }
  return pastProblem(at, nowMs) ?? { mode, until: at }
}

/** A retention that would be over already; `argument` is where it is said. */
export function pastProblem(
  until: string,
  nowMs: number,
  argument: typeof UNTIL_HEADER | 'RetainUntilDate' = UNTIL_HEADER,
): S3Error | undefined {
  if (Date.parse(until) > nowMs) return undefined
  return invalidArgument(argument, until, 'The retain until date must be in the future!')
}

/** The lock as reads show it. */
export function shownLock({ retention, legalHold }: ObjectLock): Readonly<Record<string, string>> {
  return {
    ...(retention === undefined ? {} : { [MODE_HEADER]: retention.mode, [UNTIL_HEADER]: retention.until }),
    ...(legalHold === undefined ? {} : { [HOLD_HEADER]: legalHold }),
  }
}

/** Whether the request asks to pass by governance, and its sender may; an error when it asks and may not. */
export async function bypassIn(
  visit: S3Visit,
  key: string | undefined = visit.request.key,
): Promise<'bypassed' | undefined | S3Error> {
  const { request, deps } = visit
  const isAsked = request.headers[BYPASS_HEADER]?.toLowerCase() === 'true'
  const bucket = bucketOf(visit)
  if (!isAsked || !locksObjects(bucket.info)) return undefined
  const asked = { action: 's3:BypassGovernanceRetention', bucket, key } as const
  return (await deps.authorize(visit, asked)) ?? 'bypassed'
}

/** What a client is told when a lock keeps what it wants to delete or change. */
export function lockedProblem(): S3Error {
  return s3Error('AccessDenied', { message: 'Access Denied because object protected by object lock.' })
}
