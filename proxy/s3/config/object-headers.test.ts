/** What answers about objects and uploads tell of the lifecycle of their bucket. */
import t from 'tap'
import { contentMd5, elementIn, s3Door } from '../../testing/s3-door.ts'

const RULES =
  '<LifecycleConfiguration><Rule><ID>old logs</ID><Filter><Prefix>log/</Prefix></Filter><Status>Enabled</Status>' +
  '<Expiration><Days>1</Days></Expiration>' +
  '<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>' +
  '</Rule></LifecycleConfiguration>'
const EXPIRES = /^expiry-date="[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} 00:00:00 GMT", rule-id="old%20logs"$/

t.test('what expires says when, however it is written and read', async (t) => {
  const { s3 } = s3Door()
  await s3('PUT', '/box')
  t.equal((await s3('PUT', '/box?lifecycle', { body: RULES })).status, 200)
  const told = async (method: string, target: string, sending = {}): Promise<string | undefined> =>
    (await s3(method, target, sending)).headers['x-amz-expiration']
  t.match(await told('PUT', '/box/log/1', { body: 'x' }), EXPIRES)
  t.match(await told('HEAD', '/box/log/1'), EXPIRES)
  t.match(await told('PUT', '/box/log/2', { headers: { 'x-amz-copy-source': '/box/log/1' } }), EXPIRES)
  t.equal(await told('PUT', '/box/kept', { body: 'x' }), undefined)
})

t.test('an upload in parts says when it is given up', async (t) => {
  const { s3 } = s3Door()
  await s3('PUT', '/box')
  await s3('PUT', '/box?lifecycle', { body: RULES })
  const given = { 'x-amz-abort-date': / 00:00:00 GMT$/, 'x-amz-abort-rule-id': 'old%20logs' }
  const begun = await s3('POST', '/box/log/1?uploads')
  t.match(begun.headers, given)
  const uploadId = elementIn(begun, 'UploadId') ?? ''
  t.equal((await s3('PUT', `/box/log/1?partNumber=1&uploadId=${uploadId}`, { body: 'x' })).status, 200)
  t.match((await s3('GET', `/box/log/1?uploadId=${uploadId}`)).headers, given)
  const etag = Buffer.from(contentMd5('x'), 'base64').toString('hex')
  const parts = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`
  const body = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`
  const completed = await s3('POST', `/box/log/1?uploadId=${uploadId}`, { body })
  t.match(completed.headers['x-amz-expiration'], EXPIRES)
  t.notOk((await s3('POST', '/box/kept?uploads')).headers['x-amz-abort-date'])
})

t.test('from which size on objects are moved is kept with the rules', async (t) => {
  const { s3 } = s3Door()
  await s3('PUT', '/box')
  const name = 'x-amz-transition-default-minimum-object-size'
  const put = (size: string) => s3('PUT', '/box?lifecycle', { body: RULES, headers: { [name]: size } })
  t.match(await put('varies_by_storage_class'), {
    status: 200,
    headers: { [name]: 'varies_by_storage_class' },
  })
  t.equal((await s3('GET', '/box?lifecycle')).headers[name], 'varies_by_storage_class')
  t.equal(elementIn(await put('any'), 'Code'), 'InvalidArgument')
  await s3('PUT', '/box?lifecycle', { body: RULES })
  t.equal((await s3('GET', '/box?lifecycle')).headers[name], 'all_storage_classes_128K')
})
