/**
 * Objects that something else relies on: images that have their bytes in them. One record per object that is held names its
 * holders, and a flag in the container's system metadata says that there may be such records; a container without the flag
 * costs nothing.
 *
 * A hold: 1. the flag, of which all proxies are told · 2. the record, by agreement. Whoever wants to rely on the object looks
 * at it after that. Dying after the first step leaves a flag that leads to nothing. Holders are named as their owner names
 * them, who takes the holds back that nobody has any more (`images/data/held-objects.ts`).
 */
import { hash } from 'node:crypto'
import type { ContainerOperations, VersionName } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { inParallel } from '../large-objects/in-parallel.ts'
import type { OperationContext } from '../operation.ts'
import { allRecords } from '../records/all-records.ts'
import type { RecordCollection, RecordFailure, RecordKind } from '../records/contract.ts'
import { changeRecord } from '../records/record-change.ts'
import { NULL_VERSION } from '../versions/version-names.ts'
import { containerOf } from '../versions/written-container.ts'

/** Says that objects of the container may be held. */
export const HOLDS_FLAG = 'x-container-sysmeta-martlet-holds'
/** Records changed at once. */
const LANES = 8

export interface HoldRecord {
  readonly account: string
  readonly container: string
  readonly object: string
  /** Of a container that keeps versions. */
  readonly versionId?: string | undefined
  readonly holders: readonly string[]
}

export const OBJECT_HOLDS: RecordKind<HoldRecord> = {
  name: 'object-holds',
  version: 1,
  parse: (written) =>
    Array.isArray((written as Partial<HoldRecord> | null)?.holders) ? (written as HoldRecord) : undefined,
}

type Held = Extract<StoreFailure, { readonly kind: 'in_use' | 'unavailable' }>

export class ObjectHolds {
  readonly #records: RecordCollection<HoldRecord>
  readonly #containers: ContainerOperations

  constructor(records: RecordCollection<HoldRecord>, containers: ContainerOperations) {
    this.#records = records
    this.#containers = containers
  }

  /** Durable for all of them on return, or a failure; some may be held then all the same. */
  async hold(
    context: OperationContext,
    names: readonly VersionName[],
    holder: string,
  ): Promise<StoreFailure | RecordFailure | undefined> {
    const containers = new Map(
      names.map(({ account, container }) => [`${account}/${container}`, { account, container }]),
    )
    for (const name of containers.values()) {
      const flagged = await this.#containers.post(context, name, { [HOLDS_FLAG]: 'true' })
      if (flagged.kind !== 'updated') return flagged
    }
    let failure: RecordFailure | undefined
    await inParallel(names, LANES, async (name) => {
      failure ??= await this.#holdOne(context, name, holder)
    })
    return failure
  }

  async #holdOne(
    context: OperationContext,
    { account, container, object, versionId }: VersionName,
    holder: string,
  ): Promise<RecordFailure | undefined> {
    const name = { account, container, object, versionId }
    const written = await changeRecord(this.#records, context, keyOf(name), (there) => ({
      kind: 'value',
      value: { ...name, holders: [...new Set([...(there?.holders ?? []), holder])] },
    }))
    return written.kind === 'found' || written.kind === 'refused' ? undefined : written
  }

  /** Why the object may not go; `undefined` when it may. A container that this process believes to be missing fails by itself. */
  async refusal(context: OperationContext, name: VersionName): Promise<Held | undefined> {
    const found = await containerOf(this.#containers, context, name)
    if (found.kind === 'unavailable') return found
    if (found.kind !== 'known' || found.info.metadata[HOLDS_FLAG] === undefined) return undefined
    const read = await this.#records.read(context, keyOf(name), 'newest')
    if (read.kind === 'absent') return undefined
    if (read.kind !== 'found')
      return { kind: 'unavailable', reason: 'whether the object is held is not known' }
    return read.value.holders.length > 0 ? { kind: 'in_use' } : undefined
  }

  /** Those that may go, for whoever leaves deletes to the expirer, which knows of no holds. What is not known stays. */
  async notHeld<Item extends { readonly name: VersionName }>(
    context: OperationContext,
    items: readonly Item[],
  ): Promise<readonly Item[]> {
    const held = new Set<Item>()
    await inParallel(items, LANES, async (item) => {
      if ((await this.refusal(context, item.name)) !== undefined) held.add(item)
    })
    return held.size === 0 ? items : items.filter((item) => !held.has(item))
  }

  /** Takes back what holders have no more; `needs` says whether one still has it. How many holds those were. */
  async releaseUnneeded(
    context: OperationContext,
    needs: (holder: string) => Promise<boolean>,
  ): Promise<number | RecordFailure> {
    const all = await allRecords(this.#records, context)
    if ('kind' in all) return all
    const needed = new Map<string, Promise<boolean>>()
    const isNeeded = (holder: string): Promise<boolean> => {
      const asked = needed.get(holder) ?? needs(holder)
      needed.set(holder, asked)
      return asked
    }
    let released = 0
    await inParallel(all, LANES, async (record) => {
      const judged = await Promise.all(record.value.holders.map(isNeeded))
      const holders = record.value.holders.filter((_, at) => judged[at])
      if (holders.length === record.value.holders.length) return
      // One that was changed meanwhile is looked at the next time.
      const done =
        holders.length === 0
          ? await this.#records.remove(context, record)
          : await this.#records.replace(context, record, { ...record.value, holders })
      if (done.kind === 'removed' || done.kind === 'found') released += 1
    })
    return released
  }
}

function keyOf({ account, container, object, versionId = NULL_VERSION }: VersionName): string {
  return hash('sha256', `/${account}/${container}/${object}\0${versionId}`)
}
