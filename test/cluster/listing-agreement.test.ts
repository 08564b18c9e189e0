/**
 * Listings over replicas that have different rows: what the store lists is what a container with all rows would list.
 * The replicas are real container servers; rows are written to single ones behind the store's back.
 */
import fc from 'fast-check'
import t from 'tap'
import { compareUtf8 } from '#base/names.ts'
import { EMPTY_BODY } from '#http/message.ts'
import type { ListingQuery } from '#store/listing.ts'
import { MemoryCluster } from './memory-cluster.ts'

const CONTAINER = { account: 'AUTH_test', container: 'c' }

/** One row, and which of the three replicas have it. An acknowledged write is on two at least. */
interface Write {
  readonly name: string
  readonly second: number
  readonly deleted: boolean
  readonly missing: 0 | 1 | 2 | 'none'
}

const names = fc.constantFrom(
  'a',
  'a/1',
  'a/2',
  'a/b/1',
  'a/b/2',
  'b',
  'b/',
  'c',
  'c/x',
  'd--1',
  'd--2',
  'é',
  '😀/1',
  'z',
)
const writes = fc.array(
  fc.record<Write>({
    name: names,
    second: fc.integer({ min: 0, max: 20 }),
    deleted: fc.boolean(),
    missing: fc.constantFrom<Write['missing'][]>(0, 1, 2, 'none'),
  }),
  { maxLength: 25 },
)
const queries = fc.record<ListingQuery>({
  limit: fc.constantFrom(1, 2, 3, 100),
  reverse: fc.boolean(),
  prefix: fc.option(fc.constantFrom('a', 'a/', 'c'), { nil: undefined }),
  delimiter: fc.option(fc.constantFrom('/', '--'), { nil: undefined }),
  marker: fc.option(fc.constantFrom('a', 'a/', 'a/b', 'c', 'd'), { nil: undefined }),
  endMarker: fc.option(fc.constantFrom('b', 'c/x', 'é'), { nil: undefined }),
})

async function writeRows(cluster: MemoryCluster, all: readonly Write[]): Promise<void> {
  const { client, context, parts } = cluster
  const placement = parts.containerPlacement(CONTAINER.account, CONTAINER.container)
  for (const { name, second, deleted, missing } of all) {
    for (const [replica, node] of placement.primaries.entries()) {
      if (replica === missing) continue
      await client.send(node, {
        server: 'container',
        method: deleted ? 'DELETE' : 'PUT',
        partition: placement.partition,
        path: `/AUTH_test/c/${name.split('/').map(encodeURIComponent).join('/')}`,
        query: '',
        headers: {
          'x-timestamp': timeOf(second, deleted),
          'x-trans-id': context.txId,
          'x-size': String(second),
          'x-content-type': 'text/plain',
          'x-etag': `etag-${encodeURIComponent(name)}-${second}`,
          'x-backend-storage-policy-index': '0',
        },
        body: EMPTY_BODY,
        signal: undefined,
      })
    }
  }
}

/** Different operations have different times. */
function timeOf(second: number, deleted: boolean): string {
  return `17000000${String(second).padStart(2, '0')}.${deleted ? '50000' : '00000'}`
}

function newestLive(all: readonly Write[]): readonly string[] {
  const newest = new Map<string, { readonly time: string; readonly deleted: boolean }>()
  for (const { name, second, deleted } of all) {
    const time = timeOf(second, deleted)
    if (time > (newest.get(name)?.time ?? '')) newest.set(name, { time, deleted })
  }
  return [...newest].filter(([, { deleted }]) => !deleted).map(([name]) => name)
}

/** What a listing shows of some names: the definition, slow and plain. */
function listed(all: readonly string[], query: ListingQuery): readonly string[] {
  const { prefix = '', delimiter, limit, reverse, marker = '', endMarker = '' } = query
  const shown = new Set<string>()
  for (const name of all) {
    if (!name.startsWith(prefix)) continue
    const cut = delimiter === undefined ? -1 : name.indexOf(delimiter, prefix.length)
    const entry = cut < 0 || delimiter === undefined ? name : name.slice(0, cut + delimiter.length)
    const [lower, upper] = reverse ? [endMarker, marker] : [marker, endMarker]
    if (lower !== '' && compareUtf8(name, lower) <= 0) continue
    if (upper !== '' && compareUtf8(name, upper) >= 0) continue
    // A subdir that the page before ended with.
    if (entry !== name && entry === marker) continue
    shown.add(cut < 0 ? name : entry)
  }
  const ordered = [...shown].toSorted(compareUtf8)
  return (reverse ? ordered.toReversed() : ordered).slice(0, limit)
}

t.test('a listing over diverged replicas is that of all rows together', async (t) => {
  await fc.assert(
    fc.asyncProperty(writes, queries, async (all, query) => {
      const cluster = await MemoryCluster.start()
      try {
        await cluster.store.containers.put(cluster.context, CONTAINER, {
          changes: {},
          policyIndex: undefined,
        })
        await writeRows(cluster, all)
        const read = await cluster.store.containers.read(cluster.context, CONTAINER, { listing: query })
        if (read.kind !== 'found' || read.page === undefined) throw new Error(`listing: ${read.kind}`)
        const entries = read.page
          .entries()
          .map((entry) => (entry.kind === 'subdir' ? entry.prefix : entry.name))
        t.equal(read.page.consistency, 'complete')
        t.same(entries, listed(newestLive(all), query), JSON.stringify({ all, query }))
        return read.page.consistency === 'complete'
      } finally {
        await cluster.close()
      }
    }),
    { numRuns: 60 },
  )
})
