/**
 * The proxy: the one list of the pipeline, and the doors behind it. A request passes the layers in the order of the list,
 * then goes to the first door that takes it; the answer passes them in reverse. The list is data: it is printed at start,
 * and an operator may leave out what is not needed.
 */

import { NO_REALMS, type Realms } from '#auth/container-sync/realms.ts'
import { configuredDirectory, type Directory } from '#auth/directory.ts'
import type { KeyRing } from '#auth/key-ring.ts'
import { TokenSeal } from '#auth/token-seal.ts'
import type { UserDirectory } from '#auth/users.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Metrics } from '#base/metrics.ts'
import type { CanonicalNames } from '#http/canonical-names.ts'
import type { Handler } from '#http/message.ts'
import type { BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { Guarantees, Store } from '#store/contract.ts'
import { type Desks, onlyDesk } from '#store/desk/peer-desks.ts'
import type { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import type { ObjectLocks } from '#store/object-lock/object-locks.ts'
import type { Records } from '#store/records/contract.ts'
import type { SecretSeal } from '#store/records/secret-seal.ts'
import { accessDepsOf } from './access/access-deps.ts'
import { capabilities, promisesBeyondSwift } from './capabilities.ts'
import {
  bulkSections,
  crossdomainSection,
  etagQuoterSection,
  nameCheckSection,
  rateLimitSection,
} from './limit-sections.ts'
import { accessLog } from './middleware/access-log.ts'
import { type BulkOptions, bulk } from './middleware/bulk.ts'
import { catchErrors } from './middleware/catch-errors.ts'
import { cnameLookup } from './middleware/cname-lookup.ts'
import { containerSync, containerSyncSection } from './middleware/container-sync.ts'
import { crossdomain } from './middleware/crossdomain.ts'
import { domainRemap } from './middleware/domain-remap.ts'
import { type EndpointsLookup, endpoints } from './middleware/endpoints.ts'
import { etagQuoter } from './middleware/etag-quoter.ts'
import { formPost } from './middleware/formpost.ts'
import { gatekeeper } from './middleware/gatekeeper.ts'
import { head } from './middleware/head.ts'
import { healthcheck } from './middleware/healthcheck.ts'
import { type InfoSections, info } from './middleware/info.ts'
import { type KeystoneParts, keystone } from './middleware/keystone.ts'
import { countAndTime } from './middleware/metrics.ts'
import { metricsPage } from './middleware/metrics-page.ts'
import { nameCheck } from './middleware/name-check.ts'
import { ratelimit } from './middleware/ratelimit.ts'
import { requestLimits } from './middleware/request-limits.ts'
import { type Service, serviceAt } from './middleware/service.ts'
import { swiftV1Auth } from './middleware/swift-v1-auth.ts'
import { tempUrl } from './middleware/tempurl.ts'
import { token } from './middleware/token.ts'
import type { ProxyOptions } from './options.ts'
import { RateDesk } from './ratelimit/rate-desk.ts'
import { authorize } from './s3/access/authorize.ts'
import type { S3Authentication } from './s3/authenticate.ts'
import { BucketRecords } from './s3/buckets/bucket-records.ts'
import { anonymousS3Layer, s3Layer } from './s3/layers.ts'
import type { S3Deps } from './s3/operation.ts'
import { websiteLayer } from './s3/website/website.ts'
import { sts } from './sts/sts-layer.ts'
import { swiftDoor } from './swift/door.ts'
import type { ProxyHandler, ProxyLayer, Transaction } from './transaction.ts'
import { staticWeb } from './web/static-web.ts'
import {
  cnameLookupSection,
  domainRemapSection,
  formPostSection,
  isCnameLookupOn,
  staticWebSection,
  tempUrlSection,
  type WebOptions,
} from './web-options.ts'

export interface ProxyDeps {
  readonly environment: Pick<Environment, 'clock' | 'random'>
  readonly log: Logger
  readonly store: Store
  /** What the storage servers let the store promise; `/info` tells it. */
  readonly guarantees?: (() => Guarantees) | undefined
  readonly policies: StoragePolicies
  readonly users: UserDirectory
  /** Who else may sign in; without it the users alone. */
  readonly directory?: Directory | undefined
  /** Serves `/identity`. */
  readonly identity?: Service | undefined
  /** The same in every process of the cluster. */
  readonly keys: KeyRing
  /** What the cluster itself must not lose: users, keys, buckets, images. */
  readonly records: Records
  /** What the owners of buckets have configured. */
  readonly bucketSettings: BucketSettings
  /** Over the store. */
  readonly multipart: MultipartUploads
  /** What keeps versions from being deleted. */
  readonly objectLocks: ObjectLocks
  /** Seals secrets that are kept in records. */
  readonly secrets: SecretSeal
  readonly options: ProxyOptions
  /** Where the proxy counts; shown at `/metrics`. */
  readonly metrics: Metrics
  /** Tokens of Keystone are accepted besides those of `users`. */
  readonly keystone?: KeystoneParts | undefined
  /** Where it is decided who may go on; this process decides alone without it. */
  readonly desks?: Desks | undefined
  /** Asked for the aliases of foreign hosts, where that is on. */
  readonly canonicalNames?: CanonicalNames | undefined
  /** Other clusters that containers are synced with. */
  readonly syncRealms?: SyncRealms | undefined
  /** Objects are encrypted at rest, or can be read if they are; administrators are told. */
  readonly encryption?: 'encrypted' | 'off' | undefined
  /** Turns `/endpoints/` on. */
  readonly endpoints?: EndpointsLookup | undefined
  /** Further doors, asked before the Swift API: services of other rooms that share the port and the pipeline. */
  readonly doors?: readonly Door[] | undefined
  /** Turns the S3 API on. */
  readonly s3?: S3Parts | undefined
  /** While true, `/healthcheck` says 503. */
  readonly isDisabled?: (() => boolean) | undefined
}

export interface SyncRealms {
  /** Those of this moment. */
  readonly realms: () => Realms
  /** Which of their clusters this one is; upper case. */
  readonly current: { readonly realm: string; readonly cluster: string } | undefined
}

/** What the S3 door needs besides what every door has. */
export type S3Parts = Pick<S3Deps, 'authenticate'> &
  Partial<Pick<S3Deps, 'authorize' | 'authenticateForm' | 'logs'>> & {
    /** Turns on the service that gives out temporary credentials. */
    readonly sts?: S3Authentication | undefined
  }

export interface Proxy {
  readonly handler: Handler
  /** Names of the layers, outermost first, and of the doors: for the line printed at start. */
  readonly pipeline: readonly string[]
}

interface Parts extends ProxyDeps {
  readonly directory: Directory
  /** What the layers that were chosen tell in `/info`. */
  readonly sections: InfoSections
}

interface LayerEntry {
  readonly name: string
  /** `undefined` when the options turn it off. */
  readonly make: (parts: Parts) => ProxyLayer | undefined
  /** What `/info` tells of it. */
  readonly sections?: (web: WebOptions, options: ProxyOptions) => InfoSections
  /** May not be left out: without it the cluster would be open, or further layers blind. */
  readonly required?: true
}

/** Outermost first. `catch-errors` stands before them all. */
const LAYERS: readonly LayerEntry[] = [
  {
    name: 'access-log',
    make: ({ environment, log, options }) =>
      accessLog({ clock: environment.clock, log, what: options.accessLog }),
  },
  {
    name: 'metrics',
    make: ({ environment, metrics }) => countAndTime({ clock: environment.clock, metrics }),
  },
  { name: 'head', make: () => head, required: true },
  { name: 'gatekeeper', make: () => gatekeeper, required: true },
  { name: 's3-websites', make: (parts) => s3Part(parts, websiteLayer) },
  {
    name: 'sts',
    make: ({ s3, options }) => (options.s3.enabled ? s3?.sts && sts(s3.sts, options.s3.domains) : undefined),
  },
  { name: 's3', make: (parts) => s3Part(parts, s3Layer) },
  { name: 'healthcheck', make: ({ isDisabled }) => healthcheck(isDisabled ?? (() => false)) },
  {
    name: 'cname-lookup',
    make: ({ environment, options, canonicalNames: names }) =>
      names &&
      cnameLookup({
        clock: environment.clock,
        names,
        options: {
          storageDomains: isCnameLookupOn(options.web) ? options.web.domainRemap.storageDomains : [],
          lookupDepth: options.web.cnameLookupDepth,
        },
      }),
    sections: cnameLookupSection,
  },
  {
    name: 'domain-remap',
    make: ({ options }) => domainRemap(options.web.domainRemap),
    sections: domainRemapSection,
  },
  { name: 'metrics-page', make: ({ metrics }) => metricsPage(metrics) },
  { name: 'info', make: (parts) => info(infoOptions(parts)) },
  {
    name: 'crossdomain',
    make: ({ options: { crossdomainPolicy: policy } }) =>
      policy === undefined ? undefined : crossdomain(policy),
    sections: (_web, options) => crossdomainSection(options),
  },
  {
    name: 's3-anonymous',
    make: (parts) => s3Part(parts, (deps) => anonymousS3Layer(deps, parts.options.authPrefix)),
  },
  { name: 'request-limits', make: () => requestLimits, required: true },
  { name: 'identity', make: ({ identity }) => identity && serviceAt('/identity', identity) },
  {
    name: 'name-check',
    make: ({ options: { nameRules } }) => (nameRules === undefined ? undefined : nameCheck(nameRules)),
    sections: (_web, options) => nameCheckSection(options),
  },
  {
    name: 'etag-quoter',
    make: ({ store, options }) => etagQuoter({ store, default: options.etags }),
    sections: (_web, options) => etagQuoterSection(options),
  },
  { name: 'endpoints', make: (parts) => parts.endpoints && endpoints(parts.endpoints) },
  {
    name: 'container-sync',
    make: ({ store, syncRealms }) => containerSync({ store, realms: syncRealms?.realms ?? noRealms }),
  },
  {
    name: 'tempurl',
    make: ({ environment, store, options }) =>
      tempUrl({ clock: environment.clock, keys: store, options: options.web.tempurl }),
    sections: tempUrlSection,
  },
  {
    name: 'formpost',
    make: ({ environment, store, options }) =>
      formPost({ clock: environment.clock, keys: store, allowedDigests: options.web.formpostDigests }),
    sections: formPostSection,
  },
  {
    name: 'swift-v1-auth',
    make: ({ directory, options }) =>
      directory.isEmpty
        ? undefined
        : swiftV1Auth({
            directory,
            prefix: options.authPrefix,
            storageUrlScheme: options.storageUrlScheme,
          }),
  },
  { name: 'token', make: ({ directory, options }) => token(directory, firstPrefix(options)), required: true },
  { name: 'keystone', make: (parts) => parts.keystone && keystone(parts.keystone) },
  {
    name: 'bulk',
    make: (parts) => bulk(bulkOptions(parts)),
    sections: (_web, options) => bulkSections(options),
  },
  {
    name: 'ratelimit',
    make: ({ environment: { clock }, store, desks, options }) =>
      ratelimit({
        clock,
        store,
        desks: desks ?? onlyDesk(new RateDesk(clock).answer),
        limits: options.rateLimits,
      }),
    sections: (_web, options) => rateLimitSection(options),
  },
  {
    name: 'staticweb',
    make: ({ store, options }) => staticWeb({ store, urlBase: options.web.urlBase }),
    sections: staticWebSection,
  },
]

/** The doors, asked in this order. */
export interface Door {
  readonly name: string
  readonly takes: (transaction: Transaction) => boolean
  readonly handler: ProxyHandler
}

/** Throws an `Error` that names what is wrong when the options ask for a layer there is not, or leave out a required one. */
export function createProxy(deps: ProxyDeps): Proxy {
  const { environment, log, options, users } = deps
  const seal = new TokenSeal({
    clock: environment.clock,
    random: environment.random,
    keys: deps.keys,
    resellerPrefix: firstPrefix(options),
    lifeSeconds: options.tokenLifeSeconds,
    generationOf: (user) => users.generationOf(user),
  })
  const doors = doorsOf(deps)
  const chosen = chosenLayers(options.pipeline)
  const sections = Object.assign({}, ...chosen.map((layer) => layer.sections?.(options.web, options)))
  const directory = deps.directory ?? configuredDirectory(users, seal)
  const made = chosen.map(({ name, make }) => ({ name, layer: make({ ...deps, directory, sections }) }))
  const layers = made.filter((one): one is { name: string; layer: ProxyLayer } => one.layer !== undefined)
  const inner = layers.reduceRight((handler, { layer }) => layer(handler), throughDoors(doors))
  const suffix = options.transactionIdSuffix
  return {
    handler: catchErrors(inner, { environment, log, transactionIdSuffix: suffix }),
    pipeline: ['catch-errors', ...layers.map(({ name }) => name), ...doors.map(({ name }) => `door:${name}`)],
  }
}

/** Layers may be left out, not moved: each relies on those before it. */
function chosenLayers(names: readonly string[]): readonly LayerEntry[] {
  if (names.length === 0) return LAYERS
  const unknown = names.find((name) => !LAYERS.some((layer) => layer.name === name))
  if (unknown !== undefined) throw new Error(`pipeline: there is no layer called ${JSON.stringify(unknown)}`)
  const missing = LAYERS.find(({ name, required }) => required === true && !names.includes(name))
  if (missing !== undefined) throw new Error(`pipeline: ${missing.name} may not be left out`)
  const chosen = LAYERS.filter(({ name }) => names.includes(name))
  const inOrder = chosen.map(({ name }) => name).join(' ')
  if (names.join(' ') !== inOrder) throw new Error(`pipeline: the order must be ${inOrder}`)
  return chosen
}

function s3Part(parts: Parts, layer: (deps: S3Deps) => ProxyLayer): ProxyLayer | undefined {
  const {
    s3,
    store,
    records,
    environment,
    policies,
    options,
    multipart,
    bucketSettings: settings,
    objectLocks: locks,
  } = parts
  if (s3 === undefined || !options.s3.enabled) return undefined
  return layer({
    store,
    clock: environment.clock,
    policies,
    options: options.s3,
    resellers: options.resellers,
    maxFileSizeBytes: options.maxFileSizeBytes,
    settings,
    multipart,
    locks,
    authorize,
    // Without anybody to ask, nobody has signed a form.
    authenticateForm: async () => ({ kind: 'anonymous' }),
    access: accessDepsOf(parts),
    records: new BucketRecords(records),
    ...s3,
  })
}

function doorsOf(deps: ProxyDeps): readonly Door[] {
  const { store, policies, environment, options, syncRealms, doors = [] } = deps
  const swift = swiftDoor({
    store,
    policies,
    clock: environment.clock,
    options,
    access: accessDepsOf(deps),
    syncRealms: syncRealms?.realms ?? noRealms,
  })
  return [...doors, { name: 'swift', takes: () => true, handler: swift }]
}

function noRealms(): Realms {
  return NO_REALMS
}

function throughDoors(doors: readonly Door[]): ProxyHandler {
  const [only] = doors
  if (doors.length === 1 && only !== undefined) return only.handler
  return async (transaction) => {
    const door = doors.find(({ takes }) => takes(transaction))
    if (door === undefined) throw new Error('no door takes the request')
    return door.handler(transaction)
  }
}

function firstPrefix({ resellers }: ProxyOptions): string {
  return resellers[0]?.prefix ?? ''
}

function bulkOptions({ environment, options }: Parts): BulkOptions {
  const { bulk: limits, maxFileSizeBytes } = options
  return {
    clock: environment.clock,
    yieldMs: limits.yieldMs,
    extract: {
      containersMax: limits.maxContainersPerExtraction,
      failuresMax: limits.maxFailedExtractions,
      maxFileSizeBytes,
    },
    delete: {
      deletesMax: limits.maxDeletesPerRequest,
      failuresMax: limits.maxFailedDeletes,
      concurrency: limits.deleteConcurrency,
    },
  }
}

function infoOptions({
  environment,
  options,
  policies,
  guarantees,
  directory,
  encryption,
  syncRealms,
  sections,
}: Parts): Parameters<typeof info>[0] {
  return {
    clock: environment.clock,
    expose: options.exposeInfo,
    sections: { ...capabilities(options, policies, directory.isEmpty ? 'elsewhere' : 'here'), ...sections },
    live: () => ({
      ...(guarantees === undefined ? undefined : promisesBeyondSwift(guarantees())),
      ...containerSyncSection((syncRealms?.realms ?? noRealms)(), syncRealms?.current),
    }),
    adminSections: encryption && { encryption: { enabled: encryption === 'encrypted' } },
    disallowedSections: options.infoDisallowedSections,
    adminKey: options.infoAdminKey,
  }
}
