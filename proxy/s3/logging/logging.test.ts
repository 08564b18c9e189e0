import * as fc from 'fast-check'
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { Metrics } from '#base/metrics.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { accessDepsOf } from '../../access/access-deps.ts'
import { believing, type S3Door, s3Door } from '../../testing/s3-door.ts'
import { LogDelivery } from './log-delivery.ts'
import { type LoggedRequest, logKey, logLine } from './log-line.ts'

const REQUEST: LoggedRequest = {
  bucketOwner: 'test:tester',
  bucket: 'birds',
  atMs: Date.UTC(2026, 1, 6, 0, 0, 38),
  remoteAddress: '192.0.2.3',
  requester: 'test:tester',
  requestId: 'tx1',
  operation: 'REST.GET.OBJECT',
  key: 'a b',
  method: 'GET',
  target: '/birds/a%20b',
  status: 200,
  errorCode: undefined,
  sentBytes: 113,
  tookMs: 7.4,
  referer: undefined,
  userAgent: 'curl/8',
  versionId: undefined,
  host: 'localhost',
  signature: 'SigV4',
  authentication: 'AuthHeader',
}

t.test('a line has the fields of AWS, whatever the client sent', async (t) => {
  t.equal(
    logLine(REQUEST),
    'test:tester birds [06/Feb/2026:00:00:38 +0000] 192.0.2.3 test:tester tx1 REST.GET.OBJECT a%2520b "GET /birds/a%20b HTTP/1.1" 200 - 113 113 7 7 "-" "curl/8" - tx1 SigV4 - AuthHeader localhost - - -\n',
  )
  const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((one) => one.isWellFormed())
  fc.assert(
    fc.property(text, text, text, (key, userAgent, requester) => {
      const line = logLine({ ...REQUEST, key, userAgent, referer: userAgent, requester })
      const fields = line.slice(0, -1).match(/"[^"]*"|\[[^\]]*\]|\S+/g) ?? []
      return line.indexOf('\n') === line.length - 1 && fields.length === 26
    }),
  )
})

t.test('log objects are named by their time, or by day and source', async (t) => {
  const enabled = { targetBucket: 'logs', targetPrefix: 'l/' }
  const source = { account: 'AUTH_test', region: 'us-east-1', bucket: 'birds' }
  t.equal(logKey(enabled, source, REQUEST.atMs, 'AB'), 'l/2026-02-06-00-00-38-AB')
  t.equal(
    logKey({ ...enabled, keyFormat: { kind: 'partitioned' } }, source, REQUEST.atMs, 'AB'),
    'l/AUTH_test/us-east-1/birds/2026/02/06/2026-02-06-00-00-38-AB',
  )
})

/** Two buckets, of which the second is logged in the first; what is asked by the function is in the log. */
async function logged(asked: (door: S3Door) => Promise<void>): Promise<{
  readonly door: S3Door
  /** The lines that were delivered by now, and the name of the last object with some. */
  readonly delivered: () => Promise<{ readonly key: string; readonly lines: readonly string[] }>
}> {
  const clock = new VirtualClock()
  const first = s3Door()
  const logs = new LogDelivery({
    store: first.deps.store,
    access: accessDepsOf(first.deps),
    clock,
    random: new SeededRandom(1),
    log: silentLogger,
    region: 'us-east-1',
  })
  const s3 = { authenticate: believing, logs }
  const door = s3Door({}, { ...first.deps, metrics: new Metrics(), s3 })
  await door.s3('PUT', '/logs', { headers: { 'x-amz-acl': 'log-delivery-write' } })
  await door.s3('PUT', '/birds')
  await door.s3('PUT', '/birds/before', { body: 'x' })
  const enabled =
    '<LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>l/</TargetPrefix></LoggingEnabled>'
  await door.s3('PUT', '/birds?logging', { body: `<BucketLoggingStatus>${enabled}</BucketLoggingStatus>` })
  await asked(door)
  await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(61_000)
  await logs.flush()
  const delivered = async (): Promise<{ key: string; lines: string[] }> => {
    const [, key = ''] = /<Key>([^<]*)<\/Key>/.exec((await door.s3('GET', '/logs?list-type=2')).body) ?? []
    const text = key === '' ? '' : (await door.s3('GET', `/logs/${key}`)).body
    return { key, lines: text.trim().split('\n').filter(Boolean) }
  }
  return { door, delivered }
}

t.test('requests to a bucket are in an object of the bucket that its owner named', async (t) => {
  const { delivered } = await logged(async ({ s3, s3As }) => {
    await s3('PUT', '/birds/o', { body: 'x' })
    await s3As(undefined, 'GET', '/birds/o?X=Y')
  })
  const { key, lines } = await delivered()
  t.match(key, /^l\/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}$/)
  t.equal(lines.length, 2, lines.join('\n'))
  t.match(lines[0], / test:tester \S+ REST\.PUT\.OBJECT o "PUT \/birds\/o HTTP\/1\.1" 200 /)
  t.match(lines[1], / - \S+ REST\.GET\.OBJECT o "GET \/birds\/o\?X=Y HTTP\/1\.1" 403 AccessDenied /)
})

function policyFor(statement: object): string {
  const whole = { Action: 's3:PutObject', Resource: 'arn:aws:s3:::logs/l/*', ...statement }
  return JSON.stringify({ Version: '2012-10-17', Statement: [whole] })
}

const SERVICE = { Principal: { Service: 'logging.s3.amazonaws.com' } } as const

t.test(
  'logs are put where the list or the policy of the target lets them be put, and nowhere else',
  async (t) => {
    const cases: readonly (readonly [
      what: string,
      acl: string,
      policy: object | undefined,
      lines: number,
    ])[] = [
      ['a list that lets them no more', 'private', undefined, 0],
      ['a policy that lets the service', 'private', { Effect: 'Allow', ...SERVICE }, 1],
      [
        'a policy that lets it for this bucket',
        'private',
        {
          Effect: 'Allow',
          ...SERVICE,
          Condition: {
            ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::birds' },
            StringEquals: { 'aws:SourceAccount': 'test' },
          },
        },
        1,
      ],
      [
        'a policy that lets it for another bucket',
        'private',
        { Effect: 'Allow', ...SERVICE, Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::bees' } } },
        0,
      ],
      [
        'a policy for other names',
        'private',
        { Effect: 'Allow', ...SERVICE, Resource: 'arn:aws:s3:::logs/x/*' },
        0,
      ],
      [
        'a list that lets them, and a policy that does not',
        'log-delivery-write',
        { Effect: 'Deny', ...SERVICE },
        0,
      ],
    ]
    for (const [what, acl, policy, lines] of cases) {
      const { delivered } = await logged(async ({ s3 }) => {
        await s3('PUT', '/logs?acl', { headers: { 'x-amz-acl': acl } })
        if (policy !== undefined) await s3('PUT', '/logs?policy', { body: policyFor(policy) })
        await s3('HEAD', '/birds')
      })
      t.equal((await delivered()).lines.length, lines, what)
    }
  },
)
