/** Goal: versions of objects through the Swift door. Method: requests to a proxy over the store in memory. */
import t, { type Test } from 'tap'
import { type Ask, askedProxy, rowsAt } from '../testing/box.ts'

async function keptContainer(): Promise<Ask> {
  const { ask } = await askedProxy()
  await ask('PUT', '/kept', { headers: { 'X-Versions-Enabled': 'true' } })
  return ask
}

async function put(
  ask: Ask,
  path: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const { status, headers: answered } = await ask('PUT', path, { body, headers })
  if (status !== 201) throw new Error(`${path} was answered ${status}`)
  return answered['x-object-version-id'] ?? ''
}

async function textAt(ask: Ask, path: string): Promise<string> {
  const { status, body } = await ask('GET', path)
  return status === 200 ? body : String(status)
}

/** Name, id, and whether it is the current one. */
async function versionsIn(ask: Ask, container: string): Promise<readonly string[]> {
  const rows = await rowsAt(ask, `/${container}?versions`)
  return rows.map(
    (row) => `${String(row['name'])} ${String(row['version_id'])}${row['is_latest'] === true ? ' *' : ''}`,
  )
}

t.test('every PUT makes a version, and each can be read', async (t: Test) => {
  const ask = await keptContainer()
  const first = await put(ask, '/kept/o', 'one')
  const second = await put(ask, '/kept/o', 'second')
  t.match(first, /^\d{10}\.\d{5}$/)
  t.ok(second > first, 'ids are times')
  const read = await ask('GET', '/kept/o')
  t.match(read, { status: 200, body: 'second', headers: { 'x-object-version-id': second } })
  t.equal(read.headers['content-location'], `/v1/AUTH_test/kept/o?version-id=${second}`)
  t.equal(await textAt(ask, `/kept/o?version-id=${first}`), 'one')
  t.equal(await textAt(ask, '/kept/o?version-id=1000000000.00000'), '404')
  t.same(await versionsIn(ask, 'kept'), [`o ${second} *`, `o ${first}`])
})

t.test('a DELETE leaves the versions and a marker', async (t: Test) => {
  const ask = await keptContainer()
  const first = await put(ask, '/kept/o', 'one')
  const deleted = await ask('DELETE', '/kept/o')
  const marker = deleted.headers['x-object-version-id'] ?? ''
  t.equal(deleted.status, 204)
  t.equal(await textAt(ask, '/kept/o'), '404')
  t.equal(await textAt(ask, `/kept/o?version-id=${marker}`), '404')
  t.equal(await textAt(ask, `/kept/o?version-id=${first}`), 'one')
  t.same(await versionsIn(ask, 'kept'), [`o ${marker} *`, `o ${first}`])
  t.same(await rowsAt(ask, '/kept?format=json'), [])
  await ask('DELETE', `/kept/o?version-id=${marker}`)
  t.same(await versionsIn(ask, 'kept'), [`o ${first}`])
})

t.test('an older version becomes the current one again', async (t: Test) => {
  const ask = await keptContainer()
  const first = await put(ask, '/kept/o', 'one')
  const second = await put(ask, '/kept/o', 'second')
  t.equal((await ask('PUT', `/kept/o?version-id=${first}`)).status, 201)
  t.equal(await textAt(ask, '/kept/o'), 'one')
  t.same(await versionsIn(ask, 'kept'), [`o ${second}`, `o ${first} *`])
  t.equal((await ask('PUT', `/kept/o?version-id=${first}`, { body: 'x' })).status, 400)
  t.equal((await ask('PUT', '/kept/o?version-id=1000000000.00000')).status, 404)
  const marker = (await ask('DELETE', '/kept/o')).headers['x-object-version-id']
  t.equal(
    (await ask('PUT', `/kept/o?version-id=${marker}`)).status,
    404,
    'a marker is nothing to come back to',
  )
})

t.test('a version is deleted for good, and the current one with its link', async (t: Test) => {
  const ask = await keptContainer()
  const first = await put(ask, '/kept/o', 'one')
  const second = await put(ask, '/kept/o', 'second')
  const old = await ask('DELETE', `/kept/o?version-id=${first}`)
  t.match(old.headers, { 'x-object-version-id': first, 'x-object-current-version-id': second })
  t.equal(await textAt(ask, '/kept/o'), 'second')
  const current = await ask('DELETE', `/kept/o?version-id=${second}`)
  t.match(current, { status: 204, headers: { 'x-object-current-version-id': 'null' } })
  t.equal(await textAt(ask, '/kept/o'), '404')
  t.same(await versionsIn(ask, 'kept'), [])
})

t.test('what was put without a version becomes one before it is overwritten', async (t: Test) => {
  const { ask } = await askedProxy()
  await ask('PUT', '/kept')
  await put(ask, '/kept/o', 'plain', { 'X-Object-Meta-Colour': 'grey' })
  await put(ask, '/kept/deleted', 'plain too')
  await put(ask, '/kept/brought-back', 'plain three')
  await ask('POST', '/kept', { headers: { 'X-Versions-Enabled': 'on' } })
  t.equal((await ask('HEAD', '/kept/o')).headers['x-object-version-id'], 'null')
  await put(ask, '/kept/o', 'new')
  await ask('DELETE', '/kept/deleted')
  const rows = await rowsAt(ask, '/kept?versions')
  const kept = rows.filter((row) => row['is_latest'] === false)
  t.same(
    kept.map((row) => row['name']),
    ['deleted', 'o'],
  )
  const [, old] = kept
  const read = await ask('GET', `/kept/o?version-id=${String(old?.['version_id'])}`)
  t.match(read, { body: 'plain', headers: { 'x-object-meta-colour': 'grey' } })
  t.equal(await textAt(ask, '/kept/o?version-id=null'), '404')
  t.equal(await textAt(ask, '/kept/brought-back?version-id=null'), 'plain three')
})

t.test('versions that are off make no new ones, and leave the old', async (t: Test) => {
  const ask = await keptContainer()
  const first = await put(ask, '/kept/o', 'one')
  await ask('POST', '/kept', { headers: { 'X-Versions-Enabled': 'false' } })
  t.equal((await ask('HEAD', '/kept')).headers['x-versions-enabled'], 'False')
  t.equal(await put(ask, '/kept/o', 'plain'), '')
  t.same(await versionsIn(ask, 'kept'), ['o null *', `o ${first}`])
  t.equal(await textAt(ask, `/kept/o?version-id=${first}`), 'one')
})

t.test('bytes of all versions count, and a container goes after the last of them', async (t: Test) => {
  const ask = await keptContainer()
  const ids = [await put(ask, '/kept/o', 'one'), await put(ask, '/kept/o', 'second')]
  const { headers } = await ask('HEAD', '/kept')
  t.match(headers, { 'x-container-bytes-used': '9', 'x-container-object-count': '1' })
  t.match(await rowsAt(ask, '?format=json'), [{ name: 'kept', bytes: 9, count: 1 }])
  t.equal((await ask('DELETE', '/kept')).status, 409)
  for (const id of ids) t.equal((await ask('DELETE', `/kept/o?version-id=${id}`)).status, 204)
  t.equal((await ask('DELETE', '/kept')).status, 204)
  t.same(await rowsAt(ask, '?format=json'), [], 'the hidden container is gone, too')
})

t.test('the listing shows what the version is, not the link to it', async (t: Test) => {
  const ask = await keptContainer()
  const id = await put(ask, '/kept/o', 'hello', { 'Content-Type': 'text/x-own' })
  const [row] = await rowsAt(ask, '/kept?format=json')
  t.match(row, {
    name: 'o',
    bytes: 5,
    hash: '5d41402abc4b2a76b9719d911017c592',
    content_type: 'text/x-own',
    version_symlink: true,
    symlink_path: `/v1/AUTH_test/kept/o?version-id=${id}`,
  })
})

t.test('pages of versions together are all versions', async (t: Test) => {
  const ask = await keptContainer()
  for (const name of ['a', 'b', 'b', 'b', 'c', 'c']) await put(ask, `/kept/${name}`, name)
  await ask('DELETE', '/kept/b')
  const all = await versionsIn(ask, 'kept')
  const paged: string[] = []
  for (let query = ''; ; ) {
    const rows = await rowsAt(ask, `/kept?versions&limit=2${query}`)
    for (const row of rows) {
      paged.push(
        `${String(row['name'])} ${String(row['version_id'])}${row['is_latest'] === true ? ' *' : ''}`,
      )
    }
    const last = rows.at(-1)
    if (last === undefined) break
    query = `&marker=${String(last['name'])}&version_marker=${String(last['version_id'])}`
  }
  t.equal(all.length, 7)
  t.same(paged, all)
  const backwards = await rowsAt(ask, '/kept?versions&reverse=on')
  t.equal(backwards.filter((row) => row['is_latest'] === true).length, 3)
})

t.test('conditions are about what clients see', async (t: Test) => {
  const ask = await keptContainer()
  await put(ask, '/kept/o', 'hello')
  const ifMatch = (etag: string): Promise<{ status: number }> =>
    ask('PUT', '/kept/o', { body: 'next', headers: { 'If-Match': etag } })
  t.equal((await ifMatch('f'.repeat(32))).status, 412)
  t.equal((await ask('PUT', '/kept/o', { body: 'x', headers: { 'If-None-Match': '*' } })).status, 412)
  t.equal((await rowsAt(ask, '/kept?versions')).length, 1, 'a refused upload leaves no version')
  t.equal((await ifMatch('5d41402abc4b2a76b9719d911017c592')).status, 201)
  t.equal((await ask('PUT', '/kept/new', { body: 'x', headers: { 'If-None-Match': '*' } })).status, 201)
})

t.test('a POST changes the current version, and an expiry is that of the link', async (t: Test) => {
  const ask = await keptContainer()
  const id = await put(ask, '/kept/o', 'one', { 'X-Delete-At': '4102444800' })
  const posted = await ask('POST', '/kept/o', { headers: { 'X-Object-Meta-Colour': 'red' } })
  t.equal(posted.status, 202)
  const { headers } = await ask('HEAD', `/kept/o?version-id=${id}`)
  t.match(headers, { 'x-object-meta-colour': 'red', 'x-delete-at': undefined })
  t.equal((await ask('POST', `/kept/o?version-id=${id}`)).status, 400)
})

t.test('a link can be a version', async (t: Test) => {
  const ask = await keptContainer()
  await ask('PUT', '/box')
  await put(ask, '/box/target', 'target')
  const id = await put(ask, '/kept/link', '', { 'X-Symlink-Target': 'box/target' })
  t.equal(await textAt(ask, '/kept/link'), 'target')
  const { headers } = await ask('HEAD', `/kept/link?version-id=${id}&symlink=get`)
  t.equal(headers['x-symlink-target'], 'box/target')
})
