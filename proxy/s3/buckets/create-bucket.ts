/**
 * CreateBucket. Steps (`docs/decisions/`): the record of the name, by which exactly one of those who try at once has it;
 * then the container. One without the other may stay: a record without a container is a name kept for its account, which
 * may make the bucket again.
 */
import type { Response } from '#http/message.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { Caller, S3Visit } from '../operation.ts'
import { bodyIsEmpty, sentXml } from '../sent-xml.ts'
import { isStoreFailure, storeError } from '../store-errors.ts'
import { mayBeCreated } from './bucket-name.ts'
import { createSettingsIn } from './create-settings.ts'
import { FIRST_REGION } from './head-bucket.ts'

export async function createBucket(visit: S3Visit): Promise<Response | S3Error> {
  const { caller, request, deps } = visit
  const name = request.bucket ?? ''
  if (caller.kind === 'anonymous') return s3Error('AccessDenied')
  const asked = { action: 's3:CreateBucket', bucket: undefined, key: undefined }
  const denied = await deps.authorize(visit, asked)
  if (denied !== undefined) return denied
  const misplaced = await checkLocation(visit)
  if (misplaced !== undefined) return misplaced
  const settings = createSettingsIn(visit)
  if (isS3Error(settings)) return settings
  if (visit.bucket !== undefined) {
    if (visit.bucket.container.account !== caller.account) return taken(name)
    return deps.options.region === FIRST_REGION ? created(name) : s3Error('BucketAlreadyOwnedByYou', of(name))
  }
  if (!mayBeCreated(name)) return s3Error('InvalidBucketName', of(name))
  const refused = await claimName(visit, name, caller)
  if (refused !== undefined) return refused
  const put = await deps.store.containers.put(
    visit.transaction,
    { account: caller.account, container: name },
    { changes: settings, policyIndex: undefined },
  )
  return isStoreFailure(put) ? storeError(put, { BucketName: name }) : created(name)
}

async function claimName(
  { deps, transaction }: S3Visit,
  name: string,
  { account, user }: Extract<Caller, { readonly kind: 'user' }>,
): Promise<S3Error | undefined> {
  const createdAt = new Date(deps.clock.wallMs()).toISOString()
  const record = { account, owner: user, region: deps.options.region, createdAt }
  const claim = await deps.records.claim(transaction, name, record)
  if (claim.kind === 'claimed') return undefined
  if (claim.kind !== 'taken') return storeError(claim, { BucketName: name })
  // Ours, from a creation that ended before the container was made.
  return claim.record.account === account ? undefined : taken(name)
}

/** The region that is asked for must be this one; none is this one. */
async function checkLocation(visit: S3Visit): Promise<S3Error | undefined> {
  const { sent, deps } = visit
  if (bodyIsEmpty(sent)) return undefined
  const configuration = await sentXml(visit, 'CreateBucketConfiguration', CREATE_BODY_LIMIT_BYTES)
  if (isS3Error(configuration)) return configuration
  const wanted = configuration.textOf('LocationConstraint') ?? ''
  const { region } = deps.options
  if (wanted === '' || wanted === region) return undefined
  if (!/^(?:EU|[a-z]{2,4}(?:-[a-z]+)+-\d)$/.test(wanted)) {
    return s3Error('InvalidLocationConstraint', { extra: { LocationConstraint: wanted } })
  }
  const message = `The ${wanted} location constraint is incompatible for the region specific endpoint this request was sent to.`
  return s3Error('IllegalLocationConstraintException', { message })
}

const CREATE_BODY_LIMIT_BYTES = 16 * 1024

function of(name: string): { readonly extra: Readonly<Record<string, string>> } {
  return { extra: { BucketName: name } }
}

function taken(name: string): S3Error {
  return s3Error('BucketAlreadyExists', of(name))
}

function created(name: string): Response {
  return { status: 200, headers: { location: `/${name}`, 'content-length': '0' }, body: undefined }
}
