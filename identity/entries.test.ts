import t from 'tap'
import type { RecordKind, Records } from '#store/records/contract.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'
import { NamedRecords } from '#store/records/named-records.ts'
import { Entries, type EntryValue } from './entries.ts'
import { CONTEXT } from './testing/identity-session.ts'

interface Pet extends EntryValue {
  readonly legs: number
}

const PETS: RecordKind<Pet> = { name: 'pets', version: 1, parse: (written) => written as Pet }
const REX: Pet = { name: 'rex', legs: 4, state: 'present' }

function start(records: Records = new MemoryRecords()): Entries<Pet> {
  return new Entries({ records: new NamedRecords(records, PETS), configured: new Map([['1', REX]]) })
}

/** Nothing can be read or written. */
const LOST: Records = {
  of: () => {
    const lost = async () => ({ kind: 'unavailable', reason: 'lost' }) as const
    return { read: lost, create: lost, replace: lost, remove: lost, list: lost }
  },
}

t.test('what the configuration has is found without a record, and stands back behind one', async (t) => {
  const pets = start()
  t.match(await pets.find(CONTEXT, '1'), { source: 'configured', value: REX })
  t.match(await pets.findByName(CONTEXT, { name: 'rex' }), { id: '1' })
  await pets.change(CONTEXT, '1', (pet) => ({ kind: 'value', value: { ...pet, legs: 3 } }))
  t.match(await pets.find(CONTEXT, '1'), { source: 'record', value: { name: 'rex', legs: 3 } })
  t.match(await pets.list(CONTEXT), [{ id: '1', value: { legs: 3 } }])
})

t.test('a name of the configuration is taken, until it is given up', async (t) => {
  const pets = start()
  t.same(await pets.create(CONTEXT, '2', REX), { kind: 'name_taken' })
  await pets.change(CONTEXT, '1', (pet) => ({ kind: 'value', value: { ...pet, name: 'max' } }))
  t.same(await pets.findByName(CONTEXT, { name: 'rex' }), { kind: 'absent' })
  t.match(await pets.findByName(CONTEXT, { name: 'max' }), { id: '1' })
  t.match(await pets.create(CONTEXT, '2', REX), { kind: 'found' })
  const back = await pets.change(CONTEXT, '1', (pet) => ({ kind: 'value', value: { ...pet, name: 'rex' } }))
  t.same(back, { kind: 'name_taken' })
})

t.test('what the configuration has can be removed, and does not come back', async (t) => {
  const pets = start()
  t.same(await pets.remove(CONTEXT, '1'), { kind: 'removed' })
  t.same(await pets.find(CONTEXT, '1'), { kind: 'absent' })
  t.same(await pets.findByName(CONTEXT, { name: 'rex' }), { kind: 'absent' })
  t.same(await pets.list(CONTEXT), [])
  t.same(await pets.remove(CONTEXT, '1'), { kind: 'absent' })
  t.match(await pets.create(CONTEXT, '2', REX), { kind: 'found' }, 'its name is free')
  const renamed = start()
  await renamed.change(CONTEXT, '1', (pet) => ({ kind: 'value', value: { ...pet, name: 'max' } }))
  await renamed.remove(CONTEXT, '1')
  for (const name of ['rex', 'max']) {
    t.match(await renamed.create(CONTEXT, `new ${name}`, { ...REX, name }), { kind: 'found' }, name)
  }
})

t.test(
  'while records cannot be read, what the configuration has is believed, and nothing else',
  async (t) => {
    const pets = start(LOST)
    t.match(await pets.find(CONTEXT, '1'), { kind: 'found', source: 'configured' })
    t.match(await pets.findByName(CONTEXT, { name: 'rex' }), { id: '1' })
    t.match(await pets.find(CONTEXT, '2'), { kind: 'unavailable' })
    t.match(await pets.findByName(CONTEXT, { name: 'max' }), { kind: 'unavailable' })
    t.match(await pets.list(CONTEXT), { kind: 'unavailable' })
    t.match(await pets.change(CONTEXT, '1', (value) => ({ kind: 'value', value })), { kind: 'unavailable' })
  },
)

t.test('a record that needs the configuration is nothing without it', async (t) => {
  const records = new MemoryRecords()
  await start(records).change(CONTEXT, '1', (value) => ({ kind: 'value', value }))
  const without = new Entries({
    records: new NamedRecords(records, PETS),
    configured: new Map<string, Pet>(),
    isWhole: (id) => id !== '1',
  })
  t.same(await without.find(CONTEXT, '1'), { kind: 'absent' })
  t.match(await without.create(CONTEXT, '2', REX), { kind: 'found' })
})

t.test('an id or a name that cannot be is nobody', async (t) => {
  const pets = start()
  for (const text of ['', 'a\0b', 'x'.repeat(2000)]) {
    t.same(await pets.find(CONTEXT, text), { kind: 'absent' })
    t.same(await pets.findByName(CONTEXT, { name: text }), { kind: 'absent' })
  }
})
