/** A real OpenStack Keystone (Debian's, SQLite and Fernet tokens) on a loopback port, with projects and users. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Test } from 'tap'
import { type StartedProcess, stopProcess } from '#bench/child-processes.ts'
import { runWell } from '#test/programs.ts'
import { IdentityApi } from './identity-api.ts'
import { startPython } from './python-server.ts'

export const KEYSTONE_PROGRAMS = ['keystone-manage', 'uwsgi'] as const

const REGION = 'RegionOne'
export const PASSWORD = 'loopback'

export interface RealKeystone {
  /** `http://127.0.0.1:17000` */
  readonly url: string
  readonly api: IdentityApi
  /** Of the process that serves; its children belong to its group. */
  readonly pid: number
  stop(): Promise<void>
}

/** Started and stopped by its process id; what it wrote goes away with the test. */
export async function startKeystone(t: Test, port: number): Promise<RealKeystone> {
  const home = mkdtempSync(join('/dev/shm', 'martlet-keystone-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  const url = `http://127.0.0.1:${port}`
  await prepare(home, url)
  const server = await serve(home, port)
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= stopProcess(server))
  t.teardown(stop)
  return { url, api: await IdentityApi.signIn(url, PASSWORD), pid: server.pid, stop }
}

async function prepare(home: string, url: string): Promise<void> {
  for (const folder of ['fernet', 'credential']) makeKeys(join(home, folder))
  writeFileSync(join(home, 'keystone.conf'), configuration(home))
  const manage = (...args: string[]): Promise<string> =>
    runWell('keystone-manage', ['--config-file', join(home, 'keystone.conf'), ...args])
  const urls = ['public', 'internal', 'admin'].flatMap((name) => [`--bootstrap-${name}-url`, `${url}/v3`])
  await manage('db_sync')
  letReadersIn(join(home, 'keystone.db'))
  await manage('bootstrap', '--bootstrap-password', PASSWORD, '--bootstrap-region-id', REGION, ...urls)
}

/** Two Fernet keys, as `keystone-manage fernet_setup` makes them; each such command takes seconds. */
function makeKeys(folder: string): void {
  mkdirSync(folder, { mode: 0o700 })
  for (const name of ['0', '1']) {
    writeFileSync(join(folder, name), `${randomBytes(32).toString('base64url')}=`, { mode: 0o600 })
  }
}

/** Keystone reads in one transaction while it writes in another; SQLite lets it only with a write-ahead log. */
function letReadersIn(path: string): void {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL')
  database.close()
}

function configuration(home: string): string {
  return `[DEFAULT]
log_dir = ${home}
log_file = keystone.log
use_stderr = false
[database]
connection = sqlite:///${home}/keystone.db?timeout=60
[token]
provider = fernet
allow_expired_window = 172800
[fernet_tokens]
key_repository = ${home}/fernet
# Its own place may not be there: newer Debian packages make none before a database is configured.
[fernet_receipts]
key_repository = ${home}/fernet
[credential]
key_repository = ${home}/credential
# Keystone takes what it decrypted out of the cached record itself, which only a cache in memory notices.
caching = false
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
`
}

function serve(home: string, port: number): Promise<StartedProcess> {
  return startPython({
    name: 'keystone',
    program: '/usr/bin/keystone-wsgi-public',
    home,
    port,
    environment: { OS_KEYSTONE_CONFIG_FILES: join(home, 'keystone.conf') },
  })
}
