/**
 * Root secrets as they are written down: in base64, 32 bytes or more, each with an id save at most one. The file is that of
 * OpenStack Swift's keymaster (`keymaster.conf`), so that both can be given the same. Nothing secret is in an error.
 */
import { parseIni } from '#base/ini.ts'
import { KEY_BYTES } from './cipher.ts'
import type { ActiveSecrets, RootSecrets } from './key-manager.ts'

const SECTION = 'keymaster'
const SECRET = 'encryption_root_secret'
const ACTIVE = 'active_root_secret_id'
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/

/** Reads the text of a `keymaster.conf`. Throws an `Error` that says what is wrong. */
export function parseKeymasterFile(text: string): ActiveSecrets {
  const parsed = parseIni(text)
  if (parsed.kind === 'malformed') throw new Error(`line ${parsed.line} is not written name = value`)
  const values = parsed.sections.get(SECTION)
  if (values === undefined) throw new Error(`there is no section [${SECTION}]`)
  const secrets = new Map<string, Buffer>()
  let active = ''
  for (const [name, value] of values) {
    const option = name.toLowerCase()
    if (option === ACTIVE) active = value
    const id = option.startsWith(SECRET) ? secretId(option.slice(SECRET.length)) : undefined
    if (id !== undefined) secrets.set(id, decodeSecret(value, id))
  }
  return { secrets, active }
}

/** Reads secrets written `ID BASE64`, or `BASE64` for the one without an id. Throws an `Error` that names the id. */
export function parseSecretList(written: readonly string[]): RootSecrets {
  const entries = secretEntries(written, 'BASE64')
  return new Map([...entries].map(([id, value]) => [id, decodeSecret(value, id)]))
}

/** Reads values written `ID VALUE`, or `VALUE` for the secret without an id. Throws an `Error` that names the id. */
export function secretEntries(
  written: readonly string[],
  form: 'BASE64' | 'UUID',
): ReadonlyMap<string, string> {
  const entries = new Map<string, string>()
  for (const line of written) {
    const words = line.trim().split(/\s+/)
    const [id, value] = words.length === 1 ? ['', words[0]] : words
    if (id === undefined || value === undefined || words.length > 2) {
      throw new Error(`a root secret is written ID ${form}, or ${form} alone`)
    }
    if (entries.has(id)) throw new Error(`${nameOf(id)} is given twice`)
    entries.set(id, value)
  }
  return entries
}

/** What follows the option's name: `_ID`, or nothing. */
function secretId(rest: string): string {
  if (rest !== '' && !/^_.+/.test(rest)) throw new Error(`${SECRET}${rest} is no option`)
  return rest.slice(1)
}

function decodeSecret(value: string, id: string): Buffer {
  const bytes = BASE64.test(value) ? Buffer.from(value, 'base64') : Buffer.alloc(0)
  if (bytes.length < KEY_BYTES)
    throw new Error(`${nameOf(id)} is not the base64 of ${KEY_BYTES} bytes or more`)
  return bytes
}

function nameOf(id: string): string {
  return id === '' ? 'the root secret without an id' : `the root secret ${JSON.stringify(id)}`
}
