/**
 * Requests whose answers by OpenStack Swift 2.30 are recorded (`swift-2.30-answers.json`) and must be ours too.
 * The steps run in order on one empty cluster; each step sees what the ones before it did.
 */

/** Who sends a step: users that both clusters have (`auth/users.ts`, DEVELOPMENT_USERS). */
export const CALLERS = {
  /** Administrator of `AUTH_test`. */
  owner: { user: 'test:tester', key: 'testing' },
  /** Without rights, same tenant. */
  member: { user: 'test:tester3', key: 'testing3' },
  /** Administrator of another account, `AUTH_test2`. */
  stranger: { user: 'test2:tester2', key: 'testing2' },
  /** Administrator of every account. */
  reseller: { user: 'admin:admin', key: 'admin' },
} as const

export type Caller = keyof typeof CALLERS

export interface Step {
  /** Unique; the key of the recorded answer. */
  readonly name: string
  /** Sends the token of this caller; without it the step is anonymous. */
  readonly as?: Caller
  readonly method: string
  /** Percent-encoded path and query, bytes beyond ASCII as latin1. */
  readonly target: string
  /** Names in any case. Values may hold `<now+SECONDS>`, the time of sending plus a number of seconds. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** How the body's end is told: `length` (default when there is a body), `chunked`, or not at all. */
  readonly framing?: 'length' | 'chunked' | 'none'
}

/** A step by the owner of `AUTH_test`. */
function own(name: string, method: string, target: string, rest: Partial<Step> = {}): Step {
  return { name, as: 'owner', method, target, ...rest }
}

function anonymous(name: string, method: string, target: string, rest: Partial<Step> = {}): Step {
  return { name, method, target, ...rest }
}

const ACCOUNT = '/v1/AUTH_test'
const HELLO = { body: 'hello world', headers: { 'Content-Type': 'text/plain' } }

const AUTH: readonly Step[] = [
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

const PATHS: readonly Step[] = [
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

const ACCOUNTS: readonly Step[] = [
  own('HEAD of an account never used', 'HEAD', ACCOUNT),
  own('GET of an account never used', 'GET', ACCOUNT),
  own('GET of an account never used as JSON', 'GET', `${ACCOUNT}?format=json`),
  own('GET of an account never used as XML', 'GET', `${ACCOUNT}?format=xml`),
  own('PUT of the own account', 'PUT', ACCOUNT, { body: '' }),
  own('DELETE of the own account', 'DELETE', ACCOUNT),
  anonymous('OPTIONS of an account', 'OPTIONS', ACCOUNT),
  anonymous('OPTIONS of an account with an origin', 'OPTIONS', ACCOUNT, {
    headers: { Origin: 'http://a.example', 'Access-Control-Request-Method': 'GET' },
  }),
  own('POST of account metadata', 'POST', ACCOUNT, {
    headers: {
      'X-Account-Meta-Colour': 'blue',
      'X-Account-Meta-Empty': '',
      'X-Account-Meta-Temp-Url-Key': 'k',
    },
    body: '',
  }),
  own('HEAD of account metadata', 'HEAD', ACCOUNT),
  own('POST removes account metadata', 'POST', ACCOUNT, {
    headers: { 'X-Remove-Account-Meta-Colour': 'x', 'X-Account-Meta-Temp-Url-Key': '' },
    body: '',
  }),
  own('HEAD of removed account metadata', 'HEAD', ACCOUNT),
  own('POST of an account ACL', 'POST', ACCOUNT, {
    headers: { 'X-Account-Access-Control': '{"read-only":["test:tester3"],"admin":[]}' },
    body: '',
  }),
  own('HEAD of an account ACL', 'HEAD', ACCOUNT),
  { name: 'the reader of an account ACL', as: 'member', method: 'GET', target: ACCOUNT },
  {
    name: 'the reader of an account ACL may not write',
    as: 'member',
    method: 'PUT',
    target: `${ACCOUNT}/c0`,
    body: '',
  },
  own('POST of a writing account ACL', 'POST', ACCOUNT, {
    headers: { 'X-Account-Access-Control': '{"read-write":["test2:tester2"]}' },
    body: '',
  }),
  { name: 'the writer of an account ACL', as: 'stranger', method: 'PUT', target: `${ACCOUNT}/c0`, body: '' },
  { name: 'the writer of an account ACL deletes', as: 'stranger', method: 'DELETE', target: `${ACCOUNT}/c0` },
  {
    name: 'the writer of an account ACL may not change the account',
    as: 'stranger',
    method: 'POST',
    target: ACCOUNT,
    body: '',
  },
  own('POST of an account ACL that is no JSON', 'POST', ACCOUNT, {
    headers: { 'X-Account-Access-Control': '{bad' },
    body: '',
  }),
  own('POST of an account ACL with an unknown key', 'POST', ACCOUNT, {
    headers: { 'X-Account-Access-Control': '{"other":[]}' },
    body: '',
  }),
  own('POST of an account ACL without a list', 'POST', ACCOUNT, {
    headers: { 'X-Account-Access-Control': '{"admin":"me"}' },
    body: '',
  }),
  own('POST of an account ACL with a number', 'POST', ACCOUNT, {
    headers: { 'X-Account-Access-Control': '{"admin":[7]}' },
    body: '',
  }),
  own('POST removes the account ACL', 'POST', ACCOUNT, {
    headers: { 'X-Account-Access-Control': '' },
    body: '',
  }),
  own('HEAD without the account ACL', 'HEAD', ACCOUNT),
  { name: 'no longer a reader', as: 'member', method: 'GET', target: ACCOUNT },
  { name: 'a reseller creates an account', as: 'reseller', method: 'PUT', target: '/v1/AUTH_new', body: '' },
  {
    name: 'a reseller creates an account again',
    as: 'reseller',
    method: 'PUT',
    target: '/v1/AUTH_new',
    headers: { 'X-Account-Meta-A': 'b' },
    body: '',
  },
  { name: 'a reseller reads an account', as: 'reseller', method: 'HEAD', target: '/v1/AUTH_new' },
  {
    name: 'a reseller deletes an account with a query',
    as: 'reseller',
    method: 'DELETE',
    target: '/v1/AUTH_new?x=y',
  },
  { name: 'a reseller deletes an account', as: 'reseller', method: 'DELETE', target: '/v1/AUTH_new' },
  { name: 'a reseller reads a deleted account', as: 'reseller', method: 'HEAD', target: '/v1/AUTH_new' },
  { name: 'a reseller lists a deleted account', as: 'reseller', method: 'GET', target: '/v1/AUTH_new' },
  {
    name: 'a reseller creates in a deleted account',
    as: 'reseller',
    method: 'PUT',
    target: '/v1/AUTH_new/c',
    body: '',
  },
  {
    name: 'a reseller POSTs to a deleted account',
    as: 'reseller',
    method: 'POST',
    target: '/v1/AUTH_new',
    body: '',
  },
  { name: 'a reseller at a hidden account', as: 'reseller', method: 'GET', target: '/v1/AUTH_.hidden' },
]

const CONTAINERS: readonly Step[] = [
  own('GET of a container that is not there', 'GET', `${ACCOUNT}/c`),
  own('HEAD of a container that is not there', 'HEAD', `${ACCOUNT}/c`),
  own('POST of a container that is not there', 'POST', `${ACCOUNT}/c`, { body: '' }),
  own('DELETE of a container that is not there', 'DELETE', `${ACCOUNT}/c`),
  own('PUT of a container', 'PUT', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Meta-Colour': 'blue' },
    body: '',
  }),
  own('PUT of a container again', 'PUT', `${ACCOUNT}/c`, { body: '' }),
  own('HEAD of a container', 'HEAD', `${ACCOUNT}/c`),
  own('GET of an empty container', 'GET', `${ACCOUNT}/c`),
  own('GET of an empty container as JSON', 'GET', `${ACCOUNT}/c?format=json`),
  own('GET of an empty container as XML', 'GET', `${ACCOUNT}/c?format=xml`),
  own('GET of an empty container as text XML', 'GET', `${ACCOUNT}/c`, { headers: { Accept: 'text/xml' } }),
  own('GET of a container with an Accept for images', 'GET', `${ACCOUNT}/c`, {
    headers: { Accept: 'image/png' },
  }),
  own('GET of a container with a bad Accept', 'GET', `${ACCOUNT}/c`, { headers: { Accept: 'x' } }),
  own('GET of a container with JSON preferred', 'GET', `${ACCOUNT}/c`, {
    headers: { Accept: 'text/plain;q=0.5, application/json, */*;q=0.1' },
  }),
  own('GET of a container in an unknown format', 'GET', `${ACCOUNT}/c?format=foo`),
  own('GET of a container with a limit too large', 'GET', `${ACCOUNT}/c?limit=10001`),
  own('GET of an account with a limit too large', 'GET', `${ACCOUNT}?limit=10001`),
  own('GET of a container with a limit that is no number', 'GET', `${ACCOUNT}/c?limit=x`),
  own('GET of a container with a negative limit', 'GET', `${ACCOUNT}/c?limit=-1`),
  own('GET of a container with a prefix in bad UTF-8', 'GET', `${ACCOUNT}/c?prefix=%ff`),
  own('GET of an account with a marker in bad UTF-8', 'GET', `${ACCOUNT}?marker=%ff`),
  own('HEAD of a container as JSON', 'HEAD', `${ACCOUNT}/c?format=json`),
  own('POST of container metadata', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Meta-Shape': 'round', 'X-Remove-Container-Meta-Colour': 'x' },
    body: '',
  }),
  own('HEAD of changed container metadata', 'HEAD', `${ACCOUNT}/c`),
  own('a metadata name too long', 'POST', `${ACCOUNT}/c`, {
    headers: { [`X-Container-Meta-${'a'.repeat(129)}`]: 'x' },
    body: '',
  }),
  own('a metadata value too long', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Meta-A': 'v'.repeat(257) },
    body: '',
  }),
  own('an empty metadata name', 'POST', `${ACCOUNT}/c`, { headers: { 'X-Container-Meta-': 'v' }, body: '' }),
  own('metadata that is no UTF-8', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Meta-A': '\u00ff' },
    body: '',
  }),
  own('metadata in UTF-8', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Meta-A': '\u00c3\u00bc' },
    body: '',
  }),
  own('HEAD of metadata in UTF-8', 'HEAD', `${ACCOUNT}/c`),
  own('too many metadata items', 'POST', `${ACCOUNT}/c`, {
    headers: Object.fromEntries(Array.from({ length: 91 }, (_, n) => [`X-Container-Meta-N${n}`, 'v'])),
    body: '',
  }),
  own('metadata too large together', 'POST', `${ACCOUNT}/c`, {
    headers: Object.fromEntries(
      Array.from({ length: 17 }, (_, n) => [`X-Container-Meta-N${n}`, 'v'.repeat(256)]),
    ),
    body: '',
  }),
  own('an unknown storage policy', 'PUT', `${ACCOUNT}/c2`, {
    headers: { 'X-Storage-Policy': 'nope' },
    body: '',
  }),
  own('a named storage policy', 'PUT', `${ACCOUNT}/c2`, {
    headers: { 'X-Storage-Policy': 'silver' },
    body: '',
  }),
  own('the same storage policy in other case', 'PUT', `${ACCOUNT}/c2`, {
    headers: { 'X-Storage-Policy': 'SILVER' },
    body: '',
  }),
  own('another storage policy', 'PUT', `${ACCOUNT}/c2`, {
    headers: { 'X-Storage-Policy': 'gold' },
    body: '',
  }),
  own('HEAD of a container with a policy', 'HEAD', `${ACCOUNT}/c2`),
  own('OPTIONS of a container', 'OPTIONS', `${ACCOUNT}/c`),
  own('a PUT of a container with a body', 'PUT', `${ACCOUNT}/c`, { body: 'unexpected' }),
  own('HEAD of a container as XML', 'HEAD', `${ACCOUNT}/c?format=xml`),
  own('GET of a container with an empty format', 'GET', `${ACCOUNT}/c?format=`),
  own('account metadata that is no UTF-8', 'POST', ACCOUNT, {
    headers: { 'X-Account-Meta-A': '\u00ff' },
    body: '',
  }),
  own('set and remove of the same metadata', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Remove-Container-Meta-Both': 'x', 'X-Container-Meta-Both': 'stays' },
    body: '',
  }),
  own('HEAD of metadata set and removed', 'HEAD', `${ACCOUNT}/c`),
  own('empty metadata removes', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Meta-Both': '' },
    body: '',
  }),
  own('an own container in another account', 'PUT', '/v1/AUTH_test2/c', { body: '' }),
  anonymous('OPTIONS of a foreign account', 'OPTIONS', '/v1/OTHER_test/c'),
  anonymous('OPTIONS with a forged token', 'OPTIONS', `${ACCOUNT}/c`, {
    headers: { 'X-Auth-Token': 'AUTH_tkforged' },
  }),
  own('a POST with a huge header', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Other': 'v'.repeat(8000) },
    body: '',
  }),
]

const CONTAINER_ACLS: readonly Step[] = [
  own('a read ACL', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Read': '.referrer : *, .rlistings ,bob' },
    body: '',
  }),
  own('a read ACL as stored', 'HEAD', `${ACCOUNT}/c`),
  anonymous('anyone lists', 'GET', `${ACCOUNT}/c`),
  anonymous('anyone heads', 'HEAD', `${ACCOUNT}/c`),
  anonymous('anyone may not write', 'PUT', `${ACCOUNT}/c/o`, HELLO),
  anonymous('anyone may not change', 'POST', `${ACCOUNT}/c`, { body: '' }),
  anonymous('anyone reads what is not there', 'GET', `${ACCOUNT}/c/nothing`),
  { name: 'a stranger lists', as: 'stranger', method: 'GET', target: `${ACCOUNT}/c` },
  { name: 'a stranger may not write', as: 'stranger', method: 'PUT', target: `${ACCOUNT}/c/o`, ...HELLO },
  {
    name: 'a stranger may not delete the container',
    as: 'stranger',
    method: 'DELETE',
    target: `${ACCOUNT}/c`,
  },
  own('a read ACL for a host', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Read': '.r:.example.com,.r:-thief.example.com' },
    body: '',
  }),
  anonymous('the host reads', 'GET', `${ACCOUNT}/c/nothing`, {
    headers: { Referer: 'http://www.example.com/x' },
  }),
  anonymous('the thief does not', 'GET', `${ACCOUNT}/c/nothing`, {
    headers: { Referer: 'http://thief.example.com/x' },
  }),
  anonymous('the host may not list', 'GET', `${ACCOUNT}/c`, {
    headers: { Referer: 'http://www.example.com/x' },
  }),
  anonymous('no host does not', 'GET', `${ACCOUNT}/c/nothing`),
  own('a write ACL for a user', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Write': 'test:tester3', 'X-Container-Read': 'test2' },
    body: '',
  }),
  { name: 'the user writes', as: 'member', method: 'PUT', target: `${ACCOUNT}/c/by-member`, ...HELLO },
  { name: 'the user may not read', as: 'member', method: 'GET', target: `${ACCOUNT}/c/by-member` },
  { name: 'the tenant reads', as: 'stranger', method: 'GET', target: `${ACCOUNT}/c/by-member` },
  { name: 'the tenant lists without owner headers', as: 'stranger', method: 'GET', target: `${ACCOUNT}/c` },
  {
    name: 'the user POSTs',
    as: 'member',
    method: 'POST',
    target: `${ACCOUNT}/c/by-member`,
    headers: { 'X-Object-Meta-A': 'b' },
    body: '',
  },
  { name: 'the user deletes', as: 'member', method: 'DELETE', target: `${ACCOUNT}/c/by-member` },
  {
    name: 'the user may not change the container',
    as: 'member',
    method: 'POST',
    target: `${ACCOUNT}/c`,
    body: '',
  },
  own('a write ACL with a referrer', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Write': '.r:*' },
    body: '',
  }),
  own('a read ACL without a host', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Read': '.r:' },
    body: '',
  }),
  own('a read ACL with an unknown designator', 'PUT', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Read': '.x:y' },
    body: '',
  }),
  own('ACLs removed', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Remove-Container-Read': 'x', 'X-Container-Write': '' },
    body: '',
  }),
  own('HEAD without ACLs', 'HEAD', `${ACCOUNT}/c`),
  anonymous('nobody reads a container that is not there', 'GET', `${ACCOUNT}/missing`),
  anonymous('nobody reads an object of a container that is not there', 'GET', `${ACCOUNT}/missing/o`),
  {
    name: 'a stranger reads an object of a container that is not there',
    as: 'stranger',
    method: 'GET',
    target: `${ACCOUNT}/missing/o`,
  },
]

const OBJECT_HEADERS = {
  'Content-Type': 'text/plain',
  'X-Object-Meta-Colour': 'blue',
  'X-Object-Meta-Empty': '',
  'Content-Disposition': 'attachment',
  'Content-Encoding': 'gzip',
  'Cache-Control': 'no-cache',
  'Content-Language': 'de',
  Expires: 'Thu, 01 Dec 2094 16:00:00 GMT',
  'X-Robots-Tag': 'noindex',
}

const OBJECTS: readonly Step[] = [
  own('PUT of an object', 'PUT', `${ACCOUNT}/c/o`, { body: 'hello world', headers: OBJECT_HEADERS }),
  own('GET of an object', 'GET', `${ACCOUNT}/c/o`),
  own('HEAD of an object', 'HEAD', `${ACCOUNT}/c/o`),
  own('GET of an object with X-Newest', 'GET', `${ACCOUNT}/c/o`, { headers: { 'X-Newest': 'true' } }),
  own('PUT of an object without type', 'PUT', `${ACCOUNT}/c/o.html`, { body: 'hello' }),
  own('HEAD of an object without type', 'HEAD', `${ACCOUNT}/c/o.html`),
  own('PUT of an object of unknown type', 'PUT', `${ACCOUNT}/c/o.unknown`, { body: 'hello' }),
  own('HEAD of an object of unknown type', 'HEAD', `${ACCOUNT}/c/o.unknown`),
  own('PUT of an object with its type to be guessed', 'PUT', `${ACCOUNT}/c/o.png`, {
    body: 'hello',
    headers: { 'Content-Type': 'text/plain', 'X-Detect-Content-Type': 'true' },
  }),
  own('HEAD of an object with its type guessed', 'HEAD', `${ACCOUNT}/c/o.png`),
  own('PUT of an object with a type of ours', 'PUT', `${ACCOUNT}/c/o`, {
    body: 'x',
    headers: { 'Content-Type': 'text/plain; swift_bytes=3' },
  }),
  own('PUT of an object with a type that is no UTF-8', 'PUT', `${ACCOUNT}/c/o`, {
    body: 'x',
    headers: { 'Content-Type': 'text/\u00ff' },
  }),
  own('PUT of an object with a charset', 'PUT', `${ACCOUNT}/c/charset`, {
    body: 'x',
    headers: { 'Content-Type': 'text/plain; charset=UTF-8' },
  }),
  own('GET of an object with a charset', 'GET', `${ACCOUNT}/c/charset`),
  own('PUT of an object in chunks', 'PUT', `${ACCOUNT}/c/chunked`, { ...HELLO, framing: 'chunked' }),
  own('GET of an object sent in chunks', 'GET', `${ACCOUNT}/c/chunked`),
  own('PUT of an empty object', 'PUT', `${ACCOUNT}/c/empty`, {
    body: '',
    headers: { 'Content-Type': 'text/plain' },
  }),
  own('GET of an empty object', 'GET', `${ACCOUNT}/c/empty`),
  own('GET of a range of an empty object', 'GET', `${ACCOUNT}/c/empty`, { headers: { Range: 'bytes=0-1' } }),
  own('GET of the end of an empty object', 'GET', `${ACCOUNT}/c/empty`, { headers: { Range: 'bytes=-5' } }),
  own('PUT without length', 'PUT', `${ACCOUNT}/c/o2`, {
    framing: 'none',
    headers: { 'Content-Type': 'text/plain' },
  }),
  own('PUT of an object too large', 'PUT', `${ACCOUNT}/c/o2`, {
    framing: 'none',
    headers: { 'Content-Type': 'text/plain', 'Content-Length': '5368709123' },
  }),
  own('PUT of an object with a bad transfer encoding', 'PUT', `${ACCOUNT}/c/o2`, {
    framing: 'none',
    headers: { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'gzip' },
  }),
  own('PUT of an object with two transfer encodings', 'PUT', `${ACCOUNT}/c/o2`, {
    framing: 'none',
    headers: { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'gzip, chunked' },
  }),
  own('PUT with the right ETag', 'PUT', `${ACCOUNT}/c/etag`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', ETag: '5eb63bbbe01eeed093cb22bb8f5acdc3' },
  }),
  own('PUT with the right ETag in quotes', 'PUT', `${ACCOUNT}/c/etag`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', ETag: '"5eb63bbbe01eeed093cb22bb8f5acdc3"' },
  }),
  own('PUT with a wrong ETag', 'PUT', `${ACCOUNT}/c/etag2`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', ETag: '00000000000000000000000000000000' },
  }),
  own('nothing there after a wrong ETag', 'HEAD', `${ACCOUNT}/c/etag2`),
  own('PUT with the right ETag in capitals', 'PUT', `${ACCOUNT}/c/etag`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', ETag: '5EB63BBBE01EEED093CB22BB8F5ACDC3' },
  }),
  own('PUT with an empty ETag', 'PUT', `${ACCOUNT}/c/etag`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', ETag: '' },
  }),
  own('PUT with a matching If-Match', 'PUT', `${ACCOUNT}/c/etag`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', 'If-Match': '"abc"' },
  }),
  own('PUT only when absent, present', 'PUT', `${ACCOUNT}/c/o`, {
    ...HELLO,
    headers: { 'Content-Type': 'text/plain', 'If-None-Match': '*' },
  }),
  own('PUT only when absent, absent', 'PUT', `${ACCOUNT}/c/new`, {
    ...HELLO,
    headers: { 'Content-Type': 'text/plain', 'If-None-Match': '*' },
  }),
  own('PUT with an ETag in If-None-Match', 'PUT', `${ACCOUNT}/c/new`, {
    ...HELLO,
    headers: { 'Content-Type': 'text/plain', 'If-None-Match': 'abc' },
  }),
  own('PUT in a container that is not there', 'PUT', `${ACCOUNT}/missing/o`, HELLO),
  own('GET in a container that is not there', 'GET', `${ACCOUNT}/missing/o`),
  own('HEAD in a container that is not there', 'HEAD', `${ACCOUNT}/missing/o`),
  own('POST in a container that is not there', 'POST', `${ACCOUNT}/missing/o`, { body: '' }),
  own('DELETE in a container that is not there', 'DELETE', `${ACCOUNT}/missing/o`),
  own('PUT with an object name too long', 'PUT', `${ACCOUNT}/c/${'o'.repeat(1025)}`, HELLO),
  own('PUT with an object name just short enough', 'PUT', `${ACCOUNT}/c/${'o'.repeat(1024)}`, HELLO),
  own('DELETE of an object name just short enough', 'DELETE', `${ACCOUNT}/c/${'o'.repeat(1024)}`),
  own('PUT with a metadata name too long', 'PUT', `${ACCOUNT}/c/o2`, {
    body: 'x',
    headers: { 'Content-Type': 'text/plain', [`X-Object-Meta-${'a'.repeat(129)}`]: 'x' },
  }),
  own('PUT with metadata that is no UTF-8', 'PUT', `${ACCOUNT}/c/latin`, {
    body: 'x',
    headers: { 'Content-Type': 'text/plain', 'X-Object-Meta-A': '\u00ff' },
  }),
  own('HEAD of metadata that is no UTF-8', 'HEAD', `${ACCOUNT}/c/latin`),
  own('POST of object metadata', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'X-Object-Meta-Shape': 'round' },
    body: '',
  }),
  own('HEAD of changed object metadata', 'HEAD', `${ACCOUNT}/c/o`),
  own('POST of an object type', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'Content-Type': 'image/png' },
    body: '',
  }),
  own('HEAD of a changed object type', 'HEAD', `${ACCOUNT}/c/o`),
  own('POST of an object type of ours', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'Content-Type': 'text/plain; swift_bytes=3' },
    body: '',
  }),
  own('HEAD after an object type of ours', 'HEAD', `${ACCOUNT}/c/o`),
  own('POST of an empty object type', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'Content-Type': '' },
    body: '',
  }),
  own('HEAD after an empty object type', 'HEAD', `${ACCOUNT}/c/o`),
  own('POST of other object headers', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'Content-Disposition': 'inline', 'X-Robots-Tag': 'all', 'Content-Encoding': '' },
    body: '',
  }),
  own('HEAD of other object headers', 'HEAD', `${ACCOUNT}/c/o`),
  own('POST of an object that is not there', 'POST', `${ACCOUNT}/c/nothing`, { body: '' }),
  own('POST of bad object metadata', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'X-Object-Meta-': 'x' },
    body: '',
  }),
  own('OPTIONS of an object', 'OPTIONS', `${ACCOUNT}/c/o`),
  own('DELETE of an object that is not there', 'DELETE', `${ACCOUNT}/c/nothing`),
  own('GET of an object that is not there', 'GET', `${ACCOUNT}/c/nothing`),
  own('HEAD of an object that is not there', 'HEAD', `${ACCOUNT}/c/nothing`),
  own('an encoded slash in the path', 'PUT', `${ACCOUNT}/c%2Fencoded`, HELLO),
  own('GET across an encoded slash', 'GET', `${ACCOUNT}/c/encoded`),
  own(
    'PUT of a name of odd characters',
    'PUT',
    `${ACCOUNT}/c/a%20%25%3F%26%22%3C%3E%C3%BC/%F0%9F%98%80`,
    HELLO,
  ),
  own('GET of a name of odd characters', 'GET', `${ACCOUNT}/c/a%20%25%3F%26%22%3C%3E%C3%BC/%F0%9F%98%80`),
  own('the names as plain text', 'GET', `${ACCOUNT}/c?prefix=a`),
  own('the names as JSON', 'GET', `${ACCOUNT}/c?format=json&prefix=a`),
  own('the names as XML', 'GET', `${ACCOUNT}/c?format=xml&prefix=a`),
]

const CONDITIONS: readonly Step[] = [
  ['one range', { Range: 'bytes=0-4' }],
  ['an open range', { Range: 'bytes=6-' }],
  ['a suffix', { Range: 'bytes=-5' }],
  ['a suffix longer than the object', { Range: 'bytes=-500' }],
  ['a range beyond the end', { Range: 'bytes=100-200' }],
  ['a range that is none', { Range: 'bytes=5-2' }],
  ['a range in other units', { Range: 'lines=1-2' }],
  ['two ranges', { Range: 'bytes=0-1,4-5' }],
  ['two ranges, one beyond the end', { Range: 'bytes=0-1,100-200' }],
  ['too many overlapping ranges', { Range: 'bytes=0-5,1-6,2-7,3-8' }],
  ['If-Match that matches', { 'If-Match': '"5eb63bbbe01eeed093cb22bb8f5acdc3"' }],
  ['If-Match without quotes', { 'If-Match': '5eb63bbbe01eeed093cb22bb8f5acdc3' }],
  ['If-Match that does not match', { 'If-Match': '"abc"' }],
  ['If-Match of anything', { 'If-Match': '*' }],
  ['If-None-Match that matches', { 'If-None-Match': '"5eb63bbbe01eeed093cb22bb8f5acdc3"' }],
  ['If-None-Match that does not match', { 'If-None-Match': '"abc", "def"' }],
  ['If-None-Match of anything', { 'If-None-Match': '*' }],
  ['If-Modified-Since long ago', { 'If-Modified-Since': 'Mon, 01 Jan 2001 00:00:00 GMT' }],
  ['If-Modified-Since in the future', { 'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' }],
  ['If-Modified-Since that is no date', { 'If-Modified-Since': 'yesterday' }],
  ['If-Unmodified-Since long ago', { 'If-Unmodified-Since': 'Mon, 01 Jan 2001 00:00:00 GMT' }],
  ['If-Unmodified-Since in the future', { 'If-Unmodified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' }],
].flatMap(([what, headers]) => [
  own(`GET with ${what as string}`, 'GET', `${ACCOUNT}/c/etag`, {
    headers: headers as Record<string, string>,
  }),
  own(`HEAD with ${what as string}`, 'HEAD', `${ACCOUNT}/c/etag`, {
    headers: headers as Record<string, string>,
  }),
])

const MISSING_CONDITIONS: readonly Step[] = [
  own('GET with If-Match of anything at nothing', 'GET', `${ACCOUNT}/c/nothing`, {
    headers: { 'If-Match': '*' },
  }),
  own('GET with If-Match at nothing', 'GET', `${ACCOUNT}/c/nothing`, { headers: { 'If-Match': '"abc"' } }),
  own('GET with If-None-Match at nothing', 'GET', `${ACCOUNT}/c/nothing`, {
    headers: { 'If-None-Match': '*' },
  }),
]

const EXPIRY: readonly Step[] = [
  own('PUT with a deletion in the past', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-At': '1' },
  }),
  own('PUT with a deletion that is no number', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-At': 'soon' },
  }),
  own('PUT with a deletion after nothing', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-After': '0' },
  }),
  own('PUT with a deletion after a negative time', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-After': '-5' },
  }),
  own('PUT with a deletion after no number', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-After': '1.5' },
  }),
  own('PUT with a deletion at a time', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-At': '4102444800', 'Content-Type': 'text/plain' },
  }),
  own('HEAD of a deletion at a time', 'HEAD', `${ACCOUNT}/c/x`),
  own('PUT with a deletion after a far time', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-After': '99999999999999', 'Content-Type': 'text/plain' },
  }),
  own('HEAD of a deletion after a far time', 'HEAD', `${ACCOUNT}/c/x`),
  own('POST drops the deletion', 'POST', `${ACCOUNT}/c/x`, { body: '' }),
  own('HEAD without a deletion', 'HEAD', `${ACCOUNT}/c/x`),
  own('POST with a deletion in the past', 'POST', `${ACCOUNT}/c/x`, {
    headers: { 'X-Delete-At': '1' },
    body: '',
  }),
  own('POST with a deletion at a time', 'POST', `${ACCOUNT}/c/x`, {
    headers: { 'X-Delete-At': '4102444800' },
    body: '',
  }),
  own('HEAD of a POSTed deletion', 'HEAD', `${ACCOUNT}/c/x`),
  own('DELETE of an object with a deletion', 'DELETE', `${ACCOUNT}/c/x`),
]

const LISTED = ['a', 'a/1', 'a/2', 'a/b/3', 'b', 'c--1', 'c--2', '\u00c3\u00bc', 'z']
const listing = (name: string, query: string): Step => own(`list: ${name}`, 'GET', `${ACCOUNT}/l?${query}`)

const LISTINGS: readonly Step[] = [
  own('PUT of a container to list', 'PUT', `${ACCOUNT}/l`, { body: '' }),
  ...LISTED.map((name, n) =>
    own(
      `PUT of listed object ${n}`,
      'PUT',
      `${ACCOUNT}/l/${name === '\u00c3\u00bc' ? '%C3%BC' : name}`,
      HELLO,
    ),
  ),
  listing('all', 'format=plain'),
  listing('JSON', 'format=json'),
  listing('XML', 'format=xml'),
  listing('limit', 'limit=2'),
  listing('limit of nothing', 'limit=0'),
  listing('marker', 'marker=a/2&limit=2'),
  listing('marker and end marker', 'marker=a&end_marker=b'),
  listing('end marker alone', 'end_marker=a/b'),
  listing('prefix', 'prefix=a/'),
  listing('delimiter', 'delimiter=/'),
  listing('delimiter as JSON', 'delimiter=/&format=json'),
  listing('delimiter as XML', 'delimiter=/&format=xml'),
  listing('delimiter with prefix', 'delimiter=/&prefix=a/'),
  listing('delimiter with prefix without slash', 'delimiter=/&prefix=a'),
  listing('long delimiter', 'delimiter=--'),
  listing('delimiter and marker', 'delimiter=/&marker=a/'),
  listing('reverse', 'reverse=on'),
  listing('reverse with marker', 'reverse=true&marker=b&limit=2'),
  listing('reverse with delimiter', 'reverse=1&delimiter=/'),
  listing('not reverse', 'reverse=no'),
  listing('path at the root', 'path='),
  listing('path', 'path=a'),
  listing('path with slash', 'path=a/'),
  listing('path that is not there', 'path=nothing'),
  listing('path with delimiter', 'path=a&delimiter=b'),
  listing('reverse with end marker', 'reverse=true&end_marker=b'),
  listing('reverse with prefix and delimiter', 'reverse=true&prefix=a/&delimiter=/'),
  listing('reverse with a marker in a directory', 'reverse=true&delimiter=/&marker=a/2'),
  listing('delimiter and a marker in a directory', 'delimiter=/&marker=a/1'),
  listing('delimiter with limit', 'delimiter=/&limit=2'),
  listing('prefix that ends in the delimiter', 'prefix=c--&delimiter=--'),
  listing('a blank in a parameter', 'prefix=a+b'),
  listing('a parameter given twice', 'prefix=b&prefix=z'),
  listing('path with marker', 'path=a&marker=a/1'),
  listing('beyond the end', 'marker=zz'),
  listing('beyond the end as JSON', 'marker=zz&format=json'),
  own('HEAD of a container with objects', 'HEAD', `${ACCOUNT}/l`),
  own('DELETE of a container with objects', 'DELETE', `${ACCOUNT}/l`),
  own('list an account', 'GET', ACCOUNT),
  own('list an account as JSON', 'GET', `${ACCOUNT}?format=json`),
  own('list an account as XML', 'GET', `${ACCOUNT}?format=xml`),
  own('list an account with prefix', 'GET', `${ACCOUNT}?prefix=l`),
  own('list an account with marker and limit', 'GET', `${ACCOUNT}?marker=c&limit=1`),
  own('list an account in reverse', 'GET', `${ACCOUNT}?reverse=true`),
  own('list an account with delimiter', 'GET', `${ACCOUNT}?delimiter=2&format=xml`),
  own('list an account beyond the end', 'GET', `${ACCOUNT}?marker=zzz`),
]

const ORIGIN = 'http://site.example'
const CORS: readonly Step[] = [
  own('CORS: a container that allows nobody, GET', 'GET', `${ACCOUNT}/l/z`, { headers: { Origin: ORIGIN } }),
  anonymous('CORS: a container that allows nobody, preflight', 'OPTIONS', `${ACCOUNT}/l/z`, {
    headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'GET' },
  }),
  own('CORS: allow one site', 'POST', `${ACCOUNT}/l`, {
    headers: {
      'X-Container-Meta-Access-Control-Allow-Origin': `${ORIGIN} http://other.example`,
      'X-Container-Meta-Access-Control-Expose-Headers': 'X-Mine x-other',
      'X-Container-Meta-Access-Control-Max-Age': '77',
    },
    body: '',
  }),
  own('CORS: GET from the site', 'GET', `${ACCOUNT}/l/z`, { headers: { Origin: ORIGIN } }),
  own('CORS: HEAD from the site', 'HEAD', `${ACCOUNT}/l/z`, { headers: { Origin: ORIGIN } }),
  own('CORS: GET of the container from the site', 'GET', `${ACCOUNT}/l?limit=1`, {
    headers: { Origin: ORIGIN },
  }),
  own('CORS: GET from elsewhere', 'GET', `${ACCOUNT}/l/z`, { headers: { Origin: 'http://evil.example' } }),
  anonymous('CORS: GET without a token', 'GET', `${ACCOUNT}/l/z`, { headers: { Origin: ORIGIN } }),
  own('CORS: GET of nothing', 'GET', `${ACCOUNT}/l/nothing`, { headers: { Origin: ORIGIN } }),
  anonymous('CORS: preflight', 'OPTIONS', `${ACCOUNT}/l/z`, {
    headers: {
      Origin: ORIGIN,
      'Access-Control-Request-Method': 'PUT',
      'Access-Control-Request-Headers': 'X-Auth-Token, content-type',
    },
  }),
  anonymous('CORS: preflight of a container', 'OPTIONS', `${ACCOUNT}/l`, {
    headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'GET' },
  }),
  anonymous('CORS: preflight from elsewhere', 'OPTIONS', `${ACCOUNT}/l/z`, {
    headers: { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'GET' },
  }),
  anonymous('CORS: preflight without a method', 'OPTIONS', `${ACCOUNT}/l/z`, { headers: { Origin: ORIGIN } }),
  anonymous('CORS: preflight with an unknown method', 'OPTIONS', `${ACCOUNT}/l/z`, {
    headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'FOO' },
  }),
  own('CORS: allow every site', 'POST', `${ACCOUNT}/l`, {
    headers: { 'X-Container-Meta-Access-Control-Allow-Origin': '*' },
    body: '',
  }),
  own('CORS: GET from anywhere', 'GET', `${ACCOUNT}/l/z`, { headers: { Origin: ORIGIN } }),
  anonymous('CORS: preflight from anywhere', 'OPTIONS', `${ACCOUNT}/l/z`, {
    headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'GET' },
  }),
  anonymous('CORS: info', 'HEAD', '/info', { headers: { Origin: ORIGIN } }),
]

const GATEKEEPER: readonly Step[] = [
  own('sysmeta of a container is not taken', 'POST', `${ACCOUNT}/c`, {
    headers: { 'X-Container-Sysmeta-Secret': 'x', 'X-Backend-Storage-Policy-Index': '1' },
    body: '',
  }),
  own('sysmeta of a container is not shown', 'HEAD', `${ACCOUNT}/c`),
  own('sysmeta of an object is not taken', 'PUT', `${ACCOUNT}/c/sys`, {
    body: 'x',
    headers: {
      'Content-Type': 'text/plain',
      'X-Object-Sysmeta-Secret': 'x',
      'X-Object-Transient-Sysmeta-Secret': 'x',
      'X-Timestamp': '1.00000',
      'X-Backend-Replication': 'true',
    },
  }),
  own('sysmeta of an object is not shown', 'HEAD', `${ACCOUNT}/c/sys`),
]

export const SCENARIO: readonly Step[] = [
  ...AUTH,
  ...PATHS,
  ...ACCOUNTS,
  ...CONTAINERS,
  ...CONTAINER_ACLS,
  ...OBJECTS,
  ...CONDITIONS,
  ...MISSING_CONDITIONS,
  ...EXPIRY,
  ...LISTINGS,
  ...CORS,
  ...GATEKEEPER,
]
