/**
 * Listings of containers with static large objects: storage keeps the ETag of what a manifest stands for as a parameter of
 * the row's ETag, clients see it as a member of its own (OpenStack Swift, `slo.py`: `handle_container_listing`).
 */
import type { ContainerRead, ListedObject, ListedSubdir, ListingPage } from '../contract.ts'

const PARAMETER = 'slo_etag'
const MARK = Buffer.from(`${PARAMETER}=`)

/** The same answer, its page as clients see it. */
export function withJoinedEtags(read: ContainerRead): ContainerRead {
  const { page } = read
  if (page === undefined || !page.json.includes(MARK)) return read
  return { ...read, page: translated(page) }
}

function translated(page: ListingPage<ListedObject>): ListingPage<ListedObject> {
  const rows = JSON.parse(page.json.toString()) as readonly Readonly<Record<string, unknown>>[]
  const json = Buffer.from(JSON.stringify(rows.map(translatedRow)))
  let entries: readonly (ListedObject | ListedSubdir)[] | undefined
  return { json, consistency: page.consistency, entries: () => (entries ??= page.entries().map(translatedEntry)) }
}

function translatedRow(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { etag, joined } = parsed(typeof row['hash'] === 'string' ? row['hash'] : '')
  return joined === undefined ? row : { ...row, hash: etag, [PARAMETER]: joined }
}

function translatedEntry(entry: ListedObject | ListedSubdir): ListedObject | ListedSubdir {
  if (entry.kind !== 'object') return entry
  const { etag, joined } = parsed(entry.etag)
  return joined === undefined ? entry : { ...entry, etag, extra: { ...entry.extra, [PARAMETER]: joined } }
}

/** `<MD5 of the manifest>; slo_etag=<ETag>`, perhaps with parameters of others. */
function parsed(hash: string): { readonly etag: string; readonly joined: string | undefined } {
  const [etag = '', ...parameters] = hash.split(';').map((part) => part.trim())
  const own = parameters.find((parameter) => parameter.startsWith(`${PARAMETER}=`))
  if (own === undefined) return { etag: hash, joined: undefined }
  const others = parameters.filter((parameter) => parameter !== own)
  return { etag: [etag, ...others].join('; '), joined: `"${own.slice(PARAMETER.length + 1)}"` }
}
