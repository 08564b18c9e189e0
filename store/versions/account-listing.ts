/**
 * Listings of accounts: a container's bytes are those of its versions, too, and a hidden container whose own one is gone is
 * shown under its name, so that somebody cleans up (OpenStack Swift, `object_versioning.py`: `AccountContext`).
 */
import type { AccountOperations, AccountRead } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ListingQuery } from '../listing.ts'
import { type ContainerMember, containerPage, inListingOrder, rowsOf } from '../listing-pages.ts'
import type { SubdirMember } from '../listing-query.ts'
import type { AccountName, OperationContext } from '../operation.ts'
import { RESERVED, VERSIONS_CONTAINERS, versionedContainerOf, versionsContainerOf } from './version-names.ts'

type Row = ContainerMember | SubdirMember

/** Reads the account; with a listing, together with the hidden containers behind it. */
export async function readAccount(
  accounts: AccountOperations,
  context: OperationContext,
  name: AccountName,
  listing: ListingQuery,
): Promise<AccountRead | StoreFailure> {
  const [read, hidden] = await Promise.all([
    accounts.read(context, name, { listing }),
    accounts.read(context, name, { listing: hiddenQuery(listing) }),
  ])
  if (read.kind !== 'found' || read.page === undefined) return read
  if (hidden.kind !== 'found' || hidden.page === undefined) return hidden
  const kept = rowsOf<ContainerMember>(hidden.page.json).filter(
    (row): row is ContainerMember => 'name' in row,
  )
  if (kept.length === 0) return read
  const rows = merged(rowsOf<ContainerMember>(read.page.json), kept, listing)
  return { ...read, page: containerPage(Buffer.from(JSON.stringify(rows)), read.page.consistency) }
}

/** The same query among the hidden containers; what asks for those already stays as it is. */
function hiddenQuery(query: ListingQuery): ListingQuery {
  const { prefix, marker, endMarker } = query
  return {
    ...query,
    reservedNames: 'shown',
    prefix: prefix === undefined ? VERSIONS_CONTAINERS : hiddenName(prefix),
    marker: marker === undefined ? undefined : hiddenName(marker),
    endMarker: endMarker === undefined ? undefined : hiddenName(endMarker),
  }
}

function hiddenName(name: string): string {
  return name.includes(RESERVED) ? name : versionsContainerOf(name)
}

function merged(
  rows: readonly Row[],
  kept: readonly ContainerMember[],
  { limit, reverse }: ListingQuery,
): readonly Row[] {
  const hidden = new Map(kept.map((row) => [versionedContainerOf(row.name) ?? row.name, row]))
  const told = rows.map((row) => {
    const versions = 'name' in row ? hidden.get(row.name) : undefined
    if (!('name' in row) || versions === undefined) return row
    hidden.delete(row.name)
    return { ...row, bytes: row.bytes + versions.bytes }
  })
  const orphans = [...hidden].map(([name, row]) => ({ ...row, name, count: 0 }))
  if (orphans.length === 0) return told
  return inListingOrder([...told, ...orphans], { reverse }).slice(0, limit)
}
