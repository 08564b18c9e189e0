/** What the worker does when, apart from what it comes to: `test/cluster/bucket-replication.test.ts` has that. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { timestampFromTicks } from '#base/timestamp.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { Index } from '#db/contract.ts'
import { type ObjectRow, putRow } from '#db/object-row.ts'
import type { NewVersion, Replicated } from '#store/bucket-replication/contract.ts'
import { REPLICATED_MARK } from '#store/bucket-replication/replication-facts.ts'
import { versionNameOf } from '#store/versions/version-names.ts'
import type { PassReport } from '#worker/contract.ts'
import { createReplicationWorker, type ReplicationWorkerOptions } from './replication-worker.ts'

const HIDDEN = { account: 'AUTH_test', container: '\0versions\0bucket' }
const TICKS_PER_MS = 100
const TAKE_OVER_MS = 300_000

/** A bucket on one of two primaries. */
class Bucket {
  readonly clock = new VirtualClock()
  readonly tried: string[] = []
  /** Keys that cannot be replicated now. */
  readonly stuck = new Set<string>()
  readonly #rows: ObjectRow[] = []
  readonly #points = new Map<string, number>()
  readonly #worker
  readonly #since

  constructor(options: Partial<ReplicationWorkerOptions> = {}) {
    this.#since = this.#now()
    this.#worker = createReplicationWorker({
      clock: this.clock,
      log: silentLogger,
      index: this.#index(),
      replicator: async () => ({
        pending: async () => ({ kind: 'pending', headers: {} }),
        replicate: (version) => this.#replicate(version),
      }),
      turn: () => ({ place: 0, primaries: 1 }),
      rest: async () => {},
      intervalMs: 1_000,
      discoveryMs: 60_000,
      containerMs: 60_000,
      takeOverMs: TAKE_OVER_MS,
      ...options,
    })
  }

  #now() {
    return timestampFromTicks(Math.floor(this.clock.wallMs()) * TICKS_PER_MS)
  }

  put(key: string, atMs = this.clock.wallMs()): void {
    const timestamp = timestampFromTicks(Math.floor(atMs) * TICKS_PER_MS)
    const { object: name } = versionNameOf({ ...HIDDEN, object: key }, HIDDEN.container, timestamp)
    this.#rows.push(
      putRow({ name, policyIndex: 0, timestamp, sizeBytes: 1, etag: 'e', contentType: 'text/plain' }),
    )
  }

  pass(pace: 'gentle' | 'full' = 'gentle'): Promise<PassReport> {
    return this.#worker.runOnce({ pace, signal: new AbortController().signal })
  }

  /** What was tried since the last time, in the order of the keys. */
  taken(): readonly string[] {
    return this.tried.splice(0).toSorted()
  }

  async #replicate({ key }: NewVersion): Promise<Replicated> {
    this.tried.push(key)
    return this.stuck.has(key) ? { kind: 'later', reason: 'test' } : { kind: 'completed' }
  }

  #index(): ReplicationWorkerOptions['index'] {
    const state = {
      info: { name: HIDDEN, deleteTimestamp: '0000000000.00000', putTimestamp: this.#since },
      metadata: new Map([[REPLICATED_MARK, { value: this.#since, timestamp: this.#since }]]),
    }
    const index = {
      databases: async ({ first }: { readonly first: string }) =>
        first === '0'.repeat(32) ? [{ hash: 'f'.repeat(32), state }] : [],
      changesSince: async (_name: unknown, after: number, limit: number) =>
        this.#rows
          .map((row, at) => ({ sequence: at + 1, row }))
          .filter(({ sequence }) => sequence > after)
          .slice(0, limit),
      syncPoint: async (_name: unknown, peer: string) => this.#points.get(peer) ?? 0,
      setSyncPoint: async (_name: unknown, peer: string, sequence: number) =>
        void this.#points.set(peer, sequence),
    }
    return index as unknown as Index<ObjectRow>
  }
}

t.test(
  'what is new is replicated at once, and what is older than the first rule is not looked at',
  async (t) => {
    const bucket = new Bucket()
    bucket.put('old', bucket.clock.wallMs() - 60_000)
    bucket.put('new')
    t.match(await bucket.pass(), { ended: 'complete', repaired: { replicated: 1 } })
    t.same(bucket.taken(), ['new'])
  },
)

t.test(
  'what could not be done is tried more and more rarely, and what is new does not wait for it',
  async (t) => {
    const bucket = new Bucket()
    bucket.stuck.add('stuck')
    bucket.put('stuck')
    t.match(await bucket.pass(), { waiting: { versions: 1 } })
    let trials = 0
    for (let seconds = 1; seconds <= 600; seconds += 1) {
      await bucket.clock.advance(1_000)
      if (seconds === 300) bucket.put('new')
      const report = await bucket.pass()
      const taken = bucket.taken()
      trials += taken.filter((key) => key === 'stuck').length
      if (seconds === 300) t.ok(taken.includes('new'), 'at once')
      t.ok((report.found['lag_seconds'] ?? 0) > 0, 'how late it is can be seen')
    }
    t.ok(trials > 4 && trials < 20, `${trials} trials`)
    bucket.stuck.clear()
    t.match(await bucket.pass('full'), { repaired: { replicated: 2 }, found: { lag_seconds: 0 } })
  },
)

t.test('what others have in hand is left to them until it is old', async (t) => {
  const bucket = new Bucket({ turn: () => ({ place: 2, primaries: 2 }) })
  bucket.put('theirs')
  await bucket.pass()
  await bucket.pass()
  t.same(bucket.taken(), [])
  await bucket.clock.advance(TAKE_OVER_MS)
  await bucket.pass()
  t.same(bucket.taken(), ['theirs'])
  await bucket.pass()
  t.same(bucket.taken(), [], 'and that once')
})
