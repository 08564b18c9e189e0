/**
 * Which names a listing shows, and how names that share a prefix up to a delimiter are folded into one `subdir`. Follows
 * OpenStack Swift (`container/backend.py`, `list_objects_iter`), with one deliberate difference: listing by `path` never
 * leaves out an object whose name is the successor of a skipped directory.
 *
 * The cost is proportional to the page: what a subdir hides is passed over by a seek.
 */

export type Direction = 'forward' | 'reverse'

/** Names between two markers, both left out, that begin with a prefix. Empty strings set no bound. */
export interface NameRange {
  readonly marker?: string | undefined
  readonly endMarker?: string | undefined
  readonly prefix?: string | undefined
}

export interface ListingQuery extends NameRange {
  /** Entries at most. */
  readonly limit: number
  /** Fold names that have this, after the prefix, into subdirs. */
  readonly delimiter?: string | undefined
  /** List as a directory: what lies directly in it, no subdirs. Overrules prefix and delimiter. */
  readonly path?: string | undefined
  /** In reverse, names lie after `endMarker` and before `marker`. */
  readonly direction: Direction
  /** Names that begin with NUL are the cluster's own. */
  readonly reservedNames: 'hidden' | 'shown'
}

export type ListingEntry<Row> =
  | { readonly kind: 'row'; readonly row: Row }
  | { readonly kind: 'subdir'; readonly name: string }

/** Bounds in bytes of UTF-8, which is the order of names. */
export interface NameBounds {
  readonly lower: Buffer
  readonly lowerIncluded: 'included' | 'left_out'
  /** Left out itself; `undefined` for no bound. */
  readonly upper: Buffer | undefined
}

export interface CursorItem<Value> {
  readonly name: string
  readonly value: Value
}

/** A name with its row as it is stored, or a subdir. */
export type StoredEntry = CursorItem<string> | { readonly subdir: string }

/** Names in order within bounds. */
export interface NameCursor<Value> {
  /** Up to `count` more; none at the end. */
  next(count: number): Promise<readonly CursorItem<Value>[]>
  /** Goes to the first name at or after these bytes in the cursor's direction. */
  seek(name: Buffer): void
}

/** First pages while folding are small, because most of what is read may be hidden. */
const FOLDING_PAGE_MIN = 16
const PAGE_MAX = 1000
const FIRST_UNRESERVED = Buffer.from([1])

/** Bounds of a listing. */
export function listingBounds(query: ListingQuery): NameBounds {
  const [marker, endMarker] =
    query.direction === 'forward' ? [query.marker, query.endMarker] : [query.endMarker, query.marker]
  const bounds = rangeBounds({ marker, endMarker, prefix: prefixOf(query) })
  if (query.reservedNames === 'shown' || Buffer.compare(bounds.lower, FIRST_UNRESERVED) >= 0) return bounds
  return { ...bounds, lower: FIRST_UNRESERVED, lowerIncluded: 'included' }
}

export function rangeBounds({ marker = '', endMarker = '', prefix = '' }: NameRange): NameBounds {
  const first = Buffer.from(prefix)
  const after = Buffer.from(marker)
  const before = Buffer.from(endMarker)
  const beyondPrefix = prefix === '' ? undefined : successor(first)
  const fromMarker = marker !== '' && Buffer.compare(after, first) >= 0
  const toMarker =
    endMarker !== '' && (beyondPrefix === undefined || Buffer.compare(before, beyondPrefix) < 0)
  return {
    lower: fromMarker ? after : first,
    lowerIncluded: fromMarker ? 'left_out' : 'included',
    upper: toMarker ? before : beyondPrefix,
  }
}

/** The first bytes that sort after everything that begins with these. UTF-8 has no byte 255, so none overflows. */
export function successor(bytes: Buffer): Buffer {
  const next = Buffer.from(bytes)
  const last = next.length - 1
  next.writeUInt8(next.readUInt8(last) + 1, last)
  return next
}

/** What becomes of one name. */
type Shown = { readonly kind: 'row' } | { readonly kind: 'nothing' } | Folded
interface Folded {
  readonly kind: 'folded'
  /** Everything that begins so is hidden… */
  readonly directory: string
  /** …behind a subdir, behind one that the page before has shown, or without a trace (listing by path). */
  readonly as: 'subdir' | 'shown_before' | 'nothing'
}

const ROW: Shown = { kind: 'row' }
const NOTHING: Shown = { kind: 'nothing' }

/** Lists what the cursor gives; its bounds must be those of `listingBounds(query)`. What `hides` is as if it were not there. */
export async function listNames<Value>(
  cursor: NameCursor<Value>,
  query: ListingQuery,
  hides?: (value: Value) => boolean,
): Promise<(CursorItem<Value> | { readonly subdir: string })[]> {
  const entries: (CursorItem<Value> | { readonly subdir: string })[] = []
  const show = shower(query)
  let pageSize = show === undefined ? PAGE_MAX : FOLDING_PAGE_MIN
  while (entries.length < query.limit) {
    const read = await cursor.next(Math.min(pageSize, query.limit - entries.length))
    if (read.length === 0) break
    const page = hides === undefined ? read : read.filter(({ value }) => !hides(value))
    if (show === undefined) {
      entries.push(...page)
      continue
    }
    const folded = takePage(page, show, query.limit, entries)
    if (folded === undefined) {
      pageSize = Math.min(pageSize * 2, PAGE_MAX)
    } else {
      cursor.seek(beyond(folded, query.direction))
      pageSize = FOLDING_PAGE_MIN
    }
  }
  return entries
}

/** Adds what a page shows to the entries. Gives the folding that hid the page's last name, if one did. */
function takePage<Value>(
  page: readonly CursorItem<Value>[],
  show: (name: string) => Shown,
  limit: number,
  entries: (CursorItem<Value> | { readonly subdir: string })[],
): Folded | undefined {
  let folded: Folded | undefined
  for (const item of page) {
    if (entries.length >= limit) return undefined
    if (folded !== undefined && hides(folded, item.name)) continue
    folded = undefined
    const shown = show(item.name)
    if (shown.kind === 'row') entries.push(item)
    if (shown.kind !== 'folded') continue
    folded = shown
    if (shown.as === 'subdir') entries.push({ subdir: shown.directory })
  }
  return folded
}

/** A subdir hides an object of the same name; listing by path shows it. */
function hides({ directory, as }: Folded, name: string): boolean {
  return name.startsWith(directory) && !(as === 'nothing' && name === directory)
}

/** What decides about each name; `undefined` when every name is a row. */
function shower(query: ListingQuery): ((name: string) => Shown) | undefined {
  const prefix = prefixOf(query)
  if (query.path !== undefined) return directoryShower(prefix)
  const { delimiter } = query
  if (delimiter === undefined || delimiter === '') return undefined
  const lowerMarker = query.direction === 'forward' ? query.marker : query.endMarker
  return (name) => {
    const at = name.indexOf(delimiter, prefix.length)
    if (at < 0) return ROW
    const directory = name.slice(0, at + delimiter.length)
    return { kind: 'folded', directory, as: directory === lowerMarker ? 'shown_before' : 'subdir' }
  }
}

function directoryShower(directory: string): (name: string) => Shown {
  return (name) => {
    if (name === directory && directory !== '') return NOTHING
    const slash = name.indexOf('/', directory.length)
    if (slash < 0 || slash === name.length - 1) return ROW
    return { kind: 'folded', directory: name.slice(0, slash + 1), as: 'nothing' }
  }
}

function prefixOf(query: ListingQuery): string {
  if (query.path === undefined) return query.prefix ?? ''
  let end = query.path.length
  while (query.path[end - 1] === '/') end -= 1
  return query.path === '' ? '' : `${query.path.slice(0, end)}/`
}

/** Where to seek so that nothing comes any more that the folding hides. */
function beyond({ directory, as }: Folded, direction: Direction): Buffer {
  const bytes = Buffer.from(directory)
  if (direction === 'forward') return successor(bytes)
  return as === 'nothing' ? bytes : predecessor(bytes)
}

/** Sorts after everything that sorts before these bytes, and before them. */
function predecessor(bytes: Buffer): Buffer {
  const last = bytes.length - 1
  const byte = bytes.readUInt8(last)
  if (byte === 0) return bytes.subarray(0, last)
  return Buffer.concat([bytes.subarray(0, last), Buffer.from([byte - 1]), BEYOND_ALL_NAMES])
}

/** Sorts after every name that begins with what it is appended to: no UTF-8 has the byte 255. */
const BEYOND_ALL_NAMES = Buffer.from([255])
