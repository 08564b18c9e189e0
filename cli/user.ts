/** `martlet user hash`: keys that a configuration file need not show. */
import { text } from 'node:stream/consumers'
import { hashKey } from '#auth/user-key.ts'
import { realEnvironment } from '#node/environment.ts'
import { complain, say } from './report.ts'

/** Reads a key from standard input, its line break left out, and prints the hash. */
export async function hashUserKey(): Promise<void> {
  const key = (await text(process.stdin)).replace(/\r?\n$/, '')
  if (key === '') complain('no key was given on standard input')
  else say(await hashKey(key, realEnvironment().random))
}
