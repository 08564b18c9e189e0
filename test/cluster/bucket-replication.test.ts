/**
 * Buckets that are replicated, on real storage servers: what is put through the S3 door after a rule was made is in the other
 * bucket when the workers have made their passes, once, and with the newest version as the current one.
 */
import t from 'tap'
import { bufferBody } from '#http/message.ts'
import { elementIn } from '#proxy/testing/s3-door.ts'
import { ReplicatingBuckets, replicationDocument } from './replicating-buckets.ts'

t.setTimeout(600_000)

await t.test('a version comes with all that it was put with, under its own id', async (t) => {
  const buckets = await ReplicatingBuckets.start(t)
  const { s3 } = buckets
  await buckets.buckets('source', 'copy')
  await s3('PUT', '/source/before', { body: 'before the rule' })
  await buckets.replicate('source', { to: 'copy', destination: '<StorageClass>STANDARD_IA</StorageClass>' })
  const headers = {
    'content-type': 'text/x-test',
    'cache-control': 'no-cache',
    'x-amz-meta-colour': 'blue',
    'x-amz-tagging': 'a=b&c=d',
    'x-amz-acl': 'public-read',
    'x-amz-server-side-encryption': 'AES256',
    'x-amz-checksum-crc32': 'NSRBwg==',
  }
  const put = await s3('PUT', '/source/key%20one', { body: 'abc', headers })
  t.equal(put.status, 200)
  t.equal(await buckets.status('source', 'key%20one'), 'PENDING')
  await buckets.settle()
  t.equal(await buckets.status('source', 'key%20one'), 'COMPLETED')
  const copy = await s3('GET', '/copy/key%20one', { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
  t.match(copy, {
    status: 200,
    body: 'abc',
    headers: {
      'content-type': 'text/x-test',
      'cache-control': 'no-cache',
      'x-amz-meta-colour': 'blue',
      'x-amz-tagging-count': '2',
      'x-amz-version-id': put.headers['x-amz-version-id'],
      'x-amz-replication-status': 'REPLICA',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-server-side-encryption': 'AES256',
      'x-amz-checksum-crc32': 'NSRBwg==',
      etag: put.headers['etag'],
    },
  })
  const source = await s3('HEAD', '/source/key%20one')
  t.equal(copy.headers['last-modified'], source.headers['last-modified'])
  t.match((await s3('GET', '/copy/key%20one?tagging')).body, /<Key>c<\/Key><Value>d<\/Value>/)
  t.equal((await buckets.s3As(undefined, 'GET', '/copy/key%20one')).status, 200, 'its list came along')
  t.match((await s3('GET', '/copy?list-type=2')).body, /<StorageClass>STANDARD_IA<\/StorageClass>/)
  t.equal(
    await buckets.text('copy', 'before'),
    '<NoSuchKey>',
    'what was there before the rule stays where it is',
  )
  t.equal(await buckets.status('source', 'before'), undefined)
})

await t.test('rules take by prefix and tags, to several buckets, by priority', async (t) => {
  const buckets = await ReplicatingBuckets.start(t)
  const { s3 } = buckets
  await buckets.buckets('source', 'one', 'two')
  const tag = '<Tag><Key>k</Key><Value>v</Value></Tag>'
  await buckets.replicate(
    'source',
    { to: 'one', id: 'low', filter: '<Prefix>a/</Prefix>' },
    {
      to: 'one',
      id: 'high',
      filter: '<Prefix>a/b/</Prefix>',
      destination: '<StorageClass>GLACIER_IR</StorageClass>',
    },
    { to: 'two', id: 'tagged', filter: `<And><Prefix>a/</Prefix>${tag}</And>`, markers: 'Disabled' },
  )
  await s3('PUT', '/source/a/plain', { body: 'x' })
  await s3('PUT', '/source/a/b/tagged', { body: 'x', headers: { 'x-amz-tagging': 'k=v' } })
  await s3('PUT', '/source/other', { body: 'x', headers: { 'x-amz-tagging': 'k=v' } })
  await buckets.settle()
  t.equal(await buckets.text('one', 'a/plain'), 'x')
  t.equal(await buckets.text('two', 'a/plain'), '<NoSuchKey>')
  t.equal((await s3('HEAD', '/one/a/b/tagged')).headers['x-amz-storage-class'], 'GLACIER_IR')
  t.equal(await buckets.text('two', 'a/b/tagged'), 'x')
  t.equal(await buckets.text('one', 'other'), '<NoSuchKey>')
  t.equal(await buckets.status('source', 'other'), undefined)
})

await t.test('delete markers come where the rule says so, deletes of versions never do', async (t) => {
  const buckets = await ReplicatingBuckets.start(t)
  const { s3 } = buckets
  await buckets.buckets('source', 'marked', 'unmarked')
  await buckets.replicate('source', { to: 'marked' }, { to: 'unmarked', markers: 'Disabled' })
  const { headers } = await s3('PUT', '/source/key', { body: 'x' })
  const id = headers['x-amz-version-id'] ?? ''
  await buckets.settle()
  const marker = (await s3('DELETE', '/source/key')).headers['x-amz-version-id'] ?? ''
  await buckets.settle()
  t.same(await buckets.versions('marked', 'key'), [marker, id])
  t.equal(await buckets.text('marked', 'key'), '<NoSuchKey>')
  t.equal(await buckets.text('unmarked', 'key'), 'x')
  await s3('DELETE', `/source/key?versionId=${id}`)
  await s3('DELETE', `/source/key?versionId=${marker}`)
  await buckets.settle()
  t.same(await buckets.versions('source', 'key'), [])
  t.same(await buckets.versions('marked', 'key'), [marker, id])
})

await t.test('two buckets replicate to each other, and nothing goes round', async (t) => {
  const buckets = await ReplicatingBuckets.start(t)
  const { s3 } = buckets
  await buckets.buckets('left', 'right')
  await buckets.replicate('left', { to: 'right' })
  await buckets.replicate('right', { to: 'left' })
  const ids: string[] = []
  for (const [at, bucket] of ['left', 'right', 'left', 'right'].entries()) {
    const { headers } = await s3('PUT', `/${bucket}/key`, { body: `${at}` })
    ids.unshift(headers['x-amz-version-id'] ?? '')
  }
  await buckets.settle()
  for (const bucket of ['left', 'right']) {
    t.same(await buckets.versions(bucket, 'key'), ids, bucket)
    t.equal(await buckets.text(bucket, 'key'), '3')
  }
  const reports = await buckets.pass()
  t.ok(
    reports.every(({ repaired }) => repaired['replicated'] === undefined),
    'nothing is left to do',
  )
})

await t.test(
  'the newest is the current one, whatever was there and in whatever order it comes',
  async (t) => {
    const buckets = await ReplicatingBuckets.start(t, { devices: 1, replicas: 1 })
    const { s3 } = buckets
    await s3('PUT', '/copy')
    await s3('PUT', '/copy/key', { body: 'put before versions were kept' })
    await buckets.buckets('source', 'copy')
    await buckets.replicate('source', { to: 'copy' })
    for (const body of ['first', 'second']) {
      await s3('PUT', '/source/key', { body })
      await buckets.settle()
      t.equal(await buckets.text('copy', 'key'), body)
    }
    await s3('DELETE', '/source/key')
    await buckets.settle()
    t.equal(await buckets.text('copy', 'key'), '<NoSuchKey>')
    await s3('PUT', '/source/key', { body: 'third' })
    const { headers } = await s3('PUT', '/copy/key', { body: 'own' })
    await buckets.settle()
    t.equal(await buckets.text('copy', 'key'), 'own', 'what was put there later stays')
    t.equal((await buckets.versions('copy', 'key'))[0], headers['x-amz-version-id'])
    t.equal((await buckets.versions('copy', 'key')).length, 6)
  },
)

await t.test('what a destination will not have has failed, and says so', async (t) => {
  const buckets = await ReplicatingBuckets.start(t)
  const { s3, s3As } = buckets
  await buckets.buckets('source', 'copy')
  await buckets.replicate('source', { to: 'copy' })
  const suspended = '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>'
  await s3('PUT', '/copy?versioning', { body: suspended })
  await s3('PUT', '/source/key', { body: 'x' })
  await buckets.settle()
  t.equal(await buckets.status('source', 'key'), 'FAILED')
  t.equal(await buckets.text('copy', 'key'), '<NoSuchKey>')
  await s3('DELETE', '/copy')
  await s3As('test2:tester2', 'PUT', '/copy')
  await s3('PUT', '/source/other', { body: 'x' })
  await buckets.settle()
  t.equal(await buckets.status('source', 'other'), 'FAILED', "another's bucket of that name is not meant")
  await s3('PUT', '/source/late', { body: 'x' })
  t.equal((await s3('DELETE', '/source?replication')).status, 204)
  await buckets.settle()
  t.equal(await buckets.status('source', 'late'), 'FAILED')
  await s3('PUT', '/source/later', { body: 'x' })
  t.equal(await buckets.status('source', 'later'), undefined)
})

await t.test(
  "buckets of other accounts take what their owners' policies let in, for as long as they do",
  async (t) => {
    const buckets = await ReplicatingBuckets.start(t)
    const { s3, s3As } = buckets
    await buckets.buckets('source')
    const theirs = (method: string, query: string, body = '') =>
      s3As('test2:tester2', method, `/theirs${query}`, { body })
    await theirs('PUT', '')
    await theirs(
      'PUT',
      '?versioning',
      '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
    )
    const configure = () => s3('PUT', '/source?replication', { body: replicationDocument({ to: 'theirs' }) })
    t.match(await configure(), { status: 403 })
    const statement = {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::test:user/tester' },
      Action: ['s3:ReplicateObject', 's3:ReplicateDelete'],
      Resource: 'arn:aws:s3:::theirs/*',
    }
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    t.equal((await theirs('PUT', '?policy', policy)).status, 204)
    t.equal((await configure()).status, 200)
    await s3('PUT', '/source/key', { body: 'x' })
    await buckets.settle()
    t.equal(await buckets.status('source', 'key'), 'COMPLETED')
    t.equal((await theirs('GET', '/key')).status, 200)
    await theirs('DELETE', '?policy')
    await s3('PUT', '/source/other', { body: 'x' })
    await buckets.settle()
    t.equal(await buckets.status('source', 'other'), 'FAILED')
    t.equal((await theirs('GET', '/other')).status, 404)
  },
)

await t.test('tags and lists that change afterwards change at the replicas, too', async (t) => {
  const buckets = await ReplicatingBuckets.start(t)
  const { s3, s3As } = buckets
  await buckets.buckets('source', 'copy')
  await buckets.replicate('source', { to: 'copy' })
  const { headers } = await s3('PUT', '/source/key', { body: 'x', headers: { 'x-amz-tagging': 'a=b' } })
  const tags = (pairs: string) =>
    s3('PUT', '/source/key?tagging', { body: `<Tagging><TagSet>${pairs}</TagSet></Tagging>` })
  const tag = (key: string) => `<Tag><Key>${key}</Key><Value>v</Value></Tag>`
  t.equal((await tags(tag('early'))).status, 200, 'before there is a replica')
  await buckets.settle()
  const copied = async () => elementIn(await s3('GET', '/copy/key?tagging'), 'Key')
  t.equal(await copied(), 'early')
  t.equal((await tags(tag('late'))).status, 200)
  t.equal(await copied(), 'late')
  await s3('PUT', '/source/key', { body: 'newer' })
  await buckets.settle()
  const old = `versionId=${headers['x-amz-version-id']}`
  t.equal((await s3('DELETE', `/source/key?tagging&${old}`)).status, 204)
  t.notMatch((await s3('GET', `/copy/key?tagging&${old}`)).body, 'Key')
  t.equal((await s3As(undefined, 'GET', '/copy/key')).status, 403)
  t.equal((await s3('PUT', '/source/key?acl', { headers: { 'x-amz-acl': 'public-read' } })).status, 200)
  t.equal((await s3As(undefined, 'GET', '/copy/key')).status, 200)
})

await t.test('locks go along, and what was uploaded in parts is copied in parts', async (t) => {
  const buckets = await ReplicatingBuckets.start(t)
  const { s3 } = buckets
  const locking = { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } }
  for (const bucket of ['source', 'copy']) await s3('PUT', `/${bucket}`, locking)
  await buckets.replicate('source', { to: 'copy' })
  const until = new Date(Date.now() + 86_400_000).toISOString()
  const headers = {
    'x-amz-object-lock-mode': 'GOVERNANCE',
    'x-amz-object-lock-retain-until-date': until,
    'content-md5': 'kAFQmDzST7DWlj99KOF/cg==',
  }
  t.equal((await s3('PUT', '/source/locked', { body: 'abc', headers })).status, 200)
  const upload = elementIn(await s3('POST', '/source/parts?uploads'), 'UploadId') ?? ''
  const large = 'x'.repeat(5 * 2 ** 20)
  const parts: string[] = []
  for (const [at, body] of [large, 'end'].entries()) {
    const { headers: told } = await s3('PUT', `/source/parts?uploadId=${upload}&partNumber=${at + 1}`, {
      body,
    })
    parts.push(`<Part><PartNumber>${at + 1}</PartNumber><ETag>${told['etag']}</ETag></Part>`)
  }
  const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
  t.equal((await s3('POST', `/source/parts?uploadId=${upload}`, { body })).status, 200)
  await buckets.settle()
  t.match(await s3('HEAD', '/copy/locked'), {
    status: 200,
    headers: { 'x-amz-object-lock-mode': 'GOVERNANCE', 'x-amz-replication-status': 'REPLICA' },
  })
  const hold = (status: string) =>
    s3('PUT', '/source/locked?legal-hold', { body: `<LegalHold><Status>${status}</Status></LegalHold>` })
  t.equal((await hold('ON')).status, 200)
  t.match((await s3('GET', '/copy/locked?legal-hold')).body, '<Status>ON</Status>')
  const longer = new Date(Date.parse(until) + 86_400_000).toISOString()
  const retention = `<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>${longer}</RetainUntilDate></Retention>`
  t.equal((await s3('PUT', '/source/locked?retention', { body: retention })).status, 200)
  t.match((await s3('GET', '/copy/locked?retention')).body, '<Mode>COMPLIANCE</Mode>')
  t.equal((await hold('OFF')).status, 200)
  t.match((await s3('GET', '/copy/locked?legal-hold')).body, '<Status>OFF</Status>')
  t.equal(await buckets.status('source', 'parts'), 'COMPLETED')
  t.ok((await buckets.text('copy', 'parts')) === `${large}end`)
  const [here, there] = [await s3('HEAD', '/source/parts'), await s3('HEAD', '/copy/parts')]
  t.equal(there.headers['etag'], here.headers['etag'])
  t.match(await s3('GET', '/copy/parts?partNumber=2'), { status: 206, body: 'end' })
  t.match((await s3('GET', '/copy?list-type=2&prefix=parts')).body, here.headers['etag']?.replaceAll('"', ''))
  const id = here.headers['x-amz-version-id']
  t.equal((await s3('DELETE', `/source/parts?versionId=${id}`)).status, 204)
  t.ok((await buckets.text('copy', 'parts')) === `${large}end`, 'and needs nothing of its source')
})

await t.test('what cannot be written now is written later, and by whoever is there', async (t) => {
  const buckets = await ReplicatingBuckets.start(t)
  const { s3, cluster } = buckets
  await buckets.buckets('source', 'copy')
  await buckets.replicate('source', { to: 'copy' })
  for (let at = 0; at < 20; at += 1) await s3('PUT', `/source/${at}`, { body: `${at}` })
  const [lost] = cluster.devices
  if (lost === undefined) throw new Error('there are devices')
  await buckets.pass(cluster.devices.slice(1))
  await buckets.pass(cluster.devices.slice(1))
  for (let at = 0; at < 20; at += 1) t.equal(await buckets.text('copy', `${at}`), `${at}`)
  await buckets.settle()
  t.equal((await buckets.pass([lost])).flatMap(({ repaired }) => Object.keys(repaired)).length, 0)
})

await t.test('several devices that do the same at once come to the same', async (t) => {
  const buckets = await ReplicatingBuckets.start(t)
  const { s3, cluster } = buckets
  await buckets.buckets('source', 'copy')
  await buckets.replicate('source', { to: 'copy' })
  for (let at = 0; at < 24; at += 1) {
    const key = `/source/key-${at % 6}`
    if (at % 5 === 4) await s3('DELETE', key)
    else await s3('PUT', key, { body: `${at}` })
  }
  for (let passes = 0; passes < 3; passes += 1)
    await Promise.all(cluster.devices.map((device) => buckets.pass([device])))
  await buckets.settle()
  for (let at = 0; at < 6; at += 1) {
    const key = `key-${at}`
    t.same(await buckets.versions('copy', key), await buckets.versions('source', key), key)
    t.equal(await buckets.text('copy', key), await buckets.text('source', key))
  }
})

await t.test("Swift's clients are replicated, too, and cannot end the versions", async (t) => {
  const buckets = await ReplicatingBuckets.start(t)
  await buckets.buckets('source', 'copy')
  await buckets.replicate('source', { to: 'copy' })
  const { store } = buckets
  const { context } = buckets.cluster
  const source = { account: 'AUTH_test', container: 'source' }
  const put = await store.objects.put(
    context,
    { ...source, object: 'key' },
    {
      body: bufferBody(Buffer.from('x')),
      contentType: 'text/plain',
      expectedEtag: undefined,
      metadata: { 'x-object-meta-colour': 'red' },
      limitBytes: 10,
    },
  )
  t.equal(put.kind, 'created')
  t.equal((await store.containers.post(context, source, { 'x-versions-enabled': 'false' })).kind, 'denied')
  await buckets.settle()
  t.match(await buckets.s3('GET', '/copy/key'), { body: 'x', headers: { 'x-amz-meta-colour': 'red' } })
})
