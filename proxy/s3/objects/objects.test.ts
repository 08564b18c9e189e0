import t from 'tap'
import { checksumOf } from '#base/checksums/checksum.ts'
import { silentLogger } from '#base/log.ts'
import { believing, contentMd5, elementIn, elementsIn, type S3Door, s3Door } from '../../testing/s3-door.ts'
import { askingAs, type Received } from '../../testing/test-proxy.ts'
import { decodedWords, encodedWord } from './user-metadata.ts'

function md5(text: string): string {
  return Buffer.from(contentMd5(text), 'base64').toString('hex')
}

async function bucket(): Promise<S3Door['s3']> {
  const { s3 } = s3Door()
  await s3('PUT', '/box')
  return s3
}

t.test('what is said of an object comes back with it', async (t) => {
  const s3 = await bucket()
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-cache',
    'content-disposition': 'attachment; filename="a.txt"',
    'content-encoding': 'aws-chunked,gzip',
    'content-language': 'de, en',
    expires: 'Thu, 01 Dec 2044 16:00:00 GMT',
    'x-amz-storage-class': 'STANDARD_IA',
    'x-amz-website-redirect-location': '/elsewhere',
    'x-amz-meta-under_score': 'a, b',
    // What Swift would understand is not for S3's clients to say.
    'x-delete-at': '1',
    'x-object-manifest': 'box/x',
  }
  t.equal((await s3('PUT', '/box/key', { body: 'text', headers })).status, 200)
  const shown = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-cache',
    'content-disposition': 'attachment; filename="a.txt"',
    'content-encoding': 'gzip',
    'content-language': 'de, en',
    expires: 'Thu, 01 Dec 2044 16:00:00 GMT',
    'x-amz-storage-class': 'STANDARD_IA',
    'x-amz-website-redirect-location': '/elsewhere',
    'x-amz-meta-under_score': 'a, b',
    'accept-ranges': 'bytes',
    'content-length': '4',
  }
  const got = await s3('GET', '/box/key')
  t.match(got, { status: 200, body: 'text', headers: shown })
  t.equal(got.headers['x-object-manifest'], undefined)
  t.match(await s3('HEAD', '/box/key'), { status: 200, body: '', headers: shown })
  await s3('PUT', '/box/plain', { body: '' })
  t.equal((await s3('GET', '/box/plain')).headers['content-type'], 'binary/octet-stream')
})

t.test('an encoded word ends no line of the storage servers', async (t) => {
  const { s3, store } = s3Door()
  await s3('PUT', '/box')
  const smuggled = Buffer.from('a\r\nX-Delete-At: 1\0').toString('base64')
  const headers = { 'x-amz-meta-a': `=?UTF-8?B?${smuggled}?=`, 'x-amz-meta-b': '=?UTF-8?Q?c=0D=0Ad?=' }
  t.equal((await s3('PUT', '/box/key', { body: 'x', headers })).status, 200)
  const read = await store.objects.read(
    { txId: 'tx', signal: undefined, log: silentLogger },
    { account: 'AUTH_test', container: 'box', object: 'key' },
    { method: 'HEAD', conditions: {}, newest: false },
  )
  t.match(read, { headers: { 'x-object-meta-a': 'a  X-Delete-At: 1 ', 'x-object-meta-b': 'c  d' } })
})

t.test('metadata beyond ASCII are UTF-8 inside and encoded words outside', async (t) => {
  const s3 = await bucket()
  const raw = Buffer.from('Grüße 🐦').toString('latin1')
  await s3('PUT', '/box/raw', { body: 'x', headers: { 'x-amz-meta-greeting': raw } })
  const shown = (await s3('GET', '/box/raw')).headers['x-amz-meta-greeting'] ?? ''
  t.equal(shown, `=?UTF-8?B?${Buffer.from('Grüße 🐦').toString('base64')}?=`)
  await s3('PUT', '/box/word', { body: 'x', headers: { 'x-amz-meta-greeting': shown } })
  t.equal((await s3('GET', '/box/word')).headers['x-amz-meta-greeting'], shown)
  t.equal(
    decodedWords('=?utf-8?q?a=20b_c?= =?ISO-8859-1?Q?=FC?='),
    `a b c${Buffer.from('ü').toString('latin1')}`,
  )
  t.equal(decodedWords('=?koi8-r?B?AAAA?= =?x?='), '=?koi8-r?B?AAAA?= =?x?=')
  t.equal(encodedWord('plain'), 'plain')
})

t.test('what cannot be stored is refused before the body is read', async (t) => {
  const s3 = await bucket()
  const refused = async (key: string, headers: Record<string, string>): Promise<unknown> =>
    elementIn(await s3('PUT', `/box/${key}`, { body: 'x', headers }), 'Code')
  t.equal(await refused('k'.repeat(1025), {}), 'KeyTooLongError')
  t.equal(await refused('%C3%BC'.repeat(513), {}), 'KeyTooLongError')
  t.equal(await refused('k'.repeat(1024), {}), undefined)
  t.equal(elementIn(await s3('GET', `/box/${'k'.repeat(1025)}`), 'Code'), 'KeyTooLongError')
  t.equal(await refused('k', { 'content-md5': 'nonsense' }), 'InvalidDigest')
  t.equal(await refused('k', { 'content-md5': contentMd5('y') }), 'BadDigest')
  const bad = await s3('PUT', '/box/k', { body: 'x', headers: { 'content-md5': contentMd5('y') } })
  t.equal(elementIn(bad, 'ExpectedDigest'), md5('y'))
  t.equal(elementIn(bad, 'CalculatedDigest'), contentMd5('x'))
  t.equal(await refused('k', { 'x-amz-storage-class': 'VELVET' }), 'InvalidStorageClass')
  t.equal(await refused('k', { 'content-type': 'text/plain; swift_bytes=9' }), 'InvalidArgument')
  t.equal(await refused('k', { 'x-amz-website-redirect-location': 'x' }), 'InvalidRedirectLocation')
  t.equal(await refused('k', { 'x-amz-meta-a': 'x'.repeat(2048) }), 'MetadataTooLarge')
  t.equal(await refused('k', { 'x-amz-checksum-sha512': 'AAAA' }), 'InvalidRequest')
  t.equal(await refused('k', { 'x-amz-checksum-md5': contentMd5('y') }), 'BadDigest')
  t.equal(await refused('k', { 'x-amz-checksum-md4': 'AAAA' }), 'InvalidRequest')
  t.equal(await refused('k', { 'x-amz-checksum-xxhash3': 'AAAA' }), 'NotImplemented')
  t.equal(await refused('k', { 'x-amz-write-offset-bytes': '1' }), 'NotImplemented')
  t.equal(await refused('k', { 'x-amz-object-lock-event-hold': 'ON' }), 'NotImplemented')
  t.equal(await refused('k', { 'content-length': '1', 'content-md5': contentMd5('x') }), undefined)
  t.equal(elementIn(await s3('GET', '/box/bad%ff'), 'Code'), 'InvalidURI')
  t.equal(elementIn(await s3('GET', '/box/bad%00'), 'Code'), 'InvalidURI')
  t.equal(elementIn(await s3('GET', '/box/bad%zz'), 'Code'), 'InvalidURI')
})

t.test('keys are kept byte for byte', async (t) => {
  const s3 = await bucket()
  const keys = ['a//b', '/a', 'a/', './../x', 'a b+c%', 'é', 'e\u0301', '?query=1', 'a&b=c;d', '🐦']
  const encoded = (key: string): string => key.split('/').map(encodeURIComponent).join('/')
  for (const key of keys)
    t.equal((await s3('PUT', `/box/${encoded(key)}`, { body: Buffer.from(key) })).status, 200, key)
  for (const key of keys) t.equal((await s3('GET', `/box/${encoded(key)}`)).body, key)
  const listed = elementsIn(await s3('GET', '/box?encoding-type=url'), 'Key')
  t.strictSame(new Set(listed.map((key) => decodeURIComponent(key.replaceAll('+', ' ')))), new Set(keys))
})

t.test('a range is one of bytes, or none at all', async (t) => {
  const s3 = await bucket()
  await s3('PUT', '/box/key', { body: '0123456789' })
  await s3('PUT', '/box/empty', { body: '' })
  const ranged = (range: string, method = 'GET', path = '/box/key') =>
    s3(method, path, { headers: { range } })
  t.match(await ranged('bytes=2-4'), {
    status: 206,
    body: '234',
    headers: { 'content-range': 'bytes 2-4/10' },
  })
  t.match(await ranged('bytes=-3'), { status: 206, body: '789' })
  t.match(await ranged('bytes=8-100'), { status: 206, body: '89' })
  t.match(await ranged('bytes=2-4', 'HEAD'), { status: 206, headers: { 'content-length': '3' } })
  t.match(await ranged('bytes=0-1,4-5'), { status: 200, body: '0123456789' }, 'of several none')
  t.match(await ranged('lines=2-4'), { status: 200, body: '0123456789' })
  const beyond = await ranged('bytes=10-')
  t.equal(beyond.status, 416)
  t.equal(elementIn(beyond, 'ActualObjectSize'), '10')
  t.equal(elementIn(beyond, 'RangeRequested'), 'bytes=10-')
  t.equal((await ranged('bytes=10-', 'HEAD')).status, 416)
  t.equal((await ranged('bytes=-1', 'GET', '/box/empty')).status, 416)
  t.match(await s3('GET', '/box/key?partNumber=1'), {
    status: 206,
    headers: { 'content-range': 'bytes 0-9/10' },
  })
  t.equal(elementIn(await s3('GET', '/box/key?partNumber=2'), 'Code'), 'InvalidPartNumber')
  const both = await s3('GET', '/box/key?partNumber=1', { headers: { range: 'bytes=0-1' } })
  t.equal(elementIn(both, 'Code'), 'InvalidRequest')
})

t.test('conditions are judged as RFC 9110 has them', async (t) => {
  const s3 = await bucket()
  const etag = (await s3('PUT', '/box/key', { body: 'x' })).headers['etag'] ?? ''
  const other = '"0123"'
  const past = 'Sat, 01 Jan 2000 00:00:00 GMT'
  const future = 'Sat, 01 Jan 2050 00:00:00 GMT'
  const statusWith = async (headers: Record<string, string>): Promise<number> =>
    (await s3('GET', '/box/key', { headers })).status
  t.equal(await statusWith({ 'if-match': etag }), 200)
  t.equal(await statusWith({ 'if-match': other }), 412)
  t.equal(await statusWith({ 'if-none-match': etag }), 304)
  t.equal(await statusWith({ 'if-none-match': other }), 200)
  t.equal(await statusWith({ 'if-modified-since': future }), 304)
  t.equal(await statusWith({ 'if-unmodified-since': past }), 412)
  t.equal(await statusWith({ 'if-match': etag, 'if-unmodified-since': past }), 200)
  t.equal(await statusWith({ 'if-none-match': other, 'if-modified-since': future }), 200)
  t.equal(await statusWith({ 'if-match': other, 'if-none-match': etag }), 412)
  const failed = await s3('GET', '/box/key', { headers: { 'if-match': other } })
  t.equal(elementIn(failed, 'Condition'), 'If-Match')
  const missing = await s3('GET', '/box/nothing', { headers: { 'if-match': '*' } })
  t.equal(elementIn(missing, 'Code'), 'NoSuchKey')
  t.match(await s3('HEAD', '/box/key', { headers: { 'if-none-match': etag } }), {
    status: 304,
    headers: { etag },
  })
})

t.test('a request says itself what some headers of the answer are', async (t) => {
  const open = { authenticate: believing, authorize: async () => undefined }
  const { s3, s3As } = s3Door({}, { s3: open })
  await s3('PUT', '/box')
  await s3('PUT', '/box/key', { body: 'x', headers: { 'cache-control': 'no-store' } })
  const query = new URLSearchParams({
    'response-content-type': 'text/x-ü\r\nx-evil: 1',
    'response-cache-control': 'max-age=1',
    'response-content-disposition': 'inline',
  })
  t.match((await s3('GET', `/box/key?${query.toString()}`)).headers, {
    'content-type': `text/x-${Buffer.from('ü').toString('latin1')}x-evil: 1`,
    'cache-control': 'max-age=1',
    'content-disposition': 'inline',
  })
  const unknown = await s3('GET', '/box/key?response-colour=red')
  t.match(unknown.body, /response-colour is not in the set of overridable response headers/)
  const anonymous = await s3As(undefined, 'GET', `/box/key?response-expires=0`)
  t.equal(elementIn(anonymous, 'Code'), 'InvalidRequest')
})

t.test('keys are deleted by list, each for itself', async (t) => {
  const s3 = await bucket()
  for (const key of ['a', 'b', 'c']) await s3('PUT', `/box/${key}`, { body: key })
  const deleteAll = (xml: string, headers: Record<string, string> = { 'content-md5': contentMd5(xml) }) =>
    s3('POST', '/box?delete', { body: xml, headers })
  const list = (keys: readonly string[], more = ''): string =>
    `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${more}${keys
      .map((key) => `<Object><Key>${key}</Key></Object>`)
      .join('')}</Delete>`
  const told = await deleteAll(list(['a', 'nothing', 'x'.repeat(1025)]))
  t.equal(told.status, 200)
  t.match(told.body, /<Deleted><Key>a<\/Key><\/Deleted><Deleted><Key>nothing<\/Key><\/Deleted><Error>/)
  t.equal(elementIn(told, 'Code'), 'KeyTooLongError')
  const quiet = await deleteAll(list(['b'], '<Quiet>true</Quiet>'))
  t.match(quiet.body, /<DeleteResult xmlns="[^"]*"><\/DeleteResult>$/)
  t.strictSame(elementsIn(await s3('GET', '/box'), 'Key'), ['c'])
  t.equal(elementIn(await deleteAll(list(['c']), {}), 'Code'), 'InvalidRequest', 'without a digest')
  const bad = await deleteAll(list(['c']), { 'content-md5': contentMd5('') })
  t.equal(elementIn(bad, 'Code'), 'BadDigest')
  t.equal(elementIn(bad, 'CalculatedDigest'), contentMd5(list(['c'])))
  t.equal(elementIn(await deleteAll(list([])), 'Code'), 'MalformedXML')
  const ofNoVersion = await deleteAll(
    '<Delete><Object><Key>c</Key><VersionId>x</VersionId></Object></Delete>',
  )
  t.equal(elementIn(ofNoVersion, 'Code'), 'NoSuchVersion')
  const sized = await deleteAll('<Delete><Object><Key>c</Key><Size>2</Size></Object></Delete>')
  t.equal(elementIn(sized, 'Code'), 'PreconditionFailed')
  const old = '<LastModifiedTime>2001-01-01T00:00:00Z</LastModifiedTime>'
  const dated = await deleteAll(`<Delete><Object><Key>c</Key>${old}</Object></Delete>`)
  t.equal(elementIn(dated, 'Code'), 'PreconditionFailed')
  const many = Array.from({ length: 1001 }, (_, at) => `many ${at}`)
  t.equal(elementIn(await deleteAll(list(many)), 'Code'), 'MalformedXML')
  const most = many.slice(0, 1000)
  for (const key of most) await s3('PUT', `/box/${encodeURIComponent(key)}`, { body: '' })
  t.strictSame(elementsIn(await deleteAll(list(most)), 'Key'), most, 'a thousand, told in their order')
  const bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><Delete><Object><Key>&a;</Key></Object></Delete>'
  t.equal(elementIn(await deleteAll(bomb), 'Code'), 'MalformedXML')
  t.strictSame(elementsIn(await s3('GET', '/box'), 'Key'), ['c'])
})

t.test('a deletion is of what is expected, or of nothing', async (t) => {
  const s3 = await bucket()
  const etag = String((await s3('PUT', '/box/key', { body: 'text' })).headers['etag'])
  const modified = String((await s3('HEAD', '/box/key')).headers['last-modified'])
  const [size, time] = ['x-amz-if-match-size', 'x-amz-if-match-last-modified-time'] as const
  const remove = async (headers: Record<string, string>, key = 'key') => {
    const answer = await s3('DELETE', `/box/${key}`, { headers })
    return answer.status === 204 ? 'gone' : `${elementIn(answer, 'Code')} ${elementIn(answer, 'Condition')}`
  }
  t.equal(await remove({ [size]: '5' }), `PreconditionFailed ${size}`)
  t.equal(await remove({ [time]: 'Sat, 01 Jan 2000 00:00:00 GMT' }), `PreconditionFailed ${time}`)
  t.equal(await remove({ 'if-match': '"other"', [size]: '4' }), 'PreconditionFailed If-Match')
  t.match(await remove({ [size]: 'four' }), 'InvalidArgument')
  t.match(await remove({ [time]: 'today' }), 'InvalidArgument')
  t.equal(
    await remove({ [size]: '4', [time]: modified }, 'nothing'),
    'gone',
    'of what is not there they say nothing',
  )
  t.match(await remove({ 'if-match': '*', [size]: '4' }, 'nothing'), 'NoSuchKey')
  t.equal((await s3('GET', '/box/key')).body, 'text')
  t.equal(await remove({ 'if-match': etag, [size]: '4', [time]: modified }), 'gone')
  t.equal((await s3('GET', '/box/key')).status, 404)
})

t.test('a copy has the bytes of its source, and its metadata unless others are given', async (t) => {
  const s3 = await bucket()
  const etag = (
    await s3('PUT', '/box/a%20b', {
      body: 'text',
      headers: { 'x-amz-meta-a': '1', 'content-type': 'text/plain', 'x-amz-storage-class': 'GLACIER_IR' },
    })
  ).headers['etag']
  const source = { 'x-amz-copy-source': '/box/a%20b' }
  const copy = await s3('PUT', '/box/copy', { headers: source })
  t.equal(copy.status, 200)
  t.equal(elementIn(copy, 'ETag'), etag?.replaceAll('"', '&quot;'))
  t.match(await s3('GET', '/box/copy'), {
    body: 'text',
    headers: { 'x-amz-meta-a': '1', 'content-type': 'text/plain', 'x-amz-storage-class': undefined },
  })
  await s3('PUT', '/box/fresh', {
    headers: { ...source, 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-b': '2', 'cache-control': 'x' },
  })
  const fresh = (await s3('GET', '/box/fresh')).headers
  t.match(fresh, { 'x-amz-meta-b': '2', 'cache-control': 'x', 'content-type': 'binary/octet-stream' })
  t.equal(fresh['x-amz-meta-a'], undefined)
  await s3('PUT', '/other')
  await s3('PUT', '/other/copy', { headers: source })
  t.match(await s3('GET', '/other/copy'), { body: 'text', headers: { 'x-amz-meta-a': '1' } })
  await s3('PUT', '/box/form', { headers: { 'x-amz-copy-source': '/box/a+b' } })
  t.equal((await s3('GET', '/box/form')).body, 'text', 'a plus is a space')
})

t.test('a copy has a checksum: its source’s, or the one that is asked for', async (t) => {
  const door = s3Door()
  const { s3 } = door
  await s3('PUT', '/box')
  const ask = await askingAs(door.handler, 'test:tester', 'testing')
  const type = { 'content-type': 'text/plain' }
  await ask('PUT', '/box/of-swift', { body: 'text', headers: type })
  const source = { 'x-amz-copy-source': '/box/of-swift', 'x-amz-meta-a': 'not looked at' }
  const plain = await s3('PUT', '/box/plain', { headers: source })
  t.equal(elementIn(plain, 'ChecksumCRC64NVME'), checksumOf('CRC64NVME', Buffer.from('text')))
  const asked = { ...source, 'x-amz-checksum-algorithm': 'SHA256' }
  const other = await s3('PUT', '/box/other', { headers: asked })
  const sha256 = checksumOf('SHA256', Buffer.from('text'))
  t.equal(elementIn(other, 'ChecksumSHA256'), sha256)
  const again = { 'x-amz-copy-source': '/box/other' }
  t.equal(elementIn(await s3('PUT', '/box/again', { headers: again }), 'ChecksumSHA256'), sha256)
  const shown = await s3('HEAD', '/box/again', { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
  t.match(shown.headers, { 'x-amz-checksum-sha256': sha256, 'x-amz-checksum-type': 'FULL_OBJECT', ...type })
  t.equal(shown.headers['x-amz-meta-a'], undefined)
  const ranged = async (range: string) =>
    (await s3('GET', '/box/again', { headers: { range, 'x-amz-checksum-mode': 'ENABLED' } })).headers
  t.match(await ranged('bytes=0-3'), { 'x-amz-checksum-sha256': sha256 }, 'of a range that is the whole')
  t.equal((await ranged('bytes=1-3'))['x-amz-checksum-sha256'], undefined)
})

t.test('a copy onto itself must change something', async (t) => {
  const s3 = await bucket()
  await s3('PUT', '/box/key', { body: 'text', headers: { 'x-amz-meta-a': '1' } })
  const self = { 'x-amz-copy-source': 'box/key' }
  t.equal(elementIn(await s3('PUT', '/box/key', { headers: self }), 'Code'), 'InvalidRequest')
  const changed = { ...self, 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-b': '2' }
  t.equal((await s3('PUT', '/box/key', { headers: changed })).status, 200)
  t.match(await s3('GET', '/box/key'), { body: 'text', headers: { 'x-amz-meta-b': '2' } })
  const classed = { ...self, 'x-amz-storage-class': 'ONEZONE_IA' }
  t.equal((await s3('PUT', '/box/key', { headers: classed })).status, 200)
  t.match((await s3('HEAD', '/box/key')).headers, {
    'x-amz-storage-class': 'ONEZONE_IA',
    'x-amz-meta-b': '2',
  })
})

/** The code of an answer; of an argument that cannot be, what is said of it. */
function reasonOf(answer: Received): string | undefined {
  const code = elementIn(answer, 'Code')
  return code === 'InvalidArgument' ? elementIn(answer, 'Message') : code
}

t.test('a copy is refused for its source as a read of it would be', async (t) => {
  const { s3, s3As } = s3Door()
  await s3('PUT', '/box')
  await s3('PUT', '/box/key', { body: 'text' })
  const refused = async (source: string, more: Record<string, string> = {}): Promise<unknown> =>
    reasonOf(await s3('PUT', '/box/copy', { headers: { 'x-amz-copy-source': source, ...more } }))
  t.equal(await refused('/box/nothing'), 'NoSuchKey')
  t.equal(await refused('/nowhere/key'), 'NoSuchBucket')
  t.equal(await refused('box'), 'Invalid copy source object key')
  t.equal(await refused('/box/'), 'Invalid copy source object key')
  t.equal(await refused('/'), 'Invalid copy source bucket name')
  t.equal(await refused('/box/100%'), 'Invalid copy source encoding')
  t.equal(await refused('/box/key?versionId=none'), 'Invalid version id specified')
  t.equal(await refused('/box/key', { 'x-amz-copy-source-if-match': '"0"' }), 'PreconditionFailed')
  t.equal(await refused('/box/key', { 'x-amz-copy-source-if-none-match': '*' }), 'PreconditionFailed')
  t.equal(await refused('/box/key', { 'x-amz-checksum-algorithm': 'MD4' }), 'InvalidRequest')
  t.equal(await refused('/box/key', { 'x-amz-metadata-directive': 'KEEP' }), 'Unknown metadata directive.')
  await s3As('test2:tester2', 'PUT', '/other')
  const foreign = await s3As('test2:tester2', 'PUT', '/other/copy', {
    headers: { 'x-amz-copy-source': '/box/key' },
  })
  t.equal(elementIn(foreign, 'Code'), 'AccessDenied')
})

t.test('listings tell the storage class of each object and version', async (t) => {
  const s3 = await bucket()
  const cold = { 'x-amz-storage-class': 'STANDARD_IA' }
  await s3('PUT', '/box/a', { body: 'x' })
  await s3('PUT', '/box/b', { body: 'x', headers: cold })
  const copied = { 'x-amz-copy-source': '/box/b' }
  await s3('PUT', '/box/c', { headers: { ...copied, 'x-amz-storage-class': 'GLACIER' } })
  await s3('PUT', '/box/d', { headers: copied })
  const classes = ['STANDARD', 'STANDARD_IA', 'GLACIER', 'STANDARD']
  t.strictSame(elementsIn(await s3('GET', '/box'), 'StorageClass'), classes)
  t.strictSame(elementsIn(await s3('GET', '/box?versions'), 'StorageClass'), classes)
  t.equal(elementIn(await s3('GET', '/box?prefix=b'), 'ETag'), `&quot;${md5('x')}&quot;`)
})

t.test('attributes are told one by one', async (t) => {
  const s3 = await bucket()
  await s3('PUT', '/box/key', { body: 'text' })
  const asked = (names: string) =>
    s3('GET', '/box/key?attributes', { headers: { 'x-amz-object-attributes': names } })
  const some = await asked('ETag,ObjectSize')
  t.equal(elementIn(some, 'ETag'), '1cb251ec0d568de6a929b520c4aed8d1')
  t.equal(elementIn(some, 'ObjectSize'), '4')
  t.equal(elementIn(some, 'StorageClass'), undefined)
  t.equal(elementIn(await asked('StorageClass'), 'StorageClass'), 'STANDARD')
  t.equal(elementIn(await asked('Colour'), 'Code'), 'InvalidArgument')
  t.equal(elementIn(await asked(''), 'Code'), 'InvalidRequest')
})

t.test('what a method or a parameter does not do is said so', async (t) => {
  const s3 = await bucket()
  const denied = await s3('POST', '/box/key')
  t.equal(denied.status, 405)
  t.equal(elementIn(denied, 'Code'), 'MethodNotAllowed')
  t.equal(elementIn(await s3('GET', '/box/key?torrent'), 'Code'), 'NotImplemented')
  t.equal(elementIn(await s3('DELETE', '/box?location'), 'Code'), 'MethodNotAllowed')
})
