/**
 * Listings of containers with static large objects: storage keeps the ETag of what a manifest stands for as a parameter of
 * the row's ETag, clients see it as a member of its own (OpenStack Swift, `slo.py`: `handle_container_listing`); likewise the
 * ETag that S3 clients see (`s3api.py`: `ListingEtagMiddleware`), and the storage class of what is not of the usual one.
 */
import type { ListedObject, ListingPage } from '../listing.ts'
import { objectPage } from '../listing-pages.ts'

const PARAMETERS: readonly string[] = ['slo_etag', 's3_etag', 's3_class']
const MARKS: readonly Buffer[] = PARAMETERS.map((parameter) => Buffer.from(`; ${parameter}=`))

/** The same page as clients see it; the very same when it has no large object. */
export function withJoinedEtags(page: ListingPage<ListedObject>): ListingPage<ListedObject> {
  if (!MARKS.some((mark) => page.json.includes(mark))) return page
  const rows = JSON.parse(page.json.toString()) as readonly Row[]
  return objectPage(Buffer.from(JSON.stringify(rows.map(translated))), page.consistency)
}

interface Row {
  readonly hash?: string
  readonly [member: string]: unknown
}

/** `<MD5 of the manifest>; slo_etag=<ETag>`, perhaps with parameters of others. */
function translated(row: Row): Row {
  const [etag = '', ...parameters] = (row.hash ?? '').split(';').map((part) => part.trim())
  const members: Record<string, string> = {}
  const others: string[] = []
  for (const parameter of parameters) {
    const [key = '', value = ''] = parameter.split('=')
    if (PARAMETERS.includes(key)) members[key] = `"${value}"`
    else others.push(parameter)
  }
  return parameters.length === others.length
    ? row
    : { ...row, hash: [etag, ...others].join('; '), ...members }
}
