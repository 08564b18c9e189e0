/**
 * What the pipeline and the door cost a request, without sockets and disks: `node proxy/testing/door-benchmark.ts`.
 * Prints microseconds per request, best of several rounds, over a store that answers at once.
 */
import type { Handler, Request } from '#http/message.ts'
import type { ObjectRead, Store } from '#store/contract.ts'
import { requestOf, testProxy, tokenFor } from './test-proxy.ts'

const ROUNDS = 8
const REQUESTS_PER_ROUND = 20_000

const BODY = Buffer.alloc(4096)
const FOUND: ObjectRead = {
  kind: 'found',
  status: 200,
  headers: {
    'content-type': 'application/octet-stream',
    'content-length': '4096',
    etag: '620f0b67a91f7f74151bc5be745b7110',
    'last-modified': 'Sat, 21 Nov 2026 09:41:49 GMT',
    'x-timestamp': '1795254108.15660',
    'x-object-meta-colour': 'blue',
    'x-backend-timestamp': '1795254108.15660',
    'x-backend-data-timestamp': '1795254108.15660',
    'x-backend-durable-timestamp': '1795254108.15660',
  },
  body: BODY,
}

const { deps } = testProxy()
const instant: Store = { ...deps.store, objects: { ...deps.store.objects, read: async () => FOUND } }

async function microsecondsPer(handler: Handler, request: Request): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now()
    for (let count = 0; count < REQUESTS_PER_ROUND; count += 1) await handler(request)
    best = Math.min(best, ((performance.now() - start) * 1000) / REQUESTS_PER_ROUND)
  }
  return best
}

const { handler } = testProxy({}, { store: instant })
const token = await tokenFor(handler, 'test:tester', 'testing')
const headers = {
  'user-agent': 'benchmark',
  accept: '*/*',
  'accept-encoding': 'identity',
  connection: 'keep-alive',
  'x-auth-token': token,
}
for (const [what, sent] of [
  ['GET of an object by its owner', { target: '/v1/AUTH_test/container/object-000001', headers }],
  [
    'GET of an object by name beyond ASCII',
    { target: '/v1/AUTH_test/container/%C3%BC%20%F0%9F%98%80', headers },
  ],
  [
    'GET of an object with a forged token',
    { target: '/v1/AUTH_test/c/o', headers: { 'x-auth-token': `${token}x` } },
  ],
  ['healthcheck', { target: '/healthcheck' }],
] as const) {
  process.stdout.write(`${what}: ${(await microsecondsPer(handler, requestOf(sent))).toFixed(2)} µs\n`)
}
