/** Temporary URLs: what is signed, what is not, and what an answer to one shows. */
import { createHmac } from 'node:crypto'
import { by, get, head, post, put, type Request, remove, type Step, steps } from '../step.ts'

/** The first second of the year 2098. */
const EXPIRES = 4_039_372_800
const ACCOUNT = '/v1/AUTH_test'

interface Signing {
  readonly method?: string
  readonly path?: string
  readonly key?: string
  readonly digest?: string
  readonly expires?: number
  readonly ipRange?: string
  readonly form?: 'hex' | 'base64' | 'base64url'
}

function signature(signing: Signing): string {
  const { method = 'GET', path = `${ACCOUNT}/temp/o`, key = 'account-key' } = signing
  const { digest = 'sha256', expires = EXPIRES, ipRange, form = 'hex' } = signing
  const first = ipRange === undefined ? '' : `ip=${ipRange}\n`
  const made = createHmac(digest, key).update(`${first}${method}\n${expires}\n${path}`).digest(form)
  return form === 'hex' ? made : encodeURIComponent(`${digest}:${made}`)
}

function query(signing: Signing = {}, more = ''): string {
  return `temp_url_sig=${signature(signing)}&temp_url_expires=${signing.expires ?? EXPIRES}${more}`
}

/** A GET by a temporary URL, by nobody known. */
function open(signing: Signing = {}, more = '', headers: Readonly<Record<string, string>> = {}): Request {
  return by('nobody', get(`~/temp/o?${query(signing, more)}`, headers))
}

/** A request with another method to another object of the container, signed for it. */
function signed(make: (path: string) => Request, method: string, object: string, more = ''): Request {
  return by('nobody', make(`~/temp/${object}?${query({ method, path: `${ACCOUNT}/temp/${object}` }, more)}`))
}

const prefix = { path: `prefix:${ACCOUNT}/temp/folder/` }
const loopback = { ipRange: '127.0.0.0/8' }

export const tempUrlRequests: readonly Step[] = steps('tempurl', {
  'keys of the account': post('~', {
    'X-Account-Meta-Temp-URL-Key': 'account-key',
    'X-Account-Meta-Temp-URL-Key-2': 'account-key-2',
  }),
  'container with keys': put('~/temp', {
    'X-Container-Meta-Temp-URL-Key': 'container-key',
    'X-Container-Meta-Temp-URL-Key-2': 'container-key-2',
  }),
  object: put('~/temp/o', { 'X-Object-Meta-Own': 'a', 'X-Object-Meta-Public-Word': 'b' }, 'hello'),
  'object in a folder': put('~/temp/folder/a%20b', {}, 'below'),
  'object with a name of its own': put(
    '~/temp/named',
    { 'Content-Disposition': 'inline; filename=x' },
    'named',
  ),
  'by SHA-1': open({ digest: 'sha1' }),
  'by SHA-256': open(),
  'by SHA-512': open({ digest: 'sha512' }),
  'by MD5': open({ digest: 'md5' }),
  'in base64': open({ form: 'base64' }),
  'in base64 for URLs': open({ digest: 'sha512', form: 'base64url' }),
  'in upper case': by(
    'nobody',
    get(`~/temp/o?temp_url_sig=${signature({}).toUpperCase()}&temp_url_expires=${EXPIRES}`),
  ),
  'by the second key': open({ key: 'account-key-2' }),
  'by the key of the container': open({ key: 'container-key' }),
  'by the second key of the container': open({ key: 'container-key-2' }),
  'by another key': open({ key: 'wrong' }),
  expired: open({ expires: 1 }),
  'time in ISO form': by(
    'nobody',
    get(`~/temp/o?temp_url_sig=${signature({})}&temp_url_expires=2098-01-01T00:00:00Z`),
  ),
  'time in a wrong form': by(
    'nobody',
    get(`~/temp/o?temp_url_sig=${signature({})}&temp_url_expires=tomorrow`),
  ),
  'without time': by('nobody', get(`~/temp/o?temp_url_sig=${signature({})}`)),
  'without signature': by('nobody', get(`~/temp/o?temp_url_expires=${EXPIRES}`)),
  'with an empty signature': by('nobody', get(`~/temp/o?temp_url_sig=&temp_url_expires=${EXPIRES}`)),
  'with a bad signature': by('nobody', get(`~/temp/o?temp_url_sig=nonsense&temp_url_expires=${EXPIRES}`)),
  'HEAD with a bad signature': by(
    'nobody',
    head(`~/temp/o?temp_url_sig=nonsense&temp_url_expires=${EXPIRES}`),
  ),
  'bad signature with a good token': get(`~/temp/o?temp_url_sig=nonsense&temp_url_expires=${EXPIRES}`),
  'good signature with a bad token': by('nobody', {
    ...open(),
    headers: { 'X-Auth-Token': 'AUTH_tknonsense' },
  }),
  'two signatures': by('nobody', get(`~/temp/o?temp_url_sig=0&${query()}`)),
  'of a container': by('nobody', get(`~/temp?${query({ path: `${ACCOUNT}/temp` })}`)),
  'of the other version': by('nobody', get(`/v1.0/AUTH_test/temp/o?${query()}`)),
  'of an account without keys': by(
    'nobody',
    get(`/v1/AUTH_other/temp/o?${query({ path: '/v1/AUTH_other/temp/o' })}`),
  ),
  'of another object': by('nobody', get(`~/temp/named?${query()}`)),
  'of a missing object': signed(get, 'GET', 'missing'),
  'HEAD signed for GET': by('nobody', head(`~/temp/o?${query()}`)),
  'HEAD signed for PUT': by('nobody', head(`~/temp/o?${query({ method: 'PUT' })}`)),
  'HEAD signed for DELETE': by('nobody', head(`~/temp/o?${query({ method: 'DELETE' })}`)),
  'PUT signed for GET': by('nobody', put(`~/temp/o?${query()}`, {}, 'x')),
  'COPY signed for COPY': signed(
    (path) => ({ method: 'COPY', path, headers: { Destination: 'temp/p' } }),
    'COPY',
    'o',
  ),
  prefix: by('nobody', get(`~/temp/folder/a%20b?${query(prefix, '&temp_url_prefix=folder/')}`)),
  'prefix of another folder': by('nobody', get(`~/temp/o?${query(prefix, '&temp_url_prefix=folder/')}`)),
  'prefix that was not signed': by(
    'nobody',
    get(`~/temp/folder/a%20b?${query(prefix, '&temp_url_prefix=')}`),
  ),
  'prefix of everything': open({ path: `prefix:${ACCOUNT}/temp/` }, '&temp_url_prefix='),
  'range of addresses': open(loopback, '&temp_url_ip_range=127.0.0.0/8'),
  'range of other addresses': open({ ipRange: '10.0.0.0/8' }, '&temp_url_ip_range=10.0.0.0/8'),
  'range left out': open(loopback),
  'range that is none': open({ ipRange: 'x' }, '&temp_url_ip_range=x'),
  'range with bits behind the prefix': open({ ipRange: '127.0.0.1/8' }, '&temp_url_ip_range=127.0.0.1/8'),
  'range of IPv6': open({ ipRange: '::/0' }, '&temp_url_ip_range=::/0'),
  filename: open({}, '&filename=My+File.pdf'),
  'filename with everything': open({}, '&filename=%22%C3%BC%2F%0A%3B~%27%28'),
  inline: open({}, '&inline'),
  'inline with a filename': open({}, '&inline&filename=a.txt'),
  'filename of the object': signed(get, 'GET', 'named'),
  'filename before that of the object': signed(get, 'GET', 'named', '&filename=y'),
  'range of bytes': open({}, '', { Range: 'bytes=1-2' }),
  'not modified': open({}, '', { 'If-None-Match': '5d41402abc4b2a76b9719d911017c592' }),
  'condition that fails': open({}, '', { 'If-Match': 'x' }),
  'range that is not there': open({}, '', { Range: 'bytes=100-' }),
  upload: signed((path) => put(path, { 'X-Object-Meta-A': 'b' }, 'new'), 'PUT', 'new'),
  'upload with X-Copy-From': signed((path) => put(path, { 'X-Copy-From': 'temp/o' }), 'PUT', 'new'),
  'upload with X-Object-Manifest': signed(
    (path) => put(path, { 'X-Object-Manifest': 'temp/o' }),
    'PUT',
    'new',
  ),
  'upload with X-Symlink-Target': signed((path) => put(path, { 'X-Symlink-Target': 'temp/o' }), 'PUT', 'new'),
  'upload of a manifest': signed(
    (path) => put(path, {}, '[{"path":"temp/o"}]'),
    'PUT',
    'manifest',
    '&multipart-manifest=put',
  ),
  'the manifest is an object': get('~/temp/manifest'),
  POST: signed((path) => post(path, { 'X-Object-Meta-A': 'c' }), 'POST', 'new'),
  DELETE: signed((path) => remove(path), 'DELETE', 'new'),
  'of a missing container': by('nobody', get(`~/nowhere/o?${query({ path: `${ACCOUNT}/nowhere/o` })}`)),
  'keys taken away': post('~', {
    'X-Remove-Account-Meta-Temp-URL-Key': 'x',
    'X-Remove-Account-Meta-Temp-URL-Key-2': 'x',
  }),
  'by a key that was taken away': open(),
})
