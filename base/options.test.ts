import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  boolean,
  bytes,
  decimal,
  duration,
  integer,
  listOf,
  oneOf,
  path,
  port,
  text,
  type ValueParser,
} from './option-values.ts'
import { explain, nearestName, option, parseOptions } from './options.ts'

const TABLE = {
  bindPort: option({
    name: 'bind_port',
    doc: 'Where to listen.',
    parse: port,
    default: 8080,
    source: 'Swift',
  }),
  clientTimeoutMs: option({
    name: 'client_timeout',
    doc: 'Longest silence of a client.',
    unit: 'seconds',
    parse: duration,
    default: 60_000,
    source: 'Swift',
  }),
  devices: option({ name: 'devices', doc: 'Where the devices are.', parse: path, source: 'Swift' }),
  policies: option({ name: 'policies', doc: 'Names.', parse: listOf(text()), default: [], source: 'ours' }),
}

void t.test('options come out typed, with defaults, frozen', async (t) => {
  const parsed = parseOptions(TABLE, { devices: '/srv/node', 'client-timeout': '500ms', '--bind-port': '0' })
  if (parsed.kind !== 'options') throw new Error(parsed.errors.join('; '))
  const bindPort: number = parsed.options.bindPort
  t.equal(bindPort, 0)
  t.same(parsed.options, { bindPort: 0, clientTimeoutMs: 500, devices: '/srv/node', policies: [] })
  t.throws(() => Object.assign(parsed.options, { bindPort: 1 }), TypeError)
})

void t.test('every mistake is named, all at once', async (t) => {
  const parsed = parseOptions(TABLE, { bind_prot: 1, bind_port: 'eighty', client_timeout: -1, colour: 'red' })
  t.same(parsed, {
    kind: 'errors',
    errors: [
      'unknown option bind_prot (did you mean bind_port?)',
      'unknown option colour',
      'option bind_port: "eighty" is not a port (0 to 65535)',
      'option client_timeout: -1 is not a duration: seconds, or a number with ms, s, m, h or d',
      'option devices is missing: Where the devices are.',
    ],
  })
})

void t.test('a secret is not repeated in an error', async (t) => {
  const parse = text({ leastLength: 16 })
  const table = { key: option({ name: 'key', doc: 'A key.', parse, secret: true, source: 'ours' }) }
  t.same(parseOptions(table, { key: 'hunter2' }), {
    kind: 'errors',
    errors: ['option key: the value given is not a text of at least 16 characters'],
  })
})

void t.test('a table explains itself', async (t) => {
  t.same(explain(TABLE), [
    { name: 'bind_port', default: '8080', unit: '', doc: 'Where to listen.', source: 'Swift' },
    {
      name: 'client_timeout',
      default: '60000',
      unit: 'seconds',
      doc: 'Longest silence of a client.',
      source: 'Swift',
    },
    { name: 'devices', default: 'required', unit: '', doc: 'Where the devices are.', source: 'Swift' },
    { name: 'policies', default: '[]', unit: '', doc: 'Names.', source: 'ours' },
  ])
})

void t.test('a name is suggested only when it is near', async (t) => {
  const names = ['bind_ip', 'bind_port', 'devices', 'log_level']
  t.equal(nearestName('bindport', names), 'bind_port')
  t.equal(nearestName('--bind-ip', names), 'bind_ip')
  t.equal(nearestName('loglevel', names), 'log_level')
  t.equal(nearestName('colour', names), undefined)
  t.equal(nearestName('x'.repeat(10_000), names), undefined)
})

function accepts<Value>(
  t: Test,
  parser: ValueParser<Value>,
  cases: readonly (readonly [unknown, Value])[],
): void {
  for (const [written, value] of cases) t.same(parser(written), { kind: 'value', value }, String(written))
}

function refuses(t: Test, parser: ValueParser<unknown>, cases: readonly unknown[]): void {
  for (const written of cases) t.equal(parser(written).kind, 'expected', String(written))
}

void t.test('numbers', async (t) => {
  accepts(t, port, [
    [8080, 8080],
    ['0', 0],
    ['65535', 65_535],
  ])
  refuses(t, port, [-1, 65_536, '80 ', '', 'http', 80.5, null, true, []])
  accepts(t, integer({ least: 1, most: 3 }), [
    [1, 1],
    ['3', 3],
    [2n, 2],
  ])
  refuses(t, integer({ least: 1, most: 3 }), [0, 4, 1.5, Number.NaN, '1e0'])
  accepts(t, decimal({ least: 0 }), [
    [0.5, 0.5],
    ['2.25', 2.25],
  ])
  refuses(t, decimal({ least: 0 }), [-0.1, 'a'])
})

void t.test('bytes and durations', async (t) => {
  accepts(t, bytes, [
    [65_536, 65_536],
    ['64K', 65_536],
    ['64 KiB', 65_536],
    ['1.5m', 1_572_864],
    ['5GB', 5 * 1024 ** 3],
    ['2 t', 2 * 1024 ** 4],
    ['7b', 7],
  ])
  refuses(t, bytes, ['', 'K', '-1', '1 X', '1e3', '9999999999999999T'])
  accepts(t, duration, [
    [60, 60_000],
    ['0.5', 500],
    ['500ms', 500],
    ['5 m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])
  refuses(t, duration, ['', 'soon', '-1', '1y'])
})

void t.test('words, lists and paths', async (t) => {
  accepts(t, boolean, [
    [true, true],
    ['Yes', true],
    ['off', false],
    ['0', false],
  ])
  refuses(t, boolean, ['maybe', 2, null])
  accepts(t, oneOf(['plain', 'json']), [['json', 'json']])
  refuses(t, oneOf(['plain', 'json']), ['JSON', 1])
  accepts(t, listOf(port), [
    ['80, 81,', [80, 81]],
    [
      [80, '81'],
      [80, 81],
    ],
    ['', []],
  ])
  refuses(t, listOf(port), ['80,x', 80, {}])
  accepts(t, path, [['/srv', '/srv']])
  refuses(t, path, ['', 'a\0b', 3])
  refuses(t, text({ leastLength: 3 }), ['ab', 3])
})

void t.test('no parser ever throws', async (t) => {
  const parsers: readonly ValueParser<unknown>[] = [
    boolean,
    bytes,
    duration,
    integer(),
    decimal(),
    listOf(port),
    oneOf(['a']),
    path,
    port,
    text(),
  ]
  fc.assert(fc.property(fc.anything(), (written) => parsers.every((parse) => parse(written).kind.length > 0)))
  t.pass()
})
