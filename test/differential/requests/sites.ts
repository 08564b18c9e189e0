/** Websites, archives, quotas and quoted ETags at their edges, and together with other features. */
import { gzipSync } from 'node:zlib'
import { tar } from '#proxy/bulk/testing.ts'
import { by, get, head, options, post, put, type Request, remove, type Step, steps } from '../step.ts'

const PUBLIC = { 'X-Container-Read': '.r:*,.rlistings' }
const JSON_REPORT = { Accept: 'application/json' }

function visit(path: string, headers: Readonly<Record<string, string>> = {}): Request {
  return by('nobody', get(path, headers))
}

function page(path: string, text: string): Request {
  return put(path, { 'Content-Type': 'text/html' }, text)
}

const websites: readonly Step[] = steps('site', {
  container: put('~/web', {
    ...PUBLIC,
    'X-Container-Meta-Web-Index': 'i n.html',
    'X-Container-Meta-Web-Error': 'err é.html',
  }),
  'page with an odd name': page('~/web/i%20n.html', 'home'),
  'page of a folder with an odd name': page('~/web/f%C3%A9%20%25/i%20n.html', 'odd'),
  'page for 404 with an odd name': page('~/web/404err%20%C3%A9.html', 'lost'),
  'visit home': visit('~/web/'),
  'visit an odd folder': visit('~/web/f%C3%A9%20%25/'),
  'visit an odd folder without slash': visit('~/web/f%C3%A9%20%25'),
  'visit an odd folder without slash, with a query': visit('~/web/f%C3%A9%20%25?a=%20b&c'),
  'visit an odd folder without slash, by HEAD': by('nobody', head('~/web/f%C3%A9%20%25')),
  'visit what is missing': visit('~/web/none'),
  'visit what is missing with a condition': visit('~/web/none', { 'If-None-Match': '*' }),
  'visit what is missing with a range': visit('~/web/none', { Range: 'bytes=0-1' }),
  'visit two slashes': visit('~/web//'),
  'visit two slashes in a folder': visit('~/web/f%C3%A9%20%25//'),
  'visit home with a condition': visit('~/web/', { 'If-Modified-Since': 'Wed, 01 Jan 2098 00:00:00 GMT' }),
  'visit home with a condition that fails': visit('~/web/', { 'If-Match': 'x' }),
  'visit home with a range that is not there': visit('~/web/', { Range: 'bytes=50-' }),
  'visit home by a parameter': visit('~/web/?format=json'),
  'visit the container by a parameter': visit('~/web?format=json'),
  'visit the container by a prefix': visit('~/web/?prefix=f'),
  'visit home as JSON': visit('~/web/', { Accept: 'application/json' }),
  'visit home by POST': by('nobody', post('~/web/')),
  'visit home by OPTIONS': by('nobody', options('~/web/')),
  'visit home by DELETE': by('nobody', remove('~/web/')),
  'visit home with a bad token': visit('~/web/', { 'X-Auth-Token': 'x' }),
  'visit with web mode off': get('~/web/', { 'X-Web-Mode': 'false' }),
  'visit of a link': put('~/web/link.html', { 'X-Symlink-Target': 'web/i n.html' }),
  'visit of a link, GET': visit('~/web/link.html'),
  'large page': put(
    '~/web/large.html?multipart-manifest=put',
    { 'Content-Type': 'text/html' },
    '[{"path":"/web/i n.html"},{"path":"/web/i n.html"}]',
  ),
  'large page, GET': visit('~/web/large.html'),
  'large page as home': post('~/web', { ...PUBLIC, 'X-Container-Meta-Web-Index': 'large.html' }),
  'large page as home, GET': visit('~/web/'),
  'index in a folder': post('~/web', { 'X-Container-Meta-Web-Index': 'sub/index.html' }),
  'index in a folder, page': page('~/web/sub/index.html', 'sub'),
  'index in a folder, GET': visit('~/web/'),
  'index that is missing': post('~/web', { 'X-Container-Meta-Web-Index': 'none.html' }),
  'index that is missing, GET': visit('~/web/'),
  'index that is missing, with listings': post('~/web', {
    'X-Container-Meta-Web-Listings': 't',
    'X-Container-Meta-Web-Error': '',
  }),
  'index that is missing, with listings, GET': visit('~/web/'),
  'index that is missing, with listings, folder': visit('~/web/f%C3%A9%20%25/'),
  'index that is missing, with listings, folder without slash': visit('~/web/f%C3%A9%20%25'),
  'listings alone': post('~/web', {
    'X-Container-Meta-Web-Index': '',
    'X-Container-Meta-Web-Listings': 'yes',
  }),
  'listings alone, GET': visit('~/web/'),
  'listings alone, as JSON': visit('~/web/?format=json'),
  'listings alone, with a prefix': visit('~/web/?prefix=f'),
  'listings alone, with a delimiter': visit('~/web/?delimiter=l'),
  'listings alone, limited': visit('~/web/?limit=1'),
  'listings alone, with a token': get('~/web/', { 'X-Web-Mode': 'true' }),
  'listings of nonsense': post('~/web', { 'X-Container-Meta-Web-Listings': 'nonsense' }),
  'listings of nonsense, GET': visit('~/web/'),
  'style sheet of an absolute path': post('~/web', {
    'X-Container-Meta-Web-Listings': 'on',
    'X-Container-Meta-Web-Listings-CSS': '/css/x.css',
  }),
  'style sheet of an absolute path, GET': visit('~/web/'),
  'style sheet without a scheme': post('~/web', {
    'X-Container-Meta-Web-Listings-CSS': '//cdn.example/x.css',
  }),
  'style sheet without a scheme, GET': visit('~/web/sub/'),
  'style sheet of a script': post('~/web', { 'X-Container-Meta-Web-Listings-CSS': 'javascript:alert(1)' }),
  'style sheet of a script, GET': visit('~/web/'),
  'open to read only from a place': post('~/web', {
    'X-Container-Read': '.r:good.example',
    'X-Container-Meta-Web-Index': 'i n.html',
    'X-Container-Meta-Web-Error': 'e.html',
  }),
  'page for 401': page('~/web/401e.html', 'shut'),
  'from that place': visit('~/web/large.html', { Referer: 'http://good.example/' }),
  'from another place': visit('~/web/large.html', { Referer: 'http://bad.example/' }),
  'from another place by HEAD': by('nobody', head('~/web/large.html', { Referer: 'http://bad.example/' })),
})

function unpack(
  archive: Buffer,
  path = '~/packed?extract-archive=tar',
  headers: Readonly<Record<string, string>> = JSON_REPORT,
): Request {
  return put(path, headers, archive)
}

const ONE = tar([{ name: 'o', body: 'x' }])
const PAIR = tar([
  { name: 'a', body: 'xx' },
  { name: 'b', body: 'yy' },
])

function deleteAll(list: string, query = ''): Request {
  return {
    method: 'POST',
    path: `~?bulk-delete${query}`,
    headers: { ...JSON_REPORT, 'Content-Type': 'text/plain' },
    body: list,
  }
}

const archives: readonly Step[] = steps('packed', {
  container: put('~/packed', { 'X-Versions-Enabled': 'true' }),
  'in a container with versions': unpack(ONE),
  'in a container with versions, again': unpack(ONE),
  'in a container with versions, versions': head('~/packed'),
  'of a type with a dot': unpack(ONE, '~/packed?extract-archive=.tar'),
  'of a type of nothing': unpack(ONE, '~/packed?extract-archive='),
  'of a type twice': unpack(ONE, '~/packed?extract-archive=zip&extract-archive=tar'),
  'of a type that it is not': unpack(ONE, '~/packed?extract-archive=tar.gz'),
  'of a compressed type that it is not': unpack(ONE, '~/packed?extract-archive=tar.bz2'),
  'compressed, said plain': unpack(gzipSync(ONE)),
  'to a folder': unpack(ONE, '~/packed/folder?extract-archive=tar'),
  'to a name not UTF-8': unpack(ONE, '~/packed/%ff?extract-archive=tar'),
  'to an odd name': unpack(ONE, '~/packed/%C3%A9%20%25?extract-archive=tar'),
  'to a container that is too long': unpack(ONE, `~/${'n'.repeat(257)}?extract-archive=tar`),
  'to a slash': unpack(tar([{ name: 'packed/top', body: 'x' }]), '~/?extract-archive=tar'),
  'with a condition': unpack(ONE, '~/packed?extract-archive=tar', { ...JSON_REPORT, 'If-None-Match': '*' }),
  'with an ETag': unpack(ONE, '~/packed?extract-archive=tar', { ...JSON_REPORT, ETag: 'f'.repeat(32) }),
  'with a bad expiry': unpack(ONE, '~/packed?extract-archive=tar', { ...JSON_REPORT, 'X-Delete-At': '1' }),
  'of nothing at all': unpack(Buffer.alloc(0)),
  'of zeros': unpack(Buffer.alloc(1024)),
  'what it made': get('~/packed?format=json'),
  'by bulk-delete, too': unpack(ONE, '~/packed?extract-archive=tar&bulk-delete'),
  'with a quota': put('~/packed-quota', { 'X-Container-Meta-Quota-Bytes': '3' }),
  'with a quota, PUT': unpack(PAIR, '~/packed-quota?extract-archive=tar'),
  'deleted with a slash in front': deleteAll('/packed/none-1\npacked/none-2\n//packed/none-3\n'),
  'deleted with a slash at the end': deleteAll('/packed-none/\n'),
  'deleted with dots': deleteAll('/packed/../packed/none\n'),
  'deleted in lines of Windows': deleteAll('/packed/none\r\n/packed/none2\r\n'),
  'deleted with a query': deleteAll('/packed/none?multipart-manifest=delete\n'),
  'deleted in an account': deleteAll('/v1/AUTH_test/packed/none\n'),
  'deleted with a version': deleteAll('/packed/o?version-id=null\n'),
  'deleted of a container that is not empty': deleteAll('/packed\n'),
  'deleted of too long a name': deleteAll(`/packed-quota/${'n'.repeat(1025)}\n`),
  'deleted of too long a container': deleteAll(`/${'n'.repeat(257)}\n`),
  'deleted with NUL': deleteAll('/packed/a%00b\n'),
  'deleted of an odd name': deleteAll('/packed/%C3%A9%20%25/o\n'),
  'deleted by a word': deleteAll('/packed/none\n', '=false'),
  'deleted by PUT': { ...deleteAll('/packed/none\n'), method: 'PUT' },
  'deleted with a type that has a charset': {
    ...deleteAll('/packed/none\n'),
    headers: { ...JSON_REPORT, 'Content-Type': 'text/plain; charset=utf-8' },
  },
  'deleted with a type in capitals': {
    ...deleteAll('/packed/none\n'),
    headers: { ...JSON_REPORT, 'Content-Type': 'TEXT/PLAIN' },
  },
  'deleted in chunks': { ...deleteAll('/packed/none\n'), framing: 'chunked' },
  'deleted in an account of others': by('other', deleteAll('/packed/none\n')),
})

const quotas: readonly Step[] = steps('limited', {
  container: put('~/limited', { 'X-Container-Meta-Quota-Bytes': '10', 'X-Container-Meta-Quota-Count': '2' }),
  source: put('~/limited-src', {}),
  'source of 11 bytes': put('~/limited-src/o', {}, 'x'.repeat(11)),
  'source of 2 bytes': put('~/limited-src/small', {}, 'xx'),
  'by COPY of too much': { method: 'COPY', path: '~/limited-src/o', headers: { Destination: 'limited/o' } },
  'by X-Copy-From of too much': put('~/limited/o', { 'X-Copy-From': 'limited-src/o' }),
  'by COPY of a part': {
    method: 'COPY',
    path: '~/limited-src/o',
    headers: { Destination: 'limited/part', Range: 'bytes=0-1' },
  },
  'by X-Copy-From of what is missing': put('~/limited/o', { 'X-Copy-From': 'limited-src/none' }),
  'by COPY of little': {
    method: 'COPY',
    path: '~/limited-src/small',
    headers: { Destination: 'limited/small' },
  },
  'by a manifest': put('~/limited/slo?multipart-manifest=put', {}, '[{"path":"/limited-src/o"}]'),
  'said anew': post('~/limited', { 'X-Container-Meta-Quota-Bytes': '10' }),
  'by one object too many': put('~/limited/third', {}, ''),
  'by an overwrite at the limit': put('~/limited/small', {}, 'y'),
  'by one object too many in chunks': { ...put('~/limited/third', {}, 'x'), framing: 'chunked' },
  'with an empty quota by PUT': put('~/limited', { 'X-Container-Meta-Quota-Bytes': '' }),
  'with a quota of a fraction': post('~/limited', { 'X-Container-Meta-Quota-Bytes': '1.5' }),
  'with a quota with blanks': post('~/limited', { 'X-Container-Meta-Quota-Bytes': ' 15 ' }),
  'with a quota of other digits': post('~/limited', {
    'X-Container-Meta-Quota-Bytes': Buffer.from('٣').toString('latin1'),
  }),
  'with a quota and its removal': post('~/limited', {
    'X-Container-Meta-Quota-Bytes': '1',
    'X-Remove-Container-Meta-Quota-Bytes': 'x',
  }),
  'with a quota and its removal, HEAD': head('~/limited'),
  'with a bad quota by somebody without rights': by(
    'other',
    post('~/limited', { 'X-Container-Meta-Quota-Bytes': 'x' }),
  ),
  'with a bad quota of an account by its owner': post('~', { 'X-Account-Meta-Quota-Bytes': 'x' }),
  'with a quota of an account of less than nothing': by(
    'reseller',
    post('/v1/AUTH_test2', { 'X-Account-Meta-Quota-Bytes': '-1' }),
  ),
  'with a quota of an account by PUT': by(
    'reseller',
    put('/v1/AUTH_quota', { 'X-Account-Meta-Quota-Bytes': '5' }),
  ),
  'with a quota of an account, container': by(
    'reseller',
    put('/v1/AUTH_quota/c', { 'X-Container-Write': 'test:tester' }),
  ),
  'with a quota of an account, too much': put('/v1/AUTH_quota/c/o', {}, '123456'),
  'with a quota of an account, as much as there is': put('/v1/AUTH_quota/c/o', {}, '12345'),
  'with a quota of an account, COPY of too much': {
    method: 'COPY',
    path: '~/limited-src/o',
    headers: { Destination: 'c/o', 'Destination-Account': 'AUTH_quota' },
  },
  'with a quota of an account, COPY by the reseller': by('reseller', {
    method: 'COPY',
    path: '~/limited-src/o',
    headers: { Destination: 'c/o2', 'Destination-Account': 'AUTH_quota' },
  }),
  'with a quota of an account, POST': by('reseller', post('/v1/AUTH_quota/c/o', { 'X-Object-Meta-A': 'b' })),
})

const quoted: readonly Step[] = steps('in quotes', {
  container: put('~/quotes', { 'X-Container-Rfc-Compliant-Etags': 'true' }),
  object: put('~/quotes/o', {}, 'hello'),
  'ETag already in quotes': put('~/quotes/o', { ETag: '"5d41402abc4b2a76b9719d911017c592"' }, 'hello'),
  HEAD: head('~/quotes/o'),
  'large object': put('~/quotes/slo?multipart-manifest=put', {}, '[{"path":"/quotes/o"}]'),
  'large object, GET': get('~/quotes/slo'),
  'large object, manifest': get('~/quotes/slo?multipart-manifest=get'),
  'large object unless it is this': get('~/quotes/slo', {
    'If-None-Match': '{header etag of in quotes: large object, GET}',
  }),
  'prefix of segments': put('~/quotes/dlo', { 'X-Object-Manifest': 'quotes/o' }),
  'prefix of segments, GET': get('~/quotes/dlo'),
  link: put('~/quotes/link', { 'X-Symlink-Target': 'quotes/o' }),
  'link, GET': get('~/quotes/link'),
  'link itself': get('~/quotes/link?symlink=get'),
  'static link by an ETag in quotes': put('~/quotes/static', {
    'X-Symlink-Target': 'quotes/o',
    'X-Symlink-Target-Etag': '"5d41402abc4b2a76b9719d911017c592"',
  }),
  COPY: { method: 'COPY', path: '~/quotes/o', headers: { Destination: 'quotes/p' } },
  missing: get('~/quotes/none'),
  'condition that fails': get('~/quotes/o', { 'If-Match': 'x' }),
  'by HEAD with a condition that fails': head('~/quotes/o', { 'If-Match': 'x' }),
  'wrong ETag': put('~/quotes/o', { ETag: 'x' }, 'hello'),
  'said by its removal': post('~/quotes', { 'X-Remove-Container-Rfc-Compliant-Etags': 'x' }),
  'said by its removal, HEAD': head('~/quotes'),
})

export const siteRequests: readonly Step[] = [...websites, ...archives, ...quotas, ...quoted]
