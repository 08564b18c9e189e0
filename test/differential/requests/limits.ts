/** Bulk requests, quotas, ETags in quotes, composite tokens and the other layers that hold clients back. */
import { gzipSync } from 'node:zlib'
import { type TarEntry, tar } from '#proxy/bulk/testing.ts'
import { by, get, head, post, put, type Request, remove, type Step, steps } from '../step.ts'

const JSON_REPORT = { Accept: 'application/json' }
const TEXT_LIST = { ...JSON_REPORT, 'Content-Type': 'text/plain' }

function unpack(
  path: string,
  archive: Buffer,
  headers: Readonly<Record<string, string>> = JSON_REPORT,
): Request {
  return put(path, headers, archive)
}

function deleteAll(list: string, headers: Readonly<Record<string, string>> = TEXT_LIST): Request {
  return { method: 'POST', path: '~?bulk-delete', headers, body: list }
}

const FILES: readonly TarEntry[] = [
  { name: 'bulk-a/', type: '5' },
  { name: 'bulk-a/one', body: 'first' },
  { name: './bulk-a/sub/two.html', body: 'second' },
  { name: 'loose', body: 'in no container' },
  { name: 'bulk-a/link', type: '2' },
  { name: '/bulk-b/../three', body: '' },
]
const RECORDS = {
  'SCHILY.xattr.user.mime_type': 'application/python-setup',
  'SCHILY.xattr.user.meta.Lunch': 'burger and fries',
  'LIBARCHIVE.xattr.user.meta.dinner': 'baked ziti ☕',
  'SCHILY.xattr.user.stuff': 'whee',
}
const MIXED = tar([
  { name: 'good', body: 'x' },
  { name: Buffer.from('bad-\xff', 'latin1') },
  { name: 'n'.repeat(99) },
])

export const bulkRequests: readonly Step[] = [
  ...steps('unpacking', {
    'of a whole account': unpack('~?extract-archive=tar', tar(FILES)),
    'containers that were made': get('~?prefix=bulk-'),
    'objects that were made': get('~/bulk-a?format=json'),
    'a name with dots': get('~/bulk-b?format=json'),
    'an object that was unpacked': get('~/bulk-a/sub/two.html'),
    'into a container': unpack('~/bulk-c?extract-archive=tar', tar([{ name: 'o', body: 'x' }])),
    'into a pseudo-directory': unpack('~/bulk-c/dir/?extract-archive=tar', tar([{ name: 'o', body: 'x' }])),
    'what is there then': get('~/bulk-c'),
    compressed: unpack('~/bulk-c/gz?extract-archive=tar.gz', gzipSync(tar([{ name: 'o', body: 'x' }]))),
    'type in capitals with dots': unpack('~/bulk-c?extract-archive=.TAR.', tar([{ name: 'p', body: 'x' }])),
    'in chunks': {
      ...unpack('~/bulk-c?extract-archive=tar', tar([{ name: 'chunked', body: 'x' }])),
      framing: 'chunked',
    },
    'with metadata': unpack('~/bulk-c?extract-archive=tar', tar([{ name: 'meta', records: RECORDS }]), {
      ...JSON_REPORT,
      'X-Object-Meta-All': 'yes',
      'X-Delete-At': '4070908800',
      'Content-Type': 'application/x-tar',
    }),
    'metadata that was unpacked': head('~/bulk-c/meta'),
    'with a long name by a record': unpack(
      '~/bulk-c?extract-archive=tar',
      tar([{ name: 'short', records: { path: `long/${'n'.repeat(200)}` } }]),
    ),
    'with a name that is too long': unpack(
      '~/bulk-c?extract-archive=tar',
      tar([{ name: 'short', records: { path: 'n'.repeat(1025) } }]),
    ),
    'with a file that fails': unpack('~/bulk-c?extract-archive=tar', MIXED),
    'as text': unpack('~/bulk-c?extract-archive=tar', MIXED, {}),
    'as text by Accept': unpack('~/bulk-c?extract-archive=tar', MIXED, { Accept: 'text/plain' }),
    'as XML': unpack('~/bulk-c?extract-archive=tar', MIXED, { Accept: 'application/xml' }),
    'as text/xml': unpack('~/bulk-c?extract-archive=tar', MIXED, { Accept: 'text/xml' }),
    'in a form that is not had': unpack('~/bulk-c?extract-archive=tar', MIXED, { Accept: 'image/png' }),
    'with a malformed Accept': unpack('~/bulk-c?extract-archive=tar', MIXED, { Accept: 'x;q=nonsense' }),
    'of another type': unpack('~/bulk-c?extract-archive=zip', MIXED),
    'with nothing in it': unpack('~/bulk-c?extract-archive=tar', tar([])),
    'with nothing but directories': unpack('~/bulk-c?extract-archive=tar', tar([{ name: 'd/', type: '5' }])),
    'that is none': unpack('~/bulk-c?extract-archive=tar', Buffer.from('no archive'.repeat(200))),
    'cut off in a file': unpack(
      '~/bulk-c?extract-archive=tar',
      tar([{ name: 'cut', body: 'x'.repeat(3000) }]).subarray(0, 2000),
    ),
    'compressed badly': unpack('~/bulk-c?extract-archive=tar.gz', Buffer.from('not compressed'.repeat(50))),
    'without a length': { method: 'PUT', path: '~/bulk-c?extract-archive=tar', headers: JSON_REPORT },
    'by somebody else': by('other', unpack('~?extract-archive=tar', tar([{ name: 'bulk-c/x' }]))),
    'by nobody': by('nobody', unpack('~?extract-archive=tar', tar([{ name: 'bulk-c/x' }]))),
    'by POST is none': { ...unpack('~/bulk-c?extract-archive=tar', MIXED), method: 'POST' },
  }),
  ...steps('bulk delete', {
    'objects and containers': deleteAll('bulk-b\n/bulk-b/..%2Fthree\nbulk-a/one\n\n  bulk-a/none  \nbulk-a'),
    'what is left': get('~?prefix=bulk-'),
    'by DELETE': { ...deleteAll('bulk-a/sub/two.html\nbulk-a'), method: 'DELETE' },
    'of what is gone': deleteAll('bulk-a/sub/two.html\nbulk-a'),
    'as text': deleteAll('bulk-c/gz/o', { 'Content-Type': 'text/plain' }),
    'as XML': deleteAll('bulk-c/none\nbulk-c', { 'Content-Type': 'text/plain', Accept: 'text/xml' }),
    'in a form that is not had': deleteAll('bulk-c/none', { ...TEXT_LIST, Accept: 'image/png' }),
    'of a list in another form': deleteAll('["a"]', { ...JSON_REPORT, 'Content-Type': 'application/json' }),
    'of a list without a type': deleteAll('bulk-c/none', JSON_REPORT),
    'of nothing': deleteAll(''),
    'of empty lines': deleteAll('\n\n'),
    'of a name that is not UTF-8': deleteAll('bulk-c/%ff'),
    'of names with a character that stands for itself': deleteAll('bulk-c/é\nbulk-c/%'),
    'of a line too long': deleteAll('a'.repeat(5000)),
    'of too many': deleteAll('x/y\n'.repeat(10_001)),
    'in a container': { ...deleteAll('bulk-c/o'), path: '~/bulk-c?bulk-delete' },
    'without a length': { method: 'POST', path: '~?bulk-delete', headers: TEXT_LIST },
    'by somebody else': by('other', deleteAll('bulk-c/p\nbulk-c')),
    'by nobody': by('nobody', deleteAll('bulk-c/p')),
    'what nobody could delete': get('~/bulk-c'),
  }),
]

const OTHER = '/v1/AUTH_test2'

export const quotaRequests: readonly Step[] = steps('quota', {
  'of a container': put('~/quota', {
    'X-Container-Meta-Quota-Bytes': '10',
    'X-Container-Meta-Quota-Count': '3',
  }),
  'is shown': head('~/quota'),
  'of bytes that is no number': post('~/quota', { 'X-Container-Meta-Quota-Bytes': 'ten' }),
  'of objects that is no number': post('~/quota', { 'X-Container-Meta-Quota-Count': '-1' }),
  'that is no number for a new container': put('~/quota-2', { 'X-Container-Meta-Quota-Count': '1.5' }),
  'has room': put('~/quota/a', {}, 'x'.repeat(10)),
  'of a new value': post('~/quota', { 'X-Container-Meta-Quota-Bytes': '5' }),
  'has no room for a byte more': put('~/quota/b', {}, 'x'),
  'has no room for nothing more': put('~/quota/b', {}, ''),
  'holds for resellers': by('reseller', put('~/quota/b', {}, 'x')),
  'says nothing to strangers': by('other', put('~/quota/b', {}, 'x')),
  'says nothing to nobody': by('nobody', put('~/quota/b', {}, 'x')),
  'lets metadata be changed': post('~/quota/a', { 'X-Object-Meta-Colour': 'red' }),
  'lets objects be deleted': remove('~/quota/a'),
  'removed by an empty value': post('~/quota', {
    'X-Container-Meta-Quota-Bytes': '',
    'X-Container-Meta-Quota-Count': '0',
  }),
  'of no objects': put('~/quota/c', {}, ''),
  'removed by its removal header': post('~/quota', { 'X-Remove-Container-Meta-Quota-Count': 'x' }),
  'is gone': put('~/quota/c', {}, 'x'.repeat(20)),
  'of an account by its administrator': by('other', post(OTHER, { 'X-Account-Meta-Quota-Bytes': '0' })),
  'of an account removed by its administrator': by(
    'other',
    post(OTHER, { 'X-Remove-Account-Meta-Quota-Bytes': 'x' }),
  ),
  'of an account that is no number': by('reseller', post(OTHER, { 'X-Account-Meta-Quota-Bytes': 'ten' })),
  'of an account': by('reseller', post(OTHER, { 'X-Account-Meta-Quota-Bytes': '0' })),
  'of an account is shown': by('other', head(OTHER)),
  'of an account lets containers be made': by('other', put(`${OTHER}/quota`)),
  'of an account has no room': by('other', put(`${OTHER}/quota/a`, {}, 'x')),
  'of an account has room for nothing': by('other', put(`${OTHER}/quota/a`, {}, '')),
  'of an account does not hold for resellers': by('reseller', put(`${OTHER}/quota/b`, {}, 'x')),
  'of an account says nothing to strangers': put(`${OTHER}/quota/a`, {}, 'x'),
  'of an account removed': by('reseller', post(OTHER, { 'X-Account-Meta-Quota-Bytes': '' })),
  'of an account is gone': by('other', put(`${OTHER}/quota/a`, {}, 'x')),
})

export const quotedEtagRequests: readonly Step[] = steps('quoted ETags', {
  'asked for by a container': put('~/quoted', { 'X-Container-Rfc-Compliant-Etags': 'yes' }),
  'said by the container': head('~/quoted'),
  'of an upload': put('~/quoted/o', {}, 'x'),
  'of a download': get('~/quoted/o'),
  'of what has not changed': get('~/quoted/o', { 'If-None-Match': '"9dd4e461268c8034f5c8564e155c67a6"' }),
  'of a part': get('~/quoted/o', { Range: 'bytes=0-0' }),
  'in listings stay bare': get('~/quoted?format=json'),
  'given up by a container': post('~/quoted', { 'X-Container-Rfc-Compliant-Etags': 'nonsense' }),
  'given up': head('~/quoted/o'),
  'asked for by an account': by('other', post(OTHER, { 'X-Account-Rfc-Compliant-Etags': 'true' })),
  'said by the account': by('other', head(OTHER)),
  'of an account': by('other', put(`${OTHER}/quota/a`, {}, 'x')),
  'removed from an account': by('other', post(OTHER, { 'X-Remove-Account-Rfc-Compliant-Etags': 'x' })),
  removed: by('other', head(`${OTHER}/quota/a`)),
  'removed from a container': post('~/quoted', { 'X-Container-Rfc-Compliant-Etags': '' }),
  'removed again': head('~/quoted'),
})

const SERVICE_ACCOUNT = '/v1/SERVICE_test'
const SERVICE = { 'X-Service-Token': '{header x-auth-token of service token: of the service}' }

export const serviceTokenRequests: readonly Step[] = steps('service token', {
  'of the service': by(
    'nobody',
    get('/auth/v1.0', { 'X-Auth-User': 'test5:tester5', 'X-Auth-Key': 'testing5' }),
  ),
  'is needed': put(`${SERVICE_ACCOUNT}/c`),
  'makes a container': put(`${SERVICE_ACCOUNT}/c`, SERVICE),
  'makes an object': put(`${SERVICE_ACCOUNT}/c/o`, SERVICE, 'x'),
  'is needed to read': get(`${SERVICE_ACCOUNT}/c/o`),
  'lets the user read': get(`${SERVICE_ACCOUNT}/c/o`, SERVICE),
  'of nobody': get(`${SERVICE_ACCOUNT}/c/o`, { 'X-Service-Token': 'AUTH_tkbogus' }),
  'alone is not enough': by('nobody', get(`${SERVICE_ACCOUNT}/c/o`, SERVICE)),
  'opens no other account': by('other', get(`${SERVICE_ACCOUNT}/c/o`, SERVICE)),
  'of a user without administration': by('plain', get(`${SERVICE_ACCOUNT}/c/o`, SERVICE)),
  'changes nothing for other accounts': get('~/quoted', SERVICE),
  'is not needed by resellers': by('reseller', get(`${SERVICE_ACCOUNT}/c/o`)),
})

/** So many metadata items, each with a value of so many bytes. */
function items(
  of: 'Account' | 'Container',
  from: number,
  count: number,
  bytes: number,
): Record<string, string> {
  const names = Array.from({ length: count }, (_, at) => `X-${of}-Meta-Item-${from + at}`)
  return Object.fromEntries(names.map((name) => [name, 'v'.repeat(bytes)]))
}

/** What a request may bring, and what an account or container may have altogether. */
export const metadataLimitRequests: readonly Step[] = steps('metadata limits', {
  'of a container: 90 items': put('~/metadata', items('Container', 0, 90, 1)),
  'of a container: 91 items at once': post('~/metadata', items('Container', 0, 91, 1)),
  'of a container: one more': post('~/metadata', items('Container', 90, 1, 1)),
  'of a container: the same again': post('~/metadata', items('Container', 0, 90, 2)),
  'of a container: too many bytes at once': post('~/metadata', items('Container', 0, 17, 256)),
  'of a container: too many bytes altogether': post('~/metadata', items('Container', 0, 14, 256)),
  'of a container: what it has': head('~/metadata'),
  'of an account: 60 items': by('other', post(OTHER, items('Account', 0, 60, 1))),
  'of an account: 60 others': by('other', post(OTHER, items('Account', 60, 60, 1))),
  'of an account: what it has': by('other', head(OTHER)),
  'of an account: removed': by('other', post(OTHER, items('Account', 0, 60, 0))),
})

export const crossdomainRequests: readonly Step[] = steps('crossdomain', {
  'the policy': by('nobody', get('/crossdomain.xml')),
  'the policy with a query': by('nobody', get('/crossdomain.xml?x')),
})
