import fc from 'fast-check'
import t from 'tap'
import {
  HOLDER,
  PARENT,
  sessionsOn,
  signedRequest,
  standingClock,
  verifierWith,
} from '../testing/s3-verifier.ts'
import { EXAMPLE } from '../testing/sign-v4.ts'
import { publicAddress } from './signed-request.ts'
import { v2Signature } from './v2.ts'

/** When the examples of AWS's documentation were signed. */
const SIGNED_MS = Date.UTC(2007, 2, 27, 19, 36, 42)
const clock = standingClock(SIGNED_MS)
const verifier = verifierWith({ clock })
const LINK = 'AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE'

function authorization(signature: string): string {
  return `AWS ${EXAMPLE.accessKey}:${signature}`
}

function signed(stringToSign: string, secret = EXAMPLE.secret): string {
  return v2Signature(stringToSign, secret)
}

void t.test("the examples of AWS's documentation are let in", async (t) => {
  const host = 'awsexamplebucket1.us-west-1.s3.amazonaws.com'
  const examples = [
    signedRequest(
      'GET',
      '/photos/puppy.jpg',
      {
        host,
        date: 'Tue, 27 Mar 2007 19:36:42 +0000',
        authorization: authorization('qgk2+6Sv9/oM7G3qLEjTH1a1l1g='),
      },
      'awsexamplebucket1',
    ),
    signedRequest(
      'PUT',
      '/photos/puppy.jpg',
      {
        host,
        date: 'Tue, 27 Mar 2007 21:15:45 +0000',
        'content-type': 'image/jpeg',
        'content-length': '94328',
        authorization: authorization('iqRzw+ileNPu1fhspnRs8nOjjIA='),
      },
      'awsexamplebucket1',
    ),
    signedRequest(
      'GET',
      '/?prefix=photos&max-keys=50&marker=puppy',
      {
        host,
        date: 'Tue, 27 Mar 2007 19:42:41 +0000',
        authorization: authorization('m0WP8eCtspQl5Ahe6L1SozdX9YA='),
      },
      'awsexamplebucket1',
    ),
    signedRequest(
      'GET',
      '/?acl',
      {
        host,
        date: 'Tue, 27 Mar 2007 19:44:46 +0000',
        authorization: authorization('82ZHiFIjc+WbcwFKGUVEQspPn+0='),
      },
      'awsexamplebucket1',
    ),
    signedRequest('GET', '/dictionary/fran%C3%A7ais/pr%c3%a9f%c3%a8re', {
      host: 's3.us-west-1.amazonaws.com',
      date: 'Wed, 28 Mar 2007 01:49:49 +0000',
      authorization: authorization('DNEZGsoieTZ92F3bUfSPQcbGmlM='),
    }),
  ]
  for (const request of examples) {
    clock.nowMs = Date.parse(request.headers['date'] ?? '')
    t.match(
      await verifier.verify(request),
      { kind: 'signed', holder: HOLDER },
      `${request.method} ${request.path}`,
    )
  }
  clock.nowMs = SIGNED_MS
})

void t.test('sub-resources are signed, other parameters are not', async (t) => {
  const date = new Date(SIGNED_MS).toUTCString()
  const get = async (target: string, resource: string): Promise<unknown> => {
    const signature = signed(`GET\n\n\n${date}\n${resource}`)
    return verifier.verify(signedRequest('GET', target, { date, authorization: authorization(signature) }))
  }
  t.match(await get('/b/k?uploads', '/b/k?uploads'), { kind: 'signed' })
  t.match(await get('/b/k?uploads=', '/b/k?uploads='), { kind: 'signed' })
  t.match(await get('/b/k?uploads=', '/b/k?uploads'), { kind: 'signed' })
  t.match(await get('/b/k?uploadId=1&partNumber=2&x=3', '/b/k?partNumber=2&uploadId=1'), { kind: 'signed' })
  t.match(await get('/b/k?response-content-type=a%2Fb', '/b/k?response-content-type=a/b'), { kind: 'signed' })
  t.match(await get('/b//k/../%20', '/b//k/../%20'), { kind: 'signed' })
  t.match(await get('/b', '/b/'), { kind: 'signed' }, 'as boto3 signs all that is about a bucket')
  t.match(await get('/b?acl', '/b/?acl'), { kind: 'signed' })
  t.match(await get('/b?acl=', '/b/?acl'), { kind: 'signed' })
  t.match(await get('/b/k', '/b/k/'), { code: 'SignatureDoesNotMatch' })
  t.match(await get('/b?acl', '/b'), { code: 'SignatureDoesNotMatch' })
  t.match(await get('/b', '/b?acl'), { code: 'SignatureDoesNotMatch' })
})

void t.test('headers of ours are signed, sorted; their date goes before that of HTTP', async (t) => {
  const date = new Date(SIGNED_MS).toUTCString()
  const headers = { 'x-amz-meta-b': ' two ', 'x-amz-acl': 'private', 'x-amz-date': date, date: 'whenever' }
  const signature = signed(`PUT\n\n\n\nx-amz-acl:private\nx-amz-date:${date}\nx-amz-meta-b:two\n/b/k`)
  const request = { ...headers, authorization: authorization(signature) }
  t.match(await verifier.verify(signedRequest('PUT', '/b/k', request)), { kind: 'signed' })
  const more = { ...request, 'x-amz-copy-source': '/secrets/key' }
  t.match(await verifier.verify(signedRequest('PUT', '/b/k', more)), {
    code: 'SignatureDoesNotMatch',
    extra: { AWSAccessKeyId: EXAMPLE.accessKey, StringToSign: /^PUT\n/, StringToSignBytes: /^50 55 54 0a/ },
  })
})

void t.test('a link ends when it says', async (t) => {
  const expires = SIGNED_MS / 1000 + 60
  const signature = encodeURIComponent(signed(`GET\n\n\n${expires}\n/b/k`))
  const link = `/b/k?${LINK}&Expires=${expires}&Signature=${signature}`
  t.match(await verifier.verify(signedRequest('GET', link, {})), { kind: 'signed', via: 'query' })
  t.match(await verifier.verify(signedRequest('GET', link.replaceAll('%2B', '+'), {})), { kind: 'signed' })
  t.match(await verifier.verify(signedRequest('HEAD', link, {})), { code: 'SignatureDoesNotMatch' })
  clock.nowMs += 61_000
  t.same(await verifier.verify(signedRequest('GET', link, {})), {
    kind: 'refused',
    code: 'AccessDenied',
    message: 'Request has expired',
    extra: { Expires: '2007-03-27T19:37:42Z', ServerTime: '2007-03-27T19:37:43Z' },
  })
  clock.nowMs = SIGNED_MS
})

void t.test('a link may carry headers, which are signed', async (t) => {
  const expires = SIGNED_MS / 1000 + 60
  const signature = encodeURIComponent(signed(`PUT\n\n\n${expires}\nx-amz-acl:public-read\n/b/k`))
  const link = (acl: string): string =>
    `/b/k?${LINK}&Expires=${expires}&x-amz-acl=${acl}&Signature=${signature}`
  t.match(await verifier.verify(signedRequest('PUT', link('public-read'), {})), { kind: 'signed' })
  t.match(await verifier.verify(signedRequest('PUT', link('private'), {})), { code: 'SignatureDoesNotMatch' })
})

void t.test('what a link says no header and no second parameter says otherwise', async (t) => {
  const expires = SIGNED_MS / 1000 + 60
  const signature = encodeURIComponent(signed(`PUT\n\n\n${expires}\nx-amz-acl:private\n/b/k`))
  const link = `${LINK}&Expires=${expires}&x-amz-acl=private&Signature=${signature}`
  const put = (query: string, headers: Record<string, string> = {}): Promise<unknown> =>
    verifier.verify(signedRequest('PUT', `/b/k?${query}`, headers))
  t.match(await put(link), { kind: 'signed' })
  const mismatch = { code: 'SignatureDoesNotMatch' }
  t.match(await put(link, { 'x-amz-acl': 'private' }), { kind: 'signed' }, 'but may say the same')
  t.match(await put(link, { 'x-amz-acl': 'public-read' }), mismatch)
  t.match(await put(`x-amz-acl=a&X-Amz-Acl=public-read&${link}`), mismatch)
})

void t.test('a link does nothing that its signature says nothing of', async (t) => {
  const expires = SIGNED_MS / 1000 + 60
  const signature = encodeURIComponent(signed(`PUT\n\n\n${expires}\n/b/k`))
  const link = `/b/k?${LINK}&Expires=${expires}&Signature=${signature}`
  for (const more of ['retention', 'legal-hold=', 'publicAccessBlock']) {
    t.match(
      await verifier.verify(signedRequest('PUT', `${link}&${more}`, {})),
      { code: 'AccessDenied' },
      more,
    )
  }
  t.match(await verifier.verify(signedRequest('PUT', `${link}&x-id=PutObject`, {})), { kind: 'signed' })
})

void t.test('behind a proxy the path in front of ours is part of what was signed', async (t) => {
  const by = verifierWith({ clock, addresses: [publicAddress('https://example.org/store')] })
  const date = new Date(SIGNED_MS).toUTCString()
  const headers = { date, authorization: authorization(signed(`GET\n\n\n${date}\n/store/b/k`)) }
  t.match(await by.verify(signedRequest('GET', '/b/k', headers)), { kind: 'signed' })
  t.match(await verifier.verify(signedRequest('GET', '/b/k', headers)), { code: 'SignatureDoesNotMatch' })
})

void t.test('temporary credentials sign with their token', async (t) => {
  const sessions = sessionsOn(clock)
  const by = verifierWith({ clock, sessions })
  const { accessKey, secret, sessionToken } = sessions.issue(PARENT, { name: '', policy: undefined }, 3600)
  const date = new Date(SIGNED_MS).toUTCString()
  const signature = signed(`GET\n\n\n${date}\nx-amz-security-token:${sessionToken}\n/b/k`, secret)
  const headers = {
    date,
    'x-amz-security-token': sessionToken,
    authorization: `AWS ${accessKey}:${signature}`,
  }
  t.match(await by.verify(signedRequest('GET', '/b/k', headers)), { kind: 'signed', accessKey })
})

void t.test('what is malformed is told', async (t) => {
  const refused = (headers: Record<string, string>, target = '/'): Promise<unknown> =>
    verifier.verify(signedRequest('GET', target, headers))
  const date = new Date(SIGNED_MS).toUTCString()
  t.match(await refused({ date, authorization: 'AWS a:b c' }), {
    code: 'InvalidArgument',
    message: "Authorization header is invalid -- one and only one ' ' (space) required",
  })
  t.match(await refused({ date, authorization: 'AWS ab' }), {
    code: 'InvalidArgument',
    message: /AwsAccessKeyId:signature$/,
  })
  t.match(await refused({ authorization: authorization('x') }), {
    code: 'AccessDenied',
    message: /valid Date/,
  })
  t.match(await refused({ date: 'Tue, 27 Mar 2007 19:16:42 GMT', authorization: authorization('x') }), {
    code: 'RequestTimeTooSkewed',
  })
  t.match(await refused({ date, authorization: 'AWS test:nobody:x' }), {
    code: 'InvalidAccessKeyId',
    extra: { AWSAccessKeyId: 'test:nobody' },
  })
  t.match(await refused({}, `/?${LINK}&Signature=x`), {
    code: 'AccessDenied',
    message: /^Query-string authentication requires/,
  })
  t.match(await refused({}, `/?${LINK}&Signature=x&Expires=soon`), {
    code: 'AccessDenied',
    message: 'Invalid date (should be seconds since epoch): soon',
  })
})

void t.test('whatever stands in the header or the query, nothing throws', async () => {
  const odd = fc.string({ unit: 'binary-ascii', maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(odd, odd, odd, async (one, other, query) => {
      await verifier.verify(
        signedRequest('GET', `/${one}?${query}`, { date: other, authorization: `AWS ${one}:${other}` }),
      )
      await verifier.verify(
        signedRequest('GET', `/?AWSAccessKeyId=${one}&Signature=${other}&Expires=${query}`, {}),
      )
    }),
  )
})
