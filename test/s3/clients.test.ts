/** Programs that speak S3 against one running cluster: each does what it is mostly used for. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import type { LookupFunction } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as sdkNow from '@aws-sdk/client-s3'
import * as sdk2023 from 'client-s3-2023'
import t from 'tap'
import { havePrograms, run, runWell } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { until } from '#test/session.ts'
import { awsEnvironment, rcloneS3Environment, s3cmdArguments, sdkOptions } from './client-settings.ts'
import { canMount, mountsAndUses } from './mounted-bucket.ts'
import { StateLock } from './state-lock.ts'

t.setTimeout(600_000)

const BOTO3 = fileURLToPath(new URL('boto3-session.py', import.meta.url))
const DOMAIN = 's3.test'
const MIB = 1024 * 1024
const FILES = 24
/** Who want one lock at once. */
const CONTENDERS = 8
/** A loaded machine takes its time. */
const WITHIN_MS = 60_000
/** Connections are dealt out over four processes. */
const ANSWERS = 24

/** A folder of small files, some in folders of their own, with names that are awkward in URLs. */
function treeIn(directory: string): string {
  const tree = join(directory, 'tree')
  for (let at = 0; at < FILES; at += 1) {
    const folder = join(tree, at % 3 === 0 ? 'ü + %20' : 'plain')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `file ${at}.txt`), randomBytes(at * 100))
  }
  return tree
}

t.test('clients of S3', async (t) => {
  if (!havePrograms(t, 'python3', 's3cmd', 'rclone', 'aws', 'diff')) return
  const { url, port } = await startCluster(t, { config: `[s3]\ndomains = ["${DOMAIN}"]\n` })
  const directory = temporaryDirectory(t)
  const sample = join(directory, 'sample')
  const bytes = randomBytes(2 * MIB)
  writeFileSync(sample, bytes)
  const tree = treeIn(directory)

  await t.test('boto3', async (t) => {
    const environment = awsEnvironment(url)
    const seen = JSON.parse(await runWell('python3', [BOTO3], { environment })) as Record<string, unknown>
    t.strictSame(seen, {
      buckets: ['boto3-box'],
      location: null,
      bodies: [true, true, true, true, true],
      head: ['text/x-test', { colour: 'red' }, 16],
      listed: ['a b+c%/ü//x.txt', 'dots/../and/./more', 'plain', 'trailing/', '🐦'],
      folded: ['a b+c%/', 'dots/', 'trailing/'],
      copy: { colour: 'red' },
      range: 'la',
      missing: 'NoSuchKey',
      nowhere: 'NoSuchBucket',
      full: 'BucketNotEmpty',
      deleted: 6,
    })
  })

  await t.test('AWS CLI', async (t) => {
    const environment = awsEnvironment(url)
    const aws = (...args: string[]): Promise<string> =>
      runWell('aws', ['--endpoint-url', url, ...args], { environment })
    await aws('s3', 'mb', 's3://cli-box')
    await aws('s3', 'cp', sample, 's3://cli-box/a b/sample')
    await aws('s3', 'sync', '--only-show-errors', tree, 's3://cli-box/tree')
    await aws('s3', 'sync', '--only-show-errors', 's3://cli-box/tree', join(directory, 'tree-back'))
    const { code, stdout } = await run('diff', ['-r', tree, join(directory, 'tree-back')])
    t.equal(code, 0, stdout.slice(0, 500))
    t.equal(await aws('s3', 'sync', tree, 's3://cli-box/tree'), '', 'nothing is left to be done')
    await aws('s3', 'mv', 's3://cli-box/a b/sample', 's3://cli-box/moved')
    await aws('s3', 'cp', 's3://cli-box/moved', join(directory, 'cli-back'))
    t.ok(readFileSync(join(directory, 'cli-back')).equals(bytes))
    t.match(await aws('s3', 'ls', 's3://cli-box/'), /PRE tree\/\n.* 2097152 moved\n/)
    const link = (await aws('s3', 'presign', 's3://cli-box/moved', '--expires-in', '60')).trim()
    t.ok(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(bytes), 'a link that it signed')
    await aws('s3', 'rm', '--recursive', '--quiet', 's3://cli-box/tree')
    const head = await aws('s3api', 'head-object', '--bucket', 'cli-box', '--key', 'moved')
    t.equal((JSON.parse(head) as { ContentLength: number }).ContentLength, bytes.length)
    await aws('s3', 'rb', '--force', 's3://cli-box')
  })

  for (const signatures of ['v4', 'v2'] as const) {
    await t.test(`s3cmd with signatures ${signatures}`, async (t) => {
      const settings = s3cmdArguments(url, directory, signatures)
      const s3cmd = (...args: string[]): Promise<string> => runWell('s3cmd', [...settings, ...args])
      const bucket = `s3://s3cmd-${signatures}`
      await s3cmd('mb', bucket)
      await s3cmd('put', '--add-header', 'x-amz-meta-colour: red', sample, `${bucket}/ü sample`)
      const back = join(directory, `s3cmd-${signatures}`)
      await s3cmd('get', `${bucket}/ü sample`, back)
      t.ok(readFileSync(back).equals(bytes))
      t.match(await s3cmd('info', `${bucket}/ü sample`), /x-amz-meta-colour: red/)
      await s3cmd('cp', `${bucket}/ü sample`, `${bucket}/copy`)
      t.match(await s3cmd('ls', bucket), /2097152 +s3:\/\/s3cmd-v\d\/copy/)
      await s3cmd('rb', '--recursive', '--force', bucket)
    })
  }

  await t.test('rclone', async (t) => {
    const environment = rcloneS3Environment(url)
    const rclone = (...args: string[]): Promise<string> => runWell('rclone', args, { environment })
    await rclone('sync', '--checksum', '--transfers', '8', tree, 'martlet:rclone-box/tree')
    await rclone('check', tree, 'martlet:rclone-box/tree')
    await rclone('moveto', 'martlet:rclone-box/tree/plain/file 1.txt', 'martlet:rclone-box/moved')
    t.match(await rclone('lsf', 'martlet:rclone-box'), /^moved\ntree\/\n$/)
    await rclone('purge', 'martlet:rclone-box')
  })

  await t.test('the SDK of today, with its own defaults', async (t) => {
    const client = new sdkNow.S3Client(sdkOptions(url))
    t.teardown(() => client.destroy())
    const Bucket = 'sdk-now'
    await client.send(new sdkNow.CreateBucketCommand({ Bucket }))
    const put = await client.send(new sdkNow.PutObjectCommand({ Bucket, Key: 'ü/key', Body: bytes }))
    t.match(put.ChecksumCRC32, /^[\w+/]+={0,2}$/, 'it sends a checksum by itself')
    const got = await client.send(new sdkNow.GetObjectCommand({ Bucket, Key: 'ü/key' }))
    t.ok(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes))
    t.equal(got.ChecksumCRC32, put.ChecksumCRC32)
    const wanted: sdkNow.ObjectAttributes[] = ['ETag', 'Checksum', 'ObjectSize']
    const attributes = await client.send(
      new sdkNow.GetObjectAttributesCommand({ Bucket, Key: 'ü/key', ObjectAttributes: wanted }),
    )
    t.equal(attributes.Checksum?.ChecksumCRC32, put.ChecksumCRC32)
    t.equal(attributes.ObjectSize, bytes.length)
    const listed = await client.send(new sdkNow.ListObjectsV2Command({ Bucket }))
    t.strictSame(
      listed.Contents?.map(({ Key }) => Key),
      ['ü/key'],
    )
    const objects = { Objects: [{ Key: 'ü/key' }, { Key: 'nothing' }] }
    const deleted = await client.send(new sdkNow.DeleteObjectsCommand({ Bucket, Delete: objects }))
    t.equal(deleted.Deleted?.length, 2)
    await client.send(new sdkNow.DeleteBucketCommand({ Bucket }))
  })

  await t.test('buckets in the name of the host', async (t) => {
    // No name server knows the domain.
    const lookup: LookupFunction = (_name, _options, found) =>
      found(null, [{ address: '127.0.0.1', family: 4 }])
    const requestHandler = { httpAgent: new Agent({ lookup, autoSelectFamily: true }) }
    const options = { ...sdkOptions(`http://${DOMAIN}:${port}`), forcePathStyle: false, requestHandler }
    const client = new sdkNow.S3Client(options)
    t.teardown(() => client.destroy())
    const Bucket = 'in-the-host'
    await client.send(new sdkNow.CreateBucketCommand({ Bucket }))
    await client.send(new sdkNow.PutObjectCommand({ Bucket, Key: 'a//b c', Body: 'text' }))
    const got = await client.send(new sdkNow.GetObjectCommand({ Bucket, Key: 'a//b c' }))
    t.equal(await got.Body?.transformToString(), 'text')
    const listed = await client.send(new sdkNow.ListObjectsV2Command({ Bucket }))
    t.equal(listed.KeyCount, 1)
    const buckets = await client.send(new sdkNow.ListBucketsCommand({}))
    t.ok(buckets.Buckets?.some(({ Name }) => Name === Bucket))
    await client.send(new sdkNow.DeleteObjectCommand({ Bucket, Key: 'a//b c' }))
    await client.send(new sdkNow.DeleteBucketCommand({ Bucket }))
  })

  await t.test('the SDK of 2023', async (t) => {
    const client = new sdk2023.S3Client(sdkOptions(url))
    t.teardown(() => client.destroy())
    const Bucket = 'sdk-2023'
    await client.send(new sdk2023.CreateBucketCommand({ Bucket }))
    await client.send(
      new sdk2023.PutObjectCommand({ Bucket, Key: 'key', Body: bytes, ChecksumAlgorithm: 'SHA256' }),
    )
    const got = await client.send(
      new sdk2023.GetObjectCommand({ Bucket, Key: 'key', ChecksumMode: 'ENABLED' }),
    )
    t.ok(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes))
    t.match(got.ChecksumSHA256, /^[\w+/]{43}=$/)
    await client.send(new sdk2023.DeleteObjectCommand({ Bucket, Key: 'key' }))
    await client.send(new sdk2023.DeleteBucketCommand({ Bucket }))
  })

  await t.test('s3fs: a bucket as a folder', async (t) => {
    if (!canMount(t)) return
    const client = new sdkNow.S3Client(sdkOptions(url))
    t.teardown(() => client.destroy())
    await mountsAndUses(t, url, client)
  })

  await t.test('of many who want the lock of a state one has it, until it gives it back', async (t) => {
    const client = new sdkNow.S3Client(sdkOptions(url))
    t.teardown(() => client.destroy())
    await client.send(new sdkNow.CreateBucketCommand({ Bucket: 'states' }))
    const lock = new StateLock(client, 'states', 'network/terraform.tfstate')
    for (const round of ['plan', 'apply']) {
      const ids = Array.from({ length: CONTENDERS }, (_, at) => `${round}-${at}`)
      const attempts = await Promise.all(ids.map((id) => lock.lock(id)))
      const winners = ids.filter((_, at) => attempts[at]?.kind === 'locked')
      t.equal(winners.length, 1, `one of ${round}`)
      const [winner = ''] = winners
      t.ok(
        attempts.every((one) => one.kind === 'locked' || one.id === winner),
        'the others are told who',
      )
      await t.rejects(lock.unlock('another'))
      await lock.unlock(winner)
      t.equal(await lock.holder(), undefined)
    }
  })

  await t.test('a policy opens and closes a bucket in every process, at both doors', async (t) => {
    const client = new sdkNow.S3Client(sdkOptions(url))
    t.teardown(() => client.destroy())
    const Bucket = 'sdk-policy'
    await client.send(new sdkNow.CreateBucketCommand({ Bucket }))
    await client.send(new sdkNow.PutObjectCommand({ Bucket, Key: 'key', Body: 'text' }))
    const reads = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${Bucket}/*`,
    }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [reads] })
    const paths = [`/${Bucket}/key`, `/v1/AUTH_test/${Bucket}/key`]
    const isReadByAll = () => allAnswer(url, paths, (status) => status === 200)
    const isReadByNone = () => allAnswer(url, paths, (status) => status === 401 || status === 403)
    t.ok(await isReadByNone())
    await client.send(new sdkNow.PutBucketPolicyCommand({ Bucket, Policy }))
    await until(t, 'everybody reads', isReadByAll, WITHIN_MS)
    await client.send(new sdkNow.DeleteBucketPolicyCommand({ Bucket }))
    await until(t, 'nobody reads', isReadByNone, WITHIN_MS)
  })
})

/** Whether each of many requests by nobody known, on connections of their own, is answered so. */
async function allAnswer(
  url: string,
  paths: readonly string[],
  isSo: (status: number) => boolean,
): Promise<boolean> {
  for (let at = 0; at < ANSWERS; at += 1) {
    for (const path of paths) {
      const answer = await fetch(url + path, { headers: { connection: 'close' } })
      await answer.arrayBuffer()
      if (!isSo(answer.status)) return false
    }
  }
  return true
}
