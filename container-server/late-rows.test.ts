/** What becomes of rows that come long after their objects were written. */
import t from 'tap'
import { ReplicaStates } from '#backend/replica-state.ts'
import { SyncLedger } from '#backend/sync-ledger.ts'
import { NO_STAMP } from '#backend/sync-stamp.ts'
import { hashName } from '#base/names.ts'
import { TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { newInfo } from '#db/info.ts'
import { MemoryIndex } from '#db/memory-index.ts'
import { type ObjectRow, objectRows, putRow } from '#db/object-row.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { receiveRows } from './late-rows.ts'

const NAME = { account: 'a', container: 'c' }
const SALT = { prefix: '', suffix: 'test' }
const RANGE = { partPower: 0, partition: 0 }
const DAY_MS = 86_400_000

class Replica {
  readonly clock = new VirtualClock()
  readonly index = new MemoryIndex(objectRows)
  readonly #kv = new MemoryKv()
  ledger: SyncLedger | undefined

  /** Equal with all others until a moment ago. */
  async start(): Promise<void> {
    await this.open()
    const nowMs = this.clock.wallMs()
    const stamp = { ...NO_STAMP, touchedMs: nowMs, majorityMs: nowMs, allMs: nowMs }
    await this.ledger?.write([{ range: RANGE, stamp }])
    await this.merge([])
  }

  async open(): Promise<void> {
    const { clock } = this
    const store = await this.#kv.open(`/${clock.wallMs()}`)
    for await (const [key, value] of this.#store?.iterator() ?? []) await store.put(key, value)
    this.#store = store
    const newDevice = 'part_of_new_cluster'
    const states = await ReplicaStates.open(store, {
      clock,
      keyPrefix: Buffer.from('r/'),
      newDevice,
      salt: SALT,
    })
    const keyPrefix = Buffer.from('l/')
    this.ledger = await SyncLedger.open(store, { clock, keyPrefix, states, unknownDevice: 'new' })
  }
  #store: Awaited<ReturnType<MemoryKv['open']>> | undefined

  receive(row: ObjectRow): ReturnType<typeof receiveRows> {
    const hashOf = (): string => hashName(NAME, SALT)
    return receiveRows({ ledger: this.ledger as SyncLedger, index: this.index, hashOf }, NAME, [row])
  }

  async merge(rows: readonly ObjectRow[]): Promise<void> {
    await this.index.apply(NAME, rows, (state) => {
      const info = state?.info ?? newInfo(NAME, this.ago(DAY_MS), 0)
      return { result: undefined, info, rows: 'merge' }
    })
  }

  ago(ms: number): Timestamp {
    return timestampFromTicks(Math.floor(((this.clock.wallMs() - ms) * TICKS_PER_SECOND) / 1000))
  }

  row(timestamp: Timestamp): ObjectRow {
    return putRow({ name: 'o', policyIndex: 0, timestamp, sizeBytes: 1, etag: 'e', contentType: 'a/b' })
  }
}

t.test('a late row takes back what was said of its time, one that is there already does not', async (t) => {
  const replica = new Replica()
  await replica.start()
  const [nowMs, late] = [replica.clock.wallMs(), replica.row(replica.ago(60_000))]
  await replica.merge([late])
  t.equal(await replica.receive(late), 'welcome')
  t.equal(replica.ledger?.stamp(RANGE).allMs, nowMs)
  t.equal(await replica.receive(replica.row(replica.ago(30_000))), 'welcome')
  t.equal(replica.ledger?.stamp(RANGE).allMs, nowMs - 30_001)
})

t.test(
  'a replica that must find out what was deleted takes no old row, which it would set aside',
  async (t) => {
    const replica = new Replica()
    await replica.start()
    const before = replica.row(replica.ago(60_000))
    await replica.clock.advance(8 * DAY_MS)
    await replica.open()
    t.equal(await replica.receive(before), 'not_now')
    t.equal(await replica.receive(replica.row(replica.ago(DAY_MS))), 'welcome')
  },
)
