/** Goal: large objects through the Swift door. Method: requests to a proxy over the store in memory. */
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { type Ask, askingAs, type Received, send, testProxy } from '../testing/test-proxy.ts'

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

interface Segment {
  readonly path?: string
  readonly data?: string
  readonly etag?: string | null
  readonly size_bytes?: number | null
  readonly range?: string
}

const SEGMENTS = { one: 'aaaaa', two: 'bbbbb', three: 'ccccc' }

async function segments(): Promise<Ask> {
  const ask = await askingAs(testProxy().handler, 'test:tester', 'testing')
  for (const container of ['segments', 'box']) await ask('PUT', `/${container}`, { body: '' })
  for (const [name, body] of Object.entries(SEGMENTS)) await ask('PUT', `/segments/${name}`, { body })
  return ask
}

function putManifest(
  ask: Ask,
  name: string,
  manifest: readonly Segment[] | string,
  headers = {},
): Promise<Received> {
  const body = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
  return ask('PUT', `/box/${name}?multipart-manifest=put`, { body, headers })
}

const ALL: readonly Segment[] = Object.keys(SEGMENTS).map((name) => ({ path: `/segments/${name}` }))
const JOINED = 'aaaaabbbbbccccc'
const JOINED_ETAG = md5(Object.values(SEGMENTS).map(md5).join(''))

t.test('segments are read as one object, by ranges too', async (t: Test) => {
  const ask = await segments()
  const made = await putManifest(ask, 'large', ALL, {
    'Content-Type': 'text/x-own',
    'X-Object-Meta-Colour': 'grey',
  })
  t.match(made, { status: 201, headers: { etag: `"${JOINED_ETAG}"` } })
  const read = await ask('GET', '/box/large')
  t.match(read, { status: 200, body: JOINED })
  t.match(read.headers, {
    'content-length': '15',
    'content-type': 'text/x-own',
    etag: `"${JOINED_ETAG}"`,
    'x-static-large-object': 'True',
    'x-object-meta-colour': 'grey',
  })
  t.match((await ask('HEAD', '/box/large')).headers, { 'content-length': '15', etag: `"${JOINED_ETAG}"` })
  const part = await ask('GET', '/box/large', { headers: { Range: 'bytes=3-11' } })
  t.match(part, {
    status: 206,
    body: 'aabbbbbcc',
    headers: { 'content-range': 'bytes 3-11/15', 'content-length': '9' },
  })
  t.match(await ask('GET', '/box/large', { headers: { Range: 'bytes=-1' } }), { status: 206, body: 'c' })
  t.match(await ask('GET', '/box/large', { headers: { Range: 'bytes=15-' } }), {
    status: 416,
    headers: { 'content-range': 'bytes */15' },
  })
  const parts = await ask('GET', '/box/large', { headers: { Range: 'bytes=4-5,10-10' } })
  t.equal(parts.status, 206)
  t.match(parts.headers['content-type'], /^multipart\/byteranges;boundary=/)
  t.equal(Number(parts.headers['content-length']), parts.body.length)
  t.match(parts.body, /bytes 4-5\/15\r\n\r\nab\r\n/)
  t.match(parts.body, /Content-Type: text\/x-own\r\nContent-Range: bytes 10-10\/15\r\n\r\nc\r\n/)
})

t.test('conditions are about the ETag of what is joined', async (t: Test) => {
  const ask = await segments()
  await putManifest(ask, 'large', ALL)
  const status = async (method: string, headers: Record<string, string>): Promise<number> =>
    (await ask(method, '/box/large', { headers })).status
  for (const method of ['GET', 'HEAD']) {
    t.equal(await status(method, { 'If-Match': JOINED_ETAG }), 200)
    t.equal(await status(method, { 'If-None-Match': `"${JOINED_ETAG}"` }), 304)
    t.equal(await status(method, { 'If-Match': md5('other') }), 412)
    t.equal(await status(method, { 'If-None-Match': md5('other') }), 200)
  }
  const put = (etag: string): Promise<Received> =>
    ask('PUT', '/box/large', { body: 'x', headers: { 'If-Match': etag } })
  t.equal((await put(md5('other'))).status, 412)
  t.equal((await put(JOINED_ETAG)).status, 201)
})

t.test('ranges of segments, inline data and nested manifests are joined', async (t: Test) => {
  const ask = await segments()
  const data = Buffer.from('<->').toString('base64')
  await putManifest(ask, 'inner', [
    { path: '/segments/one', range: '1-2' },
    { data },
    { path: 'segments/two', range: '-2' },
  ])
  t.equal((await ask('GET', '/box/inner')).body, 'aa<->bb')
  const outer = await putManifest(ask, 'outer', [
    { path: '/box/inner', range: '1-5' },
    { path: '/segments/three' },
    { path: '/box/inner' },
  ])
  t.equal(outer.status, 201)
  t.equal((await ask('GET', '/box/outer')).body, 'a<->bcccccaa<->bb')
  t.equal((await ask('GET', '/box/outer', { headers: { Range: 'bytes=2-12' } })).body, '->bcccccaa<')
  const inner = md5(`${md5('aaaaa')}:1-2;${md5('<->')}${md5('bbbbb')}:3-4;`)
  t.equal((await ask('HEAD', '/box/inner')).headers['etag'], `"${inner}"`)
})

t.test('what was said of a segment is held against what is stored', async (t: Test) => {
  const ask = await segments()
  const wrong: readonly Segment[] = [
    { path: '/segments/one', etag: md5('other') },
    { path: '/segments/two', size_bytes: 6 },
    { path: '/segments/three', range: '5-9' },
    { path: '/segments/none' },
    { path: '/none/at all' },
  ]
  const refused = await putManifest(ask, 'large', wrong, { Accept: 'application/json' })
  t.equal(refused.status, 400)
  t.same(JSON.parse(refused.body), {
    Errors: [
      ['/segments/one', 'Etag Mismatch'],
      ['/segments/two', 'Size Mismatch'],
      ['/segments/three', 'Unsatisfiable Range'],
      ['/segments/none', '404 Not Found'],
      ['/none/at%20all', '404 Not Found'],
    ],
  })
  t.equal((await ask('GET', '/box/large')).status, 404)
  const good = Object.entries(SEGMENTS).map(([name, body]) => ({
    path: `/segments/${name}`,
    etag: md5(body),
    size_bytes: 5,
  }))
  t.equal((await putManifest(ask, 'large', good, { ETag: md5('other') })).status, 422)
  t.equal((await putManifest(ask, 'large', good, { ETag: JOINED_ETAG })).status, 201)
})

t.test('input that is no manifest is refused in words', async (t: Test) => {
  const ask = await segments()
  const refusals: readonly (readonly [string, string | RegExp])[] = [
    ['nonsense', 'Manifest must be valid JSON.\n'],
    ['{}', 'Manifest must be a list.\n'],
    ['[1]', 'Index 0: not a JSON object\n'],
    ['[{"path": "/segments"}]', /path does not refer to an object/],
    ['[{"path": "/box/large"}]', 'Index 0: manifest must not include itself as a segment\n'],
    ['[{"path": "/segments/one", "colour": "grey"}]', 'Index 0: extraneous keys "colour"\n'],
    ['[{"path": "/segments/one", "range": "1-2,3-4"}]', /multiple ranges/],
    ['[{"path": "/segments/one", "size_bytes": 0}, {"path": "/segments/two"}]', /too small/],
    ['[{"data": "YQ=="}]', 'Inline data segments require at least one object-backed segment.\n'],
    ['[{"data": "?"}, {"path": "/segments/one"}]', 'Index 0: data must be valid base64\n'],
  ]
  for (const [input, text] of refusals) {
    t.match(await putManifest(ask, 'large', input), { status: 400, body: text }, input)
  }
  const many = Array.from({ length: 1001 }, () => ({ path: '/segments/one' }))
  t.equal((await putManifest(ask, 'large', many)).status, 413)
  t.equal(
    (await ask('PUT', '/box/x', { body: '', headers: { 'X-Static-Large-Object': 'True' } })).status,
    400,
  )
})

t.test('a manifest is given itself when it is asked for', async (t: Test) => {
  const ask = await segments()
  await putManifest(ask, 'large', [{ path: '/segments/one', range: '1-2' }, { path: '/segments/two' }])
  const stored = await ask('GET', '/box/large?multipart-manifest=get')
  t.equal(stored.headers['content-type'], 'application/json; charset=utf-8')
  t.match(JSON.parse(stored.body), [
    {
      name: '/segments/one',
      bytes: 5,
      hash: md5('aaaaa'),
      range: '1-2',
      content_type: 'application/octet-stream',
    },
    { name: '/segments/two', bytes: 5 },
  ])
  const raw = await ask('GET', '/box/large?multipart-manifest=get&format=raw')
  t.equal(
    raw.body,
    `[{"etag": "${md5('aaaaa')}", "path": "/segments/one", "range": "1-2", "size_bytes": 5}, ` +
      `{"etag": "${md5('bbbbb')}", "path": "/segments/two", "size_bytes": 5}]`,
  )
  t.equal(raw.headers['etag'], md5(raw.body))
  t.equal(
    (await putManifest(ask, 'again', raw.body)).headers['etag'],
    (await ask('HEAD', '/box/large')).headers['etag'],
  )
})

t.test('a large object whose segment has changed is a conflict, not other bytes', async (t: Test) => {
  const ask = await segments()
  await putManifest(ask, 'large', ALL)
  await ask('PUT', '/segments/one', { body: 'AAAAA' })
  t.equal((await ask('GET', '/box/large')).status, 409)
  t.match(await ask('GET', '/box/large', { headers: { Range: 'bytes=5-' } }), {
    status: 206,
    body: 'bbbbbccccc',
  })
  await ask('PUT', '/segments/one', { body: 'aaaaa' })
  await ask('DELETE', '/segments/two')
  await t.rejects(ask('GET', '/box/large'), 'the body breaks off')
})

t.test('a listing tells size and ETag of what is joined', async (t: Test) => {
  const ask = await segments()
  await putManifest(ask, 'large', ALL)
  const [row] = JSON.parse((await ask('GET', '/box?format=json')).body) as readonly Record<string, unknown>[]
  t.match(row, { name: 'large', bytes: 15, slo_etag: `"${JOINED_ETAG}"`, hash: /^[0-9a-f]{32}$/ })
})

t.test('a delete takes the segments with it when asked', async (t: Test) => {
  const ask = await segments()
  await putManifest(ask, 'inner', [{ path: '/segments/one' }, { path: '/segments/two' }])
  await putManifest(ask, 'outer', [
    { path: '/box/inner' },
    { path: '/segments/three' },
    { path: '/segments/two' },
  ])
  const accept = { Accept: 'application/json' }
  const deleted = await ask('DELETE', '/box/outer?multipart-manifest=delete', { headers: accept })
  t.equal(deleted.status, 200)
  t.same(JSON.parse(deleted.body), {
    'Response Status': '200 OK',
    'Response Body': '',
    'Number Deleted': 5,
    'Number Not Found': 1,
    Errors: [],
  })
  for (const container of ['box', 'segments']) t.equal((await ask('GET', `/${container}`)).body, '')
  const again = await ask('DELETE', '/box/outer?multipart-manifest=delete')
  t.equal(
    again.body,
    'Number Deleted: 0\nNumber Not Found: 1\nResponse Body: \nResponse Status: 200 OK\nErrors:\n',
  )
  await ask('PUT', '/box/plain', { body: 'x' })
  t.match(
    (await ask('DELETE', '/box/plain?multipart-manifest=delete')).body,
    /\/box\/plain, Not an SLO manifest\n/,
  )
  t.equal((await ask('GET', '/box/plain')).status, 200)
})

t.test('a dynamic large object is what a listing shows under a prefix', async (t: Test) => {
  const ask = await segments()
  const made = await ask('PUT', '/box/dynamic', { body: '', headers: { 'X-Object-Manifest': 'segments/t' } })
  t.equal(made.status, 201)
  const joined = 'cccccbbbbb'
  const etag = `"${md5(md5('ccccc') + md5('bbbbb'))}"`
  const read = await ask('GET', '/box/dynamic')
  t.match(read, {
    status: 200,
    body: joined,
    headers: { etag, 'x-object-manifest': 'segments/t', 'content-length': '10' },
  })
  t.match((await ask('HEAD', '/box/dynamic')).headers, { etag, 'content-length': '10' })
  t.match(await ask('GET', '/box/dynamic', { headers: { Range: 'bytes=4-5' } }), { status: 206, body: 'cb' })
  t.equal((await ask('GET', '/box/dynamic', { headers: { Range: 'bytes=10-' } })).status, 416)
  t.equal((await ask('GET', '/box/dynamic', { headers: { 'If-None-Match': etag } })).status, 304)
  t.equal((await ask('GET', '/box/dynamic', { headers: { 'If-Match': md5('') } })).status, 412)
  t.equal((await ask('GET', '/box/dynamic?multipart-manifest=get')).body, '')
  for (const bad of ['segments', '/segments/t', 'segments/', 'segments//t', 'segments/t?', 'a&/b']) {
    const refused = await ask('PUT', '/box/bad', { body: '', headers: { 'X-Object-Manifest': bad } })
    t.match(refused, { status: 400, body: 'X-Object-Manifest must be in the format container/prefix' }, bad)
  }
  await ask('PUT', '/box/empty', { body: '', headers: { 'X-Object-Manifest': 'segments/none' } })
  t.match(await ask('GET', '/box/empty'), { status: 200, body: '', headers: { etag: `"${md5('')}"` } })
})

t.test('/info tells the limits of manifests', async (t: Test) => {
  const { body } = await send(testProxy().handler, { target: '/info' })
  t.same(JSON.parse(body).slo, {
    max_manifest_segments: 1000,
    max_manifest_size: 8_388_608,
    yield_frequency: 10,
    min_segment_size: 1,
    allow_async_delete: true,
  })
})
