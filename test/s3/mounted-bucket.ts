/** A bucket as a file system, by s3fs: what is done to files there is done to objects. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { Test } from 'tap'
import { havePrograms, run } from '#test/programs.ts'
import { temporaryDirectory } from '#test/running-cluster.ts'
import { until } from '#test/session.ts'
import { awsEnvironment, REGION } from './client-settings.ts'

const DEVICE = '/dev/fuse'
const MOUNTED_WITHIN_MS = 90_000
const MIB = 1024 * 1024
/** More than one part of those that s3fs is told to send. */
const LARGE_BYTES = 11 * MIB + 3

/** Whether file systems can be mounted here; where the kernel does not let anybody, the test says that it was skipped. */
export function canMount(t: Test): boolean {
  const lacking = lackingForMounts()
  if (lacking !== undefined) {
    const message = `s3fs is not tested: ${lacking}`
    t.pass(message, { skip: message })
    return false
  }
  return havePrograms(t, 's3fs', 'fusermount')
}

/** `CAP_SYS_ADMIN` (capabilities(7)). */
const MAY_MOUNT = 1n << 21n

function lackingForMounts(): string | undefined {
  if (!existsSync(DEVICE)) return `there is no ${DEVICE} here`
  // Others than root mount by `fusermount`, which is root's.
  if (process.getuid?.() !== 0) return undefined
  const [, capabilities = '0'] = /^CapEff:\s+(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const may = (BigInt(`0x${capabilities}`) & MAY_MOUNT) !== 0n
  return may ? undefined : 'this container may not mount anything'
}

/** Mounts the bucket, and unmounts it when the test ends; resolves with the directory. */
async function mount(t: Test, url: string, bucket: string): Promise<string> {
  const home = temporaryDirectory(t)
  const [directory, cache] = [join(home, 'mounted'), join(home, 'cache')]
  for (const path of [directory, cache]) mkdirSync(path)
  const options = [
    `url=${url}`,
    `endpoint=${REGION}`,
    'use_path_request_style',
    'sigv4',
    'multipart_size=5',
    `use_cache=${cache}`,
  ]
  const child = spawn('s3fs', [bucket, directory, '-f', '-o', options.join(',')], {
    env: { ...process.env, ...awsEnvironment(url) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  t.teardown(() => unmount(child, ended, directory))
  const isMounted = (): boolean => {
    if (child.exitCode !== null) throw new Error(`s3fs ended with ${child.exitCode}:\n${output}`)
    return readFileSync('/proc/self/mounts', 'utf8').includes(` ${directory} `)
  }
  await until(t, 'the bucket is mounted', isMounted, MOUNTED_WITHIN_MS)
  return directory
}

async function unmount(child: ChildProcess, ended: Promise<void>, directory: string): Promise<void> {
  if (child.exitCode !== null) return
  const { code } = await run('fusermount', ['-u', directory])
  if (code !== 0) child.kill('SIGKILL')
  await ended
  if (code !== 0) await run('fusermount', ['-uz', directory])
}

/** Files and folders are written, changed, renamed and removed, and the bucket has what the folder has. */
export async function mountsAndUses(t: Test, url: string, client: S3Client): Promise<void> {
  const Bucket = 'mounted'
  await client.send(new CreateBucketCommand({ Bucket }))
  const root = await mount(t, url, Bucket)
  const objectOf = async (Key: string): Promise<Buffer> => {
    const got = await client.send(new GetObjectCommand({ Bucket, Key }))
    return Buffer.from((await got.Body?.transformToByteArray()) ?? [])
  }
  const keys = async (): Promise<readonly (string | undefined)[]> => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
    return Contents.map(({ Key }) => Key)
  }
  const large = randomBytes(LARGE_BYTES)
  await mkdir(join(root, 'a folder'))
  await writeFile(join(root, 'a folder', 'ü.txt'), 'one')
  await writeFile(join(root, 'large'), large)
  t.ok((await readFile(join(root, 'large'))).equals(large), 'it is read as it was written')
  t.ok((await objectOf('large')).equals(large), 'it is an object, sent in parts')
  await appendFile(join(root, 'a folder', 'ü.txt'), ' and two')
  t.equal((await objectOf('a folder/ü.txt')).toString(), 'one and two')
  await rename(join(root, 'large'), join(root, 'a folder', 'renamed'))
  t.ok((await objectOf('a folder/renamed')).equals(large))
  await truncate(join(root, 'a folder', 'renamed'), 5)
  t.equal((await stat(join(root, 'a folder', 'renamed'))).size, 5)
  await rename(join(root, 'a folder'), join(root, 'b'))
  t.same((await readdir(join(root, 'b'))).toSorted(), ['renamed', 'ü.txt'])
  t.ok((await readFile(join(root, 'b', 'renamed'))).equals(large.subarray(0, 5)))
  t.same(await keys(), ['b/', 'b/renamed', 'b/ü.txt'])
  await rm(join(root, 'b'), { recursive: true })
  t.same(await keys(), [], 'what is removed is gone')
}
