/**
 * Goal: no request, however strange, breaks the proxy or makes it say more than it should. Method: requests made at
 * random from valid and broken pieces; each must get an answer of Swift's kind, never a 500, never a stack trace.
 */
import fc from 'fast-check'
import t from 'tap'
import { send, testProxy, tokenFor } from './testing/test-proxy.ts'

const { handler } = testProxy()
const token = await tokenFor(handler, 'test:tester', 'testing')

const latin1 = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
})
const segment = fc.oneof(
  fc.constantFrom(
    'v1',
    'v1.0',
    'v2',
    'auth',
    'AUTH_test',
    'AUTH_',
    'c',
    'o',
    '',
    '.',
    '..',
    '%00',
    '%ff',
    '%',
    '%zz',
    '%2F',
  ),
  latin1.map((text) => text.replaceAll(/[?# ]/g, '')),
  fc.string({ unit: 'grapheme' }).map(encodeURIComponent),
)
const path = fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`)
const NAMES = [
  'accept',
  'access-control-request-method',
  'content-length',
  'content-type',
  'etag',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'origin',
  'range',
  'referer',
  'transfer-encoding',
  'x-account-access-control',
  'x-auth-key',
  'x-auth-user',
  'x-container-meta-access-control-allow-origin',
  'x-container-meta-a',
  'x-container-read',
  'x-container-write',
  'x-copy-from',
  'x-delete-after',
  'x-delete-at',
  'x-newest',
  'x-object-meta-a',
  'x-remove-container-meta-a',
  'x-storage-policy',
  'x-timestamp',
  'x-trans-id-extra',
]
const value = fc.oneof(
  latin1,
  fc.constantFrom(
    '*',
    '.r:*',
    '{}',
    '{"admin":[]}',
    'bytes=0-',
    '-1',
    '1e9',
    'chunked',
    'true',
    '"',
    'text/plain;q=x',
    '',
  ),
)
const query = fc.oneof(
  fc.constantFrom(
    '',
    'format=json',
    'format=xml',
    'limit=5',
    'limit=-1',
    'marker=%ff',
    'reverse=on',
    'delimiter=/',
    'path=',
  ),
  latin1.map((text) => text.replaceAll('#', '')),
)
const request = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'COPY', 'FOO', '__proto__'),
  path,
  query,
  headers: fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 6 }),
  withToken: fc.boolean(),
  body: fc.option(latin1, { nil: undefined }),
})

t.test('any request gets an answer that is no accident', async (t) => {
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, query, headers, withToken, body }) => {
      const sent = {
        method,
        target: query === '' ? path : `${path}?${query}`,
        headers: withToken ? { ...headers, 'x-auth-token': token } : headers,
        ...(body === undefined ? undefined : { body }),
      }
      const answer = await send(handler, sent)
      if (answer.status === 500 || answer.status < 200)
        throw new Error(`${answer.status} for ${JSON.stringify(sent)}`)
      if (/\bat .*\.ts:\d+|Error:/.test(answer.body)) throw new Error(`a trace for ${JSON.stringify(sent)}`)
      for (const header of Object.values(answer.headers)) {
        if (/[\r\n\0]/.test(header)) throw new Error(`a broken header for ${JSON.stringify(sent)}`)
      }
    }),
    { numRuns: 3000 },
  )
  t.end()
})
