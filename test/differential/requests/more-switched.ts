/** For clusters in which deletes alone are allowed and foreign hosts are looked up; and where copies are, see `more-switched.ts` above. */
import { by, get, head, options, post, put, type Request, remove, type Step, steps } from '../step.ts'

const KEPT = '/v1/AUTH_kept'

const byReseller = (table: Readonly<Record<string, Request>>): Readonly<Record<string, Request>> =>
  Object.fromEntries(Object.entries(table).map(([name, request]) => [name, by('reseller', request)]))

const deletes: readonly Step[] = steps(
  'deletes alone',
  byReseller({
    'PUT of the account': put(KEPT),
    'POST to the account': post(KEPT, { 'X-Account-Meta-A': 'b' }),
    'PUT of a container': put(`${KEPT}/new`),
    'POST to a container': post(`${KEPT}/c`, { 'X-Container-Meta-A': 'b' }),
    'PUT of an object': put(`${KEPT}/c/o`, {}, 'x'),
    'POST to an object': post(`${KEPT}/c/o`, { 'X-Object-Meta-A': 'b' }),
    COPY: { method: 'COPY', path: `${KEPT}/c/o`, headers: { Destination: 'c/new' } },
    'GET of an object': get(`${KEPT}/c/o`),
    'DELETE of an object': remove(`${KEPT}/c/o`),
    'DELETE of an object, GET': get(`${KEPT}/c/o`),
    'DELETE of an object again': remove(`${KEPT}/c/o`),
    'DELETE of an object by nobody': by('nobody', remove(`${KEPT}/c/p`)),
    'DELETE of an object by somebody without rights': by('tester', remove(`${KEPT}/c/p`)),
    'DELETE of a link': remove(`${KEPT}/c/link`),
    'DELETE of a manifest with its segments': remove(`${KEPT}/c/manifest?multipart-manifest=delete`, {
      Accept: 'application/json',
    }),
    'DELETE of a manifest, GET of a segment': get(`${KEPT}/c/segment`),
    'DELETE of many': {
      method: 'POST',
      path: `${KEPT}?bulk-delete`,
      headers: { 'Content-Type': 'text/plain', Accept: 'application/json' },
      body: '/c/p\n/c/none\n',
    },
    'DELETE of many, GET': get(`${KEPT}/c/p`),
    'upload of an archive': {
      ...put(`${KEPT}/c?extract-archive=tar`, { Accept: 'application/json' }, 'no archive'),
    },
    'DELETE of a versioned object': remove(`${KEPT}/versions/o`),
    'DELETE of a versioned object, GET': get(`${KEPT}/versions/o`),
    'DELETE of a versioned object, versions': head(`${KEPT}/versions?versions`),
    'DELETE of a version': remove(
      `${KEPT}/versions/o?version-id={header x-object-version-id of deletes alone: the version that is deleted}`,
    ),
    'the current version made anew': put(`${KEPT}/versions/o?version-id=null`),
    'DELETE of an object with a stack of older ones': remove(`${KEPT}/stack/o`),
    'DELETE of an object with a stack of older ones, GET': get(`${KEPT}/stack/o`),
    'DELETE of an object with a history': remove(`${KEPT}/history/o`),
    'DELETE of an object with a history, archive': get(`${KEPT}/archive?limit=0`),
    'DELETE of a container that is full': remove(`${KEPT}/site`),
    'DELETE of a container that is empty': remove(`${KEPT}/empty`),
    'DELETE of a container that is empty, HEAD': head(`${KEPT}/empty`),
    'DELETE of a container that is missing': remove(`${KEPT}/none`),
    'DELETE of an account': remove('/v1/AUTH_none'),
    'OPTIONS of an object': options(`${KEPT}/c/o`),
  }),
)

const olderVersion: readonly Step[] = steps('deletes alone', {
  'the version that is deleted': by('reseller', head(`${KEPT}/versions/o`)),
})

const at = (host: string, path: string, headers: Readonly<Record<string, string>> = {}): Request =>
  by('nobody', get(path, { Host: host, ...headers }))

const aliases: readonly Step[] = steps('alias', {
  'of a container': at('www.example.test', '/'),
  'of a container, HEAD': by('nobody', head('/', { Host: 'www.example.test' })),
  'of a container, a page': at('www.example.test', '/index.html'),
  'of a container, a page that is missing': at('www.example.test', '/none.html'),
  'of a container, a folder without its slash': at('www.example.test', '/sub'),
  'of a container, a folder': at('www.example.test', '/sub/'),
  'of a container, with a port': at('www.example.test:8080', '/sub'),
  'of a container, in capitals': at('WWW.Example.TEST', '/sub'),
  'of a container, with a dot at its end': at('www.example.test.', '/'),
  'of a container, with a token': get('/', { Host: 'www.example.test' }),
  'of a container, with a path of the API': at('www.example.test', '/v1/AUTH_kept/site/index.html'),
  'of a container, PUT': put('/new', { Host: 'www.example.test' }, 'x'),
  'of a container, OPTIONS': by('nobody', options('/', { Host: 'www.example.test' })),
  'with an underscore': at('under_score.example.test', '/'),
  'of an account': at('account.example.test', '/site/index.html'),
  'of an account, listing': at('account.example.test', '/'),
  'of the domain': at('domain.example.test', `${KEPT}/site/index.html`),
  'of a host that is too deep': at('deep.example.test', '/'),
  'of an alias': at('second.example.test', '/'),
  'of an alias, a folder without its slash': at('second.example.test', '/sub'),
  'of an alias of an alias': at('third.example.test', '/'),
  'of itself': at('loop.example.test', '/'),
  'in a ring': at('ring.example.test', '/'),
  'of a host elsewhere': at('elsewhere.example.test', '/'),
  none: at('nobody.example.test', '/'),
  'none, health check': at('nobody.example.test', '/healthcheck'),
  'none, capabilities': at('nobody.example.test', '/info'),
  'none, sign-in': at('nobody.example.test', '/auth/v1.0', {
    'X-Auth-User': 'test:tester',
    'X-Auth-Key': 'testing',
  }),
  'of the domain itself': at('example.com', `${KEPT}/site/index.html`),
  'of the domain itself, in capitals': at('EXAMPLE.COM', `${KEPT}/site/index.html`),
  'of a host below the domain': at('site.auth-kept.example.com', '/'),
  'of a host that ends like the domain': at('notexample.com', '/'),
  'of an address': at('127.0.0.1', `${KEPT}/site/index.html`),
  'of an address with a port': at('127.0.0.1:80', `${KEPT}/site/index.html`),
  'of a label too long': at(`${'a'.repeat(64)}.example.test`, '/'),
  'of a name too long': at(`${'a.'.repeat(130)}test`, '/'),
  'of an empty label': at('a..example.test', '/'),
  'of a blank': at('a b.example.test', '/'),
  'of no host': at('', `${KEPT}/site/index.html`),
})

export const MORE_SWITCHED_SCRIPT: readonly Step[] = [...olderVersion, ...deletes, ...aliases]

const where = (path: string): Request => by('nobody', get(`/endpoints${path}`))

export const ENDPOINTS_SCRIPT: readonly Step[] = steps('endpoints', {
  'of an account': where('/AUTH_kept'),
  'of an account that is missing': where('/AUTH_none'),
  'of an account, first version': where('/v1/AUTH_kept'),
  'of an account, second version': where('/v2/AUTH_kept'),
  'of a container': where('/AUTH_kept/c'),
  'of a container, first version': where('/v1/AUTH_kept/c'),
  'of a container, second version': where('/v2/AUTH_kept/c'),
  'of an object': where('/AUTH_kept/c/o'),
  'of an object, first version': where('/v1.0/AUTH_kept/c/o'),
  'of an object, second version': where('/v2.0/AUTH_kept/c/o'),
  'of an object of another policy': where('/v1/AUTH_kept/silver/o'),
  'of an object of another policy, second version': where('/v2/AUTH_kept/silver/o'),
  'of an object in no container': where('/v2/AUTH_kept/none/o'),
  'of an object with slashes': where('/v1/AUTH_kept/c/a/b//c/'),
  'of an object of UTF-8': where('/v1/AUTH_kept/unicode-%C3%A9/%F0%9F%8D%89'),
  'of an object with signs': where("/v2/AUTH_kept/c/%20%3F%23%25+&=;,:@!$'()*~[]"),
  'of an object with an encoded slash': where('/v1/AUTH_kept/c%2Fo'),
  'of an account with an encoded slash': where('/v1/AUTH%2Fkept'),
  'of a name not UTF-8': where('/v1/AUTH_kept/c/%ff'),
  'of a container with a slash at its end': where('/v1/AUTH_kept/c/'),
  'of an account with a slash at its end': where('/v1/AUTH_kept/'),
  'of an account with two slashes at its end': where('/v1/AUTH_kept//'),
  'of an object in no account': where('/v1//c/o'),
  'of nothing': where('/'),
  'of nothing, first version': where('/v1'),
  'of nothing, first version with a slash': where('/v1/'),
  'of a third version': where('/v3/AUTH_kept'),
  'of a version between': where('/v1.5/AUTH_kept'),
  'of a version that is none': where('/vx/AUTH_kept'),
  'of a version that is an account': where('/v_3/AUTH_kept'),
  'of a version without its letter': where('/1/AUTH_kept'),
  'of a second version without its letter': where('/2.0/AUTH_kept/c/o'),
  'of a version with two letters': where('/vv2/AUTH_kept'),
  'of a version with many noughts': where('/v1.000/AUTH_kept'),
  'of a version with noughts in front': where('/v02/AUTH_kept'),
  'of a version in capitals': where('/V1/AUTH_kept'),
  'of a version with a sign': where('/v+1/AUTH_kept'),
  'of a version with an exponent': where('/v2e0/AUTH_kept'),
  'of a version with a blank': where('/v1%20/AUTH_kept'),
  'with a query': where('/v1/AUTH_kept?format=xml'),
  'with a token': get('/endpoints/v1/AUTH_kept'),
  'by HEAD': by('nobody', head('/endpoints/v1/AUTH_kept')),
  'by POST': by('nobody', post('/endpoints/v1/AUTH_kept')),
  'by OPTIONS': by('nobody', options('/endpoints/v1/AUTH_kept')),
})
