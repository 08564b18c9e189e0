import t from 'tap'
import { elementIn, s3Door } from '../testing/s3-door.ts'
import { DEFAULT_S3_OPTIONS } from './options.ts'

t.test('a bucket and an object come and go', async (t) => {
  const { s3 } = s3Door()
  t.equal((await s3('PUT', '/pictures')).status, 200)
  t.equal((await s3('HEAD', '/pictures')).status, 200)
  const put = await s3('PUT', '/pictures/a%20b//c.txt', {
    body: 'hello',
    headers: { 'x-amz-meta-colour': 'red' },
  })
  t.match(put, { status: 200, headers: { etag: '"5d41402abc4b2a76b9719d911017c592"' } })
  const got = await s3('GET', '/pictures/a%20b//c.txt')
  t.match(got, { status: 200, body: 'hello', headers: { 'x-amz-meta-colour': 'red' } })
  t.match(await s3('HEAD', '/pictures/a%20b//c.txt'), { status: 200, headers: { 'content-length': '5' } })
  t.equal((await s3('DELETE', '/pictures')).status, 409, 'it is not empty')
  t.equal((await s3('DELETE', '/pictures/a%20b//c.txt')).status, 204)
  t.equal((await s3('DELETE', '/pictures')).status, 204)
  t.equal(elementIn(await s3('GET', '/pictures/x'), 'Code'), 'NoSuchBucket')
})

t.test('an error is AWS’s document, and without a body for HEAD', async (t) => {
  const { s3 } = s3Door()
  await s3('PUT', '/pictures')
  const missing = await s3('GET', '/pictures/what')
  t.equal(missing.status, 404)
  t.equal(missing.headers['content-type'], 'application/xml')
  t.equal(elementIn(missing, 'Code'), 'NoSuchKey')
  t.equal(elementIn(missing, 'Key'), 'what')
  t.equal(elementIn(missing, 'Resource'), '/pictures/what')
  t.equal(elementIn(missing, 'RequestId'), missing.headers['x-amz-request-id'])
  t.match(await s3('HEAD', '/pictures/what'), { status: 404, body: '' })
})

t.test('what nobody signed is S3’s where it can be, and Swift’s where it was', async (t) => {
  const { s3As } = s3Door()
  t.equal(elementIn(await s3As(undefined, 'GET', '/nowhere/key'), 'Code'), 'NoSuchBucket')
  t.equal((await s3As(undefined, 'GET', '/healthcheck')).body, 'OK')
  t.equal((await s3As(undefined, 'GET', '/v1/AUTH_test')).status, 401)
  t.equal((await s3As(undefined, 'GET', '/')).status, 404)
  const ofClient = { 'amz-sdk-invocation-id': 'f0f7ad70-3ac9-4de5-9a1e-4b1a1c2b1f1a' }
  t.equal(elementIn(await s3As(undefined, 'GET', '/', { headers: ofClient }), 'Code'), 'AccessDenied')
})

t.test('others have no access, and the name of a bucket is taken for them', async (t) => {
  const { s3, s3As } = s3Door()
  await s3('PUT', '/pictures')
  t.equal(elementIn(await s3As('test2:tester2', 'PUT', '/pictures'), 'Code'), 'BucketAlreadyExists')
  t.equal(elementIn(await s3As('test2:tester2', 'GET', '/pictures/x'), 'Code'), 'AccessDenied')
  t.equal(elementIn(await s3As(undefined, 'GET', '/pictures/x'), 'Code'), 'AccessDenied')
})

t.test('buckets in the name of the host', async (t) => {
  const { s3 } = s3Door({ s3: { ...DEFAULT_S3_OPTIONS, domains: ['s3.test'] } })
  const headers = { host: 'pictures.s3.test:8080' }
  t.equal((await s3('PUT', '/', { headers })).status, 200)
  t.equal((await s3('PUT', '/key', { headers, body: 'x' })).status, 200)
  t.equal((await s3('GET', '/pictures/key')).body, 'x')
  t.match(await s3('GET', '/', { headers: { host: 's3.test' } }), { status: 200, body: /<Name>pictures</ })
})

t.test(
  'a part of a bucket or of an object that there is not is never taken for the thing itself',
  async (t) => {
    const { s3 } = s3Door()
    await s3('PUT', '/pictures')
    await s3('PUT', '/pictures/key', { body: 'kept' })
    const codeOf = async (method: string, target: string): Promise<unknown> =>
      elementIn(await s3(method, target, { body: method === 'PUT' ? 'other' : '' }), 'Code')
    t.equal(await codeOf('PUT', '/pictures/key?annotation&annotationName=a'), 'NotImplemented')
    t.equal(await codeOf('PUT', '/pictures?metadataAnnotationTable'), 'NotImplemented')
    t.equal(await codeOf('PUT', '/pictures/key?policy'), 'InvalidRequest')
    t.equal(await codeOf('GET', '/pictures/key?versions'), 'InvalidRequest')
    t.equal(await codeOf('GET', '/pictures/key?logging'), 'NoLoggingStatusForKey')
    t.equal((await s3('GET', '/pictures/key?location=here')).body, 'kept')
  },
)
