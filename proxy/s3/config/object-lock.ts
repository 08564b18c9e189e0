/** Retention and legal hold of single versions (Amazon S3 API Reference, PutObjectRetention, PutObjectLegalHold…). */
import type { Response } from '#http/message.ts'
import type { VersionName } from '#store/contract.ts'
import type { LockChange, LockRead } from '#store/object-lock/object-locks.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, objectOf, type S3Operation, type S3Visit } from '../operation.ts'
import { carryLockChange } from '../replication/carried-locks.ts'
import { sentXml } from '../sent-xml.ts'
import { storeError } from '../store-errors.ts'
import { missingVersion, versionAsked } from '../versions/version-asked.ts'
import type { XmlElement } from '../xml-reader.ts'
import { document, xmlAnswer } from '../xml-writer.ts'
import { legalHoldDocument, retentionDocument } from './object-lock-documents.ts'
import { bypassIn, lockedProblem, pastProblem } from './object-lock-headers.ts'
import { withoutLocks } from './object-lock-state.ts'

export const objectLockOperations: readonly S3Operation[] = [
  {
    name: 'GetObjectRetention',
    method: 'GET',
    level: 'object',
    query: 'retention',
    action: 's3:GetObjectRetention',
    run: (visit) => getLock(visit, 'retention'),
  },
  {
    name: 'PutObjectRetention',
    method: 'PUT',
    level: 'object',
    query: 'retention',
    action: 's3:PutObjectRetention',
    run: putRetention,
  },
  {
    name: 'GetObjectLegalHold',
    method: 'GET',
    level: 'object',
    query: 'legal-hold',
    action: 's3:GetObjectLegalHold',
    run: (visit) => getLock(visit, 'legal_hold'),
  },
  {
    name: 'PutObjectLegalHold',
    method: 'PUT',
    level: 'object',
    query: 'legal-hold',
    action: 's3:PutObjectLegalHold',
    run: putLegalHold,
  },
]

async function getLock(visit: S3Visit, what: 'retention' | 'legal_hold'): Promise<Response | S3Error> {
  const missing = withoutLocks(bucketOf(visit).info, 'lock')
  if (missing !== undefined) return missing
  const version = versionOf(visit)
  if (isS3Error(version)) return version
  const { deps, transaction } = visit
  const read = await deps.locks.of(deps.store, transaction, version)
  if (read.kind !== 'lock') return problemOf(visit, read)
  const { retention, legalHold } = read.lock
  if (what === 'retention' && retention !== undefined) {
    return xmlAnswer(200, document('Retention', retentionDocument.write(retention)))
  }
  if (what === 'legal_hold' && legalHold !== undefined) {
    return xmlAnswer(200, document('LegalHold', legalHoldDocument.write(legalHold)))
  }
  return s3Error('NoSuchObjectLockConfiguration')
}

/** Of these operations AWS takes a body that is missing for a document that is none. */
async function sentLock(visit: S3Visit, root: string): Promise<XmlElement | S3Error> {
  const sent = await sentXml(visit, root, visit.deps.options.xmlLimitBytes)
  return isS3Error(sent) && sent.code === 'MissingRequestBodyError' ? s3Error('MalformedXML') : sent
}

async function putRetention(visit: S3Visit): Promise<Response | S3Error> {
  const sent = await sentLock(visit, 'Retention')
  if (isS3Error(sent)) return sent
  const read = retentionDocument.read(sent)
  if (read.kind !== 'value') return read
  const problem = read.value && pastProblem(read.value.until, visit.deps.clock.wallMs(), 'RetainUntilDate')
  return problem ?? (await changeLock(visit, { retention: read.value ?? null }))
}

async function putLegalHold(visit: S3Visit): Promise<Response | S3Error> {
  const sent = await sentLock(visit, 'LegalHold')
  if (isS3Error(sent)) return sent
  const read = legalHoldDocument.read(sent)
  return read.kind === 'value' ? await changeLock(visit, { legalHold: read.value }) : read
}

async function changeLock(visit: S3Visit, change: LockChange): Promise<Response | S3Error> {
  const missing = withoutLocks(bucketOf(visit).info, 'lock')
  if (missing !== undefined) return missing
  const version = versionOf(visit)
  if (isS3Error(version)) return version
  const bypass = await bypassIn(visit)
  if (bypass !== undefined && bypass !== 'bypassed') return bypass
  const { deps, transaction } = visit
  const mode = bypass === 'bypassed' ? 'governance' : 'none'
  const changed = await deps.locks.change(deps.store, transaction, version, change, mode)
  if (changed.kind !== 'changed') return problemOf(visit, changed)
  const member = change.legalHold === undefined ? 'retention' : 'legalHold'
  const notCarried = await carryLockChange(visit, version, [member])
  if (notCarried !== undefined) return notCarried
  return { status: 200, headers: { 'content-length': '0' }, body: undefined }
}

function versionOf(visit: S3Visit): VersionName | S3Error {
  const asked = versionAsked(visit.request.query)
  return isS3Error(asked) ? asked : { ...objectOf(visit), ...asked }
}

function problemOf({ request }: S3Visit, read: Exclude<LockRead, { readonly kind: 'lock' }>): S3Error {
  if (read.kind === 'denied') return lockedProblem()
  if (read.kind !== 'no_such_version') return storeError(read, { Key: request.key ?? '' })
  const { key: Key = '', method } = request
  const version = request.query.get('versionId')
  const trail = read.marker ? ({ isDeleteMarker: true } as const) : undefined
  return version === undefined
    ? s3Error('NoSuchKey', { extra: { Key } })
    : missingVersion(Key, version, trail, method)
}
