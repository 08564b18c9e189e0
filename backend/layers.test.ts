import t from 'tap'
import { parseCapabilities } from '#base/extensions.ts'
import type { LogFields, Logger } from '#base/log.ts'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { Handler } from '#http/message.ts'
import { accessLog } from './access-log.ts'
import { answer, textAnswer } from './answers.ts'
import { byDevice } from './by-device.ts'
import { Drive } from './drive-state.ts'
import { failureLayer } from './failure-layer.ts'
import { healthcheck } from './healthcheck.ts'
import { Refusal } from './refusal.ts'
import { directoriesDisk, requestOf, roomySpace, ts } from './test-twins.ts'
import { requestTimestamp, timestampNow } from './timestamp-header.ts'

const served: Handler = async () => textAnswer(200, 'served')

class Lines implements Logger {
  readonly lines: { readonly level: string; readonly fields: LogFields }[] = []
  debug = (fields: LogFields): void => void this.lines.push({ level: 'debug', fields })
  info = (fields: LogFields): void => void this.lines.push({ level: 'info', fields })
  warn = (fields: LogFields): void => void this.lines.push({ level: 'warn', fields })
  error = (fields: LogFields): void => void this.lines.push({ level: 'error', fields })
  child = (): Logger => this
}

t.test('the health check answers OK, or why not', async (t) => {
  const ok = await healthcheck()(served)(requestOf('GET', '/healthcheck'))
  t.same([ok.status, String(ok.body)], [200, 'OK'])
  const draining = await healthcheck({ disabledBecause: () => 'going away' })(served)(
    requestOf('GET', '/healthcheck'),
  )
  t.same([draining.status, String(draining.body)], [503, 'going away'])
  t.equal(String((await healthcheck()(served)(requestOf('GET', '/d/1/a'))).body), 'served')
})

t.test('the transaction id is handed back and in the log line', async (t) => {
  const log = new Lines()
  const handler = accessLog({ clock: new VirtualClock(), log, requests: 'all' })(served)
  const response = await handler(requestOf('GET', '/d/1/a', { 'x-trans-id': 'tx1' }))
  t.equal(response.headers['x-trans-id'], 'tx1')
  t.match(log.lines, [
    { level: 'info', fields: { method: 'GET', path: '/d/1/a', status: 200, txId: 'tx1', bytes: 6 } },
  ])
  await handler(requestOf('REPLICATE', '/d/1/a'))
  t.match(log.lines[1], { level: 'debug', fields: { txId: '-' } })
})

t.test('a log of failures has only failures', async (t) => {
  const log = new Lines()
  const options = { clock: new VirtualClock(), log, requests: 'failures' } as const
  await accessLog(options)(served)(requestOf('GET', '/'))
  await accessLog(options)(async () => answer(503))(requestOf('GET', '/'))
  t.match(log.lines, [{ level: 'warn', fields: { status: 503 } }])
})

t.test('an exception is logged, and answered without a trace of our code', async (t) => {
  const log = new Lines()
  const drive = new Drive({
    disk: directoriesDisk(roomySpace()),
    clock: new VirtualClock(),
    devicesPath: '/srv',
    device: 'd',
    mountCheck: 'any_directory',
  })
  const failing = failureLayer(drive, log)(async () => Promise.reject(new Error('secret path')))
  const response = await failing(requestOf('GET', '/d/1/a'))
  t.equal(response.status, 500)
  t.notMatch(String(response.body), 'secret')
  t.equal(log.lines[0]?.level, 'error')
  drive.fail('EIO')
  t.equal((await failing(requestOf('GET', '/d/1/a'))).status, 507)
})

t.test('requests go to the handler of their device', async (t) => {
  const handler = byDevice(new Map([['sda1', served]]))
  t.equal((await handler(requestOf('GET', '/sda1/1/a'))).status, 200)
  t.equal((await handler(requestOf('GET', '/sdb1/1/a'))).status, 507)
  t.equal((await handler(requestOf('GET', '/'))).status, 507)
})

t.test('answers have the explanations of Swift', async (t) => {
  t.equal(String(answer(404).body), '<html><h1>Not Found</h1><p>The resource could not be found.</p></html>')
  t.equal(String(answer(201).body), '')
  t.match(String((await byDevice(new Map())(requestOf('GET', '/%3Cb%3E<i>'))).body), '&lt;i&gt;')
})

t.test('a timestamp has to be there, be one, and not lie far ahead', async (t) => {
  const clock = new VirtualClock()
  const parse = (headers: Record<string, string>, aheadSecondsMax?: number): unknown => {
    const rules = aheadSecondsMax === undefined ? { clock } : { clock, aheadSecondsMax }
    const outcome = requestTimestamp(requestOf('PUT', '/', headers), rules)
    return outcome instanceof Refusal ? String(outcome.response.body) : outcome
  }
  t.equal(parse({}), 'Missing X-Timestamp header')
  t.equal(parse({ 'x-timestamp': '-1' }), 'Invalid X-Timestamp header')
  t.equal(parse({ 'x-timestamp': '12.5' }), '0000000012.50000')
  t.equal(parse({ 'x-timestamp': '12.5_a' }), '0000000012.50000_000000000000000a')
  t.equal(parse({ 'x-timestamp': '1700000060' }), '1700000060.00000')
  t.match(parse({ 'x-timestamp': '1700000060.00001' }), 'more than 60 seconds ahead')
  t.match(parse({ 'x-timestamp': '1700000011' }, 10), 'more than 10 seconds ahead')
  t.equal(timestampNow(clock), '1700000000.00000')
  t.equal(parse(ts(1) as Record<string, string>), '1699900001.00000')
})

t.test('a peer that says nothing can nothing', async (t) => {
  t.same([...parseCapabilities(undefined)], [])
  t.same([...parseCapabilities('digest, rows,')], ['digest', 'rows'])
  t.ok(silentLogger.child({}) !== undefined)
})
