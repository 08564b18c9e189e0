/** The query by which storage servers list, and a page of what they listed. */
import type { ListedSubdir, ListingPage, ListingQuery } from './listing.ts'

/** `format=json&limit=…`: what the account and container servers understand. Names are percent-encoded. */
export function listingQuery(query: ListingQuery): string {
  const parameters = [
    'format=json',
    `limit=${query.limit}`,
    parameter('prefix', query.prefix),
    parameter('delimiter', query.delimiter),
    parameter('marker', query.marker),
    parameter('end_marker', query.endMarker),
    parameter('path', query.path),
    query.reverse ? 'reverse=true' : '',
  ]
  return parameters.filter((one) => one !== '').join('&')
}

/** An empty `path` lists the top of the container; the others, empty, ask for nothing. */
function parameter(name: string, value: string | undefined): string {
  if (value === undefined || (value === '' && name !== 'path')) return ''
  return `${name}=${encodeURIComponent(value)}`
}

/** A name that a delimiter has cut, in a JSON listing. */
export interface SubdirMember {
  readonly subdir: string
}

/** A page whose entries are parsed when somebody asks; `entry` reads one that is no subdir. */
export function listingPage<Member, Entry>(
  json: Buffer,
  consistency: ListingPage<Entry>['consistency'],
  entry: (member: Member) => Entry,
): ListingPage<Entry> {
  let entries: readonly (Entry | ListedSubdir)[] | undefined
  const parse = (): readonly (Entry | ListedSubdir)[] => {
    if (json.length === 0) return []
    const members = JSON.parse(json.toString('utf8')) as readonly (Member | SubdirMember)[]
    return members.map((member) =>
      isSubdir(member) ? { kind: 'subdir', prefix: member.subdir } : entry(member),
    )
  }
  return { json, consistency, entries: () => (entries ??= parse()) }
}

function isSubdir(member: unknown): member is SubdirMember {
  return typeof (member as SubdirMember).subdir === 'string'
}
