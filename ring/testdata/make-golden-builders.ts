/**
 * Makes the builder files `swift-*.builder` of this folder with the real `swift-ring-builder` (Debian packages `swift`
 * and `python3-swift`) and writes down what Swift itself reads in them. Run from the project's root:
 *
 *     node ring/testdata/make-golden-builders.ts
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = import.meta.dirname

type Step = readonly string[]

const TWO_REGIONS: readonly Step[] = [
  ['create', '6', '2.5', '4'],
  ['add', 'r1z1-10.0.0.1:6200R10.9.0.1:6300/sdb_rack one', '100', 'r1z1-10.0.0.1:6210/sdc', '150.5'],
  ['add', 'r1z2-10.0.0.2:6200/sdb', '100', 'r2z1-[fe80::1]:6200/sdb', '80', 'r2z1-10.1.0.2:6200/sdb', '80'],
  ['set_overload', '10%'],
  ['rebalance', '--seed', '1'],
]

/** By name of the builder: the arguments of `swift-ring-builder object.builder`, one call after the other. */
const BUILDERS: Readonly<Record<string, readonly Step[]>> = {
  'swift-fresh': TWO_REGIONS,
  // Every partition may move; one device is gone, another one goes at the next rebalance.
  'swift-changed': [
    ...TWO_REGIONS,
    ['pretend_min_part_hours_passed'],
    ['remove', 'd1'],
    ['rebalance', '--seed', '2'],
    ['remove', 'd4'],
    ['set_weight', 'd0', '120'],
  ],
  'swift-more-partitions': [...TWO_REGIONS, ['prepare_increase_partition_power']],
  'swift-more-partitions-done': [
    ...TWO_REGIONS,
    ['prepare_increase_partition_power'],
    ['increase_partition_power'],
  ],
  'swift-empty': [
    ['create', '4', '3', '1'],
    ['add', 'r1z1-10.0.0.1:6200/sdb', '100'],
  ],
}

const READ_BY_SWIFT = `
import json, sys
from swift.common.ring import RingBuilder
b = RingBuilder.load(sys.argv[1])
plain = {k: getattr(b, k) for k in ('part_power', 'next_part_power', 'replicas', 'min_part_hours', 'version', 'overload', 'devs')}
plain['table'] = [list(row) for row in b._replica2part2dev or []]
plain['moves_epoch'] = b._last_part_moves_epoch
plain['moves'] = list(b._last_part_moves)
plain['removed'] = [d['id'] for d in b._remove_devs]
print(json.dumps(plain, sort_keys=True))
`

const folder = mkdtempSync(join(tmpdir(), 'golden-builders-'))
try {
  for (const [name, steps] of Object.entries(BUILDERS)) make(name, steps)
} finally {
  rmSync(folder, { recursive: true })
}

function make(name: string, steps: readonly Step[]): void {
  // The part power of no other ring can be increased.
  const file = join(folder, name, 'object.builder')
  mkdirSync(join(folder, name))
  for (const [command = '', ...rest] of steps) builder(file, command, rest)
  writeFileSync(join(here, `${name}.builder`), readFileSync(file))
  writeFileSync(join(here, `${name}.json`), execFileSync('/usr/bin/python3', ['-c', READ_BY_SWIFT, file]))
}

/** It ends with 1 where it only warns, of a balance that could be better for instance. */
function builder(file: string, command: string, rest: readonly string[]): void {
  try {
    execFileSync('swift-ring-builder', [file, command, ...rest], { input: 'y\n', stdio: ['pipe', 'pipe', 'inherit'] })
  } catch (error) {
    if ((error as { status?: number }).status !== 1) throw error
  }
}
