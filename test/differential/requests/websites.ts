/** Containers as websites, and hosts that stand for containers. */
import { by, get, head, post, put, type Request, type Step, steps } from '../step.ts'

const HTML = { 'Content-Type': 'text/html' }
const PUBLIC = { 'X-Container-Read': '.r:*,.rlistings' }
const HOST = { Host: 'site.AUTH-test.example.com' }

function visit(path: string, headers: Readonly<Record<string, string>> = {}): Request {
  return by('nobody', get(path, headers))
}

function page(path: string, text: string): Request {
  return put(path, HTML, text)
}

export const websiteRequests: readonly Step[] = steps('website', {
  container: put('~/site', {
    ...PUBLIC,
    'X-Container-Meta-Web-Index': 'index.html',
    'X-Container-Meta-Web-Error': 'error.html',
  }),
  'home page': page('~/site/index.html', 'home'),
  'page of a folder': page('~/site/about/index.html', 'about'),
  'page for 404': page('~/site/404error.html', 'nothing here'),
  'page for 401': page('~/site/401error.html', 'not for you'),
  'style sheet': put(
    '~/site/style.css',
    { 'Content-Type': 'text/css', 'Cache-Control': 'max-age=9' },
    'body {}',
  ),
  marker: put('~/site/marked', { 'Content-Type': 'application/directory' }),
  'page of a marker': page('~/site/marked/index.html', 'marked'),
  'file in a folder without page': put('~/site/bare/file', {}, 'x'),
  'visit home': visit('~/site/'),
  'visit home by HEAD': by('nobody', head('~/site/')),
  'visit home without slash': visit('~/site'),
  'visit home without slash by HEAD': by('nobody', head('~/site')),
  'visit a folder': visit('~/site/about/'),
  'visit a folder without slash': visit('~/site/about'),
  'visit a marker': visit('~/site/marked'),
  'visit a marker with slash': visit('~/site/marked/'),
  'visit an asset': visit('~/site/style.css'),
  'visit an asset again': visit('~/site/style.css', {
    'If-None-Match': '{header etag of website: visit an asset}',
  }),
  'visit an asset unless it is the same': visit('~/site/style.css', { 'If-Match': 'x' }),
  'visit a part': visit('~/site/style.css', { Range: 'bytes=1-2' }),
  'visit home again': visit('~/site/', { 'If-None-Match': '{header etag of website: visit home}' }),
  'visit a part of home': visit('~/site/', { Range: 'bytes=1-2' }),
  'visit what is missing': visit('~/site/gone'),
  'visit what is missing by HEAD': by('nobody', head('~/site/gone')),
  'visit a missing folder': visit('~/site/gone/'),
  'visit a folder without page': visit('~/site/bare/'),
  'visit a folder without page and slash': visit('~/site/bare'),
  'visit with a query': visit('~/site/about?a=b'),
  'visit from a script': visit('~/site/', { Origin: 'http://other.example' }),
  'with a token': get('~/site'),
  'with a token, home': get('~/site/'),
  'with a token, in web mode': get('~/site/', { 'X-Web-Mode': 'true' }),
  'with a token, missing in web mode': get('~/site/gone', { 'X-Web-Mode': 'yes' }),
  'with a token, no site in web mode': get('~/objects', { 'X-Web-Mode': 'true' }),
  'upload by nobody': by('nobody', put('~/site/x', {}, 'x')),
  'without error pages': post('~/site', { 'X-Remove-Container-Meta-Web-Error': 'x' }),
  'missing without error page': visit('~/site/gone'),
  'missing folder without error page': visit('~/site/gone/'),
  'without index': post('~/site', {
    'X-Remove-Container-Meta-Web-Index': 'x',
    'X-Container-Meta-Web-Listings': 'true',
  }),
  'file with a strange name': put(
    `~/site/${encodeURIComponent('<a href="\u00fc\'&">')}`,
    { 'Content-Type': 'a/"b>' },
    'x',
  ),
  'file of 2000 bytes': put('~/site/large', {}, 'x'.repeat(2000)),
  'file of 1536 bytes': put('~/site/one%20and%20a%20half', {}, 'x'.repeat(1536)),
  'file of 2560 bytes': put('~/site/two%20and%20a%20half', {}, 'x'.repeat(2560)),
  listing: visit('~/site/'),
  'listing by HEAD': by('nobody', head('~/site/')),
  'listing of a folder': visit('~/site/about/'),
  'listing of a marker': visit('~/site/marked/'),
  'listing of a marker without slash': visit('~/site/marked'),
  'listing of what is missing': visit('~/site/gone/'),
  'listing with a label and a style sheet': post('~/site', {
    'X-Container-Meta-Web-Listings-Label': 'Ours & <yours>',
    'X-Container-Meta-Web-Listings-CSS': 'css/my list.css',
  }),
  'listing with label': visit('~/site/'),
  'listing of a folder with label': visit('~/site/about/'),
  'listing with a style sheet elsewhere': post('~/site', {
    'X-Container-Meta-Web-Listings-CSS': 'http://cdn.example/a b.css',
  }),
  'listing with it': visit('~/site/about/'),
  'only to read': post('~/site', { 'X-Container-Read': '.r:*', 'X-Container-Meta-Web-Error': 'error.html' }),
  'listing that is not open': visit('~/site/'),
  'object that is open': visit('~/site/style.css'),
  'other markers': post('~/site', {
    ...PUBLIC,
    'X-Container-Meta-Web-Directory-Type': 'text/directory',
    'X-Container-Meta-Web-Error': '',
  }),
  'marker that is none now': visit('~/site/marked'),
  'not open at all': post('~/site', { 'X-Container-Read': '' }),
  'home that is not open': visit('~/site/'),
  'object that is not open': visit('~/site/style.css'),
  'home that is open, listing that is not': post('~/site', {
    'X-Container-Read': '.r:*',
    'X-Container-Meta-Web-Index': 'index.html',
  }),
  'home where only reading is open': visit('~/site/'),
  'no site': put('~/nosite', PUBLIC),
  'no site, visited': visit('~/nosite'),
  'no site, missing': visit('~/nosite/gone'),
  'missing container': visit('~/nowhere/gone'),
})

export const domainRequests: readonly Step[] = steps('domain', {
  'site again': post('~/site', { ...PUBLIC, 'X-Container-Meta-Web-Index': 'index.html' }),
  home: visit('/', HOST),
  'a folder without slash': visit('/about', HOST),
  'an object': visit('/style.css', HOST),
  'a path that begins like ours': visit('/v1/x', HOST),
  'an account': visit('/site/style.css', { Host: 'auth_test.example.com' }),
  'an account with a port': visit('/site/about', { Host: 'auth-test.example.com:8080' }),
  'with a token': get('/?limit=1', HOST),
  'another prefix': visit('/v1/AUTH_test/site/style.css', { Host: 'site.other.example.com' }),
  'too deep': visit('/', { Host: 'a.site.AUTH-test.example.com' }),
  'the domain itself': visit('/v1/AUTH_test/site/style.css', { Host: 'example.com' }),
})
