/** Our index against OpenStack Swift's own (`testdata/golden.py` says how its answers were taken). */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { at, mergeInto, row } from './index-contract.ts'
import { MemoryIndex } from './memory-index.ts'
import {
  deletedRow,
  mergeObjectRows,
  type ObjectRow,
  objectRows,
  putRow,
  splitSwiftBytes,
  toSwiftItem,
} from './object-row.ts'

interface GoldenQuery {
  readonly limit: number
  readonly marker?: string
  readonly end_marker?: string
  readonly prefix?: string
  readonly delimiter?: string
  readonly reverse: boolean
  readonly allow_reserved: boolean
  /** Subdirs with `>` before their names. */
  readonly listed: readonly string[]
}

interface GoldenListing {
  readonly names: readonly string[]
  readonly queries: readonly GoldenQuery[]
}

interface GoldenUpdate {
  readonly delete?: boolean
  readonly timestamp: string
  readonly size?: number
  readonly etag?: string
  readonly content_type?: string
  readonly content_type_timestamp?: string
  readonly meta_timestamp?: string
}

interface GoldenMerge {
  readonly updates: readonly GoldenUpdate[]
  readonly row: Readonly<Record<string, unknown>>
}

function golden<Content>(name: string): Content {
  return JSON.parse(readFileSync(new URL(`./testdata/${name}.json`, import.meta.url), 'utf8')) as Content
}

t.test('listings are those of Swift', async (t) => {
  for (const { names, queries } of golden<readonly GoldenListing[]>('listings')) {
    const index = new MemoryIndex(objectRows)
    const name = { account: 'a', container: 'c' }
    const rows = names.map((one) => row(one, 2))
    await index.apply(name, rows, mergeInto)
    for (const query of queries) {
      const entries = await index.list(name, 0, {
        limit: query.limit,
        marker: query.marker,
        endMarker: query.end_marker,
        prefix: query.prefix,
        delimiter: query.delimiter,
        direction: query.reverse ? 'reverse' : 'forward',
        reservedNames: query.allow_reserved ? 'shown' : 'hidden',
      })
      const listed = entries.map((entry) => (entry.kind === 'row' ? entry.row.name : `>${entry.name}`))
      t.same(listed, query.listed, JSON.stringify({ names, ...query }))
    }
  }
})

t.test('rows are merged as Swift merges them, in any order', async (t) => {
  for (const { updates, row: expected } of golden<readonly GoldenMerge[]>('merges')) {
    const rows = updates.map(rowOf)
    for (const order of [rows, rows.toReversed()]) {
      const { created_at, size, content_type, etag, deleted } = toSwiftItem(order.reduce(mergeObjectRows))
      const actual = { created_at, size, content_type, etag, deleted }
      t.same(
        actual,
        { ...expected, content_type: canonical(String(expected['content_type'])) },
        JSON.stringify(updates),
      )
    }
  }
})

/** Swift takes the spaces between parameters out when it merges or lists a row, we already when it arrives. */
function canonical(contentType: string): string {
  const [type, swiftBytes] = splitSwiftBytes(contentType)
  return swiftBytes === undefined ? type : `${type};swift_bytes=${swiftBytes}`
}

function rowOf(update: GoldenUpdate): ObjectRow {
  const timestamp = time(update.timestamp) ?? at(0)
  if (update.delete === true) return deletedRow('o', 0, timestamp)
  return putRow({
    name: 'o',
    policyIndex: 0,
    timestamp,
    sizeBytes: update.size ?? 0,
    etag: update.etag ?? '',
    contentType: update.content_type ?? '',
    contentTypeTimestamp: time(update.content_type_timestamp),
    metaTimestamp: time(update.meta_timestamp),
  })
}

function time(written: string | undefined): Timestamp | undefined {
  return written === undefined ? undefined : parseTimestamp(written)
}
