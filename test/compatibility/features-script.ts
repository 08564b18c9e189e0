/**
 * Features that Swift's proxy makes out of plain requests to storage servers: they lean on system metadata, reserved
 * names, footers, overrides of listed rows and POST, which the servers must keep exactly as Swift's do.
 */
import { createHmac } from 'node:crypto'
import type { Test } from 'tap'
import { type Answer, Session, send, TESTER, until } from '#test/session.ts'

type Headers = Readonly<Record<string, string>>

/** Leaves nothing behind but old versions' containers. */
export async function useFeatures(t: Test, url: string): Promise<void> {
  const session = await Session.signIn(url, TESTER)
  await useVersionsAndLinks(t, url)
  await t.test('copies', (t) => copies(t, session))
  await t.test('quotas and temporary URLs', (t) => quotasAndUrls(t, session))
  await t.test('access lists', (t) => accessLists(t, session))
  await t.test('bulk deletes', (t) => bulk(t, session))
}

export async function useVersionsAndLinks(t: Test, url: string): Promise<void> {
  const session = await Session.signIn(url, TESTER)
  await t.test('versions', (t) => versions(t, session))
  await t.test('symbolic links', (t) => symlinks(t, session))
}

function put(session: Session, path: string, text: string, headers: Headers = {}): Promise<Answer> {
  return session.request('PUT', path, { body: Buffer.from(text), headers })
}

async function textAt(session: Session, path: string): Promise<string> {
  const { status, body } = await session.request('GET', path)
  return status === 200 ? body.toString() : String(status)
}

interface Row {
  readonly name?: string
  readonly bytes?: number
  readonly version_id?: string
  readonly is_latest?: boolean
  readonly symlink_path?: string
}

async function rowsAt(session: Session, path: string): Promise<readonly Row[]> {
  const { body } = await session.request('GET', path)
  return JSON.parse(body.toString()) as readonly Row[]
}

async function versions(t: Test, session: Session): Promise<void> {
  t.equal((await session.request('PUT', '/kept', { headers: { 'x-versions-enabled': 'true' } })).status, 201)
  t.equal((await session.request('HEAD', '/kept')).headers['x-versions-enabled'], 'True')
  for (const text of ['one', 'second', 'third time'])
    t.equal((await put(session, '/kept/thing', text)).status, 201)
  t.equal(await textAt(session, '/kept/thing'), 'third time')
  await until(t, 'all versions are listed', async () => {
    return (await rowsAt(session, '/kept?versions&format=json')).map(({ bytes }) => bytes).join() === '10,6,3'
  })
  const [latest, , oldest] = await rowsAt(session, '/kept?versions&format=json')
  t.same([latest?.is_latest, oldest?.is_latest], [true, false])
  t.equal(await textAt(session, `/kept/thing?version-id=${oldest?.version_id}`), 'one')
  t.equal((await session.request('DELETE', '/kept/thing')).status, 204)
  t.equal(await textAt(session, '/kept/thing'), '404')
  t.equal(await textAt(session, `/kept/thing?version-id=${latest?.version_id}`), 'third time')
  await until(
    t,
    'the container lists nothing',
    async () => (await rowsAt(session, '/kept?format=json')).length === 0,
  )
  for (const { version_id: id } of await rowsAt(session, '/kept?versions&format=json')) {
    t.equal((await session.request('DELETE', `/kept/thing?version-id=${id}`)).status, 204)
  }
  await until(
    t,
    'nothing is left',
    async () => (await rowsAt(session, '/kept?versions&format=json')).length === 0,
  )
  t.equal((await session.request('DELETE', '/kept')).status, 204)
}

async function symlinks(t: Test, session: Session): Promise<void> {
  await session.request('PUT', '/box')
  const target = await put(session, '/box/target', 'target')
  const link = { 'x-symlink-target': 'box/target', 'content-type': 'application/symlink' }
  t.equal((await put(session, '/box/link', '', link)).status, 201)
  const fixed = { ...link, 'x-symlink-target-etag': String(target.headers['etag']) }
  t.equal((await put(session, '/box/static', '', fixed)).status, 201)
  t.same([await textAt(session, '/box/link'), await textAt(session, '/box/static')], ['target', 'target'])
  t.equal((await session.request('HEAD', '/box/link?symlink=get')).headers['x-symlink-target'], 'box/target')
  await until(t, 'the listing tells links', async () => {
    return (await rowsAt(session, '/box?format=json')).some((row) =>
      row.symlink_path?.endsWith('/box/target'),
    )
  })
  for (const name of ['link', 'static', 'target']) await session.request('DELETE', `/box/${name}`)
  t.equal((await session.request('DELETE', '/box')).status, 204)
}

async function copies(t: Test, session: Session): Promise<void> {
  await session.request('PUT', '/box')
  await put(session, '/box/from', 'original', {
    'x-object-meta-colour': 'grey',
    'content-type': 'text/x-own',
  })
  const copied = await session.request('PUT', '/box/to', {
    headers: { 'x-copy-from': '/box/from', 'x-object-meta-size': 'xl', 'content-length': '0' },
  })
  t.equal(copied.status, 201)
  const { headers, body } = await session.request('GET', '/box/to')
  t.same(
    [
      body.toString(),
      headers['content-type'],
      headers['x-object-meta-colour'],
      headers['x-object-meta-size'],
    ],
    ['original', 'text/x-own', 'grey', 'xl'],
  )
  for (const name of ['from', 'to']) await session.request('DELETE', `/box/${name}`)
  t.equal((await session.request('DELETE', '/box')).status, 204)
}

async function quotasAndUrls(t: Test, session: Session): Promise<void> {
  const key = { 'x-container-meta-temp-url-key': 'secret', 'x-container-meta-quota-bytes': '20' }
  await session.request('PUT', '/box', { headers: key })
  t.equal((await put(session, '/box/thing', 'small')).status, 201)
  t.equal((await put(session, '/box/other', 'x'.repeat(30))).status, 413)
  const path = `${session.account}/box/thing`
  const expires = Math.floor(Date.now() / 1000) + 60
  const signature = createHmac('sha256', 'secret').update(`GET\n${expires}\n${path}`).digest('hex')
  const query = `temp_url_sig=${signature}&temp_url_expires=${expires}`
  t.equal((await send('GET', session.url, `${path}?${query}`)).body.toString(), 'small')
  t.equal((await send('GET', session.url, `${path}?${query}0`)).status, 401)
  await session.request('DELETE', '/box/thing')
  t.equal((await session.request('DELETE', '/box')).status, 204)
}

async function accessLists(t: Test, session: Session): Promise<void> {
  await session.request('PUT', '/box')
  await put(session, '/box/thing', 'thing')
  const path = `${session.account}/box/thing`
  t.equal((await send('GET', session.url, path)).status, 401)
  await session.request('POST', '/box', { headers: { 'x-container-read': '.r:*,.rlistings' } })
  t.equal((await send('GET', session.url, path)).status, 200)
  await session.request('POST', '/box', { headers: { 'x-remove-container-read': 'x' } })
  t.equal((await send('GET', session.url, path)).status, 401)
  await session.request('DELETE', '/box/thing')
  t.equal((await session.request('DELETE', '/box')).status, 204)
}

async function bulk(t: Test, session: Session): Promise<void> {
  await session.request('PUT', '/box')
  const names = Array.from({ length: 5 }, (_, at) => `box/n${at}`)
  for (const name of names) await put(session, `/${name}`, name)
  const deleted = await session.request('POST', '?bulk-delete', {
    body: Buffer.from([...names, 'box'].join('\n')),
    headers: { 'content-type': 'text/plain', accept: 'application/json' },
  })
  const { 'Number Deleted': count, Errors: errors } = JSON.parse(deleted.body.toString()) as Record<
    string,
    unknown
  >
  t.same([count, errors], [6, []])
}
