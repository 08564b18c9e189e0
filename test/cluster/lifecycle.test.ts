/**
 * The lifecycle of buckets on real storage servers: every device's worker makes a pass at a chosen time, then the expirers
 * make one. What a rule says has come to its end goes, exactly once and by exactly one of the devices; everything else stays.
 */
import t, { type Test } from 'tap'
import type { Clock } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { bufferBody, type HeaderMap, readWhole } from '#http/message.ts'
import { type LifecycleActions, StoreActions } from '#lifecycle/actions.ts'
import { createLifecycleWorker } from '#lifecycle/lifecycle-worker.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { LifecycleRule } from '#store/bucket-settings/lifecycle-rules.ts'
import { replicasThere } from '#store/container-replicas.ts'
import type { ObjectPut, Store } from '#store/contract.ts'
import { deferJudgedDeletes } from '#store/deferred-deletes.ts'
import { type FeatureDeps, withFeatures } from '#store/features.ts'
import { objectsOver } from '#store/layering.ts'
import type { ListingQuery } from '#store/listing.ts'
import { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import { TAGS_FACT } from '#store/object-facts/object-tags.ts'
import { LOCK_FLAG, lockedWith } from '#store/object-lock/lock-facts.ts'
import { OBJECT_LOCKS, ObjectLocks } from '#store/object-lock/object-locks.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import type { PassReport } from '#worker/contract.ts'
import { CONTAINER, named } from './actions.ts'
import { pass as expirerPass } from './expirers.ts'
import { MemoryCluster, type MemoryDevice } from './memory-cluster.ts'

const DAY_MS = 86_400_000
const PLAIN: LifecycleRule = {
  id: 'r',
  status: 'Enabled',
  filter: { tags: [] },
  filterForm: 'single',
  transitions: [],
  noncurrentTransitions: [],
}

class Lifecycles {
  readonly #features: FeatureDeps
  readonly cluster: MemoryCluster
  readonly store: Store
  readonly settings: BucketSettings
  readonly multipart: MultipartUploads
  /** What others do once a pass has judged by rows, before it looks or acts. */
  meanwhile: (() => Promise<unknown>) | undefined

  constructor(cluster: MemoryCluster) {
    this.cluster = cluster
    const { store: core, timestamps } = cluster
    const records = new ClusterRecords({ store: core, clock: realClock })
    this.settings = new BucketSettings(core.containers, records.of(BUCKET_SETTINGS))
    const environment = { clock: realClock, random: new SeededRandom(5) }
    this.#features = {
      environment,
      timestamps,
      deferDeletes: core.deferDeletes,
      deferPartsCheck: core.deferPartsCheck,
      bucketSettings: this.settings,
      objectLocks: new ObjectLocks({ clock: realClock, records: records.of(OBJECT_LOCKS) }),
    }
    this.store = withFeatures(core, this.#features)
    const checkParts = core.deferPartsCheck
    this.multipart = new MultipartUploads({ store: this.store, ...environment, timestamps, checkParts })
  }

  async bucket(rules: readonly Partial<LifecycleRule>[], changes: HeaderMap = {}): Promise<void> {
    const { context } = this.cluster
    await this.store.containers.put(context, CONTAINER, { changes, policyIndex: undefined })
    const whole = rules.map((rule, at) => ({ ...PLAIN, id: `r${at}`, ...rule }))
    await this.settings.change(context, CONTAINER, (there) => ({
      kind: 'documents',
      documents: { ...there, lifecycle: { rules: whole } },
    }))
  }

  async put(
    object: string,
    metadata: HeaderMap = {},
    body = 'x',
    customerKey?: Buffer,
  ): Promise<string | undefined> {
    const put = await this.store.objects.put(this.cluster.context, named(object), {
      ...putOf(body),
      metadata,
      customerKey,
    })
    if (put.kind !== 'created') throw new Error(put.kind)
    return put.versionId
  }

  /** PUT of a new version by a proxy to which something comes before it writes the link. */
  async putBeforeLink(object: string, body: string, before: () => Promise<unknown>): Promise<string> {
    const { objects, containers, accounts } = this.cluster.store
    const core: Store = {
      accounts,
      containers,
      objects: objectsOver(objects, {
        put: async (context, name, put) => {
          if (name.container === CONTAINER.container) await before()
          return await objects.put(context, name, put)
        },
      }),
    }
    const store = withFeatures(core, this.#features)
    return (await store.objects.put(this.cluster.context, named(object), putOf(body))).kind
  }

  async text(object: string, versionId?: string): Promise<string> {
    const asked = { method: 'GET', conditions: {}, newest: true, versionId } as const
    const read = await this.store.objects.read(this.cluster.context, named(object), asked)
    return read.kind === 'found' ? (await readWhole(read.body, 1000)).toString() : `<${read.kind}>`
  }

  actions(): StoreActions {
    const { context, parts } = this.cluster
    return new StoreActions({
      store: this.store,
      context,
      queue: (judged) => deferJudgedDeletes(parts, context, judged),
      abort: (name, uploadId) => this.multipart.abort(context, { name, uploadId }),
    })
  }

  /** Which let others come in between. */
  #passActions(): LifecycleActions {
    const actions = this.actions()
    const comeIn = async (): Promise<void> => {
      const { meanwhile } = this
      this.meanwhile = undefined
      await meanwhile?.()
    }
    return {
      look: async (name, versionId) => {
        await comeIn()
        return await actions.look(name, versionId)
      },
      deleteVersion: async (name, versionId) => {
        await comeIn()
        return await actions.deleteVersion(name, versionId)
      },
      expireSoon: (judged) => actions.expireSoon(judged),
      expireNow: (name, seen) => actions.expireNow(name, seen),
      abortUpload: (name, uploadId) => actions.abortUpload(name, uploadId),
    }
  }

  /** What is listed: keys, with versions `key current`, `key old`, `key marker`. */
  async listed(versions?: ListingQuery['versions']): Promise<readonly string[]> {
    const listing = { limit: 1000, reverse: false, versions }
    const read = await this.store.containers.read(this.cluster.context, CONTAINER, { listing })
    if (read.kind !== 'found') throw new Error(read.kind)
    return (read.page?.entries() ?? []).flatMap((row) => {
      if (row.kind !== 'object') return []
      if (versions === undefined) return [row.name]
      if (row.contentType.startsWith('application/x-deleted')) return [`${row.name} marker`]
      return [`${row.name} ${row.extra['is_latest'] === true ? 'current' : 'old'}`]
    })
  }

  async versionIds(object: string): Promise<readonly string[]> {
    const listing = { limit: 1000, reverse: false, versions: {} }
    const read = await this.store.containers.read(this.cluster.context, CONTAINER, { listing })
    const rows = read.kind === 'found' ? (read.page?.entries() ?? []) : []
    return rows.flatMap((row) =>
      row.kind === 'object' && row.name === object ? [String(row.extra['version_id'])] : [],
    )
  }

  /** A pass of every device, so many days from now, and of the expirers after it. */
  async pass(
    daysLater: number,
    devices: readonly MemoryDevice[] = this.cluster.devices,
  ): Promise<PassReport[]> {
    const clock: Clock = { ...realClock, wallMs: () => realClock.wallMs() + daysLater * DAY_MS }
    const { cluster, store } = this
    const { context, parts } = cluster
    const reports: PassReport[] = []
    for (const device of devices) {
      const worker = createLifecycleWorker({
        clock,
        log: silentLogger,
        index: device.containers,
        dayMs: DAY_MS,
        intervalMs: 1000,
        rest: async () => {},
        parts: async () => ({
          store,
          context,
          uploads: (name, query) => this.multipart.list(context, name, query),
          actions: this.#passActions(),
          rules: async (name) => {
            const read = await this.settings.of(context, name)
            return read.kind === 'settings' ? (read.documents.lifecycle?.rules ?? []) : 'unavailable'
          },
          sharing: (name) => replicasThere(parts, name, (node) => node.device === device.name),
          leftSettings: {
            buckets: async function* () {
              yield CONTAINER
            },
            remove: async (name) => {
              const { kind } = await this.settings.remove(context, name)
              return kind === 'removed' || kind === 'in_use' ? kind : 'unavailable'
            },
          },
        }),
      })
      reports.push(await worker.runOnce({ pace: 'full', signal: new AbortController().signal }))
    }
    await expirerPass(cluster, devices)
    return reports
  }
}

function putOf(body: string): ObjectPut {
  return {
    body: bufferBody(Buffer.from(body)),
    contentType: 'text/plain',
    expectedEtag: undefined,
    metadata: {},
    limitBytes: 1000,
  }
}

async function start(t: Test): Promise<Lifecycles> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  return new Lifecycles(cluster)
}

function total(
  reports: readonly PassReport[],
  part: 'found' | 'repaired' | 'waiting',
  figure: string,
): number {
  return reports.reduce((sum, report) => sum + (report[part][figure] ?? 0), 0)
}

await t.test('objects go when their days are over, by prefix, tag and size', async (t) => {
  const here = await start(t)
  await here.bucket([
    { filter: { prefix: 'tmp/', tags: [] }, expiration: { kind: 'days', days: 3 } },
    { filter: { tags: [{ key: 'keep', value: 'no' }] }, expiration: { kind: 'days', days: 3 } },
    { filter: { tags: [], sizeGreaterThan: 5 }, expiration: { kind: 'days', days: 3 } },
    { status: 'Disabled', expiration: { kind: 'days', days: 1 } },
  ])
  for (const key of ['tmp/a', 'tmp/b', 'stays']) await here.put(key)
  await here.put('tagged', { [TAGS_FACT]: 'keep=no&x=y' })
  await here.put('tagged otherwise', { [TAGS_FACT]: 'keep=yes' })
  await here.put('large', {}, 'more than five')
  const early = await here.pass(2)
  t.equal(total(early, 'repaired', 'expired'), 0)
  const due = await here.pass(5)
  t.equal(total(due, 'repaired', 'expired'), 4, 'each by exactly one device')
  t.ok(Math.max(...due.map(({ found }) => found['lag_seconds'] ?? 0)) > 0, 'how late it was is told')
  t.same(await here.listed(), ['stays', 'tagged otherwise'])
  t.equal(total(await here.pass(6), 'repaired', 'expired'), 0, 'and there is nothing more to do')
})

await t.test('what only its owner can read goes as all else does', async (t) => {
  const here = await start(t)
  await here.bucket([{ expiration: { kind: 'days', days: 1 } }])
  await here.put('secret', {}, 'x', Buffer.alloc(32, 1))
  await here.pass(3)
  t.same(await here.listed(), [])
})

await t.test('objects go when the date of a rule has come, those that are put after it too', async (t) => {
  const here = await start(t)
  const midnight = Math.ceil(realClock.wallMs() / DAY_MS) * DAY_MS
  const onDay = (days: number): LifecycleRule['expiration'] => ({
    kind: 'date',
    date: new Date(midnight + days * DAY_MS).toISOString(),
  })
  await here.bucket([
    { filter: { prefix: 'soon/', tags: [] }, expiration: onDay(2) },
    { filter: { prefix: 'soon/late/', tags: [] }, expiration: onDay(9) },
    { filter: { prefix: 'past/', tags: [] }, expiration: onDay(-30) },
  ])
  for (const key of ['soon/a', 'soon/late/b', 'other']) await here.put(key)
  t.equal(total(await here.pass(2), 'repaired', 'expired'), 0, 'not before midnight')
  const due = await here.pass(4)
  t.equal(total(due, 'repaired', 'expired'), 2, 'by the rule that comes first')
  t.ok(Math.max(...due.map(({ found }) => found['lag_seconds'] ?? 0)) >= 86_400, 'how late it was is told')
  await here.put('past/c')
  t.equal(total(await here.pass(0), 'repaired', 'expired'), 1)
  t.same(await here.listed(), ['other'])
})

await t.test('noncurrent versions go by tag and size; markers go with the days of their rule', async (t) => {
  const here = await start(t)
  const tagged = { tags: [{ key: 'keep', value: 'no' }] }
  await here.bucket(
    [
      { filter: { prefix: 'v/', ...tagged }, noncurrentExpiration: { days: 1 } },
      { filter: { prefix: 'v/', tags: [], sizeGreaterThan: 5 }, noncurrentExpiration: { days: 1 } },
      { filter: { prefix: 'm/', tags: [] }, expiration: { kind: 'days', days: 4 } },
    ],
    { 'x-versions-enabled': 'true' },
  )
  await here.put('v/large', {}, 'more than five')
  await here.put('v/tagged', { [TAGS_FACT]: 'keep=no' })
  await here.put('v/stays', { [TAGS_FACT]: 'keep=yes' })
  for (const key of ['v/large', 'v/tagged', 'v/stays']) await here.put(key)
  await here.store.objects.delete(here.cluster.context, named('m/gone'), {})
  t.equal(total(await here.pass(3), 'repaired', 'versions'), 2)
  t.same(await here.listed({}), [
    'm/gone marker',
    'v/large current',
    'v/stays current',
    'v/stays old',
    'v/tagged current',
  ])
  await here.pass(6)
  t.notOk(
    (await here.listed({})).includes('m/gone marker'),
    'a marker that hides nothing is as old as an object',
  )
})

await t.test('what was written anew after it was judged stays', async (t) => {
  const here = await start(t)
  await here.bucket([{ expiration: { kind: 'days', days: 1 } }])
  await here.put('o')
  const actions = here.actions()
  const seen = await actions.look(named('o'))
  if (seen === undefined || seen === 'unavailable') throw new Error('it is there')
  await actions.expireSoon([{ name: named('o'), changedAt: seen.seen.changedAt }])
  await here.put('o', {}, 'anew')
  await expirerPass(here.cluster)
  t.same(await here.listed(), ['o'])
  t.equal(await actions.expireNow(named('o'), seen), 'changed')
  t.same(await here.listed(), ['o'])
})

await t.test('versions: the current one gets a marker, old ones go, lone markers after them', async (t) => {
  const here = await start(t)
  await here.bucket(
    [
      { filter: { prefix: 'a', tags: [] }, expiration: { kind: 'days', days: 1 } },
      { filter: { prefix: 'b', tags: [] }, noncurrentExpiration: { days: 1, newerVersions: 1 } },
      { filter: { prefix: 'c', tags: [] }, noncurrentExpiration: { days: 1 } },
      { filter: { prefix: 'c', tags: [] }, expiration: { kind: 'delete_markers' } },
    ],
    { 'x-versions-enabled': 'true' },
  )
  await here.put('a')
  for (const body of ['1', '2', '3', '4']) await here.put('b', {}, body)
  await here.put('c')
  await here.store.objects.delete(here.cluster.context, named('c'), {})
  await here.pass(3)
  t.same(await here.listed({}), ['a marker', 'a old', 'b current', 'b old', 'c marker'])
  await here.pass(3)
  t.same(await here.listed({}), ['a marker', 'a old', 'b current', 'b old'], 'the lone marker went')
})

await t.test(
  'where versions are suspended what expires leaves a null marker, which goes by itself',
  async (t) => {
    const here = await start(t)
    await here.bucket([{ expiration: { kind: 'days', days: 1 } }], { 'x-versions-enabled': 'true' })
    await here.put('version')
    await here.bucket([{ expiration: { kind: 'days', days: 1 } }], { 'x-versions-enabled': 'suspended' })
    await here.put('null')
    await here.pass(3)
    t.same(await here.listed({}), ['null marker', 'version marker', 'version old'])
    await here.pass(3)
    t.same(await here.listed({}), ['version marker', 'version old'])
  },
)

const KEEPS_VERSIONS = { 'x-versions-enabled': 'true' }
const OLD_GO: Partial<LifecycleRule> = { noncurrentExpiration: { days: 1 } }

await t.test('the current version stays, though a PUT that failed has left a newer one', async (t) => {
  const here = await start(t)
  await here.bucket([OLD_GO], KEEPS_VERSIONS)
  await here.put('o', {}, 'acknowledged')
  const failed = here.putBeforeLink('o', 'left over', () => Promise.reject(new Error('the proxy died')))
  await t.rejects(failed)
  await here.pass(3)
  t.equal(await here.text('o'), 'acknowledged')
  t.same(await here.listed({}), ['o old', 'o current'])
})

await t.test('an older version that was put back as the current one stays', async (t) => {
  const here = await start(t)
  await here.bucket([OLD_GO], KEEPS_VERSIONS)
  await here.put('o', {}, 'oldest')
  const versionId = await here.put('o', {}, 'put back')
  await here.put('o', {}, 'newest')
  const put = { ...putOf(''), versionId }
  t.match(await here.store.objects.put(here.cluster.context, named('o'), put), { kind: 'created' })
  t.equal(total(await here.pass(3), 'repaired', 'versions'), 1, 'the oldest goes')
  t.equal(await here.text('o'), 'put back')
  t.same(await here.listed({}), ['o old', 'o current'])
})

await t.test(
  'what was put before versions is kept through a pass in the middle of the next PUT',
  async (t) => {
    const here = await start(t)
    await here.bucket([OLD_GO])
    await here.put('o', {}, 'before versions')
    await here.bucket([OLD_GO], KEEPS_VERSIONS)
    const kind = await here.putBeforeLink('o', 'after', async () => {
      t.same(await here.listed({}), ['o current', 'o old', 'o old'])
      t.equal(total(await here.pass(3), 'repaired', 'versions'), 0)
      // Also not when the pass has listed at another time.
      for (const id of await here.versionIds('o'))
        if (id !== 'null') t.equal(await here.actions().deleteVersion(named('o'), id), 'changed')
    })
    t.equal(kind, 'created')
    const ids = await here.versionIds('o')
    t.same(await Promise.all(ids.map((id) => here.text('o', id))), ['after', 'before versions'])
  },
)

await t.test('an object whose marker is deleted while a pass goes on stays', async (t) => {
  const here = await start(t)
  await here.bucket([OLD_GO], KEEPS_VERSIONS)
  await here.put('o', {}, 'undeleted')
  const { context } = here.cluster
  const { versionId } = await here.store.objects.delete(context, named('o'), {})
  here.meanwhile = () => here.store.objects.delete(context, named('o'), { versionId, successor: 'newest' })
  t.equal(total(await here.pass(3), 'found', 'changed'), 1)
  t.equal(await here.text('o'), 'undeleted')
  t.same(await here.listed({}), ['o current'])
})

await t.test('a pass ends when rules are taken away, or versions are switched on', async (t) => {
  const soon: Partial<LifecycleRule> = { expiration: { kind: 'days', days: 1 } }
  const changes: readonly ((here: Lifecycles) => Promise<unknown>)[] = [
    (here) => here.bucket([]),
    (here) => here.bucket([soon], KEEPS_VERSIONS),
  ]
  for (const change of changes) {
    const here = await start(t)
    await here.bucket([soon])
    const keys = Array.from({ length: 12 }, (_, at) => `k${at}`.padEnd(4, '.')).toSorted()
    for (const key of keys) await here.put(key)
    const [first] = here.cluster.devices
    if (first === undefined) throw new Error('there are devices')
    here.meanwhile = () => change(here)
    const reports = await here.pass(3, [first])
    t.equal(total(reports, 'found', 'buckets_changed'), 1)
    t.equal(total(reports, 'repaired', 'expired'), 0)
    t.same(await here.listed(), keys)
  }
})

await t.test('a lock holds against the lifecycle', async (t) => {
  const here = await start(t)
  await here.bucket([{ noncurrentExpiration: { days: 1 } }], {
    'x-versions-enabled': 'true',
    [LOCK_FLAG]: 'Enabled',
  })
  await here.put('o', lockedWith({ legalHold: 'ON' }))
  await here.put('o')
  const reports = await here.pass(3)
  t.equal(total(reports, 'found', 'locked'), 1)
  t.same(await here.listed({}), ['o current', 'o old'])
})

await t.test('uploads that nobody completes are given up', async (t) => {
  const here = await start(t)
  await here.bucket([{ abortUploadsAfterDays: 2 }])
  const begun = await here.multipart.begin(here.cluster.context, named('big'), {
    contentType: 'text/plain',
    metadata: {},
  } as never)
  if (begun.kind !== 'begun') throw new Error(begun.kind)
  await here.pass(1)
  const uploads = async (): Promise<number> => {
    const listed = await here.multipart.list(here.cluster.context, CONTAINER, { prefix: '', limit: 10 })
    return listed.kind === 'uploads' ? listed.entries.length : -1
  }
  t.equal(await uploads(), 1)
  t.equal(total(await here.pass(4), 'repaired', 'uploads'), 1)
  t.equal(await uploads(), 0)
})

await t.test('settings that outlived their bucket are swept up, others stay', async (t) => {
  const here = await start(t)
  const { context, store: core } = here.cluster
  await here.bucket([{ expiration: { kind: 'days', days: 9 } }])
  t.equal(total(await here.pass(1), 'repaired', 'left_settings'), 0)
  t.match(await here.settings.of(context, CONTAINER), { documents: { lifecycle: { rules: [{ id: 'r0' }] } } })
  await core.containers.delete(context, CONTAINER)
  t.ok(total(await here.pass(1), 'repaired', 'left_settings') > 0)
  const records = new ClusterRecords({ store: core, clock: realClock }).of(BUCKET_SETTINGS)
  t.match(await records.list(context), { kind: 'listed', records: [] })
})

await t.test('the work of a device that is away is done by the others', async (t) => {
  const here = await start(t)
  await here.bucket([{ expiration: { kind: 'days', days: 1 } }])
  const keys = Array.from({ length: 12 }, (_, at) => `k${at}`)
  for (const key of keys) await here.put(key)
  const [away, ...others] = here.cluster.devices
  if (away === undefined) throw new Error('there are devices')
  here.cluster.stop(away, 'container')
  t.equal(total(await here.pass(3, others), 'repaired', 'expired'), keys.length)
})
