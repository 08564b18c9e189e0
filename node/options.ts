/**
 * Every option of a cluster, by section of the configuration file. `martlet config explain` prints these tables, files
 * are checked against them, and the programs get their values. `[proxy]` with `port = 8080` in the file is
 * `settings.proxy.port` here. Where a default is not OpenStack Swift's, the source says why.
 */
import type { ResellerPrefix } from '#auth/principal.ts'
import { MAX_FILE_SIZE_BYTES, TOKEN_LIFE_SECONDS } from '#base/limits.ts'
import {
  boolean,
  bytes,
  duration,
  integer,
  listOf,
  oneOf,
  path,
  port,
  text,
  type ValueParser,
} from '#base/option-values.ts'
import { type OptionsOf, type OptionTable, option } from '#base/options.ts'
import { auditor, expirer } from './auditor-options.ts'
import { bucketReplication } from './bucket-replication-options.ts'
import { containerSync } from './container-sync-options.ts'
import { encryption } from './encryption-options.ts'
import { address } from './endpoint-option.ts'
import { identity } from './identity-options.ts'
import { images } from './images-options.ts'
import { keyManager } from './key-manager-options.ts'
import { keystone } from './keystone-options.ts'
import { lifecycle } from './lifecycle-options.ts'
import { bulk, crossdomain, etagQuoter, nameCheck, ratelimit, readOnly } from './limit-options.ts'
import { notifier } from './notifier-options.ts'
import { reaper } from './reaper-options.ts'
import { replicator } from './replicator-options.ts'
import { s3 } from './s3-options.ts'
import { formpost, tempurl, websites } from './web-options.ts'

const OURS = 'decision'

/** Where certificates are; the same three options for everything that listens. */
const tls = {
  tlsCertificate: option<string | undefined>({
    name: 'tls_certificate',
    doc: 'File with the certificate chain (PEM). With it and the key, only TLS is spoken.',
    parse: path,
    default: undefined,
    source: 'OpenStack Swift cert_file',
  }),
  tlsKey: option<string | undefined>({
    name: 'tls_key',
    doc: 'File with the private key of the certificate (PEM).',
    parse: path,
    default: undefined,
    source: 'OpenStack Swift key_file',
  }),
}

/** For a cluster on one's own machine, as every Swift tutorial has them. */
export const DEVELOPMENT_USERS: readonly string[] = [
  'admin:admin admin .admin .reseller_admin',
  'test:tester testing .admin',
  'test2:tester2 testing2 .admin',
  'test:tester3 testing3',
]

/** What all hosts of a cluster share. `martlet start` has its own. */
const cluster = {
  file: option<string | undefined>({
    name: 'file',
    doc: 'The cluster file with the secrets; the same on every host.',
    parse: path,
    default: undefined,
    source: OURS,
  }),
  rings: option<string | undefined>({
    name: 'rings',
    doc: 'Directory with the ring files; the same on every host.',
    parse: path,
    default: undefined,
    source: 'OpenStack Swift swift_dir',
  }),
}

/** `martlet start`: a cluster on this machine. */
const start = {
  data: option({
    name: 'data',
    doc: 'Directory with everything of the cluster.',
    parse: path,
    default: 'martlet-data',
    source: OURS,
  }),
  devices: option({
    name: 'devices',
    doc: 'Devices of a new cluster, each in a zone and with a process of its own.',
    parse: integer({ least: 1, most: 64 }),
    default: 4,
    source: OURS,
  }),
  replicas: option({
    name: 'replicas',
    doc: 'Copies of everything in a new cluster.',
    parse: integer({ least: 1, most: 16 }),
    default: 3,
    source: 'OpenStack Swift, deployment guide',
  }),
  firstStoragePort: option({
    name: 'first_storage_port',
    doc: 'Where the search for free ports for the storage servers begins.',
    parse: port,
    default: 6200,
    source: 'OpenStack Swift, deployment guide',
  }),
}

/** The door to the clients. */
const proxy = {
  host: option({
    name: 'host',
    doc: 'Address on which clients are served; 0.0.0.0 for all of them. Choose users of your own first.',
    parse: text({ leastLength: 1 }),
    default: '127.0.0.1',
    source: 'decision: the default users are known to everybody',
  }),
  port: option({
    name: 'port',
    doc: 'Port on which clients are served; 0 for any free one.',
    parse: port,
    default: 8080,
    source: 'OpenStack Swift bind_port',
  }),
  processes: option({
    name: 'processes',
    doc: 'Processes of `martlet proxy`.',
    parse: integer({ least: 1, most: 256 }),
    default: 2,
    source: OURS,
  }),
  ...tls,
  internalHost: option({
    name: 'internal_host',
    doc: 'Address on which the proxies of this host hear of changes from the others. For `martlet proxy`.',
    parse: text({ leastLength: 1 }),
    default: '127.0.0.1',
    source: OURS,
  }),
  internalPort: option({
    name: 'internal_port',
    doc: 'Port for that of the first process; the others have the ones that follow. For `martlet proxy`.',
    parse: port,
    default: 6300,
    source: OURS,
  }),
  peers: option<readonly string[]>({
    name: 'peers',
    doc: 'All processes of all proxies of the cluster by these addresses (host:port). For `martlet proxy`.',
    parse: listOf(address),
    default: [],
    source: OURS,
  }),
  state: option<string | undefined>({
    name: 'state',
    doc: 'Directory in which the proxies keep their clocks, so that none goes back over a restart. For `martlet proxy`.',
    parse: path,
    default: undefined,
    source: OURS,
  }),
  clientTimeoutMs: option({
    name: 'client_timeout',
    doc: 'Longest silence of a client in the middle of a request.',
    unit: 'seconds',
    parse: duration,
    default: 60_000,
    source: 'OpenStack Swift client_timeout',
  }),
  nodeTimeoutMs: option({
    name: 'node_timeout',
    doc: 'Longest wait for an answer of a storage server.',
    unit: 'seconds',
    parse: duration,
    default: 10_000,
    source: 'OpenStack Swift node_timeout',
  }),
  connectTimeoutMs: option({
    name: 'conn_timeout',
    doc: 'Longest wait for a connection to a storage server.',
    unit: 'seconds',
    parse: duration,
    default: 500,
    source: 'OpenStack Swift conn_timeout',
  }),
  maxFileSizeBytes: option({
    name: 'max_file_size',
    doc: 'Largest object.',
    unit: 'bytes',
    parse: bytes,
    default: MAX_FILE_SIZE_BYTES,
    source: 'OpenStack Swift max_file_size',
  }),
  accountAutocreate: option({
    name: 'account_autocreate',
    doc: 'Accounts come into being when they are first written to.',
    parse: boolean,
    default: true,
    source: 'OpenStack Swift; its sample configuration says true',
  }),
  allowAccountManagement: option({
    name: 'allow_account_management',
    doc: 'Reseller administrators may create and delete accounts.',
    parse: boolean,
    default: true,
    source: 'decision: a cluster in one command has one operator',
  }),
  storageUrlScheme: option<'default' | 'http' | 'https'>({
    name: 'storage_url_scheme',
    doc: 'Scheme of the storage URLs given out; https behind a TLS terminator.',
    parse: oneOf(['default', 'http', 'https']),
    default: 'default',
    source: 'OpenStack Swift tempauth storage_url_scheme',
  }),
  memcached: option<readonly string[]>({
    name: 'memcached',
    doc: 'Memcached servers (host:port) that the proxies share besides the memory of each.',
    parse: listOf(address),
    default: [],
    source: 'OpenStack Swift memcache_servers',
  }),
  corsAllowOrigin: option<readonly string[]>({
    name: 'cors_allow_origin',
    doc: 'Origins that may always make cross-origin requests.',
    parse: listOf(text()),
    default: [],
    source: 'OpenStack Swift cors_allow_origin',
  }),
  corsExposeHeaders: option<readonly string[]>({
    name: 'cors_expose_headers',
    doc: 'Headers that browsers show to cross-origin scripts, besides the usual ones.',
    parse: listOf(text()),
    default: [],
    source: 'OpenStack Swift cors_expose_headers',
  }),
  strictCorsMode: option({
    name: 'strict_cors_mode',
    doc: 'Cross-origin headers only for origins that are allowed.',
    parse: boolean,
    default: true,
    source: 'OpenStack Swift strict_cors_mode',
  }),
  exposeInfo: option({
    name: 'expose_info',
    doc: 'Answer /info with what the cluster can do.',
    parse: boolean,
    default: true,
    source: 'OpenStack Swift expose_info',
  }),
  infoAdminKey: option<string | undefined>({
    name: 'admin_key',
    doc: 'Key for signed requests to /info, which show everything.',
    parse: text({ leastLength: 1 }),
    default: undefined,
    source: 'OpenStack Swift admin_key',
  }),
  endpoints: option({
    name: 'endpoints',
    doc: 'Answer /endpoints/ with where copies are; nobody is asked for a token.',
    parse: boolean,
    default: false,
    source: 'OpenStack Swift list_endpoints',
  }),
  pipeline: option<readonly string[]>({
    name: 'pipeline',
    doc: 'Layers of the pipeline, outermost first; empty for all of them.',
    parse: listOf(text()),
    default: [],
    source: 'OpenStack Swift pipeline',
  }),
  transactionIdSuffix: option({
    name: 'trans_id_suffix',
    doc: 'Appended to every transaction id, to tell clusters apart.',
    parse: text(),
    default: '',
    source: 'OpenStack Swift trans_id_suffix',
  }),
}

/** A prefix and a group, such as `SERVICE_ service`. */
function servicePrefix(written: unknown): ReturnType<ValueParser<ResellerPrefix>> {
  const [prefix = '', requireGroup = '', ...rest] = typeof written === 'string' ? written.split(' ') : []
  if (prefix.endsWith('_') && requireGroup !== '' && rest.length === 0) {
    return { kind: 'value', value: { prefix, requireGroup } }
  }
  return { kind: 'expected', expected: 'a prefix with its underscore, a blank, and a group' }
}

/** Users and tokens. */
const auth = {
  users: option<readonly string[]>({
    name: 'users',
    doc: 'Users, each `account:user key [role or group…]`. A key may be a hash: `martlet user hash`.',
    parse: listOf(text({ leastLength: 1 })),
    default: DEVELOPMENT_USERS,
    source: 'OpenStack Swift tempauth, sample configuration',
  }),
  resellerPrefix: option({
    name: 'reseller_prefix',
    doc: 'What the accounts of these users, and all tokens, begin with.',
    parse: text(),
    default: 'AUTH_',
    source: 'OpenStack Swift tempauth reseller_prefix',
  }),
  servicePrefixes: option<readonly ResellerPrefix[]>({
    name: 'service_prefixes',
    doc: 'Further prefixes of accounts, each with the group that a service must bring by a second token (X-Service-Token): "SERVICE_ service".',
    parse: listOf(servicePrefix),
    default: [],
    source: 'OpenStack Swift tempauth reseller_prefix and SERVICE_require_group',
  }),
  prefix: option({
    name: 'auth_prefix',
    doc: 'Path under which users sign in.',
    parse: text({ leastLength: 1 }),
    default: '/auth/',
    source: 'OpenStack Swift tempauth auth_prefix',
  }),
  tokenLifeMs: option({
    name: 'token_life',
    doc: 'How long a token is good.',
    unit: 'seconds',
    parse: duration,
    default: TOKEN_LIFE_SECONDS * 1000,
    source: 'OpenStack Swift tempauth token_life',
  }),
}

/** The storage servers and their devices. */
const storage = {
  host: option<string | undefined>({
    name: 'host',
    doc: 'Address of this host in the rings. For `martlet node`.',
    parse: text({ leastLength: 1 }),
    default: undefined,
    source: 'OpenStack Swift bind_ip',
  }),
  devices: option<string | undefined>({
    name: 'devices',
    doc: 'Directory with the devices: a directory or mount point each. For `martlet node`.',
    parse: path,
    default: undefined,
    source: 'OpenStack Swift devices',
  }),
  mountCheck: option({
    name: 'mount_check',
    doc: 'A device must be a mount point, so that nothing is written to the system disk by mistake.',
    parse: boolean,
    default: false,
    source: 'decision: directories will do to begin with; OpenStack Swift mount_check is true',
  }),
  reserve: option({
    name: 'fallocate_reserve',
    doc: 'Space of a device that is left free: a percentage or a number of bytes.',
    parse: text({ leastLength: 1 }),
    default: '1%',
    source: 'OpenStack Swift fallocate_reserve',
  }),
  operationsMax: option({
    name: 'operations_max',
    doc: 'Operations under way on one device; what is more waits.',
    parse: integer({ least: 1, most: 20 }),
    default: 16,
    source: 'decision: below the threads of a process, 24',
  }),
  ...tls,
  tlsAuthority: option<string | undefined>({
    name: 'tls_authority',
    doc: 'File with the authority (PEM) that signed the certificates of the storage servers. With it they are spoken to over TLS, and must be asked with a certificate of that authority.',
    parse: path,
    default: undefined,
    source: OURS,
  }),
}

/** What runs in the background of every device. */
const workers = {
  off: option<readonly string[]>({
    name: 'off',
    doc: 'Workers that do not run on this host, by name. What they would have done is not done by anybody else.',
    parse: listOf(text({ leastLength: 1 })),
    default: [],
    source: OURS,
  }),
}

/** JSON lines on standard error. */
const log = {
  level: option<'debug' | 'info' | 'warn' | 'error' | 'silent'>({
    name: 'level',
    doc: 'The least important lines that are written.',
    parse: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    default: 'warn',
    source: 'decision: for a person at a terminal; info has a line per request',
  }),
  requests: option<'all' | 'errors' | 'none'>({
    name: 'requests',
    doc: 'Which requests to the proxy get a line.',
    parse: oneOf(['all', 'errors', 'none']),
    default: 'all',
    source: OURS,
  }),
}

/** Stopping. */
const shutdown = {
  drainMs: option({
    name: 'drain',
    doc: 'How long requests under way may take at a stop.',
    unit: 'seconds',
    parse: duration,
    default: 5_000,
    source: OURS,
  }),
}

/** The sections of a configuration file, besides `[[policy]]`. */
export const SECTIONS = {
  cluster,
  start,
  proxy,
  auth,
  identity,
  keystone,
  encryption,
  key_manager: keyManager,
  container_sync: containerSync,
  bulk,
  ratelimit,
  read_only: readOnly,
  name_check: nameCheck,
  etag_quoter: etagQuoter,
  crossdomain,
  tempurl,
  formpost,
  websites,
  images,
  s3,
  storage,
  workers,
  replicator,
  auditor,
  expirer,
  lifecycle,
  notifier,
  bucket_replication: bucketReplication,
  reaper,
  log,
  shutdown,
} satisfies Readonly<Record<string, OptionTable>>

type Sections = typeof SECTIONS

/** The values of all options. */
export type Settings = { readonly [Name in keyof Sections]: OptionsOf<Sections[Name]> }
