/** What clients must not send, and the status that OpenStack Swift gives for it. Nothing is harmed, nothing leaks. */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startCluster } from '#test/running-cluster.ts'
import { exchangeBytes, type Sending, Session, send, statusOf, TESTER } from '#test/session.ts'

t.setTimeout(600_000)

interface Case {
  readonly what: string
  readonly method: string
  /** Below the account. */
  readonly path: string
  readonly sending?: Sending
  readonly status: number
}

const BODY = Buffer.from('body')
const meta = (count: number, of: 'Object' | 'Container' | 'Account'): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`X-${of}-Meta-Item-${index}`, 'value']))

/** Statuses taken from OpenStack Swift 2.30. */
const CASES: readonly Case[] = [
  { what: 'a container name of 257 bytes', method: 'PUT', path: `/${'c'.repeat(257)}`, status: 400 },
  {
    what: 'an object name of 1,025 bytes',
    method: 'PUT',
    path: `/box/${'o'.repeat(1025)}`,
    sending: { body: BODY },
    status: 400,
  },
  {
    what: 'bytes that are no UTF-8',
    method: 'PUT',
    path: '/box/%ff%fe',
    sending: { body: BODY },
    status: 412,
  },
  { what: 'a container name that is no UTF-8', method: 'PUT', path: '/%c3%28', status: 412 },
  { what: 'a NUL in a name', method: 'PUT', path: '/box/a%00b', sending: { body: BODY }, status: 412 },
  {
    what: 'an ETag that is not the body’s',
    method: 'PUT',
    path: '/box/etag',
    sending: { body: BODY, headers: { etag: '0'.repeat(32) } },
    status: 422,
  },
  {
    what: 'a range behind the end',
    method: 'GET',
    path: '/box/ten',
    sending: { headers: { range: 'bytes=10-' } },
    status: 416,
  },
  {
    what: 'a range that is none',
    method: 'GET',
    path: '/box/ten',
    sending: { headers: { range: 'bytes=b-a' } },
    status: 200,
  },
  {
    what: 'a range backwards',
    method: 'GET',
    path: '/box/ten',
    sending: { headers: { range: 'bytes=5-2' } },
    status: 200,
  },
  {
    what: 'more than 50 ranges',
    method: 'GET',
    path: '/box/ten',
    sending: { headers: { range: `bytes=${'0-0,'.repeat(60)}1-1` } },
    status: 416,
  },
  {
    what: 'too many metadata items of an object',
    method: 'PUT',
    path: '/box/meta',
    sending: { body: BODY, headers: meta(91, 'Object') },
    status: 400,
  },
  {
    what: 'too many metadata items of a container',
    method: 'POST',
    path: '/box',
    sending: { headers: meta(91, 'Container') },
    status: 400,
  },
  {
    what: 'a metadata value of 257 bytes',
    method: 'POST',
    path: '/box',
    sending: { headers: { 'X-Container-Meta-Long': 'v'.repeat(257) } },
    status: 400,
  },
  {
    what: 'a metadata name of 129 bytes',
    method: 'POST',
    path: '/box',
    sending: { headers: { [`X-Container-Meta-${'n'.repeat(129)}`]: 'v' } },
    status: 400,
  },
  { what: 'a listing of more than 10,000', method: 'GET', path: '/box?limit=10001', status: 412 },
  {
    what: 'an unknown storage policy',
    method: 'PUT',
    path: '/strange',
    sending: { headers: { 'X-Storage-Policy': 'none-such' } },
    status: 400,
  },
  {
    what: 'an object in a container that is not there',
    method: 'PUT',
    path: '/nowhere/object',
    sending: { body: BODY },
    status: 404,
  },
  { what: 'a delete of a container that is not empty', method: 'DELETE', path: '/box', status: 409 },
  {
    what: 'a delete-at in the past',
    method: 'PUT',
    path: '/box/past',
    sending: { body: BODY, headers: { 'x-delete-at': '1' } },
    status: 400,
  },
  {
    what: 'a delete-at that is no number',
    method: 'PUT',
    path: '/box/past',
    sending: { body: BODY, headers: { 'x-delete-at': 'soon' } },
    status: 400,
  },
  {
    what: 'an access list for nobody',
    method: 'POST',
    path: '/box',
    sending: { headers: { 'x-container-read': '.r:' } },
    status: 400,
  },
  { what: 'a method that nobody knows', method: 'BREW', path: '/box', status: 405 },
  {
    what: 'an If-None-Match other than *',
    method: 'PUT',
    path: '/box/ten',
    sending: { body: BODY, headers: { 'if-none-match': '"abc"' } },
    status: 400,
  },
]

t.test('bad input', async (t) => {
  const cluster = await startCluster(t)
  const { url, port } = cluster
  const session = await Session.signIn(url, TESTER)
  await session.request('PUT', '/box')
  await session.request('PUT', '/box/ten', { body: Buffer.from('0123456789') })
  const auth = `X-Auth-Token: ${session.token}\r\n`

  for (const { what, method, path, sending, status } of CASES) {
    await t.test(`${what} is answered ${status}`, async (t) => {
      const answer = await session.request(method, path, sending)
      t.equal(answer.status, status, answer.body.toString().slice(0, 200))
      t.notMatch(answer.body.toString(), /\.ts:|node:internal|\bat .*\(/, 'no stack trace')
    })
  }

  await t.test('tokens that are none', async (t) => {
    const withToken = async (token: string): Promise<number> =>
      (await session.request('GET', '', { headers: { 'x-auth-token': token } })).status
    t.equal((await send('GET', url, session.account)).status, 401, 'none at all')
    for (const token of [
      '',
      'garbage',
      'AUTH_tk',
      `AUTH_tk${'A'.repeat(200)}`,
      `${session.token}x`,
      session.token.slice(0, -1),
    ]) {
      t.equal(await withToken(token), 401, token.slice(0, 20))
    }
  })

  await t.test('sign-in that is none', async (t) => {
    const signIn = (headers: Record<string, string>) => send('GET', url, '/auth/v1.0', { headers })
    t.equal((await signIn({})).status, 401)
    t.equal((await signIn({ 'x-auth-user': 'test:tester', 'x-auth-key': 'wrong' })).status, 401)
    t.equal((await signIn({ 'x-auth-user': 'nobody', 'x-auth-key': 'wrong' })).status, 401)
  })

  await t.test('paths that lead nowhere', async (t) => {
    for (const [path, status] of [
      ['/', 404],
      ['/v1', 412],
      ['/v1/', 412],
      ['/v2/AUTH_test', 400],
      ['/nonsense', 412],
      ['//v1/AUTH_test', 404],
    ] as const) {
      const answer = await send('GET', url, path, { headers: { 'x-auth-token': session.token } })
      t.equal(answer.status, status, path)
    }
  })

  await t.test('requests that are not HTTP', async (t) => {
    for (const bytes of ['nonsense\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\0\0\0\0\r\n\r\n']) {
      t.ok([400, 404, 505, 0].includes(statusOf(await exchangeBytes(port, bytes))), JSON.stringify(bytes))
    }
  })

  const exchange = (lines: string, body = ''): Promise<string> =>
    exchangeBytes(port, `${lines}\r\n${auth}\r\n${body}`)
  const path = session.account

  await t.test('a body without a length', async (t) => {
    t.equal(statusOf(await exchange(`PUT ${path}/box/x HTTP/1.1\r\nHost: x`)), 411)
  })

  await t.test('a length that is no number', async (t) => {
    t.equal(statusOf(await exchange(`PUT ${path}/box/x HTTP/1.1\r\nHost: x\r\nContent-Length: ten`)), 400)
    t.equal(statusOf(await exchange(`PUT ${path}/box/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1`)), 400)
  })

  await t.test('a length above the largest object', async (t) => {
    t.equal(
      statusOf(await exchange(`PUT ${path}/box/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5368709123`)),
      413,
    )
  })

  await t.test('chunks that are none', async (t) => {
    const received = await exchange(
      `PUT ${path}/box/chunks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked`,
      'zz\r\nbody\r\n',
    )
    t.ok([400, 499, 0].includes(statusOf(received)), received.slice(0, 80))
    t.equal((await session.request('HEAD', '/box/chunks')).status, 404, 'nothing was stored')
  })

  await t.test('a body that ends too early is never an object', async (t) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`PUT ${path}/box/short HTTP/1.1\r\nHost: x\r\n${auth}Content-Length: 100\r\n\r\nonly this`)
    await sleep(200)
    socket.destroy()
    await sleep(300)
    t.equal((await session.request('HEAD', '/box/short')).status, 404)
  })

  await t.test('headers too many or too large', async (t) => {
    const many = Array.from({ length: 400 }, (_, index) => `X-Header-${index}: v`).join('\r\n')
    t.ok([400, 431].includes(statusOf(await exchange(`GET ${path} HTTP/1.1\r\nHost: x\r\n${many}`))))
    t.ok(
      [400, 431].includes(
        statusOf(await exchange(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Large: ${'v'.repeat(9000)}`)),
      ),
    )
    t.ok(
      [400, 414, 431].includes(
        statusOf(await exchange(`GET ${path}/${'p'.repeat(20_000)} HTTP/1.1\r\nHost: x`)),
      ),
    )
  })

  await t.test('internal headers of a client change nothing', async (t) => {
    const headers = {
      'x-backend-storage-policy-index': '7',
      'x-object-sysmeta-secret': 'x',
      'x-timestamp': '1',
    }
    t.equal((await session.request('PUT', '/box/inner', { body: BODY, headers })).status, 201)
    const { headers: seen } = await session.request('HEAD', '/box/inner')
    t.notOk(Object.keys(seen).some((name) => name.includes('sysmeta') || name.startsWith('x-backend')))
    t.ok(Number(seen['x-timestamp']) > 1_600_000_000)
  })

  await t.test('the cluster is as well as before', async (t) => {
    t.equal((await session.request('GET', '/box/ten')).body.toString(), '0123456789')
    t.equal((await send('GET', url, '/healthcheck')).status, 200)
    t.notMatch(cluster.martlet.output, /node:internal|process ended/, 'no process died')
  })
})

t.test('a token that has expired is none', async (t) => {
  const { url } = await startCluster(t, { config: '[auth]\ntoken_life = "2s"\n' })
  const session = await Session.signIn(url, TESTER)
  t.equal((await session.request('PUT', '/box')).status, 201)
  await sleep(3_000)
  t.equal((await session.request('GET', '')).status, 401)
  t.equal((await (await Session.signIn(url, TESTER)).request('HEAD', '/box')).status, 204, 'sign in again')
})

t.test('a slow client is let go and harms nobody', async (t) => {
  const { url, port } = await startCluster(t, { config: '[proxy]\nclient_timeout = 1\n' })
  const session = await Session.signIn(url, TESTER)
  await session.request('PUT', '/box')
  const head = `PUT ${session.account}/box/slow HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${session.token}\r\nContent-Length: 100\r\n\r\n`
  t.equal(statusOf(await exchangeBytes(port, `${head}a few bytes`, 10_000)), 408)
  t.equal((await session.request('HEAD', '/box/slow')).status, 404)
  const silent = await exchangeBytes(port, 'GET / HT', 15_000)
  t.ok([0, 408].includes(statusOf(silent)), 'a head that does not come')
})
