/**
 * A real OpenStack Glance (Debian's, SQLite) on a loopback port, which keeps its images in stores that a test names, and has
 * tokens validated by an identity service that a test names (keystonemiddleware).
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startProcess, stopProcess, waitForPort } from '#bench/child-processes.ts'
import { runWell } from '#test/programs.ts'

export const GLANCE_PROGRAMS = ['glance-api', 'glance-manage'] as const

const UP_WITHIN_MS = 90_000

/** A store of glance_store: what it is called, its driver, and the lines of its section. */
export interface GlanceStore {
  readonly name: string
  readonly driver: 'swift' | 's3' | 'file'
  readonly lines: readonly string[]
}

export interface GlanceOptions {
  readonly port: number
  /** `http://host:port/identity`, where `admin` (`admin`) is an administrator. */
  readonly identityUrl: string
  /** The first one is the default. */
  readonly stores: readonly GlanceStore[]
  /** Files that sections refer to as `HOME/name`. */
  readonly files?: Readonly<Record<string, string>>
}

export interface RealGlance {
  readonly url: string
  /** Where its log is. */
  readonly logFile: string
}

/** Started and stopped by its process id; what it wrote goes away with the test. */
export async function startGlance(t: Test, options: GlanceOptions): Promise<RealGlance> {
  const { port, files = {} } = options
  const home = mkdtempSync(join('/dev/shm', 'martlet-glance-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  for (const folder of ['staging', 'tasks', 'locks', 'policy.d']) mkdirSync(join(home, folder))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text)
  const configFile = join(home, 'glance-api.conf')
  writeFileSync(configFile, configuration(options).replaceAll('HOME', home))
  const args = ['--config-file', configFile, '--config-dir', join(home, 'policy.d')]
  await runWell('glance-manage', [...args, 'db_sync'])
  const logFile = join(home, 'glance.log')
  const server = await startProcess({ name: 'glance', program: 'glance-api', args, logFile, directory: home })
  t.teardown(() => stopProcess(server))
  await waitForPort(port, server, UP_WITHIN_MS)
  return { url: `http://127.0.0.1:${port}`, logFile }
}

function configuration({ port, identityUrl, stores }: GlanceOptions): string {
  const sections = stores.map(({ name, lines }) => [`[${name}]`, ...lines].join('\n'))
  return `[DEFAULT]
bind_host = 127.0.0.1
bind_port = ${port}
workers = 1
enabled_backends = ${stores.map(({ name, driver }) => `${name}:${driver}`).join(',')}
enabled_import_methods = [copy-image]
transport_url = fake://
log_file =
use_stderr = true
[database]
connection = sqlite:///HOME/glance.db?timeout=60
[glance_store]
default_backend = ${stores[0]?.name}
[os_glance_staging_store]
filesystem_store_datadir = HOME/staging
[os_glance_tasks_store]
filesystem_store_datadir = HOME/tasks
[oslo_policy]
policy_dirs = HOME/policy.d
enforce_scope = false
enforce_new_defaults = false
[keystone_authtoken]
www_authenticate_uri = ${identityUrl}
auth_url = ${identityUrl}
auth_type = password
username = admin
password = admin
project_name = admin
user_domain_id = default
project_domain_id = default
service_token_roles = service
service_token_roles_required = True
[paste_deploy]
flavor = keystone
config_file = /etc/glance/glance-api-paste.ini
[oslo_messaging_notifications]
driver = noop
[oslo_concurrency]
lock_path = HOME/locks
${sections.join('\n')}
`
}
