/**
 * `swift-ring-builder` of the real OpenStack Swift and `martlet ring` on the same uneven devices: the first rebalance, then
 * one after 1 % more devices, both commands as an operator runs them (reading and writing their files included).
 *
 *     node bench/ring.ts [--quick] [--only NAME] [--json] [--keep]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Ring } from '#ring/ring.ts'
import type { MeasuredCommand } from './measured-command.ts'
import { machineFacts } from './records.ts'
import { figure, table } from './report.ts'
import { martletRing, type RingBuilderCommand, swiftRingBuilder } from './ring-builders.ts'
import { leastMoved, movedBetween, qualityOf, type RingQuality, readRingFile } from './ring-quality.ts'
import { devicesOf, moreDevicesOf, RING_CASES, type RingCase } from './ring-topologies.ts'

interface Placed extends RingQuality {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
}

interface Grown extends Placed {
  readonly moved: number
  /** Moved replicas as a multiple of what must move. */
  readonly movedRatio: number
}

interface SideResult {
  readonly name: string
  readonly first: Placed
  readonly grown: Grown
}

interface CaseResult {
  readonly name: string
  readonly partPower: number
  readonly devices: number
  readonly sides: readonly SideResult[]
}

const HELP = `node bench/ring.ts [options]
  --quick       only the small rings
  --only NAME   only this one: ${RING_CASES.map(({ name }) => name).join(', ')}
  --side NAME   swift or martlet alone
  --keep        leave the files and say where they are
  --json`

async function measureSide(one: RingCase, command: RingBuilderCommand): Promise<SideResult> {
  await command.create(one.partPower)
  await command.add(devicesOf(one))
  const first = await command.rebalance('1')
  const before = readRingFile(command.ringFile)
  await command.letMove()
  await command.add(moreDevicesOf(one))
  const grown = await command.rebalance('2')
  const after = readRingFile(command.ringFile)
  const moved = movedBetween(before, after)
  return {
    name: command.name,
    first: placed(first, before),
    grown: { ...placed(grown, after), moved, movedRatio: moved / leastMoved(before, after) },
  }
}

function placed({ seconds, cpuSeconds, peakBytes }: MeasuredCommand, ring: Ring): Placed {
  return { seconds, cpuSeconds, peakBytes, ...qualityOf(ring) }
}

function caseText({ name, partPower, devices, sides }: CaseResult): string {
  const heading = `${name}: 2^${partPower} partitions, ${devices.toLocaleString('en')} devices`
  const header = ['', ...sides.map((side) => side.name), ...(sides.length === 2 ? ['ratio'] : [])]
  const row = (label: string, value: (side: SideResult) => number, digits = 2): string[] => {
    const values = sides.map(value)
    const [theirs = 0, ours = 0] = values
    const cells = values.map((number) => number.toFixed(digits))
    return [label, ...cells, ...(sides.length === 2 ? [figure(ours / theirs)] : [])]
  }
  return `${heading}\n\n${table([
    header,
    row('first: seconds', ({ first }) => first.seconds),
    row('first: processor seconds', ({ first }) => first.cpuSeconds),
    row('first: peak memory, MiB', ({ first }) => first.peakBytes / 2 ** 20, 0),
    row('first: balance, %', ({ first }) => first.balance, 3),
    row('first: dispersion, %', ({ first }) => first.dispersion),
    row('+1 %: seconds', ({ grown }) => grown.seconds),
    row('+1 %: processor seconds', ({ grown }) => grown.cpuSeconds),
    row('+1 %: peak memory, MiB', ({ grown }) => grown.peakBytes / 2 ** 20, 0),
    row('+1 %: balance, %', ({ grown }) => grown.balance, 3),
    row('+1 %: dispersion, %', ({ grown }) => grown.dispersion),
    row('+1 %: moved replicas', ({ grown }) => grown.moved, 0),
    row('+1 %: moved / least', ({ grown }) => grown.movedRatio, 3),
  ])}\n`
}

function chosenCases(values: {
  quick?: boolean | undefined
  only?: string | undefined
}): readonly RingCase[] {
  if (values.only !== undefined) return RING_CASES.filter(({ name }) => name === values.only)
  return RING_CASES.filter(({ size }) => values.quick !== true || size === 'small')
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    only: { type: 'string' },
    side: { type: 'string' },
    keep: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
if (values.help === true) console.log(HELP)
else {
  const machine = machineFacts()
  const results: CaseResult[] = []
  for (const one of chosenCases(values)) {
    const folder = mkdtempSync(path.join(tmpdir(), 'martlet-ring-bench-'))
    try {
      const sides: SideResult[] = []
      if (values.side !== 'martlet') sides.push(await measureSide(one, swiftRingBuilder(folder)))
      if (values.side !== 'swift') sides.push(await measureSide(one, martletRing(folder)))
      const { name, partPower, devices } = one
      results.push({ name, partPower, devices, sides })
      if (values.json !== true) console.log(caseText({ name, partPower, devices, sides }))
    } finally {
      if (values.keep === true) console.error(folder)
      else rmSync(folder, { recursive: true, force: true })
    }
  }
  if (values.json === true) console.log(JSON.stringify({ machine, results }, null, 2))
  else
    console.log(
      `${machine.processor}, ${machine.cores} cores, ${machine.memoryGib} GiB, Node ${machine.node}`,
    )
}
