/**
 * Listing a container that OpenStack Swift has split into shards, and finding the shard in which an object's row belongs
 * (Swift: `_get_from_shards` of the container controller, `_get_update_shard`).
 */
import { type Listing, listAgreed } from '#cluster/listing-agreement.ts'
import { readReplica } from '#cluster/replica-read.ts'
import { discard, type HeaderMap, readWhole } from '#http/message.ts'
import { singleValued } from './backend-headers.ts'
import { containerRead } from './container-read.ts'
import type { ListingQuery } from './listing.ts'
import { listingQuery } from './listing-query.ts'
import type { ContainerName, ObjectName, OperationContext } from './operation.ts'
import { endMarkerWithin, isSplit, mayHold, parseShardRanges, type ShardRange } from './shard-range.ts'
import type { StoreParts } from './store-parts.ts'

/** A container of a thousand million rows has some two thousand shards, of about 500 bytes here. */
const RANGES_BYTES_MAX = 16 * 1024 * 1024

interface Member {
  readonly name?: string
  readonly subdir?: string
  readonly bytes?: number
}

/** The row of this object belongs here; `undefined`: to the container itself, or nobody can tell and Swift will move it. */
export async function shardOf(
  parts: StoreParts,
  context: OperationContext,
  { account, container, object }: ObjectName,
): Promise<ContainerName | undefined> {
  const query = `format=json&states=updating&includes=${encodeURIComponent(object)}`
  const [range] = (await shardRanges(parts, context, { account, container }, query)) ?? []
  return range?.shard
}

/** The page that the shards of a split container list together; `undefined` when one of them cannot be listed. */
export async function listShards(
  parts: StoreParts,
  context: OperationContext,
  root: { readonly name: ContainerName; readonly listing: Listing },
  query: ListingQuery,
): Promise<Listing | undefined> {
  const headers = singleValued(root.listing.headers)
  const page = new ShardedPage(parts, context, headers['x-backend-storage-policy-index'] ?? '0', query.limit)
  if (!(await page.addShardsOf(root.name, query))) return undefined
  const json = Buffer.from(JSON.stringify(page.members))
  return { ...root.listing, headers: page.countedIn(headers, query), json, consistency: page.consistency }
}

async function shardRanges(
  parts: StoreParts,
  context: OperationContext,
  name: ContainerName,
  query: string,
): Promise<readonly ShardRange[] | undefined> {
  const headers = { 'x-backend-record-type': 'shard' }
  const outcome = await readReplica(
    parts.client,
    containerRead(parts, context, name, { method: 'GET', query, headers }),
  )
  if (outcome.kind !== 'found') {
    if (outcome.kind === 'refused') await discard(outcome.response)
    return undefined
  }
  try {
    return parseShardRanges(await readWhole(outcome.response.body, RANGES_BYTES_MAX))
  } catch {
    return undefined
  }
}

class ShardedPage {
  readonly members: Member[] = []
  consistency: Listing['consistency'] = 'complete'
  readonly #parts: StoreParts
  readonly #context: OperationContext
  readonly #policyIndex: string
  readonly #limit: number
  /** Containers whose shards were gone through: a range may lead back to one of them, whose own rows are then meant. */
  readonly #visited = new Set<string>()

  constructor(parts: StoreParts, context: OperationContext, policyIndex: string, limit: number) {
    this.#parts = parts
    this.#context = context
    this.#policyIndex = policyIndex
    this.#limit = limit
  }

  /** False when something could not be listed. */
  async addShardsOf(name: ContainerName, query: ListingQuery): Promise<boolean> {
    this.#visited.add(keyOf(name))
    const ranges = await shardRanges(this.#parts, this.#context, name, rangesQuery(query))
    if (ranges === undefined) return false
    for (const range of ranges) {
      if (this.members.length >= this.#limit) break
      if (mayHold(range, query.prefix) && !(await this.#addRange(range, query))) return false
    }
    return true
  }

  /** The root's own figures lag behind; a page that shows everything knows better (as in Swift). */
  countedIn(headers: HeaderMap, query: ListingQuery): HeaderMap {
    const { marker, endMarker, path, prefix, delimiter } = query
    const isPartial = [marker, endMarker, path, prefix, delimiter].some((value) => (value ?? '') !== '')
    if (isPartial || this.members.length >= this.#limit) return headers
    const bytesUsed = this.members.reduce((sum, { bytes = 0 }) => sum + bytes, 0)
    return {
      ...headers,
      'x-container-object-count': String(this.members.length),
      'x-container-bytes-used': String(bytesUsed),
    }
  }

  async #addRange(range: ShardRange, query: ListingQuery): Promise<boolean> {
    const last = this.members.at(-1)
    const narrowed: ListingQuery = {
      ...query,
      limit: this.#limit - this.members.length,
      marker: last?.name ?? last?.subdir ?? query.marker,
      endMarker: endMarkerWithin(range, query),
    }
    const listing = await this.#list(range.shard, narrowed)
    if (listing.kind !== 'listed') {
      if (listing.kind === 'refused') await discard(listing.response)
      return false
    }
    if (isSplit(singleValued(listing.headers)) && !this.#visited.has(keyOf(range.shard))) {
      return await this.addShardsOf(range.shard, narrowed)
    }
    if (listing.consistency === 'eventual') this.consistency = 'eventual'
    this.members.push(...(JSON.parse(listing.json.toString('utf8')) as readonly Member[]))
    return true
  }

  async #list(name: ContainerName, listing: ListingQuery): ReturnType<typeof listAgreed> {
    const { client, timestamps } = this.#parts
    const headers = { 'x-backend-storage-policy-index': this.#policyIndex }
    const question = { method: 'GET', query: listingQuery(listing), headers } as const
    const read = containerRead(this.#parts, this.#context, name, question)
    return await listAgreed(client, { read, listing, timestamp: await timestamps.next() })
  }
}

function keyOf({ account, container }: ContainerName): string {
  return `${account}/${container}`
}

/** The ranges that can have names of the page, in its order. */
function rangesQuery({ marker = '', endMarker = '', reverse }: ListingQuery): string {
  const bounds = `marker=${encodeURIComponent(marker)}&end_marker=${encodeURIComponent(endMarker)}`
  return `format=json&states=listing&${bounds}${reverse ? '&reverse=true' : ''}`
}
