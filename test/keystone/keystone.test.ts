/**
 * A real Keystone before Martlet and before OpenStack Swift: the same people are let in, told the same and kept out.
 * Needs Debian's Keystone and Swift, and root; without them it is skipped, except in CI, where that is a failure.
 */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { startReferenceSwift } from '#bench/reference-swift.ts'
import { haveRealSwift } from '#test/compatibility/real-swift.ts'
import { type Place, takePlace } from '#test/place.ts'
import { havePrograms, run } from '#test/programs.ts'
import { type RunningCluster, startCluster } from '#test/running-cluster.ts'
import { type Answer, send } from '#test/session.ts'
import { signWithEc2 } from './ec2-requests.ts'
import { keepImages } from './image-requests.ts'
import { askKeyManager } from './key-manager-requests.ts'
import { makePeople, OPERATOR, type People, SWIFT } from './people.ts'
import { haveBarbican } from './real-barbican.ts'
import { KEYSTONE_PROGRAMS, PASSWORD, type RealKeystone, startKeystone } from './real-keystone.ts'
import { type KeystoneRequest, keystoneRequests } from './requests.ts'

t.setTimeout(600_000)

/** Shown to clients, and the same on both sides. */
const COMPARED_HEADERS = [
  'x-account-project-domain-id',
  'x-container-read',
  'x-container-write',
  'www-authenticate',
]
/** Enough that each of the four processes is asked, however the port shares them out. */
const REFUSALS_IN_A_ROW = 40
const PIPELINE =
  'catch_errors gatekeeper healthcheck proxy-logging cache listing_formats authtoken keystoneauth copy proxy-logging'

t.test('tokens of a real Keystone', async (t) => {
  if (!havePrograms(t, ...KEYSTONE_PROGRAMS) || !haveRealSwift(t)) return
  const place = takePlace()
  t.teardown(() => place.release())
  const keystone = await startKeystone(t, place.keystonePort)
  const people = await makePeople(keystone.api)
  const [martlet, swift] = await Promise.all([startMartlet(t, keystone), startSwift(t, place, keystone)])
  await t.test('people are let in and kept out as by OpenStack Swift', (t) =>
    compare(t, keystoneRequests(people), people, [swift, martlet.url]),
  )
  await t.test('python-swiftclient signs in at Keystone', (t) => useClient(t, keystone, martlet, people))
  await t.test("a user's EC2 credentials sign S3 requests", (t) =>
    signWithEc2(t, keystone, martlet.url, people),
  )
  await t.test('images belong to projects, and are shared by roles', (t) =>
    keepImages(t, martlet.url, people),
  )
  await t.test('a real Barbican gives its secrets to those who may have them', async (t) => {
    if (haveBarbican(t)) await askKeyManager(t, place.keyManagerPort, keystone, people)
  })
  await t.test('a revoked token is good for no longer than it says', (t) =>
    revoke(t, keystone, martlet, people),
  )
  await t.test('no secret is in the log', (t) => lookForSecrets(t, martlet, people))
  await t.test('a Keystone that hangs, or is gone, opens no door', (t) =>
    takeAway(t, keystone, martlet, people),
  )
})

function startMartlet(t: Test, keystone: RealKeystone): Promise<RunningCluster> {
  return startCluster(t, {
    config: `
[keystone]
url = "${keystone.url}"
username = "${SWIFT.user}"
password = "${PASSWORD}"
project_name = "${SWIFT.project}"
reseller_prefix = ["AUTH", "SERVICE"]
operator_roles = ["admin", "swiftoperator"]
prefix_roles = ["SERVICE service_roles=service"]
project_reader_roles = ["reader"]
timeout = "5s"
token_cache_time = "10s"
[log]
level = "debug"
`,
  })
}

async function startSwift(
  t: Test,
  { home, port, backendPort }: Place,
  keystone: RealKeystone,
): Promise<string> {
  const swift = await startReferenceSwift({
    home,
    port,
    backendPort,
    workers: 1,
    devices: 'plain',
    daemons: 'none',
    pipeline: PIPELINE.split(' '),
    filters: {
      authtoken: AUTHTOKEN.replaceAll('URL', keystone.url).split('\n'),
      keystoneauth: KEYSTONEAUTH.split('\n'),
    },
  })
  t.teardown(() => swift.stop())
  return swift.url
}

const AUTHTOKEN = `paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = URL
auth_url = URL/v3
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = ${SWIFT.project}
username = ${SWIFT.user}
password = ${PASSWORD}
delay_auth_decision = True
cache = swift.cache
include_service_catalog = False`

const KEYSTONEAUTH = `use = egg:swift#keystoneauth
reseller_prefix = AUTH, SERVICE
operator_roles = admin, swiftoperator
SERVICE_service_roles = service
project_reader_roles = reader`

async function compare(
  t: Test,
  requests: readonly KeystoneRequest[],
  people: People,
  [swift, martlet]: readonly [string, string],
): Promise<void> {
  const differences: unknown[] = []
  for (const request of requests) {
    const [theirs, ours] = await Promise.all([ask(swift, request, people), ask(martlet, request, people)])
    if (JSON.stringify(theirs) !== JSON.stringify(ours)) differences.push({ request, theirs, ours })
  }
  t.same(differences, [], `${requests.length} requests agree`)
}

async function ask(url: string, request: KeystoneRequest, people: People): Promise<unknown> {
  const { status, headers } = await sendAs(url, request, people)
  return { status, headers: Object.fromEntries(COMPARED_HEADERS.map((name) => [name, headers[name]])) }
}

function sendAs(url: string, request: KeystoneRequest, { tokens }: People): Promise<Answer> {
  const { who, method, path, headers, with: service } = request
  return send(method, url, `/v1/${path}`, {
    headers: {
      ...headers,
      ...(who === 'anonymous' ? {} : { 'x-auth-token': tokens[who] }),
      ...(service === undefined ? {} : { 'x-service-token': tokens[service] }),
    },
    ...(method === 'PUT' ? { body: Buffer.alloc(0) } : {}),
  })
}

async function useClient(
  t: Test,
  keystone: RealKeystone,
  martlet: RunningCluster,
  { demo }: People,
): Promise<void> {
  const swift = (...args: string[]) =>
    run('swift', args, {
      environment: {
        OS_AUTH_URL: `${keystone.url}/v3`,
        OS_IDENTITY_API_VERSION: '3',
        OS_USERNAME: OPERATOR.user,
        OS_PASSWORD: PASSWORD,
        OS_PROJECT_NAME: OPERATOR.project,
        OS_USER_DOMAIN_NAME: 'Default',
        OS_PROJECT_DOMAIN_NAME: 'Default',
      },
    })
  await keystone.api.offerObjectStore(`${martlet.url}/v1/AUTH_%(project_id)s`)
  const uploaded = await swift('upload', 'from-client', 'package.json')
  t.equal(uploaded.code, 0, uploaded.stderr)
  const downloaded = await swift('download', 'from-client', 'package.json', '-o', '-')
  t.equal(downloaded.stdout, readFileSync('package.json', 'utf8'))
  t.match((await swift('stat')).stdout, `Account: AUTH_${demo}`)
}

async function revoke(
  t: Test,
  keystone: RealKeystone,
  martlet: RunningCluster,
  { demo }: People,
): Promise<void> {
  const token = await keystone.api.tokenOf(OPERATOR)
  const status = async (): Promise<number> =>
    (await send('HEAD', martlet.url, `/v1/AUTH_${demo}`, { headers: { 'x-auth-token': token } })).status
  t.equal(await status(), 204)
  await keystone.api.revoke(token)
  // Every process of the node has a cache of its own: only answers in a row say that all of them have forgotten.
  let refusedInARow = 0
  const deadlineMs = performance.now() + 60_000
  while (refusedInARow < REFUSALS_IN_A_ROW && performance.now() < deadlineMs) {
    if ((await status()) === 401) refusedInARow += 1
    else {
      refusedInARow = 0
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  t.equal(refusedInARow, REFUSALS_IN_A_ROW)
}

function lookForSecrets(t: Test, martlet: RunningCluster, { tokens }: People): Promise<void> {
  const { output } = martlet.martlet
  t.match(output, /AUTH_/, 'the log has requests')
  for (const [who, token] of Object.entries(tokens))
    t.notOk(output.includes(token), `not the token of ${who}`)
  t.notOk(output.includes(PASSWORD), 'nor a password')
  return Promise.resolve()
}

/** Stopped with SIGSTOP it takes connections and says nothing; killed it refuses them. */
async function takeAway(
  t: Test,
  keystone: RealKeystone,
  martlet: RunningCluster,
  people: People,
): Promise<void> {
  const fresh = await keystone.api.tokenOf(OPERATOR)
  const path = `/v1/AUTH_${people.demo}/c`
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await send('GET', martlet.url, path, { headers })).status
  process.kill(-keystone.pid, 'SIGSTOP')
  try {
    t.equal(await status({ 'x-auth-token': fresh }), 503, 'while it hangs')
    t.equal(await status({ 'x-auth-token': people.tokens.nobody }), 503)
    t.equal(await status({}), 200, 'what is public stays so')
  } finally {
    process.kill(-keystone.pid, 'SIGCONT')
  }
  t.equal(await status({ 'x-auth-token': fresh }), 200, 'when it goes on')
  await keystone.stop()
  const another = `${fresh}x`
  t.equal(await status({ 'x-auth-token': another }), 503, 'when it is gone')
}
