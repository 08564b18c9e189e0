import t from 'tap'
import type { LogFields, Logger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { BodyStream, Response } from '#http/message.ts'
import { requestOf } from '../testing/test-proxy.ts'
import { Transaction } from '../transaction.ts'
import { type AccessLogWhat, accessLog } from './access-log.ts'

interface Line extends LogFields {
  readonly level: string
}

function recorder(): { readonly log: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const at =
    (level: string) =>
    (fields: LogFields): void => {
      lines.push({ level, ...fields })
    }
  const log: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  }
  return { log, lines }
}

function streamOf(...chunks: readonly string[]): BodyStream {
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (const chunk of chunks) yield Buffer.from(chunk)
    },
  }
}

async function run(response: Response, what: AccessLogWhat = 'all'): Promise<[Response, Line[]]> {
  const clock = new VirtualClock()
  const { log, lines } = recorder()
  const request = requestOf({
    target: '/v1/AUTH_test/c/o?x=y',
    headers: { 'X-Auth-Token': 'secret', 'User-Agent': 'test' },
  })
  const transaction = new Transaction(request, 'tx1', clock.monotonicMs(), log)
  transaction.principal = { user: 'test:tester', tenant: 'test', groups: [] }
  const layer = accessLog({ clock, log, what })
  const answered = await layer(async () => {
    await clock.advance(12)
    return response
  })(transaction)
  return [answered, lines]
}

const OK = { status: 200, headers: {} }

t.test('a request is told in one line, without its token', async (t) => {
  const [, lines] = await run({ ...OK, body: Buffer.from('hello') })
  t.strictSame(lines, [
    {
      level: 'info',
      txId: 'tx1',
      method: 'GET',
      path: '/v1/AUTH_test/c/o?x=y',
      status: 200,
      sentBytes: 5,
      tookMs: 12,
      user: 'test:tester',
      from: '127.0.0.1',
      agent: 'test',
    },
  ])
})

t.test('a streamed body is counted when it has been read', async (t) => {
  const [response, lines] = await run({ ...OK, body: streamOf('abc', 'de') })
  t.equal(lines.length, 0, 'not before')
  for await (const chunk of response.body as BodyStream) t.ok(chunk.length > 0)
  t.match(lines, [{ sentBytes: 5, status: 200 }])
  t.notOk('brokenOff' in (lines[0] as Line))
})

t.test('a body given up says so, once', async (t) => {
  const [response, lines] = await run({ ...OK, body: streamOf('abc', 'de') }, 'errors')
  for await (const chunk of response.body as BodyStream) {
    t.ok(chunk)
    break
  }
  await (response.body as BodyStream).cancel()
  t.match(lines, [{ sentBytes: 3, brokenOff: true }])
  t.equal(lines.length, 1)
})

t.test('our failures are warnings; of the rest, as much as is asked for', async (t) => {
  const failed = { status: 503, headers: {}, body: undefined }
  t.match((await run(failed))[1], [{ level: 'warn', status: 503 }])
  t.equal((await run({ ...OK, body: undefined }, 'errors'))[1].length, 0)
  t.equal((await run({ ...failed, status: 404 }, 'errors'))[1].length, 1)
  t.equal((await run(failed, 'none'))[1].length, 0)
})

t.test('of a signature only the beginning is logged', async (t) => {
  const clock = new VirtualClock()
  const { log, lines } = recorder()
  const query = `temp_url_sig=${'a'.repeat(16)}SECRET&temp_url_expires=1&swiftinfo_sig=short&X-Amz-Signature=short&Signature=short`
  const request = requestOf({ target: `/v1/AUTH_test/c/o?${query}` })
  const transaction = new Transaction(request, 'tx1', clock.monotonicMs(), log)
  transaction.grant = {
    method: 'GET',
    name: { account: 'AUTH_test', container: 'c', object: 'o' },
    reach: 'nothing',
  }
  const layer = accessLog({ clock, log, what: 'all' })
  await layer(async () => ({ status: 200, headers: {}, body: undefined }))(transaction)
  const path = `/v1/AUTH_test/c/o?temp_url_sig=${'a'.repeat(16)}...&temp_url_expires=1&swiftinfo_sig=short...&X-Amz-Signature=short...&Signature=short...`
  t.match(lines, [{ path, signed: true }])
})
