/**
 * Which objects of a bucket are replicated to which others. Pure. The rules are those of Amazon S3 ("Replication configuration
 * file elements"): a rule takes objects by prefix and tags; of several that lead to the same bucket the one with the
 * highest priority counts.
 */
import type { Tag } from './documents.ts'

/** As it is sent and given back. */
export interface SentReplication {
  /** The ARN of a role, which Amazon acts as; here it is kept and given back. */
  readonly role: string
  readonly rules: readonly SentReplicationRule[]
}

export interface ReplicationConfiguration extends SentReplication {
  readonly rules: readonly ReplicationRule[]
  /** Who put it: what the owners of other accounts let this user do, replication may do. */
  readonly setBy: ReplicationSetter
}

export interface ReplicationSetter {
  /** The unique name, `test:tester`. */
  readonly user: string
  /** Without reseller prefix. */
  readonly tenant: string
}

export type Switch = 'Enabled' | 'Disabled'

export interface SentReplicationRule {
  readonly id: string
  readonly status: Switch
  /** Of rules in the newer form. */
  readonly priority?: number | undefined
  readonly filter: ReplicationFilter
  /** How the filter was written; `rule_prefix`: the older form, a prefix in the rule itself. */
  readonly filterForm: 'rule_prefix' | 'single' | 'and'
  readonly deleteMarkers?: Switch | undefined
  readonly sourceSelection?:
    | { readonly kmsObjects?: Switch | undefined; readonly replicaModifications?: Switch | undefined }
    | undefined
  readonly destination: SentDestination
}

export interface ReplicationRule extends SentReplicationRule {
  readonly destination: ReplicationDestination
}

export interface ReplicationFilter {
  readonly prefix?: string | undefined
  /** All of them must be there. */
  readonly tags: readonly Tag[]
}

export interface SentDestination {
  readonly bucket: string
  /** Whose bucket it is, in whatever way owners are named. */
  readonly account?: string | undefined
  readonly storageClass?: string | undefined
  /** The replica belongs to the owner of its bucket, whatever list the source has. */
  readonly owner?: 'Destination' | undefined
  readonly kmsKeyId?: string | undefined
  readonly replicationTime?: TimedSwitch | undefined
  readonly metrics?: TimedSwitch | undefined
}

export interface ReplicationDestination extends SentDestination {
  /** Whose the bucket was when the rule was put, `AUTH_test`: another bucket of the name is not meant. */
  readonly inAccount: string
}

export interface TimedSwitch {
  readonly status: Switch
  readonly minutes?: number | undefined
}

/** What a rule looks at. */
export interface ReplicatedObject {
  readonly key: string
  readonly tags: readonly Tag[]
  /** `customer_key`: with a key that nobody but its owner has. */
  readonly encryption: 'none' | 'kms' | 'customer_key'
}

/** The rules by which a new object is replicated: one for each bucket that it goes to. */
export function rulesOfObject(
  { rules }: Pick<ReplicationConfiguration, 'rules'>,
  object: ReplicatedObject,
): readonly ReplicationRule[] {
  if (object.encryption === 'customer_key') return []
  const taking = rules.filter((rule) => takes(rule, object.key) && hasTags(rule, object.tags))
  const winners = highestPerBucket(taking)
  if (object.encryption === 'none') return winners
  return winners.filter(({ sourceSelection }) => sourceSelection?.kmsObjects === 'Enabled')
}

/** The same of a delete marker, which has no tags. Rules of the older form replicate all that users make. */
export function rulesOfMarker(
  { rules }: Pick<ReplicationConfiguration, 'rules'>,
  key: string,
): readonly ReplicationRule[] {
  const taking = rules.filter((rule) => takes(rule, key) && rule.filter.tags.length === 0)
  return highestPerBucket(taking).filter(
    ({ deleteMarkers, filterForm }) =>
      deleteMarkers === 'Enabled' || (deleteMarkers === undefined && filterForm === 'rule_prefix'),
  )
}

function takes({ status, filter }: ReplicationRule, key: string): boolean {
  return status === 'Enabled' && key.startsWith(filter.prefix ?? '')
}

function hasTags({ filter }: ReplicationRule, tags: readonly Tag[]): boolean {
  return filter.tags.every(({ key, value }) => tags.some((one) => one.key === key && one.value === value))
}

function highestPerBucket(rules: readonly ReplicationRule[]): readonly ReplicationRule[] {
  const winners = new Map<string, ReplicationRule>()
  for (const rule of rules) {
    const before = winners.get(rule.destination.bucket)
    if (before === undefined || (rule.priority ?? 0) > (before.priority ?? 0))
      winners.set(rule.destination.bucket, rule)
  }
  return [...winners.values()]
}

/** Of the rules of this moment, the one by which an object that was to go to a bucket goes there. */
export function ruleTo(
  configured: Pick<ReplicationConfiguration, 'rules'>,
  bucket: string,
  object: ReplicatedObject,
): ReplicationRule | undefined {
  const rules = configured.rules.filter(({ destination }) => destination.bucket === bucket)
  // Tags may have changed since it was written.
  const untagged = rules.filter((rule) => takes(rule, object.key))
  return rulesOfObject({ rules }, object)[0] ?? highestPerBucket(untagged)[0]
}
