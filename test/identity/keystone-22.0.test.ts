/**
 * Our identity service answers as a real Keystone 22.0 does: the same requests, compared with what it answered when they were
 * recorded (`record-keystone.ts`): statuses, bodies, sentences. What differs is listed here, with its reason.
 */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { ownAnswers } from './ask-identity.ts'
import type { ComparableAnswer } from './identity-play.ts'
import { PLAYS } from './recorded-requests.ts'

/** Of these only the status is the same. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  'admin: PATCH /projects/{aviary}': 'Keystone tells further members twice after a change',
  'admin: PATCH /users/{wren}': 'Keystone tells further members twice after a change',
  'admin: GET /projects/{aviary}/tags': 'Keystone has a link that leads nowhere',
  'wren: GET /OS-TRUST/trusts/{plain}/roles': 'Keystone has a link that leads nowhere',
  'admin: GET /role_assignments?user.id={wren}&effective': 'Keystone 22 leaves roles on the system out',
  'admin: GET /auth/tokens': 'our tokens are not Fernet tokens',
  'wren’s: POST /users/{wren}/application_credentials':
    'roles are told in short; what was not given is false',
  'wren’s: GET /users/{wren}/application_credentials': 'roles are told in short',
  'wren’s: GET /users/{wren}/application_credentials/{backup}': 'roles are told in short',
  'lark’s: GET /users/{lark}/access_rules': 'Keystone has a link that leads nowhere',
  'lark’s: GET /users/{lark}/access_rules/{rule}': 'Keystone has a link that leads nowhere',
  'admin: GET /limits?project_id={aviary}': 'an administrator sees all limits, as in later Keystones',
}

/** And this is another status. */
const OTHER_STATUS: Readonly<Record<string, readonly [ours: number, theirs: number]>> = {
  // A token of a domain that was shut: it is the token that is no good, not the address.
  'again: GET /auth/projects': [401, 404],
  // Keystone leaves access rules to other services and lets itself be asked anything.
  'bound’s: HEAD /users/{lark}': [401, 200],
  'bound’s: GET /users/{lark}/projects': [401, 200],
  'bound’s: GET /auth/projects': [401, 200],
  'bound’s: POST /users/{lark}/application_credentials': [401, 403],
}

for (const [name, { requests, answersFile }] of Object.entries(PLAYS)) {
  t.test(`the answers are those of Keystone: ${name}`, async (t) => {
    const theirs = JSON.parse(readFileSync(answersFile, 'utf8')) as readonly ComparableAnswer[]
    const ours = JSON.parse(JSON.stringify(await ownAnswers(requests))) as readonly ComparableAnswer[]
    compare(t, ours, theirs)
  })
}

function compare(t: Test, ours: readonly ComparableAnswer[], theirs: readonly ComparableAnswer[]): void {
  t.equal(ours.length, theirs.length)
  const told = new Set<string>()
  for (const [at, own] of ours.entries()) {
    const their = theirs[at]
    const { request } = own
    const statuses = OTHER_STATUS[request]
    if (statuses !== undefined) t.same([own.status, their?.status], statuses, request)
    else if (request in OTHER_WORDS && !told.has(request)) t.equal(own.status, their?.status, request)
    else t.same(own, their, request)
    told.add(request)
  }
}
