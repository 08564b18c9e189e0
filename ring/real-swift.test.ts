import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { hashName } from '#base/names.ts'
import { worstBalance } from './balance.ts'
import { addDevices, type Builder, createBuilder, type Rebalanced, rebalanced, ringOf } from './builder.ts'
import type { NewDevice, RingDevice } from './device.ts'
import { dispersionOf } from './dispersion.ts'
import { finishIncrease, increasePartPower, prepareIncrease } from './part-power.ts'
import type { Ring } from './ring.ts'
import { serialiseRing } from './ring-file.ts'
import { buildSimpleRing, type SimpleRing } from './simple-ring.ts'
import { parseSwiftBuilder } from './swift-builder-file.ts'

/**
 * Rings of ours in the hands of the real OpenStack Swift: its look-up must find what ours finds, and its builder must
 * take them for its own.
 */
const TOOLS = ['/usr/bin/swift-ring-builder', '/usr/bin/swift-get-nodes']
/** Swift's tools are slow on a machine that does other things, too. */
t.setTimeout(600_000)
const skip = TOOLS.every((tool) => existsSync(tool))
  ? false
  : 'Debian package swift (swift-ring-builder) is not installed'
const swiftDirectory = join(import.meta.dirname, 'testdata')
const SALT = { prefix: 'golden-prefix', suffix: 'golden-suffix' }

const place = (region: number, zone: number, host: string, weight: number, meta = ''): NewDevice[] => [
  { region, zone, ip: host, port: 6200, device: 'sda', weight, meta },
  { region, zone, ip: host, port: 6200, device: 'sdb', weight: weight / 2, meta },
]

const RINGS: Readonly<Record<string, SimpleRing>> = {
  'four zones': { devices: 4, partPower: 8, replicas: 3 },
  'two regions and odd weights': {
    devices: [
      ...place(1, 1, '10.0.0.1', 100),
      ...place(1, 2, '10.0.0.2', 150.5),
      ...place(2, 1, '10.1.0.1', 80),
      ...place(2, 2, '10.1.0.2', 120),
    ],
    partPower: 9,
    replicas: 3,
  },
  'fractional replicas, IPv6 and text beyond ASCII': {
    devices: [
      ...place(1, 1, 'fe80::1', 10, 'été'),
      ...place(1, 2, 'fe80::2', 10, '🦜'),
      ...place(1, 3, 'fe80::3', 10),
    ],
    partPower: 5,
    replicas: 3.25,
  },
}

t.test('real Swift reads our rings and finds the same devices', { skip }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'martlet-rings-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  for (const [name, options] of Object.entries(RINGS)) {
    const ring = buildSimpleRing(options)
    const file = join(directory, 'object.ring.gz')
    writeFileSync(file, serialiseRing(ring))
    const partition = ring.partitionOf(
      hashName({ account: 'AUTH_ünïcode', container: 'c', object: 'o' }, SALT),
    )
    const line = ({ ip, port, device }: RingDevice): string => `${ip}:${port} ${device}`
    const expected = [...ring.primaries(partition).map(line), ...[...ring.handoffs(partition)].map(line)]
    const found = run('swift-get-nodes', '-a', '-d', swiftDirectory, file, 'AUTH_ünïcode', 'c', 'o')
    t.same(placesOf(found), expected, name)
  }
  t.end()
})

t.test('swift-ring-builder takes our ring and goes on from it', { skip }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'martlet-rings-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  writeFileSync(
    join(directory, 'object.ring.gz'),
    serialiseRing(buildSimpleRing({ devices: 4, partPower: 8, replicas: 3 })),
  )
  const builder = join(directory, 'object.builder')
  run('swift-ring-builder', join(directory, 'object.ring.gz'), 'write_builder', '0')
  t.match(
    run('swift-ring-builder', builder),
    /256 partitions, 3\.000000 replicas, 1 regions, 4 zones, 4 devices, 0\.00 balance/,
  )
  t.match(run('swift-ring-builder', builder, 'validate'), '')
  run('swift-ring-builder', builder, 'add', 'r1z5-127.0.0.1:6250/d5', '100')
  t.match(run('swift-ring-builder', builder, 'rebalance', '--seed', '1'), /Reassigned/)
  t.end()
})

t.test(
  'for the same devices our ring is as balanced and as dispersed as that of swift-ring-builder, and so after growth',
  { skip },
  (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'martlet-rings-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'object.builder')
    const [devices, more] = [unevenDevices(0, 60), unevenDevices(60, 3)]
    run('swift-ring-builder', path, 'create', '10', '3', '0')
    run('swift-ring-builder', path, 'add', ...devices.flatMap(pairOf))
    const theirs = figuresOf(run('swift-ring-builder', path, 'rebalance', '--seed', '1'))
    run('swift-ring-builder', path, 'add', ...more.flatMap(pairOf))
    const theirsGrown = figuresOf(run('swift-ring-builder', path, 'rebalance', '--seed', '2'))

    const empty = createBuilder({ partPower: 10, replicas: 3, minPartHours: 0 }) as Builder
    const first = rebalanced(addDevices(empty, devices) as Builder, { seed: '1', nowMs: 0 }) as Rebalanced
    const grown = rebalanced(addDevices(first.builder, more) as Builder, {
      seed: '2',
      nowMs: 0,
    }) as Rebalanced
    for (const [ours, swift] of [
      [first, theirs],
      [grown, theirsGrown],
    ] as const) {
      t.ok(
        worstBalance(ours.builder) <= swift.balance + 0.01,
        `balance ${worstBalance(ours.builder)} to ${swift.balance}`,
      )
      const { dispersion } = dispersionOf(ours.builder)
      t.ok(dispersion <= swift.dispersion + 0.01, `dispersion ${dispersion} to ${swift.dispersion}`)
      t.ok(ours.outcome.movedReplicas <= swift.moved, `moved ${ours.outcome.movedReplicas} to ${swift.moved}`)
    }
    t.end()
  },
)

/** Two regions, five zones, weights from 4,000 to 18,000. */
function unevenDevices(firstId: number, count: number): NewDevice[] {
  return Array.from({ length: count }, (_, at) => {
    const id = firstId + at
    const zone = id % 5
    const ip = `10.0.${zone}.${(Math.floor(id / 5) % 3) + 1}`
    return {
      region: zone < 3 ? 1 : 2,
      zone,
      ip,
      port: 6200,
      device: `d${id}`,
      weight: 4000 + ((id * 7) % 8) * 2000,
    }
  })
}

function pairOf({ region, zone, ip, port, device, weight }: NewDevice): [string, string] {
  return [`r${region}z${zone}-${ip}:${port}/${device}`, String(weight)]
}

function figuresOf(text: string): { moved: number; balance: number; dispersion: number } {
  const [, moved, balance, dispersion] =
    /Reassigned (\d+) .*Balance is now ([\d.]+)\. +Dispersion is now ([\d.]+)/.exec(text) ?? []
  return { moved: Number(moved), balance: Number(balance), dispersion: Number(dispersion) }
}

/** Exit code 1 is a warning of these tools, 2 an error. */
function run(tool: string, ...args: readonly string[]): string {
  try {
    return execFileSync(tool, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string }
    if (status !== 1) throw new Error(`${tool} ${args.join(' ')}: ${stdout}${stderr}`, { cause: error })
    return stdout
  }
}

function placesOf(text: string): string[] {
  return [...text.matchAll(/^Server:Port Device\t(\S+ \S+)/gm)].map(([, found]) => found as string)
}

t.test(
  'a part power increase leaves the rings that swift-ring-builder leaves, and Swift reads ours',
  { skip },
  (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'martlet-rings-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    const [theirs, ours] = [join(directory, 'object.builder'), join(directory, 'ours.ring.gz')]
    run('swift-ring-builder', theirs, 'create', '6', '2.5', '0')
    run('swift-ring-builder', theirs, 'add', ...unevenDevices(0, 12).flatMap(pairOf))
    run('swift-ring-builder', theirs, 'rebalance', '--seed', '1')
    let builder = parseSwiftBuilder(readFileSync(theirs)) as Builder
    for (const [verb, step] of [
      ['prepare_increase_partition_power', prepareIncrease],
      ['increase_partition_power', increasePartPower],
      ['finish_increase_partition_power', finishIncrease],
    ] as const) {
      run('swift-ring-builder', theirs, verb)
      run('swift-ring-builder', theirs, 'write_ring')
      builder = step(builder) as Builder
      writeFileSync(ours, serialiseRing(ringOf(builder) as Ring))
      const expected = contentsOf(join(directory, 'object.ring.gz'))
      t.same(contentsOf(ours), expected, verb)
      t.equal(expected.split(' ')[1], String(builder.nextPartPower ?? 'None'), 'Swift says where it goes')
    }
    t.end()
  },
)

/** A ring as Swift's own code loads it: part shift, next part power, version and table. */
function contentsOf(ringFile: string): string {
  const script = [
    'import sys; from swift.common.ring import RingData; ring = RingData.load(sys.argv[1])',
    'print(ring._part_shift, ring.next_part_power, ring.version, [list(row) for row in ring._replica2part2dev_id])',
  ].join('\n')
  return execFileSync('/usr/bin/python3', ['-c', script, ringFile], { encoding: 'utf8' })
}
