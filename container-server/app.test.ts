import t from 'tap'
import { requestOf } from '#backend/test-twins.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import { type ContainerServerTwin, startContainerServer } from './testing.ts'

/** `X-Timestamp` of a second of the test. */
export function ts(second: number, more: HeaderMap = {}): HeaderMap {
  return { 'x-timestamp': `16999${String(second).padStart(5, '0')}.00000`, ...more }
}

const ROW = { 'x-size': '10', 'x-etag': 'e', 'x-content-type': 'text/plain' }

async function listing(server: ContainerServerTwin, query = ''): Promise<unknown> {
  return jsonOf(await server.send('GET', `/a/c?format=json${query}`))
}

function jsonOf(response: Response): unknown {
  return JSON.parse(String(response.body))
}

t.test('a container is created, holds rows, lists them and counts them', async (t) => {
  const server = await startContainerServer()
  const created = await server.send('PUT', '/a/c', ts(1))
  t.equal(created.status, 201)
  t.equal(created.headers['x-backend-storage-policy-index'], '0')
  t.equal((await server.send('PUT', '/a/c', ts(2))).status, 202)
  const row = await server.send('PUT', '/a/c/o%2Fp', ts(3, ROW))
  t.equal(row.status, 201)
  t.equal(row.headers['x-backend-martlet-row'], 'applied')
  t.same(await listing(server), [
    {
      name: 'o/p',
      hash: 'e',
      bytes: 10,
      content_type: 'text/plain',
      last_modified: '2023-11-13T18:26:43.000000',
    },
  ])
  const head = await server.send('HEAD', '/a/c')
  t.equal(head.status, 204)
  t.match(head.headers, {
    'x-container-object-count': '1',
    'x-container-bytes-used': '10',
    'x-backend-put-timestamp': '1699900002.00000',
    'x-backend-delete-timestamp': '0000000000.00000',
    'x-backend-sharding-state': 'unsharded',
    'content-type': 'text/plain; charset=utf-8',
  })
  t.equal((await server.send('DELETE', '/a/c/o%2Fp', ts(4))).status, 204)
  t.same(await listing(server), [])
})

t.test('what is not there is 404, with the times that backends ask for', async (t) => {
  const server = await startContainerServer()
  for (const method of ['GET', 'HEAD']) {
    const response = await server.send(method, '/a/c')
    t.equal(response.status, 404)
    t.equal(response.headers['x-backend-put-timestamp'], '0000000000.00000')
    t.equal(response.headers['x-container-object-count'], undefined)
  }
  t.equal((await server.send('PUT', '/a/c/o', ts(3, ROW))).status, 404)
  t.equal((await server.send('DELETE', '/a/c', ts(3))).status, 404)
  t.equal((await server.send('POST', '/a/c', ts(3))).status, 404)
  t.equal((await server.handler(requestOf('GET', '/sdb1/7/a/c'))).status, 507)
})
