import { createHmac } from 'node:crypto'
import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { type Received, type Sent, send, testProxy, tokenFor } from '../testing/test-proxy.ts'
import { DEFAULT_WEB_OPTIONS } from '../web-options.ts'

const NOW_SECONDS = 1_700_000_000
const LATER = NOW_SECONDS + 60
const PATH = '/v1/AUTH_test/c/o'

const clock = new VirtualClock({ startMs: NOW_SECONDS * 1000 })
const environment = { clock, random: { bytes: (count: number) => Buffer.alloc(count), below: () => 0 } }
const { handler } = testProxy({}, { environment })
const token = await tokenFor(handler, 'test:tester', 'testing')

async function setUp(): Promise<void> {
  const as = { 'X-Auth-Token': token }
  const steps: readonly Sent[] = [
    {
      method: 'POST',
      target: '/v1/AUTH_test',
      headers: { ...as, 'X-Account-Meta-Temp-URL-Key': 'first', 'X-Account-Meta-Temp-URL-Key-2': 'second' },
    },
    {
      method: 'PUT',
      target: '/v1/AUTH_test/c',
      headers: {
        ...as,
        'X-Container-Meta-Temp-URL-Key': 'third',
        'X-Container-Meta-Temp-URL-Key-2': 'f\u00c3\u00bcnf',
      },
    },
    { method: 'PUT', target: '/v1/AUTH_test/other', headers: as },
    {
      method: 'PUT',
      target: PATH,
      headers: { ...as, 'X-Object-Meta-Secret': 's', 'X-Object-Meta-Public-Word': 'p' },
      body: 'hello',
    },
    { method: 'PUT', target: '/v1/AUTH_test/other/o', headers: as, body: 'other' },
    { method: 'PUT', target: '/v1/AUTH_test/c/f%C3%BC/b%C3%BC.txt', headers: as, body: 'u' },
  ]
  for (const step of steps) await send(handler, step)
}
await setUp()

interface Signing {
  readonly method?: string
  readonly path?: string
  readonly key?: string
  readonly digest?: string
  readonly expires?: number
  readonly ipRange?: string
}

function hmac({
  method = 'GET',
  path = PATH,
  key = 'first',
  digest = 'sha256',
  expires = LATER,
  ipRange,
}: Signing = {}) {
  const first = ipRange === undefined ? '' : `ip=${ipRange}\n`
  return createHmac(digest, key).update(`${first}${method}\n${expires}\n${path}`)
}

function signed(signing: Signing = {}, more = ''): string {
  return `temp_url_sig=${hmac(signing).digest('hex')}&temp_url_expires=${signing.expires ?? LATER}${more}`
}

function get(query: string, sent: Partial<Sent> = {}): Promise<Received> {
  return send(handler, { target: `${PATH}?${query}`, ...sent })
}

t.test('every key of the account and of the container signs, by every digest', async (t) => {
  for (const key of ['first', 'second', 'third', 'f\u00fcnf']) {
    for (const digest of ['sha1', 'sha256', 'sha512']) {
      t.match(await get(signed({ key, digest })), { status: 200, body: 'hello' }, `${key} ${digest}`)
    }
  }
  t.match(await get(signed({ key: 'fourth' })), { status: 401, body: '401 Unauthorized: Temp URL invalid\n' })
})

t.test('a signature in base64 names its digest', async (t) => {
  for (const digest of ['sha1', 'sha256', 'sha512']) {
    for (const form of ['base64', 'base64url'] as const) {
      const text = encodeURIComponent(`${digest}:${hmac({ digest }).digest(form)}`)
      t.equal((await get(`temp_url_sig=${text}&temp_url_expires=${LATER}`)).status, 200, `${digest} ${form}`)
    }
  }
  const other = encodeURIComponent(`sha512:${hmac().digest('base64')}`)
  t.equal(
    (await get(`temp_url_sig=${other}&temp_url_expires=${LATER}`)).status,
    401,
    'another digest than it was made with',
  )
  const unknown = encodeURIComponent(`md5:${hmac({ digest: 'md5' }).digest('base64')}`)
  t.equal((await get(`temp_url_sig=${unknown}&temp_url_expires=${LATER}`)).status, 401)
  t.equal(
    (await get(`temp_url_sig=${hmac().digest('hex').toUpperCase()}&temp_url_expires=${LATER}`)).status,
    401,
  )
})

t.test('only the digests that are allowed', async (t) => {
  const strict = testProxy(
    {
      web: {
        ...DEFAULT_WEB_OPTIONS,
        tempurl: { ...DEFAULT_WEB_OPTIONS.tempurl, allowedDigests: ['sha512'] },
      },
    },
    { environment },
  )
  const info = await send(strict.handler, { target: '/info' })
  t.strictSame(JSON.parse(info.body).tempurl.allowed_digests, ['sha512'])
})

t.test('it holds until its time, in seconds or as a UTC time, and no longer', async (t) => {
  t.equal((await get(signed({ expires: NOW_SECONDS }))).status, 200, 'to the second')
  t.equal((await get(signed({ expires: NOW_SECONDS - 1 }))).status, 401)
  const sig = hmac({ expires: NOW_SECONDS + 20 }).digest('hex')
  t.equal((await get(`temp_url_sig=${sig}&temp_url_expires=2023-11-14T22:13:40Z`)).status, 200)
  for (const bad of [
    '2023-11-14T22:13:40',
    '2023-13-14T22:13:40Z',
    '2023-02-30T22:13:40Z',
    'soon',
    '',
    '-1',
    '9'.repeat(15),
  ]) {
    t.equal((await get(`temp_url_sig=${sig}&temp_url_expires=${bad}`)).status, 401, bad)
  }
})

t.test('another path, method or time than what was signed is refused', async (t) => {
  t.equal((await send(handler, { target: `/v1/AUTH_test/other/o?${signed()}` })).status, 401)
  t.equal((await get(signed(), { method: 'PUT', body: 'x' })).status, 401)
  t.equal((await get(signed(), { method: 'DELETE' })).status, 401)
  t.equal((await get(signed().replace(/expires=\d+/, `expires=${LATER + 1}`))).status, 401)
  t.equal((await get(`temp_url_expires=${LATER}`)).status, 401, 'no signature')
  t.equal((await get(`temp_url_sig=${hmac().digest('hex')}`)).status, 401, 'no time')
  t.equal((await send(handler, { target: `/v1.0/AUTH_test/c/o?${signed()}` })).status, 401, 'another version')
  t.equal(
    (await send(handler, { target: `/v1/AUTH_test/c?${signed({ path: '/v1/AUTH_test/c' })}` })).status,
    401,
    'a container',
  )
  const twice = `temp_url_sig=${'0'.repeat(64)}&${signed()}`
  t.equal((await get(twice)).status, 401, 'of two signatures the first counts')
})

t.test('the refusal names the realm and nothing else', async (t) => {
  const { status, headers, body } = await get('temp_url_sig=x&temp_url_expires=1')
  t.equal(status, 401)
  t.equal(headers['www-authenticate'], 'Swift realm="unknown"')
  t.equal(body, '401 Unauthorized: Temp URL invalid\n')
})

t.test('HEAD is open to signatures for GET, PUT and POST, not for DELETE', async (t) => {
  for (const method of ['HEAD', 'GET', 'PUT', 'POST']) {
    t.equal((await get(signed({ method }), { method: 'HEAD' })).status, 200, method)
  }
  t.equal((await get(signed({ method: 'DELETE' }), { method: 'HEAD' })).status, 401)
})

t.test('a prefix admits to all objects that begin so, and to no other', async (t) => {
  const path = 'prefix:/v1/AUTH_test/c/f\u00fc/'
  const query = signed({ path }, `&temp_url_prefix=${encodeURIComponent('f\u00fc/')}`)
  t.match(await send(handler, { target: `/v1/AUTH_test/c/f%C3%BC/b%C3%BC.txt?${query}` }), {
    status: 200,
    body: 'u',
  })
  t.equal((await get(query)).status, 401)
  const all = signed({ path: 'prefix:/v1/AUTH_test/c/' }, '&temp_url_prefix=')
  t.equal((await get(all)).status, 200, 'the empty one')
  t.equal(
    (await send(handler, { target: `/v1/AUTH_test/other/o?${all}` })).status,
    401,
    'of this container alone',
  )
  const plain = signed(
    { path: '/v1/AUTH_test/c/f\u00fc/' },
    `&temp_url_prefix=${encodeURIComponent('f\u00fc/')}`,
  )
  t.equal((await send(handler, { target: `/v1/AUTH_test/c/f%C3%BC/b%C3%BC.txt?${plain}` })).status, 401)
})

t.test('a range of addresses is part of what is signed', async (t) => {
  for (const ipRange of ['127.0.0.1', '127.0.0.0/8']) {
    const query = signed({ ipRange }, `&temp_url_ip_range=${encodeURIComponent(ipRange)}`)
    t.equal((await get(query)).status, 200, ipRange)
    t.equal((await get(query.replace(/&temp_url_ip_range.*/, ''))).status, 401, 'and may not be left out')
  }
  const elsewhere = signed({ ipRange: '10.0.0.0/8' }, '&temp_url_ip_range=10.0.0.0%2F8')
  t.equal((await get(elsewhere)).status, 401)
  const newline = signed({ path: `${PATH}\nx` }, '')
  t.equal((await get(newline)).status, 401)
})

t.test('a download has a name to be kept under, and an end', async (t) => {
  const plain = await get(signed())
  t.equal(plain.headers['content-disposition'], `attachment; filename="o"; filename*=UTF-8''o`)
  t.equal(plain.headers['expires'], new Date(LATER * 1000).toUTCString())
  const named = await get(signed({}, '&filename=my%20%22f%C3%BC%22%0A.txt'))
  t.equal(
    named.headers['content-disposition'],
    `attachment; filename="my %22f%C3%BC%22%0A.txt"; filename*=UTF-8''my%20%22f%C3%BC%22%0A.txt`,
  )
  t.equal((await get(signed({}, '&inline'))).headers['content-disposition'], 'inline')
  t.equal(
    (await get(signed({}, '&inline&filename=a'))).headers['content-disposition'],
    `inline; filename="a"; filename*=UTF-8''a`,
  )
  const missing = await send(handler, {
    target: `/v1/AUTH_test/c/gone?${signed({ path: '/v1/AUTH_test/c/gone' })}`,
  })
  t.match(missing, { status: 404 })
  t.equal(missing.headers['content-disposition'], undefined)
})

t.test('the owner\u2019s metadata stays with the owner, but for what is marked public', async (t) => {
  const { headers } = await get(signed())
  t.equal(headers['x-object-meta-secret'], undefined)
  t.equal(headers['x-object-meta-public-word'], 'p')
})

t.test('an upload stores an object and nothing that points elsewhere', async (t) => {
  const path = '/v1/AUTH_test/c/new'
  const put = (headers: Readonly<Record<string, string>>, more = ''): Promise<Received> =>
    send(handler, {
      method: 'PUT',
      target: `${path}?${signed({ method: 'PUT', path }, more)}`,
      headers,
      body: 'x',
    })
  for (const header of ['X-Copy-From', 'X-Object-Manifest', 'X-Symlink-Target']) {
    t.match(await put({ [header]: 'other/o' }), {
      status: 400,
      body: `The header '${header}' is not allowed in this tempurl`,
    })
  }
  t.equal(
    (await put({}, '&multipart-manifest=put')).status,
    201,
    'what stands in the query besides does not count',
  )
  t.equal(
    (await get(signed(), { headers: { 'X-Copy-From': 'other/o' } })).status,
    200,
    'a download copies nothing',
  )
})

t.test('no token is needed, and a bad one does no harm', async (t) => {
  t.equal((await get(signed(), { headers: { 'X-Auth-Token': 'AUTH_tkbad' } })).status, 200)
  t.equal((await get('a=b', { headers: { 'X-Auth-Token': 'AUTH_tkbad' } })).status, 401)
})

t.test('POST and DELETE work by their own signatures', async (t) => {
  const path = '/v1/AUTH_test/c/new'
  const to = (method: string): string => `${path}?${signed({ method, path })}`
  t.equal(
    (
      await send(handler, {
        method: 'POST',
        target: to('POST'),
        headers: { 'X-Object-Meta-A': 'b' },
        body: '',
      })
    ).status,
    202,
  )
  t.equal((await send(handler, { method: 'DELETE', target: to('DELETE') })).status, 204)
})

t.test('OPTIONS needs no signature', async (t) => {
  t.equal((await get('temp_url_sig=x&temp_url_expires=1', { method: 'OPTIONS' })).status, 200)
})

t.test('/info tells methods, digests and header rules', async (t) => {
  const { body } = await send(handler, { target: '/info' })
  t.strictSame(JSON.parse(body).tempurl, {
    methods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
    incoming_remove_headers: ['x-timestamp'],
    incoming_allow_headers: [],
    outgoing_remove_headers: ['x-object-meta-*'],
    outgoing_allow_headers: ['x-object-meta-public-*'],
    allowed_digests: ['sha1', 'sha256', 'sha512'],
    deprecated_digests: ['sha1'],
  })
})
