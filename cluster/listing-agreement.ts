/**
 * A page of a listing that shows every acknowledged write (`docs/architecture.md`, "Listings by digest").
 *
 * An acknowledged write is in a strict majority of the replicas, so at least one of any other majority has it. One
 * replica lists; of so many others that both make a majority the digest of the live rows is asked. Equal digests: the
 * page is complete. Where one differs, that replica lists the same page: equal pages are just as good a proof, at a
 * cost that depends on the page alone. Where the pages differ, the two replicas exchange the rows between their common
 * entries, and both list again. Two replicas that keep differing, or too few that can be compared, make it `eventual`.
 *
 * Accounts exchange nothing: their rows are reports of containers, which come again by themselves. And since the figures
 * in them always lag, two pages of an account agree when they have the same names.
 */

import { DIGEST_HEADER, REPLICA_STATE_HEADER } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { discard, headerOf, type Response, readToPassOn } from '#http/message.ts'
import { differingStretches, type ListingMember, type ListingOrder, type Page } from './listing-difference.ts'
import type { NodeClient } from './node-client.ts'
import { majoritySize } from './quorum.ts'
import { readOrder } from './read-order.ts'
import { askNode, type ReadOutcome, type ReplicaRead, readReplica } from './replica-read.ts'
import { exchangeRows } from './row-exchange.ts'
import type { StorageNode } from './storage-node.ts'

export interface AgreedListing {
  /** GET of the account or container with the listing's query. */
  readonly read: ReplicaRead
  readonly listing: ListingShape
  /** For the rows that replicas exchange. */
  readonly timestamp: Timestamp
}

/** What of a listing's query matters for comparing pages. */
export interface ListingShape {
  readonly prefix?: string | undefined
  readonly path?: string | undefined
  readonly marker?: string | undefined
  readonly endMarker?: string | undefined
  readonly limit: number
  readonly reverse: boolean
}

export interface Listing {
  readonly kind: 'listed'
  readonly headers: Response['headers']
  readonly json: Buffer
  readonly consistency: 'complete' | 'eventual'
}

/** 10,000 objects with names of 1,024 bytes, escaped at worst. */
const LISTING_BYTES_MAX = 64 * 1024 * 1024
/** How often two replicas are brought together and list again before they are left to the replicator. */
const ROUNDS_MAX = 3

/** Lists. Rejects only for our own bugs. */
export async function listAgreed(
  client: NodeClient,
  agreed: AgreedListing,
): Promise<Listing | Exclude<ReadOutcome, { readonly kind: 'found' }>> {
  return await new ListingRun(client, agreed).run()
}

/** What one replica listed. */
interface Listed {
  readonly node: StorageNode
  readonly headers: Response['headers']
  readonly json: Buffer
}

interface Digest {
  readonly node: StorageNode
  /** `undefined` when the replica cannot be compared: no answer, no vote, no digests. */
  readonly digest: string | undefined
}

class ListingRun {
  readonly #client: NodeClient
  readonly #agreed: AgreedListing
  readonly #read: ReplicaRead

  constructor(client: NodeClient, agreed: AgreedListing) {
    this.#client = client
    this.#agreed = agreed
    const { read } = agreed
    this.#read = { ...read, headers: { ...read.headers, [DIGEST_HEADER]: 'true' } }
  }

  async run(): Promise<Listing | Exclude<ReadOutcome, { readonly kind: 'found' }>> {
    const { primaries } = this.#read.placement
    const needed = majoritySize(primaries.length) - 1
    const others = readOrder(this.#client, this.#read.placement).slice(1)
    const early = others.slice(0, needed).map((node) => this.#askDigest(node))
    const outcome = await readReplica(this.#client, this.#read)
    if (outcome.kind !== 'found') return outcome
    const main = await this.#listedFrom(outcome.node, outcome.response)
    if (main === undefined) return { kind: 'unavailable', reason: 'the listing broke off' }
    const digest = digestIn(outcome.response)
    if (digest === undefined) return finished(main, needed === 0 ? 'complete' : 'eventual')
    const peers = await this.#peers(main.node, await Promise.all(early), needed)
    if (peers.length < needed) return finished(main, 'eventual')
    const unlike = peers.filter((peer) => peer.digest !== digest).map((peer) => peer.node)
    return await this.#agree(main, unlike)
  }

  /** Replicas with a digest, other than the one that lists: `needed` of them, if there are so many. */
  async #peers(main: StorageNode, early: readonly Digest[], needed: number): Promise<readonly Digest[]> {
    const found = early.filter(({ node, digest }) => node !== main && digest !== undefined)
    const asked = new Set([main, ...early.map(({ node }) => node)])
    for (const node of this.#read.placement.primaries) {
      if (found.length >= needed) break
      if (asked.has(node)) continue
      const digest = await this.#askDigest(node)
      if (digest.digest !== undefined) found.push(digest)
    }
    return found
  }

  async #askDigest(node: StorageNode): Promise<Digest> {
    // It has answered before and did not say that it has digests: OpenStack Swift's servers are not asked in vain.
    if (this.#client.latencyMs(node) > 0 && !this.#client.can(node, 'digest'))
      return { node, digest: undefined }
    const response = await this.#ask(node, 'HEAD', 'format=json')
    if (response === undefined) return { node, digest: undefined }
    await discard(response)
    return { node, digest: response.status < 300 ? digestIn(response) : undefined }
  }

  /** Compares with each replica whose rows are not the same, until the pages are. */
  async #agree(first: Listed, unlike: readonly StorageNode[]): Promise<Listing> {
    let main = first
    for (const node of unlike) {
      const agreed = await this.#agreeWith(main, node)
      if (agreed === undefined) return finished(main, 'eventual')
      main = agreed
    }
    // A later exchange may have changed the page that an earlier replica was compared with.
    if (unlike.length > 1 && !main.json.equals(first.json)) return finished(main, 'eventual')
    return finished(main, 'complete')
  }

  /** The page on which both agree; `undefined` when they do not come to agree. */
  async #agreeWith(first: Listed, node: StorageNode): Promise<Listed | undefined> {
    let main = first
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const other = await this.#list(node)
      if (other === undefined) return undefined
      if (this.#agrees(main, other)) return main
      if (this.#read.server !== 'container' || !(await this.#exchange(main, other))) return undefined
      const again = await this.#list(main.node)
      if (again === undefined) return undefined
      main = again
    }
    return undefined
  }

  #agrees(main: Listed, other: Listed): boolean {
    if (other.json.equals(main.json)) return true
    if (this.#read.server === 'container') return false
    const [left, right] = [this.#pageOf(main), this.#pageOf(other)]
    return left !== undefined && right !== undefined && haveSameNames(left, right)
  }

  async #exchange(main: Listed, other: Listed): Promise<boolean> {
    const { listing, timestamp, read } = this.#agreed
    const [left, right] = [this.#pageOf(main), this.#pageOf(other)]
    if (left === undefined || right === undefined) return false
    const stretches = differingStretches(left, right, orderOf(listing))
    const place = {
      path: read.path,
      partition: read.placement.partition,
      headers: read.headers,
      prefix: prefixOf(listing),
      policyIndex: headerOf({ ...main, status: 200, body: undefined }, 'x-backend-storage-policy-index'),
      timestamp,
    }
    return await exchangeRows(this.#client, place, [main.node, other.node], stretches)
  }

  #pageOf({ json }: Listed): Page | undefined {
    try {
      const members = JSON.parse(json.toString('utf8')) as readonly ListingMember[]
      return { members, extent: members.length >= this.#agreed.listing.limit ? 'full' : 'to_the_end' }
    } catch {
      return undefined
    }
  }

  async #list(node: StorageNode): Promise<Listed | undefined> {
    const response = await this.#ask(node, 'GET', this.#read.query)
    if (response === undefined) return undefined
    if (response.status < 300) return await this.#listedFrom(node, response)
    await discard(response)
    return undefined
  }

  async #listedFrom(node: StorageNode, response: Response): Promise<Listed | undefined> {
    try {
      const json = await readToPassOn(response.body, LISTING_BYTES_MAX)
      return { node, headers: response.headers, json: json.length === 0 ? EMPTY_LIST : json }
    } catch {
      return undefined
    }
  }

  #ask(node: StorageNode, method: 'GET' | 'HEAD', query: string): Promise<Response | undefined> {
    return askNode(this.#client, { ...this.#read, method, query }, node)
  }
}

const EMPTY_LIST = Buffer.from('[]')

function finished({ headers, json }: Listed, consistency: Listing['consistency']): Listing {
  return { kind: 'listed', headers, json, consistency }
}

function haveSameNames({ members }: Page, other: Page): boolean {
  if (members.length !== other.members.length) return false
  return members.every(({ name, subdir }, at) => {
    return other.members[at]?.name === name && other.members[at]?.subdir === subdir
  })
}

/** With the policy whose rows it speaks of; `undefined` from a replica that may not vote. */
function digestIn(response: Response): string | undefined {
  if (headerOf(response, REPLICA_STATE_HEADER) === 'joining') return undefined
  const digest = headerOf(response, DIGEST_HEADER)
  if (digest === undefined) return undefined
  return `${headerOf(response, 'x-backend-storage-policy-index') ?? '0'} ${digest}`
}

function orderOf({ reverse, marker, endMarker }: ListingShape): ListingOrder {
  const [after, before] = reverse ? [endMarker, marker] : [marker, endMarker]
  return {
    direction: reverse ? 'reverse' : 'forward',
    after: after || undefined,
    before: before || undefined,
  }
}

/** A listing by `path` looks into one directory. */
function prefixOf({ prefix, path }: ListingShape): string | undefined {
  if (path === undefined) return prefix
  return path === '' ? undefined : `${path.replace(/\/+$/, '')}/`
}
