/** ListBuckets: the containers of the caller's account whose names can be buckets', a page at a time. */
import { LISTING_LIMIT } from '#base/limits.ts'
import type { Response } from '#http/message.ts'
import type { StoreFailure } from '#store/failure.ts'
import type { ListedContainer } from '#store/listing.ts'
import type { OperationContext } from '#store/operation.ts'
import { invalidArgument, type S3Error, s3Error } from '../error.ts'
import type { S3Deps, S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { decodeToken, encodeToken } from '../token.ts'
import { document, element, elementOf, xmlAnswer } from '../xml-writer.ts'
import { bucketArn, mayExist } from './bucket-name.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
const MAX_BUCKETS = 10_000

interface Asked {
  readonly limit: number
  readonly prefix: string | undefined
  readonly after: string | undefined
}

export async function listBuckets(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, caller, request } = visit
  if (caller.kind === 'anonymous') return s3Error('AccessDenied')
  const asked = askedIn(request.query)
  if ('kind' in asked) return asked
  const region = request.query.get('bucket-region')
  const isElsewhere = region !== undefined && region !== deps.options.region
  const found = isElsewhere ? [] : await bucketsAfter(deps, transaction, caller.account, asked)
  if (!Array.isArray(found)) return storeError(found as StoreFailure)
  const page = found.slice(0, asked.limit) as readonly ListedContainer[]
  const last = found.length > asked.limit ? page.at(-1)?.name : undefined
  const xml = document(
    'ListAllMyBucketsResult',
    elementOf('Owner', element('ID', caller.user), element('DisplayName', caller.displayName)),
    elementOf('Buckets', ...page.map((bucket) => bucketXml(bucket, deps.options.region))),
    last === undefined ? '' : element('ContinuationToken', encodeToken(last)),
    element('Prefix', asked.prefix),
  )
  return xmlAnswer(200, xml)
}

function askedIn(query: ReadonlyMap<string, string>): Asked | S3Error {
  const written = query.get('max-buckets')
  const limit = written === undefined ? MAX_BUCKETS : Number(written)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_BUCKETS || !/^\d*$/.test(written ?? '')) {
    const message = `Argument max-buckets must be an integer between 1 and ${MAX_BUCKETS}`
    return invalidArgument('max-buckets', written ?? '', message)
  }
  const token = query.get('continuation-token')
  const after = token === undefined ? undefined : decodeToken(token)
  if (token !== undefined && after === undefined) {
    return invalidArgument('continuation-token', token, 'The continuation token provided is incorrect')
  }
  return { limit, prefix: query.get('prefix'), after }
}

/** One more than the page holds, if there are so many. */
async function bucketsAfter(
  { store }: S3Deps,
  context: OperationContext,
  account: string,
  { limit, prefix, after }: Asked,
): Promise<ListedContainer[] | StoreFailure> {
  const buckets: ListedContainer[] = []
  let marker = after
  while (buckets.length <= limit) {
    const listing = { prefix, marker, limit: LISTING_LIMIT, reverse: false }
    const read = await store.accounts.read(context, { account }, { listing })
    if (read.kind === 'no_such_account') return []
    if (read.kind !== 'found') return read
    const entries = read.page?.entries() ?? []
    for (const entry of entries) if (entry.kind === 'container' && mayExist(entry.name)) buckets.push(entry)
    const last = entries.at(-1)
    if (entries.length < LISTING_LIMIT || last?.kind !== 'container') break
    marker = last.name
  }
  return buckets
}

function bucketXml({ name, lastModified }: ListedContainer, region: string): string {
  return elementOf(
    'Bucket',
    element('Name', name),
    element('CreationDate', `${lastModified.slice(0, 23)}Z`),
    element('BucketArn', bucketArn(name)),
    element('BucketRegion', region),
  )
}
