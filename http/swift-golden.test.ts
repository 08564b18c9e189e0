/** Our parsers against the answers of OpenStack Swift itself (`testdata/golden.py` says how they were taken). */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { LISTING_TYPES, negotiate } from './accept.ts'
import { evaluateConditions, parseHttpDate } from './conditionals.ts'
import type { HeaderMap } from './message.ts'
import { multipartLength, renderMultipart } from './multipart-ranges.ts'
import { parseQuery } from './query.ts'
import { parseRange, resolveRanges } from './ranges.ts'
import { splitPath } from './routes.ts'

interface Golden {
  readonly ranges: readonly (readonly [string, number, string | readonly (readonly [number, number])[]])[]
  readonly accept: readonly (readonly [string | null, string])[]
  readonly paths: readonly (readonly [
    string,
    readonly [number, number, boolean],
    readonly (string | null)[] | null,
  ])[]
  readonly query: readonly (readonly [string, readonly (readonly [string, string])[]])[]
  readonly conditions: readonly (readonly [
    Readonly<Record<string, string>>,
    readonly [number, string | null, string | null],
    string,
  ])[]
  readonly multipart: string
}

const golden = JSON.parse(readFileSync(new URL('./testdata/golden.json', import.meta.url), 'utf8')) as Golden

void t.test('ranges resolve as in Swift', async (t) => {
  for (const [header, lengthBytes, expected] of golden.ranges) {
    const resolved = resolveRanges(parseRange(header), lengthBytes)
    const ranges =
      resolved.kind === 'single'
        ? [resolved.range]
        : resolved.kind === 'multiple'
          ? resolved.ranges
          : undefined
    const ours = ranges?.map((range) => [range.start, range.end]) ?? resolved.kind
    t.same(ours, expected, `${header} of ${lengthBytes} bytes`)
  }
})

void t.test('Accept is negotiated as in Swift', async (t) => {
  for (const [header, expected] of golden.accept) {
    const negotiated = negotiate(header ?? undefined, LISTING_TYPES)
    t.equal(negotiated.kind === 'chosen' ? negotiated.contentType : negotiated.kind, expected, `${header}`)
  }
})

void t.test('paths are split as in Swift', async (t) => {
  for (const [path, [least, most, rest], expected] of golden.paths) {
    const split = splitPath(path, { least, most, last: rest ? 'takes_rest' : 'single' })
    const ours = split.kind === 'path' ? split.segments.map((segment) => segment ?? null) : null
    t.same(ours, expected, `${path} into ${least} to ${most}`)
  }
})

void t.test('queries are read as in Swift', async (t) => {
  for (const [query, expected] of golden.query) t.same(parseQuery(query).values, new Map(expected), query)
})

void t.test('conditions are judged as in Swift', async (t) => {
  for (const [headers, [status, etag, modified], expected] of golden.conditions) {
    const lower: HeaderMap = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
    const entity = {
      exists: status === 200,
      etag: etag ?? undefined,
      lastModifiedSeconds: parseHttpDate(modified ?? undefined),
    }
    t.equal(evaluateConditions(lower, entity), expected, `${JSON.stringify(headers)} on ${status}`)
  }
})

void t.test('several ranges are written as in Swift', async (t) => {
  const whole = Buffer.from('0123456789')
  const multipart = {
    ranges: [
      { start: 0, end: 2 },
      { start: 4, end: 10 },
    ],
    contentType: 'text/plain',
    lengthBytes: 10,
    boundary: 'b'.repeat(32),
  }
  const pieces: Buffer[] = []
  const read = async function* (range: {
    readonly start: number
    readonly end: number
  }): AsyncGenerator<Buffer> {
    yield whole.subarray(range.start, range.end)
  }
  for await (const piece of renderMultipart(multipart, read)) pieces.push(piece)
  t.equal(Buffer.concat(pieces).toString(), golden.multipart)
  t.equal(multipartLength(multipart), golden.multipart.length)
})
