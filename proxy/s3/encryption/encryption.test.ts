import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { readWhole } from '#http/message.ts'
import { elementIn, type S3Door, s3Door } from '../../testing/s3-door.ts'
import type { Received } from '../../testing/test-proxy.ts'

const CUSTOMER = 'x-amz-server-side-encryption-customer-'
const SOURCE = `x-amz-copy-source-server-side-encryption-customer-`

type Headers = Readonly<Record<string, string>>

function keyHeaders(key: Buffer, prefix = CUSTOMER): Headers {
  return {
    [`${prefix}algorithm`]: 'AES256',
    [`${prefix}key`]: key.toString('base64'),
    [`${prefix}key-md5`]: createHash('md5').update(key).digest('base64'),
  }
}

async function bucket(): Promise<S3Door> {
  const door = s3Door()
  await door.s3('PUT', '/bucket')
  return door
}

/** The bytes that are stored, and what is stored beside them. */
async function stored({ store }: Pick<S3Door, 'store'>, object: string): Promise<string> {
  const context = { txId: 'tx', signal: undefined, log: silentLogger }
  const name = { account: 'AUTH_test', container: 'bucket', object }
  const read = await store.objects.read(context, name, { method: 'GET', conditions: {}, newest: true })
  if (read.kind !== 'found') return read.kind
  return JSON.stringify(read.headers) + (await readWhole(read.body, 2 ** 20)).toString()
}

function codeOf(answer: Received): string {
  return `${answer.status} ${elementIn(answer, 'Code')}`
}

const KEY = randomBytes(32)
const OTHER = randomBytes(32)
const PLAIN = 'a text that is nowhere stored as it is, and long enough for some ranges'

await t.test('a bucket may refuse keys of customers', async (t) => {
  const { s3 } = await bucket()
  const block = (type: string) =>
    s3('PUT', '/bucket?encryption', {
      body: `<ServerSideEncryptionConfiguration><Rule><BlockedEncryptionTypes><EncryptionType>${type}</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>`,
    })
  const put = () => s3('PUT', '/bucket/o', { body: PLAIN, headers: keyHeaders(KEY) })
  t.equal((await block('SSE-C')).status, 200)
  t.equal(codeOf(await put()), '403 AccessDenied')
  t.equal(codeOf(await s3('POST', '/bucket/o?uploads', { headers: keyHeaders(KEY) })), '403 AccessDenied')
  t.equal((await block('NONE')).status, 200)
  t.equal((await put()).status, 200)
})

await t.test('with a customer’s key an object is stored that nobody reads without it', async (t) => {
  const { s3, store } = await bucket()
  const headers = keyHeaders(KEY)
  const put = await s3('PUT', '/bucket/o', { body: PLAIN, headers })
  t.match(put, { status: 200, headers: { [`${CUSTOMER}algorithm`]: 'AES256' } })
  t.notOk((await stored({ store }, 'o')).includes(PLAIN))
  t.notOk((await stored({ store }, 'o')).includes(KEY.toString('base64')))
  t.match(await s3('GET', '/bucket/o', { headers }), { status: 200, body: PLAIN })
  t.match(await s3('HEAD', '/bucket/o', { headers }), {
    status: 200,
    headers: {
      'content-length': String(PLAIN.length),
      [`${CUSTOMER}key-md5`]: headers[`${CUSTOMER}key-md5`],
    },
  })
  const ranged = await s3('GET', '/bucket/o', { headers: { ...headers, range: 'bytes=17-30' } })
  t.match(ranged, { status: 206, body: PLAIN.slice(17, 31) })
  const etag = String(put.headers['etag'])
  t.equal((await s3('GET', '/bucket/o', { headers: { ...headers, 'if-none-match': etag } })).status, 304)
  t.equal(codeOf(await s3('GET', '/bucket/o')), '400 InvalidRequest')
  t.equal((await s3('HEAD', '/bucket/o')).status, 400)
  t.equal(codeOf(await s3('GET', '/bucket/o', { headers: keyHeaders(OTHER) })), '403 AccessDenied')
  await s3('PUT', '/bucket/plain', { body: 'x' })
  t.equal(codeOf(await s3('GET', '/bucket/plain', { headers })), '400 InvalidRequest')
})

await t.test('what is said of the body holds for what was sent', async (t) => {
  const { s3 } = await bucket()
  const md5 = (body: string): Headers => ({ 'content-md5': createHash('md5').update(body).digest('base64') })
  const send = (headers: Headers): Promise<Received> =>
    s3('PUT', '/bucket/o', { body: PLAIN, headers: { ...keyHeaders(KEY), ...headers } })
  const bad = await send(md5('other'))
  t.equal(codeOf(bad), '400 BadDigest')
  t.equal(
    elementIn(bad, 'CalculatedDigest'),
    md5(PLAIN)['content-md5'],
    'of what was sent, not of what is stored',
  )
  t.equal((await send(md5(PLAIN))).status, 200)
})

await t.test(
  'where versions are kept the current one is read with its key, whole and in ranges',
  async (t) => {
    const { s3 } = await bucket()
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
    await s3('PUT', '/bucket?versioning', { body })
    const headers = keyHeaders(KEY)
    await s3('PUT', '/bucket/o', { body: 'older', headers: keyHeaders(OTHER) })
    await s3('PUT', '/bucket/o', { body: PLAIN, headers })
    t.equal((await s3('GET', '/bucket/o', { headers })).body, PLAIN)
    t.equal((await s3('HEAD', '/bucket/o', { headers })).status, 200)
    const ranged = await s3('GET', '/bucket/o', { headers: { ...headers, range: 'bytes=2-5' } })
    t.match(ranged, { status: 206, body: PLAIN.slice(2, 6) })
    t.equal(codeOf(await s3('GET', '/bucket/o')), '400 InvalidRequest')
    t.equal(codeOf(await s3('GET', '/bucket/o', { headers: keyHeaders(OTHER) })), '403 AccessDenied')
    const copy = { 'x-amz-copy-source': '/bucket/o', ...keyHeaders(KEY, SOURCE) }
    t.equal((await s3('PUT', '/bucket/copy', { headers: copy })).status, 200)
    t.equal((await s3('GET', '/bucket/copy')).body, PLAIN)
    await s3('PUT', '/bucket/open', { body: PLAIN })
    t.equal(codeOf(await s3('GET', '/bucket/open', { headers })), '400 InvalidRequest', 'it needs none')
  },
)

await t.test('what is kept beside the body needs no key', async (t) => {
  const { s3, s3As } = s3Door()
  await s3('PUT', '/bucket', { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
  const headers = keyHeaders(KEY)
  const put = await s3('PUT', '/bucket/o', { body: PLAIN, headers })
  const tags = '<Tagging><TagSet><Tag><Key>colour</Key><Value>red</Value></Tag></TagSet></Tagging>'
  t.equal((await s3('PUT', '/bucket/o?tagging', { body: tags })).status, 200)
  t.equal(elementIn(await s3('GET', '/bucket/o?tagging'), 'Value'), 'red')
  t.equal((await s3As('test2:tester2', 'GET', '/bucket/o', { headers })).status, 403)
  const list = await s3('PUT', '/bucket/o?acl', { headers: { 'x-amz-grant-read': 'id="test2:tester2"' } })
  t.equal(list.status, 200)
  t.equal((await s3As('test2:tester2', 'GET', '/bucket/o', { headers })).body, PLAIN)
  t.equal(codeOf(await s3As('test2:tester2', 'GET', '/bucket/o')), '400 InvalidRequest', 'the body needs it')
  const hold = (status: string) =>
    s3('PUT', '/bucket/o?legal-hold', { body: `<LegalHold><Status>${status}</Status></LegalHold>` })
  t.equal((await hold('ON')).status, 200)
  const version = `/bucket/o?versionId=${put.headers['x-amz-version-id']}`
  t.equal(codeOf(await s3('DELETE', version)), '403 AccessDenied')
  t.equal((await hold('OFF')).status, 200)
  const ifMatch = { ...headers, 'if-match': String(put.headers['etag']) }
  t.equal((await s3('PUT', '/bucket/o', { body: PLAIN, headers: ifMatch })).status, 200)
  t.equal((await s3('DELETE', version)).status, 204)
})

await t.test('keys that are none', async (t) => {
  const { s3 } = await bucket()
  const good = keyHeaders(KEY)
  const send = async (headers: Headers): Promise<string> =>
    codeOf(await s3('PUT', '/bucket/o', { body: 'x', headers: { ...good, ...headers } }))
  t.equal(await send({ [`${CUSTOMER}algorithm`]: 'AES128' }), '400 InvalidEncryptionAlgorithmError')
  t.equal(await send({ [`${CUSTOMER}key`]: 'c2hvcnQ=' }), '400 InvalidArgument')
  t.equal(await send({ [`${CUSTOMER}key-md5`]: 'other' }), '400 InvalidArgument')
  t.equal(await send({ 'x-amz-server-side-encryption': 'AES256' }), '400 InvalidArgument')
  const { [`${CUSTOMER}key`]: _key, ...noKey } = good
  t.equal(codeOf(await s3('PUT', '/bucket/o', { body: 'x', headers: noKey })), '400 InvalidArgument')
})

await t.test('a copy is read with one key and written with another', async (t) => {
  const { s3 } = await bucket()
  await s3('PUT', '/bucket/o', { body: PLAIN, headers: keyHeaders(KEY) })
  const source = { 'x-amz-copy-source': '/bucket/o' }
  t.equal(codeOf(await s3('PUT', '/bucket/copy', { headers: source })), '400 InvalidRequest')
  const headers = { ...source, ...keyHeaders(KEY, SOURCE), ...keyHeaders(OTHER) }
  t.equal((await s3('PUT', '/bucket/copy', { headers })).status, 200)
  t.equal((await s3('GET', '/bucket/copy', { headers: keyHeaders(OTHER) })).body, PLAIN)
  t.equal(
    (await s3('PUT', '/bucket/open', { headers: { ...source, ...keyHeaders(KEY, SOURCE) } })).status,
    200,
  )
  t.equal((await s3('GET', '/bucket/open')).body, PLAIN)
})

await t.test('an upload in parts is encrypted with the key that it was begun with', async (t) => {
  const { s3 } = await bucket()
  const headers = keyHeaders(KEY)
  const begun = await s3('POST', '/bucket/o?uploads', { headers })
  const uploadId = elementIn(begun, 'UploadId')
  const parts = [Buffer.alloc(5 * 1024 * 1024, 'parts in the clear '), Buffer.from('tail')]
  const etags: string[] = []
  for (const [at, body] of parts.entries()) {
    const place = `/bucket/o?partNumber=${at + 1}&uploadId=${uploadId}`
    t.equal(codeOf(await s3('PUT', place, { body })), '400 InvalidRequest')
    t.equal(codeOf(await s3('PUT', place, { body, headers: keyHeaders(OTHER) })), '400 InvalidRequest')
    etags.push(String((await s3('PUT', place, { body, headers })).headers['etag']))
  }
  const written = etags.map(
    (etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const body = `<CompleteMultipartUpload>${written.join('')}</CompleteMultipartUpload>`
  t.equal((await s3('POST', `/bucket/o?uploadId=${uploadId}`, { body })).status, 200)
  t.equal(codeOf(await s3('GET', '/bucket/o')), '400 InvalidRequest')
  t.equal(codeOf(await s3('GET', '/bucket/o', { headers: keyHeaders(OTHER) })), '403 AccessDenied')
  const got = await s3('GET', '/bucket/o', { headers: { ...headers, range: 'bytes=5242870-' } })
  t.equal(got.body, Buffer.concat(parts).subarray(5_242_870).toString())
  const part = await s3('GET', '/bucket/o?partNumber=2', { headers })
  t.match(part, { status: 206, body: 'tail', headers: { 'x-amz-mp-parts-count': '2' } })
  t.equal((await s3('PUT', '/bucket/o?tagging', { body: '<Tagging><TagSet/></Tagging>' })).status, 200)
})

await t.test('the parts of a version that is the current one are told and read with its key', async (t) => {
  const { s3 } = await bucket()
  const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await s3('PUT', '/bucket?versioning', { body: enabled })
  const headers = keyHeaders(KEY)
  const uploadId = elementIn(await s3('POST', '/bucket/o?uploads', { headers }), 'UploadId')
  const sent = await s3('PUT', `/bucket/o?partNumber=1&uploadId=${uploadId}`, { body: PLAIN, headers })
  const part = `<Part><PartNumber>1</PartNumber><ETag>${sent.headers['etag']}</ETag></Part>`
  const body = `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`
  const complete = () => s3('POST', `/bucket/o?uploadId=${uploadId}`, { body })
  t.equal((await complete()).status, 200)
  t.equal((await complete()).status, 200, 'asked for again')
  const told = { status: 206, body: PLAIN, headers: { 'x-amz-mp-parts-count': '1' } }
  t.match(await s3('GET', '/bucket/o?partNumber=1', { headers }), told)
  const asked = { ...headers, 'x-amz-object-attributes': 'ObjectParts' }
  t.equal(elementIn(await s3('GET', '/bucket/o?attributes', { headers: asked }), 'PartsCount'), '1')
})

await t.test('with the cluster’s keys an object is stored encrypted and read by whoever may', async (t) => {
  const { s3, store } = await bucket()
  for (const [algorithm, key] of [
    ['AES256', undefined],
    ['aws:kms', 'alias/aws/s3'],
    ['aws:kms', 'my key'],
  ] as const) {
    const headers = {
      'x-amz-server-side-encryption': algorithm,
      ...(key === 'my key' ? { 'x-amz-server-side-encryption-aws-kms-key-id': key } : {}),
    }
    const told = {
      'x-amz-server-side-encryption': algorithm,
      ...(key === undefined ? {} : { 'x-amz-server-side-encryption-aws-kms-key-id': key }),
    }
    const put = await s3('PUT', '/bucket/o', { body: PLAIN, headers })
    t.match(put, { status: 200, headers: told })
    t.equal(put.headers['etag'], `"${createHash('md5').update(PLAIN).digest('hex')}"`)
    t.notOk((await stored({ store }, 'o')).includes(PLAIN))
    t.match(await s3('GET', '/bucket/o'), { body: PLAIN, headers: told })
    t.match(await s3('HEAD', '/bucket/o'), { status: 200, headers: told })
    const match = { 'if-match': String(put.headers['etag']) }
    t.equal((await s3('GET', '/bucket/o', { headers: match })).status, 200)
    await s3('PUT', '/bucket/copy', { headers: { 'x-amz-copy-source': '/bucket/o' } })
    const copy = await s3('GET', '/bucket/copy')
    t.equal(copy.body, PLAIN)
    t.equal(copy.headers['x-amz-server-side-encryption'], undefined, 'a copy is what its request asks for')
  }
  const bad = async (headers: Headers): Promise<string> =>
    codeOf(await s3('PUT', '/bucket/o', { body: 'x', headers }))
  t.equal(await bad({ 'x-amz-server-side-encryption': 'what' }), '400 InvalidArgument')
  t.equal(await bad({ 'x-amz-server-side-encryption-aws-kms-key-id': 'k' }), '400 InvalidArgument')
  const kms = { 'x-amz-server-side-encryption': 'aws:kms' }
  t.equal(await bad({ ...kms, 'x-amz-server-side-encryption-context': 'no map' }), '400 InvalidArgument')
  const read = await s3('GET', '/bucket/o', { headers: kms })
  t.equal(codeOf(read), '400 InvalidArgument', 'how it was encrypted is not for a reader to say')
  t.equal((await s3('HEAD', '/bucket/o', { headers: kms })).status, 400)
})

await t.test('a key of the bucket is told of objects that have theirs from it', async (t) => {
  const { s3 } = await bucket()
  const name = 'x-amz-server-side-encryption-bucket-key-enabled'
  const kms = { 'x-amz-server-side-encryption': 'aws:kms' }
  const put = async (headers: Headers): Promise<unknown> => {
    const { headers: told } = await s3('PUT', '/bucket/o', { body: PLAIN, headers })
    t.equal((await s3('HEAD', '/bucket/o')).headers[name], told[name], 'readers are told the same')
    return told[name]
  }
  t.equal(await put(kms), undefined)
  t.equal(await put({ ...kms, [name]: 'true' }), 'true')
  t.equal(await put({ 'x-amz-server-side-encryption': 'AES256', [name]: 'true' }), undefined)
  t.equal((await s3('GET', '/bucket/o')).body, PLAIN)
  const rule =
    '<ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled>'
  const body = `<ServerSideEncryptionConfiguration><Rule>${rule}</Rule></ServerSideEncryptionConfiguration>`
  await s3('PUT', '/bucket?encryption', { body })
  t.equal(await put({}), 'true', 'as the bucket has it')
  t.equal(await put({ ...kms, [name]: 'false' }), undefined, 'the header comes first')
  const copied = await s3('PUT', '/bucket/copy', { headers: { 'x-amz-copy-source': '/bucket/o' } })
  t.equal(copied.headers[name], 'true', 'a copy has it of its own bucket')
  const begun = await s3('POST', '/bucket/parts?uploads')
  t.equal(begun.headers[name], 'true')
  const place = `/bucket/parts?partNumber=1&uploadId=${elementIn(begun, 'UploadId')}`
  t.equal((await s3('PUT', place, { body: PLAIN })).headers[name], 'true')
})

await t.test('what a bucket has by default holds for what is put into it', async (t) => {
  const { s3, store } = await bucket()
  const rule =
    '<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>'
  const body = `<ServerSideEncryptionConfiguration><Rule>${rule}</Rule></ServerSideEncryptionConfiguration>`
  t.equal((await s3('PUT', '/bucket?encryption', { body })).status, 200)
  t.match(await s3('PUT', '/bucket/o', { body: PLAIN }), {
    headers: { 'x-amz-server-side-encryption': 'AES256' },
  })
  t.notOk((await stored({ store }, 'o')).includes(PLAIN))
  t.match(await s3('GET', '/bucket/o'), {
    body: PLAIN,
    headers: { 'x-amz-server-side-encryption': 'AES256' },
  })
})

await t.test('a version that is kept stays encrypted', async (t) => {
  const { s3 } = await bucket()
  const headers = keyHeaders(KEY)
  await s3('PUT', '/bucket/mine', { body: PLAIN, headers })
  await s3('PUT', '/bucket/ours', { body: PLAIN, headers: { 'x-amz-server-side-encryption': 'AES256' } })
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await s3('PUT', '/bucket?versioning', { body })
  for (const key of ['mine', 'ours']) await s3('PUT', `/bucket/${key}`, { body: 'new' })
  t.equal((await s3('GET', '/bucket/mine?versionId=null', { headers })).body, PLAIN)
  t.equal(codeOf(await s3('GET', '/bucket/mine?versionId=null')), '400 InvalidRequest')
  t.match(await s3('GET', '/bucket/ours?versionId=null'), {
    body: PLAIN,
    headers: { 'x-amz-server-side-encryption': 'AES256' },
  })
})
