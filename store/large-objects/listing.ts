/**
 * What storage keeps in parameters of a row's ETag, `<MD5>; name=value`, becomes members of the row: the ETag of what a manifest stands
 * for (OpenStack Swift, `slo.py`: `handle_container_listing`); the ETag that S3 clients see (`s3api.py`: `ListingEtagMiddleware`), and
 * the storage class of what is not of the usual one. Which checksum an object has (`s3_sum`) is told to those who ask for entries, and
 * left out of the JSON: nearly everything that S3's clients put has one, so a page with nothing but that is not taken apart.
 */
import type { ListedObject, ListingPage } from '../listing.ts'
import { type ObjectMember, objectPage } from '../listing-pages.ts'
import { listingPage } from '../listing-query.ts'

const CHECKSUM = 's3_sum'
const PARAMETERS: readonly string[] = ['slo_etag', 's3_etag', 's3_class']
const MARKS: readonly Buffer[] = PARAMETERS.map((parameter) => Buffer.from(`; ${parameter}=`))
const CHECKSUM_MARK = Buffer.from(`; ${CHECKSUM}=`)

const OF_S3_ALONE = /; s3_(?:sum|class)=[^;]*/g

/** The ETag of a row without what it tells S3's listings of an object. */
export function ownEtag(written: string): string {
  return written.replace(OF_S3_ALONE, '')
}

/** The same page as clients see it; the very same when no row has parameters. */
export function withJoinedEtags(page: ListingPage<ListedObject>): ListingPage<ListedObject> {
  if (MARKS.some((mark) => page.json.includes(mark))) return translatedPage(page)
  return page.json.includes(CHECKSUM_MARK) ? withChecksums(page) : page
}

interface Row {
  readonly hash?: string
  readonly [member: string]: unknown
}

function translatedPage({ json, consistency }: ListingPage<ListedObject>): ListingPage<ListedObject> {
  const rows = (JSON.parse(json.toString()) as readonly Row[]).map(translated)
  const told = objectPage(Buffer.from(JSON.stringify(rows)), consistency)
  if (!rows.some((row) => row[CHECKSUM] !== undefined)) return told
  return lazyPage({
    consistency,
    json: () => Buffer.from(JSON.stringify(rows.map(({ [CHECKSUM]: _checksum, ...row }) => row))),
    entries: () => told.entries(),
  })
}

/** `<MD5 of the manifest>; slo_etag=<ETag>`, perhaps with parameters of others. */
function translated(row: Row): Row {
  const [etag = '', ...parameters] = (row.hash ?? '').split(';').map((part) => part.trim())
  const members: Record<string, string> = {}
  const others: string[] = []
  for (const parameter of parameters) {
    const [key = '', value = ''] = parameter.split('=')
    if (PARAMETERS.includes(key)) members[key] = `"${value}"`
    else if (key === CHECKSUM) members[key] = value
    else others.push(parameter)
  }
  return parameters.length === others.length
    ? row
    : { ...row, hash: [etag, ...others].join('; '), ...members }
}

/** A quotation mark in a name is escaped, so this begins no member but that of the ETag. */
const IN_HASH = /("hash":"[^"\\;]*)((?:;[^"\\;]*)*?); s3_sum=[A-Z0-9-]+/g

function withChecksums({ json, consistency }: ListingPage<ListedObject>): ListingPage<ListedObject> {
  const parsed = listingPage(json, consistency, entryWithChecksum)
  return lazyPage({
    consistency,
    json: () => Buffer.from(json.toString().replace(IN_HASH, '$1$2')),
    entries: () => parsed.entries(),
  })
}

function entryWithChecksum(member: ObjectMember): ListedObject {
  const { name, bytes, hash, content_type: contentType, last_modified: lastModified, ...extra } = member
  const at = hash.indexOf(`; ${CHECKSUM}=`)
  const entry = { kind: 'object', name, sizeBytes: bytes, contentType, lastModified } as const
  if (at < 0) return { ...entry, etag: hash, extra }
  const from = at + CHECKSUM_MARK.length
  const next = hash.indexOf(';', from)
  const end = next < 0 ? hash.length : next
  const etag = hash.slice(0, at) + hash.slice(end)
  return { ...entry, etag, extra: { ...extra, [CHECKSUM]: hash.slice(from, end) } }
}

interface Lazy {
  readonly consistency: ListingPage<ListedObject>['consistency']
  readonly json: () => Buffer
  readonly entries: ListingPage<ListedObject>['entries']
}

function lazyPage({ consistency, json, entries }: Lazy): ListingPage<ListedObject> {
  let made: Buffer | undefined
  return {
    consistency,
    entries,
    get json(): Buffer {
      made ??= json()
      return made
    },
  }
}
