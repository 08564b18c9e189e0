/** How far the devices of a builder are from their share by weight, as OpenStack Swift reports it. */
import type { Builder } from './builder.ts'
import { heldByDevice } from './rebalance.ts'

/** Stands for "holds partitions but has no weight" (`swift/common/ring/builder.py`: `MAX_BALANCE`). */
export const WORST_BALANCE = 999.99

export interface DeviceBalance {
  readonly id: number
  /** Partitions of which the device holds a replica. */
  readonly partitions: number
  /** Per cent above (or, negative, below) the share by weight. */
  readonly balance: number
}

/** Of every device, removed ones included. */
export function balanceByDevice(builder: Builder): DeviceBalance[] {
  const held = heldByDevice(builder.table, builder.devices.length)
  const devices = builder.devices.filter((device) => device !== undefined)
  const weights = devices.reduce((sum, { weight }) => sum + weight, 0)
  const slots = 2 ** builder.partPower * builder.replicas
  return devices.map(({ id, weight }) => {
    const partitions = held[id] as number
    return { id, partitions, balance: balanceOf(partitions, (slots * weight) / weights) }
  })
}

function balanceOf(partitions: number, share: number): number {
  if (!(share > 0)) return partitions > 0 ? WORST_BALANCE : 0
  return (100 * partitions) / share - 100
}

/** The balance of the device that is furthest from its share, per cent, without sign. */
export function worstBalance(builder: Builder): number {
  return balanceByDevice(builder).reduce((worst, { balance }) => Math.max(worst, Math.abs(balance)), 0)
}
