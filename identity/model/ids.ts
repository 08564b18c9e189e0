/** Ids in the form of Keystone: 32 hex digits. */
import { hash } from 'node:crypto'
import type { Random } from '#base/environment.ts'

const ID_BYTES = 16

/** Keystone's, `default_domain_id`. */
export const DEFAULT_DOMAIN_ID = 'default'

/** A new one, that nobody can guess. */
export function newId(random: Random): string {
  return random.bytes(ID_BYTES).toString('hex')
}

/** Of what is known without a record: the same in every process of every cluster. */
export function derivedId(sort: 'user' | 'role' | 'service' | 'endpoint', name: string): string {
  return hash('md5', `martlet ${sort} ${name}`)
}
