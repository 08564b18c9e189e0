import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { elementIn, elementsIn, s3Door } from '../../testing/s3-door.ts'
import { askingAs, testProxy } from '../../testing/test-proxy.ts'
import { DEFAULT_S3_OPTIONS } from '../options.ts'
import { mayBeCreated, mayExist } from './bucket-name.ts'
import { SWEEP_AGE_MS } from './bucket-records.ts'

const OTHER = 'test2:tester2'

t.test('names follow AWS’s rules', (t) => {
  for (const name of ['abc', 'a-b.c-1', '3.14', 'x'.repeat(63), 'my-bucket']) t.ok(mayBeCreated(name), name)
  const wrong = [
    'ab',
    'x'.repeat(64),
    'Abc',
    'a_b',
    '-ab',
    'ab-',
    '.ab',
    'ab.',
    'a..b',
    'a.-b',
    'a-.b',
    '192.168.5.4',
  ]
  const reserved = ['xn--a', 'sthree-a', 'a-s3alias', 'a--ol-s3', 'a.mrap', 'a--x-s3', 'a--table-s3']
  for (const name of [...wrong, ...reserved]) t.notOk(mayBeCreated(name), name)
  for (const name of ['Abc', 'a_b', 'x'.repeat(255)]) t.ok(mayExist(name), name)
  for (const name of ['ab', 'a b', 'a+segments', 'ü'.repeat(3), 'x'.repeat(256)])
    t.notOk(mayExist(name), name)
  t.end()
})

t.test('a bucket is made once, and again by its owner without harm', async (t) => {
  const { s3, s3As } = s3Door()
  t.match(await s3('PUT', '/box'), { status: 200, headers: { location: '/box' } })
  await s3('PUT', '/box/key', { body: 'x' })
  t.equal((await s3('PUT', '/box')).status, 200)
  t.equal((await s3('GET', '/box/key')).body, 'x')
  const taken = await s3As(OTHER, 'PUT', '/box')
  t.equal(taken.status, 409)
  t.equal(elementIn(taken, 'Code'), 'BucketAlreadyExists')
  t.equal(elementIn(taken, 'BucketName'), 'box')
  const named = { 'x-amz-bucket-arn': 'arn:aws:s3:::named' }
  t.match((await s3('PUT', '/named')).headers, named)
  t.match((await s3('HEAD', '/named')).headers, named)
  t.match(elementsIn(await s3('GET', '/'), 'BucketArn'), ['arn:aws:s3:::box', named['x-amz-bucket-arn']])
  t.equal(elementIn(await s3('PUT', '/Box'), 'Code'), 'InvalidBucketName')
  t.equal(elementIn(await s3As(undefined, 'PUT', '/boxes'), 'Code'), 'AccessDenied')
})

t.test('who makes a bucket again resets its access list, as in AWS’s first region', async (t) => {
  const { s3, s3As } = s3Door()
  const grants = async (): Promise<number> => elementsIn(await s3('GET', '/box?acl'), 'Permission').length
  await s3('PUT', '/box', { headers: { 'x-amz-acl': 'public-read' } })
  t.equal(await grants(), 2)
  t.equal((await s3('PUT', '/box')).status, 200)
  t.equal(await grants(), 1)
  t.equal((await s3('PUT', '/box', { headers: { 'x-amz-acl': 'public-read' } })).status, 200)
  t.equal((await s3As(undefined, 'GET', '/box')).status, 200)
})

t.test('a bucket is made with tags', async (t) => {
  const { s3 } = s3Door()
  const make = (name: string, inner: string) =>
    s3('PUT', `/${name}`, { body: `<CreateBucketConfiguration>${inner}</CreateBucketConfiguration>` })
  const tag = '<Tag><Key>colour</Key><Value>red</Value></Tag>'
  t.equal((await make('box', `<Tags>${tag}</Tags>`)).status, 200)
  t.equal(elementIn(await s3('GET', '/box?tagging'), 'Value'), 'red')
  t.equal(elementIn(await make('twice', `<Tags>${tag}${tag}</Tags>`), 'Code'), 'InvalidTag')
  t.equal(elementIn(await make('zone', '<Bucket><Type>Directory</Type></Bucket>'), 'Code'), 'MalformedXML')
  const regional = { 'x-amz-bucket-namespace': 'account-regional' }
  t.equal(elementIn(await s3('PUT', '/mine', { headers: regional }), 'Code'), 'NotImplemented')
  t.strictSame(elementsIn(await s3('GET', '/'), 'Name'), ['box'])
})

t.test('outside the first region the owner is told that the bucket is there', async (t) => {
  const { s3 } = s3Door({ s3: { ...DEFAULT_S3_OPTIONS, region: 'eu-test-1' } })
  await s3('PUT', '/box')
  t.equal(elementIn(await s3('PUT', '/box'), 'Code'), 'BucketAlreadyOwnedByYou')
  t.equal(elementIn(await s3('GET', '/box?location'), 'LocationConstraint'), 'eu-test-1')
  t.equal((await s3('HEAD', '/box')).headers['x-amz-bucket-region'], 'eu-test-1')
})

t.test('a location is this region or none', async (t) => {
  const { s3 } = s3Door()
  const make = async (body: string): Promise<unknown> => elementIn(await s3('PUT', '/box', { body }), 'Code')
  const wanted = (region: string): string =>
    `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`
  t.equal(await make(wanted('eu-west-1')), 'IllegalLocationConstraintException')
  t.equal(await make(wanted('nowhere')), 'InvalidLocationConstraint')
  t.equal(await make(wanted('')), 'InvalidLocationConstraint')
  t.equal(await make('<CreateBucketConfiguration>'), 'MalformedXML')
  t.equal(await make('<Other/>'), 'MalformedXML')
  t.equal((await s3('HEAD', '/box')).status, 404)
  t.equal(await make(wanted('us-east-1')), undefined)
  t.equal(elementIn(await s3('GET', '/box?location'), 'LocationConstraint'), '')
})

t.test('buckets are listed page by page', async (t) => {
  const { s3, s3As } = s3Door()
  for (const name of ['bee', 'cat', 'ant', 'bat']) await s3('PUT', `/${name}`)
  await s3As(OTHER, 'PUT', '/dog')
  const all = await s3('GET', '/')
  t.strictSame(elementsIn(all, 'Name'), ['ant', 'bat', 'bee', 'cat'])
  t.equal(elementIn(all, 'ID'), 'test:tester')
  t.match(elementIn(all, 'CreationDate'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  const first = await s3('GET', '/?max-buckets=1&prefix=b')
  t.strictSame([elementsIn(first, 'Name'), elementIn(first, 'Prefix')], [['bat'], 'b'])
  const token = elementIn(first, 'ContinuationToken') ?? ''
  const second = await s3('GET', `/?max-buckets=1&prefix=b&continuation-token=${token}`)
  t.strictSame(elementsIn(second, 'Name'), ['bee'])
  t.equal(elementIn(second, 'ContinuationToken'), undefined)
  t.equal(elementIn(await s3('GET', '/?max-buckets=0'), 'Code'), 'InvalidArgument')
  t.equal(elementIn(await s3('GET', '/?continuation-token=%21'), 'Code'), 'InvalidArgument')
  t.strictSame(elementsIn(await s3('GET', '/?bucket-region=eu-west-1'), 'Name'), [])
})

t.test('a container made through Swift is a bucket of its account', async (t) => {
  const door = s3Door()
  const ask = await askingAs(door.handler, 'test:tester', 'testing')
  for (const name of ['Made_by_Swift', 'with+segments', 'has space']) {
    t.equal((await ask('PUT', `/${encodeURIComponent(name)}`)).status, 201)
  }
  await ask('PUT', '/Made_by_Swift/key', { body: 'x' })
  t.strictSame(elementsIn(await door.s3('GET', '/'), 'Name'), ['Made_by_Swift'])
  t.equal((await door.s3('GET', '/Made_by_Swift/key')).body, 'x')
  t.equal(elementIn(await door.s3As(OTHER, 'GET', '/Made_by_Swift/key'), 'Code'), 'NoSuchBucket')
  t.equal(elementIn(await door.s3('GET', '/with+segments'), 'Code'), 'InvalidBucketName')
  await ask('PUT', '/swift-made')
  t.equal((await door.s3('PUT', '/swift-made')).status, 200, 'made through S3, it has its name')
  t.equal(elementIn(await door.s3As(OTHER, 'GET', '/swift-made/key'), 'Code'), 'AccessDenied')
})

t.test('a name whose bucket is gone is free at once for its account, and later for others', async (t) => {
  let aheadMs = 0
  const clock = { ...clockOf(realClock), wallMs: () => realClock.wallMs() + aheadMs }
  const { environment } = testProxy().deps
  const door = s3Door({}, { environment: { ...environment, clock } })
  const ask = await askingAs(door.handler, 'test:tester', 'testing')
  await door.s3('PUT', '/box')
  // Swift knows nothing of the register.
  t.equal((await ask('DELETE', '/box')).status, 204)
  t.equal(elementIn(await door.s3As(OTHER, 'GET', '/box'), 'Code'), 'NoSuchBucket')
  t.equal(elementIn(await door.s3As(OTHER, 'PUT', '/box'), 'Code'), 'BucketAlreadyExists')
  t.equal((await door.s3('PUT', '/box')).status, 200)
  t.equal((await door.s3('DELETE', '/box')).status, 204)
  t.equal((await door.s3As(OTHER, 'PUT', '/box')).status, 200, 'freed by its deletion')
  t.equal((await door.s3As(OTHER, 'DELETE', '/box')).status, 204)
  await door.s3('PUT', '/box')
  await ask('DELETE', '/box')
  // A little more: the clock of a store that writes often runs a little ahead.
  aheadMs = SWEEP_AGE_MS + 1_000
  t.equal((await door.s3As(OTHER, 'PUT', '/box')).status, 200, 'abandoned long ago')
})

function clockOf(clock: typeof realClock): typeof realClock {
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
  }
}
