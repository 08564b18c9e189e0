/** Replication as it is configured: what is stored and given back, and what AWS refuses. */
import t from 'tap'
import { elementIn, s3Door } from '../../testing/s3-door.ts'

const { s3, s3As } = s3Door()
const ENABLED = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
const SUSPENDED = ENABLED.replace('Enabled', 'Suspended')
const ROLE = '<Role>arn:aws:iam::123456789012:role/replication</Role>'
const TO_COPY = '<Destination><Bucket>arn:aws:s3:::copy</Bucket></Destination>'
const MARKERS = '<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>'

for (const name of ['source', 'copy', 'other', 'plain']) {
  await s3('PUT', `/${name}`)
  if (name !== 'plain') await s3('PUT', `/${name}?versioning`, { body: ENABLED })
}

function configuration(...rules: readonly string[]): string {
  const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
  const written = rules.map((rule) => `<Rule>${rule}</Rule>`).join('')
  return `<ReplicationConfiguration ${namespace}>${ROLE}${written}</ReplicationConfiguration>`
}

/** A rule of the newer form. */
function rule(priority: number, more = '', destination = TO_COPY, filter = '<Filter/>'): string {
  return `<ID>r${priority}</ID><Priority>${priority}</Priority>${filter}<Status>Enabled</Status>${more}${MARKERS}${destination}`
}

async function refused(...rules: readonly string[]): Promise<readonly [number, string, string]> {
  const answer = await s3('PUT', '/source?replication', { body: configuration(...rules) })
  return [answer.status, elementIn(answer, 'Code') ?? '', elementIn(answer, 'Message') ?? '']
}

async function code(...rules: readonly string[]): Promise<string> {
  return (await refused(...rules))[1]
}

await t.test('a bucket that has none says so, and its deletion is no error', async (t) => {
  const absent = await s3('GET', '/source?replication')
  t.equal(absent.status, 404)
  t.equal(elementIn(absent, 'Code'), 'ReplicationConfigurationNotFoundError')
  t.equal((await s3('DELETE', '/source?replication')).status, 204)
})

await t.test('a configuration comes back as it was put, and goes when it is deleted', async (t) => {
  const destination =
    '<Destination><Bucket>arn:aws:s3:::copy</Bucket><Account>test</Account><StorageClass>STANDARD_IA</StorageClass>' +
    '<AccessControlTranslation><Owner>Destination</Owner></AccessControlTranslation>' +
    '<EncryptionConfiguration><ReplicaKmsKeyID>k</ReplicaKmsKeyID></EncryptionConfiguration>' +
    '<ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime>' +
    '<Metrics><Status>Enabled</Status><EventThreshold><Minutes>15</Minutes></EventThreshold></Metrics></Destination>'
  const criteria =
    '<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects>' +
    '<ReplicaModifications><Status>Disabled</Status></ReplicaModifications></SourceSelectionCriteria>'
  const filter =
    '<Filter><And><Prefix>a/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>l</Key><Value/></Tag></And></Filter>'
  const body = configuration(
    rule(1, criteria, destination, filter),
    rule(2, '', TO_COPY, '<Filter><Prefix>b</Prefix></Filter>'),
  )
  t.equal((await s3('PUT', '/source?replication', { body })).status, 200)
  const told = await s3('GET', '/source?replication')
  for (const piece of [ROLE, destination, filter, '<ID>r2</ID>', '<Priority>2</Priority>', criteria])
    t.ok(told.body.includes(piece.replace('<Value/>', '<Value></Value>')) || told.body.includes(piece), piece)
  t.notMatch(told.body, 'inAccount')
  t.notMatch(told.body, 'AUTH_test')
  t.equal((await s3('PUT', '/source?replication', { body: told.body })).status, 200, 'and can be put again')
  t.equal((await s3('DELETE', '/source?replication')).status, 204)
  t.equal((await s3('GET', '/source?replication')).status, 404)
})

await t.test('the older form has a prefix in the rule', async (t) => {
  const older = (prefix: string, id = prefix) =>
    `<ID>${id}</ID><Prefix>${prefix}</Prefix><Status>Enabled</Status>${TO_COPY}`
  t.equal(
    (await s3('PUT', '/source?replication', { body: configuration(older('a'), older('b')) })).status,
    200,
  )
  t.match((await s3('GET', '/source?replication')).body, /<Prefix>a<\/Prefix>.*<Prefix>b<\/Prefix>/)
  t.equal(await code(older('a'), older('ab')), 'InvalidRequest')
  t.equal(await code(older('a'), rule(1)), 'InvalidRequest')
  const elsewhere = older('b').replace('copy', 'other')
  t.equal(await code(older('a'), elsewhere), 'InvalidRequest')
})

await t.test('what is no configuration is not stored', async (t) => {
  t.equal(await code(), 'MalformedXML')
  t.equal(
    await code(`${rule(1)}<ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication>`),
    'MalformedXML',
  )
  t.equal(await code(rule(1).replace('Enabled', 'On')), 'MalformedXML')
  t.equal(await code(rule(1, '', '')), 'MalformedXML')
  t.equal(await code(rule(1, '', '<Destination><Bucket>copy</Bucket></Destination>')), 'MalformedXML')
  const two = '<Filter><Prefix>a</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></Filter>'
  t.equal(await code(rule(1, '', TO_COPY, two)), 'MalformedXML')
  t.equal(await code(...Array.from({ length: 1001 }, (_, at) => rule(at))), 'MalformedXML')
  t.equal(await code(rule(1), rule(1)), 'InvalidArgument', 'ids are unique')
  t.equal(await code(rule(1), rule(1).replace('r1', 'other')), 'InvalidRequest', 'and priorities')
  t.match(await refused(rule(1).replace('<Priority>1</Priority>', '')), [
    400,
    'InvalidRequest',
    /^Priority must be/,
  ])
  t.match(await refused(rule(1).replace(MARKERS, '')), [
    400,
    'InvalidRequest',
    /^DeleteMarkerReplication must be/,
  ])
  const tagged = '<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>'
  t.match(await refused(rule(1, '', TO_COPY, tagged).replace('Disabled', 'Enabled')), [
    400,
    'InvalidRequest',
    /^Delete marker replication is not supported/,
  ])
  const kms =
    '<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>'
  t.match(await refused(rule(1, kms)), [400, 'InvalidRequest', /^ReplicaKmsKeyID must be specified/])
  t.equal(
    await code(rule(1, kms.replaceAll('SseKmsEncryptedObjects', 'ReplicaModifications'))),
    'NotImplemented',
  )
  const owner = TO_COPY.replace(
    '</Destination>',
    '<AccessControlTranslation><Owner>Destination</Owner></AccessControlTranslation></Destination>',
  )
  t.match(await refused(rule(1, '', owner)), [400, 'InvalidRequest', /^Account must be specified/])
})

await t.test(
  'where it leads must be a bucket of this cluster that keeps versions and lets it in',
  async (t) => {
    const to = (name: string, more = '') =>
      rule(1, '', `<Destination><Bucket>arn:aws:s3:::${name}</Bucket>${more}</Destination>`)
    t.same(await refused(to('nowhere')), [400, 'InvalidRequest', 'Destination bucket must exist.'])
    t.same(await refused(to('plain')), [
      400,
      'InvalidRequest',
      'Destination bucket must have versioning enabled.',
    ])
    t.equal(await code(to('source')), 'InvalidRequest')
    t.equal(await code(to('copy', '<Account>somebody</Account>')), 'InvalidRequest')
    t.match(await s3('PUT', '/plain?replication', { body: configuration(rule(1)) }), { status: 400 })
    await s3As('test2:tester2', 'PUT', '/theirs')
    await s3As('test2:tester2', 'PUT', '/theirs?versioning', { body: ENABLED })
    t.match(await refused(to('theirs')), [403, 'AccessDenied'])
    await s3('PUT', '/locking', { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
    t.match(await s3('PUT', '/locking?replication', { body: configuration(rule(1)) }), { status: 400 })
    t.equal((await s3('PUT', '/copy?replication', { body: configuration(to('locking')) })).status, 200)
  },
)

await t.test('a bucket that is replicated keeps its versions', async (t) => {
  t.equal((await s3('PUT', '/source?replication', { body: configuration(rule(1)) })).status, 200)
  const suspended = await s3('PUT', '/source?versioning', { body: SUSPENDED })
  t.equal(suspended.status, 409)
  t.equal(elementIn(suspended, 'Code'), 'InvalidBucketState')
  t.equal((await s3('PUT', '/source?versioning', { body: ENABLED })).status, 200)
  const put = await s3('PUT', '/source/key', { body: 'x' })
  t.equal(put.status, 200)
  t.equal((await s3('HEAD', '/source/key')).headers['x-amz-replication-status'], 'PENDING')
  await s3('PUT', '/other/key', { headers: { 'x-amz-copy-source': '/source/key' } })
  t.equal(
    (await s3('HEAD', '/other/key')).headers['x-amz-replication-status'],
    undefined,
    'a copy is another object',
  )
  await s3('DELETE', '/source?replication')
  t.equal((await s3('PUT', '/source?versioning', { body: SUSPENDED })).status, 200)
})
