/** How the owner of a container wants it shown as a website: metadata of the container (`X-Container-Meta-Web-…`). */
import type { ContainerInfo } from '#store/contract.ts'
import { isTrue } from '../swift/visit.ts'

export interface WebSettings {
  /** Name of the page that stands for a folder; empty for none. */
  readonly index: string
  /** What follows the status in the names of error pages: `error.html` for `404error.html`; empty for none. */
  readonly error: string
  /** Folders without an index page are listed. */
  readonly listings: 'shown' | 'off' | 'unset'
  /** What listings call the container; empty for its path. */
  readonly listingsLabel: string
  /** Style sheet of listings: a URL, or a path in the container; empty for a few rules of our own. */
  readonly listingsCss: string
  /** Content type of objects that only mark a folder. */
  readonly directoryType: string
}

/** The type that marks a folder unless the owner names another. */
const DIRECTORY_TYPE = 'application/directory'

export function webSettingsOf(info: ContainerInfo | undefined): WebSettings {
  const value = (name: string): string => textOf(info?.metadata[`x-container-meta-web-${name}`]).trim()
  const listings = value('listings')
  return {
    index: value('index'),
    error: value('error'),
    listings: listings === '' ? 'unset' : isTrue(listings) ? 'shown' : 'off',
    listingsLabel: value('listings-label'),
    listingsCss: value('listings-css'),
    directoryType: value('directory-type') || DIRECTORY_TYPE,
  }
}

/** Whether the container is a website at all. */
export function isWebsite({ index, listings }: WebSettings): boolean {
  return index !== '' || listings !== 'unset'
}

/** A header's bytes as UTF-8. */
function textOf(value: string | undefined): string {
  return value === undefined ? '' : Buffer.from(value, 'latin1').toString('utf8')
}
