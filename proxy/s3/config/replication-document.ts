/** `ReplicationConfiguration` (Amazon S3 API Reference, PutBucketReplication), in its older form, too: with a prefix in the rule. */
import type {
  ReplicationFilter,
  SentDestination,
  SentReplication,
  SentReplicationRule,
  Switch,
  TimedSwitch,
} from '#store/bucket-settings/replication-rules.ts'
import { replicationProblem } from './replication-checks.ts'
import { type FormedFilter, filterElement, idFor, predicates } from './rule-elements.ts'
import {
  type Codec,
  exactText,
  holding,
  malformed,
  many,
  mapped,
  optional,
  type Parsed,
  parsed,
  required,
  struct,
  text,
  whole,
  word,
} from './xml-schema.ts'

const RULES_MAX = 1000
const ARN = 'arn:aws:s3:::'
/** ReplicationRule, Destination: `StorageClass`. */
const CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'OUTPOSTS',
  'GLACIER_IR',
  'SNOW',
  'EXPRESS_ONEZONE',
] as const

const filter = filterElement<ReplicationFilter>(predicates)

const onOff = word('Enabled', 'Disabled')
/** Nothing but `<Status>`. */
const status = holding(required('Status', onOff)) satisfies Codec<Switch>
const minutes = holding(required('Minutes', whole))

const replicationTime = struct<TimedSwitch>({
  status: required('Status', onOff),
  minutes: required('Time', minutes) as ReturnType<typeof optional<number>>,
})
const metrics = struct<TimedSwitch>({
  status: required('Status', onOff),
  minutes: optional('EventThreshold', minutes),
})

const arnOfBucket = mapped<string, string>(
  text(),
  (arn) => (arn.startsWith(ARN) && !arn.includes('/') ? parsed(arn.slice(ARN.length)) : malformed()),
  (bucket) => ARN + bucket,
)

const destination = struct<SentDestination>({
  bucket: required('Bucket', arnOfBucket),
  account: optional('Account', text()),
  storageClass: optional('StorageClass', word(...CLASSES) as Codec<string>),
  owner: optional('AccessControlTranslation', holding(required('Owner', word('Destination')))),
  kmsKeyId: optional('EncryptionConfiguration', holding(required('ReplicaKmsKeyID', text()))),
  replicationTime: optional('ReplicationTime', replicationTime),
  metrics: optional('Metrics', metrics),
})

const sourceSelection = struct<NonNullable<SentReplicationRule['sourceSelection']>>({
  kmsObjects: optional('SseKmsEncryptedObjects', status),
  replicaModifications: optional('ReplicaModifications', status),
})

interface RuleElement {
  readonly id?: string | undefined
  readonly priority?: number | undefined
  readonly prefix?: string | undefined
  readonly filter?: FormedFilter<ReplicationFilter> | undefined
  readonly status: Switch
  readonly sourceSelection?: SentReplicationRule['sourceSelection']
  readonly deleteMarkers?: Switch | undefined
  readonly destination: SentDestination
}

/** `ExistingObjectReplication` is refused, as AWS refuses it today. */
const ruleElement = struct<RuleElement>({
  id: optional('ID', exactText),
  priority: optional('Priority', whole),
  prefix: optional('Prefix', exactText),
  filter: optional('Filter', filter),
  status: required('Status', onOff),
  sourceSelection: optional('SourceSelectionCriteria', sourceSelection),
  destination: required('Destination', destination),
  deleteMarkers: optional('DeleteMarkerReplication', holding(required('Status', onOff))),
})

export const replicationDocument = mapped<
  { readonly role: string; readonly rules: readonly RuleElement[] },
  SentReplication
>(
  struct<{ readonly role: string; readonly rules: readonly RuleElement[] }>({
    role: required('Role', text()),
    rules: many('Rule', ruleElement, { atLeast: 1, atMost: RULES_MAX }),
  }),
  ({ role, rules: written }) => {
    const rules: SentReplicationRule[] = []
    for (const [at, one] of written.entries()) {
      const rule = ruleOf(one, at)
      if (rule.kind !== 'value') return rule
      rules.push(rule.value)
    }
    return replicationProblem(rules) ?? parsed({ role, rules })
  },
  ({ role, rules }) => ({ role, rules: rules.map(elementOfRule) }),
)

function ruleOf(written: RuleElement, at: number): Parsed<SentReplicationRule> {
  const { prefix, filter: formed, id, ...rest } = written
  if (prefix !== undefined && formed !== undefined) return malformed()
  return parsed({
    ...rest,
    id: id === undefined || id === '' ? idFor(written, at) : id,
    filter: formed?.filter ?? { prefix: prefix ?? '', tags: [] },
    filterForm: formed?.form ?? 'rule_prefix',
  })
}

function elementOfRule({ filter, filterForm, ...rest }: SentReplicationRule): RuleElement {
  return filterForm === 'rule_prefix'
    ? { ...rest, prefix: filter.prefix ?? '' }
    : { ...rest, filter: { filter, form: filterForm } }
}
