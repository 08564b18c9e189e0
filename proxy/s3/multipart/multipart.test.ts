import { createHash } from 'node:crypto'
import t from 'tap'
import { checksumOf } from '#base/checksums/checksum.ts'
import { silentLogger } from '#base/log.ts'
import { bufferBody } from '#http/message.ts'
import { elementIn, elementsIn, type S3Door, s3Door } from '../../testing/s3-door.ts'
import { askingAs, type Received } from '../../testing/test-proxy.ts'

const MIB = 1024 * 1024

/** A bucket, and an upload begun in it. */
async function begun(
  key = 'dir/key',
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly door: S3Door; readonly path: string; readonly uploadId: string }> {
  const door = s3Door()
  await door.s3('PUT', '/bucket')
  const path = `/bucket/${encodeURIComponent(key)}`
  const uploadId = await begin(door, path, headers)
  return { door, path, uploadId }
}

async function begin(
  door: S3Door,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const answer = await door.s3('POST', `${path}?uploads`, { headers })
  return elementIn(answer, 'UploadId') ?? `${answer.status} ${answer.body}`
}

function etagOf(body: Buffer | string): string {
  return createHash('md5').update(body).digest('hex')
}

function document(parts: readonly (readonly [number: number, etag: string])[]): string {
  const written = parts.map(
    ([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag></Part>`,
  )
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${written.join('')}</CompleteMultipartUpload>`
}

function codeOf(answer: Received): string | undefined {
  return elementIn(answer, 'Code')
}

await t.test('an object is uploaded in parts, listed on the way, and read whole and in ranges', async (t) => {
  const { door, path, uploadId } = await begun('dir/key', {
    'content-type': 'text/x',
    'x-amz-meta-colour': 'red',
    'x-amz-storage-class': 'STANDARD_IA',
  })
  const { s3 } = door
  const first = Buffer.alloc(5 * MIB, 'a')
  const [one, two] = [etagOf(first), etagOf('tail')]
  t.match(await s3('PUT', `${path}?partNumber=2&uploadId=${uploadId}`, { body: 'tail' }), {
    status: 200,
    headers: { etag: `"${two}"` },
  })
  t.equal((await s3('PUT', `${path}?partNumber=1&uploadId=${uploadId}`, { body: first })).status, 200)
  const uploads = await s3('GET', '/bucket?uploads')
  t.same(elementsIn(uploads, 'Key'), ['dir/key'])
  t.equal(elementIn(uploads, 'StorageClass'), 'STANDARD_IA')
  const [end, isTruncated] = [elementIn(uploads, 'NextUploadIdMarker'), elementIn(uploads, 'IsTruncated')]
  t.same([end, isTruncated], [uploadId, 'false'], 'where the page ended is told of the last one, too')
  t.same(elementsIn(await s3('GET', '/bucket?uploads&prefix=x'), 'Key'), [])
  const parts = await s3('GET', `${path}?uploadId=${uploadId}`)
  t.same(elementsIn(parts, 'PartNumber'), ['1', '2'])
  t.same(elementsIn(parts, 'Size'), [String(5 * MIB), '4'])
  const page = await s3('GET', `${path}?uploadId=${uploadId}&max-parts=1`)
  t.same([elementIn(page, 'IsTruncated'), elementIn(page, 'NextPartNumberMarker')], ['true', '1'])
  const none = await s3('GET', `${path}?uploadId=${uploadId}&max-parts=0`)
  t.same([elementIn(none, 'IsTruncated'), elementsIn(none, 'PartNumber')], ['false', []])
  const rest = await s3('GET', `${path}?uploadId=${uploadId}&part-number-marker=1`)
  t.same(elementsIn(rest, 'PartNumber'), ['2'])

  const body = document([
    [1, one],
    [2, two],
  ])
  const completed = await s3('POST', `${path}?uploadId=${uploadId}`, { body })
  const etag = `"${etagOf(Buffer.from(one + two, 'hex'))}-2"`
  t.equal(completed.status, 200)
  t.equal(elementIn(completed, 'ETag')?.replaceAll('&quot;', '"'), etag)
  t.equal(elementIn(completed, 'Location'), 'http://door.example/bucket/dir/key')
  t.match(await s3('HEAD', path), {
    status: 200,
    headers: {
      etag,
      'content-length': String(5 * MIB + 4),
      'content-type': 'text/x',
      'x-amz-meta-colour': 'red',
      'x-amz-storage-class': 'STANDARD_IA',
    },
  })
  t.match(await s3('GET', path, { headers: { range: 'bytes=-6' } }), { status: 206, body: 'aatail' })
  t.equal((await s3('GET', path, { headers: { 'if-none-match': etag } })).status, 304)
  t.equal((await s3('HEAD', path, { headers: { 'if-match': '"other"' } })).status, 412)
  const listed = await s3('GET', '/bucket?list-type=2')
  t.equal(elementIn(listed, 'StorageClass'), 'STANDARD_IA')
  t.same(elementsIn(listed, 'Size'), [String(5 * MIB + 4)])
  t.equal(elementIn(listed, 'ETag')?.replaceAll('&quot;', '"'), etag)
  t.same(elementsIn(await s3('GET', '/bucket?uploads'), 'Key'), [])

  t.equal((await s3('POST', `${path}?uploadId=${uploadId}`, { body })).status, 200, 'asked for again')
  t.equal(codeOf(await s3('GET', `${path}?uploadId=${uploadId}`)), 'NoSuchUpload')
  t.same(elementsIn(await s3('GET', '/'), 'Name'), ['bucket'], 'the container of the parts is no bucket')
})

await t.test('what is wrong with a list of parts has AWS’s code, and changes nothing', async (t) => {
  const { door, path, uploadId } = await begun()
  const { s3 } = door
  const complete = (body: string): Promise<Received> => s3('POST', `${path}?uploadId=${uploadId}`, { body })
  for (const number of [1, 2])
    await s3('PUT', `${path}?partNumber=${number}&uploadId=${uploadId}`, { body: 'x' })
  const etag = etagOf('x')
  t.equal(codeOf(await complete('<CompleteMultipartUpload/>')), 'MalformedXML')
  t.equal(codeOf(await complete('')), 'MalformedXML')
  t.equal(codeOf(await complete(document([[0, etag]]))), 'InvalidArgument')
  t.equal(codeOf(await complete('<What/>')), 'MalformedXML')
  t.equal(codeOf(await complete('nothing')), 'MalformedXML')
  t.equal(
    codeOf(
      await complete(
        document([
          [1, etag],
          [1, etag],
        ]),
      ),
    ),
    'InvalidPartOrder',
  )
  t.equal(
    codeOf(
      await complete(
        document([
          [2, etag],
          [1, etag],
        ]),
      ),
    ),
    'InvalidPartOrder',
  )
  t.equal(codeOf(await complete(document([[3, etag]]))), 'InvalidPart')
  t.equal(codeOf(await complete(document([[1, etagOf('y')]]))), 'InvalidPart')
  const invalid = await complete(document([[1, 'what']]))
  t.same(
    [codeOf(invalid), elementIn(invalid, 'ETag'), elementIn(invalid, 'PartNumber')],
    ['InvalidPart', 'what', '1'],
  )
  const small = await complete(
    document([
      [1, etag],
      [2, etag],
    ]),
  )
  t.equal(codeOf(small), 'EntityTooSmall')
  t.equal(elementIn(small, 'MinSizeAllowed'), String(5 * MIB))
  const lacking = document([
    [1, etag],
    [9, etag],
  ])
  t.equal(codeOf(await complete(lacking)), 'InvalidPart', 'which is told before a part is too small')
  t.equal((await s3('GET', path)).status, 404)
  t.equal((await complete(document([[2, etag]]))).status, 200)
  t.equal((await s3('GET', path)).body, 'x')
})

await t.test('parts and uploads that cannot be', async (t) => {
  const { door, path, uploadId } = await begun()
  const { s3 } = door
  t.equal(
    codeOf(await s3('PUT', `${path}?partNumber=0&uploadId=${uploadId}`, { body: 'x' })),
    'InvalidArgument',
  )
  t.equal(
    codeOf(await s3('PUT', `${path}?partNumber=10001&uploadId=${uploadId}`, { body: 'x' })),
    'InvalidArgument',
  )
  t.equal(
    codeOf(await s3('PUT', `${path}?partNumber=x&uploadId=${uploadId}`, { body: 'x' })),
    'InvalidArgument',
  )
  t.equal(codeOf(await s3('PUT', `${path}?partNumber=1&uploadId=what`, { body: 'x' })), 'NoSuchUpload')
  const unnumbered = await s3('PUT', `${path}?uploadId=${uploadId}`, { body: 'x' })
  t.match(unnumbered, { status: 405, headers: { allow: 'DELETE, POST, GET' } })
  const ofNone = await s3('PUT', `${path}?partNumber=1`, { body: 'x' })
  t.equal(elementIn(ofNone, 'Message'), 'This operation does not accept partNumber without uploadId')
  t.equal((await s3('GET', path)).status, 404, 'it has not become the object')
  t.equal(
    codeOf(await s3('PUT', `/bucket/other?partNumber=1&uploadId=${uploadId}`, { body: 'x' })),
    'NoSuchUpload',
  )
  const badMd5 = { 'content-md5': createHash('md5').update('y').digest('base64') }
  const bad = await s3('PUT', `${path}?partNumber=1&uploadId=${uploadId}`, { body: 'x', headers: badMd5 })
  t.equal(codeOf(bad), 'BadDigest')
  t.equal(elementIn(bad, 'CalculatedDigest'), createHash('md5').update('x').digest('base64'))
  t.same(elementsIn(await s3('GET', `${path}?uploadId=${uploadId}`), 'PartNumber'), [])
  t.equal((await s3('DELETE', `${path}?uploadId=${uploadId}`)).status, 204)
  t.equal(codeOf(await s3('DELETE', `${path}?uploadId=${uploadId}`)), 'NoSuchUpload')
  t.equal(
    codeOf(await s3('POST', `${path}?uploadId=${uploadId}`, { body: document([[1, etagOf('x')]]) })),
    'NoSuchUpload',
  )
})

await t.test('a part is a copy of an object, or of a range of it', async (t) => {
  const { door, path, uploadId } = await begun()
  const { s3 } = door
  await s3('PUT', '/bucket/source', { body: 'hello world' })
  const copy = (headers: Readonly<Record<string, string>>): Promise<Received> =>
    s3('PUT', `${path}?partNumber=1&uploadId=${uploadId}`, {
      headers: { 'x-amz-copy-source': '/bucket/source', ...headers },
    })
  const whole = await copy({})
  t.equal(elementIn(whole, 'ETag')?.replaceAll('&quot;', ''), etagOf('hello world'))
  t.equal(codeOf(await copy({ 'x-amz-copy-source-range': 'bytes=4-2' })), 'InvalidArgument')
  t.equal(codeOf(await copy({ 'x-amz-copy-source-range': 'bytes=4-' })), 'InvalidArgument')
  t.equal(codeOf(await copy({ 'x-amz-copy-source-range': 'bytes=4-11' })), 'InvalidArgument')
  t.equal(codeOf(await copy({ 'x-amz-copy-source-range': 'bytes=40-41' })), 'InvalidRequest')
  t.equal(codeOf(await copy({ 'x-amz-copy-source-if-match': '"other"' })), 'PreconditionFailed')
  t.equal(codeOf(await copy({ 'x-amz-copy-source': '/bucket/missing' })), 'NoSuchKey')
  const part = await copy({ 'x-amz-copy-source-range': 'bytes=6-10' })
  t.equal(elementIn(part, 'ETag')?.replaceAll('&quot;', ''), etagOf('world'))
  await s3('POST', `${path}?uploadId=${uploadId}`, { body: document([[1, etagOf('world')]]) })
  t.equal((await s3('GET', path)).body, 'world')
})

await t.test('an upload is completed on a condition', async (t) => {
  const { door, path, uploadId } = await begun()
  const { s3 } = door
  await s3('PUT', `${path}?partNumber=1&uploadId=${uploadId}`, { body: 'parts' })
  const complete = (headers: Readonly<Record<string, string>>): Promise<Received> =>
    s3('POST', `${path}?uploadId=${uploadId}`, { headers, body: document([[1, etagOf('parts')]]) })
  t.equal(codeOf(await complete({ 'if-match': '"what"' })), 'NoSuchKey')
  const { headers } = await s3('PUT', path, { body: 'there' })
  t.equal(codeOf(await complete({ 'if-none-match': '*' })), 'PreconditionFailed')
  t.equal(codeOf(await complete({ 'if-match': '"what"' })), 'PreconditionFailed')
  const unknown = await complete({ 'if-none-match': '"what"' })
  t.equal(codeOf(unknown), 'NotImplemented')
  t.equal(elementIn(unknown, 'Header'), 'If-None-Match')
  const two = await complete({ 'if-none-match': '*', 'if-match': '"what"' })
  t.equal(codeOf(two), 'NotImplemented')
  t.equal(elementIn(two, 'Header'), 'If-Match,If-None-Match')
  t.equal((await s3('GET', path)).body, 'there')
  t.equal((await complete({ 'if-match': String(headers['etag']) })).status, 200)
  t.equal((await s3('GET', path)).body, 'parts')
})

await t.test('checksums of parts make that of the object', async (t) => {
  const whole = Buffer.concat([Buffer.alloc(5 * MIB, 'a'), Buffer.from('tail')])
  const bodies = [whole.subarray(0, 5 * MIB), whole.subarray(5 * MIB)]
  for (const [algorithm, type] of [
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32', 'COMPOSITE'],
    ['SHA256', 'COMPOSITE'],
    ['SHA512', 'COMPOSITE'],
    ['CRC64NVME', 'FULL_OBJECT'],
  ] as const) {
    const { door, path, uploadId } = await begun('key', {
      'x-amz-checksum-algorithm': algorithm,
      'x-amz-checksum-type': type,
    })
    const { s3 } = door
    const header = `x-amz-checksum-${algorithm.toLowerCase()}`
    for (const [at, body] of bodies.entries()) {
      const target = `${path}?partNumber=${at + 1}&uploadId=${uploadId}`
      const without = await s3('PUT', target, { body })
      if (type === 'COMPOSITE') {
        t.equal(
          elementIn(without, 'Message'),
          `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: null`,
        )
      } else {
        t.equal(without.headers[header], checksumOf(algorithm, body), 'it is computed where none is sent')
      }
      const other = { 'x-amz-checksum-sha1': checksumOf('SHA1', body) }
      t.match(elementIn(await s3('PUT', target, { body, headers: other }), 'Message'), /Type: sha1$/)
      const headers = { [header]: checksumOf(algorithm, body) }
      t.match((await s3('PUT', target, { body, headers })).headers, headers)
    }
    const listed = await s3('GET', `${path}?uploadId=${uploadId}`)
    t.equal(elementIn(listed, 'ChecksumType'), type)
    t.same(
      elementsIn(listed, `Checksum${algorithm}`),
      bodies.map((body) => checksumOf(algorithm, body)),
    )
    const joined = Buffer.concat(bodies.map((body) => Buffer.from(checksumOf(algorithm, body), 'base64')))
    const expected =
      type === 'FULL_OBJECT' ? checksumOf(algorithm, whole) : `${checksumOf(algorithm, joined)}-2`
    const wanted = { [header]: checksumOf(algorithm, Buffer.from('no')) }
    const bare = document(bodies.map((one, at) => [at + 1, etagOf(one)] as const))
    const body = bodies.reduce((xml, one, at) => {
      const stated = `<Checksum${algorithm}>${checksumOf(algorithm, one)}</Checksum${algorithm}>`
      return xml.replace(`<PartNumber>${at + 1}</PartNumber>`, `$&${stated}`)
    }, bare)
    const unstated = await s3('POST', `${path}?uploadId=${uploadId}`, { body: bare, headers: wanted })
    if (type === 'COMPOSITE')
      t.match(elementIn(unstated, 'Message'), /It was missing for part 1 in the request/)
    else t.equal(codeOf(unstated), 'BadDigest')
    t.equal(codeOf(await s3('POST', `${path}?uploadId=${uploadId}`, { body, headers: wanted })), 'BadDigest')
    const completed = await s3('POST', `${path}?uploadId=${uploadId}`, { body })
    t.equal(elementIn(completed, `Checksum${algorithm}`), expected, `${algorithm} ${type}`)
    const asked = { 'x-amz-object-attributes': 'Checksum' }
    const attributes = await s3('GET', `${path}?attributes`, { headers: asked })
    t.equal(elementIn(attributes, `Checksum${algorithm}`), expected.replace('-2', ''), 'without its parts')
    const head = await s3('HEAD', path, { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    t.match(head.headers, {
      [header]: expected,
      'x-amz-checksum-type': type,
    })
    const part = await s3('GET', `${path}?partNumber=2`, { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    t.match(part, {
      status: 206,
      body: 'tail',
      headers: { [header]: checksumOf(algorithm, bodies[1] as Buffer) },
    })
  }
})

await t.test('a checksum that cannot be asked for', async (t) => {
  const { door, path } = await begun()
  const ask = async (headers: Readonly<Record<string, string>>): Promise<string | undefined> =>
    codeOf(await door.s3('POST', `${path}?uploads`, { headers }))
  t.equal(await ask({ 'x-amz-checksum-algorithm': 'MD4' }), 'InvalidRequest')
  t.equal(
    await ask({ 'x-amz-checksum-algorithm': 'SHA1', 'x-amz-checksum-type': 'FULL_OBJECT' }),
    'InvalidRequest',
  )
  t.equal(
    await ask({ 'x-amz-checksum-algorithm': 'CRC64NVME', 'x-amz-checksum-type': 'COMPOSITE' }),
    'InvalidRequest',
  )
  t.equal(await ask({ 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'SUM' }), 'InvalidRequest')
})

await t.test('a copy of a large object has bytes of its own, whatever the object was made of', async (t) => {
  const door = s3Door()
  const { s3, handler } = door
  await s3('PUT', '/bucket')
  for (const piece of ['1', '2']) await s3('PUT', `/bucket/piece/${piece}`, { body: piece })
  const manifest = JSON.stringify([{ path: '/bucket/piece/1' }, { path: '/bucket/piece/2' }])
  const swift = await askingAs(handler, 'test:tester', 'testing')
  const made = [
    await swift('PUT', '/bucket/static?multipart-manifest=put', { body: manifest }),
    await swift('PUT', '/bucket/dynamic', { headers: { 'x-object-manifest': 'bucket/piece/' }, body: '' }),
  ]
  t.same(
    made.map(({ status }) => status),
    [201, 201],
  )
  const uploadId = await begin(door, '/bucket/parts')
  await s3('PUT', `/bucket/parts?partNumber=1&uploadId=${uploadId}`, { body: '12' })
  const body = document([[1, etagOf('12')]])
  t.equal((await s3('POST', `/bucket/parts?uploadId=${uploadId}`, { body })).status, 200)
  const sources = ['static', 'dynamic', 'parts']
  for (const source of sources) {
    const headers = { 'x-amz-copy-source': `/bucket/${source}` }
    t.equal((await s3('PUT', `/bucket/copy-of-${source}`, { headers })).status, 200, source)
  }
  for (const source of sources) await swift('DELETE', `/bucket/${source}?multipart-manifest=delete`)
  const hidden = await swift('GET', '/bucket+segments?format=json')
  const left = hidden.status === 200 ? (JSON.parse(hidden.body) as { readonly name: string }[]) : []
  for (const { name } of left) await swift('DELETE', `/bucket+segments/${encodeURIComponent(name)}`)
  for (const piece of ['1', '2']) await s3('DELETE', `/bucket/piece/${piece}`)
  for (const source of sources) {
    t.match(await s3('GET', `/bucket/copy-of-${source}`), { status: 200, body: '12' }, source)
  }
})

const PARTS_MOST = 10_000

await t.test('ten thousand parts make one object, and one more cannot be', async (t) => {
  const { door, path, uploadId } = await begun('most')
  const { s3, deps } = door
  const context = { txId: 'tx', signal: undefined, log: silentLogger }
  const named = { name: { account: 'AUTH_test', container: 'bucket', object: 'most' }, uploadId }
  const parts: { readonly number: number; readonly etag: string }[] = []
  for (let number = 1; number <= PARTS_MOST; number += 1) {
    const body = bufferBody(Buffer.from(String(number).padStart(5, '0')))
    const part = { number, body, expectedEtag: undefined, limitBytes: 5 }
    const stored = await deps.multipart.putPart(context, named, part)
    if (stored.kind !== 'stored') throw new Error(stored.kind)
    parts.push({ number, etag: stored.etag })
  }
  const list = (all: typeof parts): string => document(all.map(({ number, etag }) => [number, etag]))
  const complete = (body: string): Promise<Received> => s3('POST', `${path}?uploadId=${uploadId}`, { body })
  const last = parts.at(-1)?.etag ?? ''
  t.equal(codeOf(await complete(list([...parts, { number: PARTS_MOST + 1, etag: last }]))), 'MalformedXML')
  t.equal(codeOf(await complete(list(parts))), 'EntityTooSmall', 'all of them were read')
  const page = await s3('GET', `${path}?uploadId=${uploadId}&part-number-marker=9998`)
  t.same(elementsIn(page, 'PartNumber'), ['9999', '10000'])
  // Ten thousand parts of 5 MiB have no room in a test.
  const completed = await deps.multipart.complete<never>(context, {
    ...named,
    parts,
    partBytesMin: 1,
    describe: () => ({ kind: 'described', metadata: {} }),
  })
  t.match(completed, { kind: 'completed', sizeBytes: PARTS_MOST * 5, etag: /-10000$/ })
  t.match(await s3('GET', path, { headers: { range: 'bytes=49993-' } }), { status: 206, body: '9910000' })
  t.match(await s3('GET', `${path}?partNumber=10000`), {
    status: 206,
    body: '10000',
    headers: { 'x-amz-mp-parts-count': '10000' },
  })
  t.equal((await s3('GET', path)).body, parts.map(({ number }) => String(number).padStart(5, '0')).join(''))
})
