/**
 * Large objects by the programs that send them in parts, against one running cluster: what S3 joins, Swift reads as one
 * object, and the other way round. Then many race for one key, while a storage process is killed.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import t, { type Test } from 'tap'
import { havePrograms, runWell } from '#test/programs.ts'
import { isRunning, type RunningCluster, startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER } from '#test/session.ts'
import { awsEnvironment, rcloneS3Environment, s3cmdArguments, sdkOptions } from './client-settings.ts'

t.setTimeout(600_000)

const SESSION = fileURLToPath(new URL('multipart-session.py', import.meta.url))
const MIB = 1024 * 1024
const RACERS = { put: 100, complete: 25 } as const

t.test('objects in parts', async (t) => {
  if (!havePrograms(t, 'python3', 's3cmd', 'rclone', 'aws')) return
  const cluster = await startCluster(t)
  const { url } = cluster
  const directory = temporaryDirectory(t)
  const sample = join(directory, 'sample')
  const bytes = randomBytes(11 * MIB + 3)
  writeFileSync(sample, bytes)
  const client = new S3Client(sdkOptions(url))
  t.teardown(() => client.destroy())
  // What it is told is told of one attempt: nobody loses to himself.
  const racing = new S3Client({ ...sdkOptions(url), maxAttempts: 1 })
  t.teardown(() => racing.destroy())
  await client.send(new CreateBucketCommand({ Bucket: 'parts' }))
  const back = async (key: string): Promise<boolean> => {
    const got = await client.send(new GetObjectCommand({ Bucket: 'parts', Key: key }))
    return bytes.equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0))
  }

  await t.test('boto3', async (t) => {
    const seen = JSON.parse(
      await runWell('python3', [SESSION], { environment: awsEnvironment(url) }),
    ) as unknown
    t.strictSame(seen, {
      large: true,
      etag: true,
      part: [3, true],
      attributes: [12 * MIB, 3],
      copied: true,
      uploads: ['left'],
      parts: [1],
      aborted: 'NoSuchUpload',
      versions: [2, 1],
      first: 'one',
      mine: true,
      without: 'InvalidRequest',
      sse: 'AES256',
    })
  })

  await t.test('the SDK’s Upload, and Swift', async (t) => {
    const params = { Bucket: 'parts', Key: 'dir/by sdk', Body: readFileSync(sample) }
    await new Upload({ client, params, partSize: 5 * MIB }).done()
    t.ok(await back('dir/by sdk'))
    const session = await Session.signIn(url, TESTER)
    const swift = await session.request('GET', '/parts/dir/by%20sdk')
    t.ok(swift.body.equals(bytes), 'Swift reads it as one object')
    t.equal(swift.headers['content-length'], String(bytes.length))
    await session.request('PUT', '/pieces')
    await session.request('PUT', '/pieces/1', { body: bytes.subarray(0, MIB) })
    await session.request('PUT', '/pieces/2', { body: bytes.subarray(MIB) })
    const manifest = JSON.stringify([{ path: '/pieces/1' }, { path: '/pieces/2' }])
    await session.request('PUT', '/parts/slo?multipart-manifest=put', { body: Buffer.from(manifest) })
    t.ok(await back('slo'), 'a large object of Swift’s is one of S3’s')
  })

  await t.test('aws s3 cp, rclone and s3cmd', async (t) => {
    const environment = awsEnvironment(url)
    await runWell('aws', ['--endpoint-url', url, 's3', 'cp', sample, 's3://parts/aws'], { environment })
    t.ok(await back('aws'))
    await runWell('aws', ['--endpoint-url', url, 's3', 'cp', 's3://parts/aws', join(directory, 'aws')], {
      environment,
    })
    t.ok(readFileSync(join(directory, 'aws')).equals(bytes))
    const rclone = rcloneS3Environment(url)
    const inParts = ['--s3-upload-cutoff', '5M', '--s3-chunk-size', '5M']
    await runWell('rclone', [...inParts, 'copyto', sample, 'martlet:parts/rclone'], { environment: rclone })
    t.ok(await back('rclone'))
    for (const signatures of ['v4', 'v2'] as const) {
      const settings = s3cmdArguments(url, directory, signatures)
      const key = `s3cmd-${signatures}`
      await runWell('s3cmd', [...settings, '--multipart-chunk-size-mb=5', 'put', sample, `s3://parts/${key}`])
      t.ok(await back(key), key)
    }
  })

  await t.test(
    'of a hundred who put, and of others who complete, on a condition and with a process killed, one wins',
    async (t) => {
      for (const how of ['put', 'complete'] as const) {
        const names = Array.from({ length: RACERS[how] }, (_, at) => `${how} ${at}`)
        const writes = await Promise.all(names.map((body) => ready({ client, racing }, how, body)))
        const device = how === 'put' ? 'd1' : 'd3'
        await kill(cluster, device)
        const told = await Promise.all(writes.map((write) => write()))
        await checkRace(t, client, how, told)
        while (!isRunning(cluster.devices.get(device) ?? 0)) await sleep(50)
        await sleep(1_000)
      }
    },
  )
})

/** What a racer does when the race begins; resolves with the code that it was told, or `made`. */
async function ready(
  { client, racing }: { readonly client: S3Client; readonly racing: S3Client },
  how: 'put' | 'complete',
  body: string,
): Promise<() => Promise<string>> {
  const place = { Bucket: 'parts', Key: how }
  if (how === 'put') {
    return () => codeOf(racing.send(new PutObjectCommand({ ...place, Body: body, IfNoneMatch: '*' })))
  }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(place))
  const part = { ...place, UploadId, PartNumber: 1 }
  const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: body }))
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
  return () =>
    codeOf(
      racing.send(
        new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload, IfNoneMatch: '*' }),
      ),
    )
}

async function codeOf(sent: Promise<unknown>): Promise<string> {
  try {
    await sent
    return 'made'
  } catch (error) {
    return (error as Error).name
  }
}

/** Who is told that it made the object is the only one; without one, nobody was told anything certain. */
async function checkRace(t: Test, client: S3Client, key: string, told: readonly string[]): Promise<void> {
  const winners = told.flatMap((code, at) => (code === 'made' ? [`${key} ${at}`] : []))
  const got = await client.send(new GetObjectCommand({ Bucket: 'parts', Key: key }))
  const content = await got.Body?.transformToString()
  t.ok(winners.length <= 1, `${key}: ${winners.length} winners, ${[...new Set(told)].join()}`)
  if (winners.length === 1) t.equal(content, winners[0])
  else
    t.notOk(
      told.every((code) => code === 'PreconditionFailed'),
      'nobody was told that another had it',
    )
}

async function kill(cluster: RunningCluster, device: string): Promise<void> {
  const victim = cluster.devices.get(device) ?? 0
  process.kill(victim, 'SIGKILL')
  while (isRunning(victim)) await sleep(1)
}
