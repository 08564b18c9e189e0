import t from 'tap'
import { send, testProxy } from '../testing/test-proxy.ts'

t.test('requests are counted by method and status, and timed', async (t) => {
  const { handler } = testProxy()
  await send(handler, { target: '/healthcheck' })
  await send(handler, { target: '/healthcheck' })
  await send(handler, { target: '/v1/AUTH_test' })
  await send(handler, { method: 'MADEUP1', target: '/v1/AUTH_test' })
  await send(handler, { method: 'MADEUP2', target: '/v1/AUTH_test' })
  const { status, headers, body } = await send(handler, { target: '/metrics' })
  t.equal(status, 200)
  t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/)
  t.match(body, 'martlet_proxy_requests_total{method="GET",status="200"} 2')
  t.match(body, 'martlet_proxy_requests_total{method="GET",status="401"} 1')
  t.match(body, 'martlet_proxy_requests_total{method="other",status="405"} 2')
  t.match(body, 'martlet_proxy_request_seconds_count{method="GET"} 3')
  t.match(body, /martlet_proxy_requests_in_flight 1\n/)
})

t.test('nobody writes to the page', async (t) => {
  t.equal((await send(testProxy().handler, { method: 'POST', target: '/metrics' })).status, 405)
})

t.test('an operator may take the process out of rotation', async (t) => {
  const { handler } = testProxy({}, { isDisabled: () => true })
  const { status, body } = await send(handler, { target: '/healthcheck' })
  t.equal(status, 503)
  t.equal(body, 'DISABLED BY FILE')
})
