/**
 * What a real OpenStack Glance 25.1 answers to the requests of the scripts, and what our registry answers: the same
 * statuses, headers that mean something, and bodies but for the sentences in refusals.
 */
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { PEOPLE, testImages } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { expectedAnswers } from './known-differences.ts'
import { type Answers, type AskAs, playScript } from './play-script.ts'
import { SCRIPTS } from './recorded.ts'

const PRINCIPALS = { admin: PEOPLE.admin, one: PEOPLE.tester, other: PEOPLE.tester2, nobody: undefined }
const CACHE = { main: undefined, more: { maxBytes: 1_000_000, stallMs: 1_000_000 } }

function ours(script: keyof typeof SCRIPTS): Promise<Answers> {
  const { as } = testImages({
    store: new MemoryStore({ clock: realClock }),
    options: { cache: CACHE[script] },
  })
  const ask: AskAs = async (person, { method, path, headers, body }) => {
    const heard = await as(PRINCIPALS[person])(method, path, { headers, body })
    return { status: heard.status, headers: heard.headers, body: heard.bytes }
  }
  return playScript(SCRIPTS[script].steps, ask, { one: 'test', other: 'test2' })
}

for (const script of ['main', 'more'] as const) {
  void t.test(`the registry answers the script ${script} as OpenStack Glance does`, async (t) => {
    const played = await ours(script)
    const expected = expectedAnswers(script, played)
    t.same(Object.keys(played), Object.keys(expected), 'the same requests')
    for (const [name, answer] of Object.entries(expected)) {
      t.same(played[name], answer, name)
    }
  })
}
