/** CreateBucket: the name, by which exactly one of those who try at once has it; then the container. */
import type { Response } from '#http/message.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { Caller, S3Visit } from '../operation.ts'
import { bodyIsEmpty, sentXml } from '../sent-xml.ts'
import { isStoreFailure, recordError, storeError } from '../store-errors.ts'
import { mayBeCreated } from './bucket-name.ts'
import { type HeldName, SWEEP_AGE_MS } from './bucket-records.ts'
import { createSettingsIn } from './create-settings.ts'
import { FIRST_REGION } from './head-bucket.ts'
import { registerBucket } from './register-bucket.ts'

export async function createBucket(visit: S3Visit): Promise<Response | S3Error> {
  const { caller, request, deps } = visit
  const name = request.bucket ?? ''
  if (caller.kind === 'anonymous') return s3Error('AccessDenied')
  const asked = { action: 's3:CreateBucket', bucket: undefined, key: undefined } as const
  const denied = await deps.authorize(visit, asked)
  if (denied !== undefined) return denied
  const misplaced = await checkLocation(visit)
  if (misplaced !== undefined) return misplaced
  const settings = createSettingsIn(visit)
  if (isS3Error(settings)) return settings
  if (visit.bucket !== undefined) {
    if (visit.bucket.container.account !== caller.account) return taken(name)
    const unregistered = await registerBucket(visit, visit.bucket)
    if (unregistered !== undefined) return unregistered
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
