/** Signing in, tokens, and paths that lead somewhere or nowhere. */
import { ACCOUNT, anonymous, own, type Step } from './step.ts'

export const AUTH: readonly Step[] = [
  anonymous('a token for the right key', 'GET', '/auth/v1.0', {
    headers: { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' },
  }),
  anonymous('a token by the storage headers', 'GET', '/auth/v1.0', {
    headers: { 'X-Storage-User': 'test:tester', 'X-Storage-Pass': 'testing' },
  }),
  anonymous('a token by the path with the account', 'GET', '/auth/v1/test/auth', {
    headers: { 'X-Storage-User': 'tester', 'X-Storage-Pass': 'testing' },
  }),
  anonymous('a token by the path with the account and X-Auth-User', 'GET', '/auth/v1/test/auth', {
    headers: { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' },
  }),
  anonymous('no token when the path names another account', 'GET', '/auth/v1/test2/auth', {
    headers: { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' },
  }),
  anonymous('a token by /auth/auth', 'GET', '/auth/auth', {
    headers: { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' },
  }),
  anonymous('no token for a wrong key', 'GET', '/auth/v1.0', {
    headers: { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'wrong' },
  }),
  anonymous('no token for an unknown user', 'GET', '/auth/v1.0', {
    headers: { 'X-Auth-User': 'test:nobody', 'X-Auth-Key': 'testing' },
  }),
  anonymous('no token without a user', 'GET', '/auth/v1.0'),
  anonymous('no token without a key', 'GET', '/auth/v1.0', { headers: { 'X-Auth-User': 'test:tester' } }),
  anonymous('no token for a user without account', 'GET', '/auth/v1.0', {
    headers: { 'X-Auth-User': 'tester', 'X-Auth-Key': 'testing' },
  }),
  anonymous('POST to auth is not allowed', 'POST', '/auth/v1.0', { body: '' }),
  anonymous('an auth version that does not exist', 'GET', '/auth/v3', {
    headers: { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' },
  }),
  anonymous('auth v1 without auth at the end', 'GET', '/auth/v1/test/other'),
  anonymous('the bare auth path', 'GET', '/auth/'),
  anonymous('a forged token', 'GET', ACCOUNT, { headers: { 'X-Auth-Token': 'AUTH_tkforged' } }),
  anonymous('a foreign token', 'GET', ACCOUNT, { headers: { 'X-Auth-Token': 'foreign' } }),
  anonymous('no token at an account', 'GET', ACCOUNT),
  anonymous('no token at a foreign account', 'GET', '/v1/OTHER_test'),
  own('a token at a foreign account', 'GET', '/v1/OTHER_test'),
  own('a token at another account of ours', 'GET', '/v1/AUTH_test2'),
  { name: 'a reseller at another account', as: 'reseller', method: 'HEAD', target: '/v1/AUTH_test2' },
  anonymous('a forged token at a container', 'PUT', `${ACCOUNT}/c`, {
    headers: { 'X-Auth-Token': 'AUTH_tkforged' },
    body: '',
  }),
]

export const PATHS: readonly Step[] = [
  anonymous('healthcheck', 'GET', '/healthcheck'),
  anonymous('healthcheck by HEAD', 'HEAD', '/healthcheck'),
  anonymous('healthcheck by PUT', 'PUT', '/healthcheck', { body: '' }),
  anonymous('info by HEAD', 'HEAD', '/info'),
  anonymous('info by PUT', 'PUT', '/info', { body: '' }),
  anonymous('info by OPTIONS', 'OPTIONS', '/info'),
  anonymous(
    'info with a signature but no key configured',
    'GET',
    '/info?swiftinfo_sig=a&swiftinfo_expires=1',
  ),
  own('an unknown version', 'GET', '/v2/AUTH_test'),
  own('version v1.0', 'HEAD', '/v1.0/AUTH_test'),
  own('only a version', 'GET', '/v1'),
  own('only a version and a slash', 'GET', '/v1/'),
  own('a wrong version alone', 'GET', '/v9'),
  own('an empty account', 'GET', '/v1//c'),
  own('an empty container before an object', 'GET', `${ACCOUNT}//o`),
  own('an account with a trailing slash', 'HEAD', `${ACCOUNT}/`),
  own('a NUL in the path', 'GET', `${ACCOUNT}/a%00b`),
  own('bad UTF-8 in the path', 'GET', `${ACCOUNT}/%ff`),
  own('a surrogate in the path', 'GET', `${ACCOUNT}/%ed%a0%80`),
  own('an account name too long', 'GET', `/v1/AUTH_${'a'.repeat(252)}`),
  {
    name: 'a reseller at an account name too long',
    as: 'reseller',
    method: 'GET',
    target: `/v1/AUTH_${'a'.repeat(252)}`,
  },
  {
    name: 'a reseller POSTs an account name too long',
    as: 'reseller',
    method: 'POST',
    target: `/v1/AUTH_${'a'.repeat(252)}`,
    body: '',
  },
  own('a container name too long', 'PUT', `${ACCOUNT}/${'c'.repeat(257)}`, { body: '' }),
  own('a container name just short enough', 'PUT', `${ACCOUNT}/${'c'.repeat(256)}`, { body: '' }),
  own('and gone again', 'DELETE', `${ACCOUNT}/${'c'.repeat(256)}`),
  own('an unknown method at an account', 'FOO', ACCOUNT),
  own('an unknown method at a container', 'FOO', `${ACCOUNT}/c`),
  own('an unknown method at an object', 'FOO', `${ACCOUNT}/c/o`),
  anonymous('an unknown method, anonymously', 'FOO', `${ACCOUNT}/c`),
  own('the root', 'GET', '/nothing/here/at/all'),
]
