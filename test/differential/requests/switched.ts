/** For clusters in which rates, rules for names and read-only mode are on; see `switched.ts` above for which accounts are exempt. */
import { by, get, head, options, post, put, type Request, remove, type Step, steps } from '../step.ts'

const byReseller = (table: Readonly<Record<string, Request>>): Readonly<Record<string, Request>> =>
  Object.fromEntries(Object.entries(table).map(([name, request]) => [name, by('reseller', request)]))

const NAMES = '/v1/AUTH_names'
/** So that the path has this many bytes. */
const pathOf = (bytes: number): string => `${NAMES}/c/${'n'.repeat(bytes - `${NAMES}/c/`.length)}`

const names: readonly Step[] = steps(
  'name',
  byReseller({
    'with an apostrophe': get(`${NAMES}/a'b`),
    'with a quotation mark': get(`${NAMES}/c/a%22b`),
    'with a backtick': get(`${NAMES}/c/%60`),
    'with less than': head(`${NAMES}/c/%3C`),
    'with more than': put(`${NAMES}/c/%3E`, {}, 'x'),
    'in an account': get("/v1/AUTH_'"),
    'in a path that is none of ours': get("/nothing'"),
    'of one dot': get(`${NAMES}/c/./x`),
    'of two dots': get(`${NAMES}/c/../x`),
    'of one dot at the end': get(`${NAMES}/c/.`),
    'of two dots at the end': get(`${NAMES}/c/..`),
    'of a container of two dots': put(`${NAMES}/..`),
    'of two dots encoded': get(`${NAMES}/c/%2e%2e/x`),
    'that begins with a dot': get(`${NAMES}/c/.x`),
    'that ends in a dot': get(`${NAMES}/c/x./y`),
    'of three dots': get(`${NAMES}/c/.../y`),
    'with a line break behind the dots': get(`${NAMES}/c/..%0A`),
    'of 255 bytes': get(pathOf(255)),
    'of 256 bytes': get(pathOf(256)),
    'of 256 bytes and a bad sign': get(`${pathOf(255)}'`),
    'of 255 characters and more bytes': get(`${pathOf(253)}%C3%A9%C3%A9`),
    'not UTF-8': get(`${NAMES}/c/%ff`),
    'good with a bad query': get(`${NAMES}/c/x?prefix='`),
    'good with a bad fragment': get(`${NAMES}/c/x#'`),
    'good with a bad destination': { method: 'COPY', path: `${NAMES}/c/x`, headers: { Destination: "c/'" } },
    'by OPTIONS': options(`${NAMES}/c/'`),
  }),
)

const anybody: readonly Step[] = steps('name', {
  'by nobody': by('nobody', get(`${NAMES}/a'b`)),
  'at the health check': by('nobody', get("/healthcheck'")),
  'of a sign-in': by('nobody', get("/auth/v1.0'")),
})

const RATED = '/v1/AUTH_rated'
const SLOW = '/v1/AUTH_slow'

const rates: readonly Step[] = steps(
  'rate',
  byReseller({
    'first container': put(`${RATED}/c`),
    'second container': put(`${RATED}/d`),
    'second container by nobody': by('nobody', put(`${RATED}/d`)),
    'DELETE of a container': remove(`${RATED}/c`),
    'POST to a container': post(`${RATED}/c`, { 'X-Container-Meta-A': 'b' }),
    'HEAD of a container': head(`${RATED}/c`),
    'PUT of the account': put(RATED),
    'first object': put(`${RATED}/c/o`, {}, 'x'),
    'size made known': post(`${RATED}/c`, { 'X-Container-Meta-A': 'c' }),
    'second object': put(`${RATED}/c/p`, {}, 'x'),
    'third object': put(`${RATED}/c/q`, {}, 'x'),
    'third object with an origin': put(`${RATED}/c/q`, { Origin: 'http://a.example' }, 'x'),
    'third object without a length': { method: 'PUT', path: `${RATED}/c/q` },
    'POST to an object': post(`${RATED}/c/o`, { 'X-Object-Meta-A': 'b' }),
    'DELETE of an object': remove(`${RATED}/c/o`),
    COPY: { method: 'COPY', path: `${RATED}/c/o`, headers: { Destination: 'c/q' } },
    'GET of an object': get(`${RATED}/c/o`),
    'HEAD of an object': head(`${RATED}/c/o`),
    'OPTIONS of an object': options(`${RATED}/c/o`),
    'first listing': get(`${RATED}/c`),
    'second listing': get(`${RATED}/c?format=json`),
    'HEAD of a listing': head(`${RATED}/c?format=json`),
    'listing of the account': get(`${RATED}?limit=1`),
    'bulk delete': {
      method: 'POST',
      path: `${RATED}?bulk-delete`,
      headers: { 'Content-Type': 'text/plain', Accept: 'application/json' },
      body: '/c/o\n',
    },
    'of all writes, first': put(`${SLOW}/c`),
    'of all writes, second': put(`${SLOW}/c/o`, {}, 'x'),
    'of all writes, POST to the account': by('plain', post(SLOW, { 'X-Account-Meta-A': 'b' })),
    'of all writes, DELETE': remove(`${SLOW}/c/o`),
    'of all writes, reading': get(`${SLOW}/c/o`),
    'of whoever is shut out': get('/v1/AUTH_black/c/o'),
    'of whoever is shut out, HEAD': by('nobody', head('/v1/AUTH_black')),
    'of whoever is exempt, first': put('/v1/AUTH_white/c'),
    'of whoever is exempt, second': put('/v1/AUTH_white/d'),
    'of whoever is exempt, DELETE': remove('/v1/AUTH_white/d'),
  }),
)

const LOCKED = '/v1/AUTH_locked'

const readOnly: readonly Step[] = steps(
  'read-only',
  byReseller({
    'PUT of the account': put(LOCKED),
    'POST to the account': post(LOCKED, { 'X-Account-Meta-A': 'b' }),
    'DELETE of the account': remove(LOCKED),
    'HEAD of the account': head(LOCKED),
    'PUT of a container': put(`${LOCKED}/c`),
    'POST to a container': post(`${LOCKED}/c`, { 'X-Container-Meta-A': 'b' }),
    'DELETE of a container': remove(`${LOCKED}/c`),
    'GET of a container': get(`${LOCKED}/c`),
    'OPTIONS of a container': options(`${LOCKED}/c`),
    'PUT of an object': put(`${LOCKED}/c/o`, {}, 'x'),
    'PUT of an object in chunks': { ...put(`${LOCKED}/c/o`, {}, 'x'), framing: 'chunked' },
    'PUT of an object without a length': { method: 'PUT', path: `${LOCKED}/c/o` },
    'PUT of an object with a bad name': put(`${LOCKED}/c/%ff`, {}, 'x'),
    'PUT of an object with an origin': put(`${LOCKED}/c/o`, { Origin: 'http://a.example' }, 'x'),
    'PUT of a manifest': put(`${LOCKED}/c/o?multipart-manifest=put`, {}, '[]'),
    'PUT of a copy': put(`${LOCKED}/c/o`, { 'X-Copy-From': 'c/p' }),
    'POST to an object': post(`${LOCKED}/c/o`, { 'X-Object-Meta-A': 'b' }),
    'DELETE of an object': remove(`${LOCKED}/c/o`),
    'DELETE of a manifest': remove(`${LOCKED}/c/o?multipart-manifest=delete`, { Accept: 'application/json' }),
    'GET of an object': get(`${LOCKED}/c/o`),
    'an unknown verb': { method: 'PATCH', path: `${LOCKED}/c/o`, body: '' },
    'COPY within it': { method: 'COPY', path: `${LOCKED}/c/o`, headers: { Destination: 'c/p' } },
    'COPY out of it': {
      method: 'COPY',
      path: `${LOCKED}/c/o`,
      headers: { Destination: 'c/p', 'Destination-Account': 'AUTH_white' },
    },
    'COPY into it': {
      method: 'COPY',
      path: '/v1/AUTH_white/c/o',
      headers: { Destination: 'c/p', 'Destination-Account': 'AUTH_locked' },
    },
    'COPY to an account that is none': {
      method: 'COPY',
      path: '/v1/AUTH_white/c/o',
      headers: { Destination: 'c/p', 'Destination-Account': 'a%2Fb' },
    },
    'bulk delete': {
      method: 'POST',
      path: `${LOCKED}?bulk-delete`,
      headers: { 'Content-Type': 'text/plain', Accept: 'application/json' },
      body: '/c/o\n/c\n',
    },
    'of an account that nobody set anything for': put('/v1/AUTH_never/c'),
    'of a path that is none': put('/v2/AUTH_locked/c'),
  }),
)

const strangers: readonly Step[] = steps('read-only', {
  'to nobody': by('nobody', put(`${LOCKED}/c/o`, {}, 'x')),
  'to somebody without rights': put(`${LOCKED}/c/o`, {}, 'x'),
})

export const SWITCHED_SCRIPT: readonly Step[] = [...names, ...anybody, ...rates, ...readOnly, ...strangers]
