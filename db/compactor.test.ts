import t from 'tap'
import type { KvStore } from '#base/environment.ts'
import { Compactor, type Deletions } from './compactor.ts'

/** A store that only notes what is compacted. */
class CompactingTwin {
  readonly ranges: string[] = []
  sizeBytes = 0
  failure: Error | undefined

  async approximateSize(): Promise<number> {
    return this.sizeBytes
  }

  async compactRange(start: Buffer, end: Buffer): Promise<void> {
    this.ranges.push(`${start}..${end}`)
    if (this.failure !== undefined) throw this.failure
  }
}

function started(): { twin: CompactingTwin; compactor: Compactor; failures: unknown[] } {
  const twin = new CompactingTwin()
  const failures: unknown[] = []
  const compactor = new Compactor(twin as unknown as KvStore, (error) => failures.push(error))
  return { twin, compactor, failures }
}

function deletions(count: number, first = 'f', last = 'l'): Deletions {
  return { count, first: Buffer.from(first), last: Buffer.from(last) }
}

t.test('the range of deleted rows is compacted once there are enough, and not before', async (t) => {
  const { twin, compactor } = started()
  compactor.noteDeletions('one', deletions(10_000, 'c', 'd'))
  compactor.noteDeletions('one', deletions(9_999, 'a', 'b'))
  compactor.noteDeletions('other', deletions(19_999))
  await compactor.idle()
  t.same(twin.ranges, [])
  compactor.noteDeletions('one', deletions(1, 'b', 'e'))
  compactor.noteDeletions('other', deletions(1))
  await compactor.idle()
  t.same(twin.ranges, ['a..e', 'f..l'])
  compactor.noteDeletions('one', deletions(19_999))
  await compactor.idle()
  t.equal(twin.ranges.length, 2, 'the count starts afresh')
})

t.test('a range of mostly live rows waits until more of them were deleted', async (t) => {
  const { twin, compactor } = started()
  twin.sizeBytes = 20_000 * 1200 + 1
  compactor.noteDeletions('one', deletions(20_000))
  await compactor.idle()
  compactor.noteDeletions('one', deletions(19_999))
  await compactor.idle()
  t.same(twin.ranges, [])
  compactor.noteDeletions('one', deletions(1))
  await compactor.idle()
  t.equal(twin.ranges.length, 1)
})

t.test('a compaction that fails is told, and the next one is tried', async (t) => {
  const { twin, compactor, failures } = started()
  twin.failure = new Error('EIO')
  compactor.noteDeletions('one', deletions(20_000))
  await compactor.idle()
  compactor.noteDeletions('other', deletions(20_000))
  await compactor.idle()
  t.same(failures, [twin.failure, twin.failure])
})
