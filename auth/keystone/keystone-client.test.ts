/** Goal: only a plain yes lets in, only Keystone's own no refuses, and all else is neither, within a bounded time. */
import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { ADDRESS, CREDENTIALS, FakeKeystone, tokenOf } from '../testing/fake-keystone.ts'
import { KeystoneClient, type Validation } from './keystone-client.ts'
import { keystoneAddress } from './keystone-exchange.ts'

const TIMEOUT_MS = 5_000

function setUp(credentials = CREDENTIALS): {
  clock: VirtualClock
  keystone: FakeKeystone
  client: KeystoneClient
} {
  const clock = new VirtualClock()
  const keystone = new FakeKeystone(clock)
  keystone.tokens.set('good', tokenOf())
  const client = new KeystoneClient({
    clock,
    transport: keystone.transport,
    address: ADDRESS,
    timeoutMs: TIMEOUT_MS,
    credentials,
  })
  return { clock, keystone, client }
}

t.test('a token that Keystone knows is valid, one that it does not know is not', async (t) => {
  const { keystone, client } = setUp()
  t.same(await client.validate('good', 'refused'), { kind: 'valid', token: tokenOf() })
  t.same(await client.validate('bad', 'refused'), { kind: 'invalid' })
  t.same(keystone.asked, [
    'POST /v3/auth/tokens?nocatalog',
    'GET /v3/auth/tokens?nocatalog',
    'GET /v3/auth/tokens?nocatalog',
  ])
})

t.test('an expired token is asked about only where it may be good', async (t) => {
  const { keystone, client } = setUp()
  keystone.tokens.set('old', tokenOf({ expiresAtMs: 0 }))
  t.equal((await client.validate('old', 'refused')).kind, 'invalid')
  t.equal((await client.validate('old', 'accepted')).kind, 'valid')
})

t.test('when our own token is refused we sign in anew, once', async (t) => {
  const { keystone, client } = setUp()
  await client.validate('good', 'refused')
  keystone.refuseOwnToken()
  t.equal((await client.validate('good', 'refused')).kind, 'valid')
  t.equal(keystone.asked.filter((line) => line.startsWith('POST')).length, 2)
  keystone.instead = async ({ method }) =>
    method === 'POST'
      ? {
          status: 201,
          headers: { 'x-subject-token': 'x' },
          body: Buffer.from('{"token":{"expires_at":"2100-01-01T00:00:00Z"}}'),
        }
      : { status: 401, headers: {}, body: undefined }
  t.equal((await client.validate('good', 'refused')).kind, 'unavailable')
})

t.test('our own token is taken out anew before it expires', async (t) => {
  const { clock, keystone, client } = setUp()
  await client.validate('good', 'refused')
  await clock.advance(3_600_000 - 30_000)
  t.equal((await client.validate('good', 'refused')).kind, 'valid')
  t.equal(keystone.asked.filter((line) => line.startsWith('POST')).length, 2)
})

t.test('many who need our own token at once share one sign-in', async (t) => {
  const { keystone, client } = setUp()
  const all = await Promise.all(Array.from({ length: 50 }, () => client.validate('good', 'refused')))
  t.ok(all.every(({ kind }) => kind === 'valid'))
  t.equal(keystone.asked.filter((line) => line.startsWith('POST')).length, 1)
})

t.test('a sign-in that failed is not tried again at once, and its reason holds no password', async (t) => {
  const { clock, keystone, client } = setUp({
    ...CREDENTIALS,
    kind: 'password',
    password: 'not this one',
  } as typeof CREDENTIALS)
  const first = await client.validate('good', 'refused')
  await client.validate('good', 'refused')
  t.equal(first.kind, 'unavailable')
  t.notMatch(JSON.stringify(first), /not this one/)
  t.equal(keystone.asked.length, 1)
  await clock.advance(1_001)
  await client.validate('good', 'refused')
  t.equal(keystone.asked.length, 2)
})

t.test('whatever is not a plain answer lets nobody in and refuses nobody', async (t) => {
  const { keystone, client } = setUp()
  await client.validate('good', 'refused')
  for (const status of [200, 201, 204, 300, 302, 400, 403, 410, 429, 500, 502, 503]) {
    keystone.instead = async () => ({ status, headers: {}, body: Buffer.from('{}') })
    t.equal((await client.validate('good', 'refused')).kind, 'unavailable', String(status))
  }
  keystone.instead = async () => ({ status: 200, headers: {}, body: Buffer.alloc(300_000, 'x') })
  t.match(await client.validate('good', 'refused'), { kind: 'unavailable', reason: /longer than/ })
})

t.test('a Keystone that refuses connections, hangs or drips is given up in time', async (t) => {
  for (const fault of ['refuse', 'unreachable', 'hang', 'drip'] as const) {
    const { clock, keystone, client } = setUp()
    await client.validate('good', 'refused')
    if (fault === 'drip') {
      keystone.instead = async () => ({ status: 200, headers: {}, body: dripping(clock) })
    } else keystone.transport.inject(() => ({ kind: fault }))
    let outcome: Validation | undefined
    const asked = client.validate('good', 'refused').then((validation) => {
      outcome = validation
    })
    for (let passedMs = 0; passedMs < 2 * TIMEOUT_MS && outcome === undefined; passedMs += 500) {
      await clock.advance(500)
    }
    t.equal(outcome?.kind, 'unavailable', fault)
    await asked
  }
})

t.test('an address may have a path, and ends in version 3 by itself', async (t) => {
  t.same(keystoneAddress('http://127.0.0.1:5000'), {
    endpoint: { host: '127.0.0.1', port: 5000 },
    basePath: '/v3',
    secure: false,
  })
  t.same(keystoneAddress('https://[::1]/identity/v3/'), {
    endpoint: { host: '::1', port: 443 },
    basePath: '/identity/v3',
    secure: true,
  })
  for (const url of ['', 'keystone', 'ftp://keystone']) t.throws(() => keystoneAddress(url), /not an http/)
})

/** A byte every second, for ever. */
function dripping(clock: VirtualClock): AsyncIterable<Buffer> & { cancel(): Promise<void> } {
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (;;) {
        await clock.sleep(1_000)
        yield Buffer.from(' ')
      }
    },
  }
}
