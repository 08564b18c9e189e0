/** Random requests about what `universe.ts` made, each a few headers and parameters that may or may not fit together. */
import { createHmac } from 'node:crypto'
import type { Request, Sender } from '../step.ts'
import { type Dice, drawn, type Pool, queryOf, utf8 } from './dice.ts'
import { CONTAINER_NAMES, DIGITS, KEY, md5, OBJECT_NAMES } from './universe.ts'

const SENDERS: readonly Sender[] = [
  'tester',
  'tester',
  'tester',
  'tester',
  'plain',
  'other',
  'reseller',
  'nobody',
]
const PAST = 'Wed, 01 Jan 1997 00:00:00 GMT'
const FUTURE = 'Wed, 01 Jan 2098 00:00:00 GMT'
const ETAG = md5(DIGITS)

const RANGES = [
  'bytes=0-4',
  'bytes=5-',
  'bytes=-7',
  'bytes=0-0',
  'bytes=99-',
  'bytes=100-',
  'bytes=-0',
  'bytes=3-9,20-22',
  'bytes=0-1, 4-5,-2',
  'bytes=0-3,2-5',
  'bytes=0-1000',
  'bytes=5-3',
  'bytes=x',
  'octets=0-1',
  'bytes=0-4,',
  'bytes=,0-4',
  'bytes=4-8,200-',
  'bytes=11-12',
  'bytes=-1000',
]
const READING: Pool = {
  Range: RANGES,
  'If-Match': [ETAG, `"${ETAG}"`, '*', 'x', `"x", "${ETAG}"`, ''],
  'If-None-Match': [ETAG, `"${ETAG}"`, '*', 'x', `W/"${ETAG}"`, `"x","${ETAG}"`],
  'If-Modified-Since': [PAST, FUTURE, 'x', ''],
  'If-Unmodified-Since': [PAST, FUTURE, 'x'],
  'If-Range': [ETAG, `"${ETAG}"`, '"x"', PAST, FUTURE],
  'X-Newest': ['true', 'false', 'x'],
  Origin: ['http://good.example', 'http://bad.example'],
  Referer: ['http://www.good.example/x', 'http://bad.example', 'good.example'],
  Accept: ['application/json', 'text/html', '*/*', 'x/y'],
  'X-Web-Mode': ['true', 'on', 'false', 'listing'],
  'X-Backend-Etag-Is-At': ['x-object-meta-a'],
}
const OBJECT_QUERY: Pool = {
  'multipart-manifest': ['get', 'put', 'delete', 'x', ''],
  format: ['raw', 'json', 'x'],
  symlink: ['get', 'x'],
  'version-id': ['null', 'x', '1400000000.00000'],
  filename: ['f.txt', '%C3%A9'],
  inline: ['\0', 'x'],
  limit: ['1'],
}
const WRITING: Pool = {
  'Content-Type': [
    'text/plain',
    'a/b; c=d',
    '',
    'nonsense',
    'application/json; charset=UTF-8',
    'text/x;swift_bytes=7',
  ],
  'Content-Encoding': ['gzip', ''],
  'Content-Disposition': ['attachment; filename="a"', ''],
  'Content-Language': ['de'],
  'Cache-Control': ['no-cache'],
  Expires: [FUTURE, 'x'],
  'X-Robots-Tag': ['none'],
  'X-Object-Meta-A': ['b', '', utf8('ü'), 'a b', '  c  '],
  'X-Object-Meta-Long': ['v'.repeat(256), 'v'.repeat(257)],
  'X-Object-Meta-': ['x'],
  'X-Remove-Object-Meta-A': ['x'],
  'X-Delete-At': ['4070908800', '1', 'x', '', '4070908800.7'],
  'X-Delete-After': ['1000000', '0', 'x', '-1'],
  'X-Remove-Delete-At': ['x'],
  'X-Object-Manifest': ['E-plain/seg/', 'E-plain', '/E-plain/seg', 'x/', 'E-plain/seg%2F', ''],
  'X-Symlink-Target': [
    'E-plain/digits',
    'E-plain',
    '/E-plain/digits',
    'E-plain/none',
    'E-plain/link',
    'E-plain/slo',
    '',
  ],
  'X-Symlink-Target-Etag': [ETAG, `"${ETAG}"`, 'x'],
  'X-Symlink-Target-Account': ['AUTH_test', 'AUTH_test2', 'AUTH%2Ftest', ''],
  'X-Copy-From': [
    'E-plain/digits',
    '/E-plain/slo',
    'E-plain/none',
    'E-plain',
    'E-plain/link',
    'E-plain/dlo',
    'E-versioned/digits?version-id=x',
    'E-plain/digits?multipart-manifest=get',
  ],
  'X-Copy-From-Account': ['AUTH_test', 'AUTH_test2', 'a/b'],
  'X-Fresh-Metadata': ['true', 'x'],
  'X-Detect-Content-Type': ['true', 'false', 'x'],
  'If-None-Match': ['*', ETAG, '"*"'],
  ETag: [md5('hello'), `"${md5('hello')}"`, 'x', '0'.repeat(32)],
  Range: ['bytes=0-4', 'bytes=-3', 'bytes=500-', 'bytes=0-1,3-4'],
  'If-Modified-Since': [PAST, FUTURE],
  'If-Unmodified-Since': [PAST, FUTURE],
  Origin: ['http://good.example'],
  'X-Object-Sysmeta-A': ['b'],
  'X-Static-Large-Object': ['true'],
  'X-Timestamp': ['1400000000.00000', 'x'],
  Accept: ['application/json', 'text/xml', 'x'],
}
const CONTAINER_QUERY: Pool = {
  format: ['json', 'xml', 'plain', 'x', ''],
  limit: ['0', '1', '3', '10000', '10001', '-1', 'x', ''],
  marker: ['digits', 'dir/', 'dir/one', 'e', 'zzz', '%C3%A9', 'dir'],
  end_marker: ['dir/one', 'index.html', 'a', 'zzz'],
  prefix: ['dir', 'dir/', 'seg/', 's', 'none', '%C3%A9', 'dir/one'],
  delimiter: ['/', 'i', 'ir/', '%C3%A9', ''],
  path: ['dir', 'dir/', '', '/', 'seg'],
  reverse: ['true', 'false', 'on', 'x'],
  versions: ['\0', 'true', 'false', ''],
  version_marker: ['null', 'x', '1400000000.00000'],
  states: ['x'],
  'multipart-manifest': ['get'],
  allow_versions: ['x'],
  symlink: ['get'],
}
const CONTAINER_READING: Pool = {
  Accept: [
    'application/json',
    'text/xml',
    'application/xml;q=0.5, text/plain',
    'text/html',
    '*/*',
    'image/png',
    'x',
  ],
  'X-Newest': ['true'],
  Origin: ['http://good.example', 'http://bad.example'],
  Referer: ['http://www.good.example/x'],
  'X-Web-Mode': ['true', 'false'],
  Range: ['bytes=0-4'],
  'If-None-Match': ['*'],
}
const CONTAINER_WRITING: Pool = {
  'X-Container-Meta-Colour': ['blue', '', utf8('grün'), 'v'.repeat(257)],
  'X-Remove-Container-Meta-Colour': ['x', ''],
  'X-Container-Read': [
    '.r:*',
    '.r:*,.rlistings',
    'test2',
    'test2:tester2',
    '*:*',
    '*:tester2',
    'test:*',
    '.r:-good.example,.r:*',
    '',
    '.rlistings',
    'AUTH_test2',
    'x y',
    '.x:y',
  ],
  'X-Container-Write': ['test2:tester2', '*:*', 'test:tester3', '', '.r:*'],
  'X-Remove-Container-Read': ['x'],
  'X-Container-Meta-Quota-Bytes': ['10', '0', 'x', '', '-1', '1000'],
  'X-Container-Meta-Quota-Count': ['1', '0', 'x', '', '100'],
  'X-Container-Meta-Access-Control-Allow-Origin': ['*', 'http://good.example', ''],
  'X-Container-Meta-Access-Control-Expose-Headers': ['X-Object-Meta-A', ''],
  'X-Container-Meta-Access-Control-Max-Age': ['5', 'x'],
  'X-Container-Meta-Web-Index': ['index.html', ''],
  'X-Container-Meta-Web-Error': ['error.html', ''],
  'X-Container-Meta-Web-Listings': ['true', 'no'],
  'X-Container-Meta-Web-Listings-CSS': ['a.css', '"><'],
  'X-Container-Meta-Web-Listings-Label': ['a <b>'],
  'X-Container-Meta-Web-Directory-Type': ['application/x-dir'],
  'X-Versions-Enabled': ['true', 'false', 'x', ''],
  'X-Versions-Location': ['E-archive', '', 'a/b', 'x'],
  'X-History-Location': ['E-archive', '', 'a/b'],
  'X-Remove-Versions-Location': ['x'],
  'X-Remove-History-Location': ['x'],
  'X-Versions-Mode': ['history', 'stack', 'x'],
  'X-Container-Rfc-Compliant-Etags': ['true', 'false', ''],
  'X-Storage-Policy': ['silver', 'Policy-0', 'x', ''],
  'X-Container-Sync-To': ['//a/b/c/d', 'x', ''],
  'X-Container-Sync-Key': ['k'],
  'X-Container-Sysmeta-A': ['b'],
  'X-Container-Meta-Temp-URL-Key': [KEY, 'other'],
  Origin: ['http://good.example'],
}
const ACCOUNT_WRITING: Pool = {
  'X-Account-Meta-Colour': ['blue', '', utf8('grün')],
  'X-Remove-Account-Meta-Colour': ['x'],
  'X-Account-Access-Control': [
    '{"read-only":["test2:tester2"]}',
    '{"admin":["test:tester3"]}',
    '',
    '{}',
    'x',
    '{"read-write":["*"]}',
  ],
  'X-Account-Meta-Quota-Bytes': ['1000000000', 'x', ''],
  'X-Account-Meta-Web-Listings': ['true', ''],
  'X-Account-Rfc-Compliant-Etags': ['true', '', 'false'],
  'X-Account-Sysmeta-A': ['b'],
}

type Maker = (dice: Dice, episode: string) => Request

const container = (dice: Dice, episode: string): string =>
  `~/${episode}-${dice.once(20) ? 'none' : dice.of(CONTAINER_NAMES)}`
const object = (dice: Dice, episode: string): string =>
  `${container(dice, episode)}/${dice.once(12) ? dice.of(['none', 'new', 'dir', 'dir/none', 'seg/']) : dice.of(OBJECT_NAMES)}`

const readObject: Maker = (dice, episode) => ({
  as: dice.of(SENDERS),
  method: dice.of(['GET', 'GET', 'GET', 'HEAD']),
  path: object(dice, episode) + queryOf(drawn(dice, OBJECT_QUERY, 2)),
  headers: drawn(dice, READING, 4),
})

const writeObject: Maker = (dice, episode) => ({
  as: dice.once(4) ? dice.of(SENDERS) : 'tester',
  method: dice.of(['PUT', 'PUT', 'POST']),
  path: object(dice, episode) + (dice.once(4) ? queryOf(drawn(dice, OBJECT_QUERY, 2)) : ''),
  headers: drawn(dice, WRITING, 5),
  ...(dice.once(8) ? { framing: 'chunked' as const } : {}),
  body: dice.of(['', '', 'hello', DIGITS, '[{"path":"/E-plain/digits"}]']),
})

const MANIFESTS = [
  '[{"path":"/E-plain/seg/1"}]',
  '[{"path":"E-plain/seg/1","etag":null,"size_bytes":null}]',
  '[{"path":"/E-plain/seg/1","size_bytes":4}]',
  '[{"path":"/E-plain/seg/1","etag":"x"}]',
  '[{"path":"/E-plain/seg/2","range":"0-2"},{"path":"/E-plain/seg/2","range":"-2"},{"path":"/E-plain/seg/2","range":"3-"}]',
  '[{"path":"/E-plain/seg/2","range":"9-"}]',
  '[{"path":"/E-plain/seg/2","range":"0-1,3-4"}]',
  '[{"path":"/E-plain/empty"}]',
  '[{"path":"/E-plain/none"}]',
  '[{"path":"/E-plain/dlo"}]',
  '[{"path":"/E-plain/link"}]',
  '[{"path":"/E-plain/slo"},{"path":"/E-plain/nested","range":"1-5"}]',
  '[{"data":"aGVsbG8="},{"path":"/E-silver/digits"}]',
  '[{"data":"aGVsbG8="}]',
  '[{"path":"/E-plain/digits","extra":1}]',
  '[]',
  '{}',
  'x',
]

const putManifest: Maker = (dice, episode) => ({
  as: dice.once(6) ? dice.of(SENDERS) : 'tester',
  method: 'PUT',
  path: `${object(dice, episode)}?${dice.of(['multipart-manifest=put', 'multipart-manifest=put&heartbeat=on', 'multipart-manifest=put&format=raw'])}`,
  headers: drawn(dice, WRITING, 3),
  body: dice.of(MANIFESTS),
})

const copy: Maker = (dice, episode) => ({
  as: dice.once(4) ? dice.of(SENDERS) : 'tester',
  method: 'COPY',
  path: object(dice, episode) + (dice.once(3) ? queryOf(drawn(dice, OBJECT_QUERY, 2)) : ''),
  headers: {
    ...drawn(dice, WRITING, 3),
    ...drawn(dice, { 'Destination-Account': ['AUTH_test', 'AUTH_test2', '/x'] }, 1),
    ...(dice.once(12)
      ? {}
      : {
          Destination: dice.of([
            'E-plain/new',
            '/E-silver/digits',
            'E-versioned/digits',
            'E-plain',
            'E-none/x',
            'E-plain/digits',
            'E-stack/new%20',
            'E-plain/slo?x',
          ]),
        }),
  },
})

const removeObject: Maker = (dice, episode) => ({
  as: dice.once(4) ? dice.of(SENDERS) : 'tester',
  method: 'DELETE',
  path: object(dice, episode) + (dice.once(2) ? queryOf(drawn(dice, OBJECT_QUERY, 2)) : ''),
  headers: drawn(
    dice,
    {
      'If-Match': ['x', '*'],
      Accept: ['application/json', 'text/xml'],
      'X-Timestamp': ['1.0'],
      Origin: ['http://good.example'],
    },
    2,
  ),
})

const listContainer: Maker = (dice, episode) => ({
  as: dice.of(SENDERS),
  method: dice.of(['GET', 'GET', 'GET', 'GET', 'HEAD']),
  path: container(dice, episode) + dice.of(['', '', '/']) + queryOf(drawn(dice, CONTAINER_QUERY, 5)),
  headers: drawn(dice, CONTAINER_READING, 2),
})

const writeContainer: Maker = (dice, episode) => ({
  as: dice.once(4) ? dice.of(SENDERS) : 'tester',
  method: dice.of(['PUT', 'POST', 'POST', 'POST']),
  path: container(dice, episode) + (dice.once(8) ? '/' : ''),
  headers: drawn(dice, CONTAINER_WRITING, 4),
  body: dice.once(10) ? 'hello' : '',
})

const removeContainer: Maker = (dice, episode) => ({
  as: dice.of(SENDERS),
  method: 'DELETE',
  path: container(dice, episode),
  headers: drawn(dice, { 'If-Match': ['x'], Origin: ['http://good.example'] }, 1),
})

const account: Maker = (dice) => {
  const method = dice.of(['GET', 'GET', 'HEAD', 'POST'])
  return {
    as: dice.of(SENDERS),
    method,
    path: `/v1/AUTH_${dice.of(['test', 'test', 'test2'])}${method === 'POST' ? '' : queryOf(drawn(dice, { ...CONTAINER_QUERY, marker: ['E', 'E-plain', 'z'], prefix: ['E', 'E-s', 'none'], end_marker: ['E-plain'], delimiter: ['-', '/'] }, 4))}`,
    headers: drawn(dice, method === 'POST' ? ACCOUNT_WRITING : CONTAINER_READING, 3),
    ...(method === 'POST' ? { body: '' } : {}),
  }
}

const preflight: Maker = (dice, episode) => ({
  as: dice.of(['nobody', 'nobody', 'tester']),
  method: 'OPTIONS',
  path: dice.of([container, object])(dice, episode),
  headers: drawn(
    dice,
    {
      Origin: ['http://good.example', 'http://bad.example', 'x'],
      'Access-Control-Request-Method': ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'x'],
      'Access-Control-Request-Headers': ['x-auth-token', 'X-A,X-B', ''],
    },
    6,
  ),
})

const signed: Maker = (dice, episode) => {
  const method = dice.of(['GET', 'GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS'])
  const expires = dice.of(['4039372800', '4039372800', '1', '2098-01-01T00:00:00Z'])
  const path = `~/${episode}-plain/${dice.of(OBJECT_NAMES)}`
  const whole = `/v1/AUTH_test${decodeURIComponent(path.slice(1))}`
  const [signedPath, prefix] = dice.once(3)
    ? [`prefix:/v1/AUTH_test/${episode}-plain/`, '']
    : [whole, undefined]
  const digest = dice.of(['sha1', 'sha256', 'sha512'])
  const seconds = expires.includes('T') ? '4039372800' : expires
  const ip = dice.once(4) ? dice.of(['127.0.0.1', '10.0.0.0/8', '127.0.0.0/8']) : undefined
  const text = `${ip === undefined ? '' : `ip=${ip}\n`}${method === 'HEAD' ? dice.of(['HEAD', 'GET', 'PUT', 'POST']) : method}\n${seconds}\n${signedPath}`
  const signature = createHmac(digest, dice.once(8) ? 'wrong' : KEY).update(text)
  return {
    as: dice.of(['nobody', 'nobody', 'nobody', 'tester', 'other']),
    method,
    path:
      path +
      queryOf({
        temp_url_sig: dice.once(4)
          ? `${digest}:${encodeURIComponent(signature.digest('base64'))}`
          : signature.digest('hex'),
        temp_url_expires: expires,
        ...(prefix === undefined ? {} : { temp_url_prefix: prefix }),
        ...(ip === undefined ? {} : { temp_url_ip_range: ip }),
        ...drawn(dice, OBJECT_QUERY, 2),
      }),
    headers: drawn(dice, method === 'PUT' || method === 'POST' ? WRITING : READING, 3),
    ...(method === 'PUT' || method === 'POST' ? { body: 'hello' } : {}),
  }
}

const LINES = [
  '/E-plain/digits',
  'E-plain/none',
  '/E-silver/dir/',
  '/E-none/x',
  '/E-plain',
  '',
  '%zz',
  '/E-plain/dir/%C3%A9%20%26',
  '/E-plain/slo',
]

const bulkDelete: Maker = (dice) => ({
  as: dice.once(3) ? dice.of(SENDERS) : 'tester',
  method: dice.of(['POST', 'DELETE']),
  path: `~${dice.of(['', '/', '/E-plain'])}?bulk-delete${dice.of(['', '=x', '&multipart-manifest=delete'])}`,
  headers: {
    ...(dice.once(6) ? {} : { 'Content-Type': 'text/plain' }),
    ...drawn(dice, { Accept: ['application/json', 'text/xml', 'text/plain', 'x'] }, 2),
  },
  body: dice.some(LINES, 5).join('\n'),
})

/** How often each kind comes. */
const MAKERS: readonly (readonly [times: number, make: Maker])[] = [
  [26, readObject],
  [12, writeObject],
  [5, putManifest],
  [7, copy],
  [4, removeObject],
  [16, listContainer],
  [7, writeContainer],
  [1, removeContainer],
  [4, account],
  [3, preflight],
  [6, signed],
  [2, bulkDelete],
]
const KINDS = MAKERS.flatMap(([times, make]) => Array.from({ length: times }, () => make))

/** One request; `E-` in it has become the episode's name. */
export function randomRequest(dice: Dice, episode: string): Request {
  const made = dice.of(KINDS)(dice, episode)
  const filled = (text: string): string => text.replaceAll('E-', `${episode}-`)
  const headers = Object.entries(made.headers ?? {}).map(([name, value]) => [name, filled(value)])
  return {
    ...made,
    path: filled(made.path),
    headers: Object.fromEntries(headers),
    ...(made.body === undefined ? {} : { body: filled(String(made.body)) }),
  }
}
