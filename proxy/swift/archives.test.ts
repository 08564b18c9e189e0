/** Goal: the older ways of keeping versions through the Swift door. Method: requests to a proxy over the store in memory. */
import t, { type Test } from 'tap'
import { type Ask, askedProxy, rowsAt } from '../testing/box.ts'

async function containerWith(header: string): Promise<Ask> {
  const { ask } = await askedProxy()
  await ask('PUT', '/archive')
  await ask('PUT', '/box', { headers: { [header]: 'archive' } })
  return ask
}

async function putAll(ask: Ask, path: string, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await ask('PUT', path, { body })
}

async function textAt(ask: Ask, path: string): Promise<string> {
  const { status, body } = await ask('GET', path)
  return status === 200 ? body : String(status)
}

/** The copies in the archive, oldest first. */
async function copies(ask: Ask): Promise<readonly string[]> {
  const rows = await rowsAt(ask, '/archive?format=json')
  return await Promise.all(rows.map((row) => textAt(ask, `/archive/${String(row['name'])}`)))
}

t.test('what is overwritten is copied, and a DELETE brings the last copy back', async (t: Test) => {
  const ask = await containerWith('X-Versions-Location')
  await putAll(ask, '/box/o', ['one', 'second', 'third'])
  t.same(await copies(ask), ['one', 'second'])
  const [row] = await rowsAt(ask, '/archive?format=json')
  t.match(String(row?.['name']), /^001o\/\d{10}\.\d{5}$/)
  t.equal((await ask('DELETE', '/box/o')).status, 204)
  t.equal(await textAt(ask, '/box/o'), 'second')
  t.same(await copies(ask), ['one'])
  t.equal((await ask('DELETE', '/box/o')).status, 204)
  t.equal(await textAt(ask, '/box/o'), 'one')
  t.equal((await ask('DELETE', '/box/o')).status, 204)
  t.equal(await textAt(ask, '/box/o'), '404')
  t.equal((await ask('DELETE', '/box/o')).status, 404)
})

t.test('with a history a DELETE copies, too, and leaves a mark', async (t: Test) => {
  const ask = await containerWith('X-History-Location')
  await putAll(ask, '/box/o', ['one', 'second'])
  t.equal((await ask('DELETE', '/box/o')).status, 204)
  t.equal(await textAt(ask, '/box/o'), '404')
  t.same(await copies(ask), ['one', 'second', ''])
  const rows = await rowsAt(ask, '/archive?format=json')
  t.equal(rows.at(-1)?.['content_type'], 'application/x-deleted;swift_versions_deleted=1')
})

t.test('a DELETE undoes a delete that the history marks', async (t: Test) => {
  const ask = await containerWith('X-History-Location')
  await putAll(ask, '/box/o', ['one', 'second'])
  await ask('DELETE', '/box/o')
  await ask('POST', '/box', { headers: { 'X-Versions-Location': 'archive' } })
  t.equal((await ask('DELETE', '/box/o')).status, 204)
  t.equal(await textAt(ask, '/box/o'), 'second')
  t.same(await copies(ask), ['one'])
})

t.test('the container tells where its versions go, until it is told otherwise', async (t: Test) => {
  const ask = await containerWith('X-Versions-Location')
  t.equal((await ask('HEAD', '/box')).headers['x-versions-location'], 'archive')
  await ask('POST', '/box', { headers: { 'X-History-Location': 'archive' } })
  const { headers } = await ask('HEAD', '/box')
  t.match(headers, { 'x-history-location': 'archive', 'x-versions-location': undefined })
  await ask('POST', '/box', { headers: { 'X-Remove-History-Location': 'x' } })
  t.equal((await ask('HEAD', '/box')).headers['x-history-location'], undefined)
  await putAll(ask, '/box/o', ['one', 'second'])
  t.same(await copies(ask), [])
  const both = { 'X-Versions-Location': 'archive', 'X-History-Location': 'archive' }
  t.equal((await ask('POST', '/box', { headers: both })).status, 400)
  t.equal((await ask('POST', '/box', { headers: { 'X-Versions-Location': 'a/b' } })).status, 412)
})

t.test('nothing is overwritten that cannot be copied', async (t: Test) => {
  const { ask } = await askedProxy()
  await ask('PUT', '/box', { headers: { 'X-Versions-Location': 'archive' } })
  await putAll(ask, '/box/o', ['one'])
  t.equal((await ask('PUT', '/box/o', { body: 'second' })).status, 412)
  t.equal(await textAt(ask, '/box/o'), 'one')
})

t.test('whoever means a version, of which there are none, changes nothing', async (t: Test) => {
  for (const header of ['X-Versions-Location', 'X-History-Location']) {
    const ask = await containerWith(header)
    await putAll(ask, '/box/o', ['one', 'second'])
    for (const method of ['DELETE', 'PUT']) {
      t.equal((await ask(method, '/box/o?version-id=1400000000.00000')).status, 400, `${method}, ${header}`)
    }
    t.equal(await textAt(ask, '/box/o'), 'second')
    t.same(await copies(ask), ['one'])
  }
})
