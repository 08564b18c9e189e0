/**
 * What a real OpenStack Glance 25.1 answers to the requests of `script.ts`, and what our registry answers: the same
 * statuses, headers that mean something, and bodies but for the sentences in refusals.
 */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { PEOPLE, testImages } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { type Answers, type AskAs, playScript } from './play-script.ts'

const PRINCIPALS = { admin: PEOPLE.admin, one: PEOPLE.tester, other: PEOPLE.tester2, nobody: undefined }

function ours(): Promise<Answers> {
  const { as } = testImages({ store: new MemoryStore({ clock: realClock }) })
  const ask: AskAs = async (person, { method, path, headers, body }) => {
    const heard = await as(PRINCIPALS[person])(method, path, { headers, body })
    return { status: heard.status, headers: heard.headers, body: heard.bytes }
  }
  return playScript(ask, { one: 'test', other: 'test2' })
}

void t.test('the registry answers as OpenStack Glance does', async (t) => {
  const recorded = JSON.parse(
    readFileSync(new URL('./glance-25.1-answers.json', import.meta.url), 'utf8'),
  ) as Answers
  const played = await ours()
  t.same(Object.keys(played), Object.keys(recorded), 'the same requests')
  for (const [name, answer] of Object.entries(recorded)) {
    t.same(played[name], answer, name)
  }
})
