import fc from 'fast-check'
import t from 'tap'
import { compareUtf8 } from '#base/names.ts'
import { type CursorItem, type ListingQuery, listingBounds, listNames, type NameCursor } from './listing.ts'

/** A cursor over sorted names that counts how many were read. */
class ArrayCursor implements NameCursor<undefined> {
  readonly #names: readonly string[]
  readonly #sign: 1 | -1
  #at = 0
  read = 0

  constructor(names: readonly string[], query: ListingQuery) {
    const { lower, lowerIncluded, upper } = listingBounds(query)
    const within = names.toSorted(compareUtf8).filter((name) => {
      const order = Buffer.compare(Buffer.from(name), lower)
      if (order < 0 || (order === 0 && lowerIncluded === 'left_out')) return false
      return upper === undefined || Buffer.compare(Buffer.from(name), upper) < 0
    })
    this.#sign = query.direction === 'forward' ? 1 : -1
    this.#names = query.direction === 'forward' ? within : within.toReversed()
  }

  async next(count: number): Promise<readonly CursorItem<undefined>[]> {
    const page = this.#names.slice(this.#at, this.#at + count)
    this.#at += page.length
    this.read += page.length
    return page.map((name) => ({ name, value: undefined }))
  }

  seek(target: Buffer): void {
    this.#at = this.#names.findIndex((name) => Buffer.compare(Buffer.from(name), target) * this.#sign >= 0)
    if (this.#at < 0) this.#at = this.#names.length
  }
}

function query(fields: Partial<ListingQuery>): ListingQuery {
  return { limit: 10_000, direction: 'forward', reservedNames: 'hidden', ...fields }
}

async function list(names: readonly string[], fields: Partial<ListingQuery>): Promise<string[]> {
  const asked = query(fields)
  const entries = await listNames(new ArrayCursor(names, asked), asked)
  return entries.map((entry) => ('subdir' in entry ? `>${entry.subdir}` : entry.name))
}

/** The same by looking at every name, without bounds, cursors or seeks. */
function naive(names: readonly string[], asked: ListingQuery): string[] {
  const forward = asked.direction === 'forward'
  const low = (forward ? asked.marker : asked.endMarker) ?? ''
  const high = (forward ? asked.endMarker : asked.marker) ?? ''
  const { path } = asked
  const prefix = path === undefined ? (asked.prefix ?? '') : path === '' ? '' : `${path.replace(/\/*$/, '')}/`
  const delimiter = path === undefined ? (asked.delimiter ?? '') : '/'
  const sorted = names
    .filter((name) => name.startsWith(prefix))
    .filter((name) => low === '' || compareUtf8(name, low) > 0)
    .filter((name) => high === '' || compareUtf8(name, high) < 0)
    .filter((name) => asked.reservedNames === 'shown' || !name.startsWith('\0'))
    .toSorted(compareUtf8)
  const shown: string[] = []
  for (const name of forward ? sorted : sorted.toReversed()) {
    const at = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    if (path !== undefined) {
      const direct = at < 0 || at === name.length - 1
      if (direct && !(name === prefix && prefix !== '')) shown.push(name)
    } else if (at < 0) {
      shown.push(name)
    } else {
      const directory = name.slice(0, at + delimiter.length)
      if (directory !== low && shown.at(-1) !== `>${directory}`) shown.push(`>${directory}`)
    }
  }
  return shown.slice(0, asked.limit)
}

const parts = fc.constantFrom('a', 'b', '/', '//', '-', '\0', '\uffff', '\u{1f600}', 'é', '0', '.')
const name = fc.array(parts, { minLength: 1, maxLength: 5 }).map((some) => some.join(''))
const maybeName = fc.option(name, { nil: undefined })
const anyQuery: fc.Arbitrary<ListingQuery> = fc.record({
  limit: fc.integer({ min: 0, max: 40 }),
  marker: maybeName,
  endMarker: maybeName,
  prefix: fc.option(fc.oneof(parts, name, fc.constant('')), { nil: undefined }),
  delimiter: fc.option(fc.oneof(fc.constantFrom('/', '//', '-', 'a/', '\u{1f600}', ''), parts), {
    nil: undefined,
  }),
  path: fc.option(fc.oneof(fc.constantFrom('', '/', 'a', 'a/', 'a//'), parts), { nil: undefined, freq: 3 }),
  direction: fc.constantFrom('forward', 'reverse'),
  reservedNames: fc.constantFrom('hidden', 'shown'),
})

t.test('every listing is what looking at every name gives', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { maxLength: 60 }), anyQuery, async (names, asked) => {
      t.same(await list(names, asked), naive(names, asked))
    }),
    { numRuns: 2000 },
  )
})

t.test('names come in the order of their bytes, not of UTF-16', async (t) => {
  t.same(await list(['\u{1f600}', '\uffff', 'z', 'Z'], {}), ['Z', 'z', '\uffff', '\u{1f600}'])
})

t.test(
  'a subdir that the marker names is not shown again, a later one of the same directory is',
  async (t) => {
    const names = ['a/1', 'a/2', 'b']
    t.same(await list(names, { delimiter: '/' }), ['>a/', 'b'])
    t.same(await list(names, { delimiter: '/', marker: 'a/' }), ['b'])
    t.same(await list(names, { delimiter: '/', marker: 'a/1' }), ['>a/', 'b'])
  },
)

t.test('a path lists what lies directly in it, with markers of directories', async (t) => {
  const names = ['p', 'p/', 'p/a', 'p/d/', 'p/d/x', 'p/d0', 'p/e/y', 'q']
  t.same(await list(names, { path: 'p' }), ['p/a', 'p/d/', 'p/d0'])
  t.same(await list(names, { path: 'p', direction: 'reverse' }), ['p/d0', 'p/d/', 'p/a'])
  t.same(await list(names, { path: '' }), ['p', 'p/', 'q'])
})

t.test('what a subdir hides is passed over, not read', async (t) => {
  const names = Array.from({ length: 20 }, (_, directory) =>
    Array.from({ length: 1000 }, (_, at) => `${directory}/${at}`),
  ).flat()
  for (const direction of ['forward', 'reverse'] as const) {
    const asked = query({ delimiter: '/', direction })
    const cursor = new ArrayCursor(names, asked)
    t.equal((await listNames(cursor, asked)).length, 20)
    t.ok(cursor.read <= 20 * 16, `${cursor.read} names read`)
  }
})
