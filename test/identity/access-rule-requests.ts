/**
 * Requests about application credentials with access rules, and with the tokens that they get. As `identity-requests.ts`; what they
 * make goes in the end.
 */
import { type IdentityRequest, PASSWORD, type Row, rows } from './identity-requests.ts'

const CREDENTIALS = '/users/{lark}/application_credentials'
const RULES = '/users/{lark}/access_rules'
const SEE_USERS = { service: 'identity', method: 'GET', path: '/v3/users/*' }

function login(gives: string, identity: unknown, scope?: unknown): IdentityRequest {
  const auth = scope === undefined ? { identity } : { identity, scope }
  return {
    method: 'POST',
    path: '/auth/tokens?nocatalog',
    body: { auth },
    gives,
    as: 'nobody',
    compared: 'status',
  }
}

function credential(name: string, rules: unknown, gives?: string): Row {
  const body = { application_credential: { name, secret: 'a secret', access_rules: rules } }
  return gives === undefined ? ['POST', CREDENTIALS, body] : ['POST', CREDENTIALS, body, gives]
}

export const ACCESS_RULE_REQUESTS: readonly IdentityRequest[] = [
  ...rows([
    ['POST', '/projects', { project: { name: 'nest' } }, 'nest'],
    ['POST', '/users', { user: { name: 'lark', password: PASSWORD } }, 'lark'],
    ['POST', '/roles', { role: { name: 'hatcher' } }, 'hatcher'],
    ['PUT', '/projects/{nest}/users/{lark}/roles/{hatcher}'],
  ]),
  login(
    'lark’s',
    {
      methods: ['password'],
      password: { user: { name: 'lark', domain: { id: 'default' }, password: PASSWORD } },
    },
    { project: { id: '{nest}' } },
  ),
  ...rows(
    [credential('bound', [SEE_USERS], 'bound'), credential('free', []), credential('same', [SEE_USERS])],
    {
      as: 'lark’s',
      compared: 'status',
    },
  ),
  ...rows(
    [
      credential('wrong', [{ ...SEE_USERS, method: 'COPY' }]),
      credential('wrong', [{ ...SEE_USERS, path: 'v3/users' }]),
      credential('wrong', [{ ...SEE_USERS, more: 'things' }]),
      ['GET', RULES, undefined, 'rule'],
      ['GET', `${RULES}?service=image`],
      ['GET', `${RULES}/{rule}`],
      ['GET', `${RULES}/none`],
      ['DELETE', `${RULES}/none`],
      ['DELETE', `${RULES}/{rule}`],
    ],
    { as: 'lark’s' },
  ),
  login('bound’s', {
    methods: ['application_credential'],
    application_credential: { id: '{bound}', secret: 'a secret' },
  }),
  ...rows(
    [
      ['GET', '/users/{lark}'],
      ['HEAD', '/users/{lark}'],
      ['GET', '/users/{lark}/projects'],
      ['GET', '/auth/projects'],
      ['POST', CREDENTIALS, { application_credential: { name: 'more' } }],
    ],
    { as: 'bound’s' },
  ),
  // Nobody says that they look at its rules.
  { method: 'GET', path: '/auth/tokens?nocatalog', subject: 'bound’s', compared: 'status' },
  ...rows([
    ['DELETE', '/users/{lark}'],
    ['DELETE', '/projects/{nest}'],
    ['DELETE', '/roles/{hatcher}'],
  ]),
]
