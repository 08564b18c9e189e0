/** Which rows are worked on, by whom, and when there is nothing left to do. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { newInfo } from '#db/info.ts'
import { MemoryIndex } from '#db/memory-index.ts'
import { deletedRow, type ObjectRow, objectRows, putRow } from '#db/object-row.ts'
import type { ContainerName } from '#store/operation.ts'
import type { PassReport } from '#worker/contract.ts'
import { withOffset } from './decision.ts'
import { createReconciler, type ObjectMover, type Reconciled, type ReconcilerOptions } from './reconciler.ts'

const NAME = { account: 'a', container: 'c' }

function at(seconds: number): Timestamp {
  return parseTimestamp(String(seconds)) as Timestamp
}

function object(name: string, policyIndex: number, seconds = 5): ObjectRow {
  return putRow({ name, policyIndex, timestamp: at(seconds), sizeBytes: 1, etag: 'e', contentType: 'a/b' })
}

/** Buries the row, as moving an object does in the end. */
class MoverTwin implements ObjectMover {
  readonly index: MemoryIndex<ObjectRow>
  readonly asked: string[] = []
  readonly away = new Set<string>()
  isAgreed = true

  constructor(index: MemoryIndex<ObjectRow>) {
    this.index = index
  }

  async agrees(): Promise<boolean> {
    return this.isAgreed
  }

  async reconcile(name: ContainerName, row: ObjectRow): Promise<Reconciled> {
    this.asked.push(row.name)
    if (this.away.has(row.name)) return 'waits'
    const buried = deletedRow(row.name, row.policyIndex, withOffset(row.dataTimestamp, 1))
    await this.index.apply(name, [buried], () => ({ result: undefined, rows: 'merge' }))
    return row.deleted ? 'deleted' : 'moved'
  }
}

async function start(rows: readonly ObjectRow[], options: Partial<ReconcilerOptions> = {}) {
  const clock = new VirtualClock()
  const index = new MemoryIndex(objectRows)
  await index.apply(NAME, rows, () => ({ result: undefined, info: newInfo(NAME, at(3), 0), rows: 'merge' }))
  const mover = new MoverTwin(index)
  const reconciler = createReconciler({ clock, log: silentLogger, index, turn: () => 0, mover, ...options })
  const pass = (): Promise<PassReport> =>
    reconciler.runOnce({ pace: 'full', signal: new AbortController().signal })
  return { clock, index, mover, pass }
}

t.test('rows of the wrong policy alone are worked on, deletions of this life too', async (t) => {
  const rows = [
    object('right', 0),
    object('wrong', 1),
    deletedRow('deleted', 1, at(5)),
    deletedRow('of a life before', 1, at(2)),
    deletedRow('done with', 1, withOffset(at(5), 1)),
  ]
  const { mover, pass } = await start(rows)
  t.match(await pass(), { found: { containers: 1 }, repaired: { moved: 1, deleted: 1 } })
  t.same(mover.asked, ['deleted', 'wrong'])
})

t.test('a container with nothing left to do is not looked through again until it changes', async (t) => {
  const { index, mover, pass } = await start([object('wrong', 1)])
  await pass()
  await pass()
  t.same((await pass()).found, {}, 'only its number is looked at')
  await index.apply(NAME, [object('another', 1)], () => ({ result: undefined, rows: 'merge' }))
  await pass()
  t.same(mover.asked, ['wrong', 'another'])
})

t.test('what was settled is looked through again when the policy changes and no row does', async (t) => {
  const { index, mover, pass } = await start([object('right', 0), deletedRow('of a life before', 1, at(2))])
  await pass()
  t.same(mover.asked, [])
  await index.apply(NAME, [], (state) => ({
    result: undefined,
    ...(state && { info: { ...state.info, policyIndex: 1, statusChangedAt: at(9) } }),
  }))
  t.match(await pass(), { repaired: { moved: 1 } })
  t.same(mover.asked, ['right'])
})

t.test('what could not be moved is tried again', async (t) => {
  const { mover, pass } = await start([object('wrong', 1)])
  mover.away.add('wrong')
  t.match(await pass(), { waiting: { objects: 1 } })
  mover.away.clear()
  t.match(await pass(), { repaired: { moved: 1 } })
})

t.test('nothing is moved while replicas do not agree on the policy', async (t) => {
  const { mover, pass } = await start([object('wrong', 1)])
  mover.isAgreed = false
  t.match(await pass(), { waiting: { containers: 1 } })
  t.same(mover.asked, [])
})

t.test('the second primary waits for the first, and devices that are no primaries do nothing', async (t) => {
  const second = await start([object('wrong', 1)], { turn: () => 1 })
  await second.pass()
  t.same(second.mover.asked, [])
  await second.clock.advance(600_000)
  await second.pass()
  t.same(second.mover.asked, ['wrong'])
  const none = await start([object('wrong', 1)], { turn: () => undefined })
  await none.pass()
  t.same(none.mover.asked, [])
})
