/** Accounts: metadata, access lists, what may be done to them. */
import { ACCOUNT, anonymous, own, type Step } from './step.ts'

export const ACCOUNTS: readonly Step[] = [
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
