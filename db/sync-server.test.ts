/** What replicators may ask of a server, and what makes no sense. */
import t from 'tap'
import { compareUtf8 } from '#base/names.ts'
import { afterHash, partitionOfHash, spanOf } from './hash-span.ts'
import { mergeInto, row } from './index-contract.ts'
import { type DatabaseState } from './info.ts'
import { MemoryIndex } from './memory-index.ts'
import { objectRows } from './object-row.ts'
import { replicated } from './replica-merge.ts'
import { SyncServer } from './sync-server.ts'
import {
  encodeReplicated,
  encodeRow,
  parseKnown,
  parseReplicated,
  parseRow,
  SYNC_KINDS,
} from './sync-wire.ts'

const CONTAINER = { account: 'a', container: 'c' }
const NAME = ['a', 'c']
const ABOUT = { store: 's', horizon: 0 }

function server(): {
  readonly index: MemoryIndex<ReturnType<typeof row>>
  readonly sync: SyncServer<ReturnType<typeof row>>
} {
  const index = new MemoryIndex(objectRows)
  const standing = () => ({ voice: 'synced', role: 'primary' }) as const
  return {
    index,
    sync: new SyncServer({
      index,
      kind: objectRows,
      level: 'container',
      salt: { prefix: '', suffix: '' },
      standing,
      giveUp: async () => {},
    }),
  }
}

t.test('rows are taken after the point, and a gap moves no point', async (t) => {
  const { index, sync } = server()
  await index.apply(CONTAINER, [], mergeInto)
  const rows = [encodeRow(objectRows, row('x', 2))]
  const slice = { ...ABOUT, name: NAME, rows }
  t.same(await sync.answer('rows', { ...slice, from: 5, to: 7 }), { have: 0 })
  t.equal((await index.rows(CONTAINER, 0, { limit: 5 })).length, 1, 'they are merged all the same')
  t.same(await sync.answer('rows', { ...slice, from: 0, to: 3 }), { have: 3 })
  t.same(await sync.answer('rows', { ...slice, from: 2, to: 9 }), { have: 9 })
  t.same(
    await sync.answer('rows', { ...slice, from: 0, to: 4 }),
    { have: 9 },
    'an old request takes nothing back',
  )
})

t.test('a database is made by being told of, and not by rows', async (t) => {
  const { index, sync } = server()
  const other = server()
  await other.index.apply(CONTAINER, [], mergeInto)
  t.same(await sync.answer('rows', { ...ABOUT, name: NAME, from: 0, to: 3, rows: [] }), { have: 0 })
  t.equal(await index.state(CONTAINER), undefined)
  const state = encodeReplicated(replicated((await other.index.state(CONTAINER)) as DatabaseState))
  const known = parseKnown(await sync.answer('tell', { ...ABOUT, state }))
  t.equal(known?.database?.sequence, 0)
  t.same(await index.state(CONTAINER), await other.index.state(CONTAINER))
})

t.test('what makes no sense is refused and changes nothing', async (t) => {
  const { index, sync } = server()
  for (const what of SYNC_KINDS) {
    for (const body of [
      undefined,
      null,
      7,
      [],
      {},
      { name: 'a' },
      { name: ['a'], ...ABOUT },
      { state: {} },
    ]) {
      t.equal(await sync.answer(what, body), undefined, `${what} ${JSON.stringify(body)}`)
    }
  }
  const bad = { ...ABOUT, name: NAME, from: 0, to: 1 }
  for (const one of [
    7,
    ['x'],
    [0, 'x'],
    [0, '', '1', '1', 'e', '0', 'a/b'],
    [0, 'x', '17', 'NaN', 'e', '0', 'a/b'],
  ]) {
    t.equal(await sync.answer('rows', { ...bad, rows: [one] }), undefined, JSON.stringify(one))
  }
  t.same(await index.databases({ first: '0'.repeat(32), end: undefined }, 1), [])
})

t.test('what is told is read as it was', async (t) => {
  const { index } = server()
  await index.apply(CONTAINER, [], mergeInto)
  const state = replicated((await index.state(CONTAINER)) as DatabaseState)
  t.same(parseReplicated(JSON.parse(JSON.stringify(encodeReplicated(state)))), state)
  const one = row('ü\u001f/x', 2)
  t.same(parseRow(objectRows, JSON.parse(JSON.stringify(encodeRow(objectRows, one)))), one)
})

t.test('partitions cover all hashes, each once', async (t) => {
  for (const partPower of [0, 1, 4, 10]) {
    let before: string | undefined = '0'.repeat(32)
    for (let partition = 0; partition < 2 ** partPower; partition += 1) {
      const { first, end } = spanOf({ partPower, partition })
      t.equal(first, before)
      t.equal(partitionOfHash(first, partPower), partition)
      if (end !== undefined) t.ok(compareUtf8(first, end) < 0)
      before = end
    }
    t.equal(before, undefined)
  }
  t.equal(afterHash('f'.repeat(32)), undefined)
  t.equal(afterHash(`${'0'.repeat(31)}f`), `${'0'.repeat(30)}10`)
})
