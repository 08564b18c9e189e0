import { gzipSync } from 'node:zlib'
import t from 'tap'
import { type TarEntry, tar } from '../bulk/testing.ts'
import { DEFAULT_BULK } from '../options.ts'
import { type Received, send, type TestProxy, testProxy, tokenFor } from '../testing/test-proxy.ts'

interface Report {
  readonly 'Response Status': string
  readonly 'Response Body': string
  readonly 'Number Files Created'?: number
  readonly 'Number Deleted'?: number
  readonly 'Number Not Found'?: number
  readonly Errors: readonly (readonly [string, string])[]
}

interface Client {
  readonly proxy: TestProxy
  readonly token: string
  send(
    method: string,
    target: string,
    headers?: Readonly<Record<string, string>>,
    body?: Buffer | string,
  ): Promise<Received>
}

async function clientOf(proxy = testProxy(), user = 'test:tester', key = 'testing'): Promise<Client> {
  const token = await tokenFor(proxy.handler, user, key)
  return {
    proxy,
    token,
    send: (method, target, headers = {}, body) =>
      send(proxy.handler, {
        method,
        target,
        headers: { 'X-Auth-Token': token, ...headers },
        ...(body === undefined ? {} : { body }),
      }),
  }
}

async function unpack(
  client: Client,
  path: string,
  archive: Buffer,
  options: { type?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<Report> {
  const headers = { Accept: 'application/json', ...options.headers }
  const target = `/v1/AUTH_test${path}?extract-archive=${options.type ?? 'tar'}`
  const { status, body } = await client.send('PUT', target, headers, archive)
  if (status !== 200) throw new Error(`${status} ${body}`)
  return JSON.parse(body) as Report
}

async function deleteAll(client: Client, lines: string, headers = {}): Promise<Report> {
  const all = { Accept: 'application/json', 'Content-Type': 'text/plain', ...headers }
  const { body } = await client.send('POST', '/v1/AUTH_test?bulk-delete', all, lines)
  return JSON.parse(body) as Report
}

const FILES: readonly TarEntry[] = [
  { name: 'music/', type: '5' },
  { name: 'music/one', body: 'first' },
  { name: './music/sub/two', body: 'x'.repeat(100_000) },
  { name: 'loose', body: 'in no container' },
  { name: 'music/link', type: '2' },
  { name: 'films/three', body: '' },
]

/** The archive of these files, compressed by bzip2 1.0.8. */
const FILES_BZIP2 = Buffer.from(
  'QlpoOTFBWSZTWVgnvwsAAMlbgeOCRAH/gCOae2+ewAABCMgwANkg0jSan6keoAMmRo81QaepoaGANNDRoxGQDQAaGCRUjRmp' +
    'oZNAAAyAHqYhWb+bwuNVJWy40Mp7SeGXaBCCjRmc8JxXMl1kzExTAkwTBY+/uNhqZ6t2BAVTEGATBAXLJVWIJAClSC4tjnsV' +
    'wlaaM1gnhoK1iPV2QMZRAE0JlgZuIF0IsJgQW6yLfwRwEzngb7806McaXvvZjkjCW2EtWIX6EZcoZWKFdDFIO8ERZva+gIBV' +
    'yAJAg0pJgIBfxdyRThQkFgnvwsA=',
  'base64',
)

t.test('every regular file of an archive becomes an object, containers are made', async (t) => {
  const client = await clientOf()
  const report = await unpack(client, '', tar(FILES))
  t.strictSame(report, {
    'Response Status': '201 Created',
    'Response Body': '',
    'Number Files Created': 3,
    Errors: [],
  })
  t.equal((await client.send('GET', '/v1/AUTH_test/music/one')).body, 'first')
  t.equal((await client.send('GET', '/v1/AUTH_test/music/sub/two')).body.length, 100_000)
  t.equal((await client.send('GET', '/v1/AUTH_test/films/three')).status, 200)
  t.equal((await client.send('GET', '/v1/AUTH_test/music')).body, 'one\nsub/two\n')
})

t.test('below a container or a pseudo-directory', async (t) => {
  const client = await clientOf()
  await client.send('PUT', '/v1/AUTH_test/c')
  const report = await unpack(client, '/c/some/where/', tar([{ name: '/a', body: 'x' }, { name: '../b' }]))
  t.equal(report['Number Files Created'], 2)
  t.equal(
    (await client.send('GET', '/v1/AUTH_test/c')).body,
    'some/where/../b\nsome/where/a\n',
    'names are no paths',
  )
})

t.test('compressed archives are unpacked as they arrive', async (t) => {
  const client = await clientOf()
  t.equal((await unpack(client, '/gz', gzipSync(tar(FILES)), { type: 'tar.gz' }))['Number Files Created'], 4)
  t.equal((await client.send('GET', '/v1/AUTH_test/gz/music/sub/two')).body.length, 100_000)
  t.equal((await unpack(client, '/bz', FILES_BZIP2, { type: '.TAR.BZ2' }))['Number Files Created'], 4)
  t.equal((await client.send('GET', '/v1/AUTH_test/bz/loose')).body, 'in no container')
})

t.test('extended attributes are metadata, as GNU tar and BSD tar write them', async (t) => {
  const client = await clientOf()
  const records = {
    'SCHILY.xattr.user.mime_type': 'application/python-setup',
    'SCHILY.xattr.user.meta.Lunch': 'burger ☕',
    'LIBARCHIVE.xattr.user.meta.dinner': 'baked ziti',
    'SCHILY.xattr.user.stuff': 'whee',
    mtime: '1.5',
  }
  const headers = { 'X-Object-Meta-From': 'archive', 'X-Delete-At': '9999999999', 'X-Object-Manifest': 'no' }
  const report = await unpack(client, '/c', tar([{ name: 'setup.py', records }]), { headers })
  t.equal(report['Number Files Created'], 1)
  const { headers: stored } = await client.send('HEAD', '/v1/AUTH_test/c/setup.py')
  t.match(stored, {
    'content-type': 'application/python-setup',
    'x-object-meta-lunch': Buffer.from('burger ☕').toString('latin1'),
    'x-object-meta-dinner': 'baked ziti',
    'x-object-meta-from': 'archive',
    'x-delete-at': '9999999999',
  })
  t.notOk('x-object-manifest' in stored)
})

t.test('what cannot be a header, and files with holes, fail by themselves', async (t) => {
  const client = await clientOf()
  const report = await unpack(
    client,
    '/c',
    tar([
      { name: 'injected', records: { 'SCHILY.xattr.user.meta.a': 'x\r\nX-Backend-Evil: 1' } },
      { name: 'named', records: { 'SCHILY.xattr.user.meta.a b': 'x' } },
      { name: 'sparse', records: { 'GNU.sparse.major': '1' } },
      { name: Buffer.from([0x6e, 0xff]) },
      { name: 'good', body: 'x' },
    ]),
  )
  t.strictSame(report.Errors, [
    ['c/injected', '400 Bad Request'],
    ['c/named', '400 Bad Request'],
    ['c/sparse', '400 Bad Request'],
    ['c/n%FF', '412 Precondition Failed'],
  ])
  t.equal(report['Response Status'], '400 Bad Request')
  t.equal(report['Number Files Created'], 1)
})

t.test('what is no archive, or not all of one, is said so', async (t) => {
  const client = await clientOf()
  const invalid = async (bytes: Buffer, type = 'tar'): Promise<Report> => {
    const report = await unpack(client, '/c', bytes, { type })
    t.equal(report['Response Status'], '400 Bad Request')
    return report
  }
  t.match(await invalid(Buffer.from('no archive'.repeat(100))), { 'Response Body': /^Invalid Tar File: / })
  t.match(await invalid(Buffer.from('x'), 'tar.gz'), { 'Response Body': /^Invalid Tar File: / })
  t.match(await invalid(Buffer.from('x'), 'tar.bz2'), { 'Response Body': /not a bzip2 file/ })
  t.match(await invalid(tar([])), { 'Response Body': 'Invalid Tar File: No Valid Files' })
  const half = await invalid(
    tar([
      { name: 'whole', body: 'x' },
      { name: 'half', body: 'y'.repeat(2000) },
    ]).subarray(0, 2000),
  )
  t.strictSame(half.Errors, [['c/half', '499 Client Disconnect']])
  t.equal(half['Number Files Created'], 1)
  t.equal((await client.send('GET', '/v1/AUTH_test/c')).body, 'whole\n')
  const unsupported = await client.send('PUT', '/v1/AUTH_test/c?extract-archive=zip', {}, 'x')
  t.equal(unsupported.status, 400)
  t.equal(unsupported.body, 'Unsupported archive format')
})

t.test('the limits of an archive: containers, failures, size of a file', async (t) => {
  const bulk = { ...DEFAULT_BULK, maxContainersPerExtraction: 1, maxFailedExtractions: 2 }
  const client = await clientOf(testProxy({ bulk, maxFileSizeBytes: 10 }))
  const many = await unpack(client, '', tar([{ name: 'c1/o' }, { name: 'c2/o' }, { name: 'c3/o' }]))
  t.match(many, {
    'Response Status': '400 Bad Request',
    'Response Body': 'More than 1 containers to create from tar.',
  })
  const large = { body: 'x'.repeat(11) }
  const failed = await unpack(
    client,
    '/c1',
    tar([{ name: 'a', ...large }, { name: 'b', ...large }, { name: 'never' }]),
  )
  t.strictSame(
    failed.Errors.map(([, status]) => status),
    ['413 Request Entity Too Large', '413 Request Entity Too Large'],
  )
  t.equal(failed['Number Files Created'], 0)
})

t.test('the forms of a report', async (t) => {
  const client = await clientOf()
  const body = tar([{ name: 'c/<&>', body: '' }, { name: Buffer.from('c/\xff', 'latin1') }])
  const plain = await client.send('PUT', '/v1/AUTH_test?extract-archive=tar', {}, body)
  t.equal(plain.headers['content-type'], 'text/plain')
  t.equal(
    plain.body,
    'Number Files Created: 1\nResponse Body: \nResponse Status: 400 Bad Request\nErrors:\nc/%FF, 412 Precondition Failed\n',
  )
  const xml = await client.send('PUT', '/v1/AUTH_test?extract-archive=tar', { Accept: 'text/xml' }, body)
  t.equal(
    xml.body,
    '<extract>\n<number_files_created>1</number_files_created>\n<response_body></response_body>\n' +
      '<response_status>400 Bad Request</response_status>\n<errors>\n' +
      '<object><name>c/%FF</name><status>412 Precondition Failed</status></object>\n</errors>\n</extract>\n',
  )
  const none = await client.send('PUT', '/v1/AUTH_test?extract-archive=tar', { Accept: 'image/png' }, body)
  t.equal(none.status, 200)
  t.match(none.body, /Response Status: 406 Not Acceptable/)
})

t.test('a bulk request has the rights of its sender, for each item', async (t) => {
  const owner = await clientOf()
  const other = await clientOf(owner.proxy, 'test2:tester2', 'testing2')
  const anonymous: Client = {
    ...owner,
    send: (method, target, headers, body) =>
      send(owner.proxy.handler, { method, target, headers: headers ?? {}, body: body ?? '' }),
  }
  await owner.send('PUT', '/v1/AUTH_test/c', { 'X-Container-Write': 'test2:tester2' })
  const denied = await unpack(other, '', tar([{ name: 'c/a' }, { name: 'secret/b' }]))
  t.strictSame(denied.Errors, [
    ['/v1/AUTH_test/secret', '403 Forbidden'],
    ['secret/b', '403 Forbidden'],
  ])
  t.equal(denied['Number Files Created'], 1)
  t.match(await unpack(anonymous, '', tar([{ name: 'c/a' }])), { 'Response Status': '401 Unauthorized' })
  t.match(await deleteAll(anonymous, 'c/a'), { Errors: [['c/a', '401 Unauthorized']] })
  t.match(await deleteAll(other, 'c/a\nc'), { 'Number Deleted': 1, Errors: [['c', '403 Forbidden']] })
})

t.test('a bulk delete deletes objects, then containers, and counts what is not there', async (t) => {
  const client = await clientOf()
  await unpack(client, '', tar([{ name: 'c/a b' }, { name: 'c/é' }, { name: 'd/x' }]))
  const report = await deleteAll(client, 'c\n/c/a%20b\n\n  c/%C3%A9  \nc/none\nd\n')
  t.strictSame(report, {
    'Response Status': '400 Bad Request',
    'Response Body': '',
    'Number Deleted': 3,
    'Number Not Found': 1,
    Errors: [['d', '409 Conflict']],
  })
  t.equal((await client.send('HEAD', '/v1/AUTH_test/c')).status, 404)
})

t.test('lists that are no lists, or too long, are refused', async (t) => {
  const client = await clientOf(
    testProxy({ bulk: { ...DEFAULT_BULK, maxDeletesPerRequest: 2, maxFailedDeletes: 1 } }),
  )
  t.match(await deleteAll(client, ''), {
    'Response Status': '400 Bad Request',
    'Response Body': 'Invalid bulk delete.',
  })
  t.match(await deleteAll(client, 'a/b\na/c\na/d'), {
    'Response Status': '413 Request Entity Too Large',
    'Response Body': 'Maximum Bulk Deletes: 2 per request',
  })
  t.match(await deleteAll(client, 'a'.repeat(5000)), { 'Response Body': 'Invalid File Name' })
  t.match(await deleteAll(client, 'a/b', { 'Content-Type': 'application/json' }), {
    'Response Status': '406 Not Acceptable',
  })
  t.match(await deleteAll(client, '%ff/x\nc/o'), {
    'Response Body': 'Max delete failures exceeded',
    Errors: [['%FF/x', '412 Precondition Failed']],
  })
  t.match(await deleteAll(client, '//'), { Errors: [['//', '400 Bad Request']] }, 'never the account itself')
})
