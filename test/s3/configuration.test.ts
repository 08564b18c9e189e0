/** What is configured about buckets and objects, by the programs that people do it with. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { havePrograms, runWell } from '#test/programs.ts'
import { awsEnvironment } from './client-settings.ts'
import { startMemoryDoor } from './memory-door.ts'

t.setTimeout(600_000)

await t.test('boto3 puts every configuration and reads it back as it was', async (t) => {
  if (!havePrograms(t, 'python3')) return
  const { url } = await startMemoryDoor(t)
  const script = fileURLToPath(new URL('configuration-session.py', import.meta.url))
  const stdout = await runWell('python3', [script], { environment: awsEnvironment(url) })
  const seen = JSON.parse(stdout) as Readonly<Record<string, unknown>>
  t.same(seen, {
    absent: [
      'NoSuchCORSConfiguration',
      'NoSuchTagSet',
      'NoSuchWebsiteConfiguration',
      'NoSuchLifecycleConfiguration',
      'ReplicationConfigurationNotFoundError',
      'ObjectLockConfigurationNotFoundError',
      'ServerSideEncryptionConfigurationNotFoundError',
    ],
    cors: true,
    tagging: true,
    website: true,
    lifecycle: true,
    encryption: true,
    logging: true,
    notification: true,
    accelerate: 'Suspended',
    'object tags': [
      { Key: 'a', Value: 'b' },
      { Key: 'c', Value: 'd e' },
    ],
    expiration: true,
    'changed tags': [{ Key: 'x', Value: 'y' }],
    'no tags': [],
    'too many tags': 'BadRequest',
    gone: 'NoSuchCORSConfiguration',
    lock: true,
    retention: 'GOVERNANCE',
    longer: true,
    hold: 'ON',
    held: 'AccessDenied',
    governed: 'AccessDenied',
    bypassed: 'none',
  })
})

await t.test('the AWS command line configures a website, tags and a lifecycle', async (t) => {
  if (!havePrograms(t, 'aws')) return
  const { url } = await startMemoryDoor(t)
  const environment = awsEnvironment(url)
  // Debian's does not know the environment variable.
  const aws = (...words: readonly string[]) =>
    runWell('aws', ['--endpoint-url', url, ...words], { environment })
  await aws('s3', 'mb', 's3://cli')
  await aws('s3', 'website', 's3://cli', '--index-document', 'index.html', '--error-document', 'e.html')
  t.match(JSON.parse(await aws('s3api', 'get-bucket-website', '--bucket', 'cli')), {
    IndexDocument: { Suffix: 'index.html' },
    ErrorDocument: { Key: 'e.html' },
  })
  const rules = {
    Rules: [{ ID: 'a', Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 1 } }],
  }
  const lifecycle = ['--bucket', 'cli', '--lifecycle-configuration', JSON.stringify(rules)]
  await aws('s3api', 'put-bucket-lifecycle-configuration', ...lifecycle)
  t.match(JSON.parse(await aws('s3api', 'get-bucket-lifecycle-configuration', '--bucket', 'cli')), rules)
})
