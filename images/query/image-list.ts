/** `GET /v2/images`: which images a caller gets, in which order, a page at a time. Pure, over all images. */
import type { Caller } from '../caller.ts'
import type { ImageLimits } from '../limits.ts'
import { type ImageRecord, MEMBER_STATUSES, VISIBILITIES } from '../model/image-record.ts'
import { isGone } from '../model/image-status.ts'
import { owns } from '../policy.ts'
import { badRequest, Refusal } from '../refusal.ts'
import { type ImageFilter, type ImagePredicate, imageFilter, readFlag, tagFilter } from './image-filter.ts'
import type { ImageIndex, Narrowing } from './image-index.ts'
import { type ImageOrder, imageOrder } from './image-order.ts'
import { type Parameters, valueOf, valuesOf } from './parameters.ts'

export interface ImageQuery {
  /** Images of one page. */
  readonly limit: number
  /** Id of the last image of the page before. */
  readonly marker: string | undefined
  readonly order: ImageOrder
  readonly matches: ImagePredicate
  /** Each finds every image that matches, and others. */
  readonly narrowings: readonly Narrowing[]
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
    matches: (image) => scope.matches(image) && filters.every(({ matches }) => matches(image)),
    narrowings: [scope, ...filters].flatMap(({ narrowing }) => narrowing ?? []),
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

function readFilters(parameters: Parameters): readonly ImageFilter[] | Refusal {
  if (valueOf(parameters, 'changes-since') !== undefined) {
    return badRequest('The "changes-since" filter is no longer available on v2.')
  }
  const hidden = valueOf(parameters, 'os_hidden')
  const isHidden = hidden === undefined ? false : readFlag(hidden.toLowerCase())
  if (isHidden === undefined) {
    return badRequest(`Invalid value '${hidden}' for 'os_hidden' filter. Valid values are 'true' or 'false'.`)
  }
  // Hidden images and the others are never in one list.
  const filters: ImageFilter[] = [isHidden ? HIDDEN : SHOWN]
  for (const tag of valuesOf(parameters, 'tag')) filters.push(tagFilter(tag.trim()))
  for (const name of new Set(parameters.map(([one]) => one))) {
    if (NO_FILTERS.has(name)) continue
    const filter = imageFilter(name, valueOf(parameters, name) ?? '')
    if (filter instanceof Refusal) return filter
    filters.push(filter)
  }
  return filters
}

/** They are few, the others are nearly all. */
const HIDDEN: ImageFilter = {
  matches: ({ isHidden }) => isHidden,
  narrowing: {
    attribute: 'os_hidden',
    valuesOf: ({ isHidden }) => (isHidden ? ['true'] : []),
    among: ['true'],
  },
}
const SHOWN: ImageFilter = { matches: ({ isHidden }) => !isHidden }

/** Which images the caller may be shown at all, by visibility. */
function readScope(parameters: Parameters, caller: Caller): ImageFilter | Refusal {
  const visibility = valueOf(parameters, 'visibility') || undefined
  const memberStatus = valueOf(parameters, 'member_status') ?? 'accepted'
  if (visibility !== undefined && visibility !== 'all' && !VISIBILITIES.some((one) => one === visibility)) {
    return badRequest(`Invalid visibility value: ${visibility}`)
  }
  if (memberStatus !== 'all' && !MEMBER_STATUSES.some((one) => one === memberStatus)) {
    return badRequest(`Invalid status: ${memberStatus}`)
  }
  return {
    matches: (image) =>
      !isGone(image) && isOffered(image, caller, memberStatus) && isAskedFor(image, caller, visibility),
    narrowing: visibility === undefined || visibility === 'all' ? undefined : ofVisibility(visibility),
  }
}

function ofVisibility(asked: string): Narrowing {
  return { attribute: 'visibility', valuesOf: ({ visibility }) => [visibility], among: [asked] }
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
  index: ImageIndex,
  query: ImageQuery,
  marker: ImageRecord | undefined,
): ImagePage | Refusal {
  if (query.marker !== undefined && marker === undefined) return badRequest('Invalid marker.')
  const images = imagesOf(index, query, marker)
  const isFull = images.length > 0 && images.length === query.limit
  return { images, nextMarker: isFull ? images.at(-1)?.id : undefined }
}

/** By way of the filter that leaves the fewest images, or in order until the page is full: whichever looks at fewer. */
function imagesOf(
  index: ImageIndex,
  query: ImageQuery,
  marker: ImageRecord | undefined,
): readonly ImageRecord[] {
  const found = query.narrowings.map((narrowing) => index.having(narrowing))
  const [fewest] = found.toSorted((left, right) => left.count - right.count)
  if (fewest === undefined) return inOrder(index, query, marker)
  // If what matches is spread evenly over the order.
  const walked = Math.min(index.size, (query.limit * index.size) / Math.max(1, fewest.count))
  return SORTING_COST * fewest.count <= walked
    ? sortedOf(fewest.images(), query, marker)
    : inOrder(index, query, marker)
}

/** What gathering and sorting an image costs, in images looked at. */
const SORTING_COST = 3

function inOrder(
  index: ImageIndex,
  { matches, order, limit }: ImageQuery,
  marker: ImageRecord | undefined,
): readonly ImageRecord[] {
  const images: ImageRecord[] = []
  if (limit === 0) return images
  for (const image of index.inOrder(order, marker)) {
    if (matches(image)) images.push(image)
    if (images.length === limit) break
  }
  return images
}

function sortedOf(
  candidates: Iterable<ImageRecord>,
  { matches, order: { compare }, limit }: ImageQuery,
  marker: ImageRecord | undefined,
): readonly ImageRecord[] {
  const found = [...candidates].filter(
    (image) => matches(image) && (marker === undefined || compare(image, marker) > 0),
  )
  return found.toSorted(compare).slice(0, limit)
}
