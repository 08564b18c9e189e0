import t from 'tap'
import { contentMd5, elementIn, elementsIn, type S3Door, s3Door } from '../../testing/s3-door.ts'
import type { Received } from '../../testing/test-proxy.ts'

type Status = 'Enabled' | 'Suspended'

function configuration(status: string): string {
  return `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>${status}</Status></VersioningConfiguration>`
}

/** A bucket, and what is asked of it again and again. */
async function bucket(status?: Status): Promise<Asked> {
  const door = s3Door()
  await door.s3('PUT', '/bucket')
  const asked = new Asked(door)
  if (status !== undefined) await asked.turn(status)
  return asked
}

class Asked {
  readonly s3: S3Door['s3']
  readonly s3As: S3Door['s3As']

  constructor({ s3, s3As }: S3Door) {
    this.s3 = s3
    this.s3As = s3As
  }

  turn(status: Status): Promise<Received> {
    return this.s3('PUT', '/bucket?versioning', { body: configuration(status) })
  }

  async put(key: string, body: string): Promise<string | undefined> {
    return header(await this.s3('PUT', `/bucket/${key}`, { body }), 'x-amz-version-id')
  }

  async text(key: string, versionId?: string): Promise<string> {
    const query = versionId === undefined ? '' : `?versionId=${versionId}`
    const got = await this.s3('GET', `/bucket/${key}${query}`)
    return got.status === 200 ? got.body : `${got.status} ${elementIn(got, 'Code')}`
  }

  delete(key: string, versionId?: string): Promise<Received> {
    return this.s3('DELETE', `/bucket/${key}${versionId === undefined ? '' : `?versionId=${versionId}`}`)
  }

  /** What is listed: `key id` of versions, `key id x` of markers, `*` behind the latest. */
  async listed(query = '', names: ReadonlyMap<string, string> = new Map()): Promise<readonly string[]> {
    const answer = await this.s3('GET', `/bucket?versions${query}`)
    return [...answer.body.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/g)].map(([, kind, inner = '']) => {
      const one = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(inner)?.[1] ?? ''
      const id = names.get(one('VersionId')) ?? one('VersionId')
      return `${one('Key')} ${id}${kind === 'Version' ? '' : ' x'}${one('IsLatest') === 'true' ? ' *' : ''}`
    })
  }
}

function header({ headers }: Received, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

await t.test('versioning is turned on and off, and told', async (t) => {
  const asked = await bucket()
  const { s3 } = asked
  t.equal(elementIn(await s3('GET', '/bucket?versioning'), 'Status'), undefined)
  for (const status of ['Enabled', 'Suspended'] as const) {
    t.equal((await asked.turn(status)).status, 200)
    t.equal(elementIn(await asked.s3('GET', '/bucket?versioning'), 'Status'), status)
  }
  const send = async (body: string): Promise<string | undefined> =>
    elementIn(await s3('PUT', '/bucket?versioning', { body }), 'Code')
  t.equal(await send(configuration('On')), 'MalformedXML')
  t.equal(await send('<VersioningConfiguration/>'), 'IllegalVersioningConfigurationException')
  t.equal(
    await send(
      '<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>',
    ),
    'NotImplemented',
  )
  t.equal(await send('<Other/>'), 'MalformedXML')
})

await t.test(
  'every PUT makes a version, a DELETE makes a marker, and all can be read and listed',
  async (t) => {
    const asked = await bucket('Enabled')
    const one = await asked.put('o', 'one')
    const two = await asked.put('o', 'two')
    t.ok(one !== undefined && two !== undefined && one !== two)
    t.same([await asked.text('o'), await asked.text('o', one)], ['two', 'one'])
    t.equal(header(await asked.s3('HEAD', '/bucket/o'), 'x-amz-version-id'), two)
    const deleted = await asked.delete('o')
    t.match(deleted, { status: 204, headers: { 'x-amz-delete-marker': 'true' } })
    const marker = header(deleted, 'x-amz-version-id')
    const gone = await asked.s3('GET', '/bucket/o')
    t.match(gone, { status: 404, headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker } })
    t.equal(elementIn(gone, 'Code'), 'NoSuchKey')
    t.match(await asked.s3('GET', `/bucket/o?versionId=${marker}`), {
      status: 405,
      headers: { 'x-amz-delete-marker': 'true', allow: 'DELETE' },
    })
    const names = new Map([
      [one ?? '', 'one'],
      [two ?? '', 'two'],
      [marker ?? '', 'marker'],
    ])
    t.same(await asked.listed('', names), ['o marker x *', 'o two', 'o one'])
    t.equal(await asked.text('o', '1000000000.00000'), '404 NoSuchVersion')
    t.equal(await asked.text('o', 'what'), '400 InvalidArgument')
    t.equal(await asked.text('o', ''), '400 InvalidArgument')
  },
)

await t.test('what is deleted for good is succeeded by the next version', async (t) => {
  const asked = await bucket('Enabled')
  const [one, two] = [await asked.put('o', 'one'), await asked.put('o', 'two')]
  const marker = header(await asked.delete('o'), 'x-amz-version-id')
  const removed = await asked.delete('o', marker)
  t.match(removed, { status: 204, headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker } })
  t.equal(await asked.text('o'), 'two', 'without the marker the version before it is there again')
  t.equal((await asked.delete('o', two)).status, 204)
  t.equal(await asked.text('o'), 'one')
  t.equal((await asked.delete('o', one)).status, 204)
  t.equal(await asked.text('o'), '404 NoSuchKey')
  t.same(await asked.listed(), [])
  t.equal((await asked.s3('DELETE', '/bucket')).status, 204)
})

await t.test('an older marker or version goes, and the current one stays', async (t) => {
  const asked = await bucket('Enabled')
  await asked.put('o', 'one')
  const marker = header(await asked.delete('o'), 'x-amz-version-id')
  const two = await asked.put('o', 'two')
  await asked.delete('o')
  await asked.delete('o', marker)
  t.equal(await asked.text('o'), '404 NoSuchKey', 'a newer marker says that it is deleted')
  await asked.delete('o', two)
  t.equal(await asked.text('o'), '404 NoSuchKey')
})

await t.test('what was put before versions were kept is the null version, wherever it is', async (t) => {
  const asked = await bucket()
  t.equal(await asked.put('o', 'plain'), undefined)
  t.equal(await asked.text('o', 'null'), 'plain')
  await asked.turn('Enabled')
  t.equal(header(await asked.s3('HEAD', '/bucket/o'), 'x-amz-version-id'), 'null')
  const one = await asked.put('o', 'one')
  const names = new Map([[one ?? '', 'one']])
  t.same(await asked.listed('', names), ['o one *', 'o null'])
  t.equal(await asked.text('o', 'null'), 'plain')
  t.same(await asked.listed('&max-keys=1', names), ['o one *'])
  const first = await asked.s3('GET', '/bucket?versions&max-keys=1')
  const rest = `&key-marker=o&version-id-marker=${elementIn(first, 'NextVersionIdMarker')}`
  t.same(await asked.listed(rest), ['o null'])
  await asked.delete('o', one)
  t.equal(await asked.text('o'), 'plain', 'it is the current one again')
  await asked.delete('o', 'null')
  t.same(await asked.listed(), [])
})

await t.test('tags and lists of the null version are its own, wherever it is', async (t) => {
  const asked = await bucket(undefined)
  await asked.put('o', 'null')
  await asked.turn('Enabled')
  const id = await asked.put('o', 'one')
  const tagging = (value: string): string =>
    `<Tagging><TagSet><Tag><Key>k</Key><Value>${value}</Value></Tag></TagSet></Tagging>`
  const tag = (version: string, value: string): Promise<Received> =>
    asked.s3('PUT', `/bucket/o?tagging&versionId=${version}`, { body: tagging(value) })
  t.match(await tag('null', 'old'), { status: 200, headers: { 'x-amz-version-id': 'null' } })
  t.equal((await tag(id ?? '', 'new')).status, 200)
  const tags = async (version: string): Promise<unknown> =>
    elementIn(await asked.s3('GET', `/bucket/o?tagging&versionId=${version}`), 'Value')
  t.same([await tags('null'), await tags(id ?? '')], ['old', 'new'])
  const opened = await asked.s3('PUT', '/bucket/o?acl&versionId=null', {
    headers: { 'x-amz-acl': 'public-read' },
  })
  t.equal(opened.status, 200)
  const grants = async (query: string): Promise<number> =>
    elementsIn(await asked.s3('GET', `/bucket/o?acl${query}`), 'Permission').length
  t.same([await grants('&versionId=null'), await grants('')], [2, 1])
  t.equal((await asked.s3As(undefined, 'GET', '/bucket/o?versionId=null')).status, 200)
  t.equal((await asked.s3As(undefined, 'GET', '/bucket/o')).status, 403)
})

await t.test('what is said of versions that cannot be, whatever of them is asked for', async (t) => {
  const { s3 } = s3Door()
  await s3('PUT', '/bucket', { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
  await s3('PUT', '/bucket/o', { body: 'one' })
  const { headers } = await s3('DELETE', '/bucket/o')
  const marker = String(headers['x-amz-version-id'])
  for (const what of ['tagging', 'acl', 'retention', 'legal-hold']) {
    const ask = (versionId: string) => s3('GET', `/bucket/o?${what}&versionId=${versionId}`)
    t.equal(elementIn(await ask('bogus'), 'Message'), 'Invalid version id specified', what)
    t.equal(elementIn(await ask(''), 'Message'), 'Version id cannot be the empty string', what)
    t.equal(elementIn(await ask('1700000000.00000'), 'Code'), 'NoSuchVersion', what)
    const told = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker, allow: 'DELETE' }
    t.match(await ask(marker), { status: 405, headers: told }, what)
  }
})

await t.test('suspended: what is put takes the place of the null version, and of no other', async (t) => {
  const asked = await bucket()
  await asked.put('o', 'plain')
  await asked.turn('Enabled')
  const one = await asked.put('o', 'one')
  const names = new Map([[one ?? '', 'one']])
  await asked.turn('Suspended')
  t.equal(await asked.put('o', 'second'), undefined)
  t.same(await asked.listed('', names), ['o null *', 'o one'])
  t.equal(await asked.text('o', 'null'), 'second')
  t.equal(await asked.put('o', 'third'), undefined)
  t.same(await asked.listed('', names), ['o null *', 'o one'])
  const deleted = await asked.delete('o')
  t.match(deleted.headers, { 'x-amz-version-id': 'null', 'x-amz-delete-marker': 'true' })
  t.same(await asked.listed('', names), ['o null x *', 'o one'])
  t.equal(await asked.text('o'), '404 NoSuchKey')
  t.equal(await asked.text('o', 'null'), '405 MethodNotAllowed')
  await asked.put('o', 'fourth')
  t.same(await asked.listed('', names), ['o null *', 'o one'], 'the marker was the null version')
  await asked.delete('o')
  t.equal((await asked.delete('o', 'null')).status, 204)
  t.equal(await asked.text('o'), 'one')
  t.same(await asked.listed('', names), ['o one *'])
})

await t.test('suspended from the first: a delete leaves a marker', async (t) => {
  const asked = await bucket('Suspended')
  await asked.put('o', 'one')
  t.same(await asked.listed(), ['o null *'])
  await asked.delete('o')
  t.same(await asked.listed(), ['o null x *'])
})

await t.test('listings of versions by prefix, delimiter and page', async (t) => {
  const asked = await bucket('Enabled')
  for (const key of ['a/1', 'a/2', 'b', 'b', 'c']) await asked.put(key, key)
  const keys = async (query: string): Promise<readonly string[]> =>
    (await asked.listed(query)).map((line) => line.split(' ')[0] ?? '')
  t.same(await keys(''), ['a/1', 'a/2', 'b', 'b', 'c'])
  t.same(await keys('&prefix=a/'), ['a/1', 'a/2'])
  const grouped = await asked.s3('GET', '/bucket?versions&delimiter=/')
  t.same(elementsIn(grouped, 'Prefix'), ['', 'a/'])
  t.same(await keys('&delimiter=/&key-marker=a/'), ['b', 'b', 'c'])
  const afterPrefix = await asked.s3('GET', '/bucket?versions&delimiter=/&key-marker=a/')
  t.same(elementsIn(afterPrefix, 'Prefix'), [''], 'names that were listed by their beginning are not again')
  t.same(await keys('&key-marker=b'), ['c'])
  const pages: string[] = []
  let query = '&max-keys=2'
  for (let truncated = 'true'; truncated === 'true'; ) {
    const page = await asked.s3('GET', `/bucket?versions${query}`)
    pages.push(...elementsIn(page, 'Key'))
    truncated = elementIn(page, 'IsTruncated') ?? ''
    query = `&max-keys=2&key-marker=${elementIn(page, 'NextKeyMarker')}&version-id-marker=${elementIn(page, 'NextVersionIdMarker')}`
  }
  t.same(pages, ['a/1', 'a/2', 'b', 'b', 'c'])
  const code = async (query: string): Promise<string | undefined> =>
    elementIn(await asked.s3('GET', `/bucket?versions${query}`), 'Code')
  t.equal(await code('&version-id-marker=null'), 'InvalidArgument')
  t.equal(await code('&key-marker=b&version-id-marker=what'), 'InvalidArgument')
})

await t.test('conditions of writes and deletes', async (t) => {
  for (const status of [undefined, 'Enabled', 'Suspended'] as const) {
    const { s3 } = await bucket(status)
    const write = async (headers: Readonly<Record<string, string>>): Promise<string> => {
      const put = await s3('PUT', '/bucket/o', { body: 'x', headers })
      return put.status === 200 ? 'made' : `${put.status} ${elementIn(put, 'Code')}`
    }
    const remove = async (headers: Readonly<Record<string, string>>, query = ''): Promise<string> => {
      const removed = await s3('DELETE', `/bucket/o${query}`, { headers })
      return removed.status === 204 ? 'gone' : `${removed.status} ${elementIn(removed, 'Code')}`
    }
    const at = status ?? 'never'
    t.equal(await write({ 'if-match': '"x"' }), '404 NoSuchKey', at)
    t.equal(await remove({ 'if-match': '*' }), '404 NoSuchKey', at)
    t.equal(await write({ 'if-none-match': '*' }), 'made', at)
    t.equal(await write({ 'if-none-match': '*' }), '412 PreconditionFailed', at)
    const etag = header(await s3('HEAD', '/bucket/o'), 'etag') ?? ''
    t.equal(await write({ 'if-match': '"other"' }), '412 PreconditionFailed', at)
    t.equal(await write({ 'if-match': etag }), 'made', at)
    t.equal(await remove({ 'if-match': '"other"' }), '412 PreconditionFailed', at)
    t.equal(await remove({ 'if-match': etag }), 'gone', at)
    t.equal(await write({ 'if-none-match': '*' }), 'made', `${at}: a deleted object is none`)
    t.equal(await remove({ 'x-amz-if-match-size': '2' }), '412 PreconditionFailed', at)
    const id = header(await s3('HEAD', '/bucket/o'), 'x-amz-version-id') ?? 'null'
    t.equal(await remove({ 'if-match': '"other"' }, `?versionId=${id}`), '412 PreconditionFailed', at)
    t.equal(await remove({ 'if-match': etag, 'x-amz-if-match-size': '1' }, `?versionId=${id}`), 'gone', at)
    t.equal(await remove({ 'if-match': etag }, `?versionId=${id}`), '404 NoSuchKey', at)
  }
})

await t.test('many deletes at once, of versions and of objects', async (t) => {
  const asked = await bucket('Enabled')
  const one = await asked.put('o', 'one')
  await asked.put('p', 'one')
  const body = `<Delete><Object><Key>o</Key><VersionId>${one}</VersionId></Object><Object><Key>p</Key></Object></Delete>`
  const headers = { 'content-md5': contentMd5(body) }
  const deleted = await asked.s3('POST', '/bucket?delete', { body, headers })
  t.same(elementsIn(deleted, 'Key'), ['o', 'p'])
  t.same(elementsIn(deleted, 'VersionId'), [one])
  t.same(elementsIn(deleted, 'DeleteMarker'), ['true'])
  t.equal(await asked.text('o'), '404 NoSuchKey')
  t.equal((await asked.listed()).length, 2)
})

await t.test('a version is copied by its id', async (t) => {
  const asked = await bucket('Enabled')
  const one = await asked.put('o', 'one')
  await asked.put('o', 'two')
  const headers = { 'x-amz-copy-source': `/bucket/o?versionId=${one}` }
  const copied = await asked.s3('PUT', '/bucket/copy', { headers })
  t.match(copied, { status: 200, headers: { 'x-amz-copy-source-version-id': one } })
  for (const wrong of ['', 'nothing', '../x', `${one}%00`]) {
    const source = { 'x-amz-copy-source': `/bucket/o?versionId=${wrong}` }
    const refused = await asked.s3('PUT', '/bucket/wrong', { headers: source, body: '' })
    t.match(refused, { status: 400, body: /InvalidArgument/ }, wrong)
  }
  t.ok(header(copied, 'x-amz-version-id'))
  t.equal(await asked.text('copy'), 'one')
  const marker = header(await asked.delete('o'), 'x-amz-version-id')
  const ofMarker = { 'x-amz-copy-source': `/bucket/o?versionId=${marker}` }
  t.match(await asked.s3('PUT', '/bucket/copy', { headers: ofMarker }), {
    status: 400,
    body: /InvalidRequest/,
  })
  const list = await asked.s3('GET', `/bucket/o?acl&versionId=${marker}`)
  t.match(list, { status: 405, headers: { 'x-amz-delete-marker': 'true' } })
})
