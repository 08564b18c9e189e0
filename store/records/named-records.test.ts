import t from 'tap'
import { allKeys } from './all-records.ts'
import type { FoundRecord, RecordKind, Records } from './contract.ts'
import { MemoryRecords } from './memory-records.ts'
import { type Named, NamedRecords } from './named-records.ts'
import { dyingAfter } from './testing/dying-records.ts'
import { CONTEXT } from './testing/records-suite.ts'

const PETS: RecordKind<Named> = { name: 'pets', version: 1, parse: (written) => written as Named }

async function holders(records: Records, name: string): Promise<readonly string[]> {
  const pets = records.of(PETS)
  const keys = (await allKeys(pets, CONTEXT)) as readonly string[]
  const found = await Promise.all(keys.map((key) => pets.read(CONTEXT, key, 'newest')))
  return found.flatMap((one) => (one.kind === 'found' && one.value.name === name ? one.key : []))
}

t.test('a name is found, given once, free again when its record goes or is renamed', async (t) => {
  const pets = new NamedRecords(new MemoryRecords(), PETS)
  const rex = (await pets.create(CONTEXT, '1', { name: 'rex' })) as FoundRecord<Named>
  t.match(await pets.findByName(CONTEXT, 'rex'), { kind: 'found', key: '1' })
  t.same(await pets.create(CONTEXT, '2', { name: 'rex' }), { kind: 'name_taken' })
  const max = (await pets.rename(CONTEXT, rex, { name: 'max' })) as FoundRecord<Named>
  t.same(await pets.findByName(CONTEXT, 'rex'), { kind: 'absent' })
  t.match(await pets.create(CONTEXT, '3', { name: 'rex' }), { kind: 'found' })
  t.same(await pets.rename(CONTEXT, max, { name: 'rex' }), { kind: 'name_taken' })
  t.same(await pets.remove(CONTEXT, max), { kind: 'removed' })
  t.match(await pets.create(CONTEXT, '4', { name: 'max' }), { kind: 'found' })
})

t.test(
  'names that count as the same are, and a record keeps its name when only its case changes',
  async (t) => {
    const pets = new NamedRecords(new MemoryRecords(), PETS, ({ name }) => name.toLowerCase())
    const rex = (await pets.create(CONTEXT, '1', { name: 'rex' })) as FoundRecord<Named>
    t.same(await pets.create(CONTEXT, '2', { name: 'REX' }), { kind: 'name_taken' })
    await pets.rename(CONTEXT, rex, { name: 'Rex' })
    t.match(await pets.findByName(CONTEXT, 'rex'), { kind: 'found', value: { name: 'Rex' } })
  },
)

t.test('a record that is being removed bears its name no more, and lets go of nobody else’s', async (t) => {
  const pets = new NamedRecords(new MemoryRecords(), PETS)
  const rex = (await pets.create(CONTEXT, '1', { name: 'rex' })) as FoundRecord<Named>
  const gone = await pets.byId.replace(CONTEXT, rex, { name: 'rex', state: 'removed' })
  t.same(await pets.findByName(CONTEXT, 'rex'), { kind: 'absent' })
  t.match(await pets.create(CONTEXT, '2', { name: 'rex' }), { kind: 'found' })
  t.same(await pets.remove(CONTEXT, gone as FoundRecord<Named>), { kind: 'removed' })
  t.match(await pets.findByName(CONTEXT, 'rex'), { key: '2' })
})

t.test('of those who want a name at the same moment one gets it', async (t) => {
  const records = new MemoryRecords()
  const pets = new NamedRecords(records, PETS)
  const wanted = Array.from({ length: 5 }, (_, at) => pets.create(CONTEXT, String(at), { name: 'rex' }))
  const outcomes = await Promise.all(wanted)
  t.equal(outcomes.filter(({ kind }) => kind === 'found').length, 1)
  t.equal((await holders(records, 'rex')).length, 1)
})

t.test(
  'whoever dies at any step of a creation leaves a name that one record bears, or that is free',
  async (t) => {
    for (const writes of [0, 1, 2, 3]) {
      const records = new MemoryRecords()
      await new NamedRecords(dyingAfter(writes, records), PETS).create(CONTEXT, 'first', { name: 'rex' })
      const survivor = new NamedRecords(records, PETS)
      const second = await survivor.create(CONTEXT, 'second', { name: 'rex' })
      const found = await survivor.findByName(CONTEXT, 'rex')
      const expected = writes < 2 ? 'second' : 'first'
      t.match(found, { kind: 'found', key: expected }, `${writes} writes`)
      t.equal(second.kind, writes < 2 ? 'found' : 'name_taken')
      t.same(await holders(records, 'rex'), [expected])
    }
  },
)

t.test('whoever dies at any step of a rename or removal leaves every name borne once, or free', async (t) => {
  for (const writes of [0, 1, 2, 3, 4]) {
    const records = new MemoryRecords()
    const survivor = new NamedRecords(records, PETS)
    const rex = (await survivor.create(CONTEXT, '1', { name: 'rex' })) as FoundRecord<Named>
    await new NamedRecords(dyingAfter(writes, records), PETS).rename(CONTEXT, rex, { name: 'max' })
    for (const name of ['rex', 'max']) {
      await survivor.create(CONTEXT, `new ${name}`, { name })
      t.equal((await holders(records, name)).length, 1, `${name} after ${writes} writes`)
      t.match(await survivor.findByName(CONTEXT, name), { kind: 'found' })
    }
  }
  for (const writes of [0, 1, 2]) {
    const records = new MemoryRecords()
    const survivor = new NamedRecords(records, PETS)
    const rex = (await survivor.create(CONTEXT, '1', { name: 'rex' })) as FoundRecord<Named>
    await new NamedRecords(dyingAfter(writes, records), PETS).remove(CONTEXT, rex)
    await survivor.create(CONTEXT, '2', { name: 'rex' })
    t.equal((await holders(records, 'rex')).length, 1, `removed, after ${writes} writes`)
  }
})

t.test('who takes over the name of one that is slow makes that one give up', async (t) => {
  const records = new MemoryRecords()
  const quick = new NamedRecords(records, PETS)
  const overtaken: Records = {
    of(kind) {
      const inner = records.of(kind)
      const isRecord = kind.name === PETS.name
      return {
        ...inner,
        async create(context, key, value) {
          // Between the claim and the record of the slow one.
          if (isRecord) t.match(await quick.create(CONTEXT, 'quick', { name: 'rex' }), { kind: 'found' })
          return await inner.create(context, key, value)
        },
      }
    },
  }
  const slow = new NamedRecords(overtaken, PETS)
  t.same(await slow.create(CONTEXT, 'slow', { name: 'rex' }), { kind: 'name_taken' })
  t.same(await holders(records, 'rex'), ['quick'])
  t.match(await quick.findByName(CONTEXT, 'rex'), { key: 'quick' })
})
