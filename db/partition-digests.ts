/**
 * The digests of partitions, remembered: computed once by reading their databases, then changed with every change of one.
 * Since only this process writes the index, what is remembered is what reading again would give. So an idle comparison of
 * replicas reads nothing. A change costs next to nothing: what it does to the digest is worked out when somebody asks.
 */
import type { DatabasePartition } from './contract.ts'
import { emptyDigest, toggle } from './digest.ts'
import type { DatabaseState } from './info.ts'
import { comparisonDigest } from './replica-merge.ts'
import type { ChangedDatabase } from './unit-of-work.ts'

/** Part powers and horizons that are asked for at a time: two rings, and the turn of a day. */
const VIEWS_MAX = 4

/** All partitions of one part power, at one horizon. */
interface View {
  readonly partPower: number
  readonly horizon: number
  readonly partitions: Map<number, KnownPartition>
  /** Partitions that are being read; `true` when one of their databases changed meanwhile. */
  readonly reading: Map<number, { changed: boolean }>
}

interface KnownPartition {
  readonly digest: Buffer
  /** Databases that changed since, by hash: as they were, and as they are. */
  readonly changed: Map<
    string,
    { readonly before: DatabaseState | undefined; now: DatabaseState | undefined }
  >
}

/** Changed databases that are remembered per partition; beyond, the digest is brought up to date at once. */
const CHANGED_MAX = 100

export class PartitionDigests {
  #views: readonly View[] = []

  /** The digest of a partition; `read` gives all its databases' digests together, when they are not known. */
  async digest(
    { partPower, partition }: DatabasePartition,
    horizon: number,
    read: () => Promise<Buffer>,
  ): Promise<Buffer> {
    const view = this.#view(partPower, horizon)
    const known = view.partitions.get(partition)
    if (known !== undefined) return Buffer.from(settled(known, horizon))
    const reading = view.reading.get(partition) ?? { changed: false }
    view.reading.set(partition, reading)
    const digest = await read()
    if (!reading.changed) view.partitions.set(partition, { digest: Buffer.from(digest), changed: new Map() })
    if (view.reading.get(partition) === reading) view.reading.delete(partition)
    return digest
  }

  /** To be called when a change is durable, before anything else is read. */
  note({ key, before, state }: Omit<ChangedDatabase, 'state'> & Partial<ChangedDatabase>): void {
    for (const view of this.#views) {
      const partition = partitionOf(key, view.partPower)
      const reading = view.reading.get(partition)
      if (reading !== undefined) reading.changed = true
      const known = view.partitions.get(partition)
      if (known === undefined) continue
      const change = known.changed.get(key)
      if (change === undefined) known.changed.set(key, { before, now: state })
      else change.now = state
      if (known.changed.size > CHANGED_MAX) settled(known, view.horizon)
    }
  }

  #view(partPower: number, horizon: number): View {
    const known = this.#views.find((view) => view.partPower === partPower && view.horizon === horizon)
    if (known !== undefined) return known
    const made: View = { partPower, horizon, partitions: new Map(), reading: new Map() }
    this.#views = [made, ...this.#views].slice(0, VIEWS_MAX)
    return made
  }
}

/** The digest with all changes in it. */
function settled({ digest, changed }: KnownPartition, horizon: number): Buffer {
  for (const { before, now } of changed.values()) {
    toggle(digest, comparisonDigest(before, horizon))
    toggle(digest, comparisonDigest(now, horizon))
  }
  changed.clear()
  return digest
}

/** The digest of several databases together. */
export function addDigest(sum: Buffer | undefined, digest: Buffer): Buffer {
  const result = sum ?? emptyDigest()
  toggle(result, digest)
  return result
}

/** The partition of a hash given as latin1. */
function partitionOf(key: string, partPower: number): number {
  const head = Buffer.from(key.slice(0, 4), 'latin1').readUInt32BE(0)
  return Math.floor(head / 2 ** (32 - partPower))
}
