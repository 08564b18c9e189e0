/** What our proxy tells its clients where Swift's storage servers cannot do what ours can. */
import type { Test } from 'tap'
import { Session, send, TESTER } from '#test/session.ts'

export async function announcements(t: Test, url: string): Promise<void> {
  const session = await Session.signIn(url, TESTER)
  await session.request('PUT', '/box')
  for (const path of ['', '/box', '/box?format=json']) {
    const listing = await session.request('GET', path)
    t.equal(
      listing.headers['x-listing-consistency'],
      'eventual',
      `no digests prove the listing of ${path || '/'}`,
    )
  }
  const put = await session.request('PUT', '/box/thing', { body: Buffer.from('thing') })
  t.equal(put.headers['x-listing-pending'], undefined, 'nothing is said of rows that nobody speaks of')
  const conditional = await session.request('PUT', '/box/thing', {
    body: Buffer.from('other'),
    headers: { 'if-none-match': '*' },
  })
  t.equal(conditional.status, 412, 'a condition is judged by every copy on its own, as in Swift')
  t.equal(conditional.headers['x-conditional-write'], 'best-effort')
  const etag = String(put.headers['etag'])
  for (const [wanted, status] of [
    ['"other"', 412],
    [etag, 201],
  ] as const) {
    const matching = await session.request('PUT', '/box/thing', {
      body: Buffer.from('thing'),
      headers: { 'if-match': wanted },
    })
    t.equal(matching.status, status, `If-Match: ${wanted}`)
    t.equal(matching.headers['x-conditional-write'], 'best-effort')
  }
  const info = JSON.parse((await send('GET', url, '/info')).body.toString()) as { readonly martlet?: unknown }
  t.same(info.martlet, { listings: 'eventual', conditional_writes: 'best-effort' })
  await session.request('DELETE', '/box/thing')
  t.equal((await session.request('DELETE', '/box')).status, 204)
}
