/**
 * What signatures and checksums of S3 cost, in CPU time of one process: `node bench/s3-signatures.ts`. Prints microseconds a
 * request, and gigabytes a second; the best of several rounds, which a busy machine disturbs least.
 */
import { createSecretKey } from 'node:crypto'
import { ChunkSignatures } from '#auth/s3/chunk-signatures.ts'
import { chunkedBody } from '#auth/testing/aws-chunked.ts'
import { signedRequest, verifierWith } from '#auth/testing/s3-verifier.ts'
import { EXAMPLE, presignV4, sha256, signingKey, signV4, type Unsigned } from '#auth/testing/sign-v4.ts'
import { CHECKSUM_ALGORITHMS, checksumOf } from '#base/checksums/checksum.ts'
import { ChunkedFraming } from '#proxy/s3/body/chunked-framing.ts'

const ROUNDS = 7
const REQUESTS = 4000
const PIECE_BYTES = 64 * 1024
const PIECES = 1000
const SIGNING = { credentials: EXAMPLE, date: '20130524T000000Z' }

/** Microseconds of CPU for each of the calls. */
async function microsecondsPer(count: number, call: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage()
    for (let at = 0; at < count; at += 1) await call()
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / count)
  }
  return best
}

function report(what: string, value: number, unit: string): void {
  process.stdout.write(`${what.padEnd(48)} ${value.toFixed(2)} ${unit}\n`)
}

const verifier = verifierWith()

/** As the newest SDK for JavaScript sends a PUT. */
const PUT: Unsigned = {
  method: 'PUT',
  target: '/a-bucket/a%20folder/an-object-000001.bin?x-id=PutObject',
  headers: {
    host: 's3.example.org:8080',
    'amz-sdk-invocation-id': '5b5b5f2e-7b6c-4a52-9a53-6a4f6c2f2d11',
    'amz-sdk-request': 'attempt=1; max=3',
    'content-length': '4096',
    'content-type': 'application/octet-stream',
    'x-amz-checksum-crc32': 'AAAAAA==',
    'x-amz-sdk-checksum-algorithm': 'CRC32',
    'x-amz-user-agent': 'aws-sdk-js/3.1162.0',
  },
}
const GET: Unsigned = {
  method: 'GET',
  target: '/a-bucket/an-object-000001.bin',
  headers: { host: 's3.example.org:8080' },
}

async function signatures(): Promise<void> {
  const put = signedRequest(
    'PUT',
    PUT.target,
    signV4(PUT, { ...SIGNING, payloadHash: sha256(Buffer.alloc(4096)) }),
  )
  const get = signedRequest('GET', GET.target, signV4(GET, SIGNING))
  const link = signedRequest('GET', presignV4(GET, SIGNING, 3600), GET.headers)
  for (const [what, request] of Object.entries({ 'a GET': get, 'a PUT of an SDK': put, 'a link': link })) {
    const sender = await verifier.verify(request)
    if (sender.kind !== 'signed') throw new Error(`${what} is refused`)
    report(
      `Signature Version 4 of ${what}`,
      await microsecondsPer(REQUESTS, () => verifier.verify(request)),
      'µs',
    )
  }
}

/** Bytes are microseconds thousands: GB/s. */
function gigabytes(bytes: number, microseconds: number): number {
  return bytes / microseconds / 1000
}

async function checksums(): Promise<void> {
  const piece = Buffer.alloc(PIECE_BYTES, 'what a body is made of ')
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const microseconds = await microsecondsPer(PIECES, () => checksumOf(algorithm, piece))
    report(algorithm, gigabytes(PIECE_BYTES, microseconds), 'GB/s')
  }
}

async function chunks(): Promise<void> {
  const payload = Buffer.alloc(4 * 1024 * 1024, 'what a body is made of ')
  const seedSignature = 'ab'.repeat(32)
  const key = createSecretKey(signingKey(SIGNING))
  const signing = { key, date: SIGNING.date, scope: '20130524/us-east-1/s3/aws4_request', seedSignature }
  const signed = chunkedBody({ payload, chunkBytes: PIECE_BYTES, signed: { ...SIGNING, seedSignature } })
  const unsigned = chunkedBody({ payload, chunkBytes: PIECE_BYTES })
  for (const [what, body] of Object.entries({ 'signed chunks': signed, 'unsigned chunks': unsigned })) {
    const microseconds = await microsecondsPer(10, () => {
      const signatures = body === signed ? new ChunkSignatures(signing) : undefined
      const options = {
        payloadBytes: payload.length,
        signatures,
        trailer: undefined,
        trailerSigned: 'unsigned',
      } as const
      takeApart(new ChunkedFraming(options), body)
    })
    report(`a body in ${what} of 64 KiB`, gigabytes(payload.length, microseconds), 'GB/s')
  }
}

/** In pieces as they come off a socket. */
function takeApart(framing: ChunkedFraming, body: Buffer): void {
  for (let at = 0; at < body.length; at += PIECE_BYTES) {
    const payload = framing.take(body.subarray(at, at + PIECE_BYTES))
    let step = payload.next()
    while (step.done !== true) step = payload.next()
    if (step.value !== undefined) throw new Error(step.value.message)
  }
}

await signatures()
await checksums()
await chunks()
