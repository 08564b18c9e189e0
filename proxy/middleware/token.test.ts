/** Tokens of our own that are good for some requests only. */
import t from 'tap'
import type { Directory } from '#auth/directory.ts'
import { type KeystoneRules, keystonePrincipal } from '#auth/keystone/keystone-rules.ts'
import type { Principal } from '#auth/principal.ts'
import { tokenOf } from '#auth/testing/fake-keystone.ts'
import { send, testProxy } from '../testing/test-proxy.ts'

const RULES: KeystoneRules = {
  accounts: new Map([['AUTH_', { operatorRoles: ['member'], serviceRoles: [], projectReaderRoles: [] }]]),
  resellerAdminRoles: [],
  systemReaderRoles: [],
  serviceTokenRoles: ['service'],
  defaultDomainId: 'default',
  namesInAcls: 'allowed',
}
const ACCOUNT = `/v1/AUTH_${tokenOf().project?.id}`
const OPERATOR = keystonePrincipal(tokenOf({ roles: ['member'] }), undefined, RULES)
const SERVICE = keystonePrincipal(tokenOf({ roles: ['service'] }), undefined, RULES)
const READ_OPEN = [{ service: 'object-store', method: 'GET', path: `${ACCOUNT}/open` }]

const PRINCIPALS: Readonly<Record<string, Principal>> = {
  AUTH_whole: OPERATOR,
  AUTH_bound: { ...OPERATOR, accessRules: READ_OPEN },
  AUTH_service: SERVICE,
  AUTH_bound_service: { ...SERVICE, accessRules: [] },
}

const DIRECTORY: Directory = {
  isEmpty: false,
  signIn: async () => ({ kind: 'refused' }),
  open: (_context, token) => {
    const principal = PRINCIPALS[token]
    return principal === undefined
      ? { kind: 'refused', why: 'not_a_token' }
      : { kind: 'valid', principal, expiresAtSeconds: 4_000_000_000 }
  },
}

t.test('a token with access rules opens what they name, and what a service asks on its behalf', async (t) => {
  const { handler } = testProxy({}, { directory: DIRECTORY })
  const status = async (token: string, method: string, path: string, service?: string): Promise<number> => {
    const headers = {
      'X-Auth-Token': token,
      ...(service === undefined ? {} : { 'X-Service-Token': service }),
    }
    return (await send(handler, { method, target: ACCOUNT + path, headers })).status
  }
  t.equal(await status('AUTH_whole', 'PUT', '/open'), 201)
  t.equal(await status('AUTH_whole', 'PUT', '/shut'), 201)
  t.equal(await status('AUTH_bound', 'GET', '/open'), 204)
  for (const [method, path] of [
    ['GET', '/shut'],
    ['GET', ''],
    ['PUT', '/open'],
    ['GET', '/open/object'],
  ] as const) {
    t.equal(await status('AUTH_bound', method, path), 401, `${method} ${path}`)
  }
  t.equal(await status('AUTH_bound', 'GET', '/shut', 'AUTH_service'), 204)
  for (const service of ['AUTH_whole', 'AUTH_bound', 'AUTH_bound_service', 'AUTH_nobody']) {
    t.equal(await status('AUTH_bound', 'GET', '/shut', service), 401, service)
  }
})
