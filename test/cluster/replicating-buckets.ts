/** A cluster whose buckets are replicated: the S3 door before it, and the workers of its devices, which a test has make passes. */
import type { Test } from 'tap'
import { DEFAULT_RESELLERS } from '#auth/principal.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { createReplicationWorker } from '#bucket-replication/replication-worker.ts'
import { VersionReplicator } from '#proxy/s3/replication/version-replicator.ts'
import { believing, elementsIn, type S3Door, s3Door } from '#proxy/testing/s3-door.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { Store } from '#store/contract.ts'
import type { DeferPartsCheck } from '#store/deferred-checks.ts'
import { DerivedKeys } from '#store/encryption/derived-keys.ts'
import { withFeatures } from '#store/features.ts'
import { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import { OBJECT_LOCKS, ObjectLocks } from '#store/object-lock/object-locks.ts'
import type { ContainerName } from '#store/operation.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import type { PassReport, Worker } from '#worker/contract.ts'
import { MemoryCluster, type MemoryClusterOptions, type MemoryDevice } from './memory-cluster.ts'

const ENCRYPTION = { keys: new DerivedKeys(new Map([['', Buffer.alloc(32, 7)]]), ''), writes: 'off' } as const
const LIMIT_BYTES = 2 ** 30
const VERSIONING = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'

export interface RuleSent {
  readonly to: string
  readonly id?: string
  readonly priority?: number
  /** What stands in `Filter`. */
  readonly filter?: string
  readonly markers?: 'Enabled' | 'Disabled'
  /** What else stands in the destination. */
  readonly destination?: string
  /** What else stands in the rule. */
  readonly more?: string
}

/** The document that sends these rules. */
export function replicationDocument(...rules: readonly RuleSent[]): string {
  const written = rules.map(
    ({ to, id = `to-${to}`, filter = '', markers = 'Enabled', destination = '', more = '', ...rule }, at) =>
      `<Rule><ID>${id}</ID><Priority>${rule.priority ?? at + 1}</Priority><Status>Enabled</Status>` +
      `<Filter>${filter}</Filter>${more}` +
      `<DeleteMarkerReplication><Status>${markers}</Status></DeleteMarkerReplication>` +
      `<Destination><Bucket>arn:aws:s3:::${to}</Bucket>${destination}</Destination></Rule>`,
  )
  const role = '<Role>arn:aws:iam::test:role/replication</Role>'
  return `<ReplicationConfiguration>${role}${written.join('')}</ReplicationConfiguration>`
}

/** The stores that proxies and workers have over a core store, which a test may have tampered with. */
function layersOver(cluster: MemoryCluster, core: Store, replication?: 'marked') {
  const { timestamps, store: whole } = cluster
  const environment = { clock: realClock, random: new SeededRandom(11) }
  const records = new ClusterRecords({ store: whole, clock: realClock })
  const bucketSettings = new BucketSettings(core.containers, records.of(BUCKET_SETTINGS))
  const objectLocks = new ObjectLocks({ clock: realClock, records: records.of(OBJECT_LOCKS) })
  const store = withFeatures(core, {
    environment,
    timestamps,
    deferPartsCheck: whole.deferPartsCheck,
    bucketSettings,
    objectLocks,
    encryption: ENCRYPTION,
    replication,
  })
  return { core, records, bucketSettings, objectLocks, store, environment }
}

export class ReplicatingBuckets {
  readonly cluster: MemoryCluster
  /** That of a proxy. */
  readonly store: Store
  readonly s3: S3Door['s3']
  readonly s3As: S3Door['s3As']
  readonly #workers = new Map<MemoryDevice, Worker>()

  private constructor(cluster: MemoryCluster) {
    this.cluster = cluster
    const { records, bucketSettings, objectLocks, store, environment } = layersOver(
      cluster,
      cluster.store,
      'marked',
    )
    this.store = store
    const { timestamps } = cluster
    const checkParts = cluster.store.deferPartsCheck
    const multipart = new MultipartUploads({ store, ...environment, timestamps, checkParts })
    const overrides = { store, records, bucketSettings, objectLocks, multipart }
    const door = s3Door({}, { ...overrides, s3: { authenticate: believing } })
    this.s3 = door.s3
    this.s3As = door.s3As
  }

  static async start(t: Test, options: MemoryClusterOptions = {}): Promise<ReplicatingBuckets> {
    const cluster = await MemoryCluster.start(options)
    t.teardown(() => cluster.close())
    return new ReplicatingBuckets(cluster)
  }

  /** Makes buckets that keep versions. */
  async buckets(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.s3('PUT', `/${name}`)
      await this.s3('PUT', `/${name}?versioning`, { body: VERSIONING })
    }
  }

  async replicate(bucket: string, ...rules: readonly RuleSent[]): Promise<void> {
    const { status, body } = await this.s3('PUT', `/${bucket}?replication`, {
      body: replicationDocument(...rules),
    })
    if (status !== 200) throw new Error(body)
  }

  /** A worker of a device; `core` is what it does things through, `checkParts` how it writes to the expirer's queue. */
  worker(
    device: MemoryDevice,
    core: Store = this.cluster.store,
    checkParts: DeferPartsCheck = this.cluster.store.deferPartsCheck,
  ): Worker {
    const { store, bucketSettings, objectLocks, environment } = layersOver(this.cluster, alwaysAsked(core))
    const { timestamps } = this.cluster
    const access = {
      store,
      settings: bucketSettings,
      clock: realClock,
      resellers: DEFAULT_RESELLERS,
      objectOwnership: 'ObjectWriter',
    } as const
    const replicator = new VersionReplicator({
      context: this.cluster.context,
      store,
      core,
      settings: bucketSettings,
      locks: objectLocks,
      access,
      multipart: { store, ...environment, timestamps, checkParts },
      limitBytes: LIMIT_BYTES,
    })
    return createReplicationWorker({
      clock: realClock,
      log: silentLogger,
      index: device.containers,
      replicator: async () => replicator,
      turn: (name) => this.#turn(device, name),
      rest: async () => {},
      intervalMs: 1,
      discoveryMs: 1,
      containerMs: 600_000,
      takeOverMs: 0,
    })
  }

  /** A pass of every device, each with what it remembers of earlier ones. */
  async pass(devices: readonly MemoryDevice[] = this.cluster.devices): Promise<readonly PassReport[]> {
    const reports: PassReport[] = []
    for (const device of devices) {
      const worker = this.#workers.get(device) ?? this.worker(device)
      this.#workers.set(device, worker)
      reports.push(await worker.runOnce({ pace: 'full', signal: new AbortController().signal }))
    }
    return reports
  }

  /** Passes until nothing waits. */
  async settle(): Promise<void> {
    for (let passes = 0; passes < 10; passes += 1) {
      const reports = await this.pass()
      if (reports.every(({ waiting, ended }) => ended === 'complete' && waiting['versions'] === undefined))
        return
    }
    throw new Error('something waits for ever')
  }

  /** Ids of the versions and markers of a key, newest first. */
  async versions(bucket: string, key: string): Promise<readonly string[]> {
    return elementsIn(await this.s3('GET', `/${bucket}?versions&prefix=${key}`), 'VersionId')
  }

  /** The body of the current object, or the code of the error. */
  async text(bucket: string, key: string): Promise<string> {
    const { status, body } = await this.s3('GET', `/${bucket}/${key}`)
    return status === 200 ? body : `<${elementsIn({ status, headers: {}, body }, 'Code')[0]}>`
  }

  /** `x-amz-replication-status`. */
  async status(bucket: string, key: string, versionId?: string): Promise<string | undefined> {
    const query = versionId === undefined ? '' : `?versionId=${versionId}`
    const { headers } = await this.s3('HEAD', `/${bucket}/${key}${query}`)
    return headers['x-amz-replication-status']
  }

  #turn(device: MemoryDevice, { account, container }: ContainerName) {
    const { primaries } = this.cluster.parts.containerPlacement(account, container)
    const place = primaries.findIndex(({ port }) => port === device.ports.container)
    return place < 0 ? undefined : { place, primaries: primaries.length }
  }
}

/** Workers remember nothing of containers that a test would have to wait for. */
function alwaysAsked(core: Store): Store {
  const { containers } = core
  return {
    ...core,
    containers: {
      info: async (context, name) => {
        const read = await containers.read(context, name, { newest: true })
        return read.kind === 'found' ? read.info : undefined
      },
      read: (context, name, options) => containers.read(context, name, options),
      put: (context, name, put) => containers.put(context, name, put),
      post: (context, name, changes) => containers.post(context, name, changes),
      delete: (context, name) => containers.delete(context, name),
    },
  }
}
