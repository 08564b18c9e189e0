/**
 * Writes down what a real OpenStack Glance answers: `node test/images/record-glance.ts URL SCRIPT`, with the tokens of three
 * people and the ids of two projects in the environment (`TOKEN_ADMIN`, `TOKEN_ONE`, `TOKEN_OTHER`, `PROJECT_ONE`,
 * `PROJECT_OTHER`). The answers are test data; no test needs a real Glance.
 */
import { writeFileSync } from 'node:fs'
import { request } from 'undici'
import { type AskAs, playScript } from './play-script.ts'
import { isScript, SCRIPTS } from './recorded.ts'
import type { Person } from './script.ts'

const [url = '', script = 'main'] = process.argv.slice(2)
if (!isScript(script)) throw new Error(`there is no script ${script}`)
const { steps, answersFile } = SCRIPTS[script]
const {
  TOKEN_ADMIN: admin,
  TOKEN_ONE: one,
  TOKEN_OTHER: other,
  PROJECT_ONE = '',
  PROJECT_OTHER = '',
} = process.env
const tokens: Readonly<Record<Person, string | undefined>> = { admin, one, other, nobody: undefined }

const ask: AskAs = async (person, { method, path, headers, body }) => {
  const token = tokens[person]
  const response = await request(`${url}${path}`, {
    method: method as 'GET',
    headers: { ...headers, ...(token === undefined ? {} : { 'x-auth-token': token }) },
    body: body ?? null,
  })
  const flat = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
  return {
    status: response.statusCode,
    headers: Object.fromEntries(flat) as Record<string, string>,
    body: Buffer.from(await response.body.arrayBuffer()),
  }
}

const answers = await playScript(steps, ask, { one: PROJECT_ONE, other: PROJECT_OTHER })
writeFileSync(answersFile, `${JSON.stringify(answers, null, 1)}\n`)
process.stdout.write(`${Object.keys(answers).length} answers\n`)
