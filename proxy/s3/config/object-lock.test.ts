import t from 'tap'
import { contentMd5, elementIn, elementsIn, s3Door } from '../../testing/s3-door.ts'
import { send, tokenFor } from '../../testing/test-proxy.ts'

const { s3, s3As, handler } = s3Door()
const token = await tokenFor(handler, 'test:tester', 'testing')
const swift = (method: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
  send(handler, {
    method,
    target: `/v1/AUTH_test${path}`,
    body: '',
    headers: { 'x-auth-token': token, ...headers },
  })

const LATER = new Date(Date.now() + 3_600_000).toISOString()
const MUCH_LATER = new Date(Date.now() + 7_200_000).toISOString()
const retention = (mode: string, until: string) =>
  `<Retention><Mode>${mode}</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`
const BYPASS = { headers: { 'x-amz-bypass-governance-retention': 'true' } }

await s3('PUT', '/locked', { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
await s3('PUT', '/open')

/** The id of the version that is put. */
async function put(key: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const proven = { 'content-md5': contentMd5('x'), ...headers }
  const answer = await s3('PUT', `/locked/${key}`, { body: 'x', headers: proven })
  if (answer.status !== 200) throw new Error(answer.body)
  return answer.headers['x-amz-version-id'] ?? ''
}

const remove = (key: string, id: string, sending = {}) =>
  s3('DELETE', `/locked/${key}?versionId=${id}`, sending)

await t.test('a bucket that locks says so, and no door ends its versions', async (t) => {
  t.equal(elementIn(await s3('GET', '/locked?object-lock'), 'ObjectLockEnabled'), 'Enabled')
  t.equal(elementIn(await s3('GET', '/open?object-lock'), 'Code'), 'ObjectLockConfigurationNotFoundError')
  t.equal((await swift('POST', '/locked', { 'x-versions-enabled': 'false' })).status, 403)
  const enabled =
    '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>'
  const refused = await s3('PUT', '/open?object-lock', { body: enabled })
  t.match([refused.status, elementIn(refused, 'Code')], [409, 'InvalidBucketState'])
  t.equal(
    elementIn(await s3('PUT', '/open/o?retention', { body: retention('GOVERNANCE', LATER) }), 'Code'),
    'InvalidRequest',
  )
})

await t.test('compliance holds against everybody, and can only be made longer', async (t) => {
  const id = await put('c')
  t.equal((await s3('PUT', '/locked/c?retention', { body: retention('COMPLIANCE', LATER) })).status, 200)
  t.equal(elementIn(await s3('GET', `/locked/c?retention&versionId=${id}`), 'Mode'), 'COMPLIANCE')
  t.match((await s3('HEAD', '/locked/c')).headers, {
    'x-amz-object-lock-mode': 'COMPLIANCE',
    'x-amz-object-lock-retain-until-date': LATER,
  })
  t.equal(elementIn(await remove('c', id, BYPASS), 'Code'), 'AccessDenied')
  t.equal((await swift('DELETE', `/locked/c?version-id=${id}`)).status, 403, 'through Swift too')
  const shorter = new Date(Date.parse(LATER) - 1000).toISOString()
  t.equal((await s3('PUT', '/locked/c?retention', { body: retention('COMPLIANCE', shorter) })).status, 403)
  t.equal((await s3('PUT', '/locked/c?retention', { body: '<Retention/>', ...BYPASS })).status, 403)
  t.equal((await s3('PUT', '/locked/c?retention', { body: retention('COMPLIANCE', MUCH_LATER) })).status, 200)
  t.equal((await s3('DELETE', '/locked/c')).status, 204, 'a marker hides it')
  t.equal((await s3('GET', `/locked/c?versionId=${id}`)).body, 'x', 'and it is still there')
})

await t.test('governance gives way to those who may and say so', async (t) => {
  const id = await put('g', {
    'x-amz-object-lock-mode': 'GOVERNANCE',
    'x-amz-object-lock-retain-until-date': LATER,
  })
  t.equal((await remove('g', id)).status, 403)
  t.equal((await s3('PUT', '/locked/g?retention', { body: '<Retention/>' })).status, 403)
  t.equal((await s3As('test2:tester2', 'DELETE', `/locked/g?versionId=${id}`, BYPASS)).status, 403)
  t.equal((await remove('g', id, BYPASS)).status, 204)
  t.equal((await s3('GET', `/locked/g?versionId=${id}`)).status, 404)
})

await t.test('what is to be locked must be proven to have arrived', async (t) => {
  const headers = { 'x-amz-object-lock-legal-hold': 'ON' }
  const bare = await s3('PUT', '/locked/bare', { body: 'x', headers })
  t.match(elementIn(bare, 'Message'), /^Content-MD5 OR x-amz-checksum- HTTP header is required/)
  t.equal((await s3('HEAD', '/locked/bare')).status, 404)
})

await t.test('a legal hold holds until it is taken away', async (t) => {
  const id = await put('h', { 'x-amz-object-lock-legal-hold': 'ON' })
  t.equal(elementIn(await s3('GET', '/locked/h?legal-hold'), 'Status'), 'ON')
  t.equal((await remove('h', id, BYPASS)).status, 403)
  t.equal(
    (await s3('PUT', '/locked/h?legal-hold', { body: '<LegalHold><Status>OFF</Status></LegalHold>' })).status,
    200,
  )
  t.equal((await remove('h', id)).status, 204)
  await put('free')
  t.equal(elementIn(await s3('GET', '/locked/free?legal-hold'), 'Code'), 'NoSuchObjectLockConfiguration')
  t.equal(elementIn(await s3('GET', '/locked/none?retention'), 'Code'), 'NoSuchKey')
})

await t.test('the bucket’s default is what objects are put with, through Swift too', async (t) => {
  const rule = '<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>'
  const body = `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`
  t.equal((await s3('PUT', '/locked?object-lock', { body })).status, 200)
  const id = await put('d')
  t.match((await s3('HEAD', '/locked/d')).headers, { 'x-amz-object-lock-mode': 'GOVERNANCE' })
  t.equal((await remove('d', id)).status, 403)
  t.equal((await swift('PUT', '/locked/s')).status, 201)
  t.match((await s3('HEAD', '/locked/s')).headers, { 'x-amz-object-lock-mode': 'GOVERNANCE' })
  await s3('PUT', '/open/copy', { headers: { 'x-amz-copy-source': '/locked/d' } })
  t.notOk('x-amz-object-lock-mode' in (await s3('HEAD', '/open/copy')).headers, 'a copy is free')
})

await t.test('locks that cannot be are refused with AWS’s codes', async (t) => {
  const code = async (headers: Readonly<Record<string, string>>, bucket = 'locked') =>
    elementIn(await s3('PUT', `/${bucket}/bad`, { body: 'x', headers }), 'Code')
  const mode = { 'x-amz-object-lock-mode': 'GOVERNANCE' }
  const until = { 'x-amz-object-lock-retain-until-date': LATER }
  t.equal(await code({ ...mode, ...until }, 'open'), 'InvalidRequest')
  t.equal(await code(mode), 'InvalidArgument')
  t.equal(await code(until), 'InvalidArgument')
  t.equal(await code({ ...until, 'x-amz-object-lock-mode': 'SOFT' }), 'InvalidArgument')
  t.equal(
    await code({ ...mode, 'x-amz-object-lock-retain-until-date': '2001-01-01T00:00:00Z' }),
    'InvalidArgument',
  )
  t.equal(await code({ 'x-amz-object-lock-legal-hold': 'MAYBE' }), 'InvalidArgument')
  t.equal(
    elementIn(await s3('PUT', '/locked?object-lock', { body: '<ObjectLockConfiguration/>' }), 'Code'),
    'MalformedXML',
  )
  const over =
    '<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2001-01-01T00:00:00Z</RetainUntilDate></Retention>'
  const late = await s3('PUT', '/locked/d?retention', { body: over })
  t.equal(elementIn(late, 'Code'), 'InvalidArgument')
  t.equal(elementIn(late, 'ArgumentName'), 'RetainUntilDate')
  for (const lock of ['retention', 'legal-hold']) {
    t.equal(elementIn(await s3('PUT', `/locked/d?${lock}`), 'Code'), 'MalformedXML', `${lock} of nothing`)
  }
})

await t.test('nobody takes the parts away that objects in a bucket with locks are made of', async (t) => {
  const begun = await s3('POST', '/locked/big?uploads')
  const uploadId = elementIn(begun, 'UploadId') ?? ''
  await s3('PUT', `/locked/big?partNumber=1&uploadId=${uploadId}`, { body: 'the only part' })
  const part = (await swift('GET', '/locked+segments')).body.trim()
  t.match(part, /^big\//)
  const path = `/locked+segments/${part}`
  const inAWhile = { 'x-delete-after': '5' }
  const attempts = [
    await swift('DELETE', path),
    await swift('PUT', path),
    await swift('POST', path, inAWhile),
    await swift('PUT', path, { 'x-copy-from': '/open/o' }),
    await swift('COPY', '/open/t', { destination: path.slice(1) }),
  ]
  t.same(
    attempts.map(({ status }) => status),
    [403, 403, 403, 403, 403],
  )
  t.equal((await swift('GET', path)).status, 200)
  t.equal((await s3('DELETE', `/locked/big?uploadId=${uploadId}`)).status, 204, 'an abort does')
})

await t.test('who may write may not therefore lock what is written', async (t) => {
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: 'test2' },
    Action: 's3:PutObject',
    Resource: 'arn:aws:s3:::locked/*',
  }
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  t.equal((await s3('PUT', '/locked?policy', { body: policy })).status, 204)
  const write = async (headers: Readonly<Record<string, string>> = {}, more = ''): Promise<number> => {
    const method = more === '' ? 'PUT' : 'POST'
    return (await s3As('test2:tester2', method, `/locked/theirs${more}`, { body: '', headers })).status
  }
  const forEver = {
    'x-amz-object-lock-mode': 'COMPLIANCE',
    'x-amz-object-lock-retain-until-date': MUCH_LATER,
  }
  t.equal(await write(), 200)
  t.equal(await write(forEver), 403)
  t.equal(await write({ 'x-amz-object-lock-legal-hold': 'ON' }), 403)
  t.equal(await write(forEver, '?uploads'), 403)
})

await t.test('tags are put, counted, copied and survive what Swift posts', async (t) => {
  await s3('PUT', '/open/t', { body: 'x', headers: { 'x-amz-tagging': 'a=1&b=two%20words' } })
  t.equal((await s3('HEAD', '/open/t')).headers['x-amz-tagging-count'], '2')
  t.equal((await swift('POST', '/open/t', { 'x-object-meta-colour': 'red' })).status, 202)
  t.same(elementsIn(await s3('GET', '/open/t?tagging'), 'Value'), ['1', 'two words'])
  t.equal((await s3('HEAD', '/open/t')).headers['x-amz-meta-colour'], 'red')
  const copy = { 'x-amz-copy-source': '/open/t' }
  await s3('PUT', '/open/u', { headers: copy })
  t.equal((await s3('HEAD', '/open/u')).headers['x-amz-tagging-count'], '2')
  await s3('PUT', '/open/u', {
    headers: { ...copy, 'x-amz-tagging-directive': 'REPLACE', 'x-amz-tagging': 'c=3' },
  })
  t.same(elementsIn(await s3('GET', '/open/u?tagging'), 'Key'), ['c'])
  await s3('PUT', '/open/untagged', { body: 'x' })
  const untagged = { 'x-amz-copy-source': '/open/untagged', 'x-amz-tagging': 'c=3' }
  await s3('PUT', '/open/w', { headers: untagged })
  t.same(elementsIn(await s3('GET', '/open/w?tagging'), 'Key'), [], 'those of the source, which has none')
  const bad = await s3('PUT', '/open/v', { body: 'x', headers: { 'x-amz-tagging': 'a=1&a=2' } })
  t.equal(elementIn(bad, 'Code'), 'InvalidArgument')
})
