/** What is read through the S3 door while replicas come and go: never what was overwritten or deleted before. */
import t, { type Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { believing, elementIn, type S3Door, s3Door } from '#proxy/testing/s3-door.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { MemoryCluster, type MemoryDevice } from './memory-cluster.ts'

interface Started {
  readonly cluster: MemoryCluster
  readonly s3: S3Door['s3']
  /** The devices that hold the object `key` of the bucket. */
  readonly holders: readonly MemoryDevice[]
}

async function start(t: Test): Promise<Started> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const { store } = cluster
  const records = new ClusterRecords({ store, clock: realClock })
  const { s3 } = s3Door({}, { store, records, s3: { authenticate: believing } })
  await s3('PUT', '/box')
  const placement = cluster.parts.objectPlacement(0, {
    account: 'AUTH_test',
    container: 'box',
    object: 'key',
  })
  const holders = (placement?.primaries ?? []).map(({ port }) => cluster.deviceAt(port))
  return { cluster, s3, holders: holders.filter((device) => device !== undefined) }
}

t.test('an overwrite is seen by every later read, whoever missed it', async (t) => {
  const { cluster, s3, holders } = await start(t)
  t.equal(holders.length, 3)
  for (const [version, away] of holders.entries()) {
    cluster.stop(away, 'object')
    t.equal((await s3('PUT', '/box/key', { body: `version ${version}` })).status, 200)
    cluster.restart(away)
    for (let read = 0; read < 6; read += 1) {
      t.equal((await s3('GET', '/box/key')).body, `version ${version}`)
    }
    t.equal((await s3('HEAD', '/box/key')).headers['content-length'], String(`version ${version}`.length))
  }
})

t.test('a deletion is seen by every later read, whoever missed it', async (t) => {
  const { cluster, s3, holders } = await start(t)
  for (const away of holders) {
    t.equal((await s3('PUT', '/box/key', { body: 'here' })).status, 200)
    cluster.stop(away, 'object')
    t.equal((await s3('DELETE', '/box/key')).status, 204)
    cluster.restart(away)
    for (let read = 0; read < 6; read += 1) {
      t.equal(elementIn(await s3('GET', '/box/key'), 'Code'), 'NoSuchKey')
    }
  }
})

t.test('what nobody can confirm is not told', async (t) => {
  const { cluster, s3, holders } = await start(t)
  await s3('PUT', '/box/key', { body: 'here' })
  const [, second, third] = holders
  for (const device of [second, third]) if (device !== undefined) cluster.stop(device, 'object')
  const unread = await s3('GET', '/box/key')
  t.equal(unread.status, 503)
  t.equal(elementIn(unread, 'Code'), 'ServiceUnavailable')
})

t.test('many reads at once confirm together, each its own object', async (t) => {
  const { s3 } = await start(t)
  const keys = Array.from({ length: 40 }, (_, at) => `key-${at}`)
  await Promise.all(keys.map((key) => s3('PUT', `/box/${key}`, { body: key })))
  const read = await Promise.all([...keys, ...keys].map((key) => s3('GET', `/box/${key}`)))
  t.strictSame(
    read.map(({ body }) => body),
    [...keys, ...keys],
  )
})
