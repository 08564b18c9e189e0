/** Requests from other origins, and headers that clients must neither send nor see. */
import { ACCOUNT, anonymous, own, type Step } from './step.ts'

const ORIGIN = 'http://site.example'
export const CORS: readonly Step[] = [
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

export const GATEKEEPER: readonly Step[] = [
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
