/** Containers: making, changing, removing them, and who may. */
import { ACCOUNT, anonymous, HELLO, own, type Step } from './step.ts'

export const CONTAINERS: readonly Step[] = [
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

export const CONTAINER_ACLS: readonly Step[] = [
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
