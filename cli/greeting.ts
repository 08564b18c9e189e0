/** What `martlet start` prints when it is ready: the address, the users, and something to try. */
import { parseUserEntry, type UserEntry } from '#auth/users.ts'
import { SECTIONS } from '#node/options.ts'

const HIDDEN = '(as configured)'

/** The keys of the users for trying things out are printed; keys that somebody chose are not. */
export function greeting(url: string, users: readonly string[]): string {
  const areForTrying = users === SECTIONS.auth.users.default
  const entries = users.map(parseUserEntry)
  const rows = entries.map((entry) => row(entry, areForTrying ? entry.key : HIDDEN))
  const [first] = entries
  const example = entries.find(({ tenant }) => tenant === 'test') ?? first
  const ready = `Martlet is ready at ${url}`
  if (example === undefined) return ready
  const lines = [ready, '', 'Users (account:user, key, roles):', ...rows]
  const key = areForTrying ? example.key : 'KEY'
  const curl = `curl -i ${url}/auth/v1.0 -H 'X-Auth-User: ${nameOf(example)}' -H 'X-Auth-Key: ${key}'`
  return [...lines, '', 'Try it:', `  ${curl}`].join('\n')
}

function row(entry: UserEntry, key: string): string {
  return `  ${nameOf(entry).padEnd(18)} ${key.padEnd(12)} ${entry.groups.join(' ')}`.trimEnd()
}

function nameOf({ tenant, name }: UserEntry): string {
  return `${tenant}:${name}`
}
