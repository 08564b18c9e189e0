/**
 * Goal: a proxy that dies while it unpacks an archive or deletes a list leaves nothing half done, and the same request sent
 * again comes to its end. Method: it dies before every step of the store, that of the first object and the one that does
 * not come included; then another proxy looks, and is sent the same once more.
 *
 * - Every object that is there is whole, and is listed; nothing is listed that is not there.
 */
import t, { type Test } from 'tap'
import { tar } from '#proxy/bulk/testing.ts'
import { type Ask, askingAs, testProxy } from '#proxy/testing/test-proxy.ts'
import type { Store } from '#store/contract.ts'
import { DyingProcess } from './dying-store.ts'
import { MemoryCluster } from './memory-cluster.ts'

const FILES: readonly (readonly [name: string, body: string])[] = [
  ['one', 'first'],
  ['in/two', 'x'.repeat(1000)],
  ['three', ''],
  ['in/four', 'last'],
]
const ARCHIVE = tar(FILES.map(([name, body]) => ({ name: `c/${name}`, body })))
const LIST = [...FILES.map(([name]) => `c/${name}`), 'c'].join('\n')
const JSON_REPORT = { Accept: 'application/json' }

interface Scene {
  readonly ask: Ask
  /** As another proxy, which dies before a step. Is it the one that did not come? */
  readonly dying: (step: number, work: (ask: Ask) => Promise<unknown>) => Promise<'died' | 'survived'>
}

async function start(t: Test): Promise<Scene> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const asking = (store: Store): Promise<Ask> =>
    askingAs(testProxy({}, { store }).handler, 'test:tester', 'testing')
  return {
    ask: await asking(cluster.store),
    dying: async (step, work) => {
      const process = new DyingProcess(step)
      // A client whose proxy died hears nothing, whatever it was about to be told.
      await work(await asking(process.store(cluster.store))).catch(() => {})
      return process.isDead ? 'died' : 'survived'
    },
  }
}

function unpack(ask: Ask): ReturnType<Ask> {
  return ask('PUT', '?extract-archive=tar', { body: ARCHIVE, headers: JSON_REPORT })
}

function remove(ask: Ask): ReturnType<Ask> {
  const headers = { ...JSON_REPORT, 'Content-Type': 'text/plain' }
  return ask('POST', '?bulk-delete', { body: LIST, headers })
}

/** Names of the objects that are there. */
async function checked(t: Test, ask: Ask, when: string): Promise<readonly string[]> {
  const there: string[] = []
  for (const [name, body] of FILES) {
    const read = await ask('GET', `/c/${name}`)
    if (read.status === 404) continue
    t.equal(read.body, body, `${when}: ${name} is whole`)
    there.push(name)
  }
  const listed = await ask('GET', '/c')
  const names = listed.status === 200 ? listed.body.split('\n').filter((name) => name !== '') : []
  t.same(names, there.toSorted(compare), `${when}: listed is what is there`)
  return there
}

function compare(left: string, right: string): number {
  return left < right ? -1 : 1
}

t.test('a proxy dies over an archive', async (t) => {
  const { ask, dying } = await start(t)
  for (let step = 1, outcome = 'died'; outcome === 'died'; step += 1) {
    outcome = await dying(step, unpack)
    await checked(t, ask, `step ${step}`)
    t.match(JSON.parse((await unpack(ask)).body), { 'Number Files Created': FILES.length, Errors: [] })
    t.equal((await checked(t, ask, `step ${step}, again`)).length, FILES.length)
    t.match(JSON.parse((await remove(ask)).body), { 'Number Deleted': FILES.length + 1, Errors: [] })
  }
})

t.test('a proxy dies over a list of deletions', async (t) => {
  const { ask, dying } = await start(t)
  for (let step = 1, outcome = 'died'; outcome === 'died'; step += 1) {
    await unpack(ask)
    outcome = await dying(step, remove)
    await checked(t, ask, `step ${step}`)
    const again = JSON.parse((await remove(ask)).body) as Record<string, number>
    t.equal(Number(again['Number Deleted']) + Number(again['Number Not Found']), FILES.length + 1)
    t.equal((await ask('GET', '/c')).status, 404, `step ${step}, again: nothing is left`)
  }
})
