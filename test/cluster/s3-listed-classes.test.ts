/** What listings tell of an object besides its name comes through storage, with and without encryption and versions. */
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { believing, elementsIn, type S3Door, s3Door } from '#proxy/testing/s3-door.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { layered } from './kept-objects.ts'
import { MemoryCluster } from './memory-cluster.ts'

/** Classes by the listing of objects, and by that of versions. */
async function classesIn(s3: S3Door['s3']): Promise<readonly (readonly string[])[]> {
  const listings = await Promise.all(['?list-type=2', '?versions'].map((query) => s3('GET', `/box${query}`)))
  return listings.map((listing) => elementsIn(listing, 'StorageClass'))
}

t.test('the storage class of an object is in listings of it', async (t) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const store = layered(cluster, cluster.store)
  const records = new ClusterRecords({ store: cluster.store, clock: realClock })
  const { s3 } = s3Door({}, { store, records, s3: { authenticate: believing } })
  await s3('PUT', '/box')
  const cold = { 'x-amz-storage-class': 'GLACIER_IR' }
  await s3('PUT', '/box/a', { body: 'x', headers: cold })
  await s3('PUT', '/box/b', { body: 'x', headers: { ...cold, 'x-amz-server-side-encryption': 'AES256' } })
  await s3('PUT', '/box/c', { body: 'x' })
  const plain = ['GLACIER_IR', 'GLACIER_IR', 'STANDARD']
  t.strictSame(await classesIn(s3), [plain, plain])
  const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  t.equal((await s3('PUT', '/box?versioning', { body: enabled })).status, 200)
  await s3('PUT', '/box/b', { body: 'y' })
  await s3('PUT', '/box/c', { body: 'y', headers: cold })
  const current = ['GLACIER_IR', 'STANDARD', 'GLACIER_IR']
  const versions = ['GLACIER_IR', 'STANDARD', 'GLACIER_IR', 'GLACIER_IR', 'STANDARD']
  t.strictSame(await classesIn(s3), [current, versions])
})
