/**
 * Object lock: which versions may not go, and until when. Pure (Amazon S3 User Guide, "How S3 Object Lock works").
 *
 * A retention in governance mode gives way to those who may bypass it; one in compliance mode to nobody, and it can only be
 * made longer. A legal hold has no end and no mode.
 */

export type RetentionMode = 'GOVERNANCE' | 'COMPLIANCE'

export interface ObjectLockConfiguration {
  /** What objects get that are put without a retention of their own. */
  readonly defaultRetention?: DefaultRetention | undefined
}

export interface DefaultRetention {
  readonly mode: RetentionMode
  readonly period:
    | { readonly unit: 'days'; readonly days: number }
    | { readonly unit: 'years'; readonly years: number }
}

export interface Retention {
  readonly mode: RetentionMode
  /** ISO 8601, UTC. */
  readonly until: string
}

/** What protects one version. */
export interface ObjectLock {
  readonly retention?: Retention | undefined
  readonly legalHold: 'ON' | 'OFF' | undefined
}

export const UNLOCKED: ObjectLock = { legalHold: undefined }

/** Whoever asks may pass by a retention in governance mode, and said so. */
export type Bypass = 'governance' | 'none'

const DAY_MS = 86_400_000

/** The retention that an object gets when it is put at `nowMs` without one of its own. */
export function retentionByDefault(
  { defaultRetention }: ObjectLockConfiguration,
  nowMs: number,
): Retention | undefined {
  if (defaultRetention === undefined) return undefined
  const { mode, period } = defaultRetention
  return { mode, until: endOf(period, nowMs).toISOString() }
}

function endOf(period: DefaultRetention['period'], nowMs: number): Date {
  if (period.unit === 'days') return new Date(nowMs + period.days * DAY_MS)
  const end = new Date(nowMs)
  end.setUTCFullYear(end.getUTCFullYear() + period.years)
  return end
}

/** Whether the version may be deleted now. */
export function mayDelete(lock: ObjectLock, nowMs: number, bypass: Bypass): boolean {
  if (lock.legalHold === 'ON') return false
  const { retention } = lock
  if (retention === undefined || !isInForce(retention, nowMs)) return true
  return retention.mode === 'GOVERNANCE' && bypass === 'governance'
}

/** Whether one retention may take the place of another; `undefined` takes it away. */
export function mayReplaceRetention(
  { retention: old }: ObjectLock,
  wanted: Retention | undefined,
  nowMs: number,
  bypass: Bypass,
): boolean {
  if (old === undefined || !isInForce(old, nowMs)) return true
  if (old.mode === 'GOVERNANCE' && bypass === 'governance') return true
  if (wanted === undefined) return false
  if (old.mode === 'COMPLIANCE' && wanted.mode === 'GOVERNANCE') return false
  // Who may not bypass may make a retention longer, and stricter.
  return Date.parse(wanted.until) >= Date.parse(old.until)
}

function isInForce({ until }: Retention, nowMs: number): boolean {
  return Date.parse(until) > nowMs
}
