/** The options of `martlet ring rebalance` that turn moved partitions into bytes and hours. */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { bytes } from '#base/option-values.ts'
import type { Builder } from '#ring/builder.ts'
import { costOf, type MoveCost, movesBetween } from '#ring/moves.ts'
import { slotCountOf } from '#ring/rebalance.ts'
import { OperatorError } from './ring-files.ts'

export interface CostOptions {
  readonly storedBytes?: number
  readonly partitionBytes?: number
  readonly bandwidth?: number
  readonly deviceBandwidth?: number
}

/** Adds them. */
export function withCostOptions(command: Command): Command {
  return command
    .option(
      '--stored-bytes <size>',
      'what all devices hold together, such as 900T: tell the bytes to move',
      size,
    )
    .option('--partition-bytes <size>', 'the same, said of one replica of one partition', size)
    .option('--bandwidth <size>', 'bytes a second for the moves of the whole cluster: tell the hours', size)
    .option('--device-bandwidth <size>', 'bytes a second that one device may receive for them', size)
}

function size(written: string): number {
  const parsed = bytes(written)
  if ('expected' in parsed) throw new InvalidArgumentError(`It is not ${parsed.expected}.`)
  if (parsed.value === 0) throw new InvalidArgumentError('It must be more than nothing.')
  return parsed.value
}

/** `undefined` when nobody said how much is stored. Throws an `OperatorError`. */
export function moveCost(before: Builder, after: Builder, options: CostOptions): MoveCost | undefined {
  const partitionBytes = partitionBytesOf(before, options)
  const { bandwidth, deviceBandwidth } = options
  if (partitionBytes !== undefined) {
    return costOf(movesBetween(before, after), {
      partitionBytes,
      clusterBytesPerSecond: bandwidth,
      deviceBytesPerSecond: deviceBandwidth,
    })
  }
  if (bandwidth === undefined && deviceBandwidth === undefined) return undefined
  throw new OperatorError('say how much is stored, with --stored-bytes or --partition-bytes')
}

function partitionBytesOf(
  { partPower, replicas }: Builder,
  { storedBytes, partitionBytes }: CostOptions,
): number | undefined {
  if (partitionBytes !== undefined) return partitionBytes
  return storedBytes === undefined ? undefined : storedBytes / slotCountOf(partPower, replicas)
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `About 1.2 TiB to copy: 3.4 hours`. */
export function costText({ bytes: count, hours }: MoveCost): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, count)) / 10)))
  const amount = `${(count / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`
  return `About ${amount} to copy${hours === undefined ? '' : `: ${hours.toFixed(1)} hours`}`
}
