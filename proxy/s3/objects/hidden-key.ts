/**
 * Who is told that there is no such key: those who may list the bucket, for they would see it there. Whether they might read
 * what would be there does not matter, unless it is denied to them (Amazon S3 API reference, GetObject, "Permissions").
 */
import type { S3Action } from '#auth/s3/actions.ts'
import { askDenied } from '../../access/ask-access.ts'
import { askerOf } from '../access/authorize.ts'
import type { S3Error } from '../error.ts'
import { type AccessAsked, objectOf, type S3Visit } from '../operation.ts'
import { missingObject } from './missing-object.ts'

const READS: ReadonlySet<S3Action> = new Set<S3Action>(['s3:GetObject', 's3:GetObjectAttributes'])

/** That a key is missing, or what is said instead. */
export async function unlessHidden(visit: S3Visit, missing: S3Error): Promise<S3Error> {
  return (await whyNotListed(visit)) ?? missing
}

/** What a read was refused with, or that there is nothing to be read. */
export async function unlessMissing(visit: S3Visit, asked: AccessAsked, denied: S3Error): Promise<S3Error> {
  if (denied.code !== 'AccessDenied' || !READS.has(asked.action)) return denied
  if (visit.request.query.has('versionId') || (await whyNotListed(visit)) !== undefined) return denied
  return (await isMissing(visit)) && !(await isForbidden(visit, asked.action))
    ? await missingObject(visit)
    : denied
}

function whyNotListed(visit: S3Visit): Promise<S3Error | undefined> {
  return visit.deps.authorize(visit, { action: 's3:ListBucket', bucket: visit.bucket, key: undefined })
}

async function isMissing(visit: S3Visit): Promise<boolean> {
  const { deps, transaction } = visit
  const read = await deps.store.objects.read(transaction, objectOf(visit), {
    method: 'HEAD',
    conditions: {},
    newest: false,
    certainty: 'confirmed',
    keyless: 'allowed',
  })
  return read.kind === 'no_such_object'
}

async function isForbidden(visit: S3Visit, action: S3Action): Promise<boolean> {
  const asker = askerOf(visit)
  return asker === undefined || (await askDenied(visit.deps.access, asker, { action, name: objectOf(visit) }))
}
