/** What the rules of an application credential let through, and that no other writing of a path gets past them. */
import t from 'tap'
import { isAllowedBy } from './access-rules.ts'

const OBJECTS = { service: 'object-store', method: 'GET' }
const IMAGES = { service: 'image', method: 'GET' }

interface Case {
  readonly rule: { readonly service: string; readonly method: string; readonly path: string }
  readonly allowed: readonly string[]
  readonly refused: readonly string[]
}

const CASES: readonly Case[] = [
  {
    rule: { ...OBJECTS, path: '/v1/AUTH_test/open/*' },
    allowed: ['/v1/AUTH_test/open/a', '/v1/AUTH_test/open/a%20b', '/v1/AUTH_test/open/%C3%A4'],
    refused: [
      '/v1/AUTH_test/open',
      '/v1/AUTH_test/open/',
      '/v1/AUTH_test/open/a/b',
      '/v1/AUTH_test/open/a%2Fb',
      '/v1/AUTH_test/other/a',
      '/v1/AUTH_test/open%2Fa/b',
      '/v1/AUTH_test/open/%FF',
      '/image/v1/AUTH_test/open/a',
    ],
  },
  {
    rule: { ...OBJECTS, path: '/v1/AUTH_test/open/**' },
    allowed: ['/v1/AUTH_test/open/a', '/v1/AUTH_test/open/a/b/', '/v1/AUTH_test/open/a%2Fb'],
    refused: ['/v1/AUTH_test/open', '/v1/AUTH_test/open/', '/v1/AUTH_test/opened/a'],
  },
  {
    rule: { ...OBJECTS, path: '/v1/AUTH_test/open' },
    allowed: ['/v1/AUTH_test/open', '/v1/AUTH_test/open/'],
    refused: ['/v1/AUTH_test/open//', '/v1/AUTH_test', '/v1/AUTH_test/open/a'],
  },
  {
    rule: { ...IMAGES, path: '/v2/images/{image_id}/file' },
    allowed: ['/image/v2/images/7/file', '/image//v2/images/7/file/'],
    refused: [
      '/image/v2/images/7',
      '/image/v2/images/7/members/file',
      '/image/v2/images/7%2Ffile',
      '/v2/images/7/file',
    ],
  },
  {
    rule: { ...IMAGES, path: '/image/v2/images/**' },
    allowed: ['/image/v2/images/7', '/image/v2/images/7/members'],
    refused: ['/image/v2/images', '/image/v2/images/', '/image/v2/tasks'],
  },
  {
    rule: { ...IMAGES, path: '/v2/images/a.c' },
    allowed: ['/image/v2/images/a.c'],
    refused: ['/image/v2/images/abc'],
  },
]

for (const { rule, allowed, refused } of CASES) {
  t.test(`${rule.service} ${rule.path}`, async (t) => {
    for (const path of allowed) {
      t.ok(isAllowedBy([rule], { method: 'GET', path }), path)
      t.notOk(isAllowedBy([rule], { method: 'PUT', path }), `PUT ${path}`)
      t.notOk(isAllowedBy([], { method: 'GET', path }), 'no rule, nothing')
    }
    for (const path of refused) t.notOk(isAllowedBy([rule], { method: 'GET', path }), path)
  })
}

t.test('whose a token is may be asked whatever the rules are', async (t) => {
  t.ok(isAllowedBy([], { method: 'GET', path: '/identity/v3/auth/tokens' }))
  t.notOk(isAllowedBy([], { method: 'DELETE', path: '/identity/v3/auth/tokens' }))
  t.notOk(isAllowedBy([], { method: 'GET', path: '/identity/v3/users' }))
})

t.test('a pattern that could be tried in many ways costs no more than its length', async (t) => {
  const rule = { ...OBJECTS, path: `/v1/${'**a'.repeat(70)}b` }
  t.notOk(isAllowedBy([rule], { method: 'GET', path: `/v1/${'a'.repeat(4000)}` }))
})
