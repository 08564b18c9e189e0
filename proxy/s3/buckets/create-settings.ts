/** What a bucket is given when it is made, besides its owner: each part reads headers of CreateBucket. */
import type { HeaderMap } from '#http/message.ts'
import { createdAccess } from '../access/create-access.ts'
import { lockOfBucket } from '../config/object-headers.ts'
import { isS3Error, type S3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { OWNER_SYSMETA } from './bucket-owner.ts'

/** Changes of the container, or why the bucket is not made. */
type Part = (visit: S3Visit) => HeaderMap | S3Error | Promise<HeaderMap | S3Error>

const owner: Part = ({ caller }) => (caller.kind === 'user' ? { [OWNER_SYSMETA]: caller.user } : {})

const PARTS: readonly Part[] = [owner, createdAccess, lockOfBucket]

/** All of it, or the first refusal. */
export async function createSettingsIn(visit: S3Visit): Promise<HeaderMap | S3Error> {
  let settings: HeaderMap = {}
  for (const part of PARTS) {
    const given = await part(visit)
    if (isS3Error(given)) return given
    settings = { ...settings, ...given }
  }
  return settings
}
