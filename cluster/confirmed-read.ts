/**
 * A read that is never older than an acknowledged write. It comes from the nearest replica; so many others as every quorum
 * of a write has one of are asked, by their indexes alone, whether they have something newer. At three replicas that is
 * one, and where the replica that is read has a lease from another primary, nobody has to be asked
 * (`docs/decisions/0021-read-leases.md`). A replica that is slow to say gets a rival, as a slow read does; one that is set aside is asked last.
 */
import type { Timer } from '#base/environment.ts'
import { LEASED_BY_HEADER } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { discard, headerOf, type Response } from '#http/message.ts'
import { type Changes, changesIn, isLater } from './changed-fields.ts'
import { NOT_PROBED, probe, readNewest } from './newest-read.ts'
import type { NodeClient } from './node-client.ts'
import { readsToSeeEveryWrite } from './quorum.ts'
import { type Evidence, evidenceOf, writtenAt } from './read-evidence.ts'
import { CONCURRENCY_TIMEOUT_MS, type ReadOutcome, type ReplicaRead, readReplica } from './replica-read.ts'
import { resumable } from './resumable-read.ts'
import type { StorageNode } from './storage-node.ts'

type Found = Extract<ReadOutcome, { readonly kind: 'found' }>

/** What to do with a version that too few other replicas could confirm. */
export type IfUnconfirmed = 'unavailable' | 'accept'

export async function readConfirmed(
  client: NodeClient,
  read: ReplicaRead,
  ifUnconfirmed: IfUnconfirmed,
): Promise<ReadOutcome> {
  const seeing = readsToSeeEveryWrite(read.placement.primaries.length)
  const isLeasable = read.server === 'object' && seeing === 2
  const outcome = await readReplica(client, isLeasable ? { ...read, lease: 'asked' } : read)
  if (outcome.kind !== 'found') return outcome
  const needed = seeing - votesOf(read, outcome)
  if (needed === 1 && isLeased(read, outcome)) return resumable(client, read, outcome)
  const version = writtenAt(outcome.response, read.server)
  const confirmation = new Confirmation(client, read, {
    needed,
    version,
    changes: changesIn(outcome.response, version),
    others: othersThan(client, read, outcome.node),
  })
  const verdict = await confirmation.verdict()
  if (verdict.kind === 'confirmed' || (verdict.kind === 'unconfirmed' && ifUnconfirmed === 'accept')) {
    return resumable(client, read, outcome)
  }
  await discard(outcome.response)
  if (verdict.kind === 'overtaken') return await readNewest(client, read)
  const { count } = verdict
  return { kind: 'unavailable', reason: `${count} of ${needed} other replicas confirmed the version` }
}

/** What a handoff has, or a replica that lost something, may be older than what it should have: it is no proof of its own. */
function votesOf({ server, placement }: ReplicaRead, { node, response }: Found): 0 | 1 {
  if (!placement.primariesLocalFirst.includes(node)) return 0
  const evidence = evidenceOf(response, { server, role: 'primary' })
  return evidence.kind === 'found' && evidence.voter ? 1 : 0
}

/** Does another primary vouch for it by a lease? Of a replica that has no voice of its own that would prove nothing. */
function isLeased({ placement }: ReplicaRead, { node, response }: Found): boolean {
  const granter = headerOf(response, LEASED_BY_HEADER)
  return granter !== undefined && placement.primaries.some((one) => one !== node && one.key === granter)
}

/** Those that are set aside come last; before them, those that are being asked something else in this moment come first. */
function othersThan(client: NodeClient, read: ReplicaRead, node: StorageNode): readonly StorageNode[] {
  const { errors, versions } = client
  const cost = (other: StorageNode): number =>
    errors.isSetAside(other) ? Number.MAX_SAFE_INTEGER : versions.cost(other)
  return read.placement.primariesLocalFirst
    .filter((other) => other !== node)
    .sort((left, right) => cost(left) - cost(right))
}

type Verdict =
  | { readonly kind: 'confirmed' }
  /** Somebody has something newer. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'unconfirmed'; readonly count: number }

interface ToConfirm {
  readonly version: Timestamp
  /** What POSTs have changed of it. */
  readonly changes: Changes
  readonly needed: number
  /** In the order in which they are asked. */
  readonly others: readonly StorageNode[]
}

class Confirmation {
  readonly #client: NodeClient
  readonly #read: ReplicaRead
  readonly #toConfirm: ToConfirm
  readonly #settled = Promise.withResolvers<Verdict>()
  #asked = 0
  #inFlight = 0
  #confirmed = 0
  #isOver = false
  #timer: Timer | undefined

  constructor(client: NodeClient, read: ReplicaRead, toConfirm: ToConfirm) {
    this.#client = client
    this.#read = read
    this.#toConfirm = toConfirm
  }

  async verdict(): Promise<Verdict> {
    this.#goOn()
    try {
      return await this.#settled.promise
    } finally {
      this.#isOver = true
      this.#timer?.cancel()
    }
  }

  /** Asks as many as are missing, or concludes. */
  #goOn(): void {
    const { needed, others } = this.#toConfirm
    const missing = needed - this.#confirmed
    if (missing <= 0) return this.#settled.resolve({ kind: 'confirmed' })
    while (this.#inFlight < missing && this.#asked < others.length) this.#askNext()
    if (this.#inFlight === 0) this.#settled.resolve({ kind: 'unconfirmed', count: this.#confirmed })
  }

  #askNext(): void {
    const node = this.#toConfirm.others[this.#asked] as StorageNode
    this.#asked += 1
    this.#inFlight += 1
    this.#versionAt(node).then((response) => this.#take(response), this.#settled.reject)
    if (this.#asked < this.#toConfirm.others.length) this.#startTimer()
  }

  #startTimer(): void {
    this.#timer ??= this.#client.clock.setTimer(CONCURRENCY_TIMEOUT_MS, () => {
      this.#timer = undefined
      if (this.#asked < this.#toConfirm.others.length) this.#askNext()
    })
  }

  #take(response: Response | undefined): void {
    this.#inFlight -= 1
    if (this.#isOver) return
    const evidence = response && evidenceOf(response, { server: this.#read.server, role: 'primary' })
    if (response !== undefined && (evidence?.kind === 'found' || evidence?.kind === 'absent')) {
      if (this.#isNewer(evidence, response)) return this.#settled.resolve({ kind: 'overtaken' })
      // A joining replica, or one that lost its copy, may have held the newer version.
      if (evidence.voter) this.#confirmed += 1
    }
    this.#goOn()
  }

  #isNewer({ kind, timestamp }: Evidence & { readonly timestamp: Timestamp }, response: Response): boolean {
    const { version, changes } = this.#toConfirm
    if (timestamp > version) return true
    return (
      this.#read.server === 'object' && kind === 'found' && isLater(changesIn(response, version), changes)
    )
  }

  /** Asked together with others' questions where that is possible. */
  async #versionAt(node: StorageNode): Promise<Response | undefined> {
    const { server, headers, placement, path } = this.#read
    if (server !== 'object' || !isPlain(headers) || !this.#client.versions.canAsk(node)) {
      return (await probe(this.#client, this.#read, node, 'primary'))?.response
    }
    const policyIndex = Number(headers['x-backend-storage-policy-index'] ?? 0)
    const asked = { partition: placement.partition, path, policyIndex }
    return await this.#client.versions.ask(node, asked)
  }
}

/** Headers of a read that change nothing about which version a primary has. */
const OF_READ_ALONE: ReadonlySet<string> = new Set([
  ...NOT_PROBED,
  'x-trans-id',
  'x-backend-storage-policy-index',
  'x-backend-allow-reserved-names',
  'x-backend-etag-is-at',
  'x-backend-ignore-range-if-metadata-present',
])

function isPlain(headers: ReplicaRead['headers']): boolean {
  for (const name in headers) if (!OF_READ_ALONE.has(name)) return false
  return true
}
