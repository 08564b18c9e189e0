/**
 * Listings of names held in memory, by the plainest reading of the rules: sort everything, then drop and fold. The slow
 * model that fast listings are held against.
 */
import { compareUtf8 } from '#base/names.ts'
import type { ListedSubdir, ListingQuery } from '#store/listing.ts'

export interface Named<Value> {
  readonly name: string
  readonly value: Value
}

/** The page: names with their values, and pseudo-directories. */
export function memoryListing<Value>(
  all: ReadonlyMap<string, Value>,
  query: ListingQuery,
): readonly (Named<Value> | ListedSubdir)[] {
  const ordered = [...all.keys()].toSorted(compareUtf8)
  if (query.reverse) ordered.reverse()
  const fold = folding(query)
  const page: (Named<Value> | ListedSubdir)[] = []
  let lastSubdir: string | undefined
  for (const name of ordered) {
    if (page.length >= query.limit) break
    if (!isInRange(name, query) || !name.startsWith(fold.prefix) || name === fold.leftOut) continue
    const subdir = fold.subdirOf(name)
    if (subdir === undefined) page.push({ name, value: all.get(name) as Value })
    else if (subdir !== lastSubdir && fold.showsSubdirs && subdir !== query.marker) {
      page.push({ kind: 'subdir', prefix: subdir })
    }
    lastSubdir = subdir ?? lastSubdir
  }
  return page
}

interface Folding {
  readonly prefix: string
  readonly showsSubdirs: boolean
  readonly leftOut: string | undefined
  readonly subdirOf: (name: string) => string | undefined
}

function folding(query: ListingQuery): Folding {
  if (query.path !== undefined) return pathFolding(query.path)
  const prefix = query.prefix ?? ''
  const { delimiter } = query
  return { prefix, showsSubdirs: true, leftOut: undefined, subdirOf: (name) => upTo(name, prefix, delimiter) }
}

/** `path=a`: what lies directly below `a/`, with pseudo-directories only where an object stands for one (`a/b/`). */
function pathFolding(path: string): Folding {
  const prefix = path === '' ? '' : `${path.replace(/\/+$/, '')}/`
  const subdirOf = (name: string): string | undefined => {
    const subdir = upTo(name, prefix, '/')
    return subdir === name ? undefined : subdir
  }
  return { prefix, showsSubdirs: false, leftOut: prefix, subdirOf }
}

function upTo(name: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (delimiter === undefined) return undefined
  const at = name.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : name.slice(0, at + delimiter.length)
}

function isInRange(name: string, { marker, endMarker, reverse }: ListingQuery): boolean {
  const sign = reverse ? -1 : 1
  if (marker !== undefined && compareUtf8(name, marker) * sign <= 0) return false
  return endMarker === undefined || compareUtf8(name, endMarker) * sign < 0
}
