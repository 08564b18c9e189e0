import fc from 'fast-check'
import t from 'tap'
import { tokenBody, tokenOf } from '../testing/fake-keystone.ts'
import { parseExpiry, parseTokenAnswer } from './token-answer.ts'

t.test('what Keystone says of a token is read', async (t) => {
  const token = tokenOf()
  t.same(parseTokenAnswer(tokenBody(token)), token)
  t.same(parseTokenAnswer(tokenBody(tokenOf({ project: undefined })))?.project, undefined)
  t.same(parseTokenAnswer(tokenBody(tokenOf({ roles: ['SwiftOperator'] })))?.roles, ['swiftoperator'])
  t.equal(parseExpiry(tokenBody(token)), token.expiresAtMs)
  const accessRules = [{ service: 'image', method: 'GET', path: '/v2/images' }]
  t.same(parseTokenAnswer(tokenBody(tokenOf({ accessRules })))?.accessRules, accessRules)
})

t.test('an answer that lacks what decisions need is no answer', async (t) => {
  const whole = JSON.parse(tokenBody(tokenOf()).toString()) as { token: Record<string, unknown> }
  for (const member of ['user', 'expires_at']) {
    const { [member]: _left, ...token } = whole.token
    t.equal(parseTokenAnswer(Buffer.from(JSON.stringify({ token }))), undefined, `without ${member}`)
  }
  for (const [member, value] of [
    ['project', { id: 'x' }],
    ['project', null],
    ['user', { id: 'x', name: 'y' }],
    ['roles', 'admin'],
    ['roles', [{ id: 'x' }]],
    ['expires_at', 'soon'],
    ['application_credential', { access_rules: 'all' }],
    ['application_credential', { access_rules: [{ service: 'image' }] }],
  ] as const) {
    const token = { ...whole.token, [member]: value }
    t.equal(
      parseTokenAnswer(Buffer.from(JSON.stringify({ token }))),
      undefined,
      `${member}: ${String(value)}`,
    )
  }
})

t.test('nothing that a server sends makes the parser throw', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      parseTokenAnswer(Buffer.from(text))
      parseTokenAnswer(Buffer.from(`{"token":${text}}`))
      parseExpiry(Buffer.from(text))
    }),
  )
  t.pass('it never threw')
})
