/** What a rebalance asks of the devices: how much data is to go where, and for how long. */
import type { Builder } from './builder.ts'

export interface Moves {
  /** Replicas that another device than before is to hold. */
  readonly replicas: number
  /** The most replicas that one device is to receive. */
  readonly mostReceived: number
}

/** From one placement to the next. What was never placed has no data to move. */
export function movesBetween(before: Builder, after: Builder): Moves {
  if (before.table.length === 0) return { replicas: 0, mostReceived: 0 }
  const received = new Int32Array(after.devices.length)
  let replicas = 0
  for (let slot = 0; slot < after.table.length; slot += 1) {
    const id = after.table[slot] as number
    if (id === before.table[slot]) continue
    replicas += 1
    received[id] = (received[id] as number) + 1
  }
  return { replicas, mostReceived: received.reduce((most, count) => Math.max(most, count), 0) }
}

export interface Traffic {
  /** Bytes of one replica of one partition. */
  readonly partitionBytes: number
  /** For all moves of the cluster together, bytes a second. */
  readonly clusterBytesPerSecond: number | undefined
  /** That one device may receive for moves, bytes a second. */
  readonly deviceBytesPerSecond: number | undefined
}

export interface MoveCost {
  readonly bytes: number
  /** `undefined` when no bandwidth was stated. */
  readonly hours: number | undefined
}

const SECONDS_PER_HOUR = 3600

/** The whole cluster's limit or the busiest device's, whichever takes longer. */
export function costOf(moves: Moves, traffic: Traffic): MoveCost {
  const { partitionBytes, clusterBytesPerSecond, deviceBytesPerSecond } = traffic
  const bytes = moves.replicas * partitionBytes
  const seconds = [
    ...(clusterBytesPerSecond === undefined ? [] : [bytes / clusterBytesPerSecond]),
    ...(deviceBytesPerSecond === undefined
      ? []
      : [(moves.mostReceived * partitionBytes) / deviceBytesPerSecond]),
  ]
  return { bytes, hours: seconds.length === 0 ? undefined : Math.max(...seconds) / SECONDS_PER_HOUR }
}
