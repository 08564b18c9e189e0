/**
 * Goal: a worker that dies while it replicates loses nothing and does nothing twice; a proxy that dies while replication is
 * set up leaves a bucket that can be set up. Method: the worker is cut off before every one of its steps; then others look.
 *
 * - What the destination lists can be read, and is of the source: its bytes, its ids, its markers.
 * - What was put at the source is as it was.
 * - The next pass of a worker that lives brings all of it, once, the newest as the current one, and says so at the source.
 */
import t, { type Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { elementIn, elementsIn, s3Door } from '#proxy/testing/s3-door.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { DeferPartsCheck } from '#store/deferred-checks.ts'
import { withFeatures } from '#store/features.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { asDeath, DyingProcess, dyingAt } from './dying-store.ts'
import { pass } from './expirers.ts'
import { ReplicatingBuckets, replicationDocument } from './replicating-buckets.ts'

t.setTimeout(600_000)

/** More than a pass takes. */
const STEPS_MAX = 100
const HOW = { pace: 'full', signal: new AbortController().signal } as const

interface Scene {
  readonly name: string
  /** What was at the destination before it kept versions. */
  readonly before?: string
  /** What is done to a key at the source; the last of it is brought by the worker that dies. */
  readonly deeds: readonly ((buckets: ReplicatingBuckets, key: string) => Promise<unknown>)[]
  /** What is current in the end. */
  readonly current: string
}

const put =
  (body: string) =>
  ({ s3 }: ReplicatingBuckets, key: string) =>
    s3('PUT', `/source/${key}`, { body })

const remove = ({ s3 }: ReplicatingBuckets, key: string) => s3('DELETE', `/source/${key}`)

async function upload({ s3 }: ReplicatingBuckets, key: string): Promise<void> {
  const uploadId = elementIn(await s3('POST', `/source/${key}?uploads`), 'UploadId') ?? ''
  const { headers } = await s3('PUT', `/source/${key}?uploadId=${uploadId}&partNumber=1`, { body: 'part' })
  const part = `<Part><PartNumber>1</PartNumber><ETag>${headers['etag']}</ETag></Part>`
  const body = `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`
  await s3('POST', `/source/${key}?uploadId=${uploadId}`, { body })
}

const SCENES: readonly Scene[] = [
  { name: 'a version', deeds: [put('first'), put('second')], current: 'second' },
  { name: 'a delete marker', deeds: [put('first'), remove], current: '<NoSuchKey>' },
  {
    name: 'a version over what was put before versions were kept',
    before: 'before',
    deeds: [put('first'), put('second')],
    current: 'second',
  },
  {
    name: 'a delete marker over it',
    before: 'before',
    deeds: [put('first'), remove],
    current: '<NoSuchKey>',
  },
  { name: 'what was uploaded in parts', deeds: [upload], current: 'part' },
]

/** All that is listed at the destination is the source's, or was there before. */
async function checkCopy(t: Test, buckets: ReplicatingBuckets, key: string, at: string): Promise<void> {
  const own = await buckets.versions('source', key)
  for (const id of await buckets.versions('copy', key)) {
    if (id === 'null') continue
    t.ok(own.includes(id), `${at}: ${id} is of the source`)
    const read = (bucket: string) => buckets.s3('GET', `/${bucket}/${key}?versionId=${id}`)
    const [here, there] = [await read('source'), await read('copy')]
    t.equal(there.status, here.status, `${at}: ${id}`)
    if (here.status === 200) t.equal(there.body, here.body, `${at}: ${id}`)
  }
}

for (const { name, before, deeds, current } of SCENES) {
  await t.test(`a worker dies over: ${name}`, async (t) => {
    const buckets = await ReplicatingBuckets.start(t, { devices: 1, replicas: 1 })
    const { cluster, s3 } = buckets
    const [device] = cluster.devices
    if (device === undefined) throw new Error('there is a device')
    await s3('PUT', '/copy')
    for (let step = 1; before !== undefined && step <= STEPS_MAX; step += 1)
      await s3('PUT', `/copy/key-${step}`, { body: before })
    await buckets.buckets('source', 'copy')
    await buckets.replicate('source', { to: 'copy' })
    for (let step = 1, isOver = false; !isOver; step += 1) {
      t.ok(step < STEPS_MAX)
      const key = `key-${step}`
      for (const [at, deed] of deeds.entries()) {
        if (at > 0) await buckets.settle()
        await deed(buckets, key)
      }
      const process = new DyingProcess(step)
      const { store } = cluster
      const checkParts: DeferPartsCheck = (...check) => process.step(() => store.deferPartsCheck(...check))
      await buckets.worker(device, process.store(store), checkParts).runOnce(HOW)
      isOver = !process.isDead
      await checkCopy(t, buckets, key, `step ${step}`)
      await buckets.settle()
      await checkCopy(t, buckets, key, `step ${step}, again`)
      const copied = (await buckets.versions('copy', key)).filter((id) => id !== 'null')
      t.same(copied, await buckets.versions('source', key), `step ${step}: all versions, once`)
      t.equal(await buckets.text('source', key), current, `step ${step}: the source is as it was`)
      t.equal(await buckets.text('copy', key), current, `step ${step}: the newest is the current one`)
      const [id] = copied
      if (current === '<NoSuchKey>') continue
      t.equal(await buckets.status('source', key, id), 'COMPLETED', `step ${step}`)
    }
    await checkParts(t, buckets, deeds.includes(upload) ? 'some' : 'none')
  })
}

/** When the checks have been made, there is a part for each object that has one, and no other. */
async function checkParts(t: Test, buckets: ReplicatingBuckets, uploads: 'some' | 'none'): Promise<void> {
  const { cluster, s3 } = buckets
  const clock = { ...realClock, wallMs: () => realClock.wallMs() + 3 * 86_400_000 }
  await pass(cluster, cluster.devices, { clock })
  for (const bucket of ['source', 'copy']) {
    const container = { account: 'AUTH_test', container: `${bucket}+segments` }
    const listing = { limit: 1000, reverse: false }
    const read = await cluster.store.containers.read(cluster.context, container, { listing })
    const parts = read.kind === 'found' ? (read.page?.entries() ?? []) : []
    const keys = elementsIn(await s3('GET', `/${bucket}?list-type=2`), 'ETag').filter((etag) =>
      etag.includes('-1'),
    )
    t.equal(parts.length, keys.length, `${bucket}: parts`)
    t.equal(parts.length > 0, uploads === 'some')
  }
  const [key] = elementsIn(await s3('GET', '/copy?list-type=2'), 'Key')
  if (key !== undefined) t.notMatch(await buckets.text('copy', key), /^</)
}

await t.test('a proxy dies while replication is set up, and it can be set up again', async (t) => {
  const buckets = await ReplicatingBuckets.start(t, { devices: 1, replicas: 1 })
  const { store: whole, timestamps } = buckets.cluster
  for (let step = 1, isOver = false; !isOver; step += 1) {
    t.ok(step < STEPS_MAX)
    const [source, copy] = [`source-${step}`, `copy-${step}`]
    await buckets.buckets(source, copy)
    const core = dyingAt(whole, step)
    const records = new ClusterRecords({ store: core, clock: realClock })
    const bucketSettings = new BucketSettings(core.containers, records.of(BUCKET_SETTINGS))
    const { environment } = s3Door().deps
    const store = withFeatures(core, { environment, timestamps, bucketSettings, replication: 'marked' })
    const dying = s3Door({}, { store, records, bucketSettings })
    const body = replicationDocument({ to: copy })
    const { status } = await dying
      .s3('PUT', `/${source}?replication`, { body })
      .catch((error: unknown) => ({ ...asDeath(error), status: 500 }))
    isOver = status === 200
    const told = await buckets.s3('GET', `/${source}?replication`)
    t.ok([200, 404].includes(told.status), `step ${step}: all of it or nothing`)
    await buckets.replicate(source, { to: copy })
    await buckets.s3('PUT', `/${source}/key`, { body: 'second' })
    await buckets.settle()
    t.equal(await buckets.text(copy, 'key'), 'second', `step ${step}`)
  }
})
