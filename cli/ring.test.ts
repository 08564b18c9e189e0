import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import t from 'tap'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { realDisk } from '#disk/real-disk.ts'
import { parseBuilder } from '#ring/builder-file.ts'
import { parseRing } from '#ring/ring-file.ts'
import { ringCommand } from './ring.ts'

interface Outcome {
  readonly printed: string
  readonly errors: string
  readonly exitCode: number
}

const testdata = join(import.meta.dirname, '..', 'ring', 'testdata')

/** Runs `martlet ring …` in this process, on a clock that stands still unless it is told to move. */
class RingShell {
  readonly clock = new VirtualClock()
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  async run(...args: readonly string[]): Promise<Outcome> {
    const printed: string[] = []
    let errors = ''
    const environment = { clock: this.clock, disk: realDisk, random: new SeededRandom(1) }
    const command = ringCommand(environment, (text) => printed.push(text))
    catchExit(command, (text) => {
      errors += text
    })
    let exitCode = 0
    try {
      await command.parseAsync([...args], { from: 'user' })
    } catch (error) {
      exitCode = (error as { exitCode: number }).exitCode
    }
    return { printed: printed.join('\n'), errors, exitCode }
  }

  /** The JSON that a command prints. */
  async json(...args: readonly string[]): Promise<Record<string, unknown>> {
    return JSON.parse((await this.run(...args, '--json')).printed) as Record<string, unknown>
  }

  /** A builder of four devices in four zones, rebalanced. */
  async fourZones(): Promise<string> {
    const builder = this.path('object.builder')
    await this.run('create', builder, '6', '3', '1')
    await this.run(
      'add',
      builder,
      ...[1, 2, 3, 4].flatMap((zone) => [`r1z${zone}-10.0.0.${zone}:6200/sda`, '100']),
    )
    await this.run('rebalance', builder, '--seed', '1')
    return builder
  }
}

function catchExit(command: Command, writeErr: (text: string) => void): void {
  command.exitOverride().configureOutput({ writeErr, writeOut: () => {} })
  for (const child of command.commands) catchExit(child, writeErr)
}

t.test('from an empty builder to a ring that names devices', async (t) => {
  const shell = new RingShell(t.testdir())
  const builder = shell.path('object.builder')
  t.match(await shell.run('create', builder, '6', '3', '1'), {
    printed: /64 partitions, 3 replicas/,
    exitCode: 0,
  })
  const added = await shell.run(
    'add',
    builder,
    'r1z1-10.0.0.1:6200/sda',
    '100',
    'z2-10.0.0.2:6200/sda_old',
    '50',
  )
  t.match(added.printed, /Added device 0, r1z1-10\.0\.0\.1:6200\/sda, weight 100\nAdded device 1/)
  const options = '--zone 3 --ip 10.0.0.3 --port 6200 --device sda --weight 100'.split(' ')
  t.match(await shell.run('add', builder, ...options), { printed: /Added device 2, r1z3/ })
  t.match(await shell.run('rebalance', builder, '--seed', '1'), {
    printed: /Moved 192 replicas of 64 partitions \(100\.00 %\)/,
  })
  const ring = shell.path('object.ring.gz')
  const answer = await shell.json('nodes', '--ring', ring, '--suffix', 'x', '--all', 'AUTH_test/c/o')
  t.equal((answer['primaries'] as unknown[]).length, 3)
  t.same(answer['handoffs'], [])
  const text = await shell.run('nodes', '--ring', ring, '--suffix', 'x', 'AUTH_test/c/o')
  t.match(text.printed, /^Partition \d+\n10\.0\.0\.\d:6200 sda\n/)
})

t.test('nodes answers as swift-get-nodes does', async (t) => {
  const shell = new RingShell(testdata)
  for (const name of ['two-regions', 'fractional-replicas', 'removed-devices', 'fractional-replicas-v2']) {
    const expected = JSON.parse(readFileSync(join(testdata, `${name}.json`), 'utf8')) as { path?: string }[]
    for (const { path, ...answer } of expected.filter((one) => one.path !== undefined)) {
      const salt = ['--prefix', 'golden-prefix', '--suffix', 'golden-suffix']
      t.same(
        await shell.json('nodes', '--ring', shell.path(`${name}.ring.gz`), ...salt, '--all', path as string),
        answer,
      )
    }
  }
})

t.test('a dry run says what would move and writes nothing', async (t) => {
  const shell = new RingShell(t.testdir())
  const builder = await shell.fourZones()
  await shell.run('add', builder, 'z5-10.0.0.5:6200/sda', '100')
  await shell.run('pretend-min-part-hours-passed', builder)
  const before = readFileSync(builder)
  const dry = await shell.json('rebalance', builder, '--dry-run', '--seed', '2')
  t.match(dry, { dryRun: true, partitions: 64, unfinishedReplicas: 0 })
  t.ok(readFileSync(builder).equals(before))
  t.match(await shell.run('rebalance', builder, '--dry-run'), {
    printed: /Would move 3\d replicas of .*\n.*\nDry run: nothing was written/,
  })
  const real = await shell.json('rebalance', builder, '--seed', '2')
  t.same({ ...real, dryRun: true }, dry, 'and that is what happens')
})

t.test('the clock decides whether partitions may move', async (t) => {
  const shell = new RingShell(t.testdir())
  const builder = await shell.fourZones()
  await shell.run('add', builder, 'z5-10.0.0.5:6200/sda', '100')
  t.match(await shell.json('rebalance', builder), { movedReplicas: 0 })
  t.match(await shell.run('list', builder), { printed: /all in 60 min/ })
  await shell.clock.advance(3_600_000)
  t.match(await shell.json('rebalance', builder), { unfinishedReplicas: 0 })
})

t.test('settings and devices are changed and listed', async (t) => {
  const shell = new RingShell(t.testdir())
  const builder = await shell.fourZones()
  await shell.run('set-weight', builder, 'd0', '55.5')
  await shell.run('set-region', builder, 'z2', '7')
  await shell.run('set-zone', builder, '10.0.0.3', '9')
  await shell.run(
    'set-info',
    builder,
    'd3',
    '--ip',
    'fe80::1',
    '--meta',
    'rack 3',
    '--replication-port',
    '6300',
  )
  await shell.run('set-replicas', builder, '2.5')
  await shell.run('set-overload', builder, '10%')
  await shell.run('set-min-part-hours', builder, '24')
  const report = await shell.json('list', builder)
  t.match(report, { replicas: 2.5, overload: 0.1, minPartHours: 24 })
  t.match(report['devices'], [
    { id: 0, weight: 55.5 },
    { id: 1, region: 7 },
    { id: 2, zone: 9 },
    { id: 3, ip: 'fe80::1', meta: 'rack 3', replicationPort: 6300 },
  ])
  const found = await shell.run('search', builder, '_rack')
  t.match(found.printed, /id {2}region .*\n 3 {7}1 .*\[fe80::1\]:6200 .*rack 3$/)
  await shell.run('remove', builder, 'd3')
  t.match(await shell.run('list', builder, '3'), { printed: /removed/ })
})

t.test('dispersion, validate, write-ring and from-ring', async (t) => {
  const shell = new RingShell(t.testdir())
  const builder = await shell.fourZones()
  t.match(await shell.run('dispersion', builder), { printed: /^Dispersion 0\.00 %/ })
  t.match(await shell.run('dispersion', builder, '--all'), { printed: /tier .*\nr1 .*\nr1z1 / })
  t.match(await shell.json('dispersion', builder), { dispersion: 0, replicasAtRisk: 0 })
  t.match(await shell.run('validate', builder), { printed: /is valid/, exitCode: 0 })
  await shell.run('write-ring', builder, shell.path('copy.ring.gz'))
  t.ok(readFileSync(shell.path('copy.ring.gz')).equals(readFileSync(shell.path('object.ring.gz'))))
  await shell.run('from-ring', shell.path('copy.ring.gz'), shell.path('copy.builder'), '2')
  t.match(parseBuilder(readFileSync(shell.path('copy.builder'))), {
    kind: 'builder',
    minPartHours: 2,
    partPower: 6,
  })
  t.match(parseRing(readFileSync(shell.path('copy.ring.gz'))), { kind: 'ring' })
  await shell.run('remove', builder, '0')
  t.match(await shell.json('validate', builder), {
    valid: false,
    problems: ['device 0 waits for removal; rebalance'],
  })
  t.match(await shell.run('validate', builder), { exitCode: 1 })
})

t.test('a dry run tells the bytes to copy and, at a stated bandwidth, the hours', async (t) => {
  const shell = new RingShell(t.testdir())
  const builder = await shell.fourZones()
  await shell.run('pretend-min-part-hours-passed', builder)
  await shell.run('add', builder, 'r1z5-10.0.0.5:6200/sda', '100')
  const dry = ['rebalance', builder, '--seed', '2', '--dry-run']
  const plain = await shell.json(...dry)
  t.equal(plain['cost'], undefined)
  const moved = plain['movedReplicas'] as number
  t.same((await shell.json(...dry, '--partition-bytes', '1G'))['cost'], { bytes: moved * 2 ** 30 })
  const stored = ['--stored-bytes', '192G']
  const slow = await shell.json(...dry, ...stored, '--bandwidth', '1M')
  t.match(slow['cost'], { bytes: moved * 2 ** 30, hours: (moved * 1024) / 3600 })
  const narrow = await shell.json(...dry, ...stored, '--bandwidth', '1G', '--device-bandwidth', '1M')
  t.match(narrow['cost'], { hours: (moved * 1024) / 3600 }, 'the new device receives all of it')
  t.match((await shell.run(...dry, ...stored)).printed, /\nAbout [\d.]+ GiB to copy\n/)
  const unsaid = await shell.run(...dry, '--bandwidth', '1M')
  t.match(unsaid, { errors: /^error: say how much is stored, .*\n$/, exitCode: 1 })
  t.match(await shell.run(...dry, '--bandwidth', 'fast'), {
    errors: /It is not a number of bytes/,
    exitCode: 1,
  })
})

t.test('the part power grows in the steps of swift-ring-builder, under its names, too', async (t) => {
  const shell = new RingShell(t.testdir())
  const builder = await shell.fourZones()
  const ring = (): unknown => parseRing(readFileSync(shell.path('object.ring.gz')))
  t.match(await shell.run('prepare-increase-part-power', builder), {
    printed: /^The part power is 6 and will be 7\. Wrote .*object\.ring\.gz, version \d+\.\nGive every node/,
    exitCode: 0,
  })
  t.match(ring(), { ring: { partPower: 6, nextPartPower: 7 } })
  t.match(await shell.run('rebalance', builder), {
    errors: /increase of the part power is under way/,
    exitCode: 1,
  })
  t.match(await shell.run('increase_partition_power', builder), {
    printed: /^The part power is 7; /,
    exitCode: 0,
  })
  t.match(ring(), { ring: { partPower: 7, nextPartPower: 7 } })
  t.match(await shell.run('finish-increase-part-power', builder), { printed: /^The part power is 7\./ })
  t.match(ring(), { ring: { partPower: 7, nextPartPower: undefined } })
  t.match(await shell.run('validate', builder), { exitCode: 0 })
  t.match(await shell.run('rebalance', builder, '--seed', '2'), { printed: /^Moved 0 replicas/, exitCode: 0 })
  t.match(await shell.run('cancel-increase-part-power', builder), {
    errors: /^error: no increase is prepared/,
  })
  const empty = shell.path('empty.builder')
  await shell.run('create', empty, '6', '3', '1')
  t.match(await shell.run('prepare-increase-part-power', empty), { errors: /rebalance first/, exitCode: 1 })
})

t.test('import continues from a builder of Swift and from a ring file', async (t) => {
  const shell = new RingShell(t.testdir())
  const imported = async (file: string, ...options: readonly string[]): Promise<unknown> => {
    const path = shell.path(`${file}.imported`)
    const { printed, errors } = await shell.run('import', join(testdata, file), path, ...options)
    t.match(
      `${printed}${errors}`,
      /^Made .*imported from .*: \d+ partitions, .* devices, min part hours \d+$/,
    )
    return parseBuilder(readFileSync(path))
  }
  t.match(await imported('swift-fresh.builder'), {
    partPower: 6,
    replicas: 2.5,
    minPartHours: 4,
    overload: 0.1,
    devices: [{ weight: 100, meta: 'rack one' }, { weight: 150.5 }],
  })
  t.match(await imported('swift-changed.builder', '--min-part-hours', '9'), { minPartHours: 9 })
  t.match(await imported('four-zones.ring.gz'), { partPower: 8, replicas: 3, minPartHours: 1 })
  const again = await shell.run(
    'import',
    join(testdata, 'swift-fresh.builder'),
    shell.path('swift-fresh.builder.imported'),
  )
  t.match(again, { errors: /is there already\n$/, exitCode: 1 })
  writeFileSync(shell.path('pickle'), Buffer.from('80026375726c', 'hex'))
  const foreign = await shell.run('import', shell.path('pickle'), shell.path('other'))
  t.match(foreign, { errors: /^error: cannot read builder .*\n$/, exitCode: 1 })
  t.notOk(existsSync(shell.path('other')))
})

t.test('a mistake gives one sentence, exit code 1, and changes nothing', async (t) => {
  const shell = new RingShell(t.testdir())
  const builder = await shell.fourZones()
  const before = readFileSync(builder)
  writeFileSync(shell.path('junk'), 'junk')
  const mistakes: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['list', shell.path('none')], /^error: cannot read .*none: there is no such file\n$/],
    [['list', shell.directory], /^error: cannot read .*: it is a directory\n$/],
    [
      ['list', shell.path('junk')],
      /^error: cannot read builder .*junk: it is not a builder file of martlet\n$/,
    ],
    [['nodes', '--ring', builder, 'a'], /^error: cannot read ring .*: it does not begin with R1NG\n$/],
    [['nodes', 'a'], /^error: required option '--ring <file>' not specified\n$/],
    [
      ['nodes', '--ring', shell.path('object.ring.gz'), '/'],
      /^error: give ACCOUNT, ACCOUNT\/CONTAINER or .*\n$/,
    ],
    [['create', builder, '6', '3', '1'], /^error: .* is there already\n$/],
    [
      ['create', shell.path('new'), '6', 'three', '1'],
      /^error: .*'three' is invalid.*It is not a number\.\n$/,
    ],
    [
      ['create', shell.path('new'), '99', '3', '1'],
      /^error: part power must be a whole number from 0 to 26, not 99\n$/,
    ],
    [
      ['create', shell.path('no/where/new'), '6', '3', '1'],
      /^error: cannot write .*: there is no such file\n$/,
    ],
    [
      ['add', builder, 'z1-10.0.0.1:6200/sda', '100'],
      /^error: r1z1-10\.0\.0\.1:6200\/sda is in the ring already\n$/,
    ],
    [['add', builder, 'z1-10.0.0.9:6200/sda'], /^error: every device needs a weight: .*\n$/],
    [['add', builder, 'nonsense', '1'], /^error: nonsense is not of the form r1z2-10\.0\.0\.1:6200\/sdb1\n$/],
    [['add', builder, 'z1-10.0.0.9:6200/sda', 'heavy'], /^error: the weight of .* is not a number: heavy\n$/],
    [['add', builder, '--zone', '1'], /^error: give pairs of place and weight, or --zone.*\n$/],
    [['set-weight', builder, 'd77', '1'], /^error: no device matches d77\n$/],
    [['set-weight', builder, '::::', '1'], /^error: :::: is not a search; such as .*\n$/],
    [['set-info', builder, 'd1'], /^error: say what to change, such as --ip or --meta\n$/],
    [['set-replicas', builder, '0'], /^error: replicas must be a number from 1, not 0\n$/],
    [['rebalance', builder, '--sed'], /^error: unknown option '--sed'.*\n.*\n$/],
  ]
  for (const [args, message] of mistakes) {
    const { errors, exitCode } = await shell.run(...args)
    t.match(errors, message, args.join(' '))
    t.equal(exitCode, 1)
  }
  t.ok(readFileSync(builder).equals(before))
  t.notOk(existsSync(shell.path('new')))
})

t.test('the same commands make the same ring, byte for byte', async (t) => {
  const top = t.testdir({ one: {}, two: {} })
  await new RingShell(join(top, 'one')).fourZones()
  await new RingShell(join(top, 'two')).fourZones()
  const [one, two] = ['one', 'two'].map((name) => readFileSync(join(top, name, 'object.ring.gz')))
  t.ok(one?.equals(two as Buffer))
})
