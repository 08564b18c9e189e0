/** Who may see and set what: lists of accounts and containers at their edges, headers of owners, what only resellers do, expiry headers. */
import {
  by,
  get,
  head,
  options,
  post,
  put,
  type Request,
  remove,
  type Sender,
  type Step,
  steps,
} from '../step.ts'

const LISTED = '/v1/AUTH_listed'

function list(value: unknown): Record<string, string> {
  return { 'X-Account-Access-Control': typeof value === 'string' ? value : JSON.stringify(value) }
}

/** What somebody in the list may do, one request after the other. */
function rights(group: string, who: Sender): readonly Step[] {
  return steps(`account list: ${group}`, {
    'HEAD of the account': by(who, head(LISTED)),
    'GET of the account': by(who, get(LISTED)),
    'POST to the account': by(who, post(LISTED, { 'X-Account-Meta-A': 'b' })),
    'POST of a key': by(who, post(LISTED, { 'X-Account-Meta-Temp-URL-Key': 'k' })),
    'PUT of the account': by(who, put(LISTED)),
    'PUT of a container': by(who, put(`${LISTED}/${group.replaceAll(' ', '-')}`)),
    'POST to a container': by(who, post(`${LISTED}/c`, { 'X-Container-Read': 'test' })),
    'HEAD of a container': by(who, head(`${LISTED}/c`)),
    'PUT of an object': by(who, put(`${LISTED}/c/${group.replaceAll(' ', '-')}`, {}, 'x')),
    'GET of an object': by(who, get(`${LISTED}/c/o`)),
    'POST to an object': by(who, post(`${LISTED}/c/o`, { 'X-Object-Meta-A': 'b' })),
    'DELETE of an object': by(who, remove(`${LISTED}/c/none`)),
    'OPTIONS of an object': by(who, options(`${LISTED}/c/o`)),
    'POST of a list': by(who, post(LISTED, list({ 'read-only': ['test2:tester2'] }))),
    'DELETE of the account': by(who, remove(LISTED)),
  })
}

const reseller = (table: Parameters<typeof steps>[1]): Parameters<typeof steps>[1] =>
  Object.fromEntries(Object.entries(table).map(([name, request]) => [name, by('reseller', request)]))

const accountLists: readonly Step[] = [
  ...steps(
    'account list',
    reseller({
      account: put(LISTED, { 'X-Account-Meta-Temp-URL-Key': 'secret', 'X-Account-Meta-Colour': 'red' }),
      container: put(`${LISTED}/c`, {
        'X-Container-Read': 'somebody',
        'X-Container-Meta-Temp-URL-Key': 'secret',
        'X-Container-Sync-Key': 'secret',
      }),
      object: put(`${LISTED}/c/o`, {}, 'hello'),
      'no object': post(LISTED, list([])),
      'a number': post(LISTED, list('5')),
      'members that are no list': post(LISTED, list({ admin: 'a' })),
      'members that are no texts': post(LISTED, list({ admin: [5] })),
      'members null': post(LISTED, list({ admin: null })),
      'an unknown kind': post(LISTED, list({ owner: ['a'] })),
      'an unknown kind besides': post(LISTED, list({ admin: ['a'], owner: ['a'] })),
      null: post(LISTED, list('null')),
      'an empty object': post(LISTED, list({})),
      'an empty object, HEAD': head(LISTED),
      'a kind of nobody': post(LISTED, list({ admin: [] })),
      'a kind of nobody, HEAD': head(LISTED),
      'names in UTF-8': post(LISTED, list(Buffer.from('{"admin":["é"]}').toString('latin1'))),
      'names in UTF-8, HEAD': head(LISTED),
      'names not UTF-8': post(LISTED, list('{"admin":["\xff"]}')),
      'names with escapes': post(LISTED, list('{"admin":["\\u00e9"]}')),
      'names with escapes, HEAD': head(LISTED),
      'twice the same kind': post(LISTED, list('{"admin":["a"],"admin":["b"]}')),
      'twice the same kind, HEAD': head(LISTED),
      'all kinds': post(LISTED, list({ 'read-write': ['b'], admin: ['a', 'c'], 'read-only': ['d'] })),
      'all kinds, HEAD': head(LISTED),
      'all kinds, GET': get(LISTED),
      'a removal header': post(LISTED, { 'X-Remove-Account-Access-Control': 'x' }),
      'a removal header, HEAD': head(LISTED),
      'as system metadata': post(LISTED, { 'X-Account-Sysmeta-Core-Access-Control': '{"admin":["a"]}' }),
      'by PUT': put(LISTED, list({ 'read-only': ['test2:tester2'] })),
      'by PUT, bad': put(LISTED, list('nonsense')),
    }),
  ),
  ...rights('read only', 'other'),
  ...steps(
    'account list',
    reseller({ 'to read and write': post(LISTED, list({ 'read-write': ['test2:tester2'] })) }),
  ),
  ...rights('read and write', 'other'),
  ...steps('account list', reseller({ 'to administer': post(LISTED, list({ admin: ['test2:tester2'] })) })),
  ...rights('administer', 'other'),
  ...steps('account list', reseller({ 'a whole account': post(LISTED, list({ 'read-write': ['test'] })) })),
  ...rights('of a whole account', 'plain'),
  ...steps(
    'account list',
    reseller({
      everybody: post(LISTED, list({ 'read-only': ['*'] })),
      'everybody by referrer': post(LISTED, list({ 'read-write': ['.r:*'] })),
    }),
  ),
  ...steps('account list', {
    'everybody: nobody': by('nobody', get(`${LISTED}/c/o`)),
    'everybody: somebody': by('plain', get(`${LISTED}/c/o`)),
    'whoever has no rights at all': by('plain', head(`${LISTED}`)),
  }),
]

const resellers: readonly Step[] = steps('reseller', {
  'PUT of an account': by('reseller', put('/v1/AUTH_short')),
  'PUT of the account again': by('reseller', put('/v1/AUTH_short')),
  'container in it': by('reseller', put('/v1/AUTH_short/c')),
  'object in it': by('reseller', put('/v1/AUTH_short/c/o', {}, 'x')),
  'DELETE by its namesake': by('other', remove('/v1/AUTH_short')),
  'DELETE with a query': by('reseller', remove('/v1/AUTH_short?x')),
  'DELETE of an account that is not empty': by('reseller', remove('/v1/AUTH_short')),
  'HEAD afterwards': by('reseller', head('/v1/AUTH_short')),
  'GET afterwards': by('reseller', get('/v1/AUTH_short?format=json')),
  'DELETE again': by('reseller', remove('/v1/AUTH_short')),
  'POST afterwards': by('reseller', post('/v1/AUTH_short', { 'X-Account-Meta-A': 'b' })),
  'PUT afterwards': by('reseller', put('/v1/AUTH_short')),
  'a container afterwards': by('reseller', get('/v1/AUTH_short/c')),
  'an object afterwards': by('reseller', get('/v1/AUTH_short/c/o')),
  'PUT of a container afterwards': by('reseller', put('/v1/AUTH_short/c2')),
  'POST of one that nobody used makes it': by(
    'reseller',
    post('/v1/AUTH_posted', { 'X-Account-Meta-A': 'b' }),
  ),
  'POST of one that nobody used, HEAD': by('reseller', head('/v1/AUTH_posted')),
  'of another prefix': by('reseller', head('/v1/OTHER_test')),
  'of no prefix': by('reseller', head('/v1/test')),
  'of a hidden account': by('reseller', head('/v1/.expiring_objects')),
  'PUT with a list too large': by(
    'reseller',
    put('/v1/AUTH_short2', { 'X-Account-Meta-A': 'v'.repeat(300) }),
  ),
  OPTIONS: by('reseller', options('/v1/AUTH_test')),
  'OPTIONS of a container': by('reseller', options('~/owned')),
})

const owners: readonly Step[] = steps('owner', {
  container: put('~/owned', {
    'X-Container-Read': 'test:tester3,test2',
    'X-Container-Write': 'test:tester3',
    'X-Container-Sync-Key': 'secret',
    'X-Container-Meta-Temp-URL-Key': 'secret',
    'X-Container-Meta-Temp-URL-Key-2': 'secret',
    'X-Container-Meta-Access-Control-Allow-Origin': 'http://good.example',
  }),
  'HEAD by the owner': head('~/owned'),
  'HEAD by a reader': by('plain', head('~/owned')),
  'GET by a reader': by('plain', get('~/owned')),
  'GET by a reader of another account': by('other', get('~/owned')),
  'GET by the reseller': by('reseller', get('~/owned')),
  'POST by a writer': by('plain', post('~/owned', { 'X-Container-Meta-A': 'b' })),
  'object by a writer': by('plain', put('~/owned/o', { 'X-Object-Meta-A': 'b' }, 'x')),
  'object by a writer, POST': by('plain', post('~/owned/o', { 'X-Object-Meta-A': 'c' })),
  'object by a writer, COPY': by('plain', {
    method: 'COPY',
    path: '~/owned/o',
    headers: { Destination: 'owned/p' },
  }),
  'object by a writer, COPY elsewhere': by('plain', {
    method: 'COPY',
    path: '~/owned/o',
    headers: { Destination: 'objects/p' },
  }),
  'HEAD of the account by a user': by('plain', head('~')),
  ...Object.fromEntries(
    [
      '.r:*:x',
      '.r:',
      '.r:-',
      '.r:.',
      '.r:*.example.com',
      '.r:-*.example.com',
      '.r:http://example.com',
      '.r:example.com:80',
      '.referer:example.com',
      '.ref:example.com',
      '.referrer',
      '.rlistings',
      '.rlistings:x',
      '.unknown',
      '.r:*, .unknown:y',
      'a:b:c',
      ':',
      ':b',
      'a:',
      '*',
      '*:*',
      '*:b',
      'a,,b',
      ' a , b ',
      'a b',
      'é',
      '%41',
      '-a',
      '.r:- *',
      '.r: *',
      '. r:*',
      '.R:*',
      '.RLISTINGS',
    ].flatMap((value) => [
      [`read list ${value}`, post('~/lists', { 'X-Container-Read': Buffer.from(value).toString('latin1') })],
      [`read list ${value}, HEAD`, head('~/lists')],
    ]),
  ),
  'write list of a listing': post('~/lists', { 'X-Container-Write': '.rlistings' }),
  'write list of a bad name': post('~/lists', { 'X-Container-Write': '.unknown:x' }),
  'write list not UTF-8': post('~/lists', { 'X-Container-Write': '\xff' }),
  'a bad list by PUT': put('~/lists-2', { 'X-Container-Read': '.unknown' }),
  'a bad list of a missing container': post('~/nowhere', { 'X-Container-Read': '.unknown' }),
  'a bad list by somebody else': by('other', post('~/lists', { 'X-Container-Read': '.unknown' })),
  'a list too long': post('~/lists', { 'X-Container-Read': 'a'.repeat(5000) }),
})

const listsContainer = steps('owner', { 'container of lists': put('~/lists') })

const dying = '~/dying/o'
const AT = '4070908800'

const expiry: readonly Step[] = steps('expiry', {
  container: put('~/dying'),
  'both headers': put(dying, { 'X-Delete-At': AT, 'X-Delete-After': 'x' }, 'x'),
  'both headers, HEAD': head(dying),
  ...Object.fromEntries(
    [
      '',
      ' 5 ',
      '+4070908800',
      '4070908800.5',
      '4070908800.0',
      '04070908800',
      '99999999999',
      '10000000000',
      '1e10',
      '-0',
      'é',
      '0x10',
      '4_070_908_800',
    ].flatMap((value) => [
      [
        `at ${JSON.stringify(value)}`,
        put(dying, { 'X-Delete-At': Buffer.from(value).toString('latin1') }, 'x'),
      ],
      [`at ${JSON.stringify(value)}, HEAD`, head(dying)],
      [
        `at ${JSON.stringify(value)} by POST`,
        post(dying, { 'X-Delete-At': Buffer.from(value).toString('latin1') }),
      ],
    ]),
  ),
  ...Object.fromEntries(
    ['', '0', '-1', '1.5', '99999999999', 'x', '1e3'].flatMap((value) => [
      [`after ${JSON.stringify(value)}`, put(dying, { 'X-Delete-After': value }, 'x')],
      [`after ${JSON.stringify(value)} by POST`, post(dying, { 'X-Delete-After': value })],
    ]),
  ),
  'another container of the queue': put(
    dying,
    { 'X-Delete-At': AT, 'X-Delete-At-Container': '1', 'X-Delete-At-Host': 'x' },
    'x',
  ),
  'removed by PUT': put(dying, { 'X-Delete-At': AT, 'X-Remove-Delete-At': 'x' }, 'x'),
  'removed by PUT, HEAD': head(dying),
  'of a container': put('~/dying', { 'X-Delete-At': '1' }),
  'of what is missing': post('~/dying/none', { 'X-Delete-At': '1' }),
  'in a missing container': put('~/nowhere/dying', { 'X-Delete-At': '1' }, 'x'),
  'by somebody without rights': by('other', put(dying, { 'X-Delete-At': '1' }, 'x')),
})

export const ownerRequests: readonly Step[] = [
  ...accountLists,
  ...resellers,
  ...listsContainer,
  ...owners,
  ...expiry,
]

const GOOD = { Origin: 'http://good.example' }

function preflight(path: string, headers: Readonly<Record<string, string>>): Request {
  return by('nobody', options(path, headers))
}

export const originRequests: readonly Step[] = steps('origin', {
  container: put('~/origins', {
    'X-Container-Read': '.r:*',
    'X-Container-Meta-Access-Control-Allow-Origin': 'http://good.example  http://also.example:8080',
    'X-Container-Meta-Access-Control-Expose-Headers': 'X-Object-Meta-A x-other',
    'X-Container-Meta-Access-Control-Max-Age': 'soon',
  }),
  object: put('~/origins/o', { 'X-Object-Meta-A': 'a' }, 'hello'),
  'of the second in the list': preflight('~/origins/o', {
    Origin: 'http://also.example:8080',
    'Access-Control-Request-Method': 'PUT',
  }),
  'with another port': preflight('~/origins/o', {
    Origin: 'http://good.example:81',
    'Access-Control-Request-Method': 'PUT',
  }),
  'in capitals': preflight('~/origins/o', {
    Origin: 'HTTP://GOOD.EXAMPLE',
    'Access-Control-Request-Method': 'PUT',
  }),
  null: preflight('~/origins/o', { Origin: 'null', 'Access-Control-Request-Method': 'GET' }),
  empty: preflight('~/origins/o', { Origin: '', 'Access-Control-Request-Method': 'GET' }),
  'for a method in small letters': preflight('~/origins/o', {
    ...GOOD,
    'Access-Control-Request-Method': 'get',
  }),
  'for COPY': preflight('~/origins/o', { ...GOOD, 'Access-Control-Request-Method': 'COPY' }),
  'for COPY of a container': preflight('~/origins', { ...GOOD, 'Access-Control-Request-Method': 'COPY' }),
  'for odd headers': preflight('~/origins/o', {
    ...GOOD,
    'Access-Control-Request-Method': 'GET',
    'Access-Control-Request-Headers': ' , X-A,,x-b ,X-Ü',
  }),
  'with a token': options('~/origins/o', { ...GOOD, 'Access-Control-Request-Method': 'GET' }),
  'with a bad token': preflight('~/origins/o', {
    ...GOOD,
    'Access-Control-Request-Method': 'GET',
    'X-Auth-Token': 'x',
  }),
  'of a missing object': preflight('~/origins/none', { ...GOOD, 'Access-Control-Request-Method': 'GET' }),
  'HEAD of an object': by('nobody', head('~/origins/o', GOOD)),
  'part of an object': by('nobody', get('~/origins/o', { ...GOOD, Range: 'bytes=0-1' })),
  'part that is not there': by('nobody', get('~/origins/o', { ...GOOD, Range: 'bytes=9-' })),
  'object that has not changed': by('nobody', get('~/origins/o', { ...GOOD, 'If-None-Match': '*' })),
  'object without rights': by('nobody', put('~/origins/o', GOOD, 'x')),
  'object with a bad token': by('nobody', get('~/origins/o', { ...GOOD, 'X-Auth-Token': 'x' })),
  'POST to an object': post('~/origins/o', { ...GOOD, 'X-Object-Meta-A': 'b' }),
  'DELETE of an object': remove('~/origins/o', GOOD),
  'POST to a container': post('~/origins', { ...GOOD, 'X-Container-Meta-Access-Control-Max-Age': '' }),
  'POST to an account': post('~', GOOD),
  capabilities: by('nobody', get('/info', GOOD)),
  'sign-in': by(
    'nobody',
    get('/auth/v1.0', { ...GOOD, 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'wrong' }),
  ),
  'list of nobody': post('~/origins', { 'X-Container-Meta-Access-Control-Allow-Origin': '' }),
  'list of nobody, asked': preflight('~/origins/o', { ...GOOD, 'Access-Control-Request-Method': 'GET' }),
})
