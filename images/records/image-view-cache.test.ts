/** The view of all images that a proxy keeps: how old it may be, who waits for it, and what keeping it costs. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { RecordCollection } from '#store/records/contract.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'
import { IMAGE_RECORDS, type ImageRecord, newImage } from '../model/image-record.ts'
import type { ImageIndex } from '../query/image-index.ts'
import { PLAIN_IMAGE } from '../testing/plain-image.ts'
import { ImageViewCache } from './image-view-cache.ts'

const CONTEXT = { txId: 'tx', signal: undefined, log: silentLogger }

/** A registry without images whose list takes its time. */
function slow(
  clock: VirtualClock,
  takesMs: number,
): { readonly records: RecordCollection<ImageRecord>; count: number } {
  const never = (): never => {
    throw new Error('nothing but lists is asked for')
  }
  const registry = {
    count: 0,
    records: {
      read: never,
      create: never,
      replace: never,
      remove: never,
      list: async () => {
        registry.count += 1
        await clock.sleep(takesMs)
        return { kind: 'listed', records: [], next: undefined } as const
      },
    },
  }
  return registry
}

t.test('whoever asks waits for two refreshes at most, however long they take', async (t) => {
  const clock = new VirtualClock()
  const registry = slow(clock, 5000)
  const view = new ImageViewCache({ records: registry.records, clock })
  const first = view.index(CONTEXT)
  await clock.advance(2000)
  const second = view.index(CONTEXT)
  let isAnswered = false
  const answered = second.then(() => (isAnswered = true))
  await clock.advance(3000)
  t.equal(((await first) as ImageIndex).size, 0)
  t.notOk(isAnswered, 'the refresh began before the question')
  await clock.advance(5000)
  await answered
  t.equal(registry.count, 2)
})

t.test('a view that is fresh is given at once, and renewed meanwhile', async (t) => {
  const clock = new VirtualClock()
  const registry = slow(clock, 0)
  const view = new ImageViewCache({ records: registry.records, clock })
  const first = view.index(CONTEXT)
  await clock.advance(1)
  await first
  await clock.advance(300)
  await view.index(CONTEXT)
  t.equal(registry.count, 1)
  await clock.advance(300)
  await view.index(CONTEXT)
  t.equal(registry.count, 2)
})

/** Records, what is asked of them, and a view of another proxy than that which changes them. */
function watched(): {
  readonly clock: VirtualClock
  readonly records: RecordCollection<ImageRecord>
  readonly asked: string[]
  readonly names: () => Promise<readonly string[]>
  readonly view: ImageViewCache
} {
  const clock = new VirtualClock()
  const records = new MemoryRecords().of(IMAGE_RECORDS)
  const asked: string[] = []
  const seen: RecordCollection<ImageRecord> = {
    ...records,
    read: (context, key, freshness) => {
      asked.push(`read ${key}`)
      return records.read(context, key, freshness)
    },
    list: (context, listing) => {
      asked.push('list')
      return records.list(context, listing)
    },
  }
  const view = new ImageViewCache({ records: seen, clock })
  const names = async (): Promise<readonly string[]> => {
    const index = (await view.index(CONTEXT)) as ImageIndex
    return [...index.values()].map(({ name }) => name ?? '').sort((left, right) => (left < right ? -1 : 1))
  }
  return { clock, records, asked, names, view }
}

t.test('what another proxy did is seen within a second, and only what it did is read', async (t) => {
  const { clock, records, asked, names } = watched()
  for (const id of ['one', 'two', 'three']) {
    await records.create(CONTEXT, id, newImage({ ...PLAIN_IMAGE, name: id }, id, 0))
  }
  t.same(await names(), ['one', 'three', 'two'])
  t.same(asked.splice(0).toSorted(), ['list', 'read one', 'read three', 'read two'])
  const one = await records.read(CONTEXT, 'one', 'newest')
  const two = await records.read(CONTEXT, 'two', 'newest')
  if (one.kind !== 'found' || two.kind !== 'found') throw new Error('they were written')
  await records.replace(CONTEXT, one, { ...one.value, name: 'changed' })
  await records.remove(CONTEXT, two)
  await records.create(CONTEXT, 'four', newImage({ ...PLAIN_IMAGE, name: 'four' }, 'four', 0))
  await clock.advance(900)
  t.same(await names(), ['changed', 'four', 'three'])
  t.same(asked.splice(0).toSorted(), ['read four', 'read one', 'read two'])
  await clock.advance(900)
  t.same(await names(), ['changed', 'four', 'three'])
  t.same(asked, [], 'nothing changed, nothing is read')
})

t.test('what this proxy wrote is not read again, until somebody else changed it', async (t) => {
  const { clock, records, asked, names, view } = watched()
  const created = await records.create(CONTEXT, 'one', newImage({ ...PLAIN_IMAGE, name: 'one' }, 'one', 0))
  if (created.kind !== 'found') throw new Error('it is the first')
  view.learn(created.value, created.etag)
  t.same(await names(), ['one'])
  t.same(asked.splice(0), ['list'])
  const replaced = await records.replace(CONTEXT, created, { ...created.value, name: 'own' })
  if (replaced.kind !== 'found') throw new Error('nobody else changed it')
  view.learn(replaced.value, replaced.etag)
  await clock.advance(900)
  t.same(await names(), ['own'])
  t.same(asked.splice(0), [])
  await records.replace(CONTEXT, replaced, { ...created.value, name: 'of others' })
  await clock.advance(900)
  t.same(await names(), ['of others'])
  t.same(asked, ['read one'])
})

t.test('a view that was not used for long is made anew', async (t) => {
  const { clock, records, asked, names } = watched()
  await records.create(CONTEXT, 'one', newImage({ ...PLAIN_IMAGE, name: 'one' }, 'one', 0))
  t.same(await names(), ['one'])
  asked.length = 0
  await clock.advance(3_600_000)
  t.same(await names(), ['one'])
  t.same(asked, ['list'], 'and what is unchanged is not read')
})
