/** Programs that say through S3 who may do what, and bundles of machine images as EC2's first tools stored them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { havePrograms, runWell } from '#test/programs.ts'
import { temporaryDirectory } from '#test/running-cluster.ts'
import { awsEnvironment } from './client-settings.ts'
import { startMemoryDoor } from './memory-door.ts'

t.setTimeout(600_000)

/** Debian's own, for which its packages are. */
const PYTHON = '/usr/bin/python3'

function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

t.test('boto3: lists, policies, blocks, ownership, sessions', async (t) => {
  if (!havePrograms(t, PYTHON)) return
  const { url } = await startMemoryDoor(t)
  const environment = awsEnvironment(url)
  const seen: unknown = JSON.parse(await runWell(PYTHON, [script('access-session.py')], { environment }))
  t.strictSame(seen, {
    created: ['FULL_CONTROL test:tester', 'READ AllUsers'],
    'listed by nobody': 'none',
    put: ['FULL_CONTROL test:tester', 'WRITE test2:tester2'],
    'listed by nobody now': 'AccessDenied',
    theirs: ['FULL_CONTROL test2:tester2', 'FULL_CONTROL test:tester'],
    'public object': 'text',
    unchanged: [true, true],
    'private object': 'AccessDenied',
    'no policy': 'NoSuchBucketPolicy',
    policy: true,
    'by tag': ['none', 'AccessDenied'],
    'by other tag': 'AccessDenied',
    status: false,
    'put without': 'AccessDenied',
    'put with': 'none',
    malformed: 'MalformedPolicy',
    'no block': 'NoSuchPublicAccessBlockConfiguration',
    block: [true, true, true, true],
    'blocked list': 'AccessDenied',
    'blocked policy': 'AccessDenied',
    ownership: true,
    'lists disabled': 'AccessControlListNotSupported',
    'no ownership': 'OwnershipControlsNotFoundError',
    'other owner': '403',
    payer: 'Requester',
    'no account block': 'NoSuchPublicAccessBlockConfiguration',
    'account block': true,
    'blocked in the account': 'AccessDenied',
    'session reads': 'none',
    'session writes': 'AccessDenied',
  })
})

t.test('AWS CLI: a website’s policy, and a public file', async (t) => {
  if (!havePrograms(t, 'aws')) return
  const { url, signed } = await startMemoryDoor(t)
  await signed({ method: 'PUT', target: '/cli-site' })
  await signed({ method: 'PUT', target: '/cli-site/page', body: 'hello' })
  const environment = awsEnvironment(url)
  const aws = (...args: string[]): Promise<string> =>
    runWell('aws', ['--endpoint-url', url, '--output', 'text', ...args], { environment })
  const directory = temporaryDirectory(t)
  const [page, policy] = [join(directory, 'page'), join(directory, 'policy.json')]
  writeFileSync(page, 'public')
  const resource = 'arn:aws:s3:::cli-site/*'
  const reads = { Sid: 'site', Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: resource }
  writeFileSync(policy, JSON.stringify({ Version: '2012-10-17', Statement: [reads] }))
  t.equal((await fetch(`${url}/cli-site/page`)).status, 403)
  await aws('s3api', 'put-bucket-policy', '--bucket', 'cli-site', '--policy', `file://${policy}`)
  t.equal(await (await fetch(`${url}/cli-site/page`)).text(), 'hello')
  const kept = await aws('s3api', 'get-bucket-policy', '--bucket', 'cli-site')
  t.equal(kept.trim(), readFileSync(policy, 'utf8'))
  await signed({ method: 'DELETE', target: '/cli-site?policy' })
  await aws('s3', 'cp', page, 's3://cli-site/page', '--acl', 'public-read')
  t.equal(await (await fetch(`${url}/cli-site/page`)).text(), 'public')
})

t.test('boto: a machine image in parts, as it was bundled for EC2', async (t) => {
  if (!havePrograms(t, PYTHON)) return
  const { url } = await startMemoryDoor(t)
  const environment = awsEnvironment(url)
  const seen: unknown = JSON.parse(await runWell(PYTHON, [script('bundle-session.py')], { environment }))
  t.strictSame(seen, {
    grants: true,
    keys: ['server.manifest.xml', 'server.part.0', 'server.part.1', 'server.part.2'],
    image: true,
    digest: true,
    stranger: 403,
  })
})
