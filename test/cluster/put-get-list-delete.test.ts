import t from 'tap'
import { bufferBody, readWhole } from '#http/message.ts'
import { MemoryCluster } from './memory-cluster.ts'

t.test('an object that was put is read, listed and deleted', async (t) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const { store, context } = cluster
  const container = { account: 'AUTH_test', container: 'c' }
  t.match(await store.containers.put(context, container, { changes: {}, policyIndex: undefined }), {
    kind: 'created',
  })
  const name = { ...container, object: 'o/x y' }
  const put = await store.objects.put(context, name, {
    body: bufferBody(Buffer.from('hello')),
    contentType: 'text/plain',
    expectedEtag: undefined,
    metadata: { 'x-object-meta-colour': 'red' },
    limitBytes: 1000,
  })
  t.match(put, {
    kind: 'created',
    etag: '5d41402abc4b2a76b9719d911017c592',
    sizeBytes: 5,
    listingPending: false,
  })
  const read = await store.objects.read(context, name, { method: 'GET', conditions: {}, newest: false })
  t.match(read, { kind: 'found', status: 200 })
  if (read.kind === 'found') t.equal(String(await readWhole(read.body, 100)), 'hello')
  const listing = await store.containers.read(context, container, { listing: { limit: 100, reverse: false } })
  t.match(listing, { kind: 'found' })
  if (listing.kind === 'found')
    t.match(listing.page?.entries(), [{ kind: 'object', name: 'o/x y', sizeBytes: 5 }])
  t.match(await store.objects.delete(context, name, {}), { kind: 'deleted', listingPending: false })
  t.match(await store.objects.read(context, name, { method: 'GET', conditions: {}, newest: false }), {
    kind: 'no_such_object',
  })
})
