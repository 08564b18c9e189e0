import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import type { SignedBy } from '#auth/s3/request-verifier.ts'
import { chunkedBody } from '#auth/testing/aws-chunked.ts'
import { HOLDER } from '#auth/testing/s3-verifier.ts'
import { EXAMPLE, sha256, signingKey } from '#auth/testing/sign-v4.ts'
import { CHECKSUM_ALGORITHMS, checksumOf } from '#base/checksums/checksum.ts'
import {
  BodyError,
  bufferBody,
  EMPTY_BODY,
  type HeaderMap,
  ownRequest,
  type RequestBody,
} from '#http/message.ts'
import { isS3Error, type S3Error } from '../error.ts'
import { s3Request } from '../request.ts'
import { sentBody } from './sent-body.ts'

/** The example of AWS's documentation: 65 KiB of the letter a, in chunks of 64 KiB. */
const SIGNING = { credentials: EXAMPLE, date: '20130524T000000Z' }
const SEED = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
const PAYLOAD = Buffer.alloc(66_560, 'a')
const CHUNKED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
const WITH_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
const UNSIGNED = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

function sender(payloadHash: string, seedSignature = SEED): SignedBy {
  return {
    kind: 'signed',
    via: 'header',
    accessKey: EXAMPLE.accessKey,
    lastingKey: EXAMPLE.accessKey,
    holder: HOLDER,
    session: undefined,
    payloadHash,
    chunks: {
      key: createSecretKey(signingKey(SIGNING)),
      date: SIGNING.date,
      scope: '20130524/us-east-1/s3/aws4_request',
      seedSignature,
    },
  }
}

interface Arrived {
  readonly body: Buffer
  readonly headers?: HeaderMap
  readonly payloadHash?: string
  readonly seed?: string
  readonly method?: string
  readonly target?: string
  /** Computed where none comes with it. */
  readonly compute?: 'CRC64NVME'
  /** In pieces of this many bytes. */
  readonly pieceBytes?: number
}

type Outcome =
  | {
      readonly kind: 'whole'
      readonly payload: Buffer
      readonly checksum: unknown
      readonly lengthBytes: number | undefined
    }
  | { readonly kind: 'refused'; readonly error: S3Error | undefined }

/** Reads a body to its end, as an upload does. */
async function receive(arrived: Arrived): Promise<Outcome> {
  const {
    body,
    method = 'PUT',
    target = '/bucket/key',
    payloadHash = 'UNSIGNED-PAYLOAD',
    seed,
    pieceBytes,
  } = arrived
  const [path = '', query = ''] = target.split('?')
  const headers = { host: 'door.example', 'content-length': String(body.length), ...arrived.headers }
  const http = ownRequest({ method, path, query, headers, body: inPieces(body, pieceBytes ?? 7000) })
  const request = s3Request(http, [])
  if (isS3Error(request)) throw new Error('the request is no request')
  const sent = sentBody(request, sender(payloadHash, seed))
  if (isS3Error(sent)) return { kind: 'refused', error: sent }
  if (arrived.compute !== undefined) sent.computeChecksum(arrived.compute)
  const pieces: Buffer[] = []
  try {
    for await (const piece of sent.body) pieces.push(Buffer.from(piece))
  } catch (error) {
    if (!(error instanceof BodyError)) throw error
    return { kind: 'refused', error: sent.problem() }
  }
  const { lengthBytes } = sent.body
  return { kind: 'whole', payload: Buffer.concat(pieces), checksum: sent.checksum(), lengthBytes }
}

function inPieces(bytes: Buffer, pieceBytes: number): RequestBody {
  return {
    lengthBytes: bytes.length,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
    },
  }
}

async function codeOf(arrived: Arrived): Promise<string | undefined> {
  const outcome = await receive(arrived)
  return outcome.kind === 'whole' ? undefined : (outcome.error?.code ?? 'no reason')
}

function decoded(bytes: number): HeaderMap {
  return { 'x-amz-decoded-content-length': String(bytes), 'content-encoding': 'aws-chunked' }
}

const SIGNED_EXAMPLE: Arrived = {
  body: chunkedBody({ payload: PAYLOAD, chunkBytes: 65_536, signed: { ...SIGNING, seedSignature: SEED } }),
  headers: decoded(PAYLOAD.length),
  payloadHash: CHUNKED,
}

void t.test("the chunked upload of AWS's documentation is taken", async (t) => {
  const { body } = SIGNED_EXAMPLE
  t.match(
    body.toString('latin1', 0, 90),
    '10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  )
  t.match(
    body.toString('latin1', body.length - 90),
    '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  )
  const outcome = await receive(SIGNED_EXAMPLE)
  t.equal(outcome.kind, 'whole')
  if (outcome.kind !== 'whole') return
  t.ok(outcome.payload.equals(PAYLOAD))
  t.equal(outcome.lengthBytes, PAYLOAD.length)
})

void t.test('a changed byte anywhere in signed chunks is noticed', async () => {
  const { body } = SIGNED_EXAMPLE
  await fc.assert(
    fc.asyncProperty(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Buffer.from(body)
      changed[at] = (changed[at] as number) ^ change
      const outcome = await receive({ ...SIGNED_EXAMPLE, body: changed, pieceBytes: 65_536 })
      return outcome.kind === 'refused' && outcome.error !== undefined
    }),
    { numRuns: 30 },
  )
})

void t.test('signed chunks cannot be left out, repeated or swapped', async (t) => {
  const payload = Buffer.concat([Buffer.alloc(8192, 'a'), Buffer.alloc(8192, 'b'), Buffer.alloc(8192, 'c')])
  const body = chunkedBody({ payload, chunkBytes: 8192, signed: { ...SIGNING, seedSignature: SEED } })
  const frame = 8192 + '2000;chunk-signature=\r\n\r\n'.length + 64
  const [one, two, three] = [0, 1, 2].map((index) => body.subarray(index * frame, (index + 1) * frame)) as [
    Buffer,
    Buffer,
    Buffer,
  ]
  const last = body.subarray(3 * frame)
  const send = (parts: readonly Buffer[], bytes: number): Promise<string | undefined> =>
    codeOf({ body: Buffer.concat(parts), headers: decoded(bytes), payloadHash: CHUNKED })
  t.equal(await send([one, two, three, last], 24_576), undefined)
  t.equal(await send([two, one, three, last], 24_576), 'SignatureDoesNotMatch')
  t.equal(await send([one, two, last], 16_384), 'SignatureDoesNotMatch')
  t.equal(await send([one, two, two, three, last], 32_768), 'SignatureDoesNotMatch')
  t.equal(await send([one, two, three], 24_576), 'IncompleteBody')
})

void t.test('every way of being secured takes every checksum in a trailer', async (t) => {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const name = `x-amz-checksum-${algorithm.toLowerCase()}`
    const value = checksumOf(algorithm, PAYLOAD)
    const headers = {
      ...decoded(PAYLOAD.length),
      'x-amz-trailer': name,
      'x-amz-sdk-checksum-algorithm': algorithm,
    }
    const trailer = [`${name}:${value}`]
    const unsigned = chunkedBody({ payload: PAYLOAD, chunkBytes: 65_536, trailer })
    const signed = chunkedBody({
      payload: PAYLOAD,
      chunkBytes: 65_536,
      trailer,
      signed: { ...SIGNING, seedSignature: SEED },
    })
    const expected = { kind: 'whole', checksum: { algorithm, value } }
    t.match(await receive({ body: unsigned, headers, payloadHash: UNSIGNED }), expected, algorithm)
    t.match(
      await receive({ body: signed, headers, payloadHash: WITH_TRAILER }),
      expected,
      `${algorithm}, signed`,
    )
  }
})

const CRC = `x-amz-checksum-crc32:${checksumOf('CRC32', PAYLOAD)}`
const ANNOUNCED = { ...decoded(PAYLOAD.length), 'x-amz-trailer': 'x-amz-checksum-crc32' }

void t.test('what is wrong with a trailer is told as AWS tells it', async (t) => {
  const send = async (
    trailer: readonly string[],
    headers: HeaderMap = ANNOUNCED,
  ): Promise<string | undefined> => {
    const body = chunkedBody({ payload: PAYLOAD, chunkBytes: 65_536, trailer })
    const outcome = await receive({ body, headers, payloadHash: UNSIGNED })
    return outcome.kind === 'whole' ? undefined : `${outcome.error?.code}: ${outcome.error?.message}`
  }
  const malformed = /^MalformedTrailerError: The request contained trailing data that was not well-formed/
  t.equal(await send([CRC]), undefined)
  t.equal(await send([], decoded(PAYLOAD.length)), undefined, 'none is announced, and none comes')
  t.match(await send([]), malformed, 'none comes')
  t.match(await send([CRC], decoded(PAYLOAD.length)), malformed, 'none was announced')
  t.match(await send([CRC, CRC]), malformed, 'twice')
  t.match(await send([CRC, 'x-more:1']), malformed, 'more than was announced')
  t.match(await send([CRC.replace('crc32', 'crc64nvme')]), malformed, 'another')
  t.match(await send([CRC.replace(':', '=')]), malformed, 'no colon')
  t.match(await send([`:${CRC.split(':')[1]}`]), malformed, 'no name')
  t.match(
    await send(['x-amz-checksum-crc32:AAAA']),
    'InvalidRequest: Value for x-amz-checksum-crc32 trailing header is invalid.',
  )
  t.match(
    await send(['x-amz-checksum-crc32:AAAAAA==']),
    'BadDigest: The CRC32 you specified did not match the calculated checksum.',
  )
})

void t.test('a signed trailer needs its signature', async (t) => {
  const send = (
    signed: object,
    trailer = [CRC],
    headers: HeaderMap = ANNOUNCED,
  ): Promise<string | undefined> => {
    const body = chunkedBody({
      payload: PAYLOAD,
      chunkBytes: 65_536,
      trailer,
      signed: { ...SIGNING, seedSignature: SEED, ...signed },
    })
    return codeOf({ body, headers, payloadHash: WITH_TRAILER })
  }
  t.equal(await send({}), undefined)
  t.equal(await send({ trailerSignature: 'none' }), 'MalformedTrailerError')
  t.equal(await send({}, []), 'MalformedTrailerError')
  t.equal(await send({}, [], decoded(PAYLOAD.length)), 'IncompleteBody')
  const forged = [CRC, `x-amz-trailer-signature:${'ab'.repeat(32)}`]
  t.equal(await send({ trailerSignature: 'none' }, forged), 'SignatureDoesNotMatch')
})

void t.test('the announced length is the length', async (t) => {
  const body = chunkedBody({ payload: PAYLOAD, chunkBytes: 65_536 })
  for (const bytes of [0, 5, PAYLOAD.length - 1, PAYLOAD.length + 1]) {
    const outcome = await receive({ body, headers: decoded(bytes), payloadHash: UNSIGNED })
    t.match(outcome, { error: { code: 'IncompleteBody', extra: { NumberBytesExpected: String(bytes) } } })
  }
  for (const written of [undefined, '', 'abc', '-1', '1e3', '9'.repeat(16)]) {
    const headers = { 'x-amz-decoded-content-length': written }
    t.equal(await codeOf({ body, headers, payloadHash: UNSIGNED }), 'MissingContentLength', written ?? 'none')
  }
})

void t.test('all chunks but the last have eight KiB', async (t) => {
  const body = chunkedBody({ payload: Buffer.alloc(20_000), chunkBytes: 8191 })
  const outcome = await receive({ body, headers: decoded(20_000), payloadHash: UNSIGNED })
  t.match(outcome, { error: { code: 'InvalidChunkSizeError', extra: { Chunk: '2', BadChunkSize: '8191' } } })
  const small = chunkedBody({ payload: Buffer.alloc(100), chunkBytes: 100 })
  t.equal(await codeOf({ body: small, headers: decoded(100), payloadHash: UNSIGNED }), undefined)
})

void t.test('a body that is cut off anywhere is incomplete', async () => {
  const payload = Buffer.alloc(10_000, 'abc')
  const body = chunkedBody({
    payload,
    chunkBytes: 8192,
    trailer: [`x-amz-checksum-crc32:${checksumOf('CRC32', payload)}`],
  })
  const headers = { ...decoded(payload.length), 'x-amz-trailer': 'x-amz-checksum-crc32' }
  await fc.assert(
    fc.asyncProperty(fc.nat(body.length - 1), fc.integer({ min: 1, max: 9000 }), async (cut, pieceBytes) => {
      const code = await codeOf({ body: body.subarray(0, cut), headers, payloadHash: UNSIGNED, pieceBytes })
      return code === 'IncompleteBody'
    }),
  )
})

void t.test('the signed digest must be that of the body', async (t) => {
  const body = Buffer.from('Welcome to Amazon S3.')
  t.equal(await codeOf({ body, payloadHash: sha256(body) }), undefined)
  t.equal(await codeOf({ body, payloadHash: sha256(body).toUpperCase() }), undefined)
  const outcome = await receive({ body: Buffer.from('Welcome to Amazon S4.'), payloadHash: sha256(body) })
  t.match(outcome, {
    error: { code: 'XAmzContentSHA256Mismatch', extra: { ClientComputedContentSHA256: sha256(body) } },
  })
  t.equal(await codeOf({ body: Buffer.alloc(0), payloadHash: sha256(body) }), 'XAmzContentSHA256Mismatch')
})

void t.test('a checksum in a header must be that of the body', async (t) => {
  const body = Buffer.from('hello')
  const send = async (headers: HeaderMap): Promise<string | undefined> => {
    const outcome = await receive({ body, headers })
    return outcome.kind === 'whole' ? undefined : `${outcome.error?.code}: ${outcome.error?.message}`
  }
  const crc32 = { 'x-amz-checksum-crc32': checksumOf('CRC32', body) }
  const sha1 = { 'x-amz-checksum-sha1': checksumOf('SHA1', body) }
  t.equal(await send(crc32), undefined)
  t.equal(await send({ ...crc32, 'x-amz-sdk-checksum-algorithm': 'crc32' }), undefined)
  t.equal(await send({ 'x-amz-checksum-algorithm': 'SHA1', 'x-amz-checksum-type': 'FULL_OBJECT' }), undefined)
  t.match(
    await send({ ...crc32, ...sha1 }),
    /^InvalidRequest: Expecting a single x-amz-checksum- header\. Multiple/,
  )
  t.match(
    await send({ ...crc32, 'x-amz-trailer': 'x-amz-checksum-sha1' }),
    'InvalidRequest: Expecting a single x-amz-checksum- header',
  )
  t.match(
    await send({ 'x-amz-checksum-crc32': 'AAAA' }),
    'InvalidRequest: Value for x-amz-checksum-crc32 header is invalid.',
  )
  t.match(
    await send({ 'x-amz-checksum-sha256': checksumOf('SHA256', Buffer.alloc(0)) }),
    'BadDigest: The SHA256 you specified did not match the calculated checksum.',
  )
  t.match(
    await send({ 'x-amz-sdk-checksum-algorithm': 'CRC32' }),
    /^InvalidRequest: x-amz-sdk-checksum-algorithm specified, but no corresponding/,
  )
  t.match(
    await send({ ...sha1, 'x-amz-sdk-checksum-algorithm': 'CRC32' }),
    'InvalidRequest: Value for x-amz-sdk-checksum-algorithm header is invalid.',
  )
  t.match(
    await send({ ...sha1, 'x-amz-sdk-checksum-algorithm': 'MD5' }),
    /sdk-checksum-algorithm header is invalid/,
  )
  t.match(await send({ 'x-amz-trailer': 'x-amz-meta-late' }), /x-amz-trailer header is not supported/)
})

void t.test('where no checksum comes, the one that is wanted is computed', async (t) => {
  const body = Buffer.from('hello')
  const value = checksumOf('CRC64NVME', body)
  t.match(await receive({ body, compute: 'CRC64NVME' }), { checksum: { algorithm: 'CRC64NVME', value } })
  const sent = { 'x-amz-checksum-sha1': checksumOf('SHA1', body) }
  t.match(await receive({ body, compute: 'CRC64NVME', headers: sent }), { checksum: { algorithm: 'SHA1' } })
  t.match(await receive({ body }), { kind: 'whole', checksum: undefined })
})

void t.test('checksums of CompleteMultipartUpload are not those of its document', async (t) => {
  const headers = { 'x-amz-checksum-crc32': 'AAAAAA==' }
  const body = Buffer.from('<CompleteMultipartUpload/>')
  t.equal(await codeOf({ body, headers, method: 'POST', target: '/b/k?uploadId=1' }), undefined)
  t.equal(await codeOf({ body, headers, method: 'POST', target: '/b?delete' }), 'BadDigest')
})

void t.test('an upload says how long it is', async (t) => {
  const body = Buffer.from('hello')
  t.equal(await codeOf({ body, headers: { 'content-length': undefined } }), 'MissingContentLength')
  t.equal(await codeOf({ body, headers: { 'transfer-encoding': 'chunked' } }), 'NotImplemented')
  const chunked = chunkedBody({ payload: body, chunkBytes: 10 })
  const headers = { ...decoded(5), 'content-length': undefined, 'transfer-encoding': 'chunked' }
  t.equal(await codeOf({ body: chunked, headers, payloadHash: UNSIGNED }), undefined)
  t.equal(
    await codeOf({ body: chunked, headers: decoded(5) }),
    undefined,
    'only the encoding says that it is chunked',
  )
})

void t.test('a trailer comes only where it can be, and is signed where the chunks are', async (t) => {
  const crc32 = { 'x-amz-trailer': 'x-amz-checksum-crc32' }
  t.equal(await codeOf({ body: PAYLOAD, headers: crc32 }), 'MalformedTrailerError')
  const signed = { ...SIGNING, seedSignature: SEED, trailerSignature: 'none' } as const
  const body = chunkedBody({ payload: PAYLOAD, chunkBytes: 65_536, trailer: [CRC], signed })
  t.equal(await codeOf({ body, headers: ANNOUNCED, payloadHash: CHUNKED }), 'MalformedTrailerError')
})

void t.test('chunks whose signatures nobody here can verify are refused', async (t) => {
  const http = ownRequest({
    method: 'PUT',
    path: '/bucket/key',
    headers: { host: 'door.example', ...decoded(5), 'x-amz-content-sha256': CHUNKED },
    body: bufferBody(Buffer.from('whatever')),
  })
  const request = s3Request(http, [])
  if (isS3Error(request)) throw new Error('the request is no request')
  t.match(sentBody(request, { kind: 'anonymous' }), { code: 'NotImplemented' })
  t.match(sentBody(request, { ...sender(CHUNKED), chunks: undefined }), { code: 'NotImplemented' })
})

void t.test('requests that bring nothing have nothing to read', async (t) => {
  const http = ownRequest({ method: 'GET', path: '/bucket/key', headers: { host: 'door.example' } })
  const request = s3Request(http, [])
  if (isS3Error(request)) throw new Error('the request is no request')
  t.match(sentBody(request, sender(sha256('something'))), { body: EMPTY_BODY })
})
