import t from 'tap'
import { isoForm, millisecondsOf, timestampFromTicks } from '#base/timestamp.ts'
import type { ListedObject } from '#store/listing.ts'
import { DELETE_MARKER_TYPE, NULL_VERSION } from '#store/versions/version-names.ts'
import { VersionRows } from './listed-versions.ts'

const at = (second: number) => timestampFromTicks((1_700_000_000 + second) * 100_000)
const ms = (second: number): number => millisecondsOf(at(second))

interface Row {
  readonly second: number
  readonly key?: string
  readonly says?: 'latest'
  readonly is?: 'marker' | 'plain'
}

function listed({ second, key = 'o', says, is }: Row): ListedObject {
  return {
    kind: 'object',
    name: key,
    sizeBytes: 1,
    etag: 'e',
    contentType: is === 'marker' ? DELETE_MARKER_TYPE : 'text/plain',
    lastModified: isoForm(at(second)),
    extra: { version_id: is === 'plain' ? NULL_VERSION : at(second), is_latest: says === 'latest' },
  }
}

/** Places as `current`, `unsettled`, or the second since when it is noncurrent; lone markers by their keys. */
function placesOf(rows: readonly Row[]) {
  const versions = new VersionRows()
  const read = rows.map((row) => versions.next(listed(row)))
  const places = read.map(({ version: { place } }) => {
    if (place.kind !== 'noncurrent') return place.kind
    return `${(place.sinceMs - ms(0)) / 1000}, ${place.newer} newer`
  })
  return { places, lone: [...read.map(({ lone }) => lone), versions.end()].flatMap((one) => one?.key ?? []) }
}

t.test('versions below the current one are noncurrent since the one above them was written', async (t) => {
  const rows: readonly Row[] = [
    { second: 9, says: 'latest' },
    { second: 7 },
    { second: 5, is: 'marker' },
    { second: 3 },
  ]
  t.same(placesOf(rows), { places: ['current', '9, 0 newer', '7, 1 newer', '5, 2 newer'], lone: [] })
})

t.test('versions above the current one are left alone', async (t) => {
  const rows: readonly Row[] = [{ second: 9 }, { second: 7 }, { second: 5, says: 'latest' }, { second: 3 }]
  t.same(placesOf(rows).places, ['unsettled', 'unsettled', 'current', '5, 0 newer'])
  t.same(
    placesOf([{ second: 9 }, { second: 7 }]).places,
    ['unsettled', 'unsettled'],
    'none is the current one',
  )
  const deleted: readonly Row[] = [{ second: 9 }, { second: 7, is: 'marker', says: 'latest' }, { second: 5 }]
  t.same(placesOf(deleted).places, ['unsettled', 'current', '7, 0 newer'])
})

t.test(
  'below an object without a version its own copy and what is to overwrite it are left alone',
  async (t) => {
    const plain: Row = { second: 5, is: 'plain', says: 'latest' }
    const rows: readonly Row[] = [plain, { second: 9 }, { second: 5 }, { second: 3 }, { second: 1 }]
    t.same(placesOf(rows).places, ['current', 'unsettled', 'unsettled', '5, 0 newer', '3, 1 newer'])
  },
)

t.test('of two that say that they are the current one the later word counts', async (t) => {
  const rows: readonly Row[] = [
    { second: 9, is: 'marker', says: 'latest' },
    { second: 7 },
    { second: 5, says: 'latest' },
    { second: 3 },
  ]
  t.same(placesOf(rows).places, ['current', '9, 0 newer', 'current', '5, 0 newer'])
})

t.test('a marker is a lone one when it is all there is of its key', async (t) => {
  const rows: readonly Row[] = [
    { key: 'a', second: 9, is: 'marker', says: 'latest' },
    { key: 'b', second: 9, is: 'marker', says: 'latest' },
    { key: 'b', second: 7 },
    { key: 'c', second: 9, is: 'marker' },
    { key: 'd', second: 9, says: 'latest' },
    { key: 'e', second: 9, is: 'marker', says: 'latest' },
  ]
  t.same(placesOf(rows).lone, ['a', 'e'])
})
