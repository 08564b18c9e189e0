/**
 * Listings of containers with static large objects: storage keeps the ETag of what a manifest stands for as a parameter of
 * the row's ETag, clients see it as a member of its own (OpenStack Swift, `slo.py`: `handle_container_listing`).
 */
import type { ListedObject, ListingPage } from '../contract.ts'
import { objectPage } from '../listing-pages.ts'

const PARAMETER = 'slo_etag'
const MARK = Buffer.from(`${PARAMETER}=`)

/** The same page as clients see it; the very same when it has no large object. */
export function withJoinedEtags(page: ListingPage<ListedObject>): ListingPage<ListedObject> {
  if (!page.json.includes(MARK)) return page
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
  const own = parameters.find((parameter) => parameter.startsWith(`${PARAMETER}=`))
  if (own === undefined) return row
  const others = parameters.filter((parameter) => parameter !== own)
  return { ...row, hash: [etag, ...others].join('; '), [PARAMETER]: `"${own.slice(PARAMETER.length + 1)}"` }
}
