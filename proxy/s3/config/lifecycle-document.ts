/**
 * `LifecycleConfiguration` (Amazon S3 API Reference, PutBucketLifecycleConfiguration, and PutBucketLifecycle for the older
 * form with a prefix in the rule).
 */
import type {
  Expiration,
  LifecycleConfiguration,
  LifecycleFilter,
  LifecycleRule,
  NoncurrentExpiration,
  NoncurrentTransition,
  Transition,
} from '#store/bucket-settings/lifecycle-rules.ts'
import { invalidArgument, type S3Error, s3Error } from '../error.ts'
import { lifecycleProblem } from './lifecycle-checks.ts'
import { type FormedFilter, filterElement, idFor, predicates } from './rule-elements.ts'
import {
  type Codec,
  exactText,
  type Field,
  malformed,
  many,
  mapped,
  optional,
  type Parsed,
  parsed,
  required,
  struct,
  text,
  truth,
  whole,
  word,
} from './xml-schema.ts'

const RULES_MAX = 1000

/** Classes that a transition may name (PutBucketLifecycleConfiguration, `StorageClass`). */
const COLD_CLASSES = [
  'GLACIER',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
] as const

const filter = filterElement<LifecycleFilter>({
  ...predicates,
  sizeGreaterThan: optional('ObjectSizeGreaterThan', whole),
  sizeLessThan: optional('ObjectSizeLessThan', whole),
})

interface ExpirationElement {
  readonly days?: number | undefined
  readonly date?: string | undefined
  readonly markers?: boolean | undefined
}

const expiration = mapped<ExpirationElement, Expiration | undefined>(
  struct<ExpirationElement>({
    days: optional('Days', whole),
    date: optional('Date', text()),
    markers: optional('ExpiredObjectDeleteMarker', truth),
  }),
  (written) => {
    if (Object.keys(written).length !== 1) return malformed()
    const { days, date, markers } = written
    if (days !== undefined) return parsed({ kind: 'days', days })
    if (date !== undefined) return dated(date, (iso) => ({ kind: 'date', date: iso }))
    return parsed(markers === true ? { kind: 'delete_markers' } : undefined)
  },
  (value) => {
    if (value === undefined) return { markers: false }
    if (value.kind === 'days') return { days: value.days }
    return value.kind === 'date' ? { date: value.date } : { markers: true }
  },
)

interface TransitionElement {
  readonly days?: number | undefined
  readonly date?: string | undefined
  readonly storageClass: string
}

const storageClass = required('StorageClass', word(...COLD_CLASSES))

const transition = mapped<TransitionElement, Transition>(
  struct<TransitionElement>({
    date: optional('Date', text()),
    days: optional('Days', whole),
    storageClass: storageClass as unknown as Field<string>,
  }),
  ({ days, date, storageClass: wanted }) => {
    if ((days === undefined) === (date === undefined)) return malformed()
    if (days !== undefined) return parsed({ storageClass: wanted, days })
    return dated(date ?? '', (iso) => ({ storageClass: wanted, date: iso }))
  },
  (value) => value,
)

const noncurrentExpiration = struct<NoncurrentExpiration>({
  newerVersions: optional('NewerNoncurrentVersions', whole),
  days: required('NoncurrentDays', whole),
})

const noncurrentTransition = struct<NoncurrentTransition>({
  newerVersions: optional('NewerNoncurrentVersions', whole),
  days: required('NoncurrentDays', whole),
  storageClass: storageClass as unknown as Field<string>,
})

interface RuleElement {
  readonly id?: string | undefined
  readonly status: 'Enabled' | 'Disabled'
  readonly prefix?: string | undefined
  readonly filter?: FormedFilter<LifecycleFilter> | undefined
  readonly expiration?: { readonly stated: Expiration | undefined } | undefined
  readonly noncurrentExpiration?: NoncurrentExpiration | undefined
  readonly abort?: { readonly days: number } | undefined
  readonly transitions: readonly Transition[]
  readonly noncurrentTransitions: readonly NoncurrentTransition[]
}

const ruleElement = struct<RuleElement>({
  expiration: optional('Expiration', statedOnce(expiration)),
  id: optional('ID', exactText),
  filter: optional('Filter', filter),
  prefix: optional('Prefix', exactText),
  status: required('Status', word('Enabled', 'Disabled')),
  transitions: many('Transition', transition),
  noncurrentTransitions: many('NoncurrentVersionTransition', noncurrentTransition),
  noncurrentExpiration: optional('NoncurrentVersionExpiration', noncurrentExpiration),
  abort: optional(
    'AbortIncompleteMultipartUpload',
    struct<{ readonly days: number }>({ days: required('DaysAfterInitiation', whole) }),
  ),
})

/** An expiration that says nothing (`ExpiredObjectDeleteMarker` false) is one all the same. */
function statedOnce(
  codec: Codec<Expiration | undefined>,
): Codec<{ readonly stated: Expiration | undefined }> {
  return mapped(
    codec,
    (stated) => parsed({ stated }),
    ({ stated }) => stated,
  )
}

export const lifecycleDocument = mapped<{ readonly rules: readonly RuleElement[] }, LifecycleConfiguration>(
  struct<{ readonly rules: readonly RuleElement[] }>({
    rules: many('Rule', ruleElement, { atLeast: 1, atMost: RULES_MAX }),
  }),
  ({ rules: written }) => {
    const rules: LifecycleRule[] = []
    for (const [at, one] of written.entries()) {
      const rule = ruleOf(one, at)
      if (rule.kind !== 'value') return rule
      rules.push(rule.value)
    }
    return lifecycleProblem(rules) ?? parsed({ rules })
  },
  ({ rules }) => ({ rules: rules.map(elementOfRule) }),
)

function ruleOf(written: RuleElement, at: number): Parsed<LifecycleRule> {
  const { prefix, filter: formed, id, expiration: expiring, abort, ...rest } = written
  if ((prefix === undefined) === (formed === undefined)) return malformed()
  if (expiring === undefined && abort === undefined && !actsOtherwise(rest)) return noAction()
  return parsed({
    ...rest,
    id: id === undefined || id === '' ? idFor(written, at) : id,
    filter: formed?.filter ?? { prefix, tags: [] },
    filterForm: formed?.form ?? 'rule_prefix',
    ...(expiring?.stated === undefined ? {} : { expiration: expiring.stated }),
    ...(abort === undefined ? {} : { abortUploadsAfterDays: abort.days }),
  })
}

function actsOtherwise(
  rule: Pick<RuleElement, 'noncurrentExpiration' | 'transitions' | 'noncurrentTransitions'>,
): boolean {
  return (
    rule.noncurrentExpiration !== undefined ||
    rule.transitions.length > 0 ||
    rule.noncurrentTransitions.length > 0
  )
}

function noAction(): S3Error {
  return s3Error('InvalidRequest', { message: 'At least one action needs to be specified in a rule' })
}

function elementOfRule(rule: LifecycleRule): RuleElement {
  const { filter, filterForm, expiration: stated, abortUploadsAfterDays: days, ...rest } = rule
  return {
    ...rest,
    ...(filterForm === 'rule_prefix'
      ? { prefix: filter.prefix ?? '' }
      : { filter: { filter, form: filterForm } }),
    ...(stated === undefined ? {} : { expiration: { stated } }),
    ...(days === undefined ? {} : { abort: { days } }),
  }
}

const ISO_DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)?$/
const DAY_MS = 86_400_000

function dated<Value>(written: string, make: (iso: string) => Value): Parsed<Value> {
  const hasZone = !written.includes('T') || /(?:Z|[+-]\d{2}:?\d{2})$/.test(written)
  const atMs = ISO_DATE.test(written) ? Date.parse(hasZone ? written : `${written}Z`) : Number.NaN
  if (Number.isNaN(atMs)) return malformed()
  if (atMs % DAY_MS !== 0) {
    return invalidArgument('Date', written, "'Date' must be at midnight GMT")
  }
  return parsed(make(new Date(atMs).toISOString()))
}
