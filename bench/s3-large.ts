/** An object of some gigabytes through the S3 door, in parts up and in one stream down, and what each server process grows by. */
import { Readable } from 'node:stream'
import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { rssBytesOf } from './process-usage.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB
const PIECE_BYTES = 256 * 1024
const PART_BYTES = 16 * MIB
const LOOK_EVERY_MS = 100
/** Sent first: what grows once, such as compiled code and caches, has grown before anything is measured. */
const WARM_BYTES = 256 * MIB

export interface LargeTarget {
  readonly url: string
  readonly accessKey: string
  readonly secret: string
  /** Of the servers. */
  readonly pids: readonly number[]
}

export interface LargeStep {
  readonly name: 'upload' | 'download'
  readonly megabytesPerSecond: number
  /** The most that any process had above what it had before, bytes. */
  readonly growthBytes: number
}

/** Throws when what comes back is not what was sent. */
export async function measureLarge(target: LargeTarget, gib: number): Promise<readonly LargeStep[]> {
  const client = new S3Client({
    endpoint: target.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: target.accessKey, secretAccessKey: target.secret },
  })
  try {
    await client.send(new CreateBucketCommand({ Bucket }))
    await upload(client, 'warm', WARM_BYTES)
    await download(client, 'warm', WARM_BYTES)
    const sizeBytes = gib * GIB
    const steps = [
      await measured('upload', target.pids, sizeBytes, () => upload(client, 'large', sizeBytes)),
      await measured('download', target.pids, sizeBytes, () => download(client, 'large', sizeBytes)),
    ]
    for (const Key of ['warm', 'large']) await client.send(new DeleteObjectCommand({ Bucket, Key }))
    return steps
  } finally {
    client.destroy()
  }
}

const Bucket = 'bench-large'

async function measured(
  name: LargeStep['name'],
  pids: readonly number[],
  sizeBytes: number,
  work: () => Promise<void>,
): Promise<LargeStep> {
  const before = new Map(pids.map((pid) => [pid, rssBytesOf(pid)]))
  let growthBytes = 0
  const timer = setInterval(() => {
    for (const [pid, bytes] of before) growthBytes = Math.max(growthBytes, rssBytesOf(pid) - bytes)
  }, LOOK_EVERY_MS)
  const begunMs = performance.now()
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  const seconds = (performance.now() - begunMs) / 1000
  return { name, megabytesPerSecond: sizeBytes / 1e6 / seconds, growthBytes }
}

async function upload(client: S3Client, Key: string, sizeBytes: number): Promise<void> {
  const Body = Readable.from(pieces(sizeBytes), { objectMode: false })
  await new Upload({ client, params: { Bucket, Key, Body }, partSize: PART_BYTES }).done()
}

/** Zeros, with its place in front of each piece so that no two are alike. */
function* pieces(sizeBytes: number): Generator<Buffer> {
  for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
    const piece = Buffer.alloc(PIECE_BYTES)
    piece.writeDoubleBE(at)
    yield piece
  }
}

async function download(client: S3Client, Key: string, sizeBytes: number): Promise<void> {
  const got = await client.send(new GetObjectCommand({ Bucket, Key }))
  let bytes = 0
  let pending: Buffer = Buffer.alloc(0)
  for await (const chunk of got.Body as AsyncIterable<Buffer>) {
    let rest = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (; rest.length >= PIECE_BYTES; rest = rest.subarray(PIECE_BYTES)) {
      if (rest.readDoubleBE(0) !== bytes)
        throw new Error(`at byte ${bytes} is what was at ${rest.readDoubleBE(0)}`)
      bytes += PIECE_BYTES
    }
    pending = Buffer.from(rest)
  }
  if (bytes + pending.length !== sizeBytes) throw new Error(`${bytes + pending.length} bytes came back`)
}
