/** Manifests of static large objects at their edges: what may stand in one, loops, lost segments, spoofed headers, deletes in background. */
import { createHash } from 'node:crypto'
import { by, get, head, post, put, type Request, remove, type Step, steps } from '../step.ts'

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

const A = 'aaaaaaaaaa'
const B = 'bbbbbbbbbb'
const JSON_REPORT = { Accept: 'application/json' }
const BOTH = [{ path: '/slo-parts/a' }, { path: '/slo-parts/b' }]
const JOINED_ETAG = md5(md5(A) + md5(B))

function manifest(
  name: string,
  segments: readonly object[] | string,
  headers: Readonly<Record<string, string>> = {},
  query = 'multipart-manifest=put',
): Request {
  const body = typeof segments === 'string' ? segments : JSON.stringify(segments)
  return put(`~/slo/${name}?${query}`, { 'Content-Type': 'text/x-large', ...headers }, body)
}

/** A manifest of one segment that says this of it. */
function one(member: object): Request {
  return manifest('bad', [{ path: '/slo-parts/a', ...member }])
}

function removeAll(
  name: string,
  query = '',
  headers: Readonly<Record<string, string>> = JSON_REPORT,
): Request {
  return remove(`~/slo/${name}?multipart-manifest=delete${query}`, headers)
}

const prepared = steps('manifest', {
  container: put('~/slo'),
  'container of segments': put('~/slo-parts', { 'X-Container-Read': 'test:tester3' }),
  'segment a': put('~/slo-parts/a', {}, A),
  'segment b': put('~/slo-parts/b', {}, B),
  'segment with an odd name': put('~/slo-parts/%C3%A9%20%25', {}, A),
})

const content = steps('manifest', {
  'size true': one({ size_bytes: true }),
  'size negative': one({ size_bytes: -1 }),
  'size as a fraction in text': one({ size_bytes: '10.5' }),
  'size beyond all numbers': one({ size_bytes: 1e300 }),
  'size with blanks': one({ size_bytes: ' 10 ' }),
  'ETag in quotes': one({ etag: `"${md5(A)}"` }),
  'ETag in upper case': one({ etag: md5(A).toUpperCase() }),
  'ETag empty': one({ etag: '' }),
  'range empty': one({ range: '' }),
  'range null': one({ range: null }),
  'range a number': one({ range: 5 }),
  'range of the last none': one({ range: '-0' }),
  'range of the last twenty': manifest('last-twenty', [{ path: '/slo-parts/a', range: '-20' }]),
  'range of the last twenty, GET': get('~/slo/last-twenty'),
  'range of the last twenty, raw': get('~/slo/last-twenty?multipart-manifest=get&format=raw'),
  'range to behind the end': manifest('beyond', [{ path: '/slo-parts/a', range: '5-50' }]),
  'range to behind the end, raw': get('~/slo/beyond?multipart-manifest=get&format=raw'),
  'range backwards': one({ range: '5-2' }),
  'range with a unit': one({ range: 'bytes=0-1' }),
  'range with blanks': manifest('blanks', [{ path: '/slo-parts/a', range: ' 0 - 1 ' }]),
  'path with a percent sign': manifest('percent', [{ path: '/slo-parts/%C3%A9%20%25' }]),
  'path in UTF-8': manifest('utf8', [{ path: '/slo-parts/é %' }]),
  'path in UTF-8, GET': get('~/slo/utf8'),
  'path in UTF-8, raw': get('~/slo/utf8?multipart-manifest=get&format=raw'),
  'path in UTF-8, as it is listed': get('~/slo/utf8?multipart-manifest=get'),
  'path with a question mark': one({ path: '/slo-parts/a?multipart-manifest=get' }),
  'path with NUL': one({ path: '/slo-parts/a\u0000' }),
  'path of half a character': manifest('bad', '[{"path": "/slo-parts/\\ud800"}]'),
  'path empty': one({ path: '' }),
  'path null': one({ path: null }),
  'path of a container with a slash': one({ path: '/slo-parts/' }),
  'path with dots': one({ path: '/slo-parts/../slo-parts/a' }),
  'path too long': one({ path: `/slo-parts/${'n'.repeat(1025)}` }),
  'path in a hidden container': one({ path: '/\u0000versions\u0000kept/o' }),
  'members of a listing': manifest('bad', [{ name: '/slo-parts/a', hash: md5(A), bytes: 10 }]),
  'the same member twice': manifest('twice', '[{"path": "/slo-parts/x", "path": "/slo-parts/a"}]'),
  'a list in the list': manifest('bad', '[[{"path": "/slo-parts/a"}]]'),
  'a text': manifest('bad', '"text"'),
  null: manifest('bad', 'null'),
  'not UTF-8': put(
    '~/slo/bad?multipart-manifest=put',
    {},
    Buffer.from('[{"path": "/slo-parts/\xff"}]', 'latin1'),
  ),
  'a mark of byte order in front': manifest('bom', '\uFEFF[{"path": "/slo-parts/a"}]'),
  'not a number': manifest('bad', '[{"path": "/slo-parts/a", "size_bytes": NaN}]'),
  'a comma too many': manifest('bad', '[{"path": "/slo-parts/a"},]'),
  'several wrong things': manifest('bad', [
    { path: 'x' },
    { path: '/slo-parts/a', size_bytes: 'x', foo: 1 },
    5 as never,
  ]),
  'data with an ETag': manifest('bad', [{ data: 'YQ==', etag: md5('a') }, { path: '/slo-parts/a' }]),
  'data with a range': manifest('bad', [{ data: 'YWI=', range: '0-0' }, { path: '/slo-parts/a' }]),
  'data null': manifest('bad', [{ data: null }, { path: '/slo-parts/a' }]),
  'data in two lines': manifest('bad', [{ data: 'YQ\n==' }, { path: '/slo-parts/a' }]),
  'the same one fails twice': manifest(
    'bad',
    [{ path: '/slo-parts/none' }, { path: '/slo-parts/none' }],
    JSON_REPORT,
  ),
  'a thousand segments': manifest(
    'thousand',
    Array.from({ length: 1000 }, () => ({ path: '/slo-parts/a' })),
  ),
  'a thousand segments, HEAD': head('~/slo/thousand'),
})

const requests = steps('manifest', {
  PUT: manifest('both', BOTH, {
    'Content-Encoding': 'x-own',
    'Content-Disposition': 'inline',
    'X-Object-Meta-A': 'b',
  }),
  'PUT to a container': put('~/slo?multipart-manifest=put', {}, '[]'),
  'PUT with the word in capitals': manifest('capital', BOTH, {}, 'multipart-manifest=PUT'),
  'PUT with the word in capitals, GET': get('~/slo/capital'),
  'PUT with another word': manifest('other', BOTH, {}, 'multipart-manifest=get'),
  'PUT with another word, HEAD': head('~/slo/other'),
  'PUT with a word of nothing': manifest('other', BOTH, {}, 'multipart-manifest='),
  'POST of a manifest': { ...manifest('both', BOTH), method: 'POST' },
  'POST of a manifest, HEAD': head('~/slo/both'),
  'PUT with its ETag in quotes': manifest('quoted', BOTH, { ETag: `"${JOINED_ETAG}"` }),
  'PUT with its ETag in upper case': manifest('quoted', BOTH, { ETag: JOINED_ETAG.toUpperCase() }),
  'PUT unless it is there': manifest('both', BOTH, { 'If-None-Match': '*' }),
  'PUT unless it is this one': manifest('both', BOTH, { 'If-None-Match': JOINED_ETAG }),
  'PUT with a source to copy': manifest('bad', BOTH, { 'X-Copy-From': 'slo-parts/a' }),
  'PUT with a prefix of segments': manifest('bad', BOTH, { 'X-Object-Manifest': 'slo-parts/' }),
  'PUT with the target of a link': manifest('bad', BOTH, { 'X-Symlink-Target': 'slo-parts/a' }),
  'PUT that has expired': manifest('bad', BOTH, { 'X-Delete-At': '1' }),
  'PUT by somebody without rights': by('other', manifest('bad', BOTH)),
  'PUT by nobody': by('nobody', manifest('bad', BOTH)),
  'PUT with a bad name of metadata': manifest('bad', BOTH, { [`X-Object-Meta-${'n'.repeat(129)}`]: 'v' }),
  'HEAD of the manifest': head('~/slo/both?multipart-manifest=get'),
  'HEAD of the manifest, raw': head('~/slo/both?multipart-manifest=get&format=raw'),
  'GET of the manifest in another format': get('~/slo/both?multipart-manifest=get&format=xml'),
  'GET of the manifest with a range': get('~/slo/both?multipart-manifest=get&format=raw', {
    Range: 'bytes=0-4',
  }),
  'GET of the manifest with a range, not raw': get('~/slo/both?multipart-manifest=get', {
    Range: 'bytes=0-4',
  }),
  'GET of the manifest if it is the joined one': get('~/slo/both?multipart-manifest=get', {
    'If-Match': JOINED_ETAG,
  }),
  'GET of the manifest unless it is the joined one': get('~/slo/both?multipart-manifest=get', {
    'If-None-Match': JOINED_ETAG,
  }),
  'GET of the manifest by a reader of segments': by('plain', get('~/slo/both?multipart-manifest=get')),
  'POST of spoofed headers': post('~/slo/both', {
    'X-Object-Sysmeta-Slo-Etag': 'x',
    'X-Object-Sysmeta-Slo-Size': '5',
    'X-Static-Large-Object': 'false',
  }),
  'POST of spoofed headers, HEAD': head('~/slo/both'),
  'PUT of spoofed headers': put(
    '~/slo/spoofed',
    {
      'X-Object-Sysmeta-Slo-Etag': md5('x'),
      'X-Object-Sysmeta-Slo-Size': '500',
      'X-Static-Large-Object': 'yes',
    },
    'small',
  ),
  'PUT of spoofed headers, HEAD': head('~/slo/spoofed'),
  'PUT of spoofed headers, GET': get('~/slo/spoofed'),
  'PUT with a size in its type': put(
    '~/slo/sized',
    { 'Content-Type': 'text/plain; swift_bytes=500' },
    'small',
  ),
  'PUT with a size in its type, HEAD': head('~/slo/sized'),
  'many ranges': get('~/slo/both', {
    Range: `bytes=${Array.from({ length: 51 }, (_, at) => `${at % 20}-${at % 20}`).join(',')}`,
  }),
  'If-Range with the ETag': get('~/slo/both', { Range: 'bytes=8-11', 'If-Range': `"${JOINED_ETAG}"` }),
  'If-Range with another ETag': get('~/slo/both', { Range: 'bytes=8-11', 'If-Range': '"x"' }),
  'HEAD with two ranges': head('~/slo/both', { Range: 'bytes=0-1,15-16' }),
  'HEAD with a range behind the end': head('~/slo/both', { Range: 'bytes=50-' }),
  'an unknown unit': get('~/slo/both', { Range: 'lines=1-2' }),
  'OPTIONS of it': { method: 'OPTIONS', path: '~/slo/both?multipart-manifest=get' },
  'heartbeat off': manifest('calm', BOTH, JSON_REPORT, 'multipart-manifest=put&heartbeat=off'),
  'heartbeat in XML': manifest('calm', BOTH, { Accept: 'text/xml' }, 'multipart-manifest=put&heartbeat=on'),
  'heartbeat in a form that is not had': manifest(
    'calm',
    BOTH,
    { Accept: 'image/png' },
    'multipart-manifest=put&heartbeat=on',
  ),
  'heartbeat with a condition that fails': manifest(
    'both',
    BOTH,
    { ...JSON_REPORT, 'If-None-Match': '*' },
    'multipart-manifest=put&heartbeat=on',
  ),
})

const losses = steps('manifest', {
  'one half of a loop': manifest('left', BOTH),
  'other half of a loop': manifest('right', [{ path: '/slo/left' }]),
  'loop closed': manifest('left', [{ path: '/slo/right' }]),
  'loop, HEAD': head('~/slo/left'),
  'loop, GET': get('~/slo/left'),
  'loop, DELETE with segments': removeAll('left'),
  'nested in ranges': manifest('outer', [
    { path: '/slo/both', range: '5-14' },
    { path: '/slo/both', range: '-3' },
  ]),
  'nested in ranges, GET': get('~/slo/outer'),
  'nested in ranges, GET of a range': get('~/slo/outer', { Range: 'bytes=4-11' }),
  'nested by its own ETag': manifest('outer-2', [{ path: '/slo/both', etag: JOINED_ETAG, size_bytes: 20 }]),
  'nested by another ETag': manifest('bad', [{ path: '/slo/both', etag: md5(A) }]),
  'a segment is lost': remove('~/slo-parts/b'),
  'a segment is lost, GET': get('~/slo/both', { Range: 'bytes=0-9' }),
  'a segment is lost, range in it': get('~/slo/both', { Range: 'bytes=12-13' }),
  'a segment is lost, HEAD': head('~/slo/both'),
  'a segment is lost, COPY': { method: 'COPY', path: '~/slo/calm', headers: { Destination: 'slo/copied' } },
  'a segment is lost, DELETE with segments': removeAll('quoted'),
  'segment a again': put('~/slo-parts/a', {}, A),
  'segment b again': put('~/slo-parts/b', {}, B),
  'reading through the manifest without rights to segments': by('other', get('~/slo/both')),
  'the container is open, segments are not': post('~/slo', { 'X-Container-Read': '.r:*' }),
  'the container is open, GET by nobody': by('nobody', get('~/slo/both')),
  'the container is open, HEAD by nobody': by('nobody', head('~/slo/both')),
  'the container is open, manifest by nobody': by('nobody', get('~/slo/both?multipart-manifest=get')),
})

const deletes = steps('manifest', {
  'DELETE in background': removeAll('beyond', '&async=true'),
  'DELETE in background, GET': get('~/slo/beyond'),
  'DELETE in background of a plain object': removeAll('spoofed', '&async=true'),
  'DELETE in background of nested ones': removeAll('outer', '&async=true'),
  'DELETE in background of what is missing': removeAll('missing', '&async=true'),
  'DELETE in background of two containers': manifest('spread', [
    { path: '/slo-parts/a' },
    { path: '/slo/spoofed' },
  ]),
  'DELETE in background of two containers, DELETE': removeAll('spread', '&async=true'),
  'DELETE in background by somebody without rights': by('other', removeAll('outer', '&async=true')),
  'DELETE in background, said no': removeAll('missing', '&async=no'),
  'DELETE of a container': remove('~/slo?multipart-manifest=delete'),
  'DELETE with another word': remove('~/slo/capital?multipart-manifest=get'),
})

export const manifestRequests: readonly Step[] = [...prepared, ...content, ...requests, ...losses, ...deletes]
