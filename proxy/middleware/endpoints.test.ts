import t from 'tap'
import type { ResourceName } from '#base/names.ts'
import { send, testProxy } from '../testing/test-proxy.ts'
import type { EndpointsLookup } from './endpoints.ts'

const asked: ResourceName[] = []
const endpoints: EndpointsLookup = {
  locate: async (_context, name) => {
    asked.push(name)
    return { urls: ['http://10.0.0.1:6200/sda/1/a'], policyIndex: name.object === undefined ? undefined : 1 }
  },
}
const { handler } = testProxy({}, { endpoints })

async function get(
  target: string,
): Promise<{ status: number; value: unknown; name: ResourceName | undefined }> {
  asked.length = 0
  const { status, body, headers } = await send(handler, { target })
  const isJson = headers['content-type'] === 'application/json'
  return { status, value: isJson ? JSON.parse(body) : body, name: asked[0] }
}

t.test('the first version is a list, with and without its name', async (t) => {
  for (const target of ['/endpoints/v1/a/c/o/p', '/endpoints/v1.0/a/c/o/p', '/endpoints/a/c/o/p']) {
    const { status, value, name } = await get(target)
    t.equal(status, 200)
    t.strictSame(value, ['http://10.0.0.1:6200/sda/1/a'])
    t.strictSame(name, { account: 'a', container: 'c', object: 'o/p' }, target)
  }
  t.strictSame((await get('/endpoints/a')).name, { account: 'a', container: undefined, object: undefined })
})

t.test('the second version tells the policy of an object', async (t) => {
  t.strictSame((await get('/endpoints/v2/a/c/%C3%BC')).value, {
    endpoints: ['http://10.0.0.1:6200/sda/1/a'],
    headers: { 'X-Backend-Storage-Policy-Index': '1' },
  })
  t.strictSame((await get('/endpoints/v2/a')).value, {
    endpoints: ['http://10.0.0.1:6200/sda/1/a'],
    headers: {},
  })
})

t.test('a version there is not, a missing account and other methods are refused', async (t) => {
  t.match(await get('/endpoints/v3/a'), { status: 400, value: "Unsupported version 'v3'" })
  t.match(await get('/endpoints/v1/'), { status: 400, value: 'No account specified' })
  t.match(await get('/endpoints/'), { status: 400, value: 'No account specified' })
  t.strictSame(
    (await get('/endpoints/v_3/c')).name?.account,
    'v_3',
    'an account that only looks like a version',
  )
  const put = await send(handler, { method: 'PUT', target: '/endpoints/v1/a' })
  t.match(put, { status: 405, headers: { allow: 'GET' } })
})

t.test('it is off unless it was turned on', async (t) => {
  t.equal((await send(testProxy().handler, { target: '/endpoints/v1/a' })).status, 400)
})
