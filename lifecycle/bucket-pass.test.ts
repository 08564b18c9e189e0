/** A pass over a bucket of several pages whose owner changes it, or that cannot be read, before the second. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { isoForm, timestampFromTicks } from '#base/timestamp.ts'
import type { LifecycleRule } from '#store/bucket-settings/lifecycle-rules.ts'
import type { ContainerInfo, ContainerOperations } from '#store/contract.ts'
import type { ListedObject } from '#store/listing.ts'
import { objectPage } from '#store/listing-pages.ts'
import { DELETE_MARKER_TYPE } from '#store/versions/version-names.ts'
import { Pass } from '#worker/pass.ts'
import type { LifecycleActions } from './actions.ts'
import { BucketPass } from './bucket-pass.ts'

const PAGE = 1_000
const YEAR_2020 = 1_577_836_800
const at = (second: number) => timestampFromTicks((YEAR_2020 + second) * 100_000)
const RULE: LifecycleRule = {
  id: 'r',
  status: 'Enabled',
  filter: { tags: [] },
  filterForm: 'single',
  expiration: { kind: 'delete_markers' },
  noncurrentExpiration: { days: 1 },
  transitions: [],
  noncurrentTransitions: [],
}
const INFO: ContainerInfo = {
  objectCount: 0,
  bytesUsed: 0,
  policyIndex: 0,
  statusChangedAt: at(0),
  readAcl: undefined,
  writeAcl: undefined,
  syncKey: undefined,
  metadata: {
    'x-container-sysmeta-versions-container': '%00versions%00c',
    'x-container-sysmeta-versions-enabled': 'true',
  },
}

/** What a read of the bucket's container says of it, and its rules. */
interface Bucket {
  info: ContainerInfo
  rules: readonly LifecycleRule[]
  isReadable: boolean
}

/** Of every page the deletes, when `change` comes with the second one. */
async function deletedIn(pages: readonly (readonly object[])[], change: (bucket: Bucket) => void) {
  const bucket: Bucket = { info: INFO, rules: [RULE], isReadable: true }
  let read = 0
  const containers = {
    read: async (_context: unknown, _name: unknown, { listing }: { listing?: object }) => {
      if (listing !== undefined) read += 1
      if (listing !== undefined && read === 2) change(bucket)
      if (!bucket.isReadable) return { kind: 'unavailable', reason: 'nobody answers' }
      const page = objectPage(Buffer.from(JSON.stringify(pages[read - 1] ?? [])), 'complete')
      return { kind: 'found', info: bucket.info, headers: {}, page: listing && page }
    },
  } as unknown as ContainerOperations
  const deleted: string[] = []
  const actions = {
    deleteVersion: async ({ object }, id) => {
      deleted.push(`${object} ${id}`)
      return 'done'
    },
  } as Pick<LifecycleActions, 'deleteVersion'> as LifecycleActions
  const pass = new Pass({ worker: 'lifecycle', clock: realClock, unit: 'objects' })
  await new BucketPass(
    {
      clock: realClock,
      dayMs: 86_400_000,
      store: { containers },
      context: { txId: 'tx', signal: undefined, log: silentLogger },
      rules: async () => bucket.rules,
      uploads: () => Promise.reject(new Error('no rule is about uploads')),
      actions,
      rest: async () => {},
    },
    { name: { account: 'AUTH_test', container: 'c' }, isOwn: () => true },
    pass,
    { pace: 'full', signal: new AbortController().signal },
  ).run()
  const { found, waiting } = pass.report('complete')
  return { deleted, found, waiting }
}

function version(second: number, isLatest = false, type = 'text/plain'): object {
  return {
    name: 'o',
    bytes: 1,
    hash: 'e',
    content_type: type,
    last_modified: isoForm(at(second)),
    version_id: at(second),
    is_latest: isLatest,
  } satisfies Partial<Record<keyof ListedObject, unknown>> & Record<string, unknown>
}

const FIRST = [
  version(9_000, true),
  ...Array.from({ length: PAGE - 1 }, (_, index) => version(8_000 - index)),
]
const SECOND = [version(10)]

t.test('a bucket that stays what it is is passed to its end', async (t) => {
  const { deleted, found } = await deletedIn([FIRST, SECOND], () => {})
  t.equal(deleted.length, PAGE)
  t.same(found, {})
})

t.test('nothing more is deleted once rules, versions or the bucket itself are others', async (t) => {
  const off = { ...INFO.metadata, 'x-container-sysmeta-versions-enabled': 'false' }
  const changes: readonly ((bucket: Bucket) => void)[] = [
    (bucket) => Object.assign(bucket, { rules: [] }),
    (bucket) => Object.assign(bucket, { rules: [{ ...RULE, status: 'Disabled' }] }),
    (bucket) => Object.assign(bucket, { info: { ...INFO, metadata: off } }),
    (bucket) => Object.assign(bucket, { info: { ...INFO, statusChangedAt: at(99) } }),
  ]
  for (const change of changes) {
    const { deleted, found } = await deletedIn([FIRST, SECOND], change)
    t.equal(deleted.length, PAGE - 1)
    t.same(found, { buckets_changed: 1 })
  }
})

t.test('a marker at the end of a listing that broke off is no lone one', async (t) => {
  const page = [
    { ...version(9_000, true), name: 'a' },
    ...FIRST.slice(2).map((row) => ({ ...row, name: 'a' })),
    version(100, true, DELETE_MARKER_TYPE),
  ]
  const { deleted, waiting } = await deletedIn([page, SECOND], (bucket) => {
    bucket.isReadable = false
  })
  t.same(
    deleted.filter((one) => one.startsWith('o')),
    [],
  )
  t.same(waiting, { unavailable: 1 })
})
