/** `ObjectLockConfiguration`, `Retention` and `LegalHold` (Amazon S3 API Reference, PutObjectLockConfiguration…). */
import type {
  DefaultRetention,
  ObjectLockConfiguration,
  Retention,
  RetentionMode,
} from '#store/bucket-settings/object-lock-rules.ts'
import { type S3Error, s3Error } from '../error.ts'
import {
  type Codec,
  holding,
  malformed,
  mapped,
  optional,
  parsed,
  required,
  struct,
  text,
  whole,
  word,
} from './xml-schema.ts'

/** A hundred years (PutObjectLockConfiguration, `Days`, `Years`). */
const DAYS_MAX = 36_500
const YEARS_MAX = 100

const mode = word('GOVERNANCE', 'COMPLIANCE')

interface WrittenRetention {
  readonly mode: RetentionMode
  readonly days?: number | undefined
  readonly years?: number | undefined
}

const defaultRetention = mapped<WrittenRetention, DefaultRetention>(
  struct<WrittenRetention>({
    mode: required('Mode', mode),
    days: optional('Days', whole),
    years: optional('Years', whole),
  }),
  ({ mode: wanted, days, years }) => {
    if ((days === undefined) === (years === undefined)) return malformed()
    if (days !== undefined) {
      return periodProblem(days, DAYS_MAX) ?? parsed({ mode: wanted, period: { unit: 'days', days } })
    }
    const count = years ?? 0
    return (
      periodProblem(count, YEARS_MAX) ?? parsed({ mode: wanted, period: { unit: 'years', years: count } })
    )
  },
  ({ mode: wanted, period }) => ({
    mode: wanted,
    ...(period.unit === 'days' ? { days: period.days } : { years: period.years }),
  }),
)

function periodProblem(count: number, max: number): S3Error | undefined {
  if (count > 0 && count <= max) return undefined
  const message =
    count > 0
      ? 'Default retention period too large'
      : 'Default retention period must be a positive integer value.'
  return s3Error('InvalidArgument', { message })
}

interface WrittenConfiguration {
  readonly enabled?: 'Enabled' | undefined
  readonly rule?: DefaultRetention | undefined
}

export const objectLockDocument = mapped<WrittenConfiguration, ObjectLockConfiguration>(
  struct<WrittenConfiguration>({
    enabled: optional('ObjectLockEnabled', word('Enabled')),
    rule: optional('Rule', holding(required('DefaultRetention', defaultRetention))),
  }),
  ({ enabled, rule }) =>
    enabled === undefined ? malformed() : parsed(rule === undefined ? {} : { defaultRetention: rule }),
  ({ defaultRetention: rule }) => ({ enabled: 'Enabled', rule }),
)

/** Both members or, to take the retention away, none. */
export const retentionDocument: Codec<Retention | undefined> = mapped(
  struct<{ readonly mode?: RetentionMode | undefined; readonly until?: string | undefined }>({
    mode: optional('Mode', mode),
    until: optional('RetainUntilDate', text()),
  }),
  ({ mode: wanted, until }) => {
    if (wanted === undefined && until === undefined) return parsed(undefined)
    const at = until === undefined ? undefined : instantIn(until)
    if (wanted === undefined || at === undefined) return malformed()
    return parsed({ mode: wanted, until: at })
  },
  (value) => value ?? {},
)

export const legalHoldDocument: Codec<'ON' | 'OFF'> = holding(required('Status', word('ON', 'OFF')))

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})$/

/** A moment as ISO 8601 with milliseconds, UTC; `undefined` when it is none. */
export function instantIn(written: string): string | undefined {
  const atMs = INSTANT.test(written) ? Date.parse(written) : Number.NaN
  return Number.isNaN(atMs) ? undefined : new Date(atMs).toISOString()
}
