/**
 * Versions that come at times that somebody dictates, as replicas do, in any order, twice and several at once, among writes of
 * the container's own clients: in the end all are there, once, and the newest is the current one.
 */
import fc from 'fast-check'
import t from 'tap'
import { ticksOf, timestampFromTicks } from '#base/timestamp.ts'
import { Kept, layered } from './kept-objects.ts'
import { MemoryCluster } from './memory-cluster.ts'

t.setTimeout(600_000)

const GONE = '<no_such_object>'
const TICKS_PER_MS = 100
/**
 * Around the time of the test: some dictated times are later than what the container's own clients write. Each run takes the clock
 * so far ahead, and storage servers refuse what is a minute ahead of theirs.
 */
const SPREAD_MS = 300

type Deed =
  | { readonly kind: 'put' | 'delete' }
  | { readonly kind: 'replica' | 'marker'; readonly at: number; readonly times: 1 | 2 }
  | { readonly kind: 'together'; readonly at: readonly number[] }
  | { readonly kind: 'delete_current' }

const at = fc.integer({ min: -SPREAD_MS, max: SPREAD_MS })
const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ kind: fc.constantFrom('put' as const, 'delete' as const) }),
  fc.record({
    kind: fc.constantFrom('replica' as const, 'marker' as const),
    at,
    times: fc.constantFrom(1 as const, 2 as const),
  }),
  fc.record({
    kind: fc.constant('together' as const),
    at: fc.uniqueArray(at, { minLength: 2, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('delete_current' as const) }),
)

await t.test('whatever comes in whatever order, the newest version is the current one', async (t) => {
  const cluster = await MemoryCluster.start({ devices: 1, replicas: 1 })
  t.teardown(() => cluster.close())
  const kept = new Kept(cluster, layered(cluster, cluster.store))
  let runs = 0
  const holds = async (before: boolean, deeds: readonly Deed[]): Promise<void> => {
    const key = `key-${(runs += 1)}`
    const dictated = new Map<string, string>()
    await kept.container({ 'x-versions-enabled': 'false' })
    if (before) await kept.put(key, 'before')
    await kept.container({ 'x-versions-enabled': 'true' })
    const baseTicks = ticksOf(await cluster.timestamps.next())
    // Each has a place of its own in time.
    const timeOf = (atMs: number) => timestampFromTicks(baseTicks + atMs * TICKS_PER_MS)
    const bring = async (atMs: number, isMarker: boolean) => {
      const timestamp = timeOf(atMs)
      const known = dictated.get(timestamp)
      const body = known ?? (isMarker ? GONE : `at ${atMs}`)
      dictated.set(timestamp, body)
      const outcome =
        body === GONE
          ? await kept.delete(key, undefined, { timestamp })
          : await kept.put(key, body, undefined, { timestamp })
      t.ok(['created', 'deleted'].includes(outcome.kind), outcome.kind)
    }
    for (const one of deeds) {
      if (one.kind === 'put') await kept.put(key, 'own')
      if (one.kind === 'delete') await kept.delete(key)
      if (one.kind === 'together') await Promise.all(one.at.map((atMs) => bring(atMs, false)))
      if (one.kind === 'delete_current') {
        const [newest] = (await kept.versions()).filter(({ name }) => name === key)
        const id = newest?.extra['version_id']
        if (typeof id !== 'string' || id === 'null') continue
        dictated.delete(id)
        await kept.delete(key, id, { successor: 'newest' })
      }
      if (one.kind !== 'replica' && one.kind !== 'marker') continue
      for (let times = 0; times < one.times; times += 1) await bring(one.at, one.kind === 'marker')
    }
    const texts = await kept.versionTexts(key)
    const ids = (await kept.versions())
      .filter(({ name }) => name === key)
      .map(({ extra }) => extra['version_id'])
    t.equal(await kept.text(key), texts[0] ?? GONE, JSON.stringify({ before, deeds }))
    t.equal(new Set(ids).size, ids.length)
  }
  await fc.assert(fc.asyncProperty(fc.boolean(), fc.array(deed, { maxLength: 8 }), holds), { numRuns: 60 })
})
