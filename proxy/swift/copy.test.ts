/** Goal: copies through the Swift door. Method: requests to a proxy over the store in memory. */
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { type Ask, askingAs, testProxy } from '../testing/test-proxy.ts'

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

interface Boxes {
  readonly ask: Ask
  /** Of another account's administrator; paths are about `AUTH_test` all the same. */
  readonly stranger: Ask
  readonly other: Ask
}

async function boxes(): Promise<Boxes> {
  const { handler } = testProxy()
  const ask = await askingAs(handler, 'test:tester', 'testing')
  const stranger = await askingAs(handler, 'test2:tester2', 'testing2')
  const other: Ask = (method, path, sending) =>
    stranger(method, path, { ...sending, target: `/v1/AUTH_test2${path}` })
  await ask('PUT', '/box', { body: '' })
  await other('PUT', '/theirs', { body: '' })
  await ask('PUT', '/box/source', {
    body: 'original',
    headers: { 'X-Object-Meta-Colour': 'grey', 'Content-Type': 'text/x-own', 'Content-Encoding': 'none' },
  })
  return { ask, stranger, other }
}

t.test('whoever may read an object may not write what looks like its parts', async (t: Test) => {
  const { ask, stranger } = await boxes()
  await ask('PUT', '/box+segments', { body: '' })
  await ask('POST', '/box', { headers: { 'X-Container-Read': '.r:*' } })
  const destination = `box+segments/source/${'0'.repeat(48)}/00001`
  t.equal((await stranger('GET', '/box/source')).status, 200)
  t.equal((await stranger('COPY', '/box/source', { headers: { destination } })).status, 403)
  t.equal((await ask('COPY', '/box/source', { headers: { destination } })).status, 201)
})

t.test('a copy has the bytes, the type and the metadata of its source', async (t: Test) => {
  const { ask } = await boxes()
  const copied = await ask('COPY', '/box/source', { headers: { Destination: 'box/t%C3%A4rget' } })
  t.match(copied, {
    status: 201,
    headers: {
      etag: md5('original'),
      'x-copied-from': 'box/source',
      'x-copied-from-account': 'AUTH_test',
      'x-copied-from-last-modified': /GMT$/,
      'x-object-meta-colour': 'grey',
    },
  })
  t.match(await ask('GET', '/box/t%C3%A4rget'), {
    body: 'original',
    headers: { 'content-type': 'text/x-own', 'x-object-meta-colour': 'grey', 'content-encoding': 'none' },
  })
})

t.test('what the request says stands in the place of what the source has', async (t: Test) => {
  const { ask } = await boxes()
  const own = { 'X-Object-Meta-Colour': 'red', 'X-Object-Meta-Size': 'xl', 'Content-Type': 'text/x-other' }
  const from = { 'X-Copy-From': '/box/source' }
  t.equal((await ask('PUT', '/box/target', { body: '', headers: { ...from, ...own } })).status, 201)
  t.match((await ask('HEAD', '/box/target')).headers, {
    'content-type': 'text/x-other',
    'x-object-meta-colour': 'red',
    'x-object-meta-size': 'xl',
    'content-encoding': 'none',
  })
  const fresh = { ...from, 'X-Fresh-Metadata': 'true', 'X-Object-Meta-Size': 's' }
  t.equal((await ask('PUT', '/box/target', { body: '', headers: fresh })).status, 201)
  const { headers } = await ask('HEAD', '/box/target')
  t.same(
    [
      headers['content-type'],
      headers['x-object-meta-colour'],
      headers['x-object-meta-size'],
      headers['content-encoding'],
    ],
    ['text/x-own', undefined, 's', undefined],
  )
})

t.test('ranges and conditions of a copy are about its source', async (t: Test) => {
  const { ask } = await boxes()
  const copy = async (headers: Record<string, string>): Promise<number> =>
    (await ask('COPY', '/box/source', { headers: { Destination: 'box/part', ...headers } })).status
  t.equal(await copy({ Range: 'bytes=1-3' }), 201)
  t.equal((await ask('GET', '/box/part')).body, 'rig')
  t.equal(await copy({ 'If-Match': md5('other') }), 412)
  t.equal(await copy({ 'If-None-Match': md5('original') }), 304)
  t.equal(await copy({ Range: 'bytes=100-' }), 416)
  t.equal(await copy({ 'If-Match': md5('original') }), 201)
})

t.test('a copy that is asked for wrongly is refused', async (t: Test) => {
  const { ask } = await boxes()
  const form = 'Destination header must be of the form <container name>/<object name>'
  t.match(await ask('COPY', '/box/source'), { status: 412, body: 'Destination header required' })
  t.match(await ask('COPY', '/box/source', { headers: { Destination: 'box' } }), { status: 412, body: form })
  t.equal((await ask('COPY', '/box/none', { headers: { Destination: 'box/x' } })).status, 404)
  t.equal((await ask('COPY', '/box/source', { headers: { Destination: 'none/x' } })).status, 404)
  const withBody = await ask('PUT', '/box/x', { body: 'x', headers: { 'X-Copy-From': 'box/source' } })
  t.match(withBody, { status: 400, body: 'Copy requests require a zero byte body' })
  const many = Object.fromEntries(Array.from({ length: 90 }, (_, at) => [`X-Object-Meta-N${at}`, 'x']))
  const crowded = await ask('COPY', '/box/source', { headers: { Destination: 'box/x', ...many } })
  t.match(crowded, { status: 400, body: 'Too many metadata items; max 90' })
  t.equal((await ask('GET', '/box/x')).status, 404)
})

t.test('whoever copies must be allowed to read the one and write the other', async (t: Test) => {
  const { ask, stranger, other } = await boxes()
  const theirs = { 'Destination-Account': 'AUTH_test2', Destination: 'theirs/x' }
  const copy = async (): Promise<number> =>
    (await stranger('COPY', '/box/source', { headers: theirs })).status
  t.equal(await copy(), 403, 'the source is not for strangers')
  await ask('POST', '/box', { headers: { 'X-Container-Read': 'nobody' } })
  t.equal(await copy(), 403, 'a group that is somebody else')
  await ask('POST', '/box', { headers: { 'X-Container-Read': 'test2:tester2' } })
  t.equal(await copy(), 201)
  t.equal((await other('GET', '/theirs/x')).body, 'original')
  t.equal(
    (await ask('COPY', '/box/source', { headers: theirs })).status,
    403,
    'nor is their container for us',
  )
  const from = { 'X-Copy-From-Account': 'AUTH_test', 'X-Copy-From': 'box/source' }
  t.equal((await other('PUT', '/theirs/y', { body: '', headers: from })).status, 201)
  await ask('POST', '/box', { headers: { 'X-Remove-Container-Read': 'x' } })
  t.equal((await other('PUT', '/theirs/z', { body: '', headers: from })).status, 403)
})

t.test('a large object is copied joined, or as a manifest of the same segments', async (t: Test) => {
  const { ask } = await boxes()
  const manifest = JSON.stringify([{ path: '/box/source', range: '0-3' }, { path: '/box/source' }])
  const made = await ask('PUT', '/box/large?multipart-manifest=put', {
    body: manifest,
    headers: { 'Content-Type': 'text/x-large' },
  })
  const joined = await ask('COPY', '/box/large', { headers: { Destination: 'box/joined' } })
  t.match(joined, { status: 201, headers: { etag: md5('origoriginal') } })
  const plain = await ask('GET', '/box/joined')
  t.match(plain, {
    body: 'origoriginal',
    headers: { 'content-type': 'text/x-large', etag: md5('origoriginal') },
  })
  t.equal(plain.headers['x-static-large-object'], undefined)
  const shared = await ask('COPY', '/box/large?multipart-manifest=get', {
    headers: { Destination: 'box/shared' },
  })
  t.match(shared, { status: 201, headers: { etag: made.headers['etag'] } })
  t.match(await ask('GET', '/box/shared'), {
    body: 'origoriginal',
    headers: { 'x-static-large-object': 'True', 'content-type': 'text/x-large' },
  })
  await ask('PUT', '/box/dynamic', { body: '', headers: { 'X-Object-Manifest': 'box/sou' } })
  await ask('COPY', '/box/dynamic', { headers: { Destination: 'box/d1' } })
  await ask('COPY', '/box/dynamic?multipart-manifest=get', { headers: { Destination: 'box/d2' } })
  const marks = ['d1', 'd2'].map(
    async (name) => (await ask('HEAD', `/box/${name}`)).headers['x-object-manifest'],
  )
  t.same(await Promise.all(marks), [undefined, 'box/sou'])
  t.equal((await ask('GET', '/box/d2')).body, 'original')
})

t.test('a link is copied as what it leads to, or as a link', async (t: Test) => {
  const { ask } = await boxes()
  await ask('PUT', '/box/link', { body: '', headers: { 'X-Symlink-Target': 'box/source' } })
  await ask('COPY', '/box/link', { headers: { Destination: 'box/followed' } })
  await ask('COPY', '/box/link?symlink=get', { headers: { Destination: 'box/again' } })
  await ask('PUT', '/box/source', { body: 'changed' })
  t.equal((await ask('GET', '/box/followed')).body, 'original')
  t.equal((await ask('GET', '/box/again')).body, 'changed')
})
