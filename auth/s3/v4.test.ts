import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  EXAMPLE_MS,
  HOLDER,
  PARENT,
  sessionsOn,
  signedRequest,
  standingClock,
  verifierWith,
} from '../testing/s3-verifier.ts'
import {
  EMPTY_HASH,
  EXAMPLE,
  presignV4,
  type Signing,
  sha256,
  signV4,
  type Unsigned,
} from '../testing/sign-v4.ts'
import type { FoundKey } from './access-keys.ts'
import type { Refusal } from './refusal.ts'
import type { RequestVerifier, Sender } from './request-verifier.ts'
import { publicAddress } from './signed-request.ts'

const DATE = '20130524T000000Z'
const SIGNING: Signing = { credentials: EXAMPLE, date: DATE }
const HOST = 'examplebucket.s3.amazonaws.com'
const verifier = verifierWith()

function asRefusal(result: Sender | Refusal): Refusal {
  if (result.kind !== 'refused') throw new Error('it was let in')
  return result
}

/** Verifies a request that was signed by the plain signer, perhaps after it was changed on its way. */
async function sign(
  request: Unsigned,
  {
    signing = SIGNING,
    changed = {},
    by = verifier,
  }: {
    readonly signing?: Signing
    readonly changed?: Partial<Unsigned>
    readonly by?: RequestVerifier
  } = {},
): Promise<Sender | Refusal> {
  const signed = { ...request, headers: signV4(request, signing) }
  const { method, target } = { ...signed, ...changed }
  return by.verify(signedRequest(method, target, { ...signed.headers, ...changed.headers }))
}

function authorization(headers: string, signature: string): string {
  const credential = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'
  return `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${headers},Signature=${signature}`
}

void t.test("the examples of AWS's documentation are let in", async (t) => {
  const examples = [
    {
      name: 'GET Object',
      request: signedRequest('GET', '/test.txt', {
        host: HOST,
        range: 'bytes=0-9',
        'x-amz-content-sha256': EMPTY_HASH,
        'x-amz-date': DATE,
        authorization: authorization(
          'host;range;x-amz-content-sha256;x-amz-date',
          'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
        ),
      }),
    },
    {
      name: 'PUT Object',
      request: signedRequest('PUT', '/test$file.text', {
        host: HOST,
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-content-sha256': sha256('Welcome to Amazon S3.'),
        'x-amz-date': DATE,
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        authorization: authorization(
          'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
          '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
        ),
      }),
    },
    {
      name: 'GET Bucket Lifecycle',
      request: signedRequest('GET', '/?lifecycle', {
        host: HOST,
        'x-amz-content-sha256': EMPTY_HASH,
        'x-amz-date': DATE,
        authorization: authorization(
          'host;x-amz-content-sha256;x-amz-date',
          'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
        ),
      }),
    },
    {
      name: 'List Objects',
      request: signedRequest('GET', '/?max-keys=2&prefix=J', {
        host: HOST,
        'x-amz-content-sha256': EMPTY_HASH,
        'x-amz-date': DATE,
        authorization: authorization(
          'host;x-amz-content-sha256;x-amz-date',
          '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
        ),
      }),
    },
    {
      name: 'a presigned GET',
      request: signedRequest(
        'GET',
        '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3' +
          '%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=' +
          'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
        { host: HOST },
      ),
    },
  ]
  for (const { name, request } of examples) {
    const sender = await verifier.verify(request)
    t.match(sender, { kind: 'signed', accessKey: EXAMPLE.accessKey, holder: HOLDER }, name)
  }
})

void t.test('a request without a signature is anonymous', async (t) => {
  t.same(await verifier.verify(signedRequest('GET', '/bucket/key', { host: HOST })), { kind: 'anonymous' })
})

const ODD_TARGETS = [
  '/bucket/a%20key',
  '/bucket/a+key',
  '/bucket/a%2Bkey',
  '/bucket/100%25',
  '/bucket//two//slashes/',
  '/bucket/./../dots/..',
  '/bucket/%E2%82%AC/%F0%9F%90%A6',
  "/bucket/!'()*~",
  '/bucket/%7Etilde~',
  '/bucket/%2Fslash',
  '/bucket?uploads',
  '/bucket?uploads=',
  '/bucket?prefix=a+b&delimiter=%2F',
  '/bucket?marker=%26%3D%25&marker=two&marker=',
  '/bucket?b=2&a=1&B=3&a-b=4&a=0',
  '/bucket?prefix=%E2%82%AC',
  '/bucket?',
]

void t.test('odd keys and queries are signed as they were sent', async (t) => {
  for (const target of ODD_TARGETS) {
    t.match(await sign({ method: 'GET', target, headers: { host: HOST } }), { kind: 'signed' }, target)
    const link = presignV4({ method: 'GET', target, headers: { host: HOST } }, SIGNING, 60)
    t.match(
      await verifier.verify(signedRequest('GET', link, { host: HOST })),
      { kind: 'signed' },
      `link ${target}`,
    )
  }
})

const key = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => text.isWellFormed() && !text.includes('\0'))

void t.test('whatever the key and the parameter, what was signed is let in', async () => {
  await fc.assert(
    fc.asyncProperty(key, key, fc.string({ maxLength: 20 }), async (name, parameter, value) => {
      const query = `${encodeURIComponent(parameter)}=${encodeURIComponent(value)}`
      const target = `/bucket/${name.split('/').map(encodeURIComponent).join('/')}?${query}`
      return (await sign({ method: 'GET', target, headers: { host: HOST } })).kind === 'signed'
    }),
  )
})

void t.test('nothing of a signed request can be changed', async (t) => {
  const request = {
    method: 'PUT',
    target: '/bucket/key?acl',
    headers: { host: HOST, 'x-amz-acl': 'private' },
  }
  t.match(await sign(request), { kind: 'signed' })
  const changes: readonly Partial<Unsigned>[] = [
    { method: 'GET' },
    { target: '/bucket/kez?acl' },
    { target: '/bucket//key?acl' },
    { target: '/bucket/key?policy' },
    { target: '/bucket/key?acl&versionId=1' },
    { headers: { 'x-amz-acl': 'public-read' } },
    { headers: { host: 'elsewhere.example' } },
    { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
  ]
  for (const changed of changes) {
    const refusal = asRefusal(await sign(request, { changed }))
    t.equal(refusal.code, 'SignatureDoesNotMatch', JSON.stringify(changed))
  }
})

void t.test('the error of a wrong signature shows what we signed', async (t) => {
  const request = { method: 'GET', target: '/bucket/%E2%82%AC', headers: { host: HOST } }
  const signing = { ...SIGNING, credentials: { ...EXAMPLE, secret: 'another' } }
  const { extra = {} } = asRefusal(await sign(request, { signing }))
  t.same(Object.keys(extra), [
    'AWSAccessKeyId',
    'StringToSign',
    'SignatureProvided',
    'StringToSignBytes',
    'CanonicalRequest',
    'CanonicalRequestBytes',
  ])
  t.equal(extra['AWSAccessKeyId'], EXAMPLE.accessKey)
  t.match(extra['CanonicalRequest'], /^GET\n\/bucket\/%E2%82%AC\n\nhost:examplebucket/)
  t.match(extra['StringToSign'], `AWS4-HMAC-SHA256\n${DATE}\n20130524/us-east-1/s3/aws4_request\n`)
  t.ok(extra['StringToSignBytes']?.startsWith('41 57 53 34 2d '))
})

void t.test('every header of ours must be signed, and the host', async (t) => {
  const request = { method: 'PUT', target: '/bucket/key', headers: { host: HOST } }
  const unsigned = async (headers: Record<string, string>): Promise<string | undefined> => {
    const result = await sign(request, { changed: { headers } })
    return result.kind === 'refused' ? `${result.code} ${result.extra?.['HeadersNotSigned']}` : undefined
  }
  t.equal(await unsigned({ 'x-amz-copy-source': '/other/key' }), 'AccessDenied x-amz-copy-source')
  t.equal(
    await unsigned({ 'x-amz-meta-b': '1', 'x-amz-acl': 'public-read' }),
    'AccessDenied x-amz-acl, x-amz-meta-b',
  )
  t.equal(await unsigned({ 'content-md5': 'XrY7u+Ae7tCTyyK7j1rNww==' }), 'AccessDenied content-md5')
  t.equal(
    await unsigned({ 'content-type': 'text/plain', 'x-amzn-trace-id': 'Root=1', expect: '100-continue' }),
    undefined,
  )
  const hostless = { method: 'GET', target: '/bucket/key', headers: {} }
  const signed = signV4(hostless, SIGNING)
  const refusal = asRefusal(
    await verifier.verify(signedRequest('GET', '/bucket/key', { ...signed, host: HOST })),
  )
  t.same(refusal.extra, { HeadersNotSigned: 'host' })
  t.match(await verifier.verify(signedRequest('GET', '/bucket/key', signed)), {
    code: 'MissingSecurityHeader',
    extra: { MissingHeaderName: 'host' },
  })
})

void t.test('a presigned PUT cannot be made a copy', async (t) => {
  const target = presignV4({ method: 'PUT', target: '/bucket/key', headers: { host: HOST } }, SIGNING, 60)
  const headers = { host: HOST, 'x-amz-copy-source': '/secrets/key' }
  const refusal = asRefusal(await verifier.verify(signedRequest('PUT', target, headers)))
  t.match(refusal, { code: 'AccessDenied', extra: { HeadersNotSigned: 'x-amz-copy-source' } })
})

void t.test('a request is good for fifteen minutes either way', async (t) => {
  const clock = standingClock()
  const by = verifierWith({ clock })
  const request = { method: 'GET', target: '/', headers: { host: HOST } }
  for (const minutes of [-15, 15]) {
    clock.nowMs = EXAMPLE_MS + minutes * 60_000
    t.match(await sign(request, { by }), { kind: 'signed' }, `${minutes} minutes`)
    clock.nowMs += Math.sign(minutes) * 1000
    t.match(await sign(request, { by }), { code: 'RequestTimeTooSkewed' }, 'a second further')
  }
  t.same(asRefusal(await sign(request, { by })).extra, {
    RequestTime: DATE,
    ServerTime: '2013-05-24T00:15:01Z',
    MaxAllowedSkewMilliseconds: '900000',
  })
})

void t.test('a link is good from its date to its end', async (t) => {
  const clock = standingClock()
  const by = verifierWith({ clock })
  const target = presignV4({ method: 'GET', target: '/b/k', headers: { host: HOST } }, SIGNING, 300)
  const open = (): Promise<Sender | Refusal> => by.verify(signedRequest('GET', target, { host: HOST }))
  clock.nowMs = EXAMPLE_MS + 300_000
  t.match(await open(), { kind: 'signed' })
  clock.nowMs += 1000
  t.same(await open(), {
    kind: 'refused',
    code: 'AccessDenied',
    message: 'Request has expired',
    extra: { 'X-Amz-Expires': '300', Expires: '2013-05-24T00:05:00Z', ServerTime: '2013-05-24T00:05:01Z' },
  })
  clock.nowMs = EXAMPLE_MS - 901_000
  t.match(await open(), {
    code: 'AccessDenied',
    message: 'Request is not yet valid',
    extra: { 'X-Amz-Date': String(EXAMPLE_MS) },
  })
})

/** The answer to a link of which one parameter is another. */
async function linkWith(name: string, value: string | undefined): Promise<Refusal> {
  const link = presignV4({ method: 'GET', target: '/b/k', headers: { host: HOST } }, SIGNING, 300)
  const [path = '', query = ''] = link.split('?')
  const parameters = new URLSearchParams(query)
  if (value === undefined) parameters.delete(name)
  else parameters.set(name, value)
  return asRefusal(await verifier.verify(signedRequest('GET', `${path}?${parameters}`, { host: HOST })))
}

void t.test('a link says all that it must, and nothing impossible', async (t) => {
  const wrong: readonly (readonly [string, string | undefined, RegExp])[] = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA1', /^X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"$/],
    ['X-Amz-Date', undefined, /^Query-string authentication version 4 requires the X-Amz-Algorithm, /],
    ['X-Amz-SignedHeaders', '', /^Query-string authentication version 4 requires/],
    ['X-Amz-Expires', undefined, /^Query-string authentication version 4 requires/],
    ['X-Amz-Date', '2013-05-24', /^X-Amz-Date must be in the ISO8601 Long Format/],
    ['X-Amz-Date', '20130525T000000Z', /^Invalid credential date "20130524"/],
    ['X-Amz-Expires', 'soon', /^X-Amz-Expires should be a number$/],
    ['X-Amz-Expires', '-1', /^X-Amz-Expires must be non-negative$/],
    ['X-Amz-Expires', '604801', /^X-Amz-Expires must be less than a week \(in seconds\)/],
    [
      'X-Amz-Credential',
      'nobody',
      /^Error parsing the X-Amz-Credential parameter; the Credential is mal-formed/,
    ],
    [
      'X-Amz-Credential',
      'A/20130524/eu/s3/aws4_request',
      /; the region 'eu' is wrong; expecting 'us-east-1'$/,
    ],
    [
      'X-Amz-Credential',
      'A/20130524/us-east-1/ec2/aws4_request',
      /; incorrect service "ec2"\. This endpoint belongs to "s3"/,
    ],
  ]
  for (const [name, value, message] of wrong) {
    const refusal = await linkWith(name, value)
    t.equal(refusal.code, 'AuthorizationQueryParametersError', `${name}=${value}`)
    t.match(refusal.message, message)
  }
})

void t.test('a link of a week is good, and of nothing', async (t) => {
  for (const seconds of [0, 604_800]) {
    const link = presignV4({ method: 'DELETE', target: '/b/k', headers: { host: HOST } }, SIGNING, seconds)
    t.match(await verifier.verify(signedRequest('DELETE', link, { host: HOST })), { kind: 'signed' })
  }
})

void t.test('an authorization header that is malformed is told how', async (t) => {
  const good = authorization('host;x-amz-date', 'ab'.repeat(32))
  const wrong: readonly (readonly [string, RegExp, (RegExp | string)?])[] = [
    ['AWS4-HMAC-SHA256', /authorization component "" is malformed/],
    ['AWS4-HMAC-SHA256 nonsense', /the authorization component "nonsense" is malformed/],
    [
      'AWS4-HMAC-SHA256 Credential=a/b/c/d/e',
      /requires three components: Credential, SignedHeaders, and Signature/,
    ],
    [good.replace('Signature=ab', 'Signatur=ab'), /requires three components/],
    [
      good.replace('AKIAIOSFODNN7EXAMPLE/', ''),
      /the Credential is mal-formed; expecting "<YOUR-AKID>\/YYYYMMDD/,
    ],
    [
      good.replace('20130524', '2013-05-24'),
      /incorrect date format "2013-05-24"\. This date in the credential must/,
    ],
    [good.replace('20130524', '20130523'), /Invalid credential date "20130523"/],
    [good.replace('us-east-1', 'eu-west-1'), /the region 'eu-west-1' is wrong; expecting 'us-east-1'$/],
    [good.replace('/s3/', '/s4/'), /incorrect service "s4"\. This endpoint belongs to "s3"\.$/],
    [
      good.replace('aws4_request', 'aws5_request'),
      /incorrect terminal "aws5_request"\. This endpoint uses "aws4_request"/,
    ],
  ]
  for (const [header, message] of wrong) {
    const request = signedRequest('GET', '/', { host: HOST, 'x-amz-date': DATE, authorization: header })
    const refusal = asRefusal(await verifier.verify(request))
    t.equal(refusal.code, 'AuthorizationHeaderMalformed', header)
    t.match(refusal.message, message)
  }
  const eu = { host: HOST, 'x-amz-date': DATE, authorization: good.replace('us-east-1', 'eu') }
  t.same(asRefusal(await verifier.verify(signedRequest('GET', '/', eu))).extra, { Region: 'us-east-1' })
})

void t.test('what is missing or unknown is told', async (t) => {
  const good = authorization('host;x-amz-date', 'ab'.repeat(32))
  const refused = async (headers: Record<string, string>, target = '/'): Promise<Refusal> =>
    asRefusal(await verifier.verify(signedRequest('GET', target, { host: HOST, ...headers })))
  t.match(await refused({ authorization: good }), {
    code: 'AccessDenied',
    message: 'AWS authentication requires a valid Date or x-amz-date header',
  })
  t.match(await refused({ authorization: good, 'x-amz-date': DATE }), {
    code: 'InvalidRequest',
    message: 'Missing required header for this request: x-amz-content-sha256',
  })
  t.match(await refused({ authorization: good, 'x-amz-date': DATE, 'x-amz-content-sha256': 'hm' }), {
    code: 'InvalidArgument',
    extra: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: 'hm' },
  })
  t.match(await refused({ authorization: 'Bearer token' }), {
    code: 'InvalidArgument',
    message: 'Unsupported Authorization Type',
  })
  t.match(await refused({ authorization: 'AWS4-ECDSA-P256-SHA256 Credential=…' }), { code: 'InvalidRequest' })
  t.match(await refused({ authorization: 'AWS4-HMAC-SHA1 Credential=…' }), {
    code: 'InvalidArgument',
    message: 'Unsupported Authorization Type',
  })
  t.match(await refused({ authorization: good }, '/?X-Amz-Algorithm=AWS4-HMAC-SHA256'), {
    code: 'InvalidArgument',
    message: /^Only one auth mechanism allowed/,
  })
  const nobody = { ...SIGNING, credentials: { accessKey: 'nobody', secret: 'nothing' } }
  t.match(await sign({ method: 'GET', target: '/', headers: { host: HOST } }, { signing: nobody }), {
    code: 'InvalidAccessKeyId',
    extra: { AWSAccessKeyId: 'nobody' },
  })
})

void t.test('behind a proxy the public address is the one that was signed', async (t) => {
  const by = verifierWith({
    addresses: [publicAddress('https://s3.example.org'), publicAddress('http://example.org:8443/store/')],
  })
  const arrive = async (t: Test, host: string, prefix: string): Promise<void> => {
    const target = '/bucket/a%20key?acl'
    const headers = signV4({ method: 'GET', target: prefix + target, headers: { host } }, SIGNING)
    const request = signedRequest('GET', target, { ...headers, host: '10.0.0.1:8080' })
    t.match(await by.verify(request), { kind: 'signed' }, `${host}${prefix}`)
    t.match(await verifier.verify(request), { code: 'SignatureDoesNotMatch' }, 'and no other')
    const moved = { ...request, bucketInHost: 'other' }
    t.match(await by.verify(moved), { code: 'SignatureDoesNotMatch' }, 'nor for another bucket')
  }
  await arrive(t, 's3.example.org', '')
  await arrive(t, 'example.org:8443', '/store')
  t.throws(() => publicAddress('s3.example.org'), { message: /is not an http or https URL/ })
})

void t.test('headers are signed with single spaces, and joined as the signer joined them', async (t) => {
  const target = '/bucket/key'
  const signed = signV4({ method: 'GET', target, headers: { host: HOST, 'x-amz-meta-list': 'a,b' } }, SIGNING)
  t.match(await verifier.verify(signedRequest('GET', target, { ...signed, 'x-amz-meta-list': 'a, b' })), {
    kind: 'signed',
  })
  const spaced = { host: HOST, 'x-amz-meta-words': ' two   words  ' }
  t.match(await sign({ method: 'GET', target, headers: spaced }), { kind: 'signed' })
})

void t.test('temporary credentials need their token, and end with it', async (t) => {
  const clock = standingClock()
  let found: FoundKey = { kind: 'secret', secret: EXAMPLE.secret, holder: HOLDER }
  const sessions = sessionsOn(clock, { find: async () => found })
  const by = verifierWith({ clock, sessions })
  const session = { name: 'build', policy: '{"Statement":[]}' }
  const issued = sessions.issue(PARENT, session, 3600)
  const { accessKey, secret, sessionToken } = issued
  const request = { method: 'GET', target: '/bucket/key', headers: { host: HOST } }
  const using = (credentials: Signing['credentials']): Promise<Sender | Refusal> =>
    sign(request, { by, signing: { credentials, date: DATE } })
  t.match(await using(issued), { kind: 'signed', accessKey, holder: HOLDER, session })
  const link = presignV4(request, { credentials: issued, date: DATE }, 60)
  t.match(await by.verify(signedRequest('GET', link, { host: HOST })), { kind: 'signed', session })
  t.match(await using({ accessKey, secret }), { code: 'InvalidAccessKeyId' })
  t.match(await using({ ...issued, secret: 'another' }), { code: 'SignatureDoesNotMatch' })
  t.match(await using({ ...EXAMPLE, sessionToken }), {
    code: 'InvalidToken',
    extra: { 'Token-0': sessionToken },
  })
  t.match(await using({ ...issued, sessionToken: `${sessionToken.slice(0, -8)}AAAAAAAA` }), {
    code: 'InvalidToken',
  })
  const changed = { ...HOLDER, account: 'AUTH_moved' }
  found = { ...found, holder: changed }
  t.match(await using(issued), { holder: changed }, 'whose they are is looked at every time')
  found = { ...found, holder: { ...HOLDER, generation: 1 } }
  t.match(await using(issued), { code: 'InvalidToken' }, 'what was given out is void')
  found = { kind: 'unknown' }
  t.match(await using(issued), { code: 'InvalidToken' }, 'the key that they came of is gone')
  found = { kind: 'unavailable' }
  t.match(await using(issued), { code: 'ServiceUnavailable' })
  found = { kind: 'elsewhere', confirm: async () => ({ kind: 'denied' }) }
  t.match(await using(issued), { holder: HOLDER })
  const short = sessions.issue(PARENT, session, 1)
  clock.nowMs += 1000
  t.match(await using(short), { code: 'ExpiredToken' })
})

void t.test('whatever stands in the header or the query, nothing throws', async () => {
  const texts = fc.string({ unit: 'binary-ascii', maxLength: 80 })
  const odd = fc.oneof(
    texts,
    fc.constantFrom('AWS4-HMAC-SHA256 ', 'AWS a:b', 'X-Amz-Algorithm=', '%', '%zz', '=&&='),
  )
  await fc.assert(
    fc.asyncProperty(odd, odd, odd, async (header, more, query) => {
      const headers = { host: HOST, 'x-amz-date': DATE, authorization: header + more }
      await verifier.verify(signedRequest('GET', `/${more}?${query}`, headers))
      await verifier.verify(signedRequest('GET', `/?X-Amz-Signature=${query}&${more}`, { host: HOST }))
    }),
  )
})
