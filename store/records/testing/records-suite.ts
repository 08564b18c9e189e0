/** What every implementation of records must do; one suite for the real one and its twin. */
import type { Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import type { OperationContext } from '../../operation.ts'
import { allKeys, allRecords } from '../all-records.ts'
import type { FoundRecord, RecordKind, Records } from '../contract.ts'
import { changeRecord } from '../record-change.ts'

export interface Bird {
  readonly wings: number
}

/** A kind of records for tests; the version before had no wings. */
export const BIRDS: RecordKind<Bird> = {
  name: 'birds',
  version: 2,
  parse: (written, version) =>
    version === 1 ? { wings: 2 } : typeof written === 'object' ? (written as Bird) : undefined,
}

export const CONTEXT: OperationContext = { txId: 'tx-records', signal: undefined, log: silentLogger }

export function recordsSuite(t: Test, make: (t: Test) => Promise<Records>): void {
  const start = async (t: Test) => (await make(t)).of(BIRDS)

  t.test('a record is created once, and read as it was written', async (t) => {
    const birds = await start(t)
    t.same(await birds.read(CONTEXT, 'häher/1', 'newest'), { kind: 'absent' })
    t.match(await birds.create(CONTEXT, 'häher/1', { wings: 2 }), { kind: 'found', value: { wings: 2 } })
    t.same(await birds.create(CONTEXT, 'häher/1', { wings: 3 }), { kind: 'exists' })
    for (const freshness of ['newest', 'remembered'] as const) {
      t.match(await birds.read(CONTEXT, 'häher/1', freshness), { kind: 'found', value: { wings: 2 } })
    }
  })

  t.test('a record is replaced and removed only while it is what was read', async (t) => {
    const birds = await start(t)
    const first = (await birds.create(CONTEXT, 'wren', { wings: 1 })) as FoundRecord<Bird>
    const second = (await birds.replace(CONTEXT, first, { wings: 2 })) as FoundRecord<Bird>
    t.match(second, { kind: 'found', value: { wings: 2 } })
    t.same(await birds.replace(CONTEXT, first, { wings: 9 }), { kind: 'changed' })
    t.same(await birds.remove(CONTEXT, first), { kind: 'changed' })
    t.match(await birds.read(CONTEXT, 'wren', 'remembered'), { value: { wings: 2 } })
    t.same(await birds.remove(CONTEXT, second), { kind: 'removed' })
    t.same(await birds.read(CONTEXT, 'wren', 'remembered'), { kind: 'absent' })
    t.same(await birds.remove(CONTEXT, second), { kind: 'changed' }, 'it is gone')
    t.same(await birds.replace(CONTEXT, second, { wings: 9 }), { kind: 'changed' })
    t.match(await birds.create(CONTEXT, 'wren', { wings: 4 }), { kind: 'found' }, 'the key is free again')
  })

  t.test('keys are listed by prefix, page by page, in order', async (t) => {
    const birds = await start(t)
    t.same(await birds.list(CONTEXT), { kind: 'listed', records: [], next: undefined })
    for (const key of ['b/2', 'a', 'b/1', 'b/3', 'c']) await birds.create(CONTEXT, key, { wings: 2 })
    const first = await birds.list(CONTEXT, { prefix: 'b/', limit: 2 })
    t.match(first, { kind: 'listed', records: [{ key: 'b/1' }, { key: 'b/2' }], next: 'b/2' })
    const rest = await birds.list(CONTEXT, { prefix: 'b/', limit: 2, marker: 'b/2' })
    t.match(rest, { kind: 'listed', records: [{ key: 'b/3' }], next: undefined })
    t.same(await allKeys(birds, CONTEXT), ['a', 'b/1', 'b/2', 'b/3', 'c'])
    const all = (await allRecords(birds, CONTEXT, 'b/')) as readonly FoundRecord<Bird>[]
    t.same(
      all.map(({ key }) => key),
      ['b/1', 'b/2', 'b/3'],
    )
  })

  t.test('a record is read as a listing told of it, or as it is by now', async (t) => {
    const birds = await start(t)
    const wren = (await birds.create(CONTEXT, 'wren', { wings: 1 })) as FoundRecord<Bird>
    const listed = await birds.list(CONTEXT)
    if (listed.kind !== 'listed') throw new Error(listed.kind)
    const [first = { key: '', etag: '' }] = listed.records
    t.equal(wren.etag, first.etag, 'who wrote it knows what listings tell')
    t.match((await birds.readListed?.(CONTEXT, first)) ?? wren, { value: { wings: 1 } })
    const second = (await birds.replace(CONTEXT, wren, { wings: 2 })) as FoundRecord<Bird>
    t.match((await birds.readListed?.(CONTEXT, first)) ?? second, { value: { wings: 2 } })
    const again = await birds.list(CONTEXT)
    t.match(again, { records: [{ key: 'wren', etag: second.etag }] })
    await birds.remove(CONTEXT, second)
    t.same((await birds.readListed?.(CONTEXT, first)) ?? { kind: 'absent' }, { kind: 'absent' })
  })

  t.test('what changed since a mark is told', async (t) => {
    const birds = await start(t)
    const wren = (await birds.create(CONTEXT, 'wren', { wings: 1 })) as FoundRecord<Bird>
    await birds.create(CONTEXT, 'robin', { wings: 2 })
    const begun = await birds.changes?.(CONTEXT, undefined)
    t.match(begun, { kind: 'list', mark: {} }, 'everything is listed first')
    await birds.create(CONTEXT, 'owl', { wings: 2 })
    await birds.remove(CONTEXT, wren)
    const told = await birds.changes?.(CONTEXT, begun?.mark)
    if (told?.kind !== 'changes') throw new Error('it can be told')
    const etags = new Map(told.records.map(({ key, etag }) => [key, etag]))
    t.same([...etags.keys()].toSorted(), ['owl', 'wren'])
    t.equal(etags.get('wren'), undefined, 'it is gone')
    const listed = await birds.list(CONTEXT)
    const owl = listed.kind === 'listed' ? listed.records.find(({ key }) => key === 'owl') : undefined
    t.equal(etags.get('owl'), owl?.etag)
    t.match(await birds.changes?.(CONTEXT, told.mark), { kind: 'changes', records: [] })
  })

  t.test('changes at the same moment all come about, one after the other', async (t) => {
    const birds = await start(t)
    const grow = () =>
      changeRecord(birds, CONTEXT, 'phoenix', (there) => ({
        kind: 'value',
        value: { wings: (there?.wings ?? 0) + 1 },
      }))
    const outcomes = await Promise.all(Array.from({ length: 6 }, grow))
    t.same(
      outcomes.map(({ kind }) => kind),
      Array(6).fill('found'),
    )
    t.match(await birds.read(CONTEXT, 'phoenix', 'newest'), { value: { wings: 6 } })
  })

  t.test('a change that is refused writes nothing', async (t) => {
    const birds = await start(t)
    const refused = await changeRecord(birds, CONTEXT, 'dodo', () => ({
      kind: 'refused',
      refusal: 'extinct',
    }))
    t.same(refused, { kind: 'refused', refusal: 'extinct' })
    t.same(await birds.read(CONTEXT, 'dodo', 'newest'), { kind: 'absent' })
  })

  t.test('what an earlier version wrote is understood, what a later one wrote is not guessed', async (t) => {
    const records = await make(t)
    const earlier: RecordKind<object> = { name: 'birds', version: 1, parse: () => ({}) }
    await records.of(earlier).create(CONTEXT, 'archaeopteryx', {})
    const later: RecordKind<object> = { name: 'birds', version: 3, parse: () => ({}) }
    await records.of(later).create(CONTEXT, 'drone', {})
    const birds = records.of(BIRDS)
    t.match(await birds.read(CONTEXT, 'archaeopteryx', 'newest'), { value: { wings: 2 } })
    t.match(await birds.read(CONTEXT, 'drone', 'newest'), { kind: 'unreadable' })
  })
}
