import { get, head, raw, type Step, steps } from '../step.ts'

const TAIL = 'Host: {host}\r\nX-Auth-Token: {token}\r\n'

export const malformedRequests: readonly Step[] = steps('malformed', {
  'no request line': raw('\r\n\r\n'),
  'a word': raw('nonsense\r\n\r\n'),
  'two words': raw('GET ~\r\n\r\n'),
  'HTTP/1.0': raw(`GET ~?limit=1 HTTP/1.0\r\n${TAIL}\r\n`),
  'HTTP/0.9 with a version': raw(`GET ~ HTTP/0.9\r\n${TAIL}\r\n`),
  'HTTP/3.0': raw(`GET ~ HTTP/3.0\r\n${TAIL}\r\n`),
  'no protocol at all': raw(`GET ~ XYZ\r\n${TAIL}\r\n`),
  'no Host': raw('GET ~?limit=1 HTTP/1.1\r\nX-Auth-Token: {token}\r\n\r\n'),
  'two Hosts': raw(`GET ~?limit=1 HTTP/1.1\r\nHost: other\r\n${TAIL}\r\n`),
  'absolute URI': raw(`GET http://{host}~?limit=1 HTTP/1.1\r\n${TAIL}\r\n`),
  'a header without colon': raw(`GET ~?limit=1 HTTP/1.1\r\n${TAIL}nonsense\r\n\r\n`),
  'a header with a space before the colon': raw(`GET ~?limit=1 HTTP/1.1\r\n${TAIL}X-Odd : 1\r\n\r\n`),
  'a header with an empty name': raw(`GET ~?limit=1 HTTP/1.1\r\n${TAIL}: value\r\n\r\n`),
  'a folded header': raw(`GET ~?limit=1 HTTP/1.1\r\n${TAIL}X-Folded: a\r\n b\r\n\r\n`),
  'a header with a control character': raw(`GET ~?limit=1 HTTP/1.1\r\n${TAIL}X-Control: a\x01b\r\n\r\n`),
  'two lengths that differ': raw(
    `PUT ~/objects/twice HTTP/1.1\r\n${TAIL}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
  ),
  'length and chunked': raw(
    `PUT ~/objects/both HTTP/1.1\r\n${TAIL}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ),
  'a bad chunk size': raw(
    `PUT ~/objects/chunk HTTP/1.1\r\n${TAIL}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n`,
  ),
  'bare line feeds': raw('GET ~?limit=1 HTTP/1.1\nHost: {host}\nX-Auth-Token: {token}\n\n'),
  'a header line of 9000 bytes': get('~?limit=1', { 'X-Long': 'x'.repeat(9000) }),
  'a request line of 9000 bytes': get(`~?prefix=${'x'.repeat(9000)}`),
  '127 headers': get(
    '~?limit=1',
    Object.fromEntries(Array.from({ length: 127 }, (_, at) => [`X-N${at}`, 'v'])),
  ),
  '200 headers': get(
    '~?limit=1',
    Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`X-N${at}`, 'v'])),
  ),
  'unknown verb': { method: 'BREW', path: '~/objects/empty' },
  TRACE: { method: 'TRACE', path: '~/objects/empty' },
  CONNECT: { method: 'CONNECT', path: '~/objects/empty' },
  'a verb that is a private name': { method: '__init__', path: '~/objects/empty' },
  'a path with a fragment': get('~/objects/empty#part'),
  'a path with a double slash in front': get('//v1/AUTH_test'),
  'a path encoded as a whole': head('%2Fv1%2FAUTH_test'),
  'a path with an encoded account': head('/v1/AUTH%5Ftest'),
  'a query that is not UTF-8': get('~?prefix=%ff%fe'),
  'a query of nonsense': get('~?&&=&limit=1&=x'),
  'a token with a line feed encoded': get('~?limit=1', { 'X-Auth-Token': 'a%0Ab' }),
  'GET with a length and no body': { method: 'GET', path: '~?limit=1', headers: { 'Content-Length': '0' } },
  'DELETE with a body': { method: 'DELETE', path: '~/objects/a.qqq', body: 'x' },
  'a method override header': get('~?limit=1', { 'X-HTTP-Method-Override': 'DELETE' }),
})
