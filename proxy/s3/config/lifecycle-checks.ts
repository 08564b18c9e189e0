/** What lifecycle rules cannot say although their XML is well formed: AWS's codes and messages. */

import { MAX_OBJECT_NAME_BYTES } from '#base/limits.ts'
import type { LifecycleRule } from '#store/bucket-settings/lifecycle-rules.ts'
import { type S3Error, s3Error } from '../error.ts'
import { duplicateTag, tagProblem } from './tags.ts'

const ID_CHARACTERS_MAX = 255
/** Objects stay in the class they were put in for so many days before these take them. */
const DAYS_BEFORE: Readonly<Record<string, number>> = { STANDARD_IA: 30, ONEZONE_IA: 30 }
const NEWER_VERSIONS_MAX = 100

type Check = (rule: LifecycleRule) => string | S3Error | undefined

/** In this order: the first that fails is what the client is told. */
const CHECKS: readonly Check[] = [
  ({ id }) =>
    id.length > ID_CHARACTERS_MAX
      ? `ID length should not exceed allowed limit of ${ID_CHARACTERS_MAX}`
      : undefined,
  ({ expiration }) =>
    expiration?.kind === 'days' && expiration.days <= 0
      ? "'Days' for Expiration action must be a positive integer"
      : undefined,
  ({ noncurrentExpiration }) =>
    noncurrentExpiration !== undefined && noncurrentExpiration.days <= 0
      ? "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer"
      : undefined,
  ({ noncurrentExpiration, noncurrentTransitions }) =>
    [noncurrentExpiration, ...noncurrentTransitions].some((one) => !isKeepable(one?.newerVersions))
      ? "'NewerNoncurrentVersions' must be a positive integer not greater than 100"
      : undefined,
  ({ abortUploadsAfterDays: days }) =>
    days !== undefined && days <= 0
      ? "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer"
      : undefined,
  transitionProblem,
  repeatedClass,
  filterProblem,
  forPrefixesOnly,
]

/** `undefined` when all rules can be. */
export function lifecycleProblem(rules: readonly LifecycleRule[]): S3Error | undefined {
  for (const rule of rules) {
    for (const check of CHECKS) {
      const problem = check(rule)
      if (problem === undefined) continue
      return typeof problem === 'string' ? s3Error('InvalidArgument', { message: problem }) : problem
    }
  }
  const ids = new Set(rules.map(({ id }) => id))
  if (ids.size === rules.length) return undefined
  const message = 'Rule ID must be unique. Found same ID for more than one rule'
  return s3Error('InvalidArgument', { message })
}

function isKeepable(newer: number | undefined): boolean {
  return newer === undefined || (newer > 0 && newer <= NEWER_VERSIONS_MAX)
}

function transitionProblem({
  transitions,
  expiration,
  noncurrentTransitions,
}: LifecycleRule): string | undefined {
  for (const one of transitions) {
    if (!('days' in one)) continue
    const least = DAYS_BEFORE[one.storageClass] ?? 0
    if (one.days < least) {
      return `'Days' in Transition action must be greater than or equal to ${least} for storageClass '${one.storageClass}'`
    }
    if (expiration?.kind === 'days' && expiration.days <= one.days) {
      return "'Days' in the Expiration action must be greater than 'Days' in the Transition action"
    }
  }
  const early = noncurrentTransitions.find(({ days }) => days < 0)
  if (early === undefined) return undefined
  return "'NoncurrentDays' for NoncurrentVersionTransition action must be a positive integer"
}

/** Each class is moved to once. */
function repeatedClass({ transitions, noncurrentTransitions, filter }: LifecycleRule): S3Error | undefined {
  const lists = { Transition: transitions, NoncurrentVersionTransition: noncurrentTransitions }
  for (const [action, list] of Object.entries(lists)) {
    if (new Set(list.map(({ storageClass }) => storageClass)).size === list.length) continue
    const message = `'StorageClass' must be different for '${action}' actions in same 'Rule' with prefix '${filter.prefix ?? ''}'`
    return s3Error('InvalidRequest', { message })
  }
  return undefined
}

function filterProblem({ filter }: LifecycleRule): S3Error | undefined {
  if (Buffer.byteLength(filter.prefix ?? '') > MAX_OBJECT_NAME_BYTES) {
    const message = `The maximum size of a prefix is ${MAX_OBJECT_NAME_BYTES}.`
    return s3Error('InvalidRequest', { message })
  }
  const { sizeGreaterThan: above, sizeLessThan: below } = filter
  if ((above !== undefined && above < 0) || (below !== undefined && below < 1)) return sizeProblem('bounds')
  if (above !== undefined && below !== undefined && below <= above) return sizeProblem('order')
  if (duplicateTag(filter.tags) !== undefined) {
    return s3Error('InvalidRequest', { message: 'Duplicate Tag Keys are not allowed.' })
  }
  return tagProblem(filter.tags, 'object')
}

function sizeProblem(what: 'bounds' | 'order'): S3Error {
  const message =
    what === 'order'
      ? "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'"
      : "'ObjectSizeGreaterThan' and 'ObjectSizeLessThan' must be positive integers"
  return s3Error('InvalidRequest', { message })
}

/** Uploads that are not complete have neither tags nor a size, and delete markers have none either. */
function forPrefixesOnly({ filter, expiration, abortUploadsAfterDays }: LifecycleRule): S3Error | undefined {
  const byTags = filter.tags.length > 0
  const bySize = filter.sizeGreaterThan !== undefined || filter.sizeLessThan !== undefined
  if (!byTags && !bySize) return undefined
  const what = byTags ? 'Tags' : 'Object Size'
  if (abortUploadsAfterDays !== undefined) {
    return s3Error('InvalidRequest', {
      message: `AbortIncompleteMultipartUpload cannot be specified with ${what}.`,
    })
  }
  if (expiration?.kind !== 'delete_markers') return undefined
  return s3Error('InvalidRequest', {
    message: `ExpiredObjectDeleteMarker cannot be specified with ${what}.`,
  })
}
