/**
 * The page that lists a folder of a website. Its elements, ids and classes are those of OpenStack Swift
 * (`common/middleware/staticweb.py`), so that style sheets made for it fit. Names of objects are anybody's text:
 * everything that comes from one is escaped, and no link leaves the folder.
 */
import { quotedPath } from '#base/names.ts'
import { escapedHtml } from './html.ts'
import type { WebSettings } from './web-settings.ts'

/** A row of a container's listing in Swift's JSON form. */
export type ListedRow =
  | { readonly subdir: string }
  | {
      readonly name: string
      readonly bytes: number
      readonly content_type: string
      readonly last_modified: string
    }

export interface ListingPage {
  /** What is listed, as it is shown. */
  readonly label: string
  /** Beginning of all names, up to and including the folder's slash; empty for the container itself. */
  readonly prefix: string
  readonly rows: readonly ListedRow[]
  readonly settings: WebSettings
}

const DOCTYPE =
  '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">\n'

const STYLE = `  <style type="text/css">
   h1 {font-size: 1em; font-weight: bold;}
   th {text-align: left; padding: 0px 1em 0px 1em;}
   td {padding: 0px 1em 0px 1em;}
   a {text-decoration: none;}
  </style>
`

/** The page, HTML in UTF-8. */
export function listingPage({ label, prefix, rows, settings }: ListingPage): string {
  const title = escapedHtml(label)
  const parent = prefix === '' ? '' : row({ id: 'parent', kind: 'item', href: '../', name: '../' })
  const folders = rows.map((one) => ('subdir' in one ? folderRow(one.subdir.slice(prefix.length)) : ''))
  const objects = rows.map((one) => ('name' in one ? objectRow(one.name.slice(prefix.length), one) : ''))
  return `${DOCTYPE}<html>
 <head>
  <title>Listing of ${title}</title>
${styleOf(settings, prefix)} </head>
 <body>
  <h1 id="title">Listing of ${title}</h1>
  <table id="listing">
   <tr id="heading">
    <th class="colname">Name</th>
    <th class="colsize">Size</th>
    <th class="coldate">Date</th>
   </tr>
${parent}${folders.join('')}${objects.join('')}  </table>
 </body>
</html>
`
}

/** The page for a folder that has no index page and is not listed: tells the owner what can be done about it. */
export function notListedPage(label: string, prefix: string, settings: WebSettings): string {
  const title = escapedHtml(label)
  const missing =
    settings.index === ''
      ? ''
      : `  <p>X-Container-Meta-Web-Index names <b>${escapedHtml(settings.index)}</b>, and there is no such page.</p>\n`
  return `<!DOCTYPE html>
<html>
 <head>
  <title>Listing of ${title}</title>
${settings.listingsCss === '' ? '' : styleOf(settings, prefix)} </head>
 <body>
  <h1>Web Listing Disabled</h1>
  <p>What is in this folder is not shown. Whoever owns the site can change that with X-Container-Meta-Web-Listings.</p>
${missing} </body>
</html>
`
}

function styleOf({ listingsCss }: WebSettings, prefix: string): string {
  if (listingsCss === '') return STYLE
  return `  <link rel="stylesheet" type="text/css" href="${cssPath(listingsCss, prefix)}" />\n`
}

/** Relative to the container; addresses and absolute paths stay what they are. */
function cssPath(css: string, prefix: string): string {
  if (/^(\/|https?:\/\/)/.test(css)) return quotedPath(css).replaceAll('%3A', ':')
  return '../'.repeat(prefix.split('/').length - 1) + quotedPath(css)
}

function folderRow(name: string): string {
  return row({ kind: 'item subdir', href: hrefOf(name), name })
}

function objectRow(name: string, listed: Extract<ListedRow, { readonly name: string }>): string {
  const types = listed.content_type.split('/').map((part) => `type-${escapedHtml(part.toLowerCase())}`)
  const [modified = ''] = listed.last_modified.split('.')
  return row({
    kind: `item ${types.join(' ')}`,
    href: hrefOf(name),
    name,
    size: humanSize(listed.bytes),
    date: escapedHtml(modified).replace('T', ' '),
  })
}

/** A name that begins with a slash would lead out of the folder, and one with two to another server. */
function hrefOf(name: string): string {
  return `${name.startsWith('/') ? './' : ''}${quotedPath(name)}`
}

interface Row {
  readonly id?: string
  readonly kind: string
  readonly href: string
  readonly name: string
  readonly size?: string
  readonly date?: string
}

function row({ id, kind, href, name, size = '&nbsp;', date = '&nbsp;' }: Row): string {
  const mark = id === undefined ? '' : `id="${id}" `
  return `   <tr ${mark}class="${kind}">
    <td class="colname"><a href="${href}">${escapedHtml(name)}</a></td>
    <td class="colsize">${size}</td>
    <td class="coldate">${date}</td>
   </tr>
`
}

const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const
const STEP = 1024

/** `1Mi`: whole units of 1024, rounded at each step as OpenStack Swift does. */
export function humanSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= STEP && unit < UNITS.length - 1) {
    value = roundedHalfToEven(value / STEP)
    unit += 1
  }
  return `${value}${UNITS[unit]}`
}

function roundedHalfToEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
