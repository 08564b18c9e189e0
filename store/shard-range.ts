/**
 * Shard ranges: how OpenStack Swift splits the index of a large container. The container, the root, keeps the ranges, and
 * each range names a hidden container, the shard, that has the rows of the names in it. Our own containers are never
 * split; these are met only before Swift's storage servers. Names are ordered by their bytes in UTF-8. Pure.
 */
import type { HeaderMap } from '#http/message.ts'
import type { ListingQuery } from './listing.ts'
import type { ContainerName } from './operation.ts'

/** The names above `lower` up to `upper`, that included; empty bounds are none. */
export interface ShardRange {
  readonly shard: ContainerName
  readonly lower: string
  readonly upper: string
}

/** States of a container whose rows are, or may be, in shards. */
const SPLIT_STATES: readonly string[] = ['sharding', 'sharded']

/** Do the headers of a container server's answer say that the container is split? */
export function isSplit(headers: HeaderMap): boolean {
  return SPLIT_STATES.includes(headers['x-backend-sharding-state'] ?? '')
}

interface RangeMember {
  /** Account and container of the shard; neither has a slash. */
  readonly name: string
  readonly lower: string
  readonly upper: string
}

/** The ranges in the JSON of a container server, in its order; `undefined` for anything else. */
export function parseShardRanges(json: Buffer): readonly ShardRange[] | undefined {
  try {
    const members = JSON.parse(json.toString('utf8')) as readonly RangeMember[]
    return members.map(({ name, lower, upper }) => {
      const slash = name.indexOf('/')
      const shard = { account: name.slice(0, slash), container: name.slice(slash + 1) }
      return { shard, lower, upper }
    })
  } catch {
    return undefined
  }
}

/** Can there be names with the prefix in the range? */
export function mayHold({ lower, upper }: ShardRange, prefix: string | undefined): boolean {
  if (prefix === undefined || prefix === '') return true
  if (upper !== '' && isBefore(upper, prefix)) return false
  return isBefore(lower, prefix) || lower.startsWith(prefix)
}

/**
 * Where a listing of the range's shard ends, so that rows that are in the shard by mistake stay out: at the query's own
 * end, if that lies in the range, else at the end of the range.
 */
export function endMarkerWithin({ lower, upper }: ShardRange, query: ListingQuery): string | undefined {
  const { endMarker } = query
  const holdsEnd =
    endMarker !== undefined &&
    endMarker !== '' &&
    isBefore(lower, endMarker) &&
    (upper === '' || !isBefore(upper, endMarker))
  if (holdsEnd) return endMarker
  if (query.reverse) return lower
  // The name right after `upper`, because an end marker is left out.
  return upper === '' ? undefined : `${upper}\0`
}

function isBefore(left: string, right: string): boolean {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0
}
