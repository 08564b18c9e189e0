/**
 * What the other holders of partitions hold of them, compared with what this device holds: equal, nothing, or something
 * else. Each device is asked about all partitions at once.
 */
import type { PeerAddress } from '#object-server/replication/messages.ts'
import type { Peers } from '#object-server/replication/peer.ts'
import { EMPTY_UNIT, type UnitDigest } from '#object-server/replication/unit-digests.ts'
import type { RingDevice } from '#ring/device.ts'

/** What a peer holds of a partition: what we hold, nothing at all, or something else. */
export type Holding = 'equal' | 'nothing' | 'other'

/** A device that answers, and what it holds of a partition. */
export interface Holder {
  readonly device: RingDevice
  readonly holding: Holding
}

export interface PeerViewsOptions {
  readonly peers: Peers
  readonly partPower: number
  /** What this device holds, by partition. */
  readonly own: ReadonlyMap<number, UnitDigest>
  readonly isSelf: (device: RingDevice) => boolean
  /** Awaited before each device is asked. */
  readonly before: () => Promise<void>
  readonly signal: AbortSignal
}

/** By partition; `unreachable` for a peer that cannot be asked. */
type View = ReadonlyMap<number, Holding> | 'unreachable'

export class PeerViews {
  readonly #options: PeerViewsOptions
  /** By the device's id. */
  readonly #views = new Map<number, View>()

  constructor(options: PeerViewsOptions) {
    this.#options = options
  }

  /** One request to each device, about all the partitions for which it is named. */
  async ask(
    partitions: readonly number[],
    devicesOf: (partition: number) => readonly RingDevice[],
  ): Promise<void> {
    const asked = new Map<number, { readonly device: RingDevice; readonly partitions: number[] }>()
    for (const partition of partitions) {
      for (const device of devicesOf(partition)) {
        if (this.#options.isSelf(device)) continue
        const known = asked.get(device.id)
        if (known === undefined) asked.set(device.id, { device, partitions: [partition] })
        else known.partitions.push(partition)
      }
    }
    for (const { device, partitions: about } of asked.values()) {
      await this.#options.before()
      this.#views.set(device.id, await this.#viewOf(device, about))
    }
  }

  /** `unreachable` too for a device that was not asked. */
  holdingOf(device: RingDevice, partition: number): Holding | 'unreachable' {
    if (this.#options.isSelf(device)) return 'equal'
    const view = this.#views.get(device.id) ?? 'unreachable'
    return view === 'unreachable' ? view : (view.get(partition) ?? 'unreachable')
  }

  /** Those of the devices that answer. */
  holdersAmong(devices: readonly RingDevice[], partition: number): readonly Holder[] {
    return devices.flatMap((device) => {
      const holding = this.holdingOf(device, partition)
      return holding === 'unreachable' ? [] : [{ device, holding }]
    })
  }

  async #viewOf(device: RingDevice, partitions: readonly number[]): Promise<View> {
    const equal = await this.#compare(device, partitions, (partition) => this.#ownDigest(partition))
    if (equal === 'unreachable') return 'unreachable'
    const others = partitions.filter((partition) => !equal.has(partition))
    const empty = await this.#compare(device, others, () => EMPTY_UNIT.digest)
    if (empty === 'unreachable') return 'unreachable'
    return new Map(
      partitions.map((partition) => {
        return [partition, equal.has(partition) ? 'equal' : empty.has(partition) ? 'nothing' : 'other']
      }),
    )
  }

  #ownDigest(partition: number): Buffer {
    return (this.#options.own.get(partition) ?? EMPTY_UNIT).digest
  }

  /** The partitions of which the peer has just this digest. */
  async #compare(
    device: RingDevice,
    partitions: readonly number[],
    digestOf: (partition: number) => Buffer,
  ): Promise<ReadonlySet<number> | 'unreachable'> {
    if (partitions.length === 0) return new Set()
    const { peers, partPower, signal } = this.#options
    const asked = partitions.map((number) => ({ number, digest: digestOf(number) }))
    const answers = await peers.digests(addressOf(device), partPower, asked, signal)
    if ('reason' in answers) return 'unreachable'
    return new Set(partitions.filter((_, at) => answers[at]?.equal === true))
  }
}

export function addressOf({ ip, port, device }: RingDevice): PeerAddress {
  return { host: ip, port, device }
}
