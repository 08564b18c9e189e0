/**
 * The real Glance (Debian's) with our cluster behind it: as its Swift store with the first and the third version of sign-in,
 * and as its S3 store; our identity service validates its users' tokens. What it stores it reads back, copies between them
 * and takes away again.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { takePlace } from '#test/place.ts'
import { havePrograms, runWell } from '#test/programs.ts'
import { MARTLET, type RunningCluster, startCluster } from '#test/running-cluster.ts'
import { GLANCE_PROGRAMS, type GlanceStore, type RealGlance, startGlance } from './real-glance.ts'

t.setTimeout(600_000)

/** From here on Glance cuts images into segments and parts. */
const LARGE_MIB = 5
const SMALL = randomBytes(300_000)
const LARGE = randomBytes((2 * LARGE_MIB + 1) * 1024 * 1024)
const COPIED_WITHIN_MS = 60_000

const SWIFT_LINES = [
  'swift_store_config_file = HOME/swift.conf',
  'swift_store_create_container_on_put = True',
  `swift_store_large_object_size = ${LARGE_MIB}`,
  `swift_store_large_object_chunk_size = ${LARGE_MIB}`,
  'swift_store_region = RegionOne',
]

function swiftStore(name: string, reference: string): GlanceStore {
  const lines = [
    ...SWIFT_LINES,
    `default_swift_reference = ${reference}`,
    `swift_store_container = ${reference}`,
  ]
  return { name, driver: 'swift', lines }
}

function s3Store(url: string, { access, secret }: KeyPair): GlanceStore {
  return {
    name: 's3',
    driver: 's3',
    lines: [
      `s3_store_host = ${url}`,
      `s3_store_access_key = ${access}`,
      `s3_store_secret_key = ${secret}`,
      's3_store_bucket = glance-s3',
      's3_store_create_bucket_on_put = True',
      's3_store_bucket_url_format = path',
      `s3_store_large_object_size = ${LARGE_MIB}`,
      `s3_store_large_object_chunk_size = ${LARGE_MIB}`,
    ],
  }
}

/** What `swift_store_config_file` names: the same person, signing in by either version. */
function swiftReferences(url: string): string {
  return `[first]
user = test:tester
key = testing
auth_version = 1
auth_address = ${url}/auth/v1.0
[third]
user = test:tester
key = testing
auth_version = 3
auth_address = ${url}/identity/v3
user_domain_id = default
project_domain_id = default
`
}

interface KeyPair {
  readonly access: string
  readonly secret: string
}

/** Glance writes the pair into the address of the image, `s3://access:secret@…`, so neither may have a colon or a slash in it. */
async function keyPair(cluster: RunningCluster): Promise<KeyPair> {
  const args = [MARTLET, 'key', 'create', 'tester', 'test', '--data', cluster.dataPath]
  const printed = await runWell(process.execPath, args)
  const [access = '', secret = ''] = printed.match(/\b[0-9a-f]{32}\b/g) ?? []
  return { access, secret }
}

interface Asked extends RealGlance {
  readonly token: string
}

/** A token of the identity service. */
async function tokenOf(cluster: RunningCluster, user: string, project: string): Promise<string> {
  const domain = { id: 'default' }
  const identity = { methods: ['password'], password: { user: { name: user, domain, password: user } } }
  const response = await fetch(`${cluster.url}/identity/v3/auth/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth: { identity, scope: { project: { name: project, domain } } } }),
  })
  return response.headers.get('x-subject-token') ?? ''
}

async function ask(
  glance: Asked,
  method: string,
  path: string,
  { body, headers = {} }: { readonly body?: Buffer | object; readonly headers?: Record<string, string> } = {},
): Promise<Response> {
  const isBytes = Buffer.isBuffer(body)
  const response = await fetch(`${glance.url}/v2/${path}`, {
    method,
    headers: {
      'x-auth-token': glance.token,
      'content-type': isBytes ? 'application/octet-stream' : 'application/json',
      ...headers,
    },
    body: body === undefined ? null : isBytes ? new Uint8Array(body) : JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  })
  if (response.ok) return response
  const log = readFileSync(glance.logFile, 'utf8').slice(-4000)
  throw new Error(`Glance: ${method} ${path}: ${response.status} ${await response.text()}\n${log}`)
}

async function imageOf(glance: Asked, id: string): Promise<Record<string, unknown>> {
  return (await (await ask(glance, 'GET', `images/${id}`)).json()) as Record<string, unknown>
}

async function upload(glance: Asked, store: string, bytes: Buffer): Promise<string> {
  const body = { name: `in ${store}`, disk_format: 'raw', container_format: 'bare' }
  const { id } = (await (await ask(glance, 'POST', 'images', { body })).json()) as { readonly id: string }
  await ask(glance, 'PUT', `images/${id}/file`, { body: bytes, headers: { 'x-image-meta-store': store } })
  return id
}

async function download(glance: Asked, id: string): Promise<Buffer> {
  return Buffer.from(await (await ask(glance, 'GET', `images/${id}/file`)).arrayBuffer())
}

function sha512(bytes: Buffer): string {
  return createHash('sha512').update(bytes).digest('hex')
}

/** Objects that the cluster has of Glance. */
async function storedIn(cluster: RunningCluster, containers: readonly string[]): Promise<readonly string[]> {
  const signedIn = await fetch(`${cluster.url}/auth/v1.0`, {
    headers: { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' },
  })
  const headers = { 'X-Auth-Token': signedIn.headers.get('x-auth-token') ?? '' }
  const names: string[] = []
  for (const container of containers) {
    const listed = await fetch(`${cluster.url}/v1/AUTH_test/${container}`, { headers })
    const text = listed.ok ? (await listed.text()).trim() : ''
    names.push(...text.split('\n').filter((name) => name !== ''))
  }
  return names
}

async function storeAndRead(t: Test, glance: Asked, store: string): Promise<void> {
  for (const bytes of [SMALL, LARGE]) {
    const id = await upload(glance, store, bytes)
    t.match(await imageOf(glance, id), {
      status: 'active',
      size: bytes.length,
      stores: store,
      os_hash_value: sha512(bytes),
    })
    t.ok((await download(glance, id)).equals(bytes), `${bytes.length} bytes come back`)
    await ask(glance, 'DELETE', `images/${id}`)
  }
}

async function copyBetween(t: Test, glance: Asked, stores: readonly string[]): Promise<void> {
  const [first = '', ...others] = stores
  const id = await upload(glance, first, LARGE)
  const body = { method: { name: 'copy-image' }, stores: others }
  await ask(glance, 'POST', `images/${id}/import`, { body })
  const all = stores.toSorted().join(',')
  const listed = async (): Promise<string> =>
    String((await imageOf(glance, id))['stores'])
      .split(',')
      .toSorted()
      .join(',')
  for (let waitedMs = 0; (await listed()) !== all && waitedMs < COPIED_WITHIN_MS; waitedMs += 200) {
    await sleep(200)
  }
  t.equal(await listed(), all)
  t.match(await imageOf(glance, id), { os_hash_value: sha512(LARGE), os_glance_failed_import: '' })
  await ask(glance, 'DELETE', `images/${id}`)
}

t.test('Debian’s Glance keeps its images in our cluster', async (t) => {
  if (!havePrograms(t, ...GLANCE_PROGRAMS)) return
  const place = takePlace()
  t.teardown(() => place.release())
  const cluster = await startCluster(t)
  const started = await startGlance(t, {
    port: place.port,
    identityUrl: `${cluster.url}/identity`,
    stores: [
      swiftStore('swift1', 'first'),
      swiftStore('swift3', 'third'),
      s3Store(cluster.url, await keyPair(cluster)),
    ],
    files: { 'swift.conf': swiftReferences(cluster.url) },
  })
  const nobody = await fetch(`${started.url}/v2/images`, { headers: { 'x-auth-token': 'guess' } })
  t.equal(nobody.status, 401, 'tokens are validated')
  const glance = { ...started, token: await tokenOf(cluster, 'admin', 'admin') }
  for (const store of ['swift1', 'swift3', 's3']) {
    await t.test(`as its store ${store}`, (t) => storeAndRead(t, glance, store))
  }
  await t.test('it copies an image from one to the others', (t) =>
    copyBetween(t, glance, ['swift1', 'swift3', 's3']),
  )
  t.same(await storedIn(cluster, ['first', 'third', 'glance-s3']), [], 'what it deleted is gone')
})
