/** What a replica is stored with: what its source has, and what the rule and the bucket that it goes to say. Pure. */
import { OBJECT_ACL_CHANGED, OBJECT_ACL_SYSMETA } from '#auth/s3/acl/stored-acl.ts'
import { splitSwiftBytes } from '#db/object-row.ts'
import type { HeaderMap } from '#http/message.ts'
import { replicaOf } from '#store/bucket-replication/replication-facts.ts'
import type { BucketDocuments } from '#store/bucket-settings/documents.ts'
import type { ObjectLock } from '#store/bucket-settings/object-lock-rules.ts'
import type { ReplicationRule } from '#store/bucket-settings/replication-rules.ts'
import { copiedMetadata } from '#store/copy/copied-metadata.ts'
import { askedEncryptionIn, writeAskedEncryption } from '#store/encryption/asked-encryption.ts'
import { lockedWith } from '#store/object-lock/lock-facts.ts'
import type { ContainerName } from '#store/operation.ts'
import { DEFAULT_CONTENT_TYPE, STORAGE_CLASS_SYSMETA } from '../objects/object-facts.ts'
import { STANDARD } from '../objects/storage-class.ts'

export interface ReplicaMade {
  readonly bucket: ContainerName
  /** Stored with the version. */
  readonly source: HeaderMap
  readonly rule: ReplicationRule
  /** What the destination is configured with. */
  readonly configured: BucketDocuments
  /** That of the version, where the destination locks objects. */
  readonly lock: ObjectLock | undefined
}

/** Versions do not expire by a time of their own. */
const NOT_OF_VERSIONS: ReadonlySet<string> = new Set(['x-delete-at', STORAGE_CLASS_SYSMETA])

export function replicaMetadata(made: ReplicaMade): Readonly<Record<string, string>> {
  const { bucket, source, lock } = made
  const copied = copiedMetadata({ source, given: {}, metadata: 'of_source_and_request', bytes: 'other' })
  const kept = Object.entries(copied).filter(([name]) => !NOT_OF_VERSIONS.has(name))
  return {
    ...Object.fromEntries(kept),
    ...storageClass(made),
    ...encryption(made),
    ...accessList(made),
    ...(lock === undefined ? {} : lockedWith(lock)),
    ...replicaOf(bucket),
  }
}

function storageClass({ source, rule }: ReplicaMade): Readonly<Record<string, string>> {
  const wanted = rule.destination.storageClass ?? source[STORAGE_CLASS_SYSMETA] ?? STANDARD
  return wanted === STANDARD ? {} : { [STORAGE_CLASS_SYSMETA]: wanted }
}

/** As the source; under the key of the rule, if it is one that is kept by name; else as the destination has it by default. */
function encryption({ source, rule, configured }: ReplicaMade): Readonly<Record<string, string>> {
  const asked = askedEncryptionIn(source)
  const { kmsKeyId } = rule.destination
  if (asked !== undefined) {
    return writeAskedEncryption(
      asked.keyName === undefined ? asked : { ...asked, keyName: kmsKeyId ?? asked.keyName },
    )
  }
  const byDefault = configured.encryption?.rules[0]?.byDefault
  if (byDefault === undefined) return {}
  return writeAskedEncryption({ algorithm: byDefault.algorithm, keyName: byDefault.kmsKeyId })
}

/** Whose the object is and who may read it goes along, unless it is to be the owner's of the bucket. */
function accessList({ source, rule }: ReplicaMade): Readonly<Record<string, string>> {
  if (rule.destination.owner !== undefined) return {}
  const list: Record<string, string> = {}
  for (const name of [OBJECT_ACL_SYSMETA, OBJECT_ACL_CHANGED]) {
    const written = source[name]
    if (written !== undefined) list[name] = written
  }
  return list
}

export function hasAccessList(metadata: HeaderMap): boolean {
  return metadata[OBJECT_ACL_SYSMETA] !== undefined || metadata[OBJECT_ACL_CHANGED] !== undefined
}

/** The content type without what listings keep in it. */
export function replicaType(stored: string): string {
  return splitSwiftBytes(stored)[0] || DEFAULT_CONTENT_TYPE
}
