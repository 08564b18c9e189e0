import t from 'tap'
import type { Logger } from '#base/log.ts'
import type { Store } from '#store/contract.ts'
import { send, testProxy, tokenFor } from './testing/test-proxy.ts'

t.test('the pipeline is printed as it runs', (t) => {
  t.strictSame(testProxy().pipeline, [
    'catch-errors',
    'access-log',
    'metrics',
    'head',
    'gatekeeper',
    'healthcheck',
    'metrics-page',
    'info',
    'request-limits',
    'etag-quoter',
    'container-sync',
    'tempurl',
    'formpost',
    'swift-v1-auth',
    'token',
    'bulk',
    'ratelimit',
    'staticweb',
    'door:swift',
  ])
  const endpoints = { locate: async () => ({ urls: [], policyIndex: undefined }) }
  t.ok(testProxy({}, { endpoints }).pipeline.includes('endpoints'), 'endpoints only when turned on')
  t.end()
})

t.test('an operator may leave out layers, but not those that keep the cluster closed', (t) => {
  const required = ['head', 'gatekeeper', 'request-limits', 'token']
  t.strictSame(testProxy({ pipeline: required }).pipeline, ['catch-errors', ...required, 'door:swift'])
  t.throws(() => testProxy({ pipeline: ['head', 'request-limits', 'token'] }), {
    message: 'pipeline: gatekeeper may not be left out',
  })
  t.throws(() => testProxy({ pipeline: [...required, 'bogus'] }), {
    message: 'pipeline: there is no layer called "bogus"',
  })
  t.throws(() => testProxy({ pipeline: ['gatekeeper', 'head', 'request-limits', 'token'] }), {
    message: /the order must be head gatekeeper/,
  })
  t.throws(() => testProxy({ pipeline: [...required, 'token'] }), { message: /the order must be/ })
  t.end()
})

t.test('a client’s addition to the transaction identifier is taken, cut and encoded', async (t) => {
  const { handler } = testProxy({ transactionIdSuffix: '-east' })
  const sent = { target: '/healthcheck', headers: { 'X-Trans-Id-Extra': `a b${'c'.repeat(50)}` } }
  const { headers } = await send(handler, sent)
  t.match(headers['x-trans-id'], /^tx[0-9a-f]{21}-[0-9a-f]{10}-east-a%20bc{29}$/)
  const identifiers = new Set<string | undefined>()
  for (let count = 0; count < 1000; count += 1) {
    identifiers.add((await send(handler, { target: '/healthcheck' })).headers['x-trans-id'])
  }
  t.equal(identifiers.size, 1000, 'no two are alike')
})

t.test('what breaks inside is told to the log with its transaction, to the client not at all', async (t) => {
  const lines: { readonly fields: object; readonly message: string }[] = []
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (fields, message) => lines.push({ fields, message }),
    child: (context) => ({
      ...log,
      error: (fields, message) => log.error({ ...context, ...fields }, message),
    }),
  }
  const broken = new Proxy({} as Store, {
    get: () => {
      throw new Error('secret detail')
    },
  })
  const { handler } = testProxy({}, { store: broken, log })
  const token = await tokenFor(handler, 'test:tester', 'testing')
  const sent = { target: '/v1/AUTH_test/c/o', headers: { 'X-Auth-Token': token } }
  const { status, headers, body } = await send(handler, sent)
  t.equal(status, 500)
  t.equal(body, 'An error occurred')
  t.match(lines, [{ message: 'request failed', fields: { txId: headers['x-trans-id'], path: sent.target } }])
})
