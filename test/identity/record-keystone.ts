/**
 * Writes down what a real Keystone (Debian's) answers to the requests of `identity-requests.ts`:
 *
 *     node test/identity/record-keystone.ts
 */
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { PASSWORD, startKeystone } from '#test/keystone/real-keystone.ts'
import { takePlace } from '#test/place.ts'
import { answersOfKeystone } from './ask-identity.ts'

t.setTimeout(300_000)

void t.test('recorded', async (t) => {
  const place = takePlace()
  t.teardown(() => place.release())
  const { url, api } = await startKeystone(t, place.keystonePort)
  const token = await api.tokenOf({ user: 'admin', project: 'admin', password: PASSWORD })
  const answers = await answersOfKeystone(url, token)
  const lines = answers.map((answer) => JSON.stringify(answer))
  writeFileSync(new URL('keystone-22.0-answers.json', import.meta.url), `[\n${lines.join(',\n')}\n]\n`)
  t.pass(`${answers.length} answers`)
})
