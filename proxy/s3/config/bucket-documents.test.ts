import t from 'tap'
import { elementIn, elementsIn, s3Door } from '../../testing/s3-door.ts'
import type { Received } from '../../testing/test-proxy.ts'

const { s3, s3As, store } = s3Door()
await s3('PUT', '/configured', { headers: { 'x-amz-acl': 'log-delivery-write' } })

interface Case {
  readonly query: string
  readonly document: string
  /** Code of GET when it was never put; none when that is an answer. */
  readonly absent: string | undefined
  readonly deleted: boolean
  readonly putStatus?: number
}

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

/** As GET gives them back, in the order in which they are written. */
const CASES: readonly Case[] = [
  {
    query: 'cors',
    document: `<CORSConfiguration ${NAMESPACE}><CORSRule><ID>one</ID><AllowedHeader>*</AllowedHeader><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>https://*.example</AllowedOrigin><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>30</MaxAgeSeconds></CORSRule></CORSConfiguration>`,
    absent: 'NoSuchCORSConfiguration',
    deleted: true,
  },
  {
    query: 'tagging',
    document:
      `<Tagging ${NAMESPACE}><TagSet><Tag><Key>k&amp;1</Key><Value> v </Value></Tag></TagSet></Tagging>`.replace(
        'k&amp;1',
        'k1',
      ),
    absent: 'NoSuchTagSet',
    deleted: true,
    putStatus: 204,
  },
  {
    query: 'website',
    document: `<WebsiteConfiguration ${NAMESPACE}><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>e.html</Key></ErrorDocument><RoutingRules><RoutingRule><Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals><KeyPrefixEquals>a/</KeyPrefixEquals></Condition><Redirect><HostName>h</HostName><HttpRedirectCode>302</HttpRedirectCode><Protocol>https</Protocol><ReplaceKeyPrefixWith>b/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>`,
    absent: 'NoSuchWebsiteConfiguration',
    deleted: true,
  },
  {
    query: 'website',
    document: `<WebsiteConfiguration ${NAMESPACE}><RedirectAllRequestsTo><HostName>h</HostName></RedirectAllRequestsTo></WebsiteConfiguration>`,
    absent: 'NoSuchWebsiteConfiguration',
    deleted: true,
  },
  {
    query: 'lifecycle',
    document: `<LifecycleConfiguration ${NAMESPACE}><Rule><Expiration><Days>3</Days></Expiration><ID>a</ID><Filter><And><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition><NoncurrentVersionExpiration><NewerNoncurrentVersions>2</NewerNoncurrentVersions><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule><Rule><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration><ID>b</ID><Prefix>old/</Prefix><Status>Disabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>`,
    absent: 'NoSuchLifecycleConfiguration',
    deleted: true,
  },
  {
    query: 'encryption',
    document: `<ServerSideEncryptionConfiguration ${NAMESPACE}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled><BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>`,
    absent: 'ServerSideEncryptionConfigurationNotFoundError',
    deleted: true,
  },
  {
    query: 'logging',
    document: `<BucketLoggingStatus ${NAMESPACE}><LoggingEnabled><TargetBucket>configured</TargetBucket><TargetPrefix>log/</TargetPrefix><TargetGrants><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>test:tester</ID></Grantee><Permission>READ</Permission></Grant></TargetGrants></LoggingEnabled></BucketLoggingStatus>`,
    absent: undefined,
    deleted: false,
  },
  {
    query: 'notification',
    document: `<NotificationConfiguration ${NAMESPACE}><TopicConfiguration><Id>t</Id><Topic>arn:martlet:webhook:::https://hook.example/x</Topic><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>Prefix</Name><Value>in/</Value></FilterRule></S3Key></Filter></TopicConfiguration></NotificationConfiguration>`,
    absent: undefined,
    deleted: false,
  },
  {
    query: 'accelerate',
    document: `<AccelerateConfiguration ${NAMESPACE}><Status>Suspended</Status></AccelerateConfiguration>`,
    absent: undefined,
    deleted: false,
  },
]

for (const { query, document, absent, deleted, putStatus = 200 } of CASES) {
  await t.test(`?${query} is given back as it was put`, async (t) => {
    const before = await s3('GET', `/configured?${query}`)
    if (absent === undefined) t.equal(before.status, 200)
    else t.match([before.status, elementIn(before, 'Code')], [404, absent])
    const put = await s3('PUT', `/configured?${query}`, { body: document })
    t.equal(put.status, putStatus, put.body)
    const got = await s3('GET', `/configured?${query}`)
    t.equal(got.status, 200)
    t.equal(got.body.replace(/^<\?xml[^>]*>\n/, ''), document)
    t.equal((await s3As('test2:tester2', 'GET', `/configured?${query}`)).status, 403)
    const gone = await s3('DELETE', `/configured?${query}`)
    t.equal(gone.status, deleted ? 204 : 405)
    if (deleted) t.equal((await s3('GET', `/configured?${query}`)).status, 404)
  })
}

const refused = async (query: string, body: string): Promise<readonly [number, string | undefined]> => {
  const answer: Received = await s3('PUT', `/configured?${query}`, { body })
  return [answer.status, elementIn(answer, 'Code')]
}

await t.test('documents that cannot be have AWS’s code each', async (t) => {
  const cors = (inner: string) => refused('cors', `<CORSConfiguration>${inner}</CORSConfiguration>`)
  const rule = '<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>'
  t.same(await cors(''), [400, 'MalformedXML'])
  t.same(await cors(`<CORSRule>${rule}<What/></CORSRule>`), [400, 'MalformedXML'])
  t.same(await cors(`<CORSRule>${rule}<AllowedMethod>PATCH</AllowedMethod></CORSRule>`), [
    400,
    'InvalidRequest',
  ])
  t.same(await cors(`<CORSRule>${rule}<AllowedOrigin>*.*</AllowedOrigin></CORSRule>`), [
    400,
    'InvalidRequest',
  ])
  t.same(await cors(`<CORSRule>${rule}<ExposeHeader>x-*</ExposeHeader></CORSRule>`), [400, 'InvalidRequest'])
  t.same(await refused('cors', '<Tagging/>'), [400, 'MalformedXML'])
  t.same(await refused('cors', '<CORSConfiguration>'), [400, 'MalformedXML'])
  t.same(await refused('cors', ''), [400, 'MissingRequestBodyError'])

  const tags = (...keys: readonly string[]) =>
    refused(
      'tagging',
      `<Tagging><TagSet>${keys.map((key) => `<Tag><Key>${key}</Key><Value>v</Value></Tag>`).join('')}</TagSet></Tagging>`,
    )
  t.same(await tags('a', 'a'), [400, 'InvalidTag'])
  t.same(await tags('aws:a'), [400, 'InvalidTag'])
  t.same(await tags('a*'), [400, 'InvalidTag'])
  t.same(await tags('a'.repeat(129)), [400, 'InvalidTag'])
  t.same(await tags(...Array.from({ length: 51 }, (_, at) => `k${at}`)), [400, 'BadRequest'])

  const web = (inner: string) => refused('website', `<WebsiteConfiguration>${inner}</WebsiteConfiguration>`)
  t.same(await web(''), [400, 'InvalidArgument'])
  t.same(await web('<IndexDocument><Suffix>a/b</Suffix></IndexDocument>'), [400, 'InvalidArgument'])
  const index = '<IndexDocument><Suffix>i</Suffix></IndexDocument>'
  t.same(await web(`${index}<RedirectAllRequestsTo><HostName>h</HostName></RedirectAllRequestsTo>`), [
    400,
    'InvalidArgument',
  ])
  const redirect = (inner: string) =>
    web(`${index}<RoutingRules><RoutingRule><Redirect>${inner}</Redirect></RoutingRule></RoutingRules>`)
  t.same(await redirect('<HttpRedirectCode>200</HttpRedirectCode>'), [400, 'InvalidRequest'])
  t.same(await redirect('<Protocol>ftp</Protocol>'), [400, 'InvalidRequest'])
  t.same(await redirect('<ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith>'), [
    400,
    'InvalidRequest',
  ])

  const lifecycle = (inner: string) =>
    refused('lifecycle', `<LifecycleConfiguration><Rule>${inner}</Rule></LifecycleConfiguration>`)
  const enabled = '<Status>Enabled</Status><Filter/>'
  t.same(await lifecycle(enabled), [400, 'InvalidRequest'])
  t.same(await lifecycle('<Status>Enabled</Status><Expiration><Days>1</Days></Expiration>'), [
    400,
    'MalformedXML',
  ])
  t.same(await lifecycle(`${enabled}<Prefix/><Expiration><Days>1</Days></Expiration>`), [400, 'MalformedXML'])
  t.same(await lifecycle(`${enabled}<Expiration><Days>0</Days></Expiration>`), [400, 'InvalidArgument'])
  const long = `<Filter><Prefix>${'p'.repeat(1025)}</Prefix></Filter>`
  t.same(await lifecycle(`<Status>Enabled</Status>${long}<Expiration><Days>1</Days></Expiration>`), [
    400,
    'InvalidRequest',
  ])
  t.same(await lifecycle(`${enabled}<Expiration><Date>2030-01-01T01:00:00Z</Date></Expiration>`), [
    400,
    'InvalidArgument',
  ])
  t.same(await lifecycle(`${enabled}<Expiration><Days>1</Days><Date>2030-01-01</Date></Expiration>`), [
    400,
    'MalformedXML',
  ])
  t.same(
    await lifecycle(
      `${enabled}<Transition><Days>1</Days><StorageClass>STANDARD_IA</StorageClass></Transition>`,
    ),
    [400, 'InvalidArgument'],
  )
  t.same(
    await lifecycle(
      '<Status>Enabled</Status><Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>',
    ),
    [400, 'InvalidRequest'],
  )
  const moved = (days: number) =>
    `<Transition><Days>${days}</Days><StorageClass>GLACIER</StorageClass></Transition>`
  t.same(await lifecycle(enabled + moved(1) + moved(2)), [400, 'InvalidRequest'], 'a class twice')
  const tag = '<Tag><Key>a</Key><Value>b</Value></Tag>'
  t.same(
    await lifecycle(
      `<Status>Enabled</Status><Filter><And>${tag}${tag}</And></Filter><Expiration><Days>1</Days></Expiration>`,
    ),
    [400, 'InvalidRequest'],
    'a key twice',
  )
  const routing = '<RoutingRule><Condition/><Redirect><HostName>h</HostName></Redirect></RoutingRule>'
  t.same(
    await refused(
      'website',
      `<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix></IndexDocument><RoutingRules>${routing}</RoutingRules></WebsiteConfiguration>`,
    ),
    [400, 'InvalidRequest'],
    'a condition that says nothing',
  )

  const notify = (inner: string) =>
    refused('notification', `<NotificationConfiguration>${inner}</NotificationConfiguration>`)
  const topic = (arn: string, event: string) =>
    `<TopicConfiguration><Topic>${arn}</Topic><Event>${event}</Event></TopicConfiguration>`
  const hook = 'arn:martlet:webhook:::https://hook.example/'
  t.same(await notify(topic('arn:aws:sns:us-east-1:1:t', 's3:ObjectCreated:*')), [400, 'InvalidArgument'])
  t.same(await notify(topic(hook, 's3:Nothing:*')), [400, 'InvalidArgument'])
  t.same(await notify(topic(hook, 's3:ObjectCreated:*') + topic(hook, 's3:ObjectCreated:Put')), [
    400,
    'InvalidArgument',
  ])
  const logging = '<LoggingEnabled><TargetBucket>nowhere</TargetBucket><TargetPrefix/></LoggingEnabled>'
  t.same(await refused('logging', `<BucketLoggingStatus>${logging}</BucketLoggingStatus>`), [
    400,
    'InvalidTargetBucketForLogging',
  ])
  await s3('PUT', '/closed')
  t.same(
    await refused(
      'logging',
      `<BucketLoggingStatus>${logging.replace('nowhere', 'closed')}</BucketLoggingStatus>`,
    ),
    [400, 'InvalidTargetBucketForLogging'],
    'whose owner lets no logs be put there',
  )
  t.same(await refused('replication', '<ReplicationConfiguration/>'), [400, 'MalformedXML'])
})

await t.test('a bucket that never was configured has no record, and a deleted one leaves none', async (t) => {
  await s3('PUT', '/plain')
  const container = { account: 'AUTH_test', container: 'plain' }
  const context = { txId: 't', signal: undefined, log: store as never }
  const info = await store.containers.info(context, container)
  t.notMatch(Object.keys(info?.metadata ?? {}), ['x-container-sysmeta-s3-settings'])
  await s3('PUT', '/plain?tagging', { body: CASES[1]?.document ?? '' })
  t.equal((await s3('DELETE', '/plain')).status, 204)
  await s3('PUT', '/plain')
  t.equal((await s3('GET', '/plain?tagging')).status, 404)
})

await t.test(
  'tags of objects come with the upload, are changed, counted and survive what Swift posts',
  async (t) => {
    await s3('PUT', '/tagged')
    const tagging = (...keys: readonly string[]) =>
      `<Tagging><TagSet>${keys.map((key) => `<Tag><Key>${key}</Key><Value>v</Value></Tag>`).join('')}</TagSet></Tagging>`
    await s3('PUT', '/tagged/o', { body: 'x', headers: { 'x-amz-meta-a': 'b' } })
    t.same(elementsIn(await s3('GET', '/tagged/o?tagging'), 'Key'), [])
    t.equal((await s3('PUT', '/tagged/o?tagging', { body: tagging('one', 'two') })).status, 200)
    t.same(elementsIn(await s3('GET', '/tagged/o?tagging'), 'Key'), ['one', 'two'])
    t.match((await s3('GET', '/tagged/o')).headers, { 'x-amz-meta-a': 'b' }, 'the rest stays')
    t.equal((await s3('DELETE', '/tagged/o?tagging')).status, 204)
    t.same(elementsIn(await s3('GET', '/tagged/o?tagging'), 'Key'), [])
    t.equal(elementIn(await s3('GET', '/tagged/none?tagging'), 'Code'), 'NoSuchKey')
    const many = Array.from({ length: 11 }, (_, at) => `k${at}`)
    t.equal(elementIn(await s3('PUT', '/tagged/o?tagging', { body: tagging(...many) }), 'Code'), 'BadRequest')
    const putWith = (tags: string) =>
      s3('PUT', '/tagged/p', { body: 'x', headers: { 'x-amz-tagging': tags } })
    for (const none of ['=', 'a=1&a=2']) {
      t.equal(elementIn(await putWith(none), 'Code'), 'InvalidArgument', none)
    }
    for (const few of ['&', 'a', 'a=&b']) t.equal((await putWith(few)).status, 200, few)
  },
)
