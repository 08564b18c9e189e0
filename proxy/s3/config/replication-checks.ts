/** What replication rules cannot say although their XML is well formed: AWS's codes and messages. */
import { MAX_OBJECT_NAME_BYTES } from '#base/limits.ts'
import type { SentReplicationRule } from '#store/bucket-settings/replication-rules.ts'
import { type S3Error, s3Error } from '../error.ts'
import { duplicateTag, tagProblem } from './tags.ts'

const ID_CHARACTERS_MAX = 255
/** The one target of S3 Replication Time Control. */
const CONTROLLED_MINUTES = 15
const OF_THIS_SCHEMA =
  'for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.'

type Check = (rule: SentReplicationRule) => string | S3Error | undefined

/** In this order: the first that fails is what the client is told. */
const CHECKS: readonly Check[] = [
  ({ id }) =>
    id.length > ID_CHARACTERS_MAX
      ? s3Error('InvalidArgument', {
          message: `ID length should not exceed allowed limit of ${ID_CHARACTERS_MAX}`,
        })
      : undefined,
  schemaProblem,
  filterProblem,
  encryptionProblem,
  ({ destination: { owner, account } }) =>
    owner !== undefined && account === undefined
      ? 'Account must be specified if AccessControlTranslation is present.'
      : undefined,
  timeProblem,
  // Replicas keep what they were made with: nothing that is said of them goes back.
  ({ sourceSelection }) =>
    sourceSelection?.replicaModifications === 'Enabled'
      ? s3Error('NotImplemented', { message: 'ReplicaModifications cannot be enabled' })
      : undefined,
]

/** `undefined` when all rules can be. */
export function replicationProblem(rules: readonly SentReplicationRule[]): S3Error | undefined {
  for (const rule of rules) {
    for (const check of CHECKS) {
      const problem = check(rule)
      if (problem === undefined) continue
      return typeof problem === 'string' ? s3Error('InvalidRequest', { message: problem }) : problem
    }
  }
  return repeated(rules) ?? mixed(rules)
}

/** The newer form has a filter, and then priority and what becomes of delete markers must be said. */
function schemaProblem({ filterForm, priority, deleteMarkers }: SentReplicationRule): string | undefined {
  if (filterForm === 'rule_prefix') {
    return priority === undefined ? undefined : `Filter must be specified ${OF_THIS_SCHEMA}`
  }
  if (priority === undefined) return `Priority must be specified ${OF_THIS_SCHEMA}`
  if (deleteMarkers === undefined) return `DeleteMarkerReplication must be specified ${OF_THIS_SCHEMA}`
  return priority < 0 ? 'Priority must be a non-negative integer' : undefined
}

function filterProblem({ filter, deleteMarkers }: SentReplicationRule): string | S3Error | undefined {
  if (Buffer.byteLength(filter.prefix ?? '') > MAX_OBJECT_NAME_BYTES) {
    return `The maximum size of a prefix is ${MAX_OBJECT_NAME_BYTES}.`
  }
  const tags = duplicateTag(filter.tags) ?? tagProblem(filter.tags, 'object')
  if (tags !== undefined) return tags
  return filter.tags.length > 0 && deleteMarkers === 'Enabled'
    ? 'Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.'
    : undefined
}

function encryptionProblem({ sourceSelection, destination }: SentReplicationRule): string | undefined {
  const { kmsObjects } = sourceSelection ?? {}
  if (kmsObjects === 'Enabled' && destination.kmsKeyId === undefined) {
    return 'ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present.'
  }
  return kmsObjects === undefined && destination.kmsKeyId !== undefined
    ? 'SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.'
    : undefined
}

function timeProblem({ destination: { replicationTime, metrics } }: SentReplicationRule): string | undefined {
  if (replicationTime?.status === 'Enabled' && metrics?.status !== 'Enabled') {
    return 'Metrics must be enabled if ReplicationTime is enabled.'
  }
  const stated = [replicationTime?.minutes, metrics?.minutes]
  return stated.some((minutes) => minutes !== undefined && minutes !== CONTROLLED_MINUTES)
    ? `The time of replication can be ${CONTROLLED_MINUTES} minutes and nothing else.`
    : undefined
}

function repeated(rules: readonly SentReplicationRule[]): S3Error | undefined {
  if (new Set(rules.map(({ id }) => id)).size < rules.length) {
    const message = 'Rule ID must be unique. Found same ID for more than one rule'
    return s3Error('InvalidArgument', { message })
  }
  const priorities = rules.flatMap(({ priority }) => (priority === undefined ? [] : [priority]))
  if (new Set(priorities).size === priorities.length) return undefined
  const message = 'Rule priority must be unique. Found same priority for more than one rule'
  return s3Error('InvalidRequest', { message })
}

/** Rules of the older form lead to one bucket, and none takes what another one takes. */
function mixed(rules: readonly SentReplicationRule[]): S3Error | undefined {
  const older = rules.filter(({ filterForm }) => filterForm === 'rule_prefix')
  if (older.length === 0) return undefined
  if (older.length < rules.length) {
    return s3Error('InvalidRequest', { message: 'All rules must be of one version of the schema' })
  }
  if (new Set(older.map(({ destination }) => destination.bucket)).size > 1) {
    return s3Error('InvalidRequest', {
      message: 'Number of distinct destination bucket ARNs cannot exceed 1',
    })
  }
  const prefixes = older.map(({ filter }) => filter.prefix ?? '').sort()
  const at = prefixes.findIndex((prefix, place) => place > 0 && prefix.startsWith(prefixes[place - 1] ?? ''))
  if (at < 0) return undefined
  const message = `Found overlapping prefixes '${prefixes[at - 1]}' and '${prefixes[at]}'`
  return s3Error('InvalidRequest', { message })
}
