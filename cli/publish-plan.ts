/** What has to be done so that a container holds what a folder holds. Pure. */
import type { FileFacts, SiteFile } from './site-files.ts'
import type { ListedObject } from './swift-account.ts'

export interface Upload {
  readonly file: SiteFile
  readonly facts: FileFacts
}

export interface Plan {
  /** Pages come after everything that they may show, so that no page is up before its style sheet. */
  readonly uploads: readonly Upload[]
  readonly unchanged: number
  /** Names of objects that are no files any more, pages first: nobody is led to what is gone. */
  readonly surplus: readonly string[]
}

/** `listed` is what the container holds. */
export function planOf(local: readonly Upload[], listed: readonly ListedObject[]): Plan {
  const there = new Map(listed.map((object) => [object.name, object]))
  const uploads = local.filter(({ file, facts }) => !isSame(there.get(file.name), facts))
  const names = new Set(local.map(({ file }) => file.name))
  const surplus = listed.map(({ name }) => name).filter((name) => !names.has(name))
  return {
    uploads: uploads.toSorted(
      (one, other) => Number(isPage(one.file.name)) - Number(isPage(other.file.name)),
    ),
    unchanged: local.length - uploads.length,
    surplus: surplus.toSorted((one, other) => Number(isPage(other)) - Number(isPage(one))),
  }
}

function isSame(object: ListedObject | undefined, { etag, contentType }: FileFacts): boolean {
  if (object?.hash !== etag) return false
  return tidyType(object.content_type) === tidyType(contentType)
}

/** Listings write types without the space before a parameter. */
function tidyType(contentType: string): string {
  return contentType.replaceAll(/\s*;\s*/g, ';').toLowerCase()
}

export function isPage(name: string): boolean {
  return /\.x?html?$/i.test(name)
}

/**
 * The value of `X-Container-Meta-Web-Error` for the pages that are there: `404.html` and `404error.html` are the usual
 * names. `undefined` when there is neither.
 */
export function errorSuffixOf(names: readonly string[]): string | undefined {
  return ['.html', 'error.html', '.htm'].find((suffix) => names.includes(`404${suffix}`))
}

/** The read list with everybody on it, and with the listing when that is wanted; what was granted before stays. */
export function openedReadAcl(before: string, listings: 'shown' | 'hidden'): string {
  const items = before.split(',').filter((item) => item !== '')
  const wanted = listings === 'shown' ? ['.r:*', '.rlistings'] : ['.r:*']
  return [...new Set([...items, ...wanted])].join(',')
}
