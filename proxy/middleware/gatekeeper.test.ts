import fc from 'fast-check'
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import { requestOf } from '../testing/test-proxy.ts'
import { Transaction } from '../transaction.ts'
import { gatekeeper } from './gatekeeper.ts'

/** What the inside sees of request headers, and the client of response headers. */
async function pass(request: Record<string, string>, response: HeaderMap): Promise<[HeaderMap, Response]> {
  const transaction = new Transaction(requestOf({ target: '/', headers: request }), 'tx', 0, silentLogger)
  const inner = async (): Promise<Response> => ({ status: 200, headers: response, body: undefined })
  const answered = await gatekeeper(inner)(transaction)
  return [transaction.request.headers, answered]
}

const INTERNAL = [
  'x-backend-storage-policy-index',
  'x-backendsomething',
  'x-account-sysmeta-a',
  'x-container-sysmeta-a',
  'x-object-sysmeta-a',
  'x-object-transient-sysmeta-a',
  'x-account-host',
  'x-account-device',
  'x-account-partition',
  'x-container-host',
  'x-container-device',
  'x-container-partition',
  'x-container-root-db-state',
  'x-delete-at-host',
  'x-delete-at-device',
  'x-delete-at-partition',
  'x-delete-at-container',
]

t.test('internal headers pass in neither direction', async (t) => {
  for (const name of INTERNAL) {
    const [seen, answered] = await pass({ [name]: 'x', 'x-object-meta-a': 'b' }, { [name]: 'x', etag: 'e' })
    t.equal(seen[name], undefined, `${name} inwards`)
    t.equal(seen['x-object-meta-a'], 'b')
    t.strictSame(answered.headers, { etag: 'e' }, `${name} outwards`)
  }
})

t.test('a client may not choose the time, but is told it', async (t) => {
  const [seen, answered] = await pass({ 'x-timestamp': '1' }, { 'x-timestamp': '2' })
  t.equal(seen['x-timestamp'], undefined)
  t.equal(answered.headers['x-timestamp'], '2')
})

t.test('everything else passes untouched', async (t) => {
  const name = fc
    .string({ minLength: 1 })
    .map((text) => `x-object-meta-${text.toLowerCase()}`)
    .filter((header) => header !== '__proto__')
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, fc.string()), async (headers) => {
      const [seen, answered] = await pass(headers, headers)
      for (const key of Object.keys(headers)) t.equal(seen[key], headers[key])
      t.equal(answered.headers, headers, 'not even copied')
    }),
    { numRuns: 30 },
  )
})
