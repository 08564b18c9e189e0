/**
 * What configured buckets do by themselves, in a cluster of real processes: objects go when their short days are over, a
 * webhook hears what happens, and a browser shows the website.
 */
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketReplicationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  type ReplicationConfiguration,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import t, { type Test } from 'tap'
import { havePrograms } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { until } from '#test/session.ts'
import { CHROMIUM, startBrowser } from '#test/web/browser.ts'
import { sdkOptions } from './client-settings.ts'

t.setTimeout(600_000)

/** A day of two seconds, and workers that do not wait long. */
const CONFIG = `
[lifecycle]
day = "2s"
interval = "1s"
[expirer]
interval = "1s"
[bucket_replication]
interval = "1s"
discovery = "1s"
[notifier]
interval = "1s"
allowed_hosts = ["127.0.0.1"]
`

/** A loaded machine takes its time. */
const WITHIN_MS = 90_000

/** Remembers what it is told; refuses the first of all messages. */
async function startWebhook(
  t: Test,
): Promise<{ readonly url: string; readonly messages: readonly string[] }> {
  const messages: string[] = []
  let isFirst = true
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk))
    request.on('end', () => {
      if (!isFirst) messages.push(body)
      response.statusCode = isFirst ? 503 : 204
      isFirst = false
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, messages }
}

/** A page with a form that lets whoever fills it in upload one file, and leads to another page of the site then. */
async function formPage(
  client: S3Client,
  bucket: string,
  site: string,
): Promise<{ readonly Key: string; readonly Body: string; readonly ContentType: string }> {
  const { url, fields } = await createPresignedPost(client, {
    Bucket: bucket,
    Key: 'forms/${filename}',
    Conditions: [['content-length-range', 1, 100]],
    Fields: { success_action_redirect: `${site}/new/` },
  })
  const hidden = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
  )
  const Body = `<meta charset="utf-8"><form action="${url}" method="post" enctype="multipart/form-data">${hidden.join('')}
    <input type="file" name="file"><input type="submit" id="send"></form>`
  return { Key: 'form.html', Body, ContentType: 'text/html' }
}

interface EventMessage {
  readonly Records: readonly {
    readonly eventName: string
    readonly s3: { readonly object: { readonly key: string; readonly size?: number } }
  }[]
}

await t.test('configured buckets', async (t) => {
  const cluster = await startCluster(t, { config: CONFIG })
  const client = new S3Client(sdkOptions(cluster.url))
  t.teardown(() => client.destroy())

  await t.test(
    'what is put into a replicated bucket is in the other one soon, large uploads too',
    async (t) => {
      const [Bucket, copy] = ['replicated', 'its-copy']
      for (const name of [Bucket, copy]) {
        await client.send(new CreateBucketCommand({ Bucket: name }))
        const VersioningConfiguration = { Status: 'Enabled' } as const
        await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }))
      }
      const ReplicationConfiguration: ReplicationConfiguration = {
        Role: 'arn:aws:iam::test:role/replication',
        Rules: [
          {
            ID: 'all',
            Priority: 1,
            Status: 'Enabled',
            Filter: { Prefix: '' },
            DeleteMarkerReplication: { Status: 'Enabled' },
            Destination: { Bucket: `arn:aws:s3:::${copy}` },
          },
        ],
      }
      await client.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration }))
      const told = await client.send(new GetBucketReplicationCommand({ Bucket }))
      t.match(told.ReplicationConfiguration, ReplicationConfiguration)
      const PART_BYTES = 5 * 2 ** 20
      const large = Buffer.alloc(PART_BYTES + 1, 'large')
      // Each of the four proxies learns of the rules by itself; what is put before is not replicated.
      let inARow = 0
      await until(t, 'every proxy to know the rules', async () => {
        await client.send(
          new PutObjectCommand({ Bucket, Key: 'small', Body: 'text', Metadata: { colour: 'blue' } }),
        )
        const { ReplicationStatus } = await client.send(new HeadObjectCommand({ Bucket, Key: 'small' }))
        inARow = ReplicationStatus === undefined ? 0 : inARow + 1
        return inARow > 20
      })
      const params = { Bucket, Key: 'large', Body: large }
      const { ETag } = await new Upload({ client, partSize: PART_BYTES, params }).done()
      for (const Key of ['small', 'large']) {
        const isReplicated = async (): Promise<boolean> => {
          const { ReplicationStatus } = await client.send(new HeadObjectCommand({ Bucket, Key }))
          return ReplicationStatus === 'COMPLETED'
        }
        await until(t, `${Key} is replicated`, isReplicated, WITHIN_MS)
      }
      const small = await client.send(new GetObjectCommand({ Bucket: copy, Key: 'small' }))
      t.match(small, { Metadata: { colour: 'blue' }, ReplicationStatus: 'REPLICA' })
      t.equal(await small.Body?.transformToString(), 'text')
      const copied = await client.send(new GetObjectCommand({ Bucket: copy, Key: 'large' }))
      t.equal(copied.ETag, ETag)
      t.ok(Buffer.from((await copied.Body?.transformToByteArray()) ?? []).equals(large))
      const part = await client.send(new HeadObjectCommand({ Bucket: copy, Key: 'large', PartNumber: 2 }))
      t.match(part, { PartsCount: 2, ContentLength: 1 })
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'small' }))
      const isGone = async (): Promise<boolean> => {
        const head = client.send(new HeadObjectCommand({ Bucket: copy, Key: 'small' }))
        return (await head.catch((error: Error) => error.name)) === 'NotFound'
      }
      await until(t, 'the deletion is replicated', isGone, WITHIN_MS)
    },
  )

  await t.test('objects go when their days are over, and say when that is', async (t) => {
    const Bucket = 'short-lived'
    await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'old/before', Body: 'x' }))
    await client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: {
          Rules: [
            { ID: 'soon', Status: 'Enabled', Filter: { Prefix: 'old/' }, Expiration: { Days: 1 } },
            { ID: 'late', Status: 'Enabled', Filter: { Prefix: 'kept' }, Expiration: { Days: 9999 } },
          ],
        },
      }),
    )
    await client.send(new PutObjectCommand({ Bucket, Key: 'old/after', Body: 'x' }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'x' }))
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'kept' }))
    t.match(head.Expiration, /rule-id="late"/)
    await until(
      t,
      'what was there before the rule and after it is gone',
      async () => {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
        return Contents.length === 1 && Contents[0]?.Key === 'kept'
      },
      WITHIN_MS,
    )
    await t.rejects(client.send(new GetObjectCommand({ Bucket, Key: 'old/before' })), { name: 'NoSuchKey' })
  })

  await t.test('a webhook hears of every object, though it refused at first', async (t) => {
    const webhook = await startWebhook(t)
    const Bucket = 'telling'
    await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: {
          TopicConfigurations: [
            {
              TopicArn: `arn:martlet:webhook:::${webhook.url}`,
              Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'],
              Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'in/' }] } },
            },
          ],
        },
      }),
    )
    await client.send(new PutObjectCommand({ Bucket, Key: 'in/a b.txt', Body: 'four' }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'out/c', Body: 'x' }))
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'in/a b.txt' }))
    const records = () => webhook.messages.flatMap((message) => (JSON.parse(message) as EventMessage).Records)
    await until(t, 'both events came', () => records().length >= 2, WITHIN_MS)
    const told = records().map(({ eventName, s3 }) => `${eventName} ${s3.object.key}`)
    t.same([...new Set(told)].toSorted(), ['ObjectCreated:Put in/a+b.txt', 'ObjectRemoved:Delete in/a+b.txt'])
    t.equal(records().find(({ eventName }) => eventName === 'ObjectCreated:Put')?.s3.object.size, 4)
  })

  await t.test('a website in a browser', async (t) => {
    if (!havePrograms(t, CHROMIUM)) return
    const Bucket = 'birds-site'
    await client.send(new CreateBucketCommand({ Bucket }))
    const statement = {
      Effect: 'Allow',
      Principal: '*',
      Action: ['s3:GetObject', 's3:ListBucket'],
      Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
    }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy }))
    await client.send(
      new PutBucketWebsiteCommand({
        Bucket,
        WebsiteConfiguration: {
          IndexDocument: { Suffix: 'index.html' },
          ErrorDocument: { Key: 'error.html' },
          RoutingRules: [
            { Condition: { KeyPrefixEquals: 'old/' }, Redirect: { ReplaceKeyPrefixWith: 'new/' } },
          ],
        },
      }),
    )
    const pages = {
      'index.html':
        '<title>Home</title><link rel="stylesheet" href="style.css"><h1>Birds</h1><a id="new" href="old/">new</a>',
      'new/index.html': '<title>New</title><h1>New</h1>',
      'error.html': '<h1>It has flown</h1>',
    }
    for (const [Key, Body] of Object.entries(pages)) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/html' }))
    }
    const style = { Key: 'style.css', Body: 'h1 { color: rgb(1, 2, 3) }', ContentType: 'text/css' }
    await client.send(new PutObjectCommand({ Bucket, ...style }))
    const host = `${Bucket}.s3-website.localhost`
    const page = await startBrowser(t, { hosts: [host] }).page()
    const site = `http://${host}:${cluster.port}`
    await page.open(`${site}/`)
    t.equal(await page.evaluate('document.title'), 'Home')
    t.equal(await page.evaluate('getComputedStyle(document.querySelector("h1")).color'), 'rgb(1, 2, 3)')
    await page.follow('#new')
    t.equal(await page.evaluate('location.href'), `${site}/new/`, 'by a routing rule')
    t.equal(await page.evaluate('document.title'), 'New')
    await client.send(
      new PutBucketCorsCommand({
        Bucket,
        CORSConfiguration: {
          CORSRules: [{ AllowedOrigins: [site], AllowedMethods: ['PUT'], AllowedHeaders: ['*'] }],
        },
      }),
    )
    const link = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'sent', Body: 'x' }))
    const upload = `fetch(${JSON.stringify(link)}, { method: 'PUT', body: 'x' }).then((answer) => answer.status)`
    t.equal(await page.evaluate(upload), 200, 'a script sends an object by a link, after a preflight')
    await client.send(new PutObjectCommand({ Bucket, ...(await formPage(client, Bucket, site)) }))
    const file = join(temporaryDirectory(t), 'a bïrd.txt')
    writeFileSync(file, 'sent by a form')
    await page.open(`${site}/form.html`)
    await page.chooseFiles('input[type=file]', [file])
    await page.follow('#send')
    const { origin, pathname, searchParams } = new URL(String(await page.evaluate('location.href')))
    t.same([origin + pathname, searchParams.get('key')], [`${site}/new/`, 'forms/a bïrd.txt'])
    const sent = await client.send(new GetObjectCommand({ Bucket, Key: 'forms/a bïrd.txt' }))
    t.equal(
      await sent.Body?.transformToString(),
      'sent by a form',
      'a form sends an object, within its policy',
    )
    await page.open(`${site}/gone`)
    t.equal(await page.evaluate('document.querySelector("h1").textContent'), 'It has flown')
    t.equal(page.fetched.find(({ url }) => url === `${site}/gone`)?.status, 404)
  })
})
