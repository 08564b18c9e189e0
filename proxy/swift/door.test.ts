/** What no recorded answer shows: streams, failures below, and who is asked for what. */
import t from 'tap'
import type { RequestBody } from '#http/message.ts'
import type { ContainerOperations, ObjectOperations, Store } from '#store/contract.ts'
import type { StoreFailure } from '#store/failure.ts'
import { requestOf, send, type TestProxy, testProxy, tokenFor } from '../testing/test-proxy.ts'

const OBJECT = '/v1/AUTH_test/c/o'

interface Setting {
  readonly proxy: TestProxy
  readonly token: string
}

async function setting(
  objects: Partial<ObjectOperations> = {},
  containers: Partial<ContainerOperations> = {},
): Promise<Setting> {
  const plain = testProxy()
  const store: Store = {
    accounts: plain.store.accounts,
    containers: { ...plain.store.containers, ...containers },
    objects: { ...plain.store.objects, ...objects },
  }
  const proxy = testProxy({}, { store })
  const token = await tokenFor(proxy.handler, 'test:tester', 'testing')
  await send(proxy.handler, {
    method: 'PUT',
    target: '/v1/AUTH_test/c',
    headers: { 'X-Auth-Token': token },
    body: '',
  })
  return { proxy, token }
}

t.test('a failure of the store becomes its answer, for every verb', async (t) => {
  const fail = async (): Promise<StoreFailure> => ({ kind: 'unavailable', reason: 'too few replicas' })
  const { proxy, token } = await setting({ read: fail, put: fail, post: fail, delete: fail })
  for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
    const body = method === 'PUT' || method === 'POST' ? { body: '' } : undefined
    const { status } = await send(proxy.handler, {
      method,
      target: OBJECT,
      headers: { 'X-Auth-Token': token },
      ...body,
    })
    t.equal(status, 503, method)
  }
})

t.test('a listing that lags after a write is told to the writer', async (t) => {
  const timestamp = '1700000000.00000' as never
  const { proxy, token } = await setting({
    put: async () => ({ kind: 'created', etag: 'e', sizeBytes: 0, timestamp, listingPending: true }),
    delete: async () => ({ kind: 'deleted', timestamp, listingPending: true }),
  })
  const headers = { 'X-Auth-Token': token }
  const put = await send(proxy.handler, { method: 'PUT', target: OBJECT, headers, body: '' })
  t.match(put, { status: 201, headers: { 'x-listing-pending': 'true' } })
  const deleted = await send(proxy.handler, { method: 'DELETE', target: OBJECT, headers })
  t.match(deleted, { status: 204, headers: { 'x-listing-pending': 'true' } })
})

t.test('the body of an upload is handed on unread', async (t) => {
  let handedOn: RequestBody | undefined
  const { proxy, token } = await setting({
    put: async (_context, _name, { body }) => {
      handedOn = body
      return { kind: 'client_gone' }
    },
  })
  const request = requestOf({
    method: 'PUT',
    target: OBJECT,
    headers: { 'X-Auth-Token': token },
    body: 'hello',
  })
  t.equal((await proxy.handler(request)).status, 499)
  t.equal(handedOn, request.body)
})

t.test('the owner of an account costs one look at what is known of the container', async (t) => {
  let looks = 0
  const { proxy, token } = await setting(
    {},
    {
      info: async () => {
        looks += 1
        return undefined
      },
    },
  )
  looks = 0
  const { status } = await send(proxy.handler, { target: OBJECT, headers: { 'X-Auth-Token': token } })
  t.equal(status, 404)
  t.equal(looks, 1)
})

t.test('a denied upload is not read', async (t) => {
  const { proxy } = await setting()
  const request = requestOf({ method: 'PUT', target: OBJECT, body: 'hello' })
  const body: RequestBody = {
    ...request.body,
    [Symbol.asyncIterator]: () => {
      throw new Error('read')
    },
  }
  t.equal((await proxy.handler({ ...request, body })).status, 401)
})

t.test('where accounts are not managed here, they are neither created nor deleted', async (t) => {
  const { handler } = testProxy({ allowAccountManagement: false })
  const token = await tokenFor(handler, 'admin:admin', 'admin')
  for (const method of ['PUT', 'DELETE']) {
    const { status, headers } = await send(handler, {
      method,
      target: '/v1/AUTH_x',
      headers: { 'X-Auth-Token': token },
    })
    t.equal(status, 405)
    t.equal(headers['allow'], 'GET, HEAD, POST, OPTIONS')
  }
})

t.test('without strict CORS every origin gets the headers', async (t) => {
  const { handler } = testProxy({ strictCorsMode: false, corsExposeHeaders: ['x-mine'] })
  const { headers } = await send(handler, { target: OBJECT, headers: { Origin: 'http://any.example' } })
  t.equal(headers['access-control-allow-origin'], 'http://any.example')
  t.match(headers['access-control-expose-headers'], /x-mine/)
})

t.test('an origin that the operator allows needs no container’s leave', async (t) => {
  const { handler } = testProxy({ corsAllowOrigin: ['http://any.example'] })
  const sent = { target: OBJECT, headers: { Origin: 'http://any.example' } }
  t.equal((await send(handler, sent)).headers['access-control-allow-origin'], 'http://any.example')
  const headers = { ...sent.headers, 'Access-Control-Request-Method': 'PUT' }
  t.equal((await send(handler, { ...sent, method: 'OPTIONS', headers })).status, 200)
})

t.test('two tenants cannot see each other', async (t) => {
  const { proxy, token } = await setting()
  const other = await tokenFor(proxy.handler, 'test2:tester2', 'testing2')
  const headers = { 'X-Auth-Token': token }
  await send(proxy.handler, { method: 'PUT', target: OBJECT, headers, body: 'secret' })
  for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
    for (const target of ['/v1/AUTH_test', '/v1/AUTH_test/c', OBJECT]) {
      const { status } = await send(proxy.handler, {
        method,
        target,
        headers: { 'X-Auth-Token': other },
        body: '',
      })
      t.equal(status, 403, `${method} ${target}`)
    }
  }
  t.equal((await send(proxy.handler, { target: OBJECT, headers })).body, 'secret')
})
