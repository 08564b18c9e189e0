/** A proxy over the store in memory, and requests to it without a socket. */
import { randomBytes } from 'node:crypto'
import { keyRingOf } from '#auth/key-ring.ts'
import { DEVELOPMENT_USERS, UserDirectory } from '#auth/users.ts'
import { parsePolicies, StoragePolicies } from '#backend/policies.ts'
import { silentLogger } from '#base/log.ts'
import { Metrics } from '#base/metrics.ts'
import { realClock } from '#base/real-clock.ts'
import {
  bufferBody,
  EMPTY_BODY,
  type Handler,
  headerOf,
  type Request,
  type Response,
  readWhole,
} from '#http/message.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import { DerivedKeys } from '#store/encryption/derived-keys.ts'
import { withFeatures } from '#store/features.ts'
import { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import { OBJECT_LOCKS, ObjectLocks } from '#store/object-lock/object-locks.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { SecretSeal } from '#store/records/secret-seal.ts'
import { createProxy, type Proxy, type ProxyDeps } from '../app.ts'
import { DEFAULT_PROXY_OPTIONS, type ProxyOptions } from '../options.ts'
import { MemoryStore } from './memory-store.ts'

export function testPolicies(): StoragePolicies {
  const parsed = parsePolicies([
    { index: 0, name: 'gold', default: true },
    { index: 1, name: 'silver' },
  ])
  if (!(parsed instanceof StoragePolicies)) throw new Error(parsed.message)
  return parsed
}

export interface TestProxy extends Proxy {
  readonly store: MemoryStore
  readonly deps: ProxyDeps
}

export function testProxy(
  options: Partial<ProxyOptions> = {},
  overrides: Partial<ProxyDeps> = {},
): TestProxy {
  const policies = testPolicies()
  const environment = { clock: realClock, random: { bytes: randomBytes, below: () => 0 } }
  const store = new MemoryStore({ clock: overrides.environment?.clock ?? realClock, policies })
  const all: ProxyOptions = { ...DEFAULT_PROXY_OPTIONS, accessLog: 'none', ...options }
  const records = new ClusterRecords({ store, clock: overrides.environment?.clock ?? realClock })
  const bucketSettings = new BucketSettings(store.containers, records.of(BUCKET_SETTINGS))
  const objectLocks = new ObjectLocks({
    clock: overrides.environment?.clock ?? realClock,
    records: records.of(OBJECT_LOCKS),
  })
  const layered = withFeatures(store, {
    environment: overrides.environment ?? environment,
    timestamps: store.timestamps,
    encryption: { keys: new DerivedKeys(new Map([['', Buffer.alloc(32, 7)]]), ''), writes: 'off' },
    policies,
    readOnly: all.readOnly,
    bucketSettings,
    replication: 'marked',
    objectLocks,
  })
  const deps: ProxyDeps = {
    environment,
    log: silentLogger,
    store: layered,
    multipart: new MultipartUploads({
      store: layered,
      clock: realClock,
      random: environment.random,
      timestamps: store.timestamps,
      checkParts: async () => ({ kind: 'queued' }),
    }),
    policies,
    users: new UserDirectory(DEVELOPMENT_USERS, all.resellers),
    keys: keyRingOf([{ id: 1, secret: 'a secret for tests' }]),
    records,
    bucketSettings,
    objectLocks,
    secrets: new SecretSeal(
      keyRingOf([{ id: 1, secret: 'a secret for records' }], 'martlet record seal v1'),
      environment.random,
    ),
    options: all,
    metrics: new Metrics(),
    ...overrides,
  }
  return { ...createProxy(deps), store, deps }
}

export interface Sent {
  readonly method?: string
  /** Path and query, percent-encoded. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  readonly secure?: boolean
}

/** The request as the server would hand it over: lower-case header names, length told. */
export function requestOf(sent: Sent): Request {
  const [path = '', query = ''] = sent.target.split(/\?(.*)/s)
  const headers: Record<string, string> = { host: 'door.example' }
  for (const [name, value] of Object.entries(sent.headers ?? {})) headers[name.toLowerCase()] = value
  const body = typeof sent.body === 'string' ? Buffer.from(sent.body, 'latin1') : sent.body
  if (body !== undefined && headers['transfer-encoding'] === undefined)
    headers['content-length'] ??= String(body.length)
  return {
    method: sent.method ?? 'GET',
    path,
    query,
    headers,
    body: body === undefined ? EMPTY_BODY : bufferBody(body),
    signal: undefined,
    remoteAddress: '127.0.0.1',
    secure: sent.secure ?? false,
  }
}

export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export async function send(handler: Handler, sent: Sent): Promise<Received> {
  const response = await handler(requestOf(sent))
  const body = await readWhole(response.body, Number.MAX_SAFE_INTEGER)
  return { status: response.status, headers: flatHeaders(response, body), body: body.toString('utf8') }
}

/** As a client sees them: a buffer is sent with its length. */
function flatHeaders(response: Response, body: Buffer): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const name of Object.keys(response.headers)) {
    const value = headerOf(response, name)
    if (value !== undefined) headers[name] = value
  }
  headers['content-length'] ??= String(body.length)
  return headers
}

/** Sends requests about the account `AUTH_test` as its administrator. */
export type Ask = (method: string, path: string, sending?: Partial<Sent>) => Promise<Received>

export async function askingAs(handler: Handler, user: string, key: string): Promise<Ask> {
  const token = await tokenFor(handler, user, key)
  return (method, path, sending = {}) =>
    send(handler, {
      method,
      target: `/v1/AUTH_test${path}`,
      ...sending,
      headers: { 'X-Auth-Token': token, ...sending.headers },
    })
}

/** A token for a user of the development set. */
export async function tokenFor(handler: Handler, user: string, key: string): Promise<string> {
  const headers = { 'X-Auth-User': user, 'X-Auth-Key': key }
  const { status, headers: received } = await send(handler, { target: '/auth/v1.0', headers })
  const token = received['x-auth-token']
  if (status !== 200 || token === undefined) throw new Error(`no token for ${user}: ${status}`)
  return token
}
