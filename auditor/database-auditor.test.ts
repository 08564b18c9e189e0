import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ReplicaStates } from '#backend/replica-state.ts'
import type { KvEngine, KvStore } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { at, mergeInto, row } from '#db/index-contract.ts'
import { decodeInfo, encodeInfo, newInfo, statsOf } from '#db/info.ts'
import { databaseHash, devicePrefix, infoKey, logKey, rowKey } from '#db/keys.ts'
import { LevelIndex } from '#db/level-index.ts'
import { deletedRow, type ObjectRow, objectRows } from '#db/object-row.ts'
import type { RowForm } from '#db/row-kind.ts'
import { realDisk } from '#disk/real-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { levelEngine } from '#kv/open-level.ts'
import { memoryNotes } from '#object-server/device-notes.ts'
import type { PassReport } from '#worker/contract.ts'
import { Foreground } from '#worker/foreground.ts'
import { type AuditedIndex, createDatabaseAuditor, type DatabaseAuditorOptions } from './database-auditor.ts'
import { finished } from './test-audit.ts'

const SALT = { prefix: 'p', suffix: 's' }
const CONTAINER = { account: 'a', container: 'c' }
const HASH = databaseHash(CONTAINER, SALT)
const QUARANTINE = '/quarantined/containers'

interface Scene {
  readonly kv: KvEngine
  readonly store: KvStore
  readonly index: LevelIndex<ObjectRow>
  readonly states: ReplicaStates
  readonly clock: VirtualClock
  readonly audited: AuditedIndex<unknown>
  audit(options?: Partial<DatabaseAuditorOptions>): Promise<PassReport>
}

async function scene(t: Test, kv: KvEngine = new MemoryKv(), root = ''): Promise<Scene> {
  const clock = new VirtualClock()
  const store = await kv.open(`${root}/containers`)
  t.teardown(() => store.close())
  const random = new SeededRandom(1)
  const index = new LevelIndex<ObjectRow>({
    store,
    kind: objectRows,
    salt: SALT,
    random,
    onFailure: () => {},
  })
  const states = await ReplicaStates.open(store, {
    clock,
    keyPrefix: devicePrefix('replicaState'),
    salt: SALT,
    newDevice: 'part_of_new_cluster',
  })
  const audited: AuditedIndex<unknown> = {
    server: 'container',
    store,
    index: index as never,
    kind: objectRows as RowForm<unknown>,
    states,
    quarantinePath: `${root}${QUARANTINE}`,
    othersWith: async () => 2,
  }
  const notes = memoryNotes()
  const audit = (options: Partial<DatabaseAuditorOptions> = {}): Promise<PassReport> => {
    const worker = createDatabaseAuditor({
      clock,
      log: silentLogger,
      foreground: new Foreground(clock),
      kv,
      indexes: [audited],
      notes,
      everyMs: 1000,
      ...options,
    })
    return finished(clock, worker.runOnce({ pace: 'full', signal: new AbortController().signal }))
  }
  const made = { kv, store, index, states, clock, audited, audit }
  await fill(made)
  return made
}

/** What every replica has. */
async function fill({ index }: Pick<Scene, 'index'>): Promise<void> {
  const rows = Array.from({ length: 1200 }, (_, one) => row(`o${one}`, 2, one))
  await index.apply(CONTAINER, rows, mergeInto)
  await index.apply(
    CONTAINER,
    [deletedRow('o7', 0, at(3)), deletedRow('never', 0, at(90_000)), row('s', 2, 5, 1)],
    mergeInto,
  )
  await index.apply({ account: 'a', container: 'other' }, [row('x', 2)], (state) => ({
    result: undefined,
    info: state?.info ?? newInfo({ account: 'a', container: 'other' }, at(1), 0),
    rows: 'merge',
  }))
}

async function damageInfo(
  store: KvStore,
  change: (info: ReturnType<typeof decodeInfo>) => unknown,
): Promise<void> {
  const info = decodeInfo((await store.get(infoKey(HASH))) as Buffer)
  await store.put(infoKey(HASH), encodeInfo({ ...info, ...(change(info) as object) }))
}

async function damageRow(store: KvStore, change: (text: string) => string): Promise<void> {
  const key = rowKey(HASH, 'live', 0, 'o5')
  const text = ((await store.get(key)) as Buffer).toString()
  await store.put(key, Buffer.from(change(text)))
}

const DAMAGES: Readonly<Record<string, (store: KvStore) => Promise<unknown>>> = {
  'a counter of bytes': (store) =>
    damageInfo(store, ({ stats }) => ({
      stats: new Map(stats).set(0, { ...(stats.get(0) as object), bytes: 1 } as never),
    })),
  'a digest': (store) =>
    damageInfo(store, ({ stats }) => ({
      stats: new Map(stats).set(0, { ...(stats.get(0) as object), liveDigest: Buffer.alloc(16, 1) } as never),
    })),
  'a row that is gone': (store) => store.del(rowKey(HASH, 'live', 0, 'o5')),
  'a row with another ETag': (store) => damageRow(store, (text) => text.replace('e2', 'e3')),
  'a row that cannot be read': (store) => damageRow(store, (text) => `9${text.slice(1)}`),
  'a row under another name': (store) => damageRow(store, (text) => `${text}x`),
  'a row in the wrong table': async (store) => {
    const [from, to] = [rowKey(HASH, 'live', 0, 'o5'), rowKey(HASH, 'deleted', 0, 'o5')]
    await store.put(to, (await store.get(from)) as Buffer)
    await store.del(from)
  },
  'an entry of the change log that is gone': (store) => store.del(logKey(HASH, 6)),
  'an entry of the change log that names another row': (store) =>
    store.put(logKey(HASH, 6), rowKey(HASH, 'live', 0, 'o9')),
}

t.test('a replicator that is at work does not give back the vote of what is being quarantined', async (t) => {
  const kv = new MemoryKv()
  const one = await scene(t, kv)
  await DAMAGES['a digest']?.(one.store)
  const { states } = one
  const all = { partPower: 0, partition: 0 }
  const before = states.joinings
  const joined: string[] = []
  const slow: KvEngine = {
    open: async (path) => {
      joined.push(await states.join(all, before), await states.join(all, states.joinings))
      return await kv.open(path)
    },
    move: (from, to) => kv.move(from, to),
  }
  await one.audit({ kv: slow })
  t.same(joined, ['not_now', 'not_now'])
  t.equal(states.ofHash(HASH.toString('hex')), 'joining')
  t.equal(await states.join(all, states.joinings), 'synced', 'what is compared afterwards counts')
})

t.test('indexes in order are left alone', async (t) => {
  const one = await scene(t)
  const report = await one.audit()
  t.match(report, { worker: 'database-auditor', ended: 'complete', found: { containers: 2, rows: 1203 } })
  t.same(report.repaired, {})
})

for (const [what, damage] of Object.entries(DAMAGES)) {
  t.test(`${what} is found; the database is quarantined whole, and comes back from others`, async (t) => {
    const one = await scene(t)
    await damage(one.store)
    const report = await one.audit()
    t.match(report, { found: { damaged_databases: 1 }, repaired: { quarantined_databases: 1 } })
    t.equal(await one.index.state(CONTAINER), undefined, 'it is not served')
    t.equal(one.states.ofName(CONTAINER), 'joining', 'its silence proves nothing')
    t.equal(one.states.ofName({ account: 'a', container: 'other' }), 'synced', 'that of no other is in doubt')
    t.match(await one.audit(), { found: { containers: 1 } })
    await fill(one)
    const healed = await one.audit()
    t.match(healed, { found: { containers: 2, rows: 1203 } })
    t.notOk(healed.found['damaged_databases'])
  })
}

t.test('what is quarantined is kept whole, in a store of its own', async (t) => {
  const kv = levelEngine(realDisk, realClock)
  const root = t.testdir()
  const one = await scene(t, kv, root)
  await DAMAGES['a counter of bytes']?.(one.store)
  await one.audit()
  const [name = ''] = await realDisk.readdir(join(root, QUARANTINE))
  t.ok(name.startsWith(HASH.toString('hex')))
  const copy = await kv.open(join(root, QUARANTINE, name))
  t.ok(await copy.get(rowKey(HASH, 'live', 0, 'o5')))
  t.ok(await copy.get(infoKey(HASH)))
  await copy.close()
})

t.test('the last good or bad copy is never taken away', async (t) => {
  const one = await scene(t)
  await DAMAGES['a counter of bytes']?.(one.store)
  const alone = { ...one.audited, othersWith: async () => 0 }
  t.match(await one.audit({ indexes: [alone] }), { waiting: { damaged_and_alone: 1 } })
  t.ok(await one.index.state(CONTAINER))
  t.equal(one.states.ofName(CONTAINER), 'synced')
})

t.test(
  'what is written while a database is quarantined is in the copy, or keeps it from going',
  async (t) => {
    const one = await scene(t)
    await DAMAGES['a row that is gone']?.(one.store)
    let writes = 0
    const index = {
      databases: one.index.databases.bind(one.index),
      state: one.index.state.bind(one.index),
      remove: async (...asked: Parameters<typeof one.index.remove>) => {
        writes += 1
        if (writes <= 2) await one.index.apply(CONTAINER, [row(`late${writes}`, 9)], mergeInto)
        return one.index.remove(...asked)
      },
    }
    await one.audit({ indexes: [{ ...one.audited, index: index as never }] })
    t.equal(writes, 3)
    t.equal(await one.index.state(CONTAINER), undefined)
  },
)

t.test('rows that change while they are read are no damage', async (t) => {
  const one = await scene(t)
  let slices = 0
  const kind = {
    ...objectRows,
    isSound: (one_: ObjectRow) => {
      slices += 1
      return objectRows.isSound(one_)
    },
  }
  const writing = (async () => {
    for (let round = 0; round < 30; round += 1) {
      await one.index.apply(
        CONTAINER,
        [row(`o${round}`, 10 + round, round), deletedRow(`o${round + 100}`, 0, at(50))],
        mergeInto,
      )
    }
  })()
  const report = await one.audit({ indexes: [{ ...one.audited, kind: kind as RowForm<unknown> }] })
  await writing
  t.ok(slices > 0)
  t.notOk(report.found['damaged_databases'])
  t.match(await one.audit(), { found: { containers: 2 } })
  t.ok(statsOf((await one.index.state(CONTAINER))?.info ?? newInfo(CONTAINER, at(1), 0), 0).rows > 1000)
})

t.test('a pass that is stopped goes on at the database where it was', async (t) => {
  const one = await scene(t)
  const notes = memoryNotes()
  const looked: string[] = []
  const stop = new AbortController()
  const index = {
    databases: async (...asked: Parameters<typeof one.index.databases>) => {
      const page = await one.index.databases(...asked)
      looked.push(...page.map(({ hash }) => hash))
      if (looked.length === 2) stop.abort(new Error('stop'))
      return page
    },
  }
  const audited = { ...one.audited, index: index as never }
  const first = createDatabaseAuditor({
    clock: one.clock,
    log: silentLogger,
    foreground: new Foreground(one.clock),
    kv: one.kv,
    indexes: [audited],
    notes,
    everyMs: 1000,
  })
  const stopped = await finished(one.clock, first.runOnce({ pace: 'full', signal: stop.signal }))
  t.equal(stopped.ended, 'stopped')
  t.match(notes.get('audit/database-auditor'), { index: 0, first: looked[0] })
  t.match(await one.audit({ notes }), { ended: 'complete', found: { containers: 2 } })
  t.match(notes.get('audit/database-auditor'), { first: undefined })
})
