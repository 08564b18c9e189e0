/**
 * Versions and links that one proxy wrote are the other's, too, over the same storage servers: Swift's and ours read, list,
 * change and delete them in turns.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'
import { type Answer, Session, TESTER, until } from '#test/session.ts'

type Row = Readonly<Record<string, unknown>>

export async function keepAcross(t: Test, swiftUrl: string, ourUrl: string): Promise<void> {
  const swift = await Session.signIn(swiftUrl, TESTER)
  const ours = await Session.signIn(ourUrl, TESTER)
  const ways = [
    { way: "by Swift's proxy, then ours", writer: swift, reader: ours, box: 'theirs' },
    { way: "by ours, then Swift's", writer: ours, reader: swift, box: 'ours' },
  ]
  for (const { way, writer, reader, box } of ways) {
    await t.test(`versions ${way}`, (t) => versionsAcross(t, writer, reader, `/kept-${box}`))
    await t.test(`links ${way}`, (t) => linksAcross(t, writer, reader, `/links-${box}`))
    await t.test(`an archive ${way}`, (t) => archiveAcross(t, writer, reader, `/archived-${box}`))
  }
}

function put(
  session: Session,
  path: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return session.request('PUT', path, { body: Buffer.from(text), headers })
}

async function textAt(session: Session, path: string): Promise<string> {
  const { status, body } = await session.request('GET', path, { headers: { 'x-newest': 'true' } })
  return status === 200 ? body.toString() : String(status)
}

async function rowsAt(session: Session, path: string): Promise<readonly Row[]> {
  const { status, body } = await session.request('GET', path)
  return status === 200 ? (JSON.parse(body.toString()) as readonly Row[]) : []
}

/** The rows, once both proxies list the same ones, and so many. */
async function agreedRows(
  t: Test,
  one: Session,
  other: Session,
  path: string,
  count: number,
): Promise<readonly Row[]> {
  let rows: readonly Row[] = []
  await until(t, `both list the same at ${path}`, async () => {
    const [left, right] = await Promise.all([rowsAt(one, path), rowsAt(other, path)])
    rows = left
    return left.length === count && isDeepStrictEqual(left, right)
  })
  return rows
}

async function versionsAcross(t: Test, writer: Session, reader: Session, box: string): Promise<void> {
  t.equal((await writer.request('PUT', box, { headers: { 'x-versions-enabled': 'true' } })).status, 201)
  for (const text of ['one', 'second']) t.equal((await put(writer, `${box}/th%C3%AFng`, text)).status, 201)
  t.equal(await textAt(reader, `${box}/th%C3%AFng`), 'second')
  t.equal((await put(reader, `${box}/th%C3%AFng`, 'third time')).status, 201)
  const all = `${box}?versions&format=json`
  const rows = await agreedRows(t, writer, reader, all, 3)
  t.same(
    rows.map((row) => [row['name'], row['bytes'], row['is_latest']]),
    [
      ['thïng', 10, true],
      ['thïng', 6, false],
      ['thïng', 3, false],
    ],
  )
  const oldest = String(rows.at(-1)?.['version_id'])
  t.equal(await textAt(reader, `${box}/th%C3%AFng?version-id=${oldest}`), 'one')
  const listed = await agreedRows(t, writer, reader, `${box}?format=json`, 1)
  t.match(listed, [{ bytes: 10, version_symlink: true }])
  for (const session of [writer, reader]) {
    const { headers } = await session.request('HEAD', box)
    t.match(headers, { 'x-versions-enabled': 'True', 'x-container-object-count': '1' })
  }
  t.equal((await reader.request('PUT', `${box}/th%C3%AFng?version-id=${oldest}`)).status, 201)
  t.equal(await textAt(writer, `${box}/th%C3%AFng`), 'one')
  t.equal((await writer.request('DELETE', `${box}/th%C3%AFng`)).status, 204)
  t.equal(await textAt(reader, `${box}/th%C3%AFng`), '404')
  const marked = await agreedRows(t, writer, reader, all, 4)
  t.equal(marked[0]?.['content_type'], 'application/x-deleted;swift_versions_deleted=1')
  for (const row of marked) {
    const id = String(row['version_id'])
    t.equal((await reader.request('DELETE', `${box}/th%C3%AFng?version-id=${id}`)).status, 204)
  }
  await agreedRows(t, writer, reader, all, 0)
  await until(t, 'the container can go', async () => (await writer.request('DELETE', box)).status === 204)
}

async function linksAcross(t: Test, writer: Session, reader: Session, box: string): Promise<void> {
  await writer.request('PUT', box)
  const { headers } = await put(writer, `${box}/target`, 'target')
  const link = { 'x-symlink-target': `${box.slice(1)}/target` }
  await put(writer, `${box}/dynamic`, '', link)
  await put(writer, `${box}/static`, '', { ...link, 'x-symlink-target-etag': String(headers['etag']) })
  for (const name of ['dynamic', 'static']) {
    t.equal(await textAt(reader, `${box}/${name}`), 'target')
    const [left, right] = await Promise.all(
      [writer, reader].map((session) => session.request('HEAD', `${box}/${name}?symlink=get`)),
    )
    const shown = ['target', 'target-etag', 'target-bytes'].map((one) => `x-symlink-${one}`)
    t.same(
      shown.map((one) => left?.headers[one]),
      shown.map((one) => right?.headers[one]),
    )
  }
  const rows = await agreedRows(t, writer, reader, `${box}?format=json`, 3)
  t.equal(rows.filter((row) => row['symlink_path'] === `${writer.account}${box}/target`).length, 2)
  t.equal((await put(reader, `${box}/target`, 'changed')).status, 201)
  t.equal(await textAt(reader, `${box}/static`), '409')
  t.equal(await textAt(writer, `${box}/static`), '409')
  for (const name of ['dynamic', 'static', 'target']) await reader.request('DELETE', `${box}/${name}`)
  await until(t, 'the container can go', async () => (await reader.request('DELETE', box)).status === 204)
}

async function archiveAcross(t: Test, writer: Session, reader: Session, box: string): Promise<void> {
  const archive = `${box}-copies`
  await writer.request('PUT', archive)
  await writer.request('PUT', box, { headers: { 'x-versions-location': archive.slice(1) } })
  t.equal((await reader.request('HEAD', box)).headers['x-versions-location'], archive.slice(1))
  await put(writer, `${box}/thing`, 'one')
  await put(reader, `${box}/thing`, 'second')
  await put(writer, `${box}/thing`, 'third time')
  await agreedRows(t, writer, reader, `${archive}?format=json`, 2)
  t.equal((await reader.request('DELETE', `${box}/thing`)).status, 204)
  t.equal(await textAt(writer, `${box}/thing`), 'second')
  await agreedRows(t, writer, reader, `${archive}?format=json`, 1)
  t.equal((await writer.request('DELETE', `${box}/thing`)).status, 204)
  t.equal(await textAt(reader, `${box}/thing`), 'one')
  await agreedRows(t, writer, reader, `${archive}?format=json`, 0)
  t.equal((await reader.request('DELETE', `${box}/thing`)).status, 204)
  for (const path of [box, archive]) {
    await until(t, `${path} can go`, async () => (await reader.request('DELETE', path)).status === 204)
  }
}
