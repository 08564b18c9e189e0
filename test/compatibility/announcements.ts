/** What our proxy tells its clients where Swift's storage servers cannot do what ours can. */
import type { Test } from 'tap'
import { Session, TESTER } from '#test/session.ts'

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
  await session.request('DELETE', '/box/thing')
  t.equal((await session.request('DELETE', '/box')).status, 204)
}
