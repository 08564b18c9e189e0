/** The answer to GET and HEAD of an account or a container, in the form that was asked for. */
import type { Response } from '#http/message.ts'
import type { ListedContainer, ListedObject, ListedSubdir, ListingPage } from '#store/listing.ts'
import type { ListingFormat } from './listing-format.ts'

type Listed = ListedContainer | ListedObject
type Format = Extract<ListingFormat, { readonly kind: 'format' }>
type Headers = Record<string, string>

const EMPTY = Buffer.alloc(0)
/** How JSON writes the NUL that begins every reserved name. */
const RESERVED_IN_JSON = Buffer.from('\\u0000')

/** `headers` become part of the answer. Without a page: HEAD. */
export function listingAnswer<Entry extends Listed>(
  page: ListingPage<Entry> | undefined,
  format: Format,
  headers: Headers,
  xml: (entries: readonly (Entry | ListedSubdir)[]) => string,
): Response {
  headers['content-type'] = `${format.type}; charset=utf-8`
  if (format.varies) headers['vary'] = 'Accept'
  if (page === undefined) return { status: 204, headers, body: undefined }
  if (page.consistency === 'eventual') headers['x-listing-consistency'] = 'eventual'
  const body = bodyOf(page, format, xml)
  headers['content-length'] = String(body.length)
  return { status: body.length === 0 ? 204 : 200, headers, body }
}

function bodyOf<Entry extends Listed>(
  page: ListingPage<Entry>,
  format: Format,
  xml: (entries: readonly (Entry | ListedSubdir)[]) => string,
): Buffer {
  const hasReserved = page.json.includes(RESERVED_IN_JSON)
  if (format.type === 'application/json') return hasReserved ? jsonWithoutReserved(page.json) : page.json
  const entries = hasReserved ? page.entries().filter((entry) => !isReserved(entry)) : page.entries()
  if (format.type !== 'text/plain') return Buffer.from(xml(entries))
  return entries.length === 0 ? EMPTY : Buffer.from(`${entries.map(nameOf).join('\n')}\n`)
}

/** Names with a NUL belong to the inside (older versions, segments) and are listed there only. */
function isReserved(entry: Listed | ListedSubdir): boolean {
  return nameOf(entry).includes('\0')
}

function nameOf(entry: Listed | ListedSubdir): string {
  return entry.kind === 'subdir' ? entry.prefix : entry.name
}

function jsonWithoutReserved(json: Buffer): Buffer {
  const rows = JSON.parse(json.toString()) as readonly { readonly name?: string; readonly subdir?: string }[]
  return Buffer.from(JSON.stringify(rows.filter((row) => !(row.name ?? row.subdir ?? '').includes('\0'))))
}
