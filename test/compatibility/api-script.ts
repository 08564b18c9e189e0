/**
 * A compact tour of the Swift API over plain HTTP, with answers that OpenStack Swift and Martlet both give, whoever
 * stands behind the proxy. `test/differential/` compares in depth; this is about the wire between proxy and storage.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { type Answer, Session, send, TESTER, until } from '#test/session.ts'

const MIB = 1024 * 1024

/** Leaves nothing behind. `settle` makes storage servers report container statistics where they do so only now and then. */
export async function askApi(t: Test, url: string, settle: () => Promise<unknown>): Promise<void> {
  const session = await Session.signIn(url, TESTER)
  await t.test('containers', (t) => containers(t, session))
  await t.test('an object: metadata, conditions, ranges', (t) => oneObject(t, session))
  await t.test('POST replaces metadata and the content type', (t) => post(t, session))
  await t.test('bodies of unknown and of large size', (t) => bodies(t, session))
  await t.test('a manifest over segments', (t) => segments(t, session))
  await t.test('an object that goes by itself', (t) => expiry(t, session))
  await t.test('listings', (t) => listings(t, session))
  await t.test('a second storage policy', (t) => policy(t, session))
  await t.test('an account', (t) => account(t, session, settle))
}

/** UTF-8 as header values carry it. */
function bytesAsText(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function headersOf({ headers }: Answer, ...names: string[]): unknown[] {
  return names.map((name) => headers[name])
}

function md5(bytes: Buffer | string): string {
  return createHash('md5').update(bytes).digest('hex')
}

async function containers(t: Test, session: Session): Promise<void> {
  const ask = async (method: string, headers: Record<string, string> = {}): Promise<Answer> =>
    await session.request(method, '/c%C3%B6ntainer', { headers })
  t.equal((await ask('GET')).status, 404)
  t.equal((await ask('PUT', { 'x-container-meta-colour': 'grey', 'x-container-read': '.r:*' })).status, 201)
  t.equal((await ask('PUT')).status, 202)
  t.equal((await ask('POST', { 'x-container-meta-size': 'xl', 'x-remove-container-read': 'x' })).status, 204)
  const head = await ask('HEAD')
  t.equal(head.status, 204)
  t.same(headersOf(head, 'x-container-meta-colour', 'x-container-meta-size', 'x-container-read'), [
    'grey',
    'xl',
    undefined,
  ])
  t.same(headersOf(head, 'x-container-object-count', 'x-container-bytes-used', 'x-storage-policy'), [
    '0',
    '0',
    'Policy-0',
  ])
  t.equal((await session.request('PUT', '/c%C3%B6ntainer/thing', { body: Buffer.from('thing') })).status, 201)
  t.equal((await ask('DELETE')).status, 409)
  t.equal((await session.request('DELETE', '/c%C3%B6ntainer/thing')).status, 204)
  t.equal((await ask('DELETE')).status, 204)
  t.equal((await ask('HEAD')).status, 404)
  t.equal((await ask('DELETE')).status, 404)
}

async function oneObject(t: Test, session: Session): Promise<void> {
  const ask = (method: string, headers: Record<string, string> = {}, body?: Buffer): Promise<Answer> =>
    session.request(method, '/box/an%20%C3%B6bject%3F', { headers, ...(body === undefined ? {} : { body }) })
  const content = Buffer.from('0123456789')
  const etag = md5(content)
  t.equal((await ask('PUT', {}, content)).status, 404, 'no container, no object')
  await session.request('PUT', '/box')
  t.equal((await ask('GET')).status, 404)
  t.equal((await ask('PUT', { etag: md5('other') }, content)).status, 422)
  t.equal((await ask('GET')).status, 404, 'what arrived wrong is not stored')
  const own = {
    'x-object-meta-colour': bytesAsText('grün'),
    'content-type': 'text/x-test',
    'content-encoding': 'none',
  }
  const put = await ask('PUT', { ...own, etag }, content)
  t.same([put.status, put.headers['etag']], [201, etag])

  for (const headers of [{}, { 'x-newest': 'true' }] as Record<string, string>[]) {
    const get = await ask('GET', headers)
    t.same([get.status, get.body.toString()], [200, '0123456789'])
    t.same(headersOf(get, 'etag', 'content-type', 'content-encoding', 'content-length', 'accept-ranges'), [
      etag,
      'text/x-test',
      'none',
      '10',
      'bytes',
    ])
    t.equal(get.headers['x-object-meta-colour'], bytesAsText('grün'))
    const head = await ask('HEAD', headers)
    t.same([head.status, head.headers['content-length'], head.headers['etag']], [200, '10', etag])
  }

  const ranged = await ask('GET', { range: 'bytes=2-4' })
  t.same(
    [ranged.status, ranged.body.toString(), ranged.headers['content-range']],
    [206, '234', 'bytes 2-4/10'],
  )
  t.equal((await ask('GET', { range: 'bytes=-3' })).body.toString(), '789')
  const several = await ask('GET', { range: 'bytes=0-1,5-6' })
  t.same(
    [several.status, String(several.headers['content-type']).startsWith('multipart/byteranges')],
    [206, true],
  )
  t.match(several.body.toString(), /bytes 0-1\/10\r\n\r\n01\r\n[^]*bytes 5-6\/10\r\n\r\n56\r\n/)
  t.equal((await ask('GET', { range: 'bytes=20-' })).status, 416)

  const modified = String((await ask('HEAD')).headers['last-modified'])
  t.equal((await ask('GET', { 'if-none-match': etag })).status, 304)
  t.equal((await ask('GET', { 'if-match': 'other' })).status, 412)
  t.equal((await ask('GET', { 'if-match': `"${etag}"` })).status, 200)
  t.equal((await ask('GET', { 'if-modified-since': modified })).status, 304)
  t.equal((await ask('GET', { 'if-unmodified-since': 'Thu, 01 Jan 1998 00:00:00 GMT' })).status, 412)
  t.equal((await ask('PUT', { 'if-none-match': '*' }, content)).status, 412)

  const overwritten = Buffer.from('later')
  t.equal((await ask('PUT', {}, overwritten)).status, 201)
  t.equal((await ask('GET', { 'x-newest': 'true' })).body.toString(), 'later')
  t.equal((await ask('DELETE')).status, 204)
  t.equal((await ask('GET')).status, 404)
  t.equal((await ask('DELETE')).status, 404)
  t.equal((await ask('POST')).status, 404)
  t.equal((await ask('PUT', { 'if-none-match': '*' }, content)).status, 201, 'a condition that holds')
  t.equal((await ask('DELETE')).status, 204)
  t.equal((await session.request('DELETE', '/box')).status, 204)
}

async function post(t: Test, session: Session): Promise<void> {
  await session.request('PUT', '/box')
  const ask = (method: string, headers: Record<string, string> = {}): Promise<Answer> =>
    session.request(method, '/box/thing', { headers })
  await session.request('PUT', '/box/thing', {
    body: Buffer.from('thing'),
    headers: { 'content-type': 'text/plain', 'x-object-meta-old': 'old' },
  })
  t.equal((await ask('POST', { 'x-object-meta-new': 'new', 'content-type': 'text/x-changed' })).status, 202)
  const head = await ask('HEAD')
  t.same(headersOf(head, 'content-type', 'x-object-meta-old', 'x-object-meta-new', 'etag'), [
    'text/x-changed',
    undefined,
    'new',
    md5('thing'),
  ])
  await until(t, 'the listing shows the new content type', async () => {
    const [row] = await listed(session, '/box?format=json')
    return row?.['content_type'] === 'text/x-changed' && row['hash'] === md5('thing') && row['bytes'] === 5
  })
  t.equal((await ask('POST', { 'x-object-meta-third': 'third' })).status, 202)
  t.equal((await ask('GET')).headers['content-type'], 'text/x-changed', 'a POST without one keeps it')
  await ask('DELETE')
  t.equal((await session.request('DELETE', '/box')).status, 204)
}

async function bodies(t: Test, session: Session): Promise<void> {
  await session.request('PUT', '/box')
  const content = randomBytes(3 * MIB + 17)
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < content.length; at += 100_000) yield content.subarray(at, at + 100_000)
  }
  const chunked = await session.request('PUT', '/box/chunked', { body: pieces() })
  t.same([chunked.status, chunked.headers['etag']], [201, md5(content)])
  const waited = await session.request('PUT', '/box/large', {
    body: content,
    headers: { etag: md5(content) },
  })
  t.equal(waited.status, 201)
  for (const path of ['/box/chunked', '/box/large']) {
    const get = await session.request('GET', path)
    t.ok(get.body.equals(content), `${path} comes back whole`)
    const part = await session.request('GET', path, { headers: { range: `bytes=${MIB - 5}-${2 * MIB + 5}` } })
    t.ok(part.body.equals(content.subarray(MIB - 5, 2 * MIB + 6)), `${path} comes back in part`)
  }
  const wrong = await session.request('PUT', '/box/wrong', { body: content, headers: { etag: md5('other') } })
  t.equal(wrong.status, 422)
  const empty = await session.request('PUT', '/box/empty', { headers: { 'content-length': '0' } })
  t.same([empty.status, empty.headers['etag']], [201, md5('')])
  t.equal((await session.request('GET', '/box/empty')).body.length, 0)
  for (const name of ['chunked', 'large', 'empty']) await session.request('DELETE', `/box/${name}`)
  t.equal((await session.request('DELETE', '/box')).status, 204)
}

/** Large objects are the proxy's; ours has none yet. */
async function segments(t: Test, session: Session): Promise<void> {
  const info = JSON.parse((await send('GET', session.url, '/info')).body.toString()) as object
  if (!('slo' in info)) return void t.pass('this proxy has no large objects', { skip: 'no slo in /info' })
  await session.request('PUT', '/box')
  const parts = [Buffer.alloc(MIB, 'a'), Buffer.from('bcd')]
  for (const [at, body] of parts.entries()) await session.request('PUT', `/box/part-${at}`, { body })
  const manifest = parts.map((body, at) => {
    return { path: `/box/part-${at}`, etag: md5(body), size_bytes: body.length }
  })
  const put = await session.request('PUT', '/box/whole?multipart-manifest=put', {
    body: Buffer.from(JSON.stringify(manifest)),
  })
  t.equal(put.status, 201)
  const get = await session.request('GET', '/box/whole')
  t.ok(get.body.equals(Buffer.concat(parts)))
  const range = await session.request('GET', '/box/whole', { headers: { range: `bytes=${MIB - 1}-${MIB}` } })
  t.equal(range.body.toString(), 'ab')
  const slo = { prefix: 'part-', 'x-object-manifest': 'box/part-' }
  await session.request('PUT', '/box/dynamic', { headers: { ...slo, 'content-length': '0' } })
  t.ok((await session.request('GET', '/box/dynamic')).body.equals(Buffer.concat(parts)))
  const [row] = (await listed(session, '/box?format=json')).filter(({ name }) => name === 'whole')
  t.equal(row?.['bytes'], MIB + 3, 'the listing shows the size of the whole')
  t.equal((await session.request('DELETE', '/box/whole?multipart-manifest=delete')).status, 200)
  t.equal((await session.request('GET', '/box/part-0')).status, 404)
  await session.request('DELETE', '/box/dynamic')
  t.equal((await session.request('DELETE', '/box')).status, 204)
}

async function expiry(t: Test, session: Session): Promise<void> {
  await session.request('PUT', '/box')
  const at = Math.ceil(Date.now() / 1000) + 2
  const put = await session.request('PUT', '/box/brief', {
    body: Buffer.from('brief'),
    headers: { 'x-delete-at': String(at) },
  })
  t.equal(put.status, 201)
  t.equal((await session.request('HEAD', '/box/brief')).headers['x-delete-at'], String(at))
  await session.request('PUT', '/box/longer', {
    body: Buffer.from('longer'),
    headers: { 'x-delete-after': '1000' },
  })
  t.match(String((await session.request('HEAD', '/box/longer')).headers['x-delete-at']), /^\d{10}$/)
  t.equal(
    (await session.request('POST', '/box/longer', { headers: { 'x-delete-at': String(at) } })).status,
    202,
  )
  await until(t, 'they are gone when their time has come', async () => {
    const answers = await Promise.all([
      session.request('GET', '/box/brief'),
      session.request('HEAD', '/box/longer'),
    ])
    return answers.every(({ status }) => status === 404)
  })
  t.equal((await session.request('POST', '/box/brief')).status, 404)
  await session.request('DELETE', '/box/brief')
  await session.request('DELETE', '/box/longer')
  await until(
    t,
    'their container can go',
    async () => (await session.request('DELETE', '/box')).status === 204,
  )
}

async function listings(t: Test, session: Session): Promise<void> {
  await session.request('PUT', '/box')
  const names = ['a', 'b/1', 'b/2', 'b/c/3', 'd', 'é', '日本']
  for (const name of names) {
    await session.request('PUT', `/box/${encodeURIComponent(name)}`, { body: Buffer.from(name) })
  }
  const shown = async (query: string): Promise<string[]> =>
    (await listed(session, `/box?format=json&${query}`)).map((row) => String(row['name'] ?? row['subdir']))
  await until(t, 'all are listed', async () => (await shown('')).length === names.length)
  t.same(await shown(''), names)
  t.same(await shown('reverse=on&limit=3'), ['日本', 'é', 'd'])
  t.same(await shown('marker=a&end_marker=d'), ['b/1', 'b/2', 'b/c/3'])
  t.same(await shown('delimiter=/'), ['a', 'b/', 'd', 'é', '日本'])
  t.same(await shown('prefix=b/&delimiter=/'), ['b/1', 'b/2', 'b/c/'])
  t.same(await shown('path=b'), ['b/1', 'b/2'])
  const [first] = await listed(session, '/box?format=json&limit=1')
  t.same(
    [first?.['bytes'], first?.['hash'], first?.['content_type']],
    [1, md5('a'), 'application/octet-stream'],
  )
  t.match(String(first?.['last_modified']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
  t.equal((await session.request('GET', '/box')).body.toString(), `${names.join('\n')}\n`)
  t.match((await session.request('GET', '/box?format=xml')).body.toString(), /<name>日本<\/name>/)
  const head = await session.request('HEAD', '/box')
  t.same(headersOf(head, 'x-container-object-count', 'x-container-bytes-used'), ['7', '21'])
  for (const name of names) await session.request('DELETE', `/box/${encodeURIComponent(name)}`)
  await until(t, 'the container can go', async () => (await session.request('DELETE', '/box')).status === 204)
}

async function policy(t: Test, session: Session): Promise<void> {
  const ask = (method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    session.request(method, path, { headers })
  t.equal((await ask('PUT', '/cheap', { 'x-storage-policy': 'silver' })).status, 201)
  t.equal((await ask('PUT', '/cheap', { 'x-storage-policy': 'Policy-0' })).status, 409)
  t.equal((await ask('HEAD', '/cheap')).headers['x-storage-policy'], 'silver')
  t.equal((await session.request('PUT', '/cheap/thing', { body: Buffer.from('thing') })).status, 201)
  t.equal((await ask('GET', '/cheap/thing')).body.toString(), 'thing')
  t.equal((await ask('DELETE', '/cheap/thing')).status, 204)
  t.equal((await ask('DELETE', '/cheap')).status, 204)
}

async function account(t: Test, session: Session, settle: () => Promise<unknown>): Promise<void> {
  const ask = (method: string, path = '', headers: Record<string, string> = {}): Promise<Answer> =>
    session.request(method, path, { headers })
  for (const name of ['one', 'two', 'two-b']) await ask('PUT', `/${name}`)
  await session.request('PUT', '/two/thing', { body: Buffer.from('thing') })
  t.equal((await ask('POST', '', { 'x-account-meta-owner': 'jay' })).status, 204)
  t.equal((await ask('HEAD')).headers['x-account-meta-owner'], 'jay')
  await settle()
  await until(t, 'the account counts containers and objects', async () => {
    const { headers } = await ask('HEAD')
    const rows = await listed(session, '?format=json')
    const two = rows.find(({ name }) => name === 'two')
    return (
      headers['x-account-container-count'] === '3' &&
      headers['x-account-object-count'] === '1' &&
      headers['x-account-bytes-used'] === '5' &&
      two?.['count'] === 1 &&
      two['bytes'] === 5
    )
  })
  t.same(
    (await listed(session, '?format=json&prefix=two')).map(({ name }) => name),
    ['two', 'two-b'],
  )
  t.same(
    (await listed(session, '?format=json&delimiter=-')).map(({ name, subdir }) => name ?? subdir),
    ['one', 'two', 'two-'],
  )
  await ask('DELETE', '/two/thing')
  for (const name of ['one', 'two', 'two-b']) {
    await until(t, `${name} is gone`, async () => (await ask('DELETE', `/${name}`)).status === 204)
  }
  await until(
    t,
    'the account lists nothing',
    async () => (await listed(session, '?format=json')).length === 0,
  )
}

async function listed(session: Session, path: string): Promise<readonly Record<string, unknown>[]> {
  const answer = await session.request('GET', path)
  return answer.status === 200 ? (JSON.parse(answer.body.toString()) as Record<string, unknown>[]) : []
}
