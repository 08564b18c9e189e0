/** `GET /v2/images`: which images a caller gets, in which order, a page at a time. Pure, over all records. */
import type { Caller } from '../caller.ts'
import type { ImageLimits } from '../limits.ts'
import { type ImageRecord, MEMBER_STATUSES, VISIBILITIES } from '../model/image-record.ts'
import { isGone } from '../model/image-status.ts'
import { owns } from '../policy.ts'
import { badRequest, Refusal } from '../refusal.ts'
import { type ImagePredicate, imageFilter, readFlag } from './image-filter.ts'
import { type ImageOrder, imageOrder } from './image-order.ts'
import { type Parameters, valueOf, valuesOf } from './parameters.ts'

export interface ImageQuery {
  /** Images of one page. */
  readonly limit: number
  /** Id of the last image of the page before. */
  readonly marker: string | undefined
  readonly order: ImageOrder
  readonly matches: ImagePredicate
}

export interface ImagePage {
  readonly images: readonly ImageRecord[]
  /** Set when the page is full, so that the last one may be empty. */
  readonly nextMarker: string | undefined
}

/** Parameters that are not filters. */
const NO_FILTERS: ReadonlySet<string> = new Set(
  // Deleted images are never listed, whatever is asked.
  'limit marker sort sort_key sort_dir member_status visibility tag os_hidden deleted'.split(' '),
)

export function readImageQuery(
  parameters: Parameters,
  caller: Caller,
  limits: ImageLimits,
): ImageQuery | Refusal {
  const limit = readLimit(valueOf(parameters, 'limit'), limits)
  if (limit instanceof Refusal) return limit
  const order = imageOrder(parameters)
  if (order instanceof Refusal) return order
  const scope = readScope(parameters, caller)
  if (scope instanceof Refusal) return scope
  const filters = readFilters(parameters)
  if (filters instanceof Refusal) return filters
  return {
    limit,
    order,
    marker: valueOf(parameters, 'marker'),
    matches: (image) => scope(image) && filters.every((filter) => filter(image)),
  }
}

/** Pages of anything begin so: a whole number, capped silently. */
export function readLimit(
  written: string | undefined,
  { pageDefault, pageMost }: Pick<ImageLimits, 'pageDefault' | 'pageMost'>,
): number | Refusal {
  if (written === undefined) return Math.min(pageDefault, pageMost)
  if (!/^\s*[+-]?\d+\s*$/.test(written)) return badRequest('limit param must be an integer')
  const limit = Number(written)
  return limit < 0 ? badRequest('limit param must be positive') : Math.min(limit, pageMost)
}

function readFilters(parameters: Parameters): readonly ImagePredicate[] | Refusal {
  if (valueOf(parameters, 'changes-since') !== undefined) {
    return badRequest('The "changes-since" filter is no longer available on v2.')
  }
  const filters: ImagePredicate[] = [hiddenOr(valueOf(parameters, 'os_hidden'))].filter(
    (one) => one !== undefined,
  )
  if (filters.length === 0) {
    return badRequest(
      `Invalid value '${valueOf(parameters, 'os_hidden')}' for 'os_hidden' filter. Valid values are 'true' or 'false'.`,
    )
  }
  for (const tag of valuesOf(parameters, 'tag')) filters.push((image) => image.tags.includes(tag.trim()))
  for (const name of new Set(parameters.map(([one]) => one))) {
    if (NO_FILTERS.has(name)) continue
    const filter = imageFilter(name, valueOf(parameters, name) ?? '')
    if (filter instanceof Refusal) return filter
    filters.push(filter)
  }
  return filters
}

/** Hidden images and the others are never in one list. */
function hiddenOr(written: string | undefined): ImagePredicate | undefined {
  const wanted = written === undefined ? false : readFlag(written.toLowerCase())
  return wanted === undefined ? undefined : (image) => image.isHidden === wanted
}

/** Which images the caller may be shown at all, by visibility. */
function readScope(parameters: Parameters, caller: Caller): ImagePredicate | Refusal {
  const visibility = valueOf(parameters, 'visibility') || undefined
  const memberStatus = valueOf(parameters, 'member_status') ?? 'accepted'
  if (visibility !== undefined && visibility !== 'all' && !VISIBILITIES.some((one) => one === visibility)) {
    return badRequest(`Invalid visibility value: ${visibility}`)
  }
  if (memberStatus !== 'all' && !MEMBER_STATUSES.some((one) => one === memberStatus)) {
    return badRequest(`Invalid status: ${memberStatus}`)
  }
  return (image) =>
    !isGone(image) && isOffered(image, caller, memberStatus) && isAskedFor(image, caller, visibility)
}

function isOffered(image: ImageRecord, caller: Caller, memberStatus: string): boolean {
  if (caller.isAdmin || owns(caller, image)) return true
  if (image.visibility === 'public' || image.visibility === 'community') return true
  if (image.visibility !== 'shared') return false
  return image.members.some(
    ({ id, status }) => id === caller.projectId && (memberStatus === 'all' || status === memberStatus),
  )
}

function isAskedFor(image: ImageRecord, caller: Caller, visibility: string | undefined): boolean {
  if (visibility === 'all') return true
  if (visibility !== undefined) return image.visibility === visibility
  return image.visibility !== 'community' || owns(caller, image)
}

/** The page after the marker. 400 when the marker is no image that the caller may see. */
export function pageOf(
  all: Iterable<ImageRecord>,
  query: ImageQuery,
  marker: ImageRecord | undefined,
): ImagePage | Refusal {
  if (query.marker !== undefined && marker === undefined) return badRequest('Invalid marker.')
  const images = firstOf(all, query, marker)
  const isFull = images.length > 0 && images.length === query.limit
  return { images, nextMarker: isFull ? images.at(-1)?.id : undefined }
}

/** Sorted only as far as the page goes: what comes after the last one found so far is passed over. */
function firstOf(
  all: Iterable<ImageRecord>,
  { matches, order, limit }: ImageQuery,
  marker: ImageRecord | undefined,
): readonly ImageRecord[] {
  let found: ImageRecord[] = []
  let last: ImageRecord | undefined
  for (const image of all) {
    if (!matches(image) || (marker !== undefined && order(image, marker) <= 0)) continue
    if (last !== undefined && order(image, last) > 0) continue
    found.push(image)
    if (found.length < 2 * limit + SORTED_AT_ONCE) continue
    found = found.toSorted(order).slice(0, limit)
    last = found.at(-1)
  }
  return found.toSorted(order).slice(0, limit)
}

/** Least number of images that is worth a sort. */
const SORTED_AT_ONCE = 64
