import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { ObjectStore } from '#images/data/object-store.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import type { OperationContext } from '#store/operation.ts'

void t.test('what an object leads to is read only in its own account, whoever asks', async (t) => {
  const { objects, ...others } = new MemoryStore({ clock: realClock })
  const asked: OperationContext[] = []
  const read: typeof objects.read = async (context, name, options) => {
    asked.push(context)
    return await objects.read(context, name, options)
  }
  const store = new ObjectStore({ ...others, objects: { ...objects, read } })
  const context = { txId: 'tx', signal: undefined, log: silentLogger }
  await store.find(context, { account: 'AUTH_a', container: 'c', object: 'link' })
  await store.read(
    { ...context, permits: async () => ({ kind: 'allowed' }) },
    'etag/AUTH_a/c/link',
    undefined,
  )
  t.equal(asked.length, 2)
  for (const { permits } of asked) {
    t.match(await permits?.('read', { account: 'AUTH_a', container: 'd', object: 'o' }), { kind: 'allowed' })
    t.match(await permits?.('read', { account: 'AUTH_b', container: 'd', object: 'o' }), { kind: 'denied' })
    t.match(await permits?.('write', { account: 'AUTH_a', container: 'd', object: 'o' }), { kind: 'denied' })
  }
})
