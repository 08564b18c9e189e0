/**
 * ListObjects and ListObjectsV2. Both are a page of the container's listing that begins after a name: the marker of V1,
 * the token or the start of V2, which hold the last name of the page before, so that paging goes on where it stopped
 * whatever was written or deleted meanwhile.
 */
import type { Response } from '#http/message.ts'
import type { ListedObject, ListedSubdir } from '#store/listing.ts'
import { invalidArgument, isS3Error, type S3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { decodeToken, encodeToken } from '../token.ts'
import { document, element, elementOf, xmlAnswer } from '../xml-writer.ts'
import { contentsXml } from './listed-object.ts'
import { type Encoding, encodingIn, pageLimitIn, writtenName } from './listing-text.ts'

interface Asked {
  readonly prefix: string
  readonly delimiter: string | undefined
  readonly encoding: Encoding
  readonly limit: number
  /** Names after this one. */
  readonly after: string | undefined
  readonly owners: 'shown' | 'left_out'
}

type Entry = ListedObject | ListedSubdir

interface Page {
  readonly entries: readonly Entry[]
  /** The last name of the page, when there are names after it. */
  readonly next: string | undefined
  readonly consistency: 'complete' | 'eventual'
}

export async function listObjectsV1(visit: S3Visit): Promise<Response | S3Error> {
  const { query } = visit.request
  const marker = query.get('marker') ?? ''
  const asked = askedIn(query, marker, 'shown')
  if (isS3Error(asked)) return asked
  const page = await pageOf(visit, asked)
  if (isS3Error(page)) return page
  const { delimiter, encoding } = asked
  const next = delimiter === undefined ? undefined : page.next
  return listed(visit, asked, page, [
    element('Marker', writtenName(marker, encoding)),
    next === undefined ? '' : element('NextMarker', writtenName(next, encoding)),
  ])
}

export async function listObjectsV2(visit: S3Visit): Promise<Response | S3Error> {
  const { query } = visit.request
  // Of other types AWS gives the first.
  if (query.get('list-type') !== '2') return await listObjectsV1(visit)
  const token = query.get('continuation-token')
  const start = query.get('start-after')
  const resumed = token === undefined ? undefined : decodeToken(token)
  if (token !== undefined && resumed === undefined) {
    return invalidArgument('continuation-token', token, 'The continuation token provided is incorrect')
  }
  const owners = query.get('fetch-owner')?.toLowerCase() === 'true' ? 'shown' : 'left_out'
  const asked = askedIn(query, resumed ?? start, owners)
  if (isS3Error(asked)) return asked
  const page = await pageOf(visit, asked)
  if (isS3Error(page)) return page
  return listed(visit, asked, page, [
    element('KeyCount', page.entries.length),
    element('ContinuationToken', token),
    page.next === undefined ? '' : element('NextContinuationToken', encodeToken(page.next)),
    start === undefined ? '' : element('StartAfter', writtenName(start, asked.encoding)),
  ])
}

function askedIn(
  query: ReadonlyMap<string, string>,
  after: string | undefined,
  owners: Asked['owners'],
): Asked | S3Error {
  const encoding = encodingIn(query)
  if (isS3Error(encoding)) return encoding
  const limit = pageLimitIn(query, 'max-keys')
  if (isS3Error(limit)) return limit
  const delimiter = query.get('delimiter')
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: delimiter === '' ? undefined : delimiter,
    encoding: encoding.encoding,
    limit: limit.limit,
    after: after === '' ? undefined : after,
    owners,
  }
}

const EMPTY_PAGE: Page = { entries: [], next: undefined, consistency: 'complete' }

/** One name more than the page holds tells whether it is the last. */
async function pageOf(visit: S3Visit, { prefix, delimiter, limit, after }: Asked): Promise<Page | S3Error> {
  if (limit === 0) return EMPTY_PAGE
  const { deps, transaction } = visit
  const { container, name } = bucketOf(visit)
  const read = await deps.store.containers.read(transaction, container, {
    listing: {
      prefix: prefix === '' ? undefined : prefix,
      delimiter,
      marker: after,
      limit: limit + 1,
      reverse: false,
    },
  })
  if (read.kind !== 'found') return storeError(read, { BucketName: name })
  const all = read.page?.entries() ?? []
  const entries = all.length > limit ? all.slice(0, limit) : all
  const last = all.length > limit ? entries.at(-1) : undefined
  return {
    entries,
    next: last && (last.kind === 'object' ? last.name : last.prefix),
    consistency: read.page?.consistency ?? 'complete',
  }
}

function listed(visit: S3Visit, asked: Asked, page: Page, paging: readonly string[]): Response {
  const { prefix, delimiter, encoding, limit, owners } = asked
  const { name, owner } = bucketOf(visit)
  const contents: string[] = []
  const prefixes: string[] = []
  for (const entry of page.entries) {
    if (entry.kind === 'object') {
      contents.push(contentsXml('Contents', entry, encoding, owners === 'shown' ? owner : undefined))
    } else {
      prefixes.push(elementOf('CommonPrefixes', element('Prefix', writtenName(entry.prefix, encoding))))
    }
  }
  const xml = document(
    'ListBucketResult',
    element('Name', name),
    element('Prefix', writtenName(prefix, encoding)),
    ...paging,
    element('MaxKeys', limit),
    delimiter === undefined ? '' : element('Delimiter', writtenName(delimiter, encoding)),
    element('EncodingType', encoding),
    element('IsTruncated', page.next !== undefined),
    ...contents,
    ...prefixes,
  )
  const headers = page.consistency === 'eventual' ? { 'x-listing-consistency': 'eventual' } : {}
  return xmlAnswer(200, xml, { ...headers, 'x-amz-bucket-region': visit.deps.options.region })
}
