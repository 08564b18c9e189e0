/**
 * A container that was made through Swift gets its name as a bucket when something about it is set through S3: from then on
 * others can name it, too. A name that another account has stays theirs; the bucket is then one for its own account only.
 */
import type { S3Error } from '../error.ts'
import type { Bucket, S3Visit } from '../operation.ts'
import { recordError } from '../store-errors.ts'
import { mayBeCreated } from './bucket-name.ts'

/** The failure when it cannot be told whose the name is. */
export async function registerBucket(
  { deps, transaction }: S3Visit,
  { name, container, owner }: Bucket,
): Promise<S3Error | undefined> {
  const { records, options, clock } = deps
  if (!mayBeCreated(name)) return undefined
  const known = await records.find(transaction, name)
  if (known !== undefined) return 'kind' in known ? recordError(known) : undefined
  const record = {
    account: container.account,
    owner,
    region: options.region,
    createdAtMs: clock.wallMs(),
  }
  const claim = await records.claim(transaction, name, record)
  return claim.kind === 'claimed' || claim.kind === 'taken' ? undefined : recordError(claim)
}
