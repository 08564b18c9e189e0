/** The two commands that make rings, behind one face: that of OpenStack Swift (Debian package swift) and ours. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { NewDevice } from '#ring/device.ts'
import { type MeasuredCommand, runMeasured } from './measured-command.ts'
import { argumentsOf } from './ring-topologies.ts'

export interface RingBuilderCommand {
  readonly name: string
  /** Makes a builder file without devices: three replicas, one hour between two moves of a partition. */
  create(partPower: number): Promise<void>
  add(devices: readonly NewDevice[]): Promise<void>
  /** As if the hour had passed. */
  letMove(): Promise<void>
  /** Places the replicas and writes the ring. */
  rebalance(seed: string): Promise<MeasuredCommand>
  readonly ringFile: string
}

const REPLICAS = '3'
const MIN_PART_HOURS = '1'
/** Exit code 1 of `swift-ring-builder` is a warning: the balance could be better. */
const WARNED = [0, 1]
/** Devices named in one command: a command line holds about 2 MB. */
const DEVICES_PER_COMMAND = 20_000
const MARTLET = fileURLToPath(new URL('../cli/martlet.mjs', import.meta.url))
const SWIFT = '/usr/bin/swift-ring-builder'

const execute = promisify(execFile)

/** `swift-ring-builder` on a builder file in the folder. */
export function swiftRingBuilder(folder: string): RingBuilderCommand {
  const file = path.join(folder, 'swift.builder')
  const run = async (...args: string[]): Promise<void> => {
    await execute(SWIFT, [file, ...args], { maxBuffer: 64 * 1024 * 1024 })
  }
  return {
    name: 'swift-ring-builder',
    ringFile: path.join(folder, 'swift.ring.gz'),
    create: (partPower) => run('create', String(partPower), REPLICAS, MIN_PART_HOURS),
    add: (devices) => inParts(devices, (part) => run('add', ...part.flatMap(argumentsOf))),
    letMove: () => run('pretend_min_part_hours_passed'),
    rebalance: (seed) => runMeasured([SWIFT, file, 'rebalance', '--seed', seed], WARNED),
  }
}

/** `martlet ring` on a builder file in the folder. */
export function martletRing(folder: string): RingBuilderCommand {
  const file = path.join(folder, 'martlet.builder')
  const run = async (verb: string, ...args: string[]): Promise<void> => {
    await execute(process.execPath, [MARTLET, 'ring', verb, file, ...args], { maxBuffer: 64 * 1024 * 1024 })
  }
  return {
    name: 'martlet ring',
    ringFile: path.join(folder, 'martlet.ring.gz'),
    create: (partPower) => run('create', String(partPower), REPLICAS, MIN_PART_HOURS),
    add: (devices) => inParts(devices, (part) => run('add', ...part.flatMap(argumentsOf))),
    letMove: () => run('pretend-min-part-hours-passed'),
    rebalance: (seed) => runMeasured([process.execPath, MARTLET, 'ring', 'rebalance', file, '--seed', seed]),
  }
}

async function inParts(
  devices: readonly NewDevice[],
  run: (part: readonly NewDevice[]) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < devices.length; at += DEVICES_PER_COMMAND)
    await run(devices.slice(at, at + DEVICES_PER_COMMAND))
}
