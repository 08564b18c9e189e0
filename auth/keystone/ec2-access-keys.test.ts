import { createHmac } from 'node:crypto'
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { type Handler, type Request, type Response, readWhole } from '#http/message.ts'
import { ADDRESS, CREDENTIALS, FakeKeystone, tokenBody, tokenOf } from '../testing/fake-keystone.ts'
import { rulesWithOperators } from '../testing/keystone-rules.ts'
import { signedRequest, standingClock, verifierWith } from '../testing/s3-verifier.ts'
import { signV4 } from '../testing/sign-v4.ts'
import { Ec2AccessKeys } from './ec2-access-keys.ts'

const ACCESS = 'c'.repeat(32)
const SECRET = 'the secret of jo'
/** A Keystone with one EC2 credential, which shows its secret or does not. */
function keystoneWith(secrets: 'shown' | 'kept') {
  const clock = standingClock()
  const keystone = new FakeKeystone(clock)
  let own = 'first token'
  const status = (code: number, body?: unknown): Response => ({
    status: code,
    headers: {},
    body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
  })
  keystone.instead = async (request: Request): Promise<Response> => {
    if (request.path === '/v3/auth/tokens') {
      const token = { expires_at: new Date(clock.nowMs + 3_600_000).toISOString() }
      return { ...status(201, { token }), headers: { 'x-subject-token': own } }
    }
    if (request.headers['x-auth-token'] !== own) return status(401)
    if (request.method === 'GET') {
      return secrets === 'shown'
        ? status(200, { credential: { access: ACCESS, secret: SECRET } })
        : status(403)
    }
    const { credentials } = JSON.parse((await readWhole(request.body, 65_536)).toString()) as {
      readonly credentials: Readonly<Record<string, string>>
    }
    const text = Buffer.from(credentials['token'] ?? '', 'base64url').toString('latin1')
    const isGood = credentials['access'] === ACCESS && credentials['signature'] === keystoneSignature(text)
    return isGood ? { ...status(200), body: tokenBody(tokenOf()) } : status(401)
  }
  const accessKeys = new Ec2AccessKeys({
    clock,
    log: silentLogger,
    transport: keystone.transport,
    address: ADDRESS,
    credentials: CREDENTIALS,
    timeoutMs: 1000,
    rules: rulesWithOperators('swiftoperator'),
    cacheMs: 60_000,
  })
  const verifier = verifierWith({ clock, accessKeys })
  const get = (secret = SECRET): ReturnType<typeof verifier.verify> => {
    const request = { method: 'GET', target: '/bucket/key', headers: { host: 'door.example' } }
    const signing = { credentials: { accessKey: ACCESS, secret }, date: '20130524T000000Z' }
    return verifier.verify(signedRequest('GET', request.target, signV4(request, signing)))
  }
  return { clock, keystone, accessKeys, get, renewOwn: () => (own = 'second token') }
}

/** As Keystone works it out of the string to sign alone. */
function keystoneSignature(text: string): string {
  const scope = text.split('\n')[2]?.split('/') ?? []
  const key = scope.reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${SECRET}`),
  )
  return createHmac('sha256', key).update(text, 'latin1').digest('hex')
}

function askedFor(asked: readonly string[], what: string): number {
  return asked.filter((request) => request.includes(what)).length
}

void t.test(
  'a signature is confirmed by Keystone, and its holder has the account of the project',
  async (t) => {
    const { get, keystone } = keystoneWith('shown')
    const project = 'a'.repeat(32)
    t.match(await get(), {
      kind: 'signed',
      holder: { user: `${project}:${'b'.repeat(32)}`, displayName: 'jo', account: `AUTH_${project}` },
      chunks: { date: '20130524T000000Z' },
    })
    await get()
    t.equal(askedFor(keystone.asked, '/s3tokens'), 1, 'the second one is verified here')
    t.match(await get('guess'), { code: 'SignatureDoesNotMatch' })
  },
)

void t.test('a secret is believed for its time, and not longer', async (t) => {
  const { get, keystone, clock } = keystoneWith('shown')
  await get()
  clock.nowMs += 60_000
  await get()
  t.equal(askedFor(keystone.asked, '/s3tokens'), 2)
})

void t.test(
  'where the secret is kept, Keystone is asked every time, and chunks cannot be verified',
  async (t) => {
    const { get, keystone } = keystoneWith('kept')
    t.match(await get(), { kind: 'signed', chunks: undefined })
    t.match(await get(), { kind: 'signed' })
    t.equal(askedFor(keystone.asked, '/s3tokens'), 2)
  },
)

void t.test('a bad signature is refused, and does not shut the holder out', async (t) => {
  const { get } = keystoneWith('kept')
  t.match(await get('guess'), { code: 'SignatureDoesNotMatch' })
  t.match(await get(), { kind: 'signed' })
})

void t.test('our own token is taken out anew when it is refused, now and then', async (t) => {
  const { get, keystone, clock, renewOwn } = keystoneWith('kept')
  await get()
  renewOwn()
  t.match(await get(), { kind: 'signed' })
  const before = askedFor(keystone.asked, '/auth/tokens')
  await get('guess')
  await get('guess')
  t.equal(askedFor(keystone.asked, '/auth/tokens'), before, 'not for every bad signature')
  clock.nowMs += 10_000
  await get('guess')
  t.equal(askedFor(keystone.asked, '/auth/tokens'), before + 1)
})

void t.test('a Keystone that cannot be asked lets nobody in, and calls nobody an impostor', async (t) => {
  const { get, keystone } = keystoneWith('shown')
  for (const code of [500, 503, 200]) {
    keystone.instead = async () => ({ status: code, headers: {}, body: Buffer.from('nothing') })
    t.match(await get(), { code: 'ServiceUnavailable' }, String(code))
  }
})

void t.test('a key that Keystone does not know is told', async (t) => {
  const { get, keystone } = keystoneWith('shown')
  const answer = keystone.instead
  keystone.instead = async (request) =>
    request.path === '/v3/s3tokens'
      ? { status: 404, headers: {}, body: undefined }
      : await (answer as Handler)(request)
  t.match(await get(), { code: 'InvalidAccessKeyId', extra: { AWSAccessKeyId: ACCESS } })
})

void t.test('what cannot be an access key is not asked about', async (t) => {
  const { accessKeys, keystone } = keystoneWith('shown')
  for (const key of ['', 'a b', 'ü', 'x'.repeat(256)])
    t.match(await accessKeys.find(key), { kind: 'unknown' })
  t.same(keystone.asked, [])
})
