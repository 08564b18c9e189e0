/** A second cluster of ours, in memory: all its doors, at an address that a network in memory leads to. For tests. */
import { randomBytes } from 'node:crypto'
import { keyRingOf } from '#auth/key-ring.ts'
import { DEFAULT_RESELLERS } from '#auth/principal.ts'
import { DEVELOPMENT_USERS, UserDirectory } from '#auth/users.ts'
import type { Clock } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { MemoryTransport } from '#http/memory-transport.ts'
import type { Handler } from '#http/message.ts'
import { GuessDesk } from '#identity/guess-desk.ts'
import { openIdentity } from '#identity/open-identity.ts'
import { isImagePath } from '#images/image-path.ts'
import { S3Bucket } from '#images/remote/s3-bucket.ts'
import { S3Store } from '#images/remote/s3-store.ts'
import type { RemoteNetwork } from '#images/remote/site.ts'
import { SwiftAccount } from '#images/remote/swift-account.ts'
import { firstSignIn, keystoneSignIn, type SignIn } from '#images/remote/swift-sign-in.ts'
import { SwiftStore } from '#images/remote/swift-store.ts'
import { type TestImages, testImages } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { signedS3Door } from '#proxy/testing/signed-s3-door.ts'
import { onlyDesk } from '#store/desk/peer-desks.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'
import { SecretSeal } from '#store/records/secret-seal.ts'

export const ENDPOINT = { host: 'other.example', port: 8080 } as const
export const ADDRESS = `http://${ENDPOINT.host}:${ENDPOINT.port}`
const KEYS = keyRingOf([{ id: 1, secret: 'a secret for tests' }])
const RANDOM = { bytes: randomBytes, below: () => 0 }

/** Pauses between tries are not waited for. */
export const IMPATIENT: Clock = {
  wallMs: () => realClock.wallMs(),
  monotonicMs: () => realClock.monotonicMs(),
  setTimer: (delayMs, callback) => realClock.setTimer(delayMs, callback),
  sleep: async () => {},
}

export interface AnotherCluster {
  readonly transport: MemoryTransport
  readonly network: RemoteNetwork
  readonly handler: Handler
  /** Its registry, as its own users see it. */
  readonly images: TestImages
  readonly first: SignIn
  readonly keystone: (service: 'object-store' | 'image') => SignIn
  readonly swiftStore: (signIn?: SignIn, how?: StoreUse) => SwiftStore
  readonly s3Store: (how?: StoreUse) => S3Store
  /** What there is in a container of `AUTH_test`: names, sorted. */
  readonly objects: (container: string) => Promise<readonly string[]>
}

export interface StoreUse {
  /** Through which the store is reached; the cluster's own without it. */
  readonly network?: RemoteNetwork
  readonly segmentBytes?: number
}

/** Parts are short, so that small images have several. */
const PART_BYTES = 5 * 1024 * 1024

export function anotherCluster(): AnotherCluster {
  const images = testImages({ store: new MemoryStore({ clock: realClock }) })
  const { service: identity, directory } = openTestIdentity()
  const door = signedS3Door({}, { identity, directory, doors: [doorOf(images)] })
  const { store } = door
  // As every client of the network says it.
  const handler: Handler = (request) =>
    door.handler({ ...request, headers: { host: `${ENDPOINT.host}:${ENDPOINT.port}`, ...request.headers } })
  const transport = new MemoryTransport({ clock: realClock, log: silentLogger })
  transport.register(ENDPOINT, handler)
  const network: RemoteNetwork = {
    clock: IMPATIENT,
    transport: () => transport,
    connectTimeoutMs: 1000,
    responseTimeoutMs: 5000,
  }
  const first = firstSignIn(network, {
    authUrl: `${ADDRESS}/auth/v1.0/`,
    user: 'test:tester',
    key: 'testing',
  })
  return {
    transport,
    network,
    handler,
    images,
    first,
    keystone: (service) => keystoneSignIn(network, { ...KEYSTONE, service }),
    swiftStore: (signIn = first, how = {}) => swiftStoreOf({ network, ...how }, signIn),
    s3Store: (how = {}) => s3StoreOf(how.network ?? network),
    objects: async (container) => {
      const context = { txId: 'tx', signal: undefined, log: silentLogger }
      const listing = { prefix: '', marker: undefined, limit: 1000, reverse: false }
      const read = await store.containers.read(context, { account: 'AUTH_test', container }, { listing })
      if (read.kind !== 'found') return []
      return (read.page?.entries() ?? []).flatMap((entry) => (entry.kind === 'object' ? [entry.name] : []))
    },
  }
}

const KEYSTONE = {
  authUrl: `${ADDRESS}/identity/v3`,
  credentials: {
    kind: 'password',
    user: 'tester',
    userDomain: 'Default',
    password: 'testing',
    project: 'test',
    projectDomain: 'Default',
  },
  region: 'regionone',
  interface: 'public',
} as const

function doorOf({ door }: TestImages) {
  return {
    name: 'images',
    takes: ({ request }: { readonly request: { readonly path: string } }) => isImagePath(request.path),
    handler: door,
  }
}

function openTestIdentity() {
  const users = new UserDirectory(DEVELOPMENT_USERS, DEFAULT_RESELLERS)
  return openIdentity({
    environment: { clock: realClock, random: RANDOM },
    records: new MemoryRecords(),
    secrets: new SecretSeal(KEYS, RANDOM),
    keys: KEYS,
    desks: onlyDesk(new GuessDesk(realClock, { failures: 3, holdMs: 1000 }).answer),
    entries: DEVELOPMENT_USERS,
    users,
    resellers: DEFAULT_RESELLERS,
    lifeSeconds: 86_400,
    region: 'RegionOne',
    urlScheme: 'default',
    hashCost: { logN: 1, r: 1, p: 1 },
  })
}

function swiftStoreOf(
  { network, segmentBytes = PART_BYTES }: StoreUse & { readonly network: RemoteNetwork },
  signIn: SignIn,
): SwiftStore {
  return new SwiftStore({
    id: 'faraway',
    description: 'a Swift elsewhere',
    account: new SwiftAccount(network, signIn),
    container: 'glance',
    create: true,
    largeObjectBytes: segmentBytes,
    segmentBytes,
  })
}

function s3StoreOf(network: RemoteNetwork): S3Store {
  return new S3Store({
    id: 'bucket',
    description: 'an S3 elsewhere',
    address: ADDRESS,
    prefix: 'images/',
    create: true,
    partBytes: PART_BYTES,
    bucket: new S3Bucket(network, {
      url: ADDRESS,
      bucket: 'images',
      urlFormat: 'path',
      credentials: { accessKey: 'test:tester', secretKey: 'testing', region: 'us-east-1' },
    }),
  })
}
