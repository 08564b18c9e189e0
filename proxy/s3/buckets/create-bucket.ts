/** CreateBucket: the name, by which exactly one of those who try at once has it; then the container; then its tags. */
import type { Response } from '#http/message.ts'
import { resetAcl } from '../access/bucket-acl.ts'
import { setDocument } from '../config/bucket-document.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { Caller, S3Visit } from '../operation.ts'
import { isStoreFailure, recordError, storeError } from '../store-errors.ts'
import { ARN_HEADER, bucketArn, mayBeCreated } from './bucket-name.ts'
import { type HeldName, SWEEP_AGE_MS } from './bucket-records.ts'
import { type CreateConfiguration, createConfigurationIn } from './create-configuration.ts'
import { createSettingsIn } from './create-settings.ts'
import { FIRST_REGION } from './head-bucket.ts'
import { registerBucket } from './register-bucket.ts'
import { findBucket } from './resolve-bucket.ts'

export async function createBucket(visit: S3Visit): Promise<Response | S3Error> {
  const { caller, request, deps } = visit
  const name = request.bucket ?? ''
  if (caller.kind === 'anonymous') return s3Error('AccessDenied')
  const asked = { action: 's3:CreateBucket', bucket: undefined, key: undefined } as const
  const denied = await deps.authorize(visit, asked)
  if (denied !== undefined) return denied
  const configuration = await createConfigurationIn(visit)
  if (isS3Error(configuration)) return configuration
  const settings = await createSettingsIn(visit)
  if (isS3Error(settings)) return settings
  if (visit.bucket !== undefined) {
    if (visit.bucket.container.account !== caller.account) return taken(name)
    const unregistered = await registerBucket(visit, visit.bucket)
    if (unregistered !== undefined) return unregistered
    if (deps.options.region !== FIRST_REGION) return s3Error('BucketAlreadyOwnedByYou', of(name))
    return (await resetAcl(visit, settings)) ?? created(name)
  }
  if (!mayBeCreated(name)) return s3Error('InvalidBucketName', of(name))
  const refused = await claimName(visit, name, caller)
  if (refused !== undefined) return refused
  const put = await deps.store.containers.put(
    visit.transaction,
    { account: caller.account, container: name },
    { changes: settings, policyIndex: undefined },
  )
  if (isStoreFailure(put)) return storeError(put, { BucketName: name })
  return (await tagCreated(visit, name, configuration)) ?? created(name)
}

/** Whoever is not told that there is a bucket may ask again, and finds it without its tags. */
async function tagCreated(
  visit: S3Visit,
  name: string,
  { tags }: CreateConfiguration,
): Promise<S3Error | undefined> {
  if (tags.length === 0) return undefined
  const bucket = await findBucket(visit.deps, visit.transaction, name, visit.caller)
  return isS3Error(bucket) ? bucket : await setDocument({ ...visit, bucket }, 'tagging', tags)
}

async function claimName(
  visit: S3Visit,
  name: string,
  { account, user }: Extract<Caller, { readonly kind: 'user' }>,
): Promise<S3Error | undefined> {
  const { deps, transaction } = visit
  const { records, clock, options } = deps
  const record = { account, owner: user, region: options.region, createdAtMs: clock.wallMs() }
  const claim = await records.claim(transaction, name, record)
  if (claim.kind === 'claimed') return undefined
  if (claim.kind !== 'taken') return recordError(claim)
  if (!(await isAbandoned(visit, claim.by))) return taken(name)
  await records.release(transaction, claim.by)
  const again = await records.claim(transaction, name, record)
  if (again.kind === 'claimed') return undefined
  return again.kind === 'taken' ? taken(name) : recordError(again)
}

/** A creation or a deletion ended between its steps, or the container was deleted through Swift. */
async function isAbandoned({ deps, transaction }: S3Visit, { key, value }: HeldName): Promise<boolean> {
  if (deps.clock.wallMs() - value.createdAtMs < SWEEP_AGE_MS) return false
  const container = { account: value.account, container: key }
  const read = await deps.store.containers.read(transaction, container, { newest: true })
  return read.kind === 'no_such_container'
}

function of(name: string): { readonly extra: Readonly<Record<string, string>> } {
  return { extra: { BucketName: name } }
}

function taken(name: string): S3Error {
  return s3Error('BucketAlreadyExists', of(name))
}

function created(name: string): Response {
  const headers = { location: `/${name}`, [ARN_HEADER]: bucketArn(name), 'content-length': '0' }
  return { status: 200, headers, body: undefined }
}
