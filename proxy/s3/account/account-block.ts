/**
 * GetPublicAccessBlock, PutPublicAccessBlock and DeletePublicAccessBlock of a whole account (Amazon S3 Control API Reference). What is put
 * holds for every bucket of the account, at both doors, whatever the buckets say themselves.
 *
 * It is system metadata of the account, put by a PUT and not by a POST: a replica that missed it is known by its older time.
 */
import { ACCOUNT_BLOCK_SYSMETA, type PublicAccessBlock, storedBlock } from '#auth/s3/public-access-block.ts'
import type { Response } from '#http/message.ts'
import { accountBlockOf } from '../../access/account-block.ts'
import { publicAccessBlockDocument } from '../access/access-documents.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { ACCOUNT_ID_HEADER } from '../request.ts'
import { sentXml } from '../sent-xml.ts'
import { isStoreFailure, storeError } from '../store-errors.ts'
import { DECLARATION, xmlAnswer } from '../xml-writer.ts'

const ROOT = 'PublicAccessBlockConfiguration'
const NAMESPACE = 'http://awss3control.amazonaws.com/doc/2018-08-20/'

export async function getAccountBlock(visit: S3Visit): Promise<Response | S3Error> {
  const account = accountOf(visit)
  if (typeof account !== 'string') return account
  const block = await accountBlockOf(visit.deps.store, visit.transaction, { account })
  if (block === 'unavailable') return s3Error('ServiceUnavailable')
  if (block === undefined) return s3Error('NoSuchPublicAccessBlockConfiguration')
  const inner = publicAccessBlockDocument.write(block)
  return xmlAnswer(200, `${DECLARATION}<${ROOT} xmlns="${NAMESPACE}">${inner}</${ROOT}>`)
}

export async function putAccountBlock(visit: S3Visit): Promise<Response | S3Error> {
  const account = accountOf(visit)
  if (typeof account !== 'string') return account
  const sent = await sentXml(visit, ROOT, visit.deps.options.xmlLimitBytes)
  if (isS3Error(sent)) return sent
  const read = publicAccessBlockDocument.read(sent)
  if (read.kind !== 'value') return read
  const done = { status: 200, headers: { 'content-length': '0' }, body: undefined } as const
  return (await setBlock(visit, account, read.value)) ?? done
}

export async function deleteAccountBlock(visit: S3Visit): Promise<Response | S3Error> {
  const account = accountOf(visit)
  if (typeof account !== 'string') return account
  return (await setBlock(visit, account, undefined)) ?? { status: 204, headers: {}, body: undefined }
}

async function setBlock(
  { deps, transaction }: S3Visit,
  account: string,
  block: PublicAccessBlock | undefined,
): Promise<S3Error | undefined> {
  const changes = { [ACCOUNT_BLOCK_SYSMETA]: block === undefined ? '' : storedBlock(block) }
  const put = await deps.store.accounts.put(transaction, { account }, changes)
  return isStoreFailure(put) ? storeError(put) : undefined
}

/** The caller's own account, which the request must name: as a tenant or by its whole name. */
function accountOf({ caller, request }: S3Visit): string | S3Error {
  if (caller.kind === 'anonymous') return s3Error('AccessDenied')
  const named = request.headers[ACCOUNT_ID_HEADER]
  const isOwn = named === caller.account || named === caller.principal.tenant
  return isOwn ? caller.account : s3Error('AccessDenied')
}
