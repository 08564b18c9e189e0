import t from 'tap'
import { chunkedBody, seedIn } from '#auth/testing/aws-chunked.ts'
import { sha256 } from '#auth/testing/sign-v4.ts'
import { checksumOf } from '#base/checksums/checksum.ts'
import { contentMd5, elementIn } from '../testing/s3-door.ts'
import { OTHER, signedHeaders, signedS3Door, signingNow, TESTER } from '../testing/signed-s3-door.ts'
import type { Received } from '../testing/test-proxy.ts'

const door = signedS3Door()
const { signed, presigned, unsigned } = door

function outcome(received: Received): string {
  const code = elementIn(received, 'Code')
  return code === undefined ? String(received.status) : `${received.status} ${code}`
}

t.before(async () => {
  await signed({ method: 'PUT', target: '/bucket' })
})

void t.test('a signed upload is stored, and read by who may', async (t) => {
  const body = 'hello'
  const put = await signed({ method: 'PUT', target: '/bucket/a%20key', body })
  t.equal(outcome(put), '200')
  t.equal(
    put.headers['x-amz-checksum-crc64nvme'],
    checksumOf('CRC64NVME', Buffer.from(body)),
    'which nobody sent',
  )
  t.equal((await signed({ target: '/bucket/a%20key' })).body, body)
  t.equal((await presigned({ target: '/bucket/a%20key' })).body, body)
  t.equal(outcome(await unsigned({ target: '/bucket/a%20key' })), '403 AccessDenied')
  t.equal(outcome(await signed({ target: '/bucket/a%20key' }, signingNow(OTHER))), '403 AccessDenied')
})

void t.test('a signature that is wrong opens nothing, and is told why', async (t) => {
  const forged = await signed({ target: '/bucket/key' }, signingNow({ ...TESTER, secret: 'guess' }))
  t.equal(outcome(forged), '403 SignatureDoesNotMatch')
  t.match(elementIn(forged, 'CanonicalRequest'), /^GET\n\/bucket\/key\n/)
  const nobody = await signed({ target: '/bucket/key' }, signingNow({ accessKey: 'nobody', secret: '' }))
  t.equal(elementIn(nobody, 'AWSAccessKeyId'), 'nobody')
  const elsewhere = await signed({ target: '/bucket' }, { ...signingNow(), region: 'eu-west-1' })
  t.equal(outcome(elsewhere), '400 AuthorizationHeaderMalformed')
  t.equal(elementIn(elsewhere, 'Region'), 'us-east-1')
  const head = await signed({ method: 'HEAD', target: '/bucket' }, { ...signingNow(), region: 'eu-west-1' })
  t.equal(head.status, 400)
  t.equal(head.headers['x-amz-bucket-region'], 'us-east-1', 'HEAD has no XML that could tell it')
  const empty = await unsigned({ target: '/bucket/key', headers: { authorization: '' } })
  t.equal(outcome(empty), '403 AccessDenied', 'no signature is none')
  const closed = await unsigned({ method: 'HEAD', target: '/bucket' })
  t.equal(closed.status, 403)
  t.equal(closed.headers['x-amz-bucket-region'], 'us-east-1')
})

void t.test('another body than was signed is not stored', async (t) => {
  const sent = { method: 'PUT', target: '/bucket/tampered' }
  const headers = signedHeaders({ ...sent, body: 'what was signed' })
  t.equal(
    outcome(await unsigned({ ...sent, headers, body: 'what came..er..' })),
    '400 XAmzContentSHA256Mismatch',
  )
  t.equal(outcome(await signed({ target: '/bucket/tampered' })), '404 NoSuchKey')
})

void t.test('an upload in signed chunks with a trailer is stored as what it means', async (t) => {
  const payload = Buffer.alloc(100_000, 'many bytes ')
  const value = checksumOf('CRC32C', payload)
  const sent = {
    method: 'PUT',
    target: '/bucket/chunked',
    headers: {
      'content-encoding': 'aws-chunked,gzip',
      'x-amz-decoded-content-length': String(payload.length),
      'x-amz-trailer': 'x-amz-checksum-crc32c',
    },
  }
  const signing = signingNow()
  const headers = signedHeaders(sent, {
    ...signing,
    payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  })
  const body = chunkedBody({
    payload,
    chunkBytes: 16_384,
    trailer: [`x-amz-checksum-crc32c:${value}`],
    signed: { ...signing, seedSignature: seedIn(headers['authorization'] ?? '') },
  })
  const put = await unsigned({ ...sent, headers, body })
  t.equal(outcome(put), '200')
  t.equal(put.headers['x-amz-checksum-crc32c'], value)
  const read = await signed({ target: '/bucket/chunked', headers: { 'x-amz-checksum-mode': 'ENABLED' } })
  t.equal(read.body, payload.toString())
  t.match(read.headers, {
    'content-encoding': 'gzip',
    'x-amz-checksum-crc32c': value,
    'x-amz-checksum-type': 'FULL_OBJECT',
  })
  body[20_000] = 0x21
  t.equal(
    outcome(await unsigned({ ...sent, target: '/bucket/chunked', headers, body })),
    '403 SignatureDoesNotMatch',
  )
  t.equal((await signed({ target: '/bucket/chunked' })).body, payload.toString(), 'the one before stays')
})

void t.test('a wrong checksum is told, and nothing stored', async (t) => {
  const sent = {
    method: 'PUT',
    target: '/bucket/wrong',
    headers: { 'x-amz-checksum-sha256': checksumOf('SHA256', Buffer.alloc(1)) },
  }
  const put = await signed({ ...sent, body: 'hello' })
  t.equal(outcome(put), '400 BadDigest')
  t.equal(elementIn(put, 'Message'), 'The SHA256 you specified did not match the calculated checksum.')
  t.equal(outcome(await signed({ target: '/bucket/wrong' })), '404 NoSuchKey')
})

void t.test(
  'headers in a link count as if they had been sent, but for the checksum of nothing',
  async (t) => {
    const target =
      '/bucket/by-link?x-amz-meta-colour=blue&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32'
    t.equal(outcome(await presigned({ method: 'PUT', target, body: 'hello' })), '200')
    t.match((await signed({ method: 'HEAD', target: '/bucket/by-link' })).headers, {
      'x-amz-meta-colour': 'blue',
    })
  },
)

void t.test('a document is read only when it is what was signed', async (t) => {
  const body = '<Delete><Object><Key>a key</Key></Object></Delete>'
  const sent = { method: 'POST', target: '/bucket?delete', headers: { 'content-md5': contentMd5(body) } }
  const headers = signedHeaders({ ...sent, body })
  const changed = body.replace('a key', 'b key')
  t.equal(outcome(await unsigned({ ...sent, headers, body: changed })), '400 XAmzContentSHA256Mismatch')
})

void t.test('temporary credentials are those of their holder', async (t) => {
  const found = await door.authentication.verifier.verify({
    method: 'GET',
    path: '/',
    query: '',
    headers: signedHeaders({ target: '/' }),
    bucketInHost: undefined,
  })
  if (found.kind !== 'signed') return t.fail('not signed')
  const issued = door.authentication.sessions.issue(
    { accessKey: found.lastingKey, holder: found.holder },
    { name: 'build', policy: undefined },
    900,
  )
  t.equal(
    outcome(await signed({ method: 'PUT', target: '/bucket/by-session', body: 'x' }, signingNow(issued))),
    '200',
  )
  return undefined
})

void t.test('an unsigned payload is taken as it comes', async (t) => {
  const sent = { method: 'PUT', target: '/bucket/unsigned', body: 'hello' }
  t.equal(outcome(await signed(sent, { ...signingNow(), payloadHash: 'UNSIGNED-PAYLOAD' })), '200')
  t.equal(
    outcome(await signed(sent, { ...signingNow(), payloadHash: sha256('other') })),
    '400 XAmzContentSHA256Mismatch',
  )
})
