import { createHash } from 'node:crypto'
import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { infoKey, metadataKey } from '#db/keys.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { DatabaseCount } from './database-count.ts'

function hashOf(number: number): Buffer {
  return createHash('md5').update(String(number)).digest()
}

t.test('databases are counted, whatever else lies beside them', async (t) => {
  const clock = new VirtualClock()
  const store = await new MemoryKv().open('/containers')
  await store.put(Buffer.from([0, 1, 2]), Buffer.from('of the device'))
  const count = new DatabaseCount(store, clock)
  t.equal(await count.now(), 0)
  for (let number = 0; number < 100; number += 1) {
    await store.put(infoKey(hashOf(number)), Buffer.from('info'))
    await store.put(metadataKey(hashOf(number)), Buffer.from('metadata'))
  }
  await store.put(infoKey(Buffer.alloc(16, 255)), Buffer.from('the last one there can be'))
  t.equal(await count.now(), 0, 'it was looked at a moment ago')
  await clock.advance(60_000)
  t.same(await Promise.all([count.now(), count.now()]), [101, 101])
})
