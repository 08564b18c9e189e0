/** Refusals of access lists, as the door answers them. */
import type { AclRefusal } from '#auth/s3/acl/acl-headers.ts'
import { type S3Error, s3Error } from '../error.ts'

export function aclRefusal({ code, message, extra }: AclRefusal): S3Error {
  return s3Error(code, { message, extra })
}
