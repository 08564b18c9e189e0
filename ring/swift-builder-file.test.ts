import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Builder, rebalanced, ringOf } from './builder.ts'
import { deviceToJson } from './device.ts'
import { looksLikeSwiftBuilder, parseSwiftBuilder } from './swift-builder-file.ts'

/** What Swift itself reads in the file (`testdata/make-golden-builders.ts`). */
interface ReadBySwift {
  readonly part_power: number
  readonly next_part_power: number | null
  readonly replicas: number
  readonly min_part_hours: number
  readonly version: number
  readonly overload: number
  readonly devs: readonly (Record<string, unknown> | null)[]
  readonly table: readonly (readonly number[])[]
  readonly moves_epoch: number
  readonly moves: readonly number[]
  readonly removed: readonly number[]
}

const NAMES = [
  'swift-fresh',
  'swift-changed',
  'swift-more-partitions',
  'swift-more-partitions-done',
  'swift-empty',
]

function fileOf(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, 'testdata', name))
}

function builderOf(name: string): Builder {
  const builder = parseSwiftBuilder(fileOf(`${name}.builder`))
  if (builder.kind === 'broken') throw new Error(builder.reason)
  return builder
}

for (const name of NAMES) {
  t.test(`the builder ${name} is read as Swift reads it`, async (t) => {
    const expected = JSON.parse(fileOf(`${name}.json`).toString()) as ReadBySwift
    const builder = builderOf(name)
    t.same(
      [builder.partPower, builder.nextPartPower ?? null, builder.replicas, builder.minPartHours],
      [expected.part_power, expected.next_part_power, expected.replicas, expected.min_part_hours],
    )
    t.same([builder.version, builder.overload], [expected.version, expected.overload])
    t.same([...builder.removedIds], expected.removed)
    const devices = builder.devices.map((device) => (device === undefined ? null : deviceToJson(device)))
    t.same(devices, expected.devs.map(withoutFigures))
    t.same([...builder.table], expected.table.flat())
    const moved = expected.moves.map((hours) => movedAtMinutes(expected.moves_epoch, hours))
    t.same([...builder.movedAtMinutes], moved)
  })
}

/** What Swift computes anew at every rebalance. */
function withoutFigures(device: Record<string, unknown> | null): Record<string, unknown> | null {
  if (device === null) return null
  const { parts: _parts, parts_wanted: _wanted, ...kept } = device
  return kept
}

function movedAtMinutes(epoch: number, hours: number): number {
  return epoch === 0 || hours === 255 ? 0 : Math.floor(epoch / 60) - 60 * hours
}

t.test('a rebalance continues: partitions that moved lately stay, removed devices are emptied', async (t) => {
  const fresh = builderOf('swift-fresh')
  const { moves_epoch: epoch } = JSON.parse(fileOf('swift-fresh.json').toString()) as ReadBySwift
  const soon = rebalanced(fresh, { seed: 'seed', nowMs: (epoch + 3600) * 1000 })
  t.equal(soon.kind === 'rebalanced' ? soon.outcome.movedReplicas : -1, 0, 'min part hours are four')
  const changed = rebalanced(builderOf('swift-changed'), { seed: 'seed', nowMs: (epoch + 86_400) * 1000 })
  if (changed.kind !== 'rebalanced') return void t.fail(changed.reason)
  t.notOk(changed.builder.table.includes(4))
  t.equal(ringOf(changed.builder)?.devices[4], undefined)
})

t.test('other files are told apart', async (t) => {
  t.ok(looksLikeSwiftBuilder(fileOf('swift-fresh.builder')))
  t.notOk(looksLikeSwiftBuilder(fileOf('four-zones.ring.gz')))
  t.notOk(looksLikeSwiftBuilder(fileOf('version-1.builder')))
  t.notOk(looksLikeSwiftBuilder(Buffer.alloc(0)))
})

t.test('a file that is cut off anywhere is broken, and so is one with a strange table', async (t) => {
  const file = fileOf('swift-fresh.builder')
  for (let length = 0; length < file.length; length += 7) {
    const parsed = parseSwiftBuilder(file.subarray(0, length))
    if (parsed.kind !== 'broken') t.fail(`${length} bytes`)
  }
  const text = file.toString('latin1')
  const broken = (from: string, to: string): unknown => {
    const parsed = parseSwiftBuilder(Buffer.from(text.replace(from, to), 'latin1'))
    return parsed.kind === 'broken' ? parsed.reason : parsed.kind
  }
  t.equal(
    broken('part_powerq\x01K\x06', 'part_powerq\x01K\x07'),
    'replica 0 of its table has 64 of 128 partitions',
  )
  t.equal(broken('part_powerq\x01K\x06', 'part_powerq\x01K\xff'), 'its part_power is 255')
  t.equal(broken('version', 'Version'), 'its version is not a number')
})
