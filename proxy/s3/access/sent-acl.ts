/** The access list that PutBucketAcl and PutObjectAcl bring: in headers, or as a document, and never both. */
import type { AccessControlList } from '#auth/s3/acl/access-control-list.ts'
import { aclInHeaders } from '#auth/s3/acl/acl-headers.ts'
import type { Owners } from '#auth/s3/acl/canned-acl.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { bodyIsEmpty, sentXml } from '../sent-xml.ts'
import { ACL_ROOT, readAcl } from './acl-document.ts'
import { aclRefusal } from './acl-refusal.ts'

/** Longest document, bytes: as many grants as there may be, with names as long as they may be (Swift s3api: the same). */
const ACL_BODY_BYTES_MAX = 200 * 1024

/** The owner never changes; a document that names another one is refused. */
export async function sentAcl(visit: S3Visit, owners: Owners): Promise<AccessControlList | S3Error> {
  const inHeaders = aclInHeaders(visit.request.headers, owners)
  if (inHeaders.kind === 'refused') return aclRefusal(inHeaders)
  const isEmpty = bodyIsEmpty(visit.sent)
  if (inHeaders.kind === 'acl') return isEmpty ? inHeaders.acl : s3Error('UnexpectedContent')
  if (isEmpty) return s3Error('MissingSecurityHeader', { extra: { MissingHeaderName: 'x-amz-acl' } })
  const root = await sentXml(visit, ACL_ROOT, ACL_BODY_BYTES_MAX)
  if (isS3Error(root)) return root.code === 'MalformedXML' ? s3Error('MalformedACLError') : root
  const acl = readAcl(root)
  if (isS3Error(acl)) return acl
  return acl.owner === owners.owner ? acl : s3Error('AccessDenied')
}
