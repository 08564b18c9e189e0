import * as fc from 'fast-check'
import t from 'tap'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { ExpiryFilter, splitExpiry, withExpiry } from './expiry.ts'
import { newInfo } from './info.ts'
import { MemoryIndex } from './memory-index.ts'
import {
  deletedRow,
  fromSwiftItem,
  mergeObjectRows,
  type ObjectRow,
  objectRows,
  putRow,
  toSwiftItem,
} from './object-row.ts'
import { PageCache } from './page-cache.ts'

const at = (seconds: number): Timestamp => parseTimestamp(String(seconds)) as Timestamp

const times = fc.integer({ min: 1, max: 4 })
const rows: fc.Arbitrary<ObjectRow> = fc.oneof(
  times.map((seconds) => deletedRow('o', 0, at(seconds))),
  fc
    .tuple(times, times, times, fc.option(fc.integer({ min: 10, max: 12 }), { nil: undefined }))
    .map(([data, type, meta, expiresAt]) =>
      putRow({
        name: 'o',
        policyIndex: 0,
        timestamp: at(data),
        sizeBytes: data,
        etag: `e${data}`,
        contentType: withExpiry(`type/${type};swift_bytes=7`, expiresAt),
        contentTypeTimestamp: at(Math.max(data, type)),
        metaTimestamp: at(Math.max(data, type, meta)),
      }),
    ),
)

t.test('the time of expiry travels in the content type, and nobody is shown it', async (t) => {
  t.same(splitExpiry(withExpiry('text/plain;charset=utf-8', 1700000000)), [
    'text/plain;charset=utf-8',
    1700000000,
  ])
  t.same(splitExpiry('text/plain;a=b'), ['text/plain;a=b', undefined])
  for (const forged of ['x/y; martlet_delete_at=5', 'x/y;MARTLET_DELETE_AT="5"', 'x/y ; martlet_delete_at']) {
    t.equal(splitExpiry(forged)[0].toLowerCase().includes('martlet'), false, forged)
  }
  t.same(splitExpiry('x/y;martlet_delete_at=5;a=b'), ['x/y;a=b', 5])
})

t.test('a row keeps its expiry on disk and between replicas', (t) => {
  fc.assert(
    fc.property(rows, (row) => {
      t.same(objectRows.decode('o', 0, objectRows.encode(row)), row)
      t.same(fromSwiftItem(JSON.parse(JSON.stringify(toSwiftItem(row)))), row)
    }),
    { numRuns: 200 },
  )
  t.end()
})

t.test('rows with an expiry merge in any order, any number of times', (t) => {
  fc.assert(
    fc.property(rows, rows, rows, (a, b, c) => {
      const merge = mergeObjectRows
      t.same(merge(a, b), merge(b, a))
      t.same(merge(merge(a, b), c), merge(a, merge(b, c)))
      t.same(merge(a, a), a)
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('a POST that takes the expiry away, or moves it, is what counts', async (t) => {
  const put = (expiresAt: number | undefined, meta: number): ObjectRow =>
    putRow({
      name: 'o',
      policyIndex: 0,
      timestamp: at(1),
      sizeBytes: 1,
      etag: 'e',
      contentType: withExpiry('x/y', expiresAt),
      metaTimestamp: at(meta),
    })
  t.equal(mergeObjectRows(put(10, 1), put(undefined, 2)).expiresAt, undefined)
  t.equal(mergeObjectRows(put(20, 2), put(10, 1)).expiresAt, 20)
})

t.test(
  'what has expired is not listed, pages are full all the same, and empty directories are gone',
  async (t) => {
    const index = new MemoryIndex(objectRows)
    const name = { account: 'a', container: 'c' }
    const row = (object: string, expiresAt?: number): ObjectRow =>
      putRow({
        name: object,
        policyIndex: 0,
        timestamp: at(1),
        sizeBytes: 1,
        etag: 'e',
        contentType: withExpiry('x/y', expiresAt),
      })
    const all = [
      row('a', 100),
      row('b'),
      row('d/1', 100),
      row('d/2', 100),
      row('e', 200),
      row('f/1', 100),
      row('f/2'),
    ]
    await index.apply(name, all, () => ({ result: undefined, info: newInfo(name, at(1), 0), rows: 'merge' }))
    const list = async (seconds: number, delimiter?: string, limit = 100): Promise<unknown> => {
      const filter = new ExpiryFilter(seconds)
      const query = { limit, delimiter, direction: 'forward', reservedNames: 'hidden' } as const
      const entries = await index.list(name, 0, query, filter)
      return [entries.map((entry) => (entry.kind === 'row' ? entry.row.name : entry.name)), filter.rightUntil]
    }
    t.same(await list(99), [['a', 'b', 'd/1', 'd/2', 'e', 'f/1', 'f/2'], 100])
    t.same(await list(100), [['b', 'e', 'f/2'], 200])
    t.same(await list(100, undefined, 2), [['b', 'e'], 200])
    t.same(await list(200, '/'), [['b', 'f/'], Number.POSITIVE_INFINITY])
  },
)

t.test('a kept page is made anew when the first of its rows has expired', async (t) => {
  const cache = new PageCache()
  const info = newInfo({ account: 'a', container: 'c' }, at(1), 0)
  let rendered = 0
  const page = (seconds: number): Promise<Buffer> =>
    cache.pageAt(info, ['q'], seconds, async () => {
      rendered += 1
      return { body: Buffer.from(String(rendered)), rightUntil: 100 * rendered }
    })
  t.equal((await page(50)).toString(), '1')
  t.equal((await page(99)).toString(), '2', 'kept from the second time on')
  t.equal((await page(199)).toString(), '2')
  t.equal((await page(200)).toString(), '3')
})
