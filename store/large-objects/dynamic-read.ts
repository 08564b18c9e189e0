/**
 * GET and HEAD of a dynamic large object (OpenStack Swift, `common/middleware/dlo.py`): its segments are what the listing of
 * a container shows under a prefix, in the order of their names. A listing that is proven complete also says which version
 * of each segment is meant; another is not passed on.
 */

import { hash } from 'node:crypto'
import { LISTING_LIMIT } from '#base/limits.ts'
import { decodePercent } from '#base/names.ts'
import type { HeaderMap } from '#http/message.ts'
import { type ByteRange, parseRange, type RangeSpec } from '#http/ranges.ts'
import type { ObjectReadOutcome, ReadTrail } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ListedObject, ListingPage } from '../listing.ts'
import type { ContainerName } from '../operation.ts'
import { begun, joinedAnswer, joinedHeaders, judged } from './joined-answer.ts'
import { JoinedBody } from './joined-body.ts'
import { ownEtag } from './listing.ts'
import { DYNAMIC_MARK, typeWithSize } from './manifest.ts'
import type { Piece } from './pieces.ts'
import { SegmentError } from './segment-error.ts'
import { SegmentReader } from './segment-reader.ts'
import { accountOf, type LargeRead } from './static-read.ts'

/** Where the segments are. */
interface Prefix {
  readonly container: ContainerName
  readonly prefix: string
}

interface Page {
  readonly kind: 'page'
  readonly container: ContainerName
  readonly segments: readonly ListedObject[]
  readonly consistency: ListingPage<ListedObject>['consistency']
  readonly isLast: boolean
}

/** `manifest` are the headers of the object that has the mark. */
export async function readDynamic(
  read: LargeRead,
  manifest: HeaderMap,
  trail: ReadTrail | undefined,
): Promise<ObjectReadOutcome> {
  const where = prefixIn(manifest[DYNAMIC_MARK] ?? '', accountOf(read.name, trail))
  if (where === undefined) return { kind: 'conflict', newest: undefined }
  const permission = await read.context.permits?.('read', where.container)
  if (permission?.kind === 'denied') return permission
  const page = await pageAfter(read, where, undefined)
  if (page.kind !== 'page') return page
  return page.isLast
    ? await answerWhole(read, manifest, page)
    : await answerOpenEnded(read, manifest, where, page)
}

/** `container/prefix`, percent-encoded; `undefined` when it is something else. */
function prefixIn(mark: string, account: string): Prefix | undefined {
  const [, container, prefix] = /^([^/]+)\/(.+)$/s.exec(decodePercent(mark) ?? '') ?? []
  return container === undefined || prefix === undefined
    ? undefined
    : { container: { account, container }, prefix }
}

async function pageAfter(
  { store, context }: LargeRead,
  { container, prefix }: Prefix,
  marker: string | undefined,
): Promise<Page | StoreFailure> {
  const listing = { prefix, marker, limit: LISTING_LIMIT, reverse: false }
  const listed = await store.containers.read(context, container, { listing })
  if (listed.kind !== 'found') return listed
  const entries = listed.page?.entries() ?? []
  const segments = entries
    .filter((entry) => entry.kind === 'object')
    .map((entry) => (entry.etag.includes(';') ? { ...entry, etag: ownEtag(entry.etag) } : entry))
  const consistency = listed.page?.consistency ?? 'eventual'
  return { kind: 'page', container, segments, consistency, isLast: entries.length < LISTING_LIMIT }
}

/** One page has all segments: size and ETag are known, as of a static large object. */
async function answerWhole(read: LargeRead, manifest: HeaderMap, page: Page): Promise<ObjectReadOutcome> {
  const { options, random } = read
  const sizeBytes = bytesOf(page)
  const etag = hash('md5', page.segments.map((segment) => segment.etag.replaceAll('"', '')).join(''))
  const headers = joinedHeaders(manifest, { kind: 'dynamic', etag, sizeBytes })
  const refused = judged(options.conditions, headers)
  if (refused !== undefined) return refused
  if (options.method === 'HEAD') return { kind: 'found', status: 200, headers, body: undefined }
  const reader = new SegmentReader(read.store, read.context, page.container.account)
  const pieces = (range: ByteRange): AsyncIterator<Piece, void> => piecesOfPage(page, range)
  const joined = { headers, sizeBytes, pieces }
  const answer = await joinedAnswer(reader, random, joined, oneRange(options.conditions))
  // As in Swift, which here tells nothing of the object but its size.
  return answer.kind === 'range_unsatisfiable' ? { ...answer, headers: {} } : answer
}

/** Several ranges of a dynamic large object are ignored, as in Swift. */
function oneRange(conditions: HeaderMap): readonly RangeSpec[] | undefined {
  const ranges = parseRange(conditions['range'])
  return ranges?.length === 1 ? ranges : undefined
}

/**
 * There are more segments than a page has. Looking at all of them before the first byte would cost too much, so that size and
 * ETag are not known; a range is given when it lies within the first page, and ignored otherwise, as in Swift.
 */
async function answerOpenEnded(
  read: LargeRead,
  manifest: HeaderMap,
  where: Prefix,
  first: Page,
): Promise<ObjectReadOutcome> {
  const { options } = read
  const { 'content-range': _range, 'content-length': _length, ...kept } = manifest
  const headers = { ...kept, 'content-type': typeWithSize(manifest['content-type'] ?? '').contentType }
  const refused = judged(options.conditions, headers)
  if (refused !== undefined) return refused
  if (options.method === 'HEAD') return { kind: 'found', status: 200, headers, body: undefined }
  const reader = new SegmentReader(read.store, read.context, first.container.account)
  const range = rangeWithin(oneRange(options.conditions), bytesOf(first))
  if (range === undefined) {
    return await begun({ status: 200, headers }, [new JoinedBody(reader, piecesOfPages(read, where, first))])
  }
  const partial = {
    'content-range': `bytes ${range.start}-${range.end - 1}/*`,
    'content-length': String(range.end - range.start),
  }
  const body = new JoinedBody(reader, piecesOfPage(first, range))
  return await begun({ status: 206, headers: { ...headers, ...partial } }, [body])
}

/** The range, if it has a beginning and an end among the first bytes of something longer. */
function rangeWithin(ranges: readonly RangeSpec[] | undefined, sizeBytes: number): ByteRange | undefined {
  const [spec] = ranges ?? []
  if (spec?.first === undefined || spec.last === undefined || spec.last >= sizeBytes) return undefined
  return { start: spec.first, end: spec.last + 1 }
}

function bytesOf({ segments }: Page): number {
  return segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

/** The pieces of a range of one page. */
async function* piecesOfPage(
  { container, segments, consistency }: Page,
  range: ByteRange,
): AsyncGenerator<Piece, void> {
  let position = 0
  for (const { name, sizeBytes, etag } of segments) {
    if (position >= range.end) return
    const start = Math.max(range.start - position, 0)
    const end = Math.min(range.end - position, sizeBytes)
    position += sizeBytes
    if (start >= end) continue
    yield {
      kind: 'object',
      name: { ...container, object: name },
      etag: consistency === 'complete' ? etag : undefined,
      sizeBytes,
      range: { start, end },
    }
  }
}

/** All pieces, page by page. */
async function* piecesOfPages(read: LargeRead, where: Prefix, first: Page): AsyncGenerator<Piece, void> {
  for (let page = first; ; ) {
    yield* piecesOfPage(page, { start: 0, end: bytesOf(page) })
    if (page.isLast) return
    const next = await pageAfter(read, where, page.segments.at(-1)?.name)
    if (next.kind !== 'page')
      throw new SegmentError('UNAVAILABLE', `the segments were listed no further: ${next.kind}`)
    page = next
  }
}
