/** GetObjectAcl and PutObjectAcl. */
import { type AccessControlList, isPrivateAcl } from '#auth/s3/acl/access-control-list.ts'
import { privateAcl } from '#auth/s3/acl/canned-acl.ts'
import { OBJECT_ACL_CHANGED, objectAclIn, storedAcl } from '#auth/s3/acl/stored-acl.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import type { ObjectReadOutcome } from '#store/contract.ts'
import { changeFacts } from '#store/object-facts/object-facts.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, objectOf, type S3Visit } from '../operation.ts'
import { carryChange } from '../replication/carried-facts.ts'
import { isStoreFailure, storeError } from '../store-errors.ts'
import { isAbsent, missingVersion, readOf, versionAsked } from '../versions/version-asked.ts'
import { xmlAnswer } from '../xml-writer.ts'
import { aclDocument } from './acl-document.ts'
import { refusedBy, rulesOf } from './bucket-rules.ts'
import { flagObjectAcls } from './object-acls-flag.ts'
import { sentAcl } from './sent-acl.ts'

interface Found {
  readonly acl: AccessControlList
  readonly versionHeaders: Readonly<Record<string, string>>
}

export async function getObjectAcl(visit: S3Visit): Promise<Response | S3Error> {
  const bucket = bucketOf(visit)
  const rules = await rulesOf(visit, bucket)
  if (isS3Error(rules)) return rules
  const found = await storedList(visit)
  if (isS3Error(found)) return found
  const acl = rules.ownership === 'BucketOwnerEnforced' ? privateAcl(bucket.owner) : found.acl
  return xmlAnswer(200, aclDocument(acl), found.versionHeaders)
}

export async function putObjectAcl(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const bucket = bucketOf(visit)
  const rules = await rulesOf(visit, bucket)
  if (isS3Error(rules)) return rules
  const found = await storedList(visit)
  if (isS3Error(found)) return found
  const acl = await sentAcl(visit, { owner: found.acl.owner, bucketOwner: bucket.owner })
  if (isS3Error(acl)) return acl
  const refused = refusedBy(rules, acl)
  if (refused !== undefined) return refused
  const stored = storedAcl(acl)
  if (stored === undefined) return s3Error('MalformedACLError')
  if (!isPrivateAcl(acl) || acl.owner !== bucket.owner) {
    const unflagged = await flagObjectAcls(visit, bucket)
    if (unflagged !== undefined) return unflagged
  }
  const name = { ...objectOf(visit), versionId: request.query.get('versionId') }
  const changed = await changeFacts(deps.store, transaction, name, { [OBJECT_ACL_CHANGED]: stored })
  if (changed.kind !== 'changed') return missing(visit, changed)
  const notCarried = await carryChange(visit, changed.versionId, OBJECT_ACL_CHANGED)
  if (notCarried !== undefined) return notCarried
  return { status: 200, headers: { ...found.versionHeaders, 'content-length': '0' }, body: undefined }
}

/** The list of the object; one that never had any is its bucket owner's alone. */
async function storedList(visit: S3Visit): Promise<Found | S3Error> {
  const { deps, transaction, request } = visit
  const asked = versionAsked(request.query)
  if (isS3Error(asked)) return asked
  const read = await deps.store.objects.read(transaction, objectOf(visit), {
    method: 'HEAD',
    conditions: {},
    newest: false,
    certainty: 'confirmed',
    ...readOf(asked.versionId),
    manifest: 'as_stored',
    keyless: 'allowed',
  })
  if (read.kind !== 'found') return unread(visit, read)
  const versionId = read.trail?.versionId
  return {
    acl: ownedAcl(read.headers, bucketOf(visit).owner),
    versionHeaders: versionId === undefined ? {} : { 'x-amz-version-id': versionId },
  }
}

export function ownedAcl(stored: HeaderMap, bucketOwner: string): AccessControlList {
  return objectAclIn(stored) ?? privateAcl(bucketOwner)
}

/** Of a version that is asked for by its id it is told that it is no object. */
function unread(visit: S3Visit, read: Exclude<ObjectReadOutcome, { readonly kind: 'found' }>): S3Error {
  const { query, key = '', method } = visit.request
  const versionId = query.get('versionId')
  const isNoVersion = versionId !== undefined && read.kind !== 'not_modified' && isAbsent(read)
  return isNoVersion ? missingVersion(key, versionId, read.trail, method) : missing(visit, read)
}

function missing({ request }: S3Visit, outcome: { readonly kind: string }): S3Error {
  if (!isStoreFailure(outcome)) throw new Error(`a read without conditions came to ${outcome.kind}`)
  return storeError(outcome, { Key: request.key ?? '' })
}
