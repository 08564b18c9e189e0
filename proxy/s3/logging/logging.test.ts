import * as fc from 'fast-check'
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { Metrics } from '#base/metrics.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { believing, s3Door } from '../../testing/s3-door.ts'
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

t.test('requests to a bucket are in an object of the bucket that its owner named', async (t) => {
  const clock = new VirtualClock()
  const first = s3Door()
  const logs = new LogDelivery({
    store: first.deps.store,
    clock,
    random: new SeededRandom(1),
    log: silentLogger,
    region: 'us-east-1',
  })
  const s3 = { authenticate: believing, logs }
  const { s3: ask, s3As } = s3Door({}, { ...first.deps, metrics: new Metrics(), s3 })
  await ask('PUT', '/logs')
  await ask('PUT', '/birds')
  await ask('PUT', '/birds/before', { body: 'x' })
  const enabled =
    '<LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>l/</TargetPrefix></LoggingEnabled>'
  await ask('PUT', '/birds?logging', { body: `<BucketLoggingStatus>${enabled}</BucketLoggingStatus>` })
  await ask('PUT', '/birds/o', { body: 'x' })
  await s3As(undefined, 'GET', '/birds/o?X=Y')
  await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(61_000)
  await logs.flush()
  const [, key = ''] = /<Key>([^<]*)<\/Key>/.exec((await ask('GET', '/logs?list-type=2')).body) ?? []
  t.match(key, /^l\/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}$/)
  const lines = (await ask('GET', `/logs/${key}`)).body.trim().split('\n')
  t.equal(lines.length, 2, lines.join('\n'))
  t.match(lines[0], / test:tester \S+ REST\.PUT\.OBJECT o "PUT \/birds\/o HTTP\/1\.1" 200 /)
  t.match(lines[1], / - \S+ REST\.GET\.OBJECT o "GET \/birds\/o\?X=Y HTTP\/1\.1" 403 AccessDenied /)
})
