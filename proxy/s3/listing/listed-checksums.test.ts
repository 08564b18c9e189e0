/** Goal: every listing of S3's says of which kind an object's checksum is, and no client of Swift's is told of it. */
import t from 'tap'
import { elementIn, s3Door } from '../../testing/s3-door.ts'
import { askingAs, type Received } from '../../testing/test-proxy.ts'

/** Algorithm and type by key, `none` of an object without. */
function checksumsIn({ body }: Received): Readonly<Record<string, string>> {
  const told: Record<string, string> = {}
  for (const [, , inner = ''] of body.matchAll(/<(Contents|Version)>(.*?)<\/\1>/g)) {
    const one = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(inner)?.[1] ?? 'none'
    told[one('Key')] = `${one('ChecksumAlgorithm')} ${one('ChecksumType')}`
  }
  return told
}

const door = s3Door()
const { s3, handler } = door
const WANTED = {
  composite: 'SHA256 COMPOSITE',
  copied: 'SHA1 FULL_OBJECT',
  plain: 'CRC64NVME FULL_OBJECT',
  rare: 'CRC64NVME FULL_OBJECT',
  sha1: 'SHA1 FULL_OBJECT',
  swift: 'none none',
}

await t.test('algorithm and type are listed, by both listings of objects', async (t) => {
  await s3('PUT', '/bucket')
  const swift = await askingAs(handler, 'test:tester', 'testing')
  await swift('PUT', '/bucket/swift', { body: 'x' })
  await s3('PUT', '/bucket/plain', { body: 'x' })
  const sha1 = { 'x-amz-checksum-sha1': 'EfatjsUqKYSrqv18O1FlA3hcIHI=' }
  t.equal((await s3('PUT', '/bucket/sha1', { body: 'x', headers: sha1 })).status, 200)
  await s3('PUT', '/bucket/rare', { body: 'x', headers: { 'x-amz-storage-class': 'GLACIER' } })
  await s3('PUT', '/bucket/copied', { headers: { 'x-amz-copy-source': '/bucket/sha1' } })
  const asked = { headers: { 'x-amz-checksum-algorithm': 'SHA256' }, body: '' }
  const begun = await s3('POST', '/bucket/composite?uploads', asked)
  const uploadId = elementIn(begun, 'UploadId') ?? ''
  const sha256 = 'LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE='
  const sent = { body: 'x', headers: { 'x-amz-checksum-sha256': sha256 } }
  const part = await s3('PUT', `/bucket/composite?partNumber=1&uploadId=${uploadId}`, sent)
  const named = `<Part><PartNumber>1</PartNumber><ETag>${part.headers['etag']}</ETag><ChecksumSHA256>${sha256}</ChecksumSHA256></Part>`
  const body = `<CompleteMultipartUpload>${named}</CompleteMultipartUpload>`
  t.equal((await s3('POST', `/bucket/composite?uploadId=${uploadId}`, { body })).status, 200)
  t.same(checksumsIn(await s3('GET', '/bucket?list-type=2')), WANTED)
  t.same(checksumsIn(await s3('GET', '/bucket')), WANTED)
  t.same(checksumsIn(await s3('GET', '/bucket?versions')), WANTED)
  // A page of nothing but usual objects.
  t.same(checksumsIn(await s3('GET', '/bucket?list-type=2&prefix=plain')), { plain: WANTED.plain })
})

await t.test('Swift’s clients see bare digests, whatever else is on the page', async (t) => {
  const swift = await askingAs(handler, 'test:tester', 'testing')
  for (const query of ['format=json', 'format=json&prefix=plain', 'format=json&prefix=s']) {
    const rows = JSON.parse((await swift('GET', `/bucket?${query}`)).body) as readonly Record<
      string,
      string
    >[]
    t.ok(rows.length > 0)
    for (const row of rows) {
      t.match(row['hash'], /^[0-9a-f]{32}$/, `${query} ${row['name']}`)
      t.equal(row['s3_sum'], undefined)
    }
  }
  const xml = await swift('GET', '/bucket?format=xml')
  t.notMatch(xml.body, /s3_sum/)
})

await t.test('versions are listed with those of each, also after the bucket kept none', async (t) => {
  await s3('PUT', '/kept')
  await s3('PUT', '/kept/before', { body: 'x' })
  const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await s3('PUT', '/kept?versioning', { body: enabled })
  await s3('PUT', '/kept/after', { body: 'x' })
  const wanted = { before: 'CRC64NVME FULL_OBJECT', after: 'CRC64NVME FULL_OBJECT' }
  t.same(checksumsIn(await s3('GET', '/kept?versions')), wanted)
  t.same(checksumsIn(await s3('GET', '/kept?list-type=2')), wanted)
  await s3('PUT', '/kept/before', { body: 'y' })
  t.equal((await s3('GET', '/kept?versions')).body.match(/<ChecksumAlgorithm>/g)?.length, 3)
})
