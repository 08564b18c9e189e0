/** Signed URLs and forms at their edges. Its account keys are those of `owners.ts`'s other account, so nothing else depends on them. */
import { createHmac } from 'node:crypto'
import { by, get, head, options, post, put, type Request, remove, type Step, steps } from '../step.ts'

const EXPIRES = 4_039_372_800
const ACCOUNT = '/v1/AUTH_test'
const KEY = 'signed-key'

interface Signing {
  readonly method?: string
  readonly path?: string
  readonly expires?: string
  readonly digest?: string
  readonly key?: string
}

function hmac({
  method = 'GET',
  path = 'o',
  expires = `${EXPIRES}`,
  digest = 'sha256',
  key = KEY,
}: Signing): Buffer {
  const whole = path.startsWith('prefix:') || path.startsWith('/') ? path : `${ACCOUNT}/signed/${path}`
  return createHmac(digest, key).update(`${method}\n${expires}\n${whole}`).digest()
}

function query(signing: Signing = {}, more = ''): string {
  return `temp_url_sig=${hmac(signing).toString('hex')}&temp_url_expires=${signing.expires ?? EXPIRES}${more}`
}

function open(more = '', headers: Readonly<Record<string, string>> = {}): Request {
  return by('nobody', get(`~/signed/o?${query({}, more)}`, headers))
}

/** With the time written so, whatever it means; signed for the number. */
function at(written: string): Request {
  return by('nobody', get(`~/signed/o?temp_url_sig=${hmac({}).toString('hex')}&temp_url_expires=${written}`))
}

const urls: readonly Step[] = steps('signed', {
  container: put('~/signed', { 'X-Container-Meta-Temp-URL-Key': KEY }),
  object: put('~/signed/o', { 'X-Object-Meta-A': 'b', 'Cache-Control': 'no-store' }, 'hello'),
  'object with an odd name': put('~/signed/%C3%A9%20%25%22', {}, 'odd'),
  'object elsewhere': put('~/unsigned/o', {}, 'secret'),
  'container elsewhere': put('~/unsigned'),
  'object elsewhere again': put('~/unsigned/o', {}, 'secret'),
  'link that leads elsewhere': put('~/signed/link', { 'X-Symlink-Target': 'unsigned/o' }),
  'link that leads elsewhere, GET': by('nobody', get(`~/signed/link?${query({ path: 'link' })}`)),
  'link itself': by('nobody', get(`~/signed/link?${query({ path: 'link' }, '&symlink=get')}`)),
  'large object of segments elsewhere': put(
    '~/signed/slo?multipart-manifest=put',
    {},
    '[{"path":"/unsigned/o"}]',
  ),
  'large object of segments elsewhere, GET': by('nobody', get(`~/signed/slo?${query({ path: 'slo' })}`)),
  'large object of segments elsewhere, manifest': by(
    'nobody',
    get(`~/signed/slo?${query({ path: 'slo' }, '&multipart-manifest=get')}`),
  ),
  'prefix of segments elsewhere': put('~/signed/dlo', { 'X-Object-Manifest': 'unsigned/o' }),
  'prefix of segments elsewhere, GET': by('nobody', get(`~/signed/dlo?${query({ path: 'dlo' })}`)),
  'time without a zone': at('2098-01-01T00:00:00'),
  'time with a numeric zone': at('2098-01-01T00:00:00%2B0000'),
  'time in another zone': at('2098-01-01T01:00:00%2B0100'),
  'time with fractions': at('2098-01-01T00:00:00.0Z'),
  'time without seconds': at('2098-01-01T00:00Z'),
  'time of a date alone': at('2098-01-01'),
  'time with blanks': at(`%20${EXPIRES}`),
  'time with a plus': at(`%2B${EXPIRES}`),
  'time with zeros': at(`0${EXPIRES}`),
  'time as a fraction': at(`${EXPIRES}.0`),
  'time of nothing': at(''),
  'time of zero': by('nobody', get(`~/signed/o?${query({ expires: '0' })}`)),
  'time below zero': by('nobody', get(`~/signed/o?${query({ expires: '-1' })}`)),
  'time twice': at(`1&temp_url_expires=${EXPIRES}`),
  'digest named before hex': by(
    'nobody',
    get(`~/signed/o?temp_url_sig=sha256:${hmac({}).toString('hex')}&temp_url_expires=${EXPIRES}`),
  ),
  'digest named that it is not': by(
    'nobody',
    get(
      `~/signed/o?temp_url_sig=sha512:${encodeURIComponent(hmac({}).toString('base64'))}&temp_url_expires=${EXPIRES}`,
    ),
  ),
  'digest unknown': by(
    'nobody',
    get(
      `~/signed/o?temp_url_sig=sha3:${encodeURIComponent(hmac({}).toString('base64'))}&temp_url_expires=${EXPIRES}`,
    ),
  ),
  'base64 without padding': by(
    'nobody',
    get(`~/signed/o?temp_url_sig=sha256:${hmac({}).toString('base64url')}&temp_url_expires=${EXPIRES}`),
  ),
  'base64 without a name': by(
    'nobody',
    get(
      `~/signed/o?temp_url_sig=${encodeURIComponent(hmac({}).toString('base64'))}&temp_url_expires=${EXPIRES}`,
    ),
  ),
  'signature with a blank': by(
    'nobody',
    get(`~/signed/o?temp_url_sig=%20${hmac({}).toString('hex')}&temp_url_expires=${EXPIRES}`),
  ),
  'signature not ASCII': by('nobody', get(`~/signed/o?temp_url_sig=%C3%A9&temp_url_expires=${EXPIRES}`)),
  'odd name, signed decoded': by('nobody', get(`~/signed/%C3%A9%20%25%22?${query({ path: 'é %"' })}`)),
  'odd name, signed encoded': by(
    'nobody',
    get(`~/signed/%C3%A9%20%25%22?${query({ path: '%C3%A9%20%25%22' })}`),
  ),
  'prefix empty, of the container': by(
    'nobody',
    get(`~/signed/o?${query({ path: `prefix:${ACCOUNT}/signed/` }, '&temp_url_prefix=')}`),
  ),
  'prefix of a part of a name': by(
    'nobody',
    get(`~/signed/o?${query({ path: `prefix:${ACCOUNT}/signed/o` }, '&temp_url_prefix=o')}`),
  ),
  'prefix of another name': by(
    'nobody',
    get(`~/signed/o?${query({ path: `prefix:${ACCOUNT}/signed/x` }, '&temp_url_prefix=x')}`),
  ),
  'prefix signed without the word': by(
    'nobody',
    get(`~/signed/o?${query({ path: 'o' }, '&temp_url_prefix=o')}`),
  ),
  'PUT by a prefix': by(
    'nobody',
    put(
      `~/signed/new?${query({ method: 'PUT', path: `prefix:${ACCOUNT}/signed/n` }, '&temp_url_prefix=n')}`,
      {},
      'x',
    ),
  ),
  'HEAD signed for POST': by('nobody', head(`~/signed/o?${query({ method: 'POST' })}`)),
  'HEAD signed for HEAD': by('nobody', head(`~/signed/o?${query({ method: 'HEAD' })}`)),
  'GET signed for HEAD': by('nobody', get(`~/signed/o?${query({ method: 'HEAD' })}`)),
  'HEAD with inline': by('nobody', head(`~/signed/o?${query({}, '&inline')}`)),
  'OPTIONS signed for GET': by(
    'nobody',
    options(`~/signed/o?${query()}`, { Origin: 'http://a.example', 'Access-Control-Request-Method': 'GET' }),
  ),
  'PATCH signed for PATCH': by('nobody', {
    method: 'PATCH',
    path: `~/signed/o?${query({ method: 'PATCH' })}`,
  }),
  'DELETE of a manifest with segments': by(
    'nobody',
    remove(`~/signed/slo?${query({ method: 'DELETE', path: 'slo' }, '&multipart-manifest=delete')}`),
  ),
  'segments are there still': head('~/unsigned/o'),
  'GET of a container': by('nobody', get(`~/signed?${query({ path: `${ACCOUNT}/signed` })}`)),
  'PUT of a container': by(
    'nobody',
    put(`~/signed-2?${query({ method: 'PUT', path: `${ACCOUNT}/signed-2` })}`),
  ),
  'GET of a container with a slash': by('nobody', get(`~/signed/?${query({ path: `${ACCOUNT}/signed/` })}`)),
  'bulk delete by it': by('nobody', {
    method: 'POST',
    path: `~/signed/list?${query({ method: 'POST', path: 'list' }, '&bulk-delete')}`,
    headers: { 'Content-Type': 'text/plain' },
    body: '/unsigned/o\n',
  }),
  'archive by it': by(
    'nobody',
    put(`~/signed/a?${query({ method: 'PUT', path: 'a' }, '&extract-archive=tar')}`, {}, Buffer.alloc(1024)),
  ),
  'filename empty': open('&filename='),
  'filename twice': open('&filename=a&filename=b'),
  'filename with a slash at the end': open('&filename=a/b/'),
  'filename with quotes and backslashes': open('&filename=a%22b%5Cc'),
  'filename not UTF-8': open('&filename=%ff'),
  'inline with a value': open('&inline=no'),
  'inline in capitals': open('&INLINE'),
  'odd name as its filename': by('nobody', get(`~/signed/%C3%A9%20%25%22?${query({ path: 'é %"' })}`)),
  'with an origin': open('', { Origin: 'http://a.example' }),
  'of an object by a source': open('', { 'X-Copy-From': 'unsigned/o' }),
  'with a good token': get(`~/signed/o?${query()}`),
  'with a token of somebody else': by('other', get(`~/signed/o?${query()}`)),
  'PUT with an expiry in past': by(
    'nobody',
    put(`~/signed/new?${query({ method: 'PUT', path: 'new' })}`, { 'X-Delete-At': '1' }, 'x'),
  ),
  'PUT with system metadata': by(
    'nobody',
    put(
      `~/signed/new?${query({ method: 'PUT', path: 'new' })}`,
      { 'X-Timestamp': '1.0', 'X-Object-Sysmeta-A': 'b' },
      'x',
    ),
  ),
  'PUT without a length': by('nobody', {
    method: 'PUT',
    path: `~/signed/new?${query({ method: 'PUT', path: 'new' })}`,
  }),
  'PUT in a missing container': by(
    'nobody',
    put(`~/nowhere/new?${query({ method: 'PUT', path: `${ACCOUNT}/nowhere/new` })}`, {}, 'x'),
  ),
  'key with blanks': post('~/signed', { 'X-Container-Meta-Temp-URL-Key': 'a key' }),
  'key with blanks, GET': by('nobody', get(`~/signed/o?${query({ key: 'a key' })}`)),
  'key in UTF-8': post('~/signed', {
    'X-Container-Meta-Temp-URL-Key': Buffer.from('clé').toString('latin1'),
  }),
  'key in UTF-8, GET': by('nobody', get(`~/signed/o?${query({ key: 'clé' })}`)),
  'key taken away': post('~/signed', { 'X-Container-Meta-Temp-URL-Key': '' }),
  'key taken away, GET': by('nobody', get(`~/signed/o?${query({ key: '' })}`)),
})

const FIELDS = { redirect: '', max_file_size: '10', max_file_count: '2', expires: `${EXPIRES}` }

interface Written {
  readonly limits?: Partial<typeof FIELDS>
  readonly digest?: string
  readonly form?: (made: Buffer) => string
  readonly more?: Readonly<Record<string, string>>
  readonly type?: string
  readonly file?: string
  readonly path?: string
}

function submit({
  limits = {},
  digest = 'sha256',
  form = (made) => made.toString('hex'),
  more = {},
  type,
  file,
  path = '~/forms-2/in-',
}: Written): Request {
  const signed = { ...FIELDS, ...limits }
  const text = [
    path.replace('~', ACCOUNT),
    signed.redirect,
    signed.max_file_size,
    signed.max_file_count,
    signed.expires,
  ].join('\n')
  const signature = form(createHmac(digest, KEY).update(text).digest())
  const fields = Object.entries({ ...signed, signature, ...more })
    .map(([name, value]) => `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('')
  const last = file ?? '--XX\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--XX--\r\n'
  const headers = { 'Content-Type': type ?? 'multipart/form-data; boundary=XX' }
  return by('nobody', { method: 'POST', path, headers, body: fields + last })
}

function upload(disposition: string, end = '--XX--\r\n'): string {
  return `--XX\r\n${disposition}\r\n\r\nx\r\n${end}`
}

const forms: readonly Step[] = steps('form', {
  container: put('~/forms-2', { 'X-Container-Meta-Temp-URL-Key': KEY }),
  'by SHA-1': submit({ digest: 'sha1' }),
  'by SHA-512': submit({ digest: 'sha512' }),
  'by MD5': submit({ digest: 'md5' }),
  'in capitals': submit({ form: (made) => made.toString('hex').toUpperCase() }),
  'in base64': submit({ form: (made) => `sha256:${made.toString('base64')}` }),
  'in base64 for URLs': submit({ form: (made) => `sha256:${made.toString('base64url')}` }),
  'with a digest that it is not': submit({ form: (made) => `sha1:${made.toString('base64')}` }),
  'of no file': submit({ limits: { max_file_count: '0' } }),
  'of files of nothing': submit({ limits: { max_file_size: '0' } }),
  'of less than no file': submit({ limits: { max_file_count: '-1' } }),
  'of files of less than nothing': submit({ limits: { max_file_size: '-1' } }),
  'with a time in ISO form': submit({ limits: { expires: '2098-01-01T00:00:00Z' } }),
  'with a time of nothing': submit({ limits: { expires: '' } }),
  'with a size of nothing': submit({ limits: { max_file_size: '' } }),
  'with a boundary in quotes': submit({ type: 'multipart/form-data; boundary="XX"' }),
  'with a charset behind the boundary': submit({ type: 'multipart/form-data; boundary=XX; charset=utf-8' }),
  'with a type in capitals': submit({ type: 'Multipart/Form-Data; Boundary=XX' }),
  'with a field that is long': submit({ more: { note: 'n'.repeat(5000) } }),
  'with a field that is not ours': submit({ more: { note: 'n' } }),
  'with names in capitals': submit({ more: { 'CONTENT-TYPE': 'a/b' } }),
  'with both times': submit({ more: { x_delete_at: `${EXPIRES}`, x_delete_after: '60' } }),
  'with a time in past': submit({ more: { x_delete_at: '1' } }),
  'with a bad time after': submit({ more: { x_delete_after: '-5' } }),
  'with an empty name of a file': submit({
    file: upload('Content-Disposition: form-data; name="f"; filename=""'),
  }),
  'with a path as name of a file': submit({
    file: upload('Content-Disposition: form-data; name="f"; filename="a/b/../c"'),
  }),
  'with a path of Windows': submit({
    file: upload('Content-Disposition: form-data; name="f"; filename="C:\\\\a\\\\b"'),
  }),
  'with a name without quotes': submit({
    file: upload('Content-Disposition: form-data; name=f; filename=plain'),
  }),
  'with a name in the newer form': submit({
    file: upload('Content-Disposition: form-data; name="f"; filename*=UTF-8\'\'x%20y'),
  }),
  'with a header in capitals': submit({
    file: upload('CONTENT-DISPOSITION: FORM-DATA; NAME="f"; FILENAME="capitals"'),
  }),
  'with something behind the end': submit({
    file: upload('Content-Disposition: form-data; name="f"; filename="behind"', '--XX--\r\nmore'),
  }),
  'with a coding of its own': submit({
    file: upload(
      'Content-Disposition: form-data; name="f"; filename="coded"\r\nContent-Encoding: gzip\r\nContent-Type: a/b; c=d',
    ),
  }),
  'files that were made': get('~/forms-2?format=json'),
  'without an end': submit({
    file: upload('Content-Disposition: form-data; name="f"; filename="endless"', ''),
  }),
  'into a missing container': submit({ path: '~/nowhere/in-' }),
  'into a missing container of a known account': submit({ path: '~/forms-3/in-' }),
  'with a redirect that has an anchor': submit({ limits: { redirect: 'http://a.example/#x' } }),
  'with a redirect that has a line break': submit({ limits: { redirect: 'http://a.example/\r\nX-Evil: 1' } }),
  'with a redirect to a path': submit({ limits: { redirect: '/done' } }),
  'into a container with a quota': put('~/forms-2', {
    'X-Container-Meta-Quota-Bytes': '0',
    'X-Container-Meta-Temp-URL-Key': KEY,
  }),
  'into a container with a quota, POST': submit({}),
  'by PUT': { ...submit({}), method: 'PUT' },
  'with a token': { ...submit({}), as: 'tester' },
  'POST without a form': post('~/forms-2/in-', { 'Content-Type': 'text/plain' }),
})

export const signedRequests: readonly Step[] = [...urls, ...forms]
