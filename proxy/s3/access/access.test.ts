/** Goal: what is said of access through S3 is kept, given back, refused as by AWS, and holds. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { contentMd5, elementIn, elementsIn, s3Door } from '../../testing/s3-door.ts'
import { askingAs, type Received, send } from '../../testing/test-proxy.ts'

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'

const { s3, s3As, store, handler } = s3Door()
let made = 0

/** A bucket of its own for each test, made by `test:tester`. */
async function bucket(headers: Readonly<Record<string, string>> = {}): Promise<string> {
  made += 1
  const name = `access-${made}`
  const { status, body } = await s3('PUT', `/${name}`, { headers })
  if (status !== 200) throw new Error(`${name} was not made: ${status} ${body}`)
  return name
}

const code = (received: Received): string => `${received.status} ${elementIn(received, 'Code') ?? ''}`.trim()

function allow(name: string, more: object = {}): string {
  const statement = {
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${name}/*`,
    ...more,
  }
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
}

t.test('a policy is kept as it was put, and holds', async (t) => {
  const name = await bucket()
  await s3('PUT', `/${name}/key`, { body: 'hello' })
  t.equal(code(await s3('GET', `/${name}?policy`)), '404 NoSuchBucketPolicy')
  t.equal(code(await s3As(undefined, 'GET', `/${name}/key`)), '403 AccessDenied')
  const text = `${allow(name)}\n`
  t.equal((await s3('PUT', `/${name}?policy`, { body: text })).status, 204)
  t.match(await s3('GET', `/${name}?policy`), { status: 200, body: text })
  t.match(await s3As(undefined, 'GET', `/${name}/key`), { status: 200, body: 'hello' })
  t.equal(code(await s3As(undefined, 'PUT', `/${name}/key`, { body: 'x' })), '403 AccessDenied')
  t.equal(code(await s3As('test2:tester2', 'GET', `/${name}?policy`)), '403 AccessDenied')
  t.equal((await s3('DELETE', `/${name}?policy`)).status, 204)
  t.equal(code(await s3As(undefined, 'GET', `/${name}/key`)), '403 AccessDenied')
  t.equal((await s3('DELETE', `/${name}?policy`)).status, 204)
})

t.test('what is no policy is refused, and what was there stays', async (t) => {
  const name = await bucket()
  await s3('PUT', `/${name}?policy`, { body: allow(name) })
  for (const [body, message] of [
    ['', "Policies must be valid JSON and the first byte must be '{'"],
    ['nothing', "Policies must be valid JSON and the first byte must be '{'"],
    [allow('another'), 'Policy has invalid resource'],
    [allow(name, { Action: 's3:Fly' }), 'Policy has invalid action'],
    [`{"Id":"${'x'.repeat(21_000)}"}`, 'Policy exceeds the maximum allowed document size.'],
  ] as const) {
    const refused = await s3('PUT', `/${name}?policy`, { body })
    t.equal(code(refused), '400 MalformedPolicy')
    t.equal(elementIn(refused, 'Message'), message.replaceAll("'", "'"))
  }
  t.equal((await s3('GET', `/${name}?policy`)).body, allow(name))
})

t.test('a denial holds for the owner, who can take it back', async (t) => {
  const name = await bucket()
  await s3('PUT', `/${name}/key`, { body: 'hello' })
  const deny = allow(name, {
    Effect: 'Deny',
    Action: 's3:*',
    Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`],
  })
  t.equal((await s3('PUT', `/${name}?policy`, { body: deny })).status, 204)
  t.equal(code(await s3('GET', `/${name}/key`)), '403 AccessDenied')
  t.equal(code(await s3('GET', `/${name}?acl`)), '403 AccessDenied')
  t.equal((await s3('DELETE', `/${name}?policy`)).status, 204)
  t.equal((await s3('GET', `/${name}/key`)).status, 200)
})

t.test('conditions see the request', async (t) => {
  const name = await bucket()
  for (const key of ['home/a', 'b']) await s3('PUT', `/${name}/${key}`, { body: key })
  await s3('PUT', `/${name}/tagged`, { body: 'tagged' })
  const tags = '<Tagging><TagSet><Tag><Key>open</Key><Value>yes</Value></Tag></TagSet></Tagging>'
  t.equal((await s3('PUT', `/${name}/tagged?tagging`, { body: tags })).status, 200)
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:ListBucket',
        Resource: `arn:aws:s3:::${name}`,
        Condition: { StringEquals: { 's3:prefix': 'home/' } },
      },
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: `arn:aws:s3:::${name}/*`,
        Condition: { StringEquals: { 's3:ExistingObjectTag/open': 'yes' } },
      },
    ],
  }
  await s3('PUT', `/${name}?policy`, { body: JSON.stringify(policy) })
  t.equal((await s3As(undefined, 'GET', `/${name}?list-type=2&prefix=home/`)).status, 200)
  t.equal((await s3As(undefined, 'GET', `/${name}?list-type=2`)).status, 403)
  t.equal((await s3As(undefined, 'GET', `/${name}/tagged`)).body, 'tagged')
  t.equal((await s3As(undefined, 'GET', `/${name}/b`)).status, 403)
})

t.test('a bucket’s list, canned and as a document', async (t) => {
  const name = await bucket({ 'x-amz-acl': 'public-read' })
  const shown = await s3('GET', `/${name}?acl`)
  t.same(elementsIn(shown, 'Permission'), ['FULL_CONTROL', 'READ'])
  t.equal(elementIn(shown, 'URI'), ALL_USERS)
  t.equal(elementIn(shown, 'ID'), 'test:tester')
  t.equal((await s3As(undefined, 'GET', `/${name}`)).status, 200)
  const changed = shown.body.replace('<Permission>READ<', '<Permission>WRITE<')
  t.equal((await s3('PUT', `/${name}?acl`, { body: changed })).status, 200)
  t.same(elementsIn(await s3('GET', `/${name}?acl`), 'Permission'), ['FULL_CONTROL', 'WRITE'])
  t.equal((await s3As(undefined, 'GET', `/${name}`)).status, 403)
  t.equal((await s3As(undefined, 'PUT', `/${name}/theirs`, { body: 'x' })).status, 200)
  t.equal((await s3('PUT', `/${name}?acl`, { headers: { 'x-amz-acl': 'private' } })).status, 200)
  t.same(elementsIn(await s3('GET', `/${name}?acl`), 'Permission'), ['FULL_CONTROL'])
  t.equal((await s3As(undefined, 'PUT', `/${name}/theirs`, { body: 'x' })).status, 403)
})

t.test('grants in headers let in whom they name', async (t) => {
  const name = await bucket({
    'x-amz-grant-read': 'id="test2:tester2"',
    'x-amz-grant-read-acp': 'id=test:tester3',
  })
  t.equal((await s3As('test2:tester2', 'GET', `/${name}`)).status, 200)
  t.equal((await s3As('test2:tester2', 'GET', `/${name}?acl`)).status, 403)
  t.equal((await s3As('test:tester3', 'GET', `/${name}?acl`)).status, 200)
  t.equal((await s3As('test:tester3', 'GET', `/${name}`)).status, 403)
})

t.test('lists that are none', async (t) => {
  const name = await bucket()
  const put = (headers: Readonly<Record<string, string>>, body = ''): Promise<Received> =>
    s3('PUT', `/${name}?acl`, { headers, body })
  const policy = (grantee: string, owner = 'test:tester', permission = 'READ'): string =>
    `<AccessControlPolicy><Owner><ID>${owner}</ID></Owner><AccessControlList><Grant>${grantee}<Permission>${permission}</Permission></Grant></AccessControlList></AccessControlPolicy>`
  const grantee = (type: string, inner: string): string =>
    `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}">${inner}</Grantee>`
  const user = grantee('CanonicalUser', '<ID>test2:tester2</ID>')
  t.equal(code(await put({})), '400 MissingSecurityHeader')
  t.equal(code(await put({ 'x-amz-acl': 'private' }, policy(user))), '400 UnexpectedContent')
  t.equal(code(await put({ 'x-amz-acl': 'open' })), '400 InvalidArgument')
  t.equal(code(await put({}, '<AccessControlPolicy>')), '400 MalformedACLError')
  t.equal(code(await put({}, '<Other/>')), '400 MalformedACLError')
  t.equal(code(await put({}, policy(user, 'test2:tester2'))), '403 AccessDenied')
  t.equal(code(await put({}, policy(user, 'test:tester', 'FLY'))), '400 MalformedACLError')
  t.equal(code(await put({}, policy(grantee('Planet', '<ID>a:b</ID>')))), '400 MalformedACLError')
  const unknown = await put({}, policy(grantee('CanonicalUser', '<ID>nobody</ID>')))
  t.equal(code(unknown), '400 InvalidArgument')
  t.equal(elementIn(unknown, 'ArgumentName'), 'CanonicalUser/ID')
  t.equal(code(await put({}, policy(grantee('Group', '<URI>http://a</URI>')))), '400 InvalidArgument')
  const byMail = grantee('AmazonCustomerByEmail', '<EmailAddress>a@b.c</EmailAddress>')
  t.equal(code(await put({}, policy(byMail))), '400 UnresolvableGrantByEmailAddress')
  t.equal((await put({}, policy(user))).status, 200)
})

t.test('an object’s list', async (t) => {
  const name = await bucket()
  await s3('PUT', `/${name}/open`, {
    body: 'open',
    headers: { 'x-amz-acl': 'public-read', 'x-amz-meta-a': 'b' },
  })
  await s3('PUT', `/${name}/shut`, { body: 'shut', headers: { 'x-amz-meta-a': 'b' } })
  t.equal((await s3As(undefined, 'GET', `/${name}/open`)).body, 'open')
  t.equal((await s3As(undefined, 'GET', `/${name}/shut`)).status, 403)
  const { headers: before } = await s3('HEAD', `/${name}/shut`)
  t.equal(
    (await s3('PUT', `/${name}/shut?acl`, { body: '', headers: { 'x-amz-acl': 'public-read' } })).status,
    200,
  )
  t.match(await s3As(undefined, 'GET', `/${name}/shut`), {
    body: 'shut',
    headers: { etag: before['etag'], 'x-amz-meta-a': 'b' },
  })
  t.same(elementsIn(await s3('GET', `/${name}/shut?acl`), 'Permission'), ['FULL_CONTROL', 'READ'])
  t.equal((await s3('PUT', `/${name}/open?acl`, { headers: { 'x-amz-acl': 'private' } })).status, 200)
  t.equal((await s3As(undefined, 'GET', `/${name}/open`)).status, 403)
  await s3('PUT', `/${name}/copy`, { body: '', headers: { 'x-amz-copy-source': `/${name}/shut` } })
  t.equal((await s3As(undefined, 'GET', `/${name}/copy`)).status, 403, 'a copy has a list of its own')
})

t.test('an object is its uploader’s, and the bucket owner’s account may read it', async (t) => {
  const name = await bucket({ 'x-amz-acl': 'public-read-write' })
  t.equal((await s3As('test2:tester2', 'PUT', `/${name}/theirs`, { body: 'x' })).status, 200)
  t.equal(elementIn(await s3As('test2:tester2', 'GET', `/${name}/theirs?acl`), 'ID'), 'test2:tester2')
  t.equal((await s3As('test2:tester2', 'GET', `/${name}/theirs`)).status, 200)
  t.equal((await s3('GET', `/${name}/theirs`)).status, 200)
  t.equal((await s3As('test:tester3', 'GET', `/${name}/theirs`)).status, 403)
})

t.test('ownership controls', async (t) => {
  const name = await bucket({
    'x-amz-object-ownership': 'BucketOwnerPreferred',
    'x-amz-acl': 'public-read-write',
  })
  t.equal(elementIn(await s3('GET', `/${name}?ownershipControls`), 'ObjectOwnership'), 'BucketOwnerPreferred')
  const full = { 'x-amz-acl': 'bucket-owner-full-control' }
  await s3As('test2:tester2', 'PUT', `/${name}/given`, { body: 'x', headers: full })
  t.equal(elementIn(await s3('GET', `/${name}/given?acl`), 'ID'), 'test:tester')
  const enforced =
    '<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>'
  const put = (): Promise<Received> => s3('PUT', `/${name}?ownershipControls`, { body: enforced })
  t.equal(code(await put()), '400 InvalidBucketAclWithObjectOwnership')
  await s3('PUT', `/${name}?acl`, { headers: { 'x-amz-acl': 'private' } })
  t.equal((await put()).status, 200)
  t.equal(elementIn(await s3('GET', `/${name}?ownershipControls`), 'ObjectOwnership'), 'BucketOwnerEnforced')
  const acl = { headers: { 'x-amz-acl': 'public-read' } }
  t.equal(code(await s3('PUT', `/${name}?acl`, acl)), '400 AccessControlListNotSupported')
  t.equal(code(await s3('PUT', `/${name}/key`, { ...acl, body: 'x' })), '400 AccessControlListNotSupported')
  t.equal((await s3('PUT', `/${name}/key`, { headers: full, body: 'x' })).status, 200)
  t.equal((await s3('DELETE', `/${name}?ownershipControls`)).status, 204)
  t.equal(code(await s3('GET', `/${name}?ownershipControls`)), '404 OwnershipControlsNotFoundError')
  t.equal(
    code(await s3('PUT', '/access-no', { headers: { 'x-amz-object-ownership': 'Mine' } })),
    '400 InvalidArgument',
  )
})

t.test('blocks of public access', async (t) => {
  const name = await bucket({ 'x-amz-acl': 'public-read' })
  const block = (switches: string): Promise<Received> =>
    s3('PUT', `/${name}?publicAccessBlock`, {
      body: `<PublicAccessBlockConfiguration>${switches}</PublicAccessBlockConfiguration>`,
    })
  t.equal(code(await s3('GET', `/${name}?publicAccessBlock`)), '404 NoSuchPublicAccessBlockConfiguration')
  t.equal((await block('<IgnorePublicAcls>TRUE</IgnorePublicAcls>')).status, 200)
  const shown = await s3('GET', `/${name}?publicAccessBlock`)
  t.equal(elementIn(shown, 'IgnorePublicAcls'), 'true')
  t.equal(elementIn(shown, 'BlockPublicAcls'), 'false')
  t.equal((await s3As(undefined, 'GET', `/${name}`)).status, 403)
  await block('<BlockPublicAcls>true</BlockPublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>')
  t.equal((await s3As(undefined, 'GET', `/${name}`)).status, 200)
  const open = { headers: { 'x-amz-acl': 'public-read' } }
  t.equal(code(await s3('PUT', `/${name}?acl`, open)), '403 AccessDenied')
  t.equal(code(await s3('PUT', `/${name}/key`, { ...open, body: 'x' })), '403 AccessDenied')
  t.equal((await s3('PUT', `/${name}/key`, { body: 'x' })).status, 200)
  t.equal(code(await s3('PUT', `/${name}?policy`, { body: allow(name) })), '403 AccessDenied')
  const forOne = allow(name, { Principal: { AWS: 'test2:tester2' } })
  t.equal((await s3('PUT', `/${name}?policy`, { body: forOne })).status, 204)
  await s3('DELETE', `/${name}?publicAccessBlock`)
  t.equal((await s3('PUT', `/${name}?policy`, { body: allow(name) })).status, 204)
  t.equal((await s3As(undefined, 'GET', `/${name}/key`)).status, 200)
  await block('<RestrictPublicBuckets>true</RestrictPublicBuckets>')
  t.equal((await s3As(undefined, 'GET', `/${name}/key`)).status, 403)
  t.equal((await s3As('test:tester3', 'GET', `/${name}/key`)).status, 200)
  t.equal(code(await block('<Other>true</Other>')), '400 MalformedXML')
})

t.test('whether a bucket is public', async (t) => {
  const name = await bucket()
  const isPublic = async (): Promise<string | undefined> =>
    elementIn(await s3('GET', `/${name}?policyStatus`), 'IsPublic')
  t.equal(await isPublic(), 'false')
  await s3('PUT', `/${name}?policy`, { body: allow(name) })
  t.equal(await isPublic(), 'true')
  await s3('PUT', `/${name}?policy`, { body: allow(name, { Principal: { AWS: 'test2' } }) })
  t.equal(await isPublic(), 'false')
  await s3('PUT', `/${name}?acl`, { headers: { 'x-amz-acl': 'authenticated-read' } })
  t.equal(await isPublic(), 'true')
})

t.test('whoever expects another owner is refused', async (t) => {
  const name = await bucket()
  for (const [owner, status] of [
    ['test:tester', 200],
    ['test', 200],
    ['AUTH_test', 200],
    ['test2:tester2', 403],
    ['111122223333', 403],
  ] as const) {
    const { status: answered } = await s3('GET', `/${name}`, {
      headers: { 'x-amz-expected-bucket-owner': owner },
    })
    t.equal(answered, status, owner)
  }
  const body = '<Delete><Object><Key>key</Key></Object></Delete>'
  const md5 = { 'content-md5': contentMd5(body) }
  const others = { ...md5, 'x-amz-expected-bucket-owner': 'test2:tester2' }
  const deleting = await s3('POST', `/${name}?delete`, { body, headers: others })
  t.equal(deleting.status, 403, 'of a list as a whole')
  t.equal((await s3('POST', `/${name}?delete`, { body, headers: md5 })).status, 200)
})

t.test('where the requester pays, the requester must know', async (t) => {
  const name = await bucket({ 'x-amz-acl': 'public-read' })
  t.equal(elementIn(await s3('GET', `/${name}?requestPayment`), 'Payer'), 'BucketOwner')
  const body = '<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>'
  t.equal((await s3('PUT', `/${name}?requestPayment`, { body })).status, 200)
  t.equal(elementIn(await s3('GET', `/${name}?requestPayment`), 'Payer'), 'Requester')
  t.equal((await s3As('test2:tester2', 'GET', `/${name}`)).status, 403)
  const paying = { headers: { 'x-amz-request-payer': 'requester' } }
  t.match(await s3As('test2:tester2', 'GET', `/${name}`, paying), {
    status: 200,
    headers: { 'x-amz-request-charged': 'requester' },
  })
  t.equal((await s3As(undefined, 'GET', `/${name}`, paying)).status, 403)
  t.equal((await s3('GET', `/${name}`)).status, 200)
  const bad = '<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>'
  t.equal(code(await s3('PUT', `/${name}?requestPayment`, { body: bad })), '400 MalformedXML')
})

t.test('a policy says which tags may be put', async (t) => {
  const name = await bucket()
  await s3('PUT', `/${name}/key`, { body: 'x' })
  const tagged = async (key: string, value: string): Promise<string> => {
    const body = `<Tagging><TagSet><Tag><Key>${key}</Key><Value>${value}</Value></Tag></TagSet></Tagging>`
    return code(await s3As('test2:tester2', 'PUT', `/${name}/key?tagging`, { body }))
  }
  const permit = (Condition: object) =>
    s3('PUT', `/${name}?policy`, { body: allow(name, { Action: 's3:PutObjectTagging', Condition }) })
  await permit({ StringEquals: { 's3:RequestObjectTag/kind': '1 + 2' } })
  t.equal(await tagged('kind', '1 + 2'), '200')
  t.equal(await tagged('kind', '3'), '403 AccessDenied')
  await permit({ 'ForAllValues:StringLike': { 's3:RequestObjectTagKeys': 'team-*' } })
  t.equal(await tagged('team-one', ''), '200')
  t.equal(await tagged('cost', ''), '403 AccessDenied')
  await s3('DELETE', `/${name}?policy`)
  t.equal(code(await s3As(undefined, 'PUT', `/${name}/key?tagging`, { body: '<x' })), '403 AccessDenied')
  t.equal(code(await s3('PUT', `/${name}/key?tagging`, { body: '<x' })), '400 MalformedXML')
})

t.test('that there is no such key is told to those who may list', async (t) => {
  const name = await bucket()
  await s3('PUT', `/${name}?policy`, { body: allow(name) })
  t.equal(code(await s3As(undefined, 'GET', `/${name}/none`)), '403 AccessDenied')
  await s3('PUT', `/${name}?acl`, { headers: { 'x-amz-acl': 'public-read' } })
  t.equal(code(await s3As(undefined, 'GET', `/${name}/none`)), '404 NoSuchKey')
  await s3('DELETE', `/${name}?policy`)
  for (const method of ['GET', 'HEAD']) {
    t.equal(
      (await s3As(undefined, method, `/${name}/none`)).status,
      404,
      'nor might they read what would be there',
    )
  }
  await s3('PUT', `/${name}/shut`, { body: 'x' })
  t.equal(code(await s3As(undefined, 'GET', `/${name}/shut`)), '403 AccessDenied')
  await s3('PUT', `/${name}?policy`, { body: allow(name).replace('"Allow"', '"Deny"') })
  t.equal(code(await s3As(undefined, 'GET', `/${name}/none`)), '403 AccessDenied', 'unless it is denied')
})

t.test('buckets are made and listed by whoever administers the account', async (t) => {
  const outcomes = async (user: string | undefined, name: string): Promise<readonly string[]> => [
    code(await s3As(user, 'PUT', `/${name}`)),
    code(await s3As(user, 'GET', `/${name}?acl`)),
  ]
  t.same(await outcomes('test:tester', 'by-admin'), ['200', '200'])
  t.same(await outcomes('test:tester3', 'by-member'), ['403 AccessDenied', '404 NoSuchBucket'])
  t.same(await outcomes(undefined, 'by-nobody'), ['403 AccessDenied', '404 NoSuchBucket'])
  t.equal((await s3('GET', '/')).status, 200)
  t.equal(code(await s3As('test:tester3', 'GET', '/')), '403 AccessDenied')
})

t.test(
  'a container made through Swift has its name for others once something is set through S3',
  async (t) => {
    const container = { account: 'AUTH_test', container: 'made-by-swift' }
    const context = { txId: 'tx-test', signal: undefined, log: silentLogger }
    await store.containers.put(context, container, {
      changes: { 'x-container-read': '.r:*' },
      policyIndex: undefined,
    })
    t.equal((await s3('PUT', '/made-by-swift/key', { body: 'text' })).status, 200)
    t.equal(code(await s3As(undefined, 'GET', '/made-by-swift/key')), '404 NoSuchBucket')
    t.equal((await s3('PUT', '/made-by-swift?acl', { headers: { 'x-amz-acl': 'private' } })).status, 200)
    t.equal((await s3As(undefined, 'GET', '/made-by-swift/key')).body, 'text')
  },
)

t.test('an object made of parts is read by whoever may read it, through both doors', async (t) => {
  const name = await bucket()
  const key = `/${name}/parts`
  const uploadId = elementIn(await s3('POST', `${key}?uploads`, { body: '' }), 'UploadId') ?? ''
  const { headers } = await s3('PUT', `${key}?partNumber=1&uploadId=${uploadId}`, { body: 'text' })
  const part = `<Part><PartNumber>1</PartNumber><ETag>${headers['etag']}</ETag></Part>`
  const body = `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`
  t.equal((await s3('POST', `${key}?uploadId=${uploadId}`, { body })).status, 200)
  t.equal((await s3As(undefined, 'GET', key)).status, 403)
  t.equal((await send(handler, { target: `/v1/AUTH_test${key}` })).status, 401)
  await s3('PUT', `/${name}?policy`, { body: allow(name) })
  t.match(await s3As(undefined, 'GET', key), { status: 200, body: 'text' })
  t.match(await send(handler, { target: `/v1/AUTH_test${key}` }), { status: 200, body: 'text' })
})

t.test('what S3 blocks is blocked for Swift’s clients', async (t) => {
  const name = await bucket()
  const swift = await askingAs(handler, 'test:tester', 'testing')
  const open = (): Promise<Received> =>
    swift('POST', `/${name}`, { headers: { 'X-Container-Read': '.r:*,.rlistings' }, body: '' })
  const body =
    '<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>'
  await s3('PUT', `/${name}?publicAccessBlock`, { body })
  t.equal((await open()).status, 403)
  const named = { headers: { 'X-Container-Read': 'test2,.r:-a.example' }, body: '' }
  t.equal((await swift('POST', `/${name}`, named)).status, 204)
  await s3('DELETE', `/${name}?publicAccessBlock`)
  t.equal((await open()).status, 204)
  t.equal((await s3As(undefined, 'GET', `/${name}`)).status, 200)
})

t.test('a denial of lists or tags denies the uploads that bring them', async (t) => {
  const name = await bucket()
  const deny = { Effect: 'Deny', Action: ['s3:PutObjectAcl', 's3:PutObjectTagging'] }
  await s3('PUT', `/${name}?policy`, { body: allow(name, deny) })
  const put = async (headers: Readonly<Record<string, string>>): Promise<string> =>
    code(await s3('PUT', `/${name}/key`, { headers, body: 'x' }))
  t.equal(await put({}), '200')
  t.equal(await put({ 'x-amz-acl': 'public-read' }), '403 AccessDenied')
  t.equal(await put({ 'x-amz-tagging': 'a=b' }), '403 AccessDenied')
  t.equal(await put({ 'x-amz-storage-class': 'STANDARD' }), '200')
})

t.test('who began an upload may see its parts and give it up, unless that is denied', async (t) => {
  const name = await bucket()
  const puts = { Principal: { AWS: 'test2:tester2' }, Action: 's3:PutObject' }
  const policy = (more: readonly object[]): string => {
    const { Version, Statement } = JSON.parse(allow(name, puts)) as { Version: string; Statement: object[] }
    return JSON.stringify({ Version, Statement: [...Statement, ...more] })
  }
  const theirs = (method: string, target: string, headers = {}) =>
    s3As('test2:tester2', method, target, { headers })
  t.equal((await s3('PUT', `/${name}?policy`, { body: policy([]) })).status, 204)
  const begin = async (): Promise<string> =>
    `/${name}/key?uploadId=${elementIn(await theirs('POST', `/${name}/key?uploads`), 'UploadId')}`
  const [first, second] = [await begin(), await begin()]
  t.equal((await theirs('GET', first)).status, 200)
  t.equal(code(await s3As('test:tester3', 'GET', first)), '403 AccessDenied')
  t.equal(code(await theirs('GET', first, { 'x-amz-expected-bucket-owner': 'other' })), '403 AccessDenied')
  t.equal((await theirs('DELETE', first)).status, 204)
  const denied = {
    ...JSON.parse(allow(name)).Statement[0],
    Effect: 'Deny',
    Action: 's3:AbortMultipartUpload',
  }
  t.equal((await s3('PUT', `/${name}?policy`, { body: policy([denied]) })).status, 204)
  t.equal(code(await theirs('DELETE', second)), '403 AccessDenied')
  t.equal((await theirs('GET', second)).status, 200)
})

t.test(
  'a policy that lets somebody upload lets them give lists and tags only where it says so',
  async (t) => {
    const name = await bucket()
    const put = async (headers: Readonly<Record<string, string>>): Promise<string> =>
      code(await s3As('test2:tester2', 'PUT', `/${name}/key`, { headers, body: 'x' }))
    const uploads = async (): Promise<readonly string[]> => [
      await put({}),
      await put({ 'x-amz-acl': 'bucket-owner-full-control' }),
      await put({ 'x-amz-tagging': 'a=b' }),
    ]
    const policy = (...actions: readonly string[]): string => allow(name, { Action: actions })
    await s3('PUT', `/${name}?policy`, { body: policy('s3:PutObject') })
    t.same(await uploads(), ['200', '403 AccessDenied', '403 AccessDenied'])
    await s3('PUT', `/${name}?policy`, { body: policy('s3:PutObject', 's3:PutObjectAcl') })
    t.same(await uploads(), ['200', '200', '403 AccessDenied'])
    await s3('PUT', `/${name}?policy`, { body: policy('s3:PutObject*') })
    t.same(await uploads(), ['200', '200', '200'])
    const condition = { StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control' } }
    const text = allow(name, { Action: 's3:PutObject*', Condition: condition })
    await s3('PUT', `/${name}?policy`, { body: text })
    t.same(await uploads(), ['403 AccessDenied', '200', '403 AccessDenied'], 'as Amazon has uploaders share')
    await s3('DELETE', `/${name}?policy`)
    await s3('PUT', `/${name}?acl`, { headers: { 'x-amz-acl': 'public-read-write' } })
    t.same(await uploads(), ['200', '200', '200'], 'who is on a list may, as before')
  },
)

t.test('neither tags nor lists make an object younger', async (t) => {
  const name = await bucket()
  await s3('PUT', `/${name}/key`, { body: 'x', headers: { 'x-amz-meta-a': 'b' } })
  const head = async (): Promise<Received> => s3('HEAD', `/${name}/key`)
  const before = (await head()).headers
  const listed = elementIn(await s3('GET', `/${name}`), 'LastModified')
  const tags = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
  t.equal((await s3('PUT', `/${name}/key?tagging`, { body: tags })).status, 200)
  t.equal(
    (await s3('PUT', `/${name}/key?acl`, { headers: { 'x-amz-acl': 'public-read' }, body: '' })).status,
    200,
  )
  const after = (await head()).headers
  t.match(after, {
    'x-amz-tagging-count': '1',
    'x-amz-meta-a': 'b',
    'last-modified': before['last-modified'],
  })
  t.equal(elementIn(await s3('GET', `/${name}`), 'LastModified'), listed)
})
