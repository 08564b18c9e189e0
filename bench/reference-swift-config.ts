/**
 * The configuration files of a reference OpenStack Swift: one host, four devices in four zones, three replicas,
 * everything that the sample files leave on by default left on.
 */

export interface SwiftLayout {
  /** Folder with `etc`, `run`, `log`, `cache` and `node` inside. */
  readonly home: string
  readonly proxyPort: number
  /** First of five ports: object, container, account, rsync, memcached. */
  readonly backendPort: number
  readonly workers: number
  /** Devices are mount points, and a server refuses one that is not mounted. */
  readonly mountCheck: 'on' | 'off'
  /** The user that the servers become; `undefined`: they stay what they are. */
  readonly user: string | undefined
  /** Middleware of the proxy, outermost first, without the proxy server itself. */
  readonly pipeline: readonly string[]
  /** Whole sections of middleware, by name, in place of the usual ones. */
  readonly filters: Readonly<Record<string, readonly string[]>>
}

export interface SwiftPorts {
  readonly proxy: number
  readonly object: number
  readonly container: number
  readonly account: number
  readonly rsync: number
  readonly memcached: number
}

/** The pipeline of Swift's own `proxy-server.conf-sample` (2.30). */
export const USUAL_PIPELINE = [
  'catch_errors',
  'gatekeeper',
  'healthcheck',
  'proxy-logging',
  'cache',
  'etag-quoter',
  'listing_formats',
  'crossdomain',
  'container_sync',
  'bulk',
  'tempurl',
  'ratelimit',
  'tempauth',
  'copy',
  'container-quotas',
  'account-quotas',
  'slo',
  'dlo',
  'versioned_writes',
  'symlink',
  'proxy-logging',
] as const

/** The usual pipeline and what operators add to it for websites, at the places that Swift's documentation names. */
export const WEB_PIPELINE: readonly string[] = USUAL_PIPELINE.flatMap((name) => {
  if (name === 'listing_formats') return ['domain_remap', name]
  if (name === 'tempauth') return ['formpost', name, 'staticweb']
  return [name]
})

export const DEVICES = ['d1', 'd2', 'd3', 'd4'] as const

/** Same names, keys and groups as the users that `martlet start` makes, and those of Swift's sample configuration. */
const USERS = [
  'user_admin_admin = admin .admin .reseller_admin',
  'user_test_tester = testing .admin',
  'user_test_tester2 = testing2 .admin',
  'user_test_tester3 = testing3',
  'user_test2_tester2 = testing2 .admin',
  'user_test5_tester5 = testing5 service',
]

/** Accounts of services, which a user reaches with a second token only. */
const RESELLERS = ['reseller_prefix = AUTH, SERVICE', 'SERVICE_require_group = service']

const EGG_NAMES: Readonly<Record<string, string>> = {
  cache: 'memcache',
  'proxy-logging': 'proxy_logging',
  'etag-quoter': 'etag_quoter',
  'container-quotas': 'container_quotas',
  'account-quotas': 'account_quotas',
}

export function portsOf(layout: Pick<SwiftLayout, 'proxyPort' | 'backendPort'>): SwiftPorts {
  const first = layout.backendPort
  return {
    proxy: layout.proxyPort,
    object: first,
    container: first + 1,
    account: first + 2,
    rsync: first + 3,
    memcached: first + 4,
  }
}

/** File name below `etc` to its contents. */
export function configurationFiles(layout: SwiftLayout): Readonly<Record<string, string>> {
  return {
    'swift.conf': SWIFT_CONF,
    'proxy-server.conf': proxyConf(layout),
    'account-server.conf': storageConf(layout, 'account', 'replicator auditor reaper'),
    'container-server.conf': storageConf(layout, 'container', 'replicator updater auditor sync sharder'),
    'object-server.conf': storageConf(layout, 'object', 'replicator updater auditor'),
    'object-expirer.conf': expirerConf(layout),
    'internal-client.conf': internalClientConf(layout),
    'rsyncd.conf': rsyncConf(layout),
    'rsyslog.conf': rsyslogConf(layout),
  }
}

/** What names are hashed with, for a cluster of which only one side is this Swift. */
export const REFERENCE_SALT = { prefix: 'referenceprefix', suffix: 'referencesuffix' } as const

const SWIFT_CONF = `[swift-hash]
swift_hash_path_prefix = ${REFERENCE_SALT.prefix}
swift_hash_path_suffix = ${REFERENCE_SALT.suffix}
[storage-policy:0]
name = Policy-0
policy_type = replication
default = yes
[storage-policy:1]
name = silver
policy_type = replication
[swift-constraints]
`

function common(layout: SwiftLayout): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
swift_dir = ${layout.home}/etc
devices = ${layout.home}/node
mount_check = ${layout.mountCheck === 'on'}
log_address = ${layout.home}/run/log.sock
${layout.user === undefined ? '' : `user = ${layout.user}\n`}`
}

function proxyConf(layout: SwiftLayout): string {
  const filters = [...new Set(layout.pipeline)].map((name) => filter(layout, name)).join('')
  return `${common(layout)}bind_port = ${layout.proxyPort}
workers = ${layout.workers}
[pipeline:main]
pipeline = ${layout.pipeline.join(' ')} proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
${filters}`
}

function filter(layout: SwiftLayout, name: string): string {
  const own = layout.filters[name]
  if (own !== undefined) return `${[`[filter:${name}]`, ...own].join('\n')}\n`
  const lines = [`[filter:${name}]`, `use = egg:swift#${EGG_NAMES[name] ?? name}`]
  if (name === 'cache') lines.push(`memcache_servers = 127.0.0.1:${portsOf(layout).memcached}`)
  if (name === 'tempauth') lines.push(...RESELLERS, ...USERS)
  if (name === 'versioned_writes')
    lines.push('allow_versioned_writes = true', 'allow_object_versioning = true')
  return `${lines.join('\n')}\n`
}

function storageConf(layout: SwiftLayout, kind: 'account' | 'container' | 'object', daemons: string): string {
  const ports = portsOf(layout)
  const sections = daemons.split(' ').map((daemon) => {
    const lines = [`[${kind}-${daemon}]`, `recon_cache_path = ${layout.home}/cache`]
    if (daemon === 'replicator') lines.push(`rsync_module = rsync://{replication_ip}:${ports.rsync}/${kind}`)
    if (daemon === 'sync' || daemon === 'sharder') {
      lines.push(`internal_client_conf_path = ${layout.home}/etc/internal-client.conf`)
    }
    return `${lines.join('\n')}\n`
  })
  return `${common(layout)}bind_port = ${ports[kind]}
workers = ${layout.workers}
[pipeline:main]
pipeline = healthcheck recon ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:recon]
use = egg:swift#recon
recon_cache_path = ${layout.home}/cache
recon_lock_path = ${layout.home}/cache
${sections.join('')}`
}

function internalClientConf(layout: SwiftLayout): string {
  return `${common(layout)}[pipeline:main]
pipeline = catch_errors proxy-logging cache symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
${['catch_errors', 'proxy-logging', 'cache', 'symlink'].map((name) => filter(layout, name)).join('')}`
}

function expirerConf(layout: SwiftLayout): string {
  return `${internalClientConf(layout)}[object-expirer]
interval = 30
recon_cache_path = ${layout.home}/cache
`
}

function rsyncConf(layout: SwiftLayout): string {
  const modules = (['account', 'container', 'object'] as const).map(
    (kind) => `[${kind}]
max connections = 8
path = ${layout.home}/node
read only = false
lock file = ${layout.home}/run/${kind}.lock
`,
  )
  const owner = layout.user === undefined ? '' : `uid = ${layout.user}\ngid = ${layout.user}\n`
  return `${owner}log file = ${layout.home}/log/rsyncd.log
address = 127.0.0.1
port = ${portsOf(layout).rsync}
use chroot = no
${modules.join('')}`
}

/** Swift's log lines go to a syslog socket, so it gets one of its own, as on a real host. */
function rsyslogConf(layout: SwiftLayout): string {
  return `global(workDirectory="${layout.home}/run")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${layout.home}/run/log.sock" CreatePath="on" RateLimit.Interval="0" UseSysTimeStamp="off")
action(type="omfile" file="${layout.home}/log/swift.log" asyncWriting="on" ioBufferSize="64k" flushOnTXEnd="off")
`
}
