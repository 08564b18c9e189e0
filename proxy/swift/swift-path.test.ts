import fc from 'fast-check'
import t from 'tap'
import { parseSwiftPath } from './swift-path.ts'

t.test('a path is an account, a container or an object', (t) => {
  const account = { account: 'AUTH_a' }
  const container = { account: 'AUTH_a', container: 'c' }
  for (const [path, kind, name] of [
    ['/v1/AUTH_a', 'account', account],
    ['/v1/AUTH_a/', 'account', account],
    ['/v1.0/AUTH_a', 'account', account],
    ['/v1/AUTH_a/c', 'container', container],
    ['/v1/AUTH_a/c/', 'container', container],
    ['/v1/AUTH_a/c/o', 'object', { ...container, object: 'o' }],
    ['/v1/AUTH_a/c//', 'object', { ...container, object: '/' }],
    ['/v1/AUTH_a/c/o/p/', 'object', { ...container, object: 'o/p/' }],
    ['/v1/AUTH_a/c/../d', 'object', { ...container, object: '../d' }],
  ] as const) {
    t.strictSame(parseSwiftPath(path), { kind, name }, path)
  }
  t.end()
})

t.test('what is no path has the status of Swift', (t) => {
  for (const [path, status] of [
    ['/', 404],
    ['//AUTH_a', 404],
    ['v1/AUTH_a', 404],
    ['/v1', 412],
    ['/v1/', 412],
    ['/v2', 412],
    ['/v2/AUTH_a', 400],
    ['/v1//c', 412],
    ['/v1/AUTH_a//o', 412],
  ] as const) {
    t.match(parseSwiftPath(path), { kind: 'refused', response: { status } }, path)
  }
  t.end()
})

t.test('names that were put together come apart again', (t) => {
  const segment = fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => !name.includes('/'))
  fc.assert(
    fc.property(
      segment,
      segment,
      fc.string({ unit: 'grapheme', minLength: 1 }),
      (account, container, object) => {
        t.strictSame(parseSwiftPath(`/v1/${account}/${container}/${object}`), {
          kind: 'object',
          name: { account, container, object },
        })
      },
    ),
    { numRuns: 50 },
  )
  t.end()
})
