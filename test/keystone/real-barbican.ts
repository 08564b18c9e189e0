/** A real OpenStack Key Manager (Debian's Barbican, SQLite and its own software key store) on a loopback port, before a Keystone. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { stopProcess } from '#bench/child-processes.ts'
import type { Login } from './identity-api.ts'
import { startPython } from './python-server.ts'
import type { RealKeystone } from './real-keystone.ts'

/** Where Debian's package `python3-barbican` puts it. */
const BARBICAN = '/usr/lib/python3/dist-packages/barbican'

export interface StoredSecret {
  readonly bytes: Buffer
  readonly contentType: string
}

export interface RealBarbican {
  /** `http://127.0.0.1:17001` */
  readonly url: string
  /** Keeps a secret for the project of the token, and says its UUID. */
  store(token: string, secret: StoredSecret): Promise<string>
}

/** Is it installed? Where it is not, the test is skipped and says so; in CI (`MARTLET_CI=1`) it fails. */
export function haveBarbican(t: Test): boolean {
  if (existsSync(BARBICAN)) return true
  const message = 'not installed: python3-barbican'
  if (process.env['MARTLET_CI'] === '1') t.fail(message)
  else t.pass(message, { skip: message })
  return false
}

/** `validator` is the user by whom it has tokens validated. Stopped with the test. */
export async function startBarbican(
  t: Test,
  port: number,
  keystone: RealKeystone,
  validator: Login,
): Promise<RealBarbican> {
  const home = mkdtempSync(join('/dev/shm', 'martlet-barbican-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  const url = `http://127.0.0.1:${port}`
  // It reads its configuration below the home directory of its user.
  mkdirSync(join(home, '.barbican'))
  writeFileSync(join(home, '.barbican', 'barbican.conf'), configuration(home, url, keystone, validator))
  writeFileSync(join(home, 'pipeline.ini'), PIPELINE)
  const program = join(home, 'application.py')
  writeFileSync(
    program,
    `from paste import deploy\napplication = deploy.loadapp('config:${home}/pipeline.ini')\n`,
  )
  const server = await startPython({ name: 'barbican', program, home, port, environment: { HOME: home } })
  t.teardown(() => stopProcess(server))
  return { url, store: (token, secret) => store(url, token, secret) }
}

const PIPELINE = `[composite:main]
use = egg:Paste#urlmap
/v1: keys
[pipeline:keys]
pipeline = authtoken context microversion application
[app:application]
paste.app_factory = barbican.api.app:create_main_app
[filter:context]
paste.filter_factory = barbican.api.middleware.context:ContextMiddleware.factory
[filter:microversion]
paste.filter_factory = barbican.api.middleware.microversion:MicroversionMiddleware.factory
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
`

function configuration(home: string, url: string, keystone: RealKeystone, validator: Login): string {
  return `[DEFAULT]
host_href = ${url}
sql_connection = sqlite:///${home}/barbican.db
db_auto_create = true
log_dir = ${home}
log_file = barbican.log
use_stderr = false
[keystone_authtoken]
www_authenticate_uri = ${keystone.url}
auth_url = ${keystone.url}/v3
auth_type = password
user_domain_id = default
project_domain_id = default
project_name = ${validator.project}
username = ${validator.user}
password = ${validator.password}
`
}

async function store(url: string, token: string, { bytes, contentType }: StoredSecret): Promise<string> {
  const isText = contentType === 'text/plain'
  const answer = await fetch(`${url}/v1/secrets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-auth-token': token },
    body: JSON.stringify({
      name: 'of a test',
      payload: bytes.toString(isText ? 'utf8' : 'base64'),
      payload_content_type: contentType,
      ...(isText ? {} : { payload_content_encoding: 'base64' }),
    }),
  })
  const text = await answer.text()
  if (answer.status !== 201) throw new Error(`a secret was answered with ${answer.status}: ${text}`)
  const { secret_ref: reference } = JSON.parse(text) as { readonly secret_ref: string }
  return reference.slice(reference.lastIndexOf('/') + 1)
}
