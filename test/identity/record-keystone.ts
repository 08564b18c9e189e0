/**
 * Writes down what a real Keystone (Debian's) answers to the requests of `recorded-requests.ts`:
 *
 *     node test/identity/record-keystone.ts
 */
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { PASSWORD, startKeystone } from '#test/keystone/real-keystone.ts'
import { takePlace } from '#test/place.ts'
import { answersOfKeystone } from './ask-identity.ts'
import { PLAYS } from './recorded-requests.ts'

t.setTimeout(300_000)

void t.test('recorded', async (t) => {
  const place = takePlace()
  t.teardown(() => place.release())
  const { url, api } = await startKeystone(t, place.keystonePort)
  const token = await api.tokenOf({ user: 'admin', project: 'admin', password: PASSWORD })
  for (const { requests, answersFile } of Object.values(PLAYS)) {
    const answers = await answersOfKeystone(requests, url, token)
    const lines = answers.map((answer) => JSON.stringify(answer))
    writeFileSync(answersFile, `[\n${lines.join(',\n')}\n]\n`)
    t.pass(`${answers.length} answers`)
  }
})
