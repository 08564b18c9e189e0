/** What was written through one proxy is read through the other, over the same storage servers. */
import { createHash, randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { type Answer, Session, send, TESTER, until } from '#test/session.ts'
import { largeObjectsAcross } from './large-objects-across.ts'

const BODY = randomBytes(200_000)
const ETAG = createHash('md5').update(BODY).digest('hex')

export async function readAcross(t: Test, swiftUrl: string, ourUrl: string): Promise<void> {
  const swift = await Session.signIn(swiftUrl, TESTER)
  const ours = await Session.signIn(ourUrl, TESTER)
  await t.test("written through Swift's proxy, read through ours", (t) => across(t, swift, ours))
  await t.test("written through ours, read through Swift's", (t) => across(t, ours, swift))
  await t.test("large objects made through Swift's proxy", (t) => largeObjectsAcross(t, swift, ours))
  await t.test('large objects made through ours', (t) => largeObjectsAcross(t, ours, swift))
}

async function across(t: Test, writer: Session, reader: Session): Promise<void> {
  const own = { 'x-container-meta-colour': 'grey', 'x-container-read': '.r:*' }
  t.equal((await writer.request('PUT', '/both', { headers: own })).status, 201)
  t.equal((await reader.request('HEAD', '/both')).headers['x-container-meta-colour'], 'grey')
  const deleteAt = String(Math.floor(Date.now() / 1000) + 1000)
  const put = await writer.request('PUT', '/both/th%C3%AFng', {
    body: BODY,
    headers: {
      'x-object-meta-size': 'xl',
      'content-type': 'text/x-own; charset=utf-8',
      'x-delete-at': deleteAt,
    },
  })
  t.equal(put.status, 201)
  const get = await reader.request('GET', '/both/th%C3%AFng')
  t.ok(get.body.equals(BODY))
  t.same(shown(get), [ETAG, 'text/x-own; charset=utf-8', 'xl', deleteAt])
  t.equal(
    (await send('GET', reader.url, `${reader.account}/both/th%C3%AFng`)).status,
    200,
    'by the access list',
  )
  const changed = { 'x-object-meta-size': 's', 'content-type': 'text/x-changed' }
  t.equal((await reader.request('POST', '/both/th%C3%AFng', { headers: changed })).status, 202)
  t.same(shown(await writer.request('HEAD', '/both/th%C3%AFng')), [ETAG, 'text/x-changed', 's', undefined])
  await until(t, 'both list it', async () => {
    const pages = await Promise.all([writer, reader].map((one) => one.request('GET', '/both?format=json')))
    return pages.every(({ body }) => {
      const [row] = JSON.parse(body.toString()) as readonly Record<string, unknown>[]
      return row?.['name'] === 'thïng' && row['hash'] === ETAG && row['content_type'] === 'text/x-changed'
    })
  })
  t.equal((await reader.request('DELETE', '/both/th%C3%AFng')).status, 204)
  t.equal((await writer.request('GET', '/both/th%C3%AFng', { headers: { 'x-newest': 'true' } })).status, 404)
  await until(t, 'the container can go', async () => (await reader.request('DELETE', '/both')).status === 204)
  await until(t, 'and is gone', async () => (await writer.request('GET', '/both')).status === 404)
}

function shown({ headers }: Answer): readonly unknown[] {
  return ['etag', 'content-type', 'x-object-meta-size', 'x-delete-at'].map((name) => headers[name])
}
