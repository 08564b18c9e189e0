/**
 * Makes the rings of this folder with the real `swift-ring-builder` and writes down what the real `swift-get-nodes -a`
 * answers for them (Debian packages `swift` and `python3-swift`). Run from the project's root:
 *
 *     node ring/testdata/make-golden.ts
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = import.meta.dirname
const PATHS = [
  'AUTH_test',
  'AUTH_test/photos',
  'AUTH_test/photos/cat.jpg',
  'AUTH_test/photos/2024/summer/a b.jpg',
  'AUTH_test/photos/%41',
  'AUTH_ünïcode/conteneur/été 🦜',
  '.expiring_objects/1700000000/1700000000-AUTH_test/c/o',
  'AUTH_other/c/0',
  'AUTH_other/c/1',
  'AUTH_other/c/2',
  'AUTH_other/c/3',
]

type Step = readonly string[]

const add = (where: string, weight: number): Step => ['add', where, String(weight)]
const rebalance = (seed: number): Step => ['rebalance', '--seed', String(seed)]

/** By name of the ring: the arguments of `swift-ring-builder NAME.builder`, one call after the other. */
const RINGS: Readonly<Record<string, readonly Step[]>> = {
  'four-zones': [
    ['create', '8', '3', '1'],
    ...[1, 2, 3, 4].map((n) => add(`r1z${n}-127.0.0.1:62${n}0/sd${n}`, 100)),
    rebalance(1),
  ],
  'two-regions': [
    ['create', '10', '3', '1'],
    ...[1, 2, 3].flatMap((zone) =>
      [1, 2].flatMap((host) => [
        add(`r1z${zone}-10.1.${zone}.${host}:6200/sdb`, 4000),
        add(`r1z${zone}-10.1.${zone}.${host}:6200/sdc`, 6000 + 500 * zone),
      ]),
    ),
    ...[1, 2].flatMap((zone) => [1, 2, 3].map((host) => add(`r2z${zone}-10.2.${zone}.${host}:6200/sdb`, 8000))),
    rebalance(2),
  ],
  'fractional-replicas': [
    ['create', '8', '3.25', '1'],
    ...[1, 2, 3].flatMap((zone) => [
      add(`r1z${zone}-10.0.0.${zone}:6200R10.9.0.${zone}:6300/sda_rack-${zone}`, 100),
      add(`r1z${zone}-10.0.0.${zone}:6200R10.9.0.${zone}:6300/sdb_rack-${zone}`, 150),
    ]),
    rebalance(3),
  ],
  'removed-devices': [
    ['create', '8', '3', '1'],
    ...[1, 2, 3, 4].flatMap((zone) => [
      add(`r1z${zone}-10.0.0.${zone}:6200/sda`, 100),
      add(`r1z${zone}-10.0.0.${zone}:6200/sdb`, 100),
    ]),
    rebalance(4),
    ['remove', 'd2'],
    ['remove', 'd5'],
    ['set_weight', 'd7', '0'],
    ['pretend_min_part_hours_passed'],
    rebalance(5),
    ['pretend_min_part_hours_passed'],
    rebalance(6),
  ],
  'ipv6-one-replica': [
    ['create', '6', '1', '0'],
    add('r1z1-[fe80::1]:6200/sda_été', 1),
    add('r1z1-[fe80::2]:6200/sda', 2),
    // A host name is only accepted in this form.
    'add --region 2 --zone 1 --ip storage.example.org --port 6200 --device sda --weight 0.5'.split(' '),
    rebalance(7),
  ],
  'many-partitions': [
    ['create', '17', '2', '1'],
    ...[1, 2, 3, 4, 5].map((n) => add(`r1z${n % 2}-10.0.0.${n}:6200/sda`, 100)),
    rebalance(8),
  ],
}

function partitionsToAsk(steps: readonly Step[]): number[] {
  const count = 2 ** Number(steps[0]?.[1])
  return [0, 1, Math.floor(count / 4) - 1, Math.floor(count / 4), count - 2, count - 1]
}

/** The lines `Partition`, `Hash` and `Server:Port Device` of `swift-get-nodes`, as the JSON of `martlet ring nodes`. */
function answerOf(ring: string, question: readonly string[]): object {
  const text = execFileSync('swift-get-nodes', ['-a', '-d', here, ring, ...question], { encoding: 'utf8' })
  const primaries: object[] = []
  const handoffs: object[] = []
  for (const [, address = '', port, device, mark] of text.matchAll(/^Server:Port Device\t(.+):(\d+) (\S+)(\t.*)?$/gm)) {
    const ip = address.replace(/^\[|\]$/g, '')
    ;(mark === undefined ? primaries : handoffs).push({ device, ip, port: Number(port) })
  }
  return { partition: Number(/^Partition\t(\d+)$/m.exec(text)?.[1]), primaries, handoffs }
}

/** `swift-ring-builder` exits with 1 for a mere warning; only 2 is an error. */
function build(builder: string, step: Step): void {
  try {
    execFileSync('swift-ring-builder', [builder, ...step], { encoding: 'utf8' })
  } catch (error) {
    if ((error as { status?: number }).status !== 1) throw error
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'golden-rings-'))
for (const [name, steps] of Object.entries(RINGS)) {
  const builder = join(scratch, `${name}.builder`)
  for (const step of steps) build(builder, step)
  const ring = join(here, `${name}.ring.gz`)
  copyFileSync(join(scratch, `${name}.ring.gz`), ring)
  const byPath = PATHS.map((path) => ({ path, ...answerOf(ring, splitPath(path)) }))
  const byPartition = partitionsToAsk(steps).map((partition) => answerOf(ring, ['-p', String(partition)]))
  const lines = [...byPath, ...byPartition].map((answer) => JSON.stringify(answer))
  writeFileSync(join(here, `${name}.json`), `[\n${lines.join(',\n')}\n]\n`)
}
rmSync(scratch, { recursive: true })

function splitPath(path: string): string[] {
  const [account = '', container, ...object] = path.split('/')
  return [account, ...(container === undefined ? [] : [container]), ...(object.length === 0 ? [] : [object.join('/')])]
}
