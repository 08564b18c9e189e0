/**
 * Goal: what an account blocks is kept, given back and refused as by S3 Control, and holds in each of its buckets at both doors. Who may
 * do what then: `test/access/notations.ts`.
 */
import t from 'tap'
import { elementIn, s3Door } from '../../testing/s3-door.ts'
import { askingAs, type Received, send } from '../../testing/test-proxy.ts'

const PATH = '/v20180820/configuration/publicAccessBlock'
const OWN = { 'x-amz-account-id': 'test' }
const { s3, s3As, handler } = s3Door()

const code = (received: Received): string => `${received.status} ${elementIn(received, 'Code') ?? ''}`.trim()

function block(...on: readonly string[]): string {
  const switches = on.map((name) => `<${name}>true</${name}>`).join('')
  const root = 'PublicAccessBlockConfiguration'
  return `<${root} xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">${switches}</${root}>`
}

function put(...on: readonly string[]): Promise<Received> {
  return s3('PUT', PATH, { headers: OWN, body: block(...on) })
}

t.afterEach(async () => {
  await s3('DELETE', PATH, { headers: OWN })
})

t.test('the block of an account is put, given back and deleted', async (t) => {
  const missing = await s3('GET', PATH, { headers: OWN })
  t.equal(code(missing), '404 NoSuchPublicAccessBlockConfiguration')
  t.match(missing.body, /<ErrorResponse><Error><Code>/)
  t.equal((await put('BlockPublicAcls', 'RestrictPublicBuckets')).status, 200)
  const got = await s3('GET', PATH, { headers: { 'x-amz-account-id': 'AUTH_test' } })
  t.match(
    got.body,
    /<PublicAccessBlockConfiguration xmlns="http:\/\/awss3control\.amazonaws\.com\/doc\/2018-08-20\/">/,
  )
  t.equal(elementIn(got, 'BlockPublicAcls'), 'true')
  t.equal(elementIn(got, 'IgnorePublicAcls'), 'false')
  t.equal(elementIn(got, 'RestrictPublicBuckets'), 'true')
  await put()
  const off = await s3('GET', PATH, { headers: OWN })
  t.equal(off.status, 200, 'one with all switches off is one')
  t.equal(elementIn(off, 'BlockPublicAcls'), 'false')
  t.equal((await s3('DELETE', PATH, { headers: OWN })).status, 204)
  t.equal((await s3('GET', PATH, { headers: OWN })).status, 404)
})

t.test('it is for the owners of the account that the request names', async (t) => {
  await put('BlockPublicPolicy')
  for (const who of [undefined, 'test:tester3', 'test2:tester2']) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const sending = method === 'PUT' ? { headers: OWN, body: block() } : { headers: OWN }
      t.equal(code(await s3As(who, method, PATH, sending)), '403 AccessDenied', `${who} ${method}`)
    }
  }
  t.equal(code(await s3('GET', PATH, { headers: { 'x-amz-account-id': 'test2' } })), '403 AccessDenied')
  t.equal(elementIn(await s3('GET', PATH, { headers: OWN }), 'BlockPublicPolicy'), 'true')
})

t.test('what is no such document is refused, and what else S3 Control has is not there', async (t) => {
  t.equal(code(await s3('PUT', PATH, { headers: OWN, body: '<x/>' })), '400 MalformedXML')
  const wrong = block().replace('></', '><BlockPublicAcls>maybe</BlockPublicAcls></')
  t.equal(code(await s3('PUT', PATH, { headers: OWN, body: wrong })), '400 MalformedXML')
  t.equal(code(await s3('GET', '/v20180820/accesspoint', { headers: OWN })), '501 NotImplemented')
  t.equal(code(await s3('POST', PATH, { headers: OWN, body: '' })), '405 MethodNotAllowed')
})

t.test('a key that begins like a path of S3 Control is a key to whoever names no account', async (t) => {
  await s3('PUT', '/v20180820')
  await s3('PUT', PATH, { body: 'a key' })
  t.equal((await s3('GET', PATH)).body, 'a key')
})

t.test('no bucket of the account takes public lists or policies while they are blocked', async (t) => {
  await s3('PUT', '/account-blocked')
  await put('BlockPublicAcls', 'BlockPublicPolicy')
  const open = { 'x-amz-acl': 'public-read' }
  t.equal(code(await s3('PUT', '/account-blocked?acl', { headers: open })), '403 AccessDenied')
  t.equal(code(await s3('PUT', '/account-open', { headers: open })), '403 AccessDenied')
  t.equal(code(await s3('PUT', '/account-blocked/key', { headers: open, body: 'x' })), '403 AccessDenied')
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::account-blocked/*' },
    ],
  })
  t.equal(code(await s3('PUT', '/account-blocked?policy', { body: policy })), '403 AccessDenied')
  const swift = await askingAs(handler, 'test:tester', 'testing')
  for (const [method, target] of [
    ['POST', '/account-blocked'],
    ['PUT', '/account-new'],
  ] as const) {
    const refused = await swift(method, target, { headers: { 'x-container-read': '.r:*' } })
    t.equal(refused.status, 403, `${method} through Swift`)
  }
  const forOne = await swift('POST', '/account-blocked', { headers: { 'x-container-read': 'test2' } })
  t.equal(forOne.status, 204, 'lists that open nothing to the public are taken')
  await s3('DELETE', PATH, { headers: OWN })
  t.equal((await s3('PUT', '/account-blocked?policy', { body: policy })).status, 204)
})

t.test(
  'what was public before is so no more while the account ignores it, and is again after that',
  async (t) => {
    await s3('PUT', '/account-public', { headers: { 'x-amz-acl': 'public-read' } })
    const swift = await askingAs(handler, 'test:tester', 'testing')
    await swift('PUT', '/account-listed', { headers: { 'x-container-read': '.r:*,.rlistings' } })
    const asked = async (): Promise<readonly number[]> => [
      (await s3As(undefined, 'GET', '/account-public')).status,
      (await send(handler, { target: '/v1/AUTH_test/account-listed' })).status,
    ]
    t.same(await asked(), [200, 204])
    await put('IgnorePublicAcls')
    t.same(await asked(), [403, 401])
    t.match((await s3('GET', '/account-public?policyStatus')).body, '<IsPublic>false</IsPublic>')
    await put('BlockPublicAcls')
    t.same(await asked(), [200, 204])
    t.match((await s3('GET', '/account-public?policyStatus')).body, '<IsPublic>true</IsPublic>')
  },
)
