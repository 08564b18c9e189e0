/**
 * What the signers of the newest AWS SDK for JavaScript, of one of 2023, and of minio make is let in: in headers, in links,
 * in forms and in chunks, with checksums in every place.
 */
import { PassThrough, Readable } from 'node:stream'
import * as newest from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import * as older from 'client-s3-2023'
import { Client as Minio } from 'minio'
import t from 'tap'
import { CHECKSUM_ALGORITHMS, checksumOf } from '#base/checksums/checksum.ts'
import { sdkOptions } from './client-settings.ts'
import { type MemoryDoor, startMemoryDoor } from './memory-door.ts'

const KEYS = [
  'plain',
  'a b+c%/ü//x.txt',
  'dots/../and/./more',
  'trailing/',
  "!'()*~@:$&=,",
  '\u{1F426}',
  '%2F%',
]
/** `fetch` puts paths with dots right before it sends them. */
const FETCHED_KEYS = KEYS.filter((key) => !key.includes('..'))
const Bucket = 'signers'
let door: MemoryDoor

t.before(async () => {
  door = await startMemoryDoor(t)
  await door.signed({ method: 'PUT', target: `/${Bucket}` })
})

/** What came with the last upload. */
function lastUpload(): Readonly<Record<string, string | undefined>> {
  return door.requests.findLast(({ method }) => method === 'PUT')?.headers ?? {}
}

void t.test('the newest SDK in its default settings', async (t) => {
  const client = new newest.S3Client(sdkOptions(door.url))
  t.teardown(() => client.destroy())
  for (const Key of KEYS) {
    const put = await client.send(
      new newest.PutObjectCommand({ Bucket, Key, Body: Key, Metadata: { colour: 'red' } }),
    )
    t.equal(put.ChecksumCRC32, checksumOf('CRC32', Buffer.from(Key)), Key)
    const got = await client.send(new newest.GetObjectCommand({ Bucket, Key }))
    t.equal(await got.Body?.transformToString(), Key)
  }
  const Body = Readable.from([Buffer.alloc(70_000, 'a'), Buffer.alloc(70_000, 'b')])
  await client.send(new newest.PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: 140_000 }))
  t.match(lastUpload(), {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-trailer': 'x-amz-checksum-crc32',
    'x-amz-decoded-content-length': '140000',
  })
  const stream = await client.send(new newest.GetObjectCommand({ Bucket, Key: 'stream' }))
  t.equal((await stream.Body?.transformToByteArray())?.length, 140_000)
  t.equal(stream.ContentEncoding, undefined)
})

/** Those that the SDK computes by itself. */
const COMPUTED = CHECKSUM_ALGORITHMS.filter((algorithm) => algorithm !== 'SHA512' && algorithm !== 'MD5')

void t.test('the newest SDK with each checksum, of buffers and of streams', async (t) => {
  const client = new newest.S3Client(sdkOptions(door.url))
  t.teardown(() => client.destroy())
  for (const ChecksumAlgorithm of COMPUTED) {
    const name = `Checksum${ChecksumAlgorithm}` as const
    const expected = checksumOf(ChecksumAlgorithm, Buffer.from('hello'))
    const put = await client.send(
      new newest.PutObjectCommand({ Bucket, Key: name, Body: 'hello', ChecksumAlgorithm }),
    )
    t.equal(put[name], expected, name)
    const Body = Readable.from([Buffer.from('hello')])
    const input = { Bucket, Key: name, Body, ContentLength: 5, ChecksumAlgorithm }
    t.equal((await client.send(new newest.PutObjectCommand(input)))[name], expected, `${name} in a trailer`)
    const head = await client.send(
      new newest.HeadObjectCommand({ Bucket, Key: name, ChecksumMode: 'ENABLED' }),
    )
    t.equal(head[name], expected)
  }
})

void t.test('links of the newest SDK', async (t) => {
  const client = new newest.S3Client(sdkOptions(door.url))
  t.teardown(() => client.destroy())
  for (const Key of FETCHED_KEYS) {
    const put = await getSignedUrl(
      client,
      new newest.PutObjectCommand({ Bucket, Key, ContentType: 'text/plain' }),
    )
    t.equal((await fetch(put, { method: 'PUT', body: `by link ${Key}` })).status, 200, `PUT ${Key}`)
    const get = await getSignedUrl(client, new newest.GetObjectCommand({ Bucket, Key }), {
      expiresIn: 604_800,
    })
    t.equal(await (await fetch(get)).text(), `by link ${Key}`, `GET ${Key}`)
    t.equal((await fetch(get, { method: 'DELETE' })).status, 403, 'a link is for one method')
  }
  const remove = await getSignedUrl(client, new newest.DeleteObjectCommand({ Bucket, Key: 'plain' }))
  t.equal((await fetch(remove, { method: 'DELETE' })).status, 204)
})

void t.test('a form of the newest SDK', async (t) => {
  const client = new newest.S3Client(sdkOptions(door.url))
  t.teardown(() => client.destroy())
  const { url, fields } = await createPresignedPost(client, {
    Bucket,
    Key: 'forms/${filename}',
    Conditions: [
      ['content-length-range', 1, 100],
      ['starts-with', '$Content-Type', 'image/'],
    ],
    Fields: { 'Content-Type': 'image/png', success_action_status: '201' },
  })
  const post = (bytes: number): Promise<Response> => {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    form.set('file', new Blob([Buffer.alloc(bytes)]), 'picture.png')
    return fetch(url, { method: 'POST', body: form })
  }
  t.equal((await post(100)).status, 201)
  t.equal((await post(101)).status, 400)
  const got = await client.send(new newest.GetObjectCommand({ Bucket, Key: 'forms/picture.png' }))
  t.equal(got.ContentType, 'image/png')
})

void t.test('an SDK of 2023', async (t) => {
  const client = new older.S3Client(sdkOptions(door.url))
  t.teardown(() => client.destroy())
  for (const Key of KEYS) {
    await client.send(new older.PutObjectCommand({ Bucket, Key, Body: Key }))
    const got = await client.send(new older.GetObjectCommand({ Bucket, Key }))
    t.equal(await got.Body?.transformToString(), Key)
  }
  const Body = Readable.from([Buffer.from('hello')])
  const input = { Bucket, Key: 'stream', Body, ContentLength: 5, ChecksumAlgorithm: 'SHA256' as const }
  const put = await client.send(new older.PutObjectCommand(input))
  t.equal(put.ChecksumSHA256, checksumOf('SHA256', Buffer.from('hello')))
})

void t.test('minio', async (t) => {
  const { hostname, port } = new URL(door.url)
  const { credentials, region } = sdkOptions(door.url)
  const client = new Minio({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    accessKey: credentials.accessKeyId,
    secretKey: credentials.secretAccessKey,
    region,
  })
  for (const key of FETCHED_KEYS) {
    await client.putObject(Bucket, key, key)
    const chunks: Buffer[] = []
    for await (const chunk of await client.getObject(Bucket, key)) chunks.push(chunk as Buffer)
    t.equal(Buffer.concat(chunks).toString(), key)
    t.equal(await (await fetch(await client.presignedGetObject(Bucket, key, 60))).text(), key, `link ${key}`)
  }
  const stream = new PassThrough()
  stream.end(Buffer.alloc(100_000, 'x'))
  await client.putObject(Bucket, 'stream', stream, 100_000)
  t.equal((await client.statObject(Bucket, 'stream')).size, 100_000)
  const policy = client.newPostPolicy()
  policy.setBucket(Bucket)
  policy.setKey('by-form')
  policy.setExpires(new Date(Date.now() + 60_000))
  const { postURL, formData } = await client.presignedPostPolicy(policy)
  const form = new FormData()
  for (const [name, value] of Object.entries(formData)) form.set(name, String(value))
  form.set('file', new Blob(['hello']), 'hello.txt')
  t.equal((await fetch(postURL, { method: 'POST', body: form })).status, 204)
})
