import t from 'tap'
import { MemoryKv } from '#kv/memory-kv.ts'
import { DeviceNotes } from './device-notes.ts'

t.test('notes are there after a restart, and never in the way of one', async (t) => {
  const kv = new MemoryKv()
  const store = await kv.open('/state')
  const notes = await DeviceNotes.open(store)
  t.equal(notes.get('audit/auditor'), undefined)
  await notes.set('audit/auditor', { version: 1, leaf: 7 })
  await notes.set('other', [1])
  await notes.set('other', undefined)
  await store.put(Buffer.from('notes/broken'), Buffer.from('{'))
  await store.put(Buffer.from('salt'), Buffer.from('not a note'))
  const again = await DeviceNotes.open(store)
  t.same(again.get('audit/auditor'), { version: 1, leaf: 7 })
  t.equal(again.get('other'), undefined)
  t.equal(again.get('broken'), undefined)
})

t.test('a power cut may bring back an earlier note, or none', async (t) => {
  const kv = new MemoryKv()
  const notes = await DeviceNotes.open(await kv.open('/state'))
  await notes.set('position', 1)
  await kv.crash('lost')
  t.equal((await DeviceNotes.open(await kv.open('/state'))).get('position'), undefined)
})
