/** Swift's expirer at work on the queue that object servers fill. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { Session, TESTER, until } from '#test/session.ts'

const LIFE_SECONDS = 1

/** `runOnce`: one pass of the expirer. */
export async function expire(t: Test, url: string, runOnce: () => Promise<unknown>): Promise<void> {
  const session = await Session.signIn(url, TESTER)
  await session.request('PUT', '/box')
  const deleteAt = String(Math.ceil(Date.now() / 1000) + LIFE_SECONDS)
  for (const name of ['brief', 'kept']) {
    await session.request('PUT', `/box/${name}`, {
      body: Buffer.from(name),
      headers: { 'x-delete-at': deleteAt },
    })
  }
  t.equal((await session.request('POST', '/box/kept')).status, 202, 'a POST without the time takes it away')
  await sleep((LIFE_SECONDS + 1) * 1000)
  await runOnce()
  const names = async (): Promise<string> => (await session.request('GET', '/box')).body.toString()
  await until(t, 'what has expired is listed no more', async () => (await names()) === 'kept\n')
  t.equal((await session.request('GET', '/box/kept')).status, 200)
  await session.request('DELETE', '/box/kept')
  await until(t, 'the container can go', async () => (await session.request('DELETE', '/box')).status === 204)
}
