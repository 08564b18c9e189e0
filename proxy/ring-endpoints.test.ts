import t from 'tap'
import { hashName } from '#base/names.ts'
import type { Ring } from '#ring/ring.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import { ringEndpoints } from './ring-endpoints.ts'
import { requestOf, send, testProxy, tokenFor } from './testing/test-proxy.ts'
import { Transaction } from './transaction.ts'

const salt = { prefix: 'p', suffix: 's' }

function ringAt(port: number, ...ips: readonly string[]): Ring {
  const devices = ips.map((ip, at) => ({ region: 1, zone: at + 1, ip, port, device: `sd${at}`, weight: 100 }))
  return buildSimpleRing({ devices, partPower: 4, replicas: ips.length })
}

const account = ringAt(6202, '10.0.0.1', '::1')
const container = ringAt(6201, '10.0.0.1')
const silver = ringAt(6210, '10.0.0.1', '10.0.0.2', '10.0.0.3')
const proxy = testProxy()
const token = await tokenFor(proxy.handler, 'test:tester', 'testing')
await send(proxy.handler, {
  method: 'PUT',
  target: '/v1/AUTH_test/c',
  headers: { 'X-Auth-Token': token, 'X-Storage-Policy': 'silver' },
})
const rings = {
  account: () => account,
  container: () => container,
  object: (policy: number) => (policy === 1 ? silver : undefined),
}
const lookup = ringEndpoints({ store: proxy.store, salt, rings })
const context = new Transaction(requestOf({ target: '/' }), 'tx', 0, proxy.deps.log)

t.test('an account is at every primary of its ring', async (t) => {
  const name = { account: 'AUTH_ü' }
  const { urls, policyIndex } = await lookup.locate(context, name)
  const partition = account.partitionOf(hashName(name, salt))
  t.strictSame(urls.toSorted(), [
    `http://10.0.0.1:6202/sd0/${partition}/AUTH_%C3%BC`,
    `http://[::1]:6202/sd1/${partition}/AUTH_%C3%BC`,
  ])
  t.equal(policyIndex, undefined)
})

t.test('an object is in the ring of its container’s policy', async (t) => {
  const { urls, policyIndex } = await lookup.locate(context, {
    account: 'AUTH_test',
    container: 'c',
    object: 'o/p q',
  })
  t.equal(policyIndex, 1)
  t.equal(urls.length, 3)
  t.match(urls[0], /^http:\/\/10\.0\.0\.\d:6210\/sd\d\/\d+\/AUTH_test\/c\/o\/p%20q$/)
})

t.test('an object of a container that is not there has the first policy', async (t) => {
  const located = await lookup.locate(context, { account: 'AUTH_test', container: 'none', object: 'o' })
  t.strictSame(located, { urls: [], policyIndex: 0 })
})
