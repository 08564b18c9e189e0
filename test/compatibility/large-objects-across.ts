/** Large objects that one proxy made are read, copied and deleted through the other: both store them in the same form. */
import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import { type Answer, type Session, until } from '#test/session.ts'

const PARTS = { one: 'a'.repeat(100_000), two: 'b'.repeat(70_000) }
const INNER = PARTS.one.slice(0, 50_000) + PARTS.two
const OUTER = `<->${INNER.slice(49_990, 60_000)}${PARTS.two}`

/** Leaves nothing behind. */
export async function largeObjectsAcross(t: Test, writer: Session, reader: Session): Promise<void> {
  await write(t, writer)
  await read(t, reader)
  await copy(t, reader, writer)
  await remove(t, reader, writer)
}

function put(
  session: Session,
  path: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return session.request('PUT', path, { body: Buffer.from(body), headers })
}

function putManifest(session: Session, path: string, segments: readonly object[]): Promise<Answer> {
  return put(session, `${path}?multipart-manifest=put`, JSON.stringify(segments), {
    'content-type': 'text/x-large',
    'x-object-meta-colour': 'grey',
  })
}

async function write(t: Test, writer: Session): Promise<void> {
  for (const container of ['/large', '/parts']) await writer.request('PUT', container)
  for (const [name, body] of Object.entries(PARTS))
    t.equal((await put(writer, `/parts/part-${name}`, body)).status, 201)
  const inner = await putManifest(writer, '/large/inner', [
    { path: '/parts/part-one', range: '0-49999', size_bytes: 100_000 },
    { path: '/parts/part-two' },
  ])
  t.equal(inner.status, 201)
  const outer = await putManifest(writer, '/large/outer', [
    { data: Buffer.from('<->').toString('base64') },
    { path: '/large/inner', range: '49990-59999' },
    { path: '/parts/part-two', etag: md5(PARTS.two) },
  ])
  t.equal(outer.status, 201)
  const marks = { 'x-object-manifest': 'parts/part-' }
  t.equal((await put(writer, '/large/dynamic', '', marks)).status, 201)
}

async function read(t: Test, reader: Session): Promise<void> {
  const whole = await reader.request('GET', '/large/outer')
  t.same([whole.status, whole.body.toString() === OUTER], [200, true])
  t.same(
    ['content-type', 'x-object-meta-colour', 'x-static-large-object', 'content-length'].map(
      (name) => whole.headers[name],
    ),
    ['text/x-large', 'grey', 'True', String(OUTER.length)],
  )
  const head = await reader.request('HEAD', '/large/outer')
  t.equal(head.headers['etag'], whole.headers['etag'])
  const part = await reader.request('GET', '/large/outer', { headers: { range: 'bytes=2-60010' } })
  t.same([part.status, part.body.toString() === OUTER.slice(2, 60_011)], [206, true])
  const same = { 'if-none-match': String(whole.headers['etag']) }
  t.equal((await reader.request('GET', '/large/outer', { headers: same })).status, 304)
  const joined = PARTS.one + PARTS.two
  await until(t, 'the dynamic one has all its segments', async () => {
    return (await reader.request('GET', '/large/dynamic')).body.toString() === joined
  })
  await until(t, 'the listing tells its size', async () => {
    const { body } = await reader.request('GET', '/large?format=json')
    const rows = JSON.parse(body.toString()) as readonly { readonly name: string; readonly bytes: number }[]
    return rows.find(({ name }) => name === 'outer')?.bytes === OUTER.length
  })
}

async function copy(t: Test, reader: Session, writer: Session): Promise<void> {
  const shared = { headers: { 'x-copy-from': '/large/inner', 'content-length': '0' } }
  t.equal((await reader.request('PUT', '/large/shared?multipart-manifest=get', shared)).status, 201)
  t.equal((await writer.request('GET', '/large/shared')).body.toString() === INNER, true)
  t.equal((await reader.request('PUT', '/large/joined', shared)).status, 201)
  const joined = await writer.request('GET', '/large/joined')
  t.same([joined.body.toString() === INNER, joined.headers['x-static-large-object']], [true, undefined])
}

async function remove(t: Test, reader: Session, writer: Session): Promise<void> {
  const accept = { headers: { accept: 'application/json' } }
  const deleted = await reader.request('DELETE', '/large/outer?multipart-manifest=delete', accept)
  const report = JSON.parse(deleted.body.toString()) as Record<string, unknown>
  t.same(report['Errors'], [])
  t.equal(
    Number(report['Number Deleted']) + Number(report['Number Not Found']),
    5,
    'one segment is listed twice',
  )
  for (const name of ['shared', 'joined', 'dynamic']) await writer.request('DELETE', `/large/${name}`)
  for (const container of ['/large', '/parts']) {
    await until(t, 'nothing is left', async () => (await writer.request('DELETE', container)).status === 204)
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
