/**
 * The object server of one device: the table of its verbs and the layers around them, outermost first.
 * `#backend/by-device.ts` puts several behind one address.
 */
import { accessLog } from '#backend/access-log.ts'
import { parseObjectAddress } from '#backend/address.ts'
import { announceCapabilities } from '#backend/capabilities.ts'
import { failureLayer } from '#backend/failure-layer.ts'
import { type HealthcheckOptions, healthcheck } from '#backend/healthcheck.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import { isRefusal } from '#backend/refusal.ts'
import { refuseReplicate } from '#backend/replicate.ts'
import { serveVerbs } from '#backend/verbs.ts'
import type { Clock, Random } from '#base/environment.ts'
import { BATCHES_CAPABILITY, type Capability } from '#base/extensions.ts'
import type { Logger } from '#base/log.ts'
import { type HashPathSalt, pathOf } from '#base/names.ts'
import { type Handler, type Layer, pipeline, type Request, type Response } from '#http/message.ts'
import { serveBatches } from './batches.ts'
import type { ObjectDevice } from './device.ts'
import { ExpirerQueue } from './expirer-queue.ts'
import { answerByLeases } from './leases/lease-layer.ts'
import type { PolicyLeases } from './leases/leases.ts'
import { serveProbes } from './probes.ts'
import { quickProbes } from './quick-probes.ts'
import { SYNC_METHOD } from './replication/messages.ts'
import { NO_REPAIRS, type ObjectRepairs } from './replication/repairs.ts'
import { SyncServer, type SyncServerOptions } from './replication/serve.ts'
import { answerByStanding } from './replication/standing-layer.ts'
import { RowDelivery } from './row-delivery.ts'
import type { RowSender } from './row-sender.ts'
import { DEFAULT_ALLOWED_HEADERS, type ObjectServerContext } from './server-context.ts'
import { acceptCandidate } from './verbs/accept.ts'
import { commitCandidate } from './verbs/commit.ts'
import { deleteObject } from './verbs/delete.ts'
import { getObject } from './verbs/get.ts'
import { headObject } from './verbs/head.ts'
import { postObject } from './verbs/post.ts'
import { promiseObject } from './verbs/promise.ts'
import { putObject } from './verbs/put.ts'

/** Ours beyond Swift's dialect. */
export const OBJECT_CAPABILITIES: readonly Capability[] = [
  'replica-state',
  'container-update-status',
  'index-probe',
  'block-crcs',
  'promises',
  'sync',
  'probes',
  BATCHES_CAPABILITY,
]

export interface ObjectServerOptions {
  readonly device: ObjectDevice
  readonly policies: StoragePolicies
  readonly salt: HashPathSalt
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** How container servers are told. */
  readonly sender: RowSender
  /** How long an object's answer waits for its rows, milliseconds. */
  readonly rowsWaitMs?: number
  /** Version of the program, for `OPTIONS`. */
  readonly version: string
  readonly logRequests?: 'all' | 'failures'
  /** Headers besides metadata that clients may store (Swift `allowed_headers`), lower-case. */
  readonly allowedHeaders?: ReadonlySet<string>
  readonly healthcheck?: HealthcheckOptions
  /** How this device takes part in replication; without it peers are told that it does not. */
  readonly replication?: Pick<
    SyncServerOptions,
    'transport' | 'isPeer' | 'reclaimAgeSeconds' | 'isClockInDoubt' | 'admit'
  > & {
    readonly repairs?: ObjectRepairs
  }
  /** By policy index; without them nobody reads by a lease. */
  readonly leases?: ReadonlyMap<number, PolicyLeases>
}

export function createObjectServer(options: ObjectServerOptions): Handler {
  const { device, clock, log } = options
  const server = contextOf(options)
  const verb = (serve: (server: ObjectServerContext, request: Request) => Promise<Response>): Handler => {
    return (request) => serve(server, request)
  }
  const verbs = serveVerbs({
    server: `object-server/${options.version}`,
    verbs: {
      ACCEPT: verb(acceptCandidate),
      COMMIT: verb(commitCandidate),
      DELETE: verb(deleteObject),
      GET: verb(getObject),
      HEAD: verb(headObject),
      POST: verb(postObject),
      PROMISE: verb(promiseObject),
      PUT: verb(putObject),
      REPLICATE: refuseReplicate('object-server', log),
    },
  })
  const announced = OBJECT_CAPABILITIES.join(',')
  const layers: readonly Layer[] = [
    healthcheck(options.healthcheck),
    accessLog({ clock, log, requests: options.logRequests ?? 'failures' }),
    serveProbes(announced, (asked) => quickProbes(server, asked)),
    serveBatches(announced, (requests) => expectObjects(device, requests)),
    announceByPolicy(device),
    failureLayer(device.drive, log),
    serveSync(options),
    answerByStanding({ device, salt: options.salt, repairs: options.replication?.repairs ?? NO_REPAIRS }),
    ...(options.leases === undefined ? [] : [answerByLeases(options.leases, options.salt)]),
  ]
  return pipeline(verbs, layers)
}

/** Besides the table of verbs, whose names `OPTIONS` tells to anybody. */
function serveSync({ replication, leases, device, clock, log }: ObjectServerOptions): Layer {
  if (replication === undefined) return (inner) => inner
  const sync = new SyncServer({ device, clock, log, leases, ...replication })
  return (inner) => (request) => (request.method === SYNC_METHOD ? sync.serve(request) : inner(request))
}

function contextOf(options: ObjectServerOptions): ObjectServerContext {
  const { device, policies, clock, random, log, sender, salt, rowsWaitMs } = options
  const wait = rowsWaitMs === undefined ? {} : { waitMs: rowsWaitMs }
  return {
    device,
    policies,
    clock,
    random,
    log,
    rows: new RowDelivery({ sender, clock, log, ...wait }),
    expirerQueue: new ExpirerQueue(salt),
    repairs: options.replication?.repairs ?? NO_REPAIRS,
    allowedHeaders: options.allowedHeaders ?? DEFAULT_ALLOWED_HEADERS,
  }
}

/** One look at the index for all objects of a batch. */
async function expectObjects(device: ObjectDevice, requests: readonly Request[]): Promise<void> {
  const byPolicy = Map.groupBy(requests, ({ headers }) =>
    Number(headers['x-backend-storage-policy-index'] ?? 0),
  )
  for (const [policyIndex, some] of byPolicy) {
    const names = some.flatMap((request) => {
      const address = parseObjectAddress(request)
      return isRefusal(address) ? [] : [pathOf(address)]
    })
    await device.engine(policyIndex)?.expect?.(names)
  }
}

/** Each policy has replica states of its own; a request says which policy it means. */
function announceByPolicy(device: ObjectDevice): Layer {
  return (inner) => {
    const announcing = new Map<number, Handler>()
    for (const [index] of device.engines) {
      const states = device.replicaStates(index)
      if (states !== undefined)
        announcing.set(index, announceCapabilities('object', OBJECT_CAPABILITIES, states)(inner))
    }
    return (request) => {
      const index = Number(request.headers['x-backend-storage-policy-index'] ?? 0)
      return (announcing.get(index) ?? inner)(request)
    }
  }
}
